/*
 * options.c - which operations can be fired now, and how each of them may come out.
 */
#include "explore/sync.h"

static struct option *add(struct options *options, uint8_t task)
{
    if (options->count == OPTIONS_MAX)
        options->count--;
    struct option *option = &options->at[options->count++];
    *option = (struct option){.task = task, .arm = -1, .partner_arm = -1};
    return option;
}

static struct option *add_result(struct options *options, uint8_t task, enum act_result result,
                                 bool is_guess)
{
    struct option *option = add(options, task);
    option->result = (uint8_t)result;
    option->is_guess = is_guess;
    return option;
}

/* Somebody out of sight may end it. */
static bool may_end(struct machine *machine, struct value context)
{
    if (context.kind == V_INT)
        return false;
    if (!sync_is_context(machine, context))
        return true;
    return machine->world.objects[context.id].flags & OBJECT_ESCAPED;
}

/* ---- channels -------------------------------------------------------------------------------- */

/* READY_TICKS: something may come, but no end. */
enum readiness { NOT_READY, READY_OK, READY_CLOSED, READY_TICKS, READY_ANY };

static enum readiness receive_ready(struct machine *machine, struct value handle, int depth)
{
    if (handle.kind == V_INT)
        return handle.num == 0 ? NOT_READY : READY_ANY;
    if (handle.kind == V_PTR && handle.num == DONE_OFFSET) {
        struct value context = eval_pointer(handle.id, 0);
        if (sync_has_ended(&machine->world, context))
            return READY_CLOSED;
        return may_end(machine, context) ? READY_ANY : NOT_READY;
    }
    struct value *either = sync_cell(machine, handle, V_EITHER);
    if (either && depth < 4) {
        int32_t count = either->num;
        for (int32_t i = 0; i < count; i++) {
            struct value *source = world_find_cell(&machine->world, handle.id, 8 + i);
            if (!source)
                return READY_ANY;
            enum readiness ready = receive_ready(machine, *source, depth + 1);
            if (ready != NOT_READY)
                return ready == READY_OK ? READY_CLOSED : ready;
        }
        return NOT_READY;
    }
    struct value *channel = sync_cell(machine, handle, V_CHAN);
    if (!channel)
        return READY_ANY;
    if (channel->num > 0)
        return READY_OK;
    if (channel->flags & CHAN_CLOSED)
        return READY_CLOSED;
    if (channel->flags & CHAN_FED)
        return channel->flags & CHAN_TICKS ? READY_TICKS : READY_ANY;
    return sync_is_outside(machine, handle) ? READY_ANY : NOT_READY;
}

static enum readiness send_ready(struct machine *machine, struct value handle)
{
    if (handle.kind == V_INT)
        return handle.num == 0 ? NOT_READY : READY_ANY;
    struct value *channel = sync_cell(machine, handle, V_CHAN);
    if (!channel)
        return READY_ANY;
    if (channel->flags & CHAN_CLOSED)
        return READY_CLOSED;
    if (channel->num < channel->id)
        return READY_OK;
    return sync_is_outside(machine, handle) ? READY_ANY : NOT_READY;
}

/* The receivers that stand at a channel without room. */
static void add_partners(struct machine *machine, struct options *options, uint8_t task, int8_t arm,
                         struct value channel)
{
    if (channel.kind == V_INT && channel.num == 0)
        return; /* nobody meets on a channel that is NULL */
    for (uint8_t other = 0; other < TASKS_MAX; other++) {
        if (other == task)
            continue;
        const struct ir_op *op = sync_op(machine, other, NULL);
        const struct world_task *at = &machine->world.tasks[other];
        if (!op || !op->act)
            continue;
        if (op->act->kind == ACT_RECV && value_same(at->operands[0], channel)) {
            struct option *option = add_result(options, task, RESULT_OK, false);
            option->arm = arm;
            option->partner = other + 1;
        }
        if (op->act->kind != ACT_SELECT)
            continue;
        for (size_t i = 0; i < at->operand_count; i++)
            if (op->act->arms[i].kind == ARM_RECV && value_same(at->operands[i], channel)) {
                struct option *option = add_result(options, task, RESULT_OK, false);
                option->arm = arm;
                option->partner = other + 1;
                option->partner_arm = (int8_t)i;
            }
    }
}

static void add_ready(struct machine *machine, struct options *options, uint8_t task,
                      const struct ir_op *op, int8_t arm, enum readiness ready)
{
    if (ready == READY_OK || ready >= READY_TICKS)
        add_result(options, task, RESULT_OK, ready >= READY_TICKS)->arm = arm;
    if (ready == READY_CLOSED ||
        (ready == READY_ANY && arm < 0 && step_tells(machine, task, op, RESULT_CLOSED)))
        add_result(options, task, RESULT_CLOSED, ready == READY_ANY)->arm = arm;
}

static void add_select(struct machine *machine, struct options *options, uint8_t task,
                       const struct ir_op *op)
{
    const struct act *act = op->act;
    const struct world_task *at = &machine->world.tasks[task];
    size_t before = options->count;
    int8_t otherwise = -1;
    bool may_be_early = true; /* a partner has arrived, but may not be parked yet */
    if (!act->arms_known) {
        add_result(options, task, RESULT_OK, true);
        return;
    }
    for (size_t i = 0; i < act->arm_count && i < OPERANDS_MAX; i++) {
        const struct act_arm *arm = &act->arms[i];
        if (arm->kind == ARM_DEFAULT)
            otherwise = (int8_t)i;
        else if (arm->kind == ARM_UNKNOWN)
            add_result(options, task, RESULT_OK, false)->arm = (int8_t)i;
        else if (arm->kind == ARM_AFTER)
            continue;
        else if (arm->kind == ARM_RECV)
            add_ready(machine, options, task, op, (int8_t)i,
                      receive_ready(machine, at->operands[i], 0));
        else
            add_ready(machine, options, task, op, (int8_t)i, send_ready(machine, at->operands[i]));
    }
    for (size_t i = before; i < options->count; i++)
        may_be_early &= options->at[i].is_guess;
    if (otherwise >= 0 && may_be_early)
        add_result(options, task, RESULT_OK, false)->arm = otherwise;
    for (size_t i = 0; may_be_early && i < act->arm_count && i < OPERANDS_MAX; i++)
        if (act->arms[i].kind == ARM_AFTER)
            add_result(options, task, RESULT_OK, false)->arm = (int8_t)i;
    for (size_t i = 0; i < act->arm_count && i < OPERANDS_MAX; i++)
        if (act->arms[i].kind == ARM_SEND && send_ready(machine, at->operands[i]) == NOT_READY)
            add_partners(machine, options, task, (int8_t)i, at->operands[i]);
}

/* ---- locks ----------------------------------------------------------------------------------- */

static bool rw_is_free(const struct value *lock, uint8_t task, bool shared)
{
    uint32_t readers = (uint32_t)lock->num & 0xffff, writers = (uint32_t)lock->num >> 16;
    if (lock->id)
        return false;
    return shared ? (writers & ~(1u << task)) == 0 : readers == 0;
}

static void add_lock(struct machine *machine, struct options *options, uint8_t task,
                     const struct ir_op *op)
{
    const struct act *act = op->act;
    struct world_task *at = &machine->world.tasks[task];
    struct value handle = at->operands[0];
    bool is_rw = act->object_kind == OBJECT_RWLOCK;
    struct value *lock = sync_cell(machine, handle, is_rw ? V_RWLOCK : V_LOCK);
    bool is_free =
        !lock || (is_rw ? rw_is_free(lock, task, sync_is_shared(act))
                        : !lock->id || ((lock->flags & LOCK_RECURSIVE) && lock->id == task + 1));
    if (is_free) {
        add_result(options, task, RESULT_OK, handle.kind != V_PTR);
        return;
    }
    if (act->tries)
        add_result(options, task, RESULT_FAILED, false);
    else if (is_rw && !sync_is_shared(act) && at->phase == 0)
        add(options, task)->is_enlisting = true;
}

/* ---- other waits ----------------------------------------------------------------------------- */

static bool has_timeout(const struct act *act)
{
    const struct ir_expr *timeout = act->timeout_ms;
    return timeout && !(timeout->kind == IR_CONST && timeout->value < 0);
}

static void add_end(struct machine *machine, struct options *options, uint8_t task,
                    const struct act *act, const struct value *context)
{
    bool is_over = context && sync_has_ended(&machine->world, *context);
    bool is_guess = !is_over && context && may_end(machine, *context);
    bool is_ready = false;
    for (size_t i = 0; i < options->count; i++)
        is_ready |=
            options->at[i].task == task && !options->at[i].is_guess && !options->at[i].partner;
    if (is_over || is_guess || (has_timeout(act) && !is_ready))
        add_result(options, task, RESULT_ENDED, is_guess);
}

static void add_wait_for_condition(struct machine *machine, struct options *options, uint8_t task,
                                   const struct ir_op *op)
{
    struct world_task *at = &machine->world.tasks[task];
    const struct act *act = op->act;
    if (!act->lock) {
        struct value *count = sync_cell(machine, at->operands[0], V_COND);
        bool is_known = count && count->flags && !sync_is_outside(machine, at->operands[0]);
        if (!is_known || count->num > 0)
            add_result(options, task, RESULT_OK, !is_known);
        else if (act->tries)
            add_result(options, task, RESULT_FAILED, false);
        add_end(machine, options, task, act, act->context ? &at->operands[2] : NULL);
        return;
    }
    struct value *lock = sync_cell(machine, at->operands[1], V_LOCK);
    if (at->phase == 0) {
        add_result(options, task, RESULT_OK, false);
    } else if (at->phase == 1) {
        add_end(machine, options, task, act, act->context ? &at->operands[2] : NULL);
        if (sync_is_outside(machine, at->operands[0]))
            add_result(options, task, RESULT_OK, true);
    } else if (!lock || !lock->id) {
        add_result(options, task, RESULT_OK, false);
    }
}

static void add_signal(struct machine *machine, struct options *options, uint8_t task,
                       const struct ir_op *op)
{
    struct value *cond = sync_cell(machine, machine->world.tasks[task].operands[0], V_COND);
    uint32_t waiters = cond && !cond->flags ? (uint32_t)cond->num : 0;
    if (op->act->wakes_all || waiters == 0) {
        add_result(options, task, RESULT_OK, false);
        return;
    }
    for (uint8_t i = 0; i < TASKS_MAX; i++)
        if (waiters >> i & 1)
            add_result(options, task, RESULT_OK, false)->partner = i + 1;
}

bool sync_begins_later(const struct machine *machine, uint8_t task)
{
    const struct world_task *at = &machine->world.tasks[task];
    return at->state == TASK_STARTS && at->handle.kind == V_PTR &&
           machine->sites.at[at->site].op->act->begins_later;
}

static void add_join(struct machine *machine, struct options *options, uint8_t task,
                     const struct act *act)
{
    struct value handle = machine->world.tasks[task].operands[0];
    struct value *thread = sync_cell(machine, handle, V_TASK);
    if (!thread || !thread->id)
        add_result(options, task, RESULT_OK, !thread);
    bool is_unknown = !thread && handle.kind != V_INT && act_outcome_of(act, RESULT_FAILED);
    if (is_unknown && !act->tries)
        add_result(options, task, RESULT_FAILED, true);
    else if (thread && thread->id && sync_begins_later(machine, (uint8_t)(thread->id - 1)))
        add_result(options, task, RESULT_FAILED, false);
    else if (thread && thread->id && act->tries)
        add_result(options, task, RESULT_FAILED, false);
    add_end(machine, options, task, act, NULL);
}

/* Who comes to a barrier always can; then it stays until enough others have come. */
static void add_barrier(struct machine *machine, struct options *options, uint8_t task)
{
    struct world_task *at = &machine->world.tasks[task];
    struct value *barrier = sync_cell(machine, at->operands[0], V_BARRIER);
    bool is_known = barrier && barrier->flags && !sync_is_outside(machine, at->operands[0]);
    if (!is_known || at->phase != 1)
        add_result(options, task, RESULT_OK, !is_known);
}

static void add_wait(struct machine *machine, struct options *options, uint8_t task,
                     const struct act *act)
{
    struct world_task *at = &machine->world.tasks[task];
    struct value *group = sync_cell(machine, at->operands[0], V_GROUP);
    if (at->operands[0].kind != V_PTR || sync_is_outside(machine, at->operands[0]) ||
        (group && (group->flags & GROUP_UNKNOWN)))
        add_result(options, task, RESULT_OK, true);
    else if (!group || group->num == 0)
        add_result(options, task, RESULT_OK, false);
    add_end(machine, options, task, act, act->context ? &at->operands[1] : NULL);
}

static void add_channel(struct machine *machine, struct options *options, uint8_t task,
                        const struct ir_op *op)
{
    const struct act *act = op->act;
    struct world_task *at = &machine->world.tasks[task];
    bool is_send = act->kind == ACT_SEND;
    enum readiness ready =
        is_send ? send_ready(machine, at->operands[0]) : receive_ready(machine, at->operands[0], 0);
    add_ready(machine, options, task, op, -1, ready);
    if (is_send && ready == NOT_READY)
        add_partners(machine, options, task, -1, at->operands[0]);
    add_end(machine, options, task, act, act->context ? &at->operands[1] : NULL);
    if (act->tries && ready == NOT_READY)
        add_result(options, task, RESULT_FAILED, false);
}

static void add_once(struct machine *machine, struct options *options, uint8_t task)
{
    struct value *once = sync_cell(machine, machine->world.tasks[task].operands[0], V_ONCE);
    if (!once || !once->id)
        add_result(options, task, RESULT_OK, false);
}

static void add_check(struct machine *machine, struct options *options, uint8_t task)
{
    struct value context = machine->world.tasks[task].operands[0];
    bool is_over = sync_has_ended(&machine->world, context);
    bool is_guess = !is_over && may_end(machine, context);
    if (!is_over)
        add_result(options, task, RESULT_OK, is_guess);
    if (is_over || is_guess)
        add_result(options, task, RESULT_ENDED, is_guess);
}

static void add_of_task(struct machine *machine, struct options *options, uint8_t task)
{
    struct world_task *at = &machine->world.tasks[task];
    if (at->state == TASK_STARTS || at->state == TASK_TURNS) {
        add(options, task);
        return;
    }
    const struct ir_op *op = sync_op(machine, task, NULL);
    if (!op)
        return;
    if (!op->act) {
        add(options, task);
        return;
    }
    switch (op->act->kind) {
    case ACT_SEND:
    case ACT_RECV:
        add_channel(machine, options, task, op);
        break;
    case ACT_SELECT:
        add_select(machine, options, task, op);
        break;
    case ACT_WAIT:
        if (act_is_meeting(op->act))
            add_barrier(machine, options, task);
        else
            add_wait(machine, options, task, op->act);
        break;
    case ACT_LOCK:
        add_lock(machine, options, task, op);
        if (!op->act->tries)
            add_end(machine, options, task, op->act, NULL);
        break;
    case ACT_COND_WAIT:
        add_wait_for_condition(machine, options, task, op);
        break;
    case ACT_SIGNAL:
        add_signal(machine, options, task, op);
        break;
    case ACT_JOIN:
        add_join(machine, options, task, op->act);
        break;
    case ACT_CHECK_CONTEXT:
        add_check(machine, options, task);
        break;
    case ACT_INVOKE:
        add_once(machine, options, task);
        break;
    default:
        add_result(options, task, RESULT_OK, false);
        break;
    }
}

static bool is_above(struct world *world, uint16_t object, struct value context)
{
    for (int depth = 0; context.kind == V_PTR && depth < 32; depth++) {
        if (context.id == object)
            return true;
        struct value *cell = world_find_cell(world, context.id, 0);
        if (!cell || cell->kind != V_CONTEXT || !cell->id)
            return false;
        context = eval_pointer(cell->id - 1, 0);
    }
    return false;
}

static bool is_watched_by(struct world *world, uint16_t object, const struct world_task *task)
{
    for (size_t k = 0; task->state == TASK_AT && k < task->operand_count; k++)
        if (is_above(world, object, task->operands[k]))
            return true;
    return false;
}

/* Time matters to those who stand where they would see it run out. */
static bool is_watched(struct world *world, uint16_t object)
{
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (is_watched_by(world, object, &world->tasks[i]))
            return true;
    return false;
}

static bool runs_out(struct world *world, uint16_t object)
{
    struct value *cell = world_find_cell(world, object, 0);
    return cell && cell->kind == V_CONTEXT && (cell->flags & CONTEXT_TIMED) &&
           !(cell->flags & CONTEXT_ENDED) && !sync_has_ended(world, eval_pointer(object, 0));
}

static void add_times(struct machine *machine, struct options *options)
{
    struct world *world = &machine->world;
    for (uint16_t i = 0; i < world->object_count; i++) {
        if (!runs_out(world, i) || !is_watched(world, i))
            continue;
        struct option *option = add(options, 0);
        option->is_time = true;
        option->object = i;
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void add_of_tasks(struct machine *machine, struct options *options)
{
    options->count = 0;
    for (uint8_t i = 0; i < TASKS_MAX; i++)
        if (machine->world.tasks[i].state != TASK_NONE)
            add_of_task(machine, options, i);
}

void sync_find_options(struct machine *machine, struct options *options)
{
    add_of_tasks(machine, options);
    add_times(machine, options);
}

/* ---- what is ahead of a task ------------------------------------------------------------------
 */

unsigned sync_outlook_of(struct machine *machine, const struct option *option,
                         const struct ir_op *op)
{
    const struct act *act = op ? op->act : NULL;
    const struct world_task *at = &machine->world.tasks[option->task];
    bool is_wait = act && act->kind == ACT_COND_WAIT;
    bool is_over = act && act->context && at->operand_count > 1 && act->kind != ACT_SELECT &&
                   sync_has_ended(&machine->world, at->operands[is_wait ? 2 : 1]);
    enum arm_kind arm = option->arm >= 0 ? act->arms[option->arm].kind : ARM_UNKNOWN;
    if (option->partner)
        return OUTLOOK_MEETS;
    if (option->is_guess)
        return OUTLOOK_OUTSIDE;
    if (arm == ARM_AFTER || (option->result == RESULT_ENDED && !is_over))
        return OUTLOOK_TIME;
    if (arm == ARM_DEFAULT || option->result == RESULT_FAILED)
        return OUTLOOK_GIVES_UP;
    return OUTLOOK_GOES;
}

unsigned sync_outlook(struct machine *machine, uint8_t task)
{
    static _Thread_local struct options options;
    unsigned outlook = 0;
    add_of_tasks(machine, &options);
    for (size_t i = 0; i < options.count; i++) {
        const struct option *option = &options.at[i];
        if (option->partner == task + 1)
            outlook |= OUTLOOK_MEETS;
        else if (option->task == task && !option->is_enlisting)
            outlook |= sync_outlook_of(machine, option, sync_op(machine, task, NULL));
    }
    return outlook;
}

bool sync_can_time_out(struct machine *machine, uint8_t task)
{
    struct world *world = &machine->world;
    for (uint16_t i = 0; i < world->object_count; i++)
        if (runs_out(world, i) && is_watched_by(world, i, &world->tasks[task]))
            return true;
    return false;
}
