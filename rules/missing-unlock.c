/*
 * missing-unlock: a task ends, or its function returns, with a lock held that others wait for.
 *
 * Judged on executions: the lock has a holder that is gone, and a task waits for it that nobody can
 * let on.  And on the ways through one function, since executions do not come everywhere: it locks,
 * unlocks on some ways, and has a return to which all ways come with the lock held.  Then whatever
 * leads there keeps the lock, and no condition that was not understood can help.
 *
 * Leaving with the lock is fine where a caller or another task gives it back, where a condition
 * says that it was never taken, and where nobody wants it again.  One unlock in sight without a
 * lock before it in its own function, or in those that call it, may be the one that gives it back.
 *
 * Unseen: a lock that a helper takes, or that is kept at the end of a round of a loop, where no
 * execution shows it.
 */
#include "flow/duty.h"
#include "flow/points.h"
#include "rules/rule.h"
#include "rules/verdict.h"

/* One lock that a function takes by itself. */
struct taken {
    struct pass *pass;
    const struct frame *frame; /* of that function, whoever calls it */
    const struct ir_op *lock;
    struct flow_duty duty; /* to unlock it */
    struct points places;  /* where it may be; known once a way on which it is kept is */
};

/* ---- what an operation does to the lock ------------------------------------------------------ */

static bool can_unlock(void *context, const struct ir_func *func)
{
    const struct taken *taken = context;
    return flow_can(taken->pass->flow, func, ACT_UNLOCK);
}

/* From the lock to the unlock. */
static enum walk_effect effect(void *context, const struct frame *frame, const struct ir_op *op)
{
    struct taken *taken = context;
    if (op->kind == IR_OP_UNKNOWN)
        return WALK_GIVES_UP;
    if (op == taken->lock)
        return frame->parent ? WALK_GIVES_UP : WALK_BEGINS;
    enum walk_effect done = flow_duty_effect(&taken->duty, frame, op);
    return done == WALK_DOES ? WALK_ENDS : done;
}

/* ---- a return that the lock comes to, and no unlock ------------------------------------------ */

/* Does the operation unlock it, itself or by a helper that only does that? */
static bool may_unlock(void *context, const struct ir_op *op)
{
    const struct taken *taken = context;
    struct flow *flow = taken->pass->flow;
    if (op->act && op->act->kind != ACT_INVOKE)
        return op->act->kind == ACT_UNLOCK &&
               flow_duty_names(&taken->duty, taken->frame, op->act->object) != FLOW_DIFFERENT;
    struct flow_targets targets = flow_callees(flow, taken->frame->func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (flow_can(flow, targets.bodies.at[i], ACT_UNLOCK) &&
            !flow_can(flow, targets.bodies.at[i], ACT_LOCK))
            return true;
    return false;
}

/* How far control gets from the lock before an unlock, or from the unlocks before the lock. */
struct spread {
    struct taken *taken;
    bool is_free;   /* the latter */
    bool *entered;  /* by block */
    bool *returned; /* by block: control comes to its return */
    uint32_t *queue;
    size_t queued;
};

static bool is_start(const struct spread *spread, const struct ir_op *op)
{
    return spread->is_free ? may_unlock(spread->taken, op) : op == spread->taken->lock;
}

static bool is_stop(const struct spread *spread, const struct ir_op *op)
{
    return spread->is_free ? op == spread->taken->lock : may_unlock(spread->taken, op);
}

static void go_through(struct spread *spread, const struct ir_block *block, bool is_on)
{
    for (size_t i = 0; i < block->op_count; i++) {
        const struct ir_op *op = &block->ops[i];
        if (op->kind == IR_OP_CALL)
            is_on = is_start(spread, op) || (is_on && !is_stop(spread, op));
    }
    spread->returned[block->id] |= is_on && block->end == IR_RETURN;
    for (size_t i = 0; is_on && i < block->edge_count; i++) {
        uint32_t next = block->edges[i].to;
        if (!spread->entered[next])
            spread->queue[spread->queued++] = next;
        spread->entered[next] = true;
    }
}

/* By block: does control come to its return on such a way? */
static bool *returns_of(struct taken *taken, bool is_free)
{
    struct arena *arena = taken->pass->arena;
    const struct ir_func *func = taken->frame->func;
    struct spread spread = {.taken = taken,
                            .is_free = is_free,
                            .entered = arena_array(arena, bool, func->block_count),
                            .returned = arena_array(arena, bool, func->block_count),
                            .queue = arena_array(arena, uint32_t, func->block_count)};
    for (size_t b = 0; b < func->block_count; b++)
        go_through(&spread, &func->blocks[b], false);
    for (size_t i = 0; i < spread.queued; i++)
        go_through(&spread, &func->blocks[spread.queue[i]], true);
    return spread.returned;
}

/* The returns to which control comes with the lock only; NULL: there are none. */
static bool *held_returns(struct taken *taken)
{
    bool *held = returns_of(taken, false), *freed = returns_of(taken, true);
    bool any = false, gives_back = false;
    for (size_t b = 0; b < taken->frame->func->block_count; b++) {
        held[b] &= !freed[b];
        any |= held[b];
    }
    for (const struct ir_op *op = NULL; (op = ir_next_op(taken->frame->func, IR_OP_CALL, op));)
        gives_back |= may_unlock(taken, op) &&
                      flow_reaches(taken->pass->flow, taken->frame->func, taken->lock, op);
    return any && gives_back ? held : NULL;
}

/* ---- who else unlocks it, or wants it -------------------------------------------------------- */

/* May the operation be of this lock?  `is_sure`: as far as objects are known. */
static bool concerns(const struct taken *taken, const struct flow_use *use, bool is_sure)
{
    struct flow *flow = taken->pass->flow;
    if (!use->object)
        return !is_sure;
    struct points points = flow_points_in(flow, use->func, use->object);
    return flow_points_meet(flow, &points, &taken->places) ||
           (!is_sure && (points.has_unknown || taken->places.has_unknown));
}

static bool is_lock(const struct taken *taken, const struct ir_func *func, const struct ir_op *op)
{
    return op->act && op->act->kind == ACT_LOCK &&
           concerns(taken, &(struct flow_use){func, op, op->act->object, NULL}, true);
}

/* Does the operation take the lock, itself or by a helper that does that and does not unlock? */
static bool takes_lock(const struct taken *taken, const struct ir_func *func,
                       const struct ir_op *op)
{
    struct flow_targets targets = flow_callees(taken->pass->flow, func, op);
    for (size_t i = 0; !op->act && i < targets.bodies.count; i++) {
        const struct ir_func *helper = targets.bodies.at[i];
        if (can_unlock((void *)taken, helper))
            continue;
        for (const struct ir_op *in = NULL; (in = ir_next_op(helper, IR_OP_CALL, in));)
            if (is_lock(taken, helper, in))
                return true;
    }
    return is_lock(taken, func, op);
}

static bool locks_before(const struct taken *taken, const struct ir_func *func,
                         const struct ir_op *before)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (op != before && flow_dominates(taken->pass->flow, func, op, before) &&
            takes_lock(taken, func, op))
            return true;
    return false;
}

/* In the function of the unlock, or in one that called it. */
static bool is_locked_before(const struct taken *taken, const struct frame *frame,
                             const struct ir_op *op)
{
    for (; frame && op; op = frame->op, frame = frame->parent)
        if (locks_before(taken, frame->func, op))
            return true;
    return false;
}

/* Has the unlock a lock before it, whoever calls?  Else it may be there for what the function
 * leaves. */
static bool unlocks_its_own(const struct taken *taken, const struct flow_use *use)
{
    size_t count;
    if (locks_before(taken, use->func, use->op))
        return true;
    const struct frame *const *frames = flow_frames(taken->pass->flow, use->func, &count);
    for (size_t i = 0; i < count; i++)
        if (!is_locked_before(taken, frames[i], use->op))
            return false;
    return true;
}

static bool all_unlock_their_own(const struct taken *taken)
{
    size_t count;
    const struct flow_use *uses = flow_uses(taken->pass->flow, ACT_UNLOCK, &count);
    for (size_t i = 0; i < count; i++)
        if (concerns(taken, &uses[i], false) && !unlocks_its_own(taken, &uses[i]))
            return false;
    return true;
}

/* The next place, after number `from`, where a task may wait for the lock; NULL: none. */
static const struct flow_use *next_wait(const struct taken *taken, size_t *from)
{
    size_t count;
    const struct flow_use *uses = flow_uses(taken->pass->flow, ACT_LOCK, &count);
    while (*from < count) {
        const struct flow_use *use = &uses[(*from)++];
        if (!use->op->act->tries && use->op != taken->lock && concerns(taken, use, true))
            return use;
    }
    return NULL;
}

/* Is the function run from several places, in a loop, or by callers out of sight? */
static bool runs_again(struct flow *flow, const struct ir_func *func)
{
    size_t count;
    const struct flow_site *callers = flow_callers(flow, func, &count);
    if (count != 1)
        return count > 1 || !func->symbol->scope;
    return flow_loop_of(flow, callers->func, callers->op->block) != 0;
}

/* ---- the finding ----------------------------------------------------------------------------- */

/* Whoever comes to one of these places stays there, and that is told with this. */
static void tell_waits(struct taken *taken, struct finding *finding)
{
    enum { TOLD_MAX = 2 };
    struct pass *pass = taken->pass;
    size_t told = 0, at = 0;
    pass_stuck_at(pass, finding, taken->frame->func, taken->lock->pos);
    for (const struct flow_use *use; (use = next_wait(taken, &at));) {
        pass_stuck_at(pass, finding, use->func, use->op->pos);
        if (told++ < TOLD_MAX)
            pass_note(pass, finding, use->func, use->op->pos,
                      "'%s' then waits here for ever for the lock", use->func->symbol->name);
    }
}

static void report_exit(struct taken *taken, const struct walk_exit *exit)
{
    struct pass *pass = taken->pass;
    struct finding *finding =
        pass_report(pass, taken->frame->func, exit->pos, CONFIDENCE_LIKELY,
                    "'%s' leaves here with %s locked, which it unlocks on its other ways",
                    taken->frame->func->symbol->name,
                    flow_text(pass->arena, taken->frame->func, taken->lock->act->object));
    pass_note(pass, finding, taken->frame->func, taken->lock->pos, "it is locked here");
    const struct walk_turn *turn =
        flow_decisive_turn(pass->flow, taken->frame->func, exit, may_unlock, taken);
    if (turn)
        pass_note(pass, finding, turn->func, turn->block->pos,
                  "from here this way no longer passes an unlock");
    tell_waits(taken, finding);
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool is_same_place(const struct ir_pos *a, const struct ir_pos *b)
{
    return a->line == b->line && a->column == b->column && a->file == b->file;
}

static bool is_held_at(const struct walk_exit *exit, const bool *held)
{
    return !exit->is_idle && !exit->is_over && !exit->is_handed_on && !exit->ends_task &&
           held[exit->block->id];
}

static bool is_told(const struct walk_result *ways, size_t index, const bool *held)
{
    for (size_t i = 0; i < index; i++)
        if (is_held_at(&ways->exits.at[i], held) &&
            is_same_place(&ways->exits.at[i].pos, &ways->exits.at[index].pos))
            return true;
    return false;
}

/* A lock may fail, and a way contradict itself: the walk knows. */
static struct walk_result ways_through(struct taken *taken)
{
    struct walk_question question = {
        .context = taken, .effect = effect, .matters = can_unlock, .starts_idle = true};
    struct walk_result ways = flow_walk(taken->pass->flow, taken->frame, &question);
    if (ways.is_incomplete)
        ways.exits.count = 0;
    return ways;
}

static void judge(struct taken *taken, const bool *held)
{
    struct walk_result ways = ways_through(taken);
    size_t first = 0, at = 0;
    while (first < ways.exits.count && !is_held_at(&ways.exits.at[first], held))
        first++;
    if (first == ways.exits.count)
        return;
    taken->places = flow_points_in(taken->pass->flow, taken->frame->func, taken->lock->act->object);
    bool is_wanted = runs_again(taken->pass->flow, taken->frame->func) || next_wait(taken, &at);
    if (!is_wanted || !all_unlock_their_own(taken))
        return;
    for (size_t i = first; i < ways.exits.count; i++)
        if (is_held_at(&ways.exits.at[i], held) && !is_told(&ways, i, held))
            report_exit(taken, &ways.exits.at[i]);
}

/* Cheap questions first: nearly all functions unlock on all ways. */
static void check_lock(struct pass *pass, const struct flow_use *use)
{
    const struct ir_func *func = use->func;
    if (!use->object || !func->symbol || func->incomplete ||
        !flow_can(pass->flow, func, ACT_UNLOCK))
        return;
    const struct frame *frame = flow_frame(pass->flow, func, NULL, NULL);
    struct taken taken = {.pass = pass,
                          .frame = frame,
                          .lock = use->op,
                          .duty = {.flow = pass->flow,
                                   .fulfilment = ACT_UNLOCK,
                                   .object = flow_resolve(pass->flow, frame, use->object)}};
    const bool *held = held_returns(&taken);
    if (held)
        judge(&taken, held);
}

static void check_program(struct pass *pass)
{
    size_t count;
    const struct flow_use *uses = flow_uses(pass->flow, ACT_LOCK, &count);
    for (size_t i = 0; i < count && !verdict_is_whole(pass); i++)
        check_lock(pass, &uses[i]);
    verdict_report(pass, CAUSE_MISSING_UNLOCK);
}

const struct rule rule_missing_unlock = {
    .id = "missing-unlock",
    .group = GROUP_LEAK,
    .summary = "a task ends, or its function returns, with a lock held that others wait for",
    .check_program = check_program,
};
