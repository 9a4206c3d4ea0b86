#include "explore/blame.h"

#include "explore/ahead.h"
#include "explore/due.h"
#include "flow/points.h"
#include "flow/tasks.h"
#include "flow/waits.h"

#include <string.h>

/* ---- where a task is ------------------------------------------------------------------------- */

const struct ir_func *blame_entry(const struct machine *machine, uint8_t task)
{
    const struct world *world = &machine->world;
    const struct ir_func *func = NULL;
    for (uint16_t at = world->tasks[task].top; at; at = world->frames[at - 1].parent)
        func = machine->slice->funcs.at[world->frames[at - 1].func]->func;
    return func;
}

struct value blame_handle(const struct machine *machine, uint8_t task)
{
    const struct world_task *at = &machine->world.tasks[task];
    const struct ir_op *op = sync_op(machine, task, NULL);
    if (op && op->act && op->act->kind == ACT_COND_WAIT && at->phase == 2)
        return at->operands[1];
    return at->operands[0];
}

const struct ir_expr *blame_object(const struct ir_op *op, size_t arm)
{
    if (!op->act)
        return NULL;
    if (op->act->kind == ACT_SELECT)
        return arm < op->act->arm_count ? op->act->arms[arm].channel : NULL;
    return op->act->object;
}

/* ---- what would wake it ---------------------------------------------------------------------- */

static uint64_t wakers_of(enum act_kind kind)
{
    switch (kind) {
    case ACT_SEND:
        return KIND(ACT_RECV);
    case ACT_RECV:
        return KIND(ACT_SEND) | KIND(ACT_CLOSE) | KIND(ACT_CANCEL);
    case ACT_WAIT:
        return KIND(ACT_DONE);
    case ACT_LOCK:
        return KIND(ACT_UNLOCK);
    case ACT_COND_WAIT:
        return KIND(ACT_SIGNAL);
    default:
        return 0;
    }
}

static const struct value *lock_at(struct machine *machine, struct value handle)
{
    if (handle.kind != V_PTR)
        return NULL;
    struct value *cell = world_find_cell(&machine->world, handle.id, handle.num);
    return cell && (cell->kind == V_LOCK || cell->kind == V_RWLOCK) ? cell : NULL;
}

/* Bit by task; bit 15: one that has ended. */
static uint32_t holders(struct machine *machine, struct value handle)
{
    const struct value *lock = lock_at(machine, handle);
    if (!lock)
        return 0;
    uint32_t held = lock->id == OWNER_GONE ? 1u << READER_GONE
                    : lock->id             ? 1u << (lock->id - 1)
                                           : 0;
    if (lock->kind == V_RWLOCK)
        held |= (uint32_t)lock->num & 0xffff;
    return held;
}

static bool wants_lock(const struct machine *machine, uint8_t task)
{
    const struct ir_op *op = sync_op(machine, task, NULL);
    return op && op->act &&
           (op->act->kind == ACT_LOCK ||
            (op->act->kind == ACT_COND_WAIT && machine->world.tasks[task].phase == 2));
}

/* A reader that a waiting writer keeps out waits for the readers before it as well. */
static uint32_t waits_for_lock(struct machine *machine, uint8_t task)
{
    struct value handle = blame_handle(machine, task);
    const struct value *lock = lock_at(machine, handle);
    uint32_t held = holders(machine, handle);
    if (lock && lock->kind == V_RWLOCK && !lock->id)
        held |= (uint32_t)lock->num >> 16 & ~(1u << task);
    return held;
}

static bool is_endless_context(struct machine *machine, struct value handle)
{
    if (handle.kind != V_PTR || handle.num != DONE_OFFSET)
        return false;
    struct value *cell = world_find_cell(&machine->world, handle.id, 0);
    return cell && cell->kind == V_CONTEXT && (cell->flags & CONTEXT_ENDLESS) && !cell->id;
}

static bool arm_fits(struct search *search, uint8_t other, const struct ir_func *func,
                     const struct ir_op *op)
{
    for (size_t i = 0; i < op->act->arm_count; i++) {
        enum arm_kind kind = op->act->arms[i].kind;
        if ((kind == ARM_RECV || kind == ARM_SEND) &&
            ahead_can_still(&search->machine, other,
                            wakers_of(kind == ARM_SEND ? ACT_SEND : ACT_RECV), func,
                            op->act->arms[i].channel, (struct value){0}))
            return true;
    }
    return false;
}

static bool is_counted_by(const struct machine *machine, uint8_t task, struct value group)
{
    return value_same(machine->world.tasks[task].counted_by, group);
}

/* Is the task there to lower the count, wherever it stands, and be it behind a loop without end? */
static bool owes_done(struct search *search, uint8_t task, const struct blame *blame)
{
    const struct ir_func *entry = blame_entry(&search->machine, task);
    return ahead_does(&search->machine, entry, KIND(ACT_DONE), blame->func, blame->op->act->object);
}

/* Was the task given the group when it was spawned?  Then it is there to lower the count, be its
 * wg_done behind a loop without end. */
static bool was_given(struct search *search, uint8_t task, const struct blame *blame)
{
    struct machine *machine = &search->machine;
    const struct site *site = &machine->sites.at[machine->world.tasks[task].site];
    const struct ir_op *wait = sync_op(machine, task, NULL);
    bool is_waiter = wait && wait->act && wait->act->kind == ACT_WAIT;
    if (!site->op || !site->op->act || is_waiter)
        return false;
    struct points wanted = flow_points_in(machine->flow, blame->func, blame->op->act->object);
    for (size_t i = 0; i < site->op->act->arg_count; i++) {
        struct points given = flow_points_in(machine->flow, site->func, site->op->act->args[i]);
        if (flow_points_meet(machine->flow, &given, &wanted))
            return true;
    }
    return false;
}

/* Who has come to the barrier already does not come again before it opens. */
static bool could_come(struct machine *machine, uint8_t other, const struct blame *blame)
{
    struct value handle = blame->handle;
    const struct value *barrier =
        handle.kind == V_PTR ? world_find_cell(&machine->world, handle.id, handle.num) : NULL;
    bool has_come = barrier && barrier->kind == V_BARRIER && (barrier->num >> other & 1);
    return !has_come && ahead_can_still(machine, other, KIND(ACT_WAIT), blame->func,
                                        blame->op->act->object, blame->handle);
}

static bool could_wake(struct search *search, uint8_t other, const struct blame *blame)
{
    struct machine *machine = &search->machine;
    if (act_is_meeting(blame->op->act))
        return could_come(machine, other, blame);
    if (wants_lock(machine, blame->task))
        return waits_for_lock(machine, blame->task) >> other & 1;
    if (is_endless_context(machine, blame->handle))
        return false;
    if (blame->op->act->kind == ACT_SELECT)
        return arm_fits(search, other, blame->func, blame->op);
    if (blame->op->act->kind == ACT_JOIN) {
        struct value handle = blame->handle;
        struct value *cell =
            handle.kind == V_PTR ? world_find_cell(&machine->world, handle.id, handle.num) : NULL;
        return cell && cell->kind == V_TASK && cell->id == other + 1;
    }
    if (blame->op->act->kind == ACT_WAIT &&
        (is_counted_by(machine, other, blame->handle) || owes_done(search, other, blame) ||
         was_given(search, other, blame)))
        return true;
    const struct act *act = blame->op->act;
    if (act->context && ahead_can_still(&search->machine, other, KIND(ACT_CANCEL), blame->func,
                                        act->context, (struct value){0}))
        return true;
    return ahead_can_still(&search->machine, other, wakers_of(act->kind), blame->func, act->object,
                           blame->handle);
}

/* ---- the cause ------------------------------------------------------------------------------- */

static bool is_null_wait(const struct machine *machine, const struct blame *blame)
{
    const struct world_task *at = &machine->world.tasks[blame->task];
    if (blame->op->act->kind != ACT_SELECT)
        return blame->handle.kind == V_INT && blame->handle.num == 0;
    for (size_t i = 0; i < at->operand_count; i++)
        if (at->operands[i].kind != V_INT || at->operands[i].num != 0)
            return false;
    return true;
}

static const struct site *site_of(const struct machine *machine, struct value handle)
{
    return handle.kind == V_PTR ? &machine->sites.at[machine->world.objects[handle.id].site] : NULL;
}

/* A channel that carries nothing: it is only there to be closed. */
static bool is_done_channel(const struct machine *machine, struct value handle)
{
    const struct site *site = site_of(machine, handle);
    return site && site->op && site->op->act && site->op->act->kind == ACT_MAKE &&
           ir_is_zero(site->op->act->element_size);
}

/* The context that would end the wait, if anybody ended it; V_NONE: there is none, or it never
 * ends. */
static struct value ended_by(struct machine *machine, const struct blame *blame)
{
    const struct world_task *at = &machine->world.tasks[blame->task];
    const struct act *act = blame->op->act;
    struct value context = blame->handle;
    size_t index = act->kind == ACT_COND_WAIT ? 2 : 1;
    if (act->context && index < at->operand_count && act->kind != ACT_SELECT)
        context = at->operands[index];
    else if (context.kind != V_PTR || context.num != DONE_OFFSET)
        return (struct value){0};
    if (context.kind != V_PTR)
        return (struct value){0};
    struct value *cell = world_find_cell(&machine->world, context.id, 0);
    bool is_made = cell && cell->kind == V_CONTEXT && !(cell->flags & CONTEXT_ENDLESS);
    return is_made ? eval_pointer(context.id, 0) : (struct value){0};
}

static enum cause receive_cause(struct machine *machine, const struct blame *blame)
{
    struct value handle = blame->handle;
    if (is_endless_context(machine, handle))
        return CAUSE_BACKGROUND_WAIT;
    if (ended_by(machine, blame).kind == V_PTR)
        return CAUSE_LOST_CANCEL;
    if (is_done_channel(machine, handle))
        return CAUSE_DONE_NEVER_CLOSED;
    struct frame *frame = flow_frame(machine->flow, blame->func, NULL, NULL);
    if (flow_receives_until(machine->flow, frame, blame->op) == FLOW_UNTIL_CLOSED)
        return CAUSE_MISSING_CLOSE;
    return CAUSE_UNBOUNDED_RECEIVE;
}

/* The most specific of its arms; the handle becomes that one's. */
static enum cause select_cause(struct machine *machine, struct blame *blame)
{
    const struct world_task *at = &machine->world.tasks[blame->task];
    enum cause cause = CAUSE_UNBOUNDED_RECEIVE;
    bool sends = false;
    for (size_t i = 0; i < at->operand_count; i++) {
        struct blame arm = *blame;
        arm.handle = at->operands[i];
        sends |= blame->op->act->arms[i].kind == ARM_SEND;
        if (blame->op->act->arms[i].kind != ARM_RECV || arm.handle.kind == V_INT)
            continue;
        enum cause of_arm = receive_cause(machine, &arm);
        if (of_arm < cause || cause == CAUSE_UNBOUNDED_RECEIVE) {
            cause = of_arm;
            blame->handle = arm.handle;
        }
    }
    return cause == CAUSE_UNBOUNDED_RECEIVE && sends ? CAUSE_UNBOUNDED_SEND : cause;
}

/* Which circle the task is part of: those it waits for, and they for it. */
static bool is_in_circle(const struct blames *blames, const struct blame *from)
{
    uint32_t reached = from->would, before = 0;
    while (reached != before) {
        before = reached;
        for (size_t i = 0; i < blames->count; i++)
            if (reached >> blames->at[i].task & 1)
                reached |= blames->at[i].would;
    }
    return reached >> from->task & 1;
}

static bool holds_wanted(struct machine *machine, const struct blames *blames,
                         const struct blame *blame)
{
    for (size_t i = 0; i < blames->count; i++) {
        uint8_t other = blames->at[i].task;
        if (other != blame->task && wants_lock(machine, other) &&
            (holders(machine, blame_handle(machine, other)) >> blame->task & 1))
            return true;
    }
    return false;
}

static enum cause circle_cause(struct machine *machine, const struct blames *blames,
                               const struct blame *blame)
{
    if (wants_lock(machine, blame->task)) {
        bool all_locks = true;
        for (size_t i = 0; i < blames->count; i++)
            if (blame->would >> blames->at[i].task & 1)
                all_locks &= wants_lock(machine, blames->at[i].task);
        return all_locks ? CAUSE_LOCK_CYCLE : CAUSE_COUNT;
    }
    if (holds_wanted(machine, blames, blame))
        return CAUSE_BLOCKED_WHILE_LOCKED;
    if (blame->op->act->kind == ACT_WAIT || blame->op->act->kind == ACT_JOIN)
        return CAUSE_WAIT_BEFORE_DRAIN;
    return CAUSE_COUNT;
}

/* Would the waiter itself lower the count, afterwards? */
static bool waits_for_itself(struct search *search, const struct blame *blame)
{
    return is_counted_by(&search->machine, blame->task, blame->handle) ||
           ahead_is_its_own(&search->machine, blame->task, KIND(ACT_DONE), blame->func,
                            blame->op->act->object);
}

static enum cause sink_cause(struct search *search, struct blame *blame)
{
    struct machine *machine = &search->machine;
    const struct act *act = blame->op->act;
    if (is_null_wait(machine, blame))
        return CAUSE_NIL_CHANNEL;
    if (wants_lock(machine, blame->task)) {
        uint32_t held = holders(machine, blame->handle);
        const struct value *lock = lock_at(machine, blame->handle);
        blame->is_handed = lock && lock->kind == V_LOCK && (lock->flags & LOCK_HANDED);
        blame->is_own = held >> blame->task & 1 && !blame->is_handed;
        return blame->is_own ? CAUSE_LOCK_CYCLE : CAUSE_MISSING_UNLOCK;
    }
    if (ended_by(machine, blame).kind == V_PTR)
        return CAUSE_LOST_CANCEL;
    switch (act->kind) {
    case ACT_SEND:
        return CAUSE_UNBOUNDED_SEND;
    case ACT_RECV:
        return receive_cause(machine, blame);
    case ACT_SELECT:
        return select_cause(machine, blame);
    case ACT_WAIT:
        if (act_is_meeting(act))
            return CAUSE_WG_COUNT;
        if (blame->untold != CAUSE_COUNT)
            return blame->tells_later ? CAUSE_WAIT_BEFORE_DRAIN : blame->untold;
        if (blame->is_for_endless)
            return CAUSE_ENDLESS_TASK;
        return waits_for_itself(search, blame) ? CAUSE_WAIT_BEFORE_DRAIN : CAUSE_MISSING_WG_DONE;
    case ACT_COND_WAIT:
        return CAUSE_CV_NEVER_SIGNALLED;
    default:
        return CAUSE_COUNT;
    }
}

/* Where a task starts with the function, it is known what it is handed. */
static const struct frame *frame_as_task(struct flow *flow, const struct ir_func *func)
{
    const struct flow_frame_list *tasks = flow_tasks(flow);
    for (size_t i = 0; i < tasks->at.count; i++)
        if (tasks->at.at[i]->func == func)
            return tasks->at.at[i];
    return flow_frame(flow, func, NULL, NULL);
}

/* Who could still do what the arm of a task that goes round for ever waits for, and says with it
 * that the task is to stop?  False: it is no such arm. */
static bool find_tellers(struct search *search, uint16_t stuck, struct blame *blame,
                         const struct ir_func *func, const struct act_arm *arm)
{
    const uint64_t ends = KIND(ACT_CLOSE) | KIND(ACT_CANCEL);
    struct machine *machine = &search->machine;
    const struct frame *frame = frame_as_task(machine->flow, func);
    if (arm->kind != ARM_RECV || !arm->channel ||
        !flow_is_done_channel(machine->flow, flow_resolve(machine->flow, frame, arm->channel)))
        return false;
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        if (machine->world.tasks[task].state == TASK_NONE ||
            !ahead_can_still(machine, task, ends, func, arm->channel, (struct value){0}))
            continue;
        if (task == blame->task)
            blame->tells_later = true;
        else if (stuck >> task & 1)
            blame->would |= 1u << task;
        else
            blame->is_silent = true;
    }
    blame->untold = arm->context ? CAUSE_LOST_CANCEL : CAUSE_DONE_NEVER_CLOSED;
    return true;
}

/* Goes the other, for whose end the task waits, round for ever until it is told to stop? */
static bool goes_round_untold(struct search *search, uint16_t stuck, struct blame *blame,
                              uint8_t other)
{
    const struct machine *machine = &search->machine;
    const struct world *world = &machine->world;
    bool is_told = false;
    if (blame->op->act->kind != ACT_WAIT || (blame->ends >> other & 1) ||
        (!is_counted_by(machine, other, blame->handle) && !owes_done(search, other, blame)))
        return false;
    for (uint16_t at = world->tasks[other].top; at; at = world->frames[at - 1].parent) {
        const struct ir_func *func = machine->slice->funcs.at[world->frames[at - 1].func]->func;
        for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
            for (size_t i = 0; op->act && op->act->kind == ACT_SELECT && i < op->act->arm_count;
                 i++)
                is_told |= find_tellers(search, stuck, blame, func, &op->act->arms[i]);
    }
    return is_told;
}

/* Waits the task for the end of the other, which nothing that can still happen leads to? */
static bool is_for_endless(const struct machine *machine, const struct blame *blame, uint8_t other)
{
    return blame->op->act->kind == ACT_WAIT && !(blame->ends >> other & 1) &&
           is_counted_by(machine, other, blame->handle);
}

static void find_wakers(struct search *search, uint16_t stuck, struct blame *blame)
{
    struct machine *machine = &search->machine;
    if (is_null_wait(machine, blame))
        return; /* nobody can, whatever they do to the variable */
    for (uint8_t other = 0; other < TASKS_MAX; other++) {
        if (other == blame->task || machine->world.tasks[other].state == TASK_NONE)
            continue;
        if (!could_wake(search, other, blame))
            continue;
        if (stuck >> other & 1)
            blame->would |= 1u << other;
        else if (goes_round_untold(search, stuck, blame, other))
            continue;
        else if (is_for_endless(machine, blame, other))
            blame->is_for_endless = true;
        else
            blame->is_silent = true;
    }
}

static bool is_blamed_on_other(const struct blames *blames, const struct blame *blame)
{
    for (size_t i = 0; i < blames->count; i++)
        if (blame->would >> blames->at[i].task & 1)
            return true;
    return false;
}

/* Of a circle that no rule is about: who would go on if only somebody told it, else the first. */
static struct blame *find_culprit(struct blames *blames)
{
    struct blame *culprit = NULL;
    for (size_t i = 0; i < blames->count; i++) {
        struct blame *blame = &blames->at[i];
        if (is_in_circle(blames, blame) && (!culprit || (blame->is_due && !culprit->is_due)))
            culprit = blame;
    }
    return culprit;
}

/* A task that only holds up others in the circle is a note of theirs. */
static void judge_circles(struct search *search, struct blames *blames)
{
    struct machine *machine = &search->machine;
    bool has_named = false;
    for (size_t i = 0; i < blames->count; i++) {
        struct blame *blame = &blames->at[i];
        if (blame->cause == CAUSE_COUNT && is_in_circle(blames, blame))
            blame->cause = circle_cause(machine, blames, blame);
        has_named |= blame->cause != CAUSE_COUNT;
    }
    struct blame *culprit = has_named ? NULL : find_culprit(blames);
    if (culprit)
        culprit->cause = sink_cause(search, culprit);
}

/* In the order of files and lines. */
static bool is_before(const struct blame *a, const struct blame *b)
{
    int files =
        strcmp(ir_pos_path(a->func->unit, &a->op->pos), ir_pos_path(b->func->unit, &b->op->pos));
    return files ? files < 0 : a->op->pos.line < b->op->pos.line;
}

/* Of the places of a circle, the one with the most specific rule. */
static void keep_best_of_circle(struct blames *blames)
{
    for (size_t i = 0; i < blames->count; i++)
        for (size_t k = 0; k < blames->count; k++) {
            struct blame *a = &blames->at[i], *b = &blames->at[k];
            if (a == b || a->cause == CAUSE_COUNT || b->cause == CAUSE_COUNT)
                continue;
            if (!is_in_circle(blames, a) || !is_in_circle(blames, b))
                continue;
            bool is_later = a->cause == b->cause && is_before(a, b);
            if (a->cause < b->cause || (is_later && a->cause == CAUSE_LOCK_CYCLE))
                b->cause = CAUSE_COUNT;
        }
}

void blame_state(struct search *search, uint16_t stuck, uint16_t ends, struct blames *blames)
{
    struct machine *machine = &search->machine;
    blames->count = 0;
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        struct blame blame = {
            .task = task, .cause = CAUSE_COUNT, .untold = CAUSE_COUNT, .ends = ends};
        if (!(stuck >> task & 1))
            continue;
        blame.op = sync_op(machine, task, &blame.func);
        if (!blame.op || !blame.op->act)
            continue;
        blame.handle = blame_handle(machine, task);
        blame.is_due = due_goes_on(machine, task);
        blames->at[blames->count++] = blame;
    }
    for (size_t i = 0; i < blames->count; i++)
        find_wakers(search, stuck, &blames->at[i]);
    for (size_t i = 0; i < blames->count; i++)
        if (!is_blamed_on_other(blames, &blames->at[i]))
            blames->at[i].cause = sink_cause(search, &blames->at[i]);
    judge_circles(search, blames);
    keep_best_of_circle(blames);
}

const struct site *blame_maker(struct machine *machine, const struct blame *blame)
{
    struct value handle = blame->handle;
    if (blame->cause == CAUSE_LOST_CANCEL) {
        struct value context = ended_by(machine, blame);
        handle = context.kind == V_PTR ? context : handle;
    }
    const struct site *site = site_of(machine, handle);
    return site && site->op ? site : NULL;
}
