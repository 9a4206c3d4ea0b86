/*
 * missing-wg-done: a task that a wait group counts has a way to its end on which nothing lowers the
 * count again, so that whoever waits for the group waits for ever.
 *
 * A task is counted by a group when the group is raised before the task is spawned, in the function
 * that spawns it or in one that calls it, and the task lowers it on some way, is handed it, or
 * nothing in the program lowers it at all.
 *
 * Fine: a defer; a helper that lowers the count; a way that ends the process; a way that hands the
 * group, or what carries it, on to another task, a queue or code out of sight; a task that lowers
 * the count more than once, since the group then counts items and not tasks; a count raised once
 * for tasks that are spawned in a loop.
 *
 * Unseen: counts that do not fit the number of tasks (wg-count), and done on the wrong group.
 */
#include "flow/walk.h"
#include "rules/rule.h"

/* One task, as spawned from one frame, and one group that was raised before. */
struct counted {
    struct pass *pass;
    const struct frame *spawner; /* runs the spawn */
    const struct ir_op *spawn;
    const struct frame *task;
    const struct frame
        *raiser; /* runs the add: the spawner, a caller of it, or a helper of theirs */
    const struct ir_op *add;
    const struct frame
        *base; /* the spawner or caller in which the count goes up before the spawn ... */
    const struct ir_op *raised_at;  /* ... at this operation: the add, or the call of the helper */
    const struct ir_expr *group;    /* resolved */
    const struct ir_op *done;       /* one that was met on the walk ... */
    const struct frame *done_frame; /* ... and where */
    bool waits;                     /* the task itself waits for the group */
};

static enum flow_same names_group(const struct counted *counted, const struct frame *frame,
                                  const struct ir_expr *handle)
{
    if (!handle)
        return FLOW_MAYBE;
    struct flow *flow = counted->pass->flow;
    return flow_compare(flow, flow_resolve(flow, frame, handle), counted->group);
}

/* ---- what an operation of the task does to the count ----------------------------------------- */

/* Is it the group, or something that was handed to the task and may carry the group? */
static bool carries_group(const struct counted *counted, const struct frame *frame,
                          const struct ir_expr *value)
{
    struct flow *flow = counted->pass->flow;
    if (value->type->kind != IR_TYPE_POINTER)
        return false;
    const struct ir_expr *resolved = flow_resolve(flow, frame, value);
    if (resolved->kind == IR_CONST)
        return false;
    if (flow_compare(flow, resolved, counted->group) == FLOW_SAME)
        return true;
    const struct act *act = counted->spawn->act;
    for (size_t i = 0; i < act->arg_count; i++)
        if (ir_expr_equal(resolved, flow_resolve(flow, counted->spawner, act->args[i])))
            return true;
    return false;
}

static bool is_memory(const struct ir_expr *place)
{
    const struct ir_expr *root = ir_expr_root(place);
    return !root || root->kind == IR_SYMBOL;
}

/* A call that comes before the done on its way has not taken the done over. */
static bool done_can_follow(const struct counted *counted, const struct frame *frame,
                            const struct ir_op *op)
{
    struct flow *flow = counted->pass->flow;
    for (const struct ir_op *next = NULL; (next = ir_next_op(frame->func, IR_OP_CALL, next));)
        if (next->act && next->act->kind == ACT_DONE && flow_reaches(flow, frame->func, op, next))
            return true;
    return false;
}

static bool opaque_call_takes(const struct counted *counted, const struct frame *frame,
                              const struct ir_op *op)
{
    if (!flow_call_is_opaque(counted->pass->flow, frame->func, op))
        return false;
    for (size_t i = 0; i < op->arg_count; i++) {
        if (!carries_group(counted, frame, op->args[i]))
            continue;
        if (names_group(counted, frame, op->args[i]) == FLOW_SAME ||
            !done_can_follow(counted, frame, op))
            return true;
    }
    return false;
}

/* A function of the program that lowers nothing itself may still put what it is handed away. */
static bool puts_away(const struct counted *counted, const struct frame *frame, int depth)
{
    struct flow *flow = counted->pass->flow;
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_ASSIGN, op));)
        if (is_memory(op->place) && carries_group(counted, frame, op->value))
            return true;
    for (const struct ir_op *op = NULL;
         depth < 4 && (op = ir_next_op(frame->func, IR_OP_CALL, op));) {
        if (opaque_call_takes(counted, frame, op))
            return true;
        if (op->act && op->act->kind != ACT_INVOKE)
            continue;
        struct flow_targets targets = flow_callees(flow, frame->func, op);
        for (size_t i = 0; i < targets.bodies.count; i++)
            if (!flow_frame_has(frame, targets.bodies.at[i]) &&
                puts_away(counted, flow_frame(flow, targets.bodies.at[i], frame, op), depth + 1))
                return true;
    }
    return false;
}

static bool helper_puts_away(const struct counted *counted, const struct frame *frame,
                             const struct ir_op *op)
{
    struct flow *flow = counted->pass->flow;
    struct flow_targets targets = flow_callees(flow, frame->func, op);
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (!flow_can(flow, body, ACT_DONE) && !flow_frame_has(frame, body) &&
            puts_away(counted, flow_frame(flow, body, frame, op), 0))
            return true;
    }
    return false;
}

/* Does the function itself lower this very group when it runs in that frame? */
static bool lowers_group(const struct counted *counted, const struct frame *frame)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));)
        if (op->act && op->act->kind == ACT_DONE && op->act->object &&
            names_group(counted, frame, op->act->object) == FLOW_SAME)
            return true;
    return false;
}

/* Another task that lowers the count does it for this one; one that may, or that nobody can look
 * into, may have taken it over. */
static enum walk_effect effect_of_spawn(const struct counted *counted, const struct frame *frame,
                                        const struct ir_op *op)
{
    struct flow *flow = counted->pass->flow;
    struct flow_targets targets = flow_callees(flow, frame->func, op);
    enum walk_effect effect = WALK_NOTHING;
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (!flow_can(flow, body, ACT_DONE))
            continue;
        if (!flow_frame_has(frame, body) &&
            lowers_group(counted, flow_frame(flow, body, frame, op)))
            return WALK_DOES;
        effect = WALK_HANDS_ON;
    }
    for (size_t i = 0; targets.has_unknown && i < op->act->arg_count; i++)
        if (carries_group(counted, frame, op->act->args[i]))
            effect = WALK_HANDS_ON;
    return effect;
}

/* What is sent takes along what it points to: `chan_send(jobs, &job)`. */
static bool sends_away(const struct counted *counted, const struct frame *frame,
                       const struct ir_expr *value)
{
    return value && value->kind == IR_ADDR && carries_group(counted, frame, value->a);
}

static enum walk_effect effect_of_select(const struct counted *counted, const struct frame *frame,
                                         const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++)
        if (act->arms[i].kind == ARM_SEND && sends_away(counted, frame, act->arms[i].value))
            return WALK_HANDS_ON;
    return WALK_NOTHING;
}

static enum walk_effect effect_of_act(struct counted *counted, const struct frame *frame,
                                      const struct ir_op *op)
{
    const struct act *act = op->act;
    switch (act->kind) {
    case ACT_DONE:
        if (names_group(counted, frame, act->object) == FLOW_DIFFERENT)
            return WALK_NOTHING;
        counted->done = op;
        counted->done_frame = frame;
        return WALK_DOES;
    case ACT_ADD: /* for a task of its own: that way counts differently */
        return names_group(counted, frame, act->object) == FLOW_DIFFERENT ? WALK_NOTHING
                                                                          : WALK_HANDS_ON;
    case ACT_WAIT:
        counted->waits |= names_group(counted, frame, act->object) != FLOW_DIFFERENT;
        return WALK_NOTHING;
    case ACT_SPAWN:
        return effect_of_spawn(counted, frame, op);
    case ACT_SEND:
        return sends_away(counted, frame, act->value) ? WALK_HANDS_ON : WALK_NOTHING;
    case ACT_SELECT:
        return effect_of_select(counted, frame, act);
    case ACT_INVOKE:
        return helper_puts_away(counted, frame, op) ? WALK_HANDS_ON : WALK_NOTHING;
    default:
        return WALK_NOTHING;
    }
}

static enum walk_effect effect(void *context, const struct frame *frame, const struct ir_op *op)
{
    struct counted *counted = context;
    if (op->act)
        return effect_of_act(counted, frame, op);
    if (op->kind == IR_OP_ASSIGN && is_memory(op->place) &&
        carries_group(counted, frame, op->value))
        return WALK_HANDS_ON;
    if (op->kind == IR_OP_CALL &&
        (opaque_call_takes(counted, frame, op) || helper_puts_away(counted, frame, op)))
        return WALK_HANDS_ON;
    return op->kind == IR_OP_UNKNOWN ? WALK_GIVES_UP : WALK_NOTHING;
}

static bool matters(void *context, const struct ir_func *func)
{
    struct flow *flow = ((struct counted *)context)->pass->flow;
    return flow_can(flow, func, ACT_DONE) || flow_can(flow, func, ACT_ADD) ||
           flow_can(flow, func, ACT_WAIT) || flow_can(flow, func, ACT_SPAWN) ||
           flow_can(flow, func, ACT_END_TASK);
}

/* ---- the finding ----------------------------------------------------------------------------- */

static bool lowers_in(const struct counted *counted, const struct frame *frame, const bool *blocks)
{
    struct flow *flow = counted->pass->flow;
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));) {
        if (!blocks[op->block])
            continue;
        if (op->act && op->act->kind == ACT_DONE)
            return true;
        struct flow_targets targets = flow_callees(flow, frame->func, op);
        for (size_t i = 0; i < targets.bodies.count; i++)
            if (flow_can(flow, targets.bodies.at[i], ACT_DONE))
                return true;
    }
    return false;
}

/* The turn that decides: the other ways from there can lower the count, this one no longer. */
static const struct walk_turn *decisive_turn(const struct counted *counted,
                                             const struct walk_exit *exit)
{
    const struct walk_turn *decisive = NULL;
    for (const struct walk_turn *turn = exit->turns; turn; turn = turn->before) {
        if (turn->func != counted->task->func)
            continue;
        struct flow *flow = counted->pass->flow;
        bool *reached = arena_array(flow_arena(flow), bool, turn->func->block_count);
        flow_reach_from(flow, turn->func, turn->edge->to, reached);
        if (!lowers_in(counted, counted->task, reached))
            decisive = turn;
        else
            break;
    }
    return decisive;
}

static void tell_story(const struct counted *counted, struct finding *finding,
                       const struct walk_exit *exit)
{
    struct pass *pass = counted->pass;
    const struct ir_symbol *task = counted->task->func->symbol;
    const char *group = ir_expr_text(pass->arena, counted->add->act->object);
    pass_note(pass, finding, counted->raiser->func, counted->add->pos,
              "the task is counted here: %s(%s)", counted->add->act->word, group);
    pass_note(pass, finding, counted->spawner->func, counted->spawn->pos,
              "and spawned here, to run '%s'", task->name);
    const struct walk_turn *turn = exit ? decisive_turn(counted, exit) : NULL;
    if (turn)
        pass_note(pass, finding, turn->func, turn->block->pos,
                  "from here this way no longer passes %s",
                  counted->done ? counted->done->act->word : "a done");
    const struct flow_use *wait = NULL;
    while ((wait = flow_next_use(pass->flow, ACT_WAIT, counted->group, wait)))
        pass_note(pass, finding, wait->func, wait->op->pos,
                  "%s then waits here for ever: the count never gets back to zero",
                  wait->func->symbol->name);
}

/* The same frame with the task as its root, so that names resolve to the task's own. */
static const struct frame *below_task(const struct counted *counted, const struct frame *frame)
{
    const struct frame *parent =
        frame == counted->task || !frame->parent ? NULL : below_task(counted, frame->parent);
    return flow_frame(counted->pass->flow, frame->func, parent, parent ? frame->op : NULL);
}

/* The call that is missing, in the task's own words: "wg_done(scan->wg)". */
static const char *missing_call(const struct counted *counted)
{
    struct arena *arena = counted->pass->arena;
    if (!counted->done)
        return "lowering the count of its wait group";
    const struct frame *frame = below_task(counted, counted->done_frame);
    const struct ir_expr *group =
        flow_resolve(counted->pass->flow, frame, counted->done->act->object);
    if (flow_made_by(group, NULL))
        group = counted->done->act->object;
    return arena_printf(arena, "%s(%s)", counted->done->act->word, ir_expr_text(arena, group));
}

static void report_exit(const struct counted *counted, const struct walk_exit *exit)
{
    const struct ir_func *task = counted->task->func;
    struct finding *finding = pass_report(
        counted->pass, task, exit->pos, CONFIDENCE_LIKELY,
        "task '%s' can end here without %s; call it on this way too, or defer it at the start",
        task->symbol->name, missing_call(counted));
    tell_story(counted, finding, exit);
}

static void report_never(const struct counted *counted, const struct walk_result *ways)
{
    const struct ir_func *task = counted->task->func;
    const struct walk_exit *last = &ways->exits.at[0];
    for (size_t i = 1; i < ways->exits.count; i++)
        if (ways->exits.at[i].pos.line > last->pos.line)
            last = &ways->exits.at[i];
    struct finding *finding = pass_report(
        counted->pass, task, last->pos, CONFIDENCE_LIKELY,
        "task '%s' ends without lowering the count of '%s', which counts it; nothing else does",
        task->symbol->name, ir_expr_text(counted->pass->arena, counted->add->act->object));
    tell_story(counted, finding, NULL);
}

/* ---- which tasks a group counts -------------------------------------------------------------- */

static bool is_handed_group(const struct counted *counted)
{
    const struct act *act = counted->spawn->act;
    for (size_t i = 0; i < act->arg_count; i++)
        if (names_group(counted, counted->spawner, act->args[i]) == FLOW_SAME)
            return true;
    return false;
}

/* Without any done in sight, the add counts the first task spawned after it. */
static bool is_first_after_add(const struct counted *counted)
{
    struct flow *flow = counted->pass->flow;
    const struct ir_func *func = counted->spawner->func;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (op != counted->spawn && op->act && op->act->kind == ACT_SPAWN &&
            flow_reaches(flow, func, counted->raised_at, op) &&
            flow_dominates(flow, func, op, counted->spawn))
            return false;
    return true;
}

static bool nobody_lowers(const struct counted *counted)
{
    struct flow *flow = counted->pass->flow;
    return counted->base == counted->spawner &&
           !flow_next_use(flow, ACT_DONE, counted->group, NULL) &&
           flow_next_use(flow, ACT_WAIT, counted->group, NULL) &&
           !flow_escapes(flow, counted->group) && is_first_after_add(counted);
}

static void judge(struct counted *counted)
{
    struct walk_question question = {counted, effect, matters};
    struct walk_result ways = flow_walk(counted->pass->flow, counted->task, &question);
    if (ways.is_incomplete || ways.exits.count == 0)
        return;
    bool done = false, handed_on = false;
    for (size_t i = 0; i < ways.exits.count; i++) {
        const struct walk_exit *exit = &ways.exits.at[i];
        if (exit->count > 1)
            return; /* it counts items, not tasks */
        done |= exit->count == 1;
        handed_on |= exit->is_handed_on;
    }
    for (size_t i = 0; done && i < ways.exits.count; i++)
        if (ways.exits.at[i].count == 0 && !ways.exits.at[i].is_handed_on)
            report_exit(counted, &ways.exits.at[i]);
    if (!done && !handed_on && !counted->waits &&
        (is_handed_group(counted) || nobody_lowers(counted)))
        report_never(counted, &ways);
}

/* One count for one task: raised by one beside the spawn, or by more than one before a loop. */
static bool counts_each_task(const struct counted *counted, const struct ir_op *spawn)
{
    struct flow *flow = counted->pass->flow;
    const struct ir_func *func = counted->base->func;
    const struct ir_op *raised_at = counted->raised_at;
    if (!flow_reaches(flow, func, raised_at, spawn) ||
        (flow_dominates(flow, func, spawn, raised_at) &&
         !flow_dominates(flow, func, raised_at, spawn)))
        return false;
    const struct ir_expr *count = counted->add->act->count;
    bool by_one = !count || (count->kind == IR_CONST && count->value == 1);
    uint32_t of_add = flow_loop_of(flow, func, raised_at->block);
    uint32_t of_spawn = flow_loop_of(flow, func, spawn->block);
    if (by_one && of_add != of_spawn)
        return of_add != 0 && of_spawn != 0 && !flow_loop_within(flow, func, of_spawn, of_add);
    return true;
}

/* An add at, or in a helper called at, an operation that comes before the spawn. */
static void check_add(struct counted *counted, const struct frame *raiser, const struct ir_op *op,
                      const struct ir_op *spawn)
{
    if (!op->act || op->act->kind != ACT_ADD || !op->act->object)
        return;
    counted->raiser = raiser;
    counted->add = op;
    if (!counts_each_task(counted, spawn))
        return;
    counted->group = flow_resolve(counted->pass->flow, raiser, op->act->object);
    counted->done = NULL;
    counted->waits = false;
    judge(counted);
}

static void check_helper(struct counted *counted, const struct ir_op *call,
                         const struct ir_op *spawn)
{
    struct flow *flow = counted->pass->flow;
    struct flow_targets targets = flow_callees(flow, counted->base->func, call);
    for (size_t i = 0; !call->act && i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (!flow_can(flow, body, ACT_ADD) || flow_frame_has(counted->base, body))
            continue;
        const struct frame *helper = flow_frame(flow, body, counted->base, call);
        for (const struct ir_op *op = NULL; (op = ir_next_op(body, IR_OP_CALL, op));)
            check_add(counted, helper, op, spawn);
    }
}

/* Looks for adds in the function that spawns, then in its callers. */
static void check_frame(struct pass *pass, const struct frame *spawner, const struct ir_op *spawn,
                        const struct ir_func *body)
{
    struct counted counted = {.pass = pass, .spawner = spawner, .spawn = spawn};
    counted.task = flow_frame(pass->flow, body, spawner, spawn);
    const struct ir_op *behind = spawn;
    for (counted.base = spawner; counted.base; counted.base = counted.base->parent) {
        const struct ir_func *func = counted.base->func;
        for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));) {
            if (op == behind)
                continue;
            counted.raised_at = op;
            check_add(&counted, counted.base, op, behind);
            check_helper(&counted, op, behind);
        }
        behind = counted.base->op;
    }
}

static void check(struct pass *pass, const struct ir_func *func)
{
    size_t adds;
    flow_uses(pass->flow, ACT_ADD, &adds);
    if (adds == 0)
        return;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));) {
        if (!op->act || op->act->kind != ACT_SPAWN || op->act->counted_by)
            continue;
        struct flow_targets targets = flow_callees(pass->flow, func, op);
        size_t count;
        const struct frame *const *frames = flow_frames(pass->flow, func, &count);
        for (size_t i = 0; i < targets.bodies.count; i++)
            for (size_t j = 0; j < count; j++)
                if (!flow_frame_has(frames[j], targets.bodies.at[i]))
                    check_frame(pass, frames[j], op, targets.bodies.at[i]);
    }
}

const struct rule rule_missing_wg_done = {
    .id = "missing-wg-done",
    .group = GROUP_LEAK,
    .summary = "a task counted by a wait group can end without lowering the count",
    .check = check,
};
