#include "explore/stay.h"

#include "explore/ahead.h"

/* What somebody would have to do to what the wait is for: kinds, as bits; 0: not known. */
static uint64_t wakers_of(enum act_kind kind)
{
    switch (kind) {
    case ACT_SEND:
        return KIND(ACT_RECV) | KIND(ACT_CLOSE);
    case ACT_RECV:
        return KIND(ACT_SEND) | KIND(ACT_CLOSE) | KIND(ACT_CANCEL);
    case ACT_WAIT:
        return KIND(ACT_DONE) | KIND(ACT_ADD);
    case ACT_LOCK:
        return KIND(ACT_UNLOCK);
    case ACT_COND_WAIT:
        return KIND(ACT_SIGNAL);
    default:
        return 0;
    }
}

static const struct value *cell_behind(struct machine *machine, struct value handle)
{
    return handle.kind == V_PTR ? world_find_cell(&machine->world, handle.id, handle.num) : NULL;
}

/* Is it a context, or the done channel of one?  Those end with others above them. */
static bool is_of_context(struct machine *machine, struct value handle)
{
    const struct value *cell = cell_behind(machine, handle);
    return handle.kind == V_PTR && (handle.num == DONE_OFFSET || (cell && cell->kind == V_CONTEXT));
}

static bool waits_for_context(struct machine *machine, uint8_t task)
{
    const struct world_task *at = &machine->world.tasks[task];
    for (size_t i = 0; i < at->operand_count; i++)
        if (is_of_context(machine, at->operands[i]))
            return true;
    return false;
}

/* Is the place one where the task waits, and is it clear what for? */
static bool is_plain_wait(struct machine *machine, uint8_t task)
{
    const struct world_task *at = &machine->world.tasks[task];
    const struct ir_op *op = sync_op(machine, task, NULL);
    if (!op || !op->act || at->operand_count == 0)
        return false;
    for (size_t i = 0; i < at->operand_count; i++) {
        const struct value *cell = cell_behind(machine, at->operands[i]);
        if (cell && cell->kind == V_EITHER)
            return false;
    }
    if (op->act->kind == ACT_SELECT)
        return op->act->arm_count <= OPERANDS_MAX;
    return op->act->kind == ACT_JOIN || wakers_of(op->act->kind) != 0;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static bool wants_lock(const struct machine *machine, uint8_t task, const struct act *act)
{
    return act->kind == ACT_LOCK ||
           (act->kind == ACT_COND_WAIT && act->lock && machine->world.tasks[task].phase == 2);
}

/* Holds the other the lock, or stands in the queue before the task? */
static bool keeps_lock(const struct value *lock, uint8_t other)
{
    bool is_writer = lock->id == other + 1;
    bool is_reader = lock->kind == V_RWLOCK && (lock->num >> other & 1);
    bool is_queued = lock->kind == V_RWLOCK && (lock->num >> 16 >> other & 1);
    return is_writer || is_reader || is_queued;
}

/* ---- who may wake whom ----------------------------------------------------------------------- */

struct look {
    struct machine *machine;
    struct arena *scratch;
};

static bool may_wake_select(const struct look *look, uint8_t other, const struct ir_func *func,
                            const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++) {
        enum arm_kind kind = act->arms[i].kind;
        if ((kind == ARM_RECV || kind == ARM_SEND) &&
            ahead_may(look->machine, look->scratch, other,
                      wakers_of(kind == ARM_SEND ? ACT_SEND : ACT_RECV), func, act->arms[i].channel,
                      (struct value){0}))
            return true;
    }
    return false;
}

static bool may_release(const struct look *look, uint8_t task, uint8_t other,
                        const struct ir_func *func, const struct act *act)
{
    const struct world_task *at = &look->machine->world.tasks[task];
    bool is_cond = act->kind == ACT_COND_WAIT;
    const struct value *lock = cell_behind(look->machine, at->operands[is_cond ? 1 : 0]);
    return !lock || keeps_lock(lock, other) ||
           ahead_may(look->machine, look->scratch, other, KIND(ACT_UNLOCK), func,
                     is_cond ? act->lock : act->object, at->operands[is_cond ? 1 : 0]);
}

static bool may_wake(const struct look *look, uint8_t task, uint8_t other)
{
    const struct world_task *at = &look->machine->world.tasks[task];
    const struct ir_func *func = NULL;
    const struct ir_op *op = sync_op(look->machine, task, &func);
    const struct act *act = op->act;
    bool is_thread = at->handle.kind == V_PTR;
    if ((is_thread || waits_for_context(look->machine, task)) &&
        ahead_may(look->machine, look->scratch, other, KIND(ACT_CANCEL), func, NULL,
                  (struct value){0}))
        return true;
    if (wants_lock(look->machine, task, act))
        return may_release(look, task, other, func, act);
    switch (act->kind) {
    case ACT_SELECT:
        return may_wake_select(look, other, func, act);
    case ACT_JOIN: {
        const struct value *thread = cell_behind(look->machine, at->operands[0]);
        return !thread || thread->kind != V_TASK || thread->id == other + 1;
    }
    case ACT_WAIT:
        if (value_same(look->machine->world.tasks[other].counted_by, at->operands[0]))
            return true;
        break;
    default:
        break;
    }
    uint64_t wakers = act_is_meeting(act) ? KIND(ACT_WAIT) : wakers_of(act->kind);
    return ahead_may(look->machine, look->scratch, other, wakers, func, act->object,
                     at->operands[0]);
}

/* May a task that goes on end the process?  Then nobody stays. */
static bool may_end_process(const struct look *look, uint8_t task)
{
    return task == 0 || ahead_may(look->machine, look->scratch, task, KIND(ACT_EXIT), NULL, NULL,
                                  (struct value){0});
}

/* Takes out those of `stay` whom one of the others, `goes`, may wake. */
static uint16_t without_woken(const struct look *look, uint16_t stay, uint8_t goes)
{
    for (uint8_t task = 0; task < TASKS_MAX; task++)
        if ((stay >> task & 1) && may_wake(look, task, goes))
            stay &= (uint16_t) ~(1u << task);
    return stay;
}

static uint16_t without_all_woken(const struct look *look, uint16_t present, uint16_t stay)
{
    uint16_t told = 0; /* of the rest: those who have been asked */
    for (uint16_t rest; (rest = present & (uint16_t)~stay & (uint16_t)~told) && stay;) {
        uint8_t goes = 0;
        while (!(rest >> goes & 1))
            goes++;
        if (may_end_process(look, goes))
            return 0;
        stay = without_woken(look, stay, goes);
        told |= (uint16_t)(1u << goes);
    }
    return stay;
}

/* Those who wait without an end in sight, at first; then not those whom one of the rest may wake.
 */
uint16_t stay_tasks(struct machine *machine)
{
    struct arena scratch = {0};
    uint16_t present = 0, stay = 0;
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        if (machine->world.tasks[task].state == TASK_NONE)
            continue;
        present |= (uint16_t)(1u << task);
        if (is_plain_wait(machine, task) && sync_outlook(machine, task) == 0 &&
            !sync_can_time_out(machine, task))
            stay |= (uint16_t)(1u << task);
    }
    stay = without_all_woken(&(struct look){machine, &scratch}, present, stay);
    arena_release(&scratch);
    return stay;
}
