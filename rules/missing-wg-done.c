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
 * for tasks that are spawned in a loop; a group for which nobody waits, or nobody in vain.
 *
 * Unseen: counts that do not fit the number of tasks (wg-count), and done on the wrong group.
 */
#include "flow/counts.h"
#include "flow/duty.h"
#include "rules/rule.h"
#include "rules/verdict.h"

/* One task, as spawned from one frame, and one group that counts it. */
struct counted {
    struct pass *pass;
    const struct flow_count *count;
    struct flow_duty duty;          /* to lower the group */
    const struct ir_op *done;       /* one that was met on the walk ... */
    const struct frame *done_frame; /* ... and where */
    bool waits;                     /* the task itself waits for the group */
};

/* ---- what an operation of the task does to the count ----------------------------------------- */

/* On every way to `op` the handler was taken back since. */
static bool is_taken_back(struct flow *flow, const struct ir_func *func, const struct ir_op *push,
                          const struct ir_op *op)
{
    for (const struct ir_op *pop = NULL; (pop = ir_next_op(func, IR_OP_CALL, pop));)
        if (pop->act && pop->act->kind == ACT_NOT_AT_END && push->act->object &&
            ir_expr_equal(pop->act->object, push->act->object) &&
            flow_reaches(flow, func, push, pop) && flow_dominates(flow, func, pop, op))
            return true;
    return false;
}

/* Ending the thread runs the handlers that were pushed on the way there; one may lower the count.
 * Where it is known what the handler gets, that was looked at already. */
static bool runs_handlers(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    for (; frame && op; op = frame->op, frame = frame->parent)
        for (const struct ir_op *push = NULL; (push = ir_next_op(frame->func, IR_OP_CALL, push));)
            if (push->act && push->act->kind == ACT_AT_END && !push->act->value &&
                flow_reaches(flow, frame->func, push, op) &&
                !is_taken_back(flow, frame->func, push, op))
                return true;
    return false;
}

/* The group came to the task in something it received: it counts that, not the task. */
static bool is_received(const struct counted *counted, const struct frame *frame,
                        const struct ir_expr *handle)
{
    const struct ir_expr *root = ir_expr_root(flow_resolve(counted->pass->flow, frame, handle));
    return root && root->kind == IR_VAR && root->var->kind == IR_VAR_LOCAL &&
           root->var->is_address_taken && root->var->id < counted->count->task->func->var_count &&
           counted->count->task->func->vars[root->var->id] == root->var;
}

static enum walk_effect effect(void *context, const struct frame *frame, const struct ir_op *op)
{
    struct counted *counted = context;
    const struct act *act = op->act;
    if (op->kind == IR_OP_UNKNOWN)
        return WALK_GIVES_UP;
    if (act && act->kind == ACT_WAIT && act->object_kind == counted->count->add->act->object_kind &&
        flow_duty_names(&counted->duty, frame, act->object) != FLOW_DIFFERENT) {
        counted->waits = true;
        return WALK_HANDS_ON; /* on this way it is the one who waits */
    }
    if (act && act->kind == ACT_ADD) /* for a task of its own: that way counts differently */
        return flow_duty_names(&counted->duty, frame, act->object) == FLOW_DIFFERENT
                   ? WALK_NOTHING
                   : WALK_HANDS_ON;
    if (act && act->kind == ACT_END_TASK && act->is_resumed)
        return WALK_HANDS_ON; /* who began it is asked, there */
    if (act && act->kind == ACT_END_TASK)
        return runs_handlers(counted->pass->flow, frame, op) ? WALK_HANDS_ON : WALK_NOTHING;
    enum walk_effect effect = flow_duty_effect(&counted->duty, frame, op);
    if (effect != WALK_DOES || !act || act->kind != ACT_DONE)
        return effect;
    if (act->object && is_received(counted, frame, act->object))
        return WALK_HANDS_ON;
    counted->done = op;
    counted->done_frame = frame;
    return WALK_DOES;
}

static bool matters(void *context, const struct ir_func *func)
{
    struct flow *flow = ((struct counted *)context)->pass->flow;
    return flow_can(flow, func, ACT_DONE) || flow_can(flow, func, ACT_ADD) ||
           flow_can(flow, func, ACT_WAIT) || flow_can(flow, func, ACT_SPAWN) ||
           flow_can(flow, func, ACT_END_TASK);
}

/* ---- pointers that are not null -------------------------------------------------------------- */

static bool goes_through(const struct ir_expr *place, const struct ir_expr *pointer)
{
    for (; place; place = place->a)
        if (place->kind == IR_DEREF && ir_expr_equal(place->a, pointer))
            return true;
    return false;
}

/* Has the spawner, or a caller of it, stored through the pointer or raised a group behind it? */
static bool was_used(const struct counted *counted, const struct ir_expr *pointer)
{
    struct flow *flow = counted->pass->flow;
    if (goes_through(counted->count->group, pointer))
        return true;
    const struct ir_op *behind = counted->count->spawn;
    for (const struct frame *frame = counted->count->spawner; frame; frame = frame->parent) {
        for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_ASSIGN, op));) {
            const struct ir_expr *place = op->place;
            while (place->kind == IR_FIELD || place->kind == IR_INDEX)
                place = place->a;
            if (place->kind == IR_DEREF && flow_dominates(flow, frame->func, op, behind) &&
                ir_expr_equal(flow_resolve(flow, frame, place->a), pointer))
                return true;
        }
        behind = frame->op;
    }
    return false;
}

/* The group was raised by its pointer, and the task's job filled in by its own. */
static bool is_nonzero(void *context, const struct frame *frame, const struct ir_expr *pointer)
{
    const struct counted *counted = context;
    struct flow *flow = counted->pass->flow;
    if (model_type_kind(flow_models(flow), pointer->type->target) == OBJECT_WG)
        return flow_duty_names(&counted->duty, frame, pointer) != FLOW_DIFFERENT;
    const struct ir_expr *resolved = flow_resolve(flow, frame, pointer);
    return resolved->kind != IR_CONST && was_used(counted, resolved);
}

/* ---- the finding ----------------------------------------------------------------------------- */

static bool may_lower(void *context, const struct ir_op *op)
{
    const struct counted *counted = context;
    struct flow *flow = counted->pass->flow;
    const struct frame *task = counted->count->task;
    if (op->act && op->act->kind == ACT_DONE &&
        flow_duty_names(&counted->duty, task, op->act->object) != FLOW_DIFFERENT)
        return true;
    struct flow_targets targets = flow_callees_in(flow, task, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (flow_can(flow, targets.bodies.at[i], ACT_DONE))
            return true;
    return false;
}

/* The story names a wait only when it is for this group by name, or by the same field. */
static bool waits_for_group(const struct counted *counted, const struct flow_use *wait)
{
    struct flow *flow = counted->pass->flow;
    if (!wait->object)
        return false;
    size_t count;
    const struct frame *const *frames = flow_frames(flow, wait->func, &count);
    for (size_t i = 0; i < count; i++) {
        const struct ir_expr *object = flow_resolve(flow, frames[i], wait->object);
        enum flow_same same = flow_compare(flow, object, counted->count->group);
        bool is_field = object->kind == IR_ADDR && object->a->kind == IR_FIELD &&
                        counted->count->group->kind == IR_ADDR &&
                        counted->count->group->a->kind == IR_FIELD;
        if (same == FLOW_SAME || (same == FLOW_MAYBE && is_field))
            return true;
    }
    return false;
}

static void tell_story(struct counted *counted, struct finding *finding,
                       const struct walk_exit *exit)
{
    struct pass *pass = counted->pass;
    const struct ir_symbol *task = counted->count->task->func->symbol;
    const char *group =
        flow_text(pass->arena, counted->count->raiser->func, counted->count->add->act->object);
    pass_note(pass, finding, counted->count->raiser->func, counted->count->add->pos,
              "the task is counted here: %s(%s)", counted->count->add->act->word, group);
    pass_note(pass, finding, counted->count->spawner->func, counted->count->spawn->pos,
              "and spawned here, to run '%s'", task->name);
    const struct ir_func *func = counted->count->task->func;
    const struct walk_turn *turn =
        exit ? flow_decisive_turn(pass->flow, func, exit, may_lower, counted) : NULL;
    if (turn)
        pass_note(pass, finding, turn->func, turn->block->pos,
                  "from here this way no longer passes %s",
                  counted->done ? counted->done->act->word : "a done");
    const struct flow_use *wait = NULL;
    while ((wait = flow_next_use(pass->flow, ACT_WAIT, counted->count->group, wait)))
        if (waits_for_group(counted, wait))
            pass_note(pass, finding, wait->func, wait->op->pos,
                      "%s then waits here for ever: the count never gets back to zero",
                      wait->func->symbol->name);
}

/* The same frame with the task as its root, so that names resolve to the task's own. */
static const struct frame *below_task(const struct counted *counted, const struct frame *frame)
{
    const struct frame *parent =
        frame == counted->count->task || !frame->parent ? NULL : below_task(counted, frame->parent);
    return flow_frame(counted->pass->flow, frame->func, parent, parent ? frame->op : NULL);
}

/* The call that is missing, in the task's own words: "wg_done(scan->wg)". */
static const char *missing_call(const struct counted *counted)
{
    struct arena *arena = counted->pass->arena;
    if (!counted->done)
        return "lowering the count of its wait group";
    const struct frame *frame = below_task(counted, counted->done_frame);
    const struct ir_expr *named = counted->done->act->object;
    const struct ir_expr *group = flow_resolve(counted->pass->flow, frame, named);
    const struct ir_expr *root = ir_expr_root(named);
    bool is_copy = named->kind == IR_FIELD && root && root->kind == IR_VAR && !frame->parent;
    bool is_static = root && root->kind == IR_SYMBOL;
    if (flow_made_by(group, NULL) || is_copy || is_static)
        group = named;
    return arena_printf(arena, "%s(%s)", counted->done->act->word, ir_expr_text(arena, group));
}

static void report_exit(struct counted *counted, const struct walk_exit *exit)
{
    const struct ir_func *task = counted->count->task->func;
    struct finding *finding = pass_report(
        counted->pass, task, exit->pos, CONFIDENCE_LIKELY,
        "task '%s' can end here without %s; call it on this way too, or defer it at the start",
        task->symbol->name, missing_call(counted));
    tell_story(counted, finding, exit);
}

static void report_never(struct counted *counted, const struct walk_result *ways)
{
    const struct ir_func *task = counted->count->task->func;
    const struct walk_exit *last = &ways->exits.at[0];
    for (size_t i = 1; i < ways->exits.count; i++)
        if (ways->exits.at[i].pos.line > last->pos.line)
            last = &ways->exits.at[i];
    struct finding *finding =
        pass_report(counted->pass, task, last->pos, CONFIDENCE_LIKELY,
                    "task '%s' ends without lowering the count that %s(%s) raised for it, and "
                    "nothing else does",
                    task->symbol->name, counted->count->add->act->word,
                    flow_text(counted->pass->arena, counted->count->raiser->func,
                              counted->count->add->act->object));
    tell_story(counted, finding, NULL);
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool is_handed_group(const struct counted *counted)
{
    const struct act *act = counted->count->spawn->act;
    const struct model_set *models = flow_models(counted->pass->flow);
    for (size_t i = 0; i < act->arg_count; i++) {
        const struct ir_type *type = act->args[i]->type; /* not a struct that begins with a group */
        if (type->kind == IR_TYPE_POINTER && model_type_kind(models, type->target) == OBJECT_WG &&
            flow_duty_names(&counted->duty, counted->count->spawner, act->args[i]) == FLOW_SAME)
            return true;
    }
    return false;
}

/* Without any done in sight, the add counts the first task spawned after it. */
static bool is_first_after_add(const struct counted *counted)
{
    struct flow *flow = counted->pass->flow;
    const struct ir_func *func = counted->count->spawner->func;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (op != counted->count->spawn && op->act && op->act->kind == ACT_SPAWN &&
            flow_reaches(flow, func, counted->count->raised_at, op) &&
            flow_dominates(flow, func, op, counted->count->spawn))
            return false;
    return true;
}

static bool nobody_lowers(const struct counted *counted)
{
    struct flow *flow = counted->pass->flow;
    return counted->count->base == counted->count->spawner &&
           !flow_next_use(flow, ACT_DONE, counted->count->group, NULL) &&
           flow_next_use(flow, ACT_WAIT, counted->count->group, NULL) &&
           !flow_is_handed_out(flow, counted->count->group) && is_first_after_add(counted);
}

/* Does a wait for the group, in sight or out of it, need the count to get back? */
static bool somebody_waits(const struct counted *counted)
{
    struct flow *flow = counted->pass->flow;
    const struct flow_use *wait = NULL;
    while ((wait = flow_next_use(flow, ACT_WAIT, counted->count->group, wait)))
        if (!verdict_is_clear(counted->pass, wait->op))
            return true;
    return !flow_is_seen_whole(flow, counted->count->group);
}

static void judge(struct counted *counted)
{
    if (!somebody_waits(counted))
        return;
    struct walk_question question = {counted, effect, matters, is_nonzero};
    struct walk_result ways = flow_walk(counted->pass->flow, counted->count->task, &question);
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

static void judge_count(void *context, const struct flow_count *count)
{
    struct pass *pass = context;
    const struct act *act = count->spawn->act;
    const struct ir_expr **carriers =
        arena_array(pass->arena, const struct ir_expr *, act->arg_count);
    for (size_t i = 0; i < act->arg_count; i++)
        carriers[i] = flow_resolve(pass->flow, count->spawner, act->args[i]);
    judge(&(struct counted){
        .pass = pass,
        .count = count,
        .duty = {pass->flow, ACT_DONE, count->group, carriers, act->arg_count},
    });
}

static void check_spawn(struct pass *pass, const struct frame *frame, const struct ir_op *spawn)
{
    struct flow_targets targets = flow_callees_in(pass->flow, frame, spawn);
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (!flow_frame_has(frame, body) && !pass_was_judged(pass, frame, spawn, body))
            flow_counts_of(pass->flow, frame, spawn, body, judge_count, pass);
    }
}

static void check_program(struct pass *pass)
{
    size_t adds, spawns;
    flow_uses(pass->flow, ACT_ADD, &adds);
    const struct flow_use *uses = flow_uses(pass->flow, ACT_SPAWN, &spawns);
    for (size_t i = 0; adds > 0 && i < spawns; i++) {
        if (uses[i].op->act->counted_by)
            continue;
        size_t count;
        const struct frame *const *frames = flow_frames(pass->flow, uses[i].func, &count);
        for (size_t j = 0; j < count; j++)
            check_spawn(pass, frames[j], uses[i].op);
    }
    verdict_report(pass, CAUSE_MISSING_WG_DONE);
}

const struct rule rule_missing_wg_done = {
    .id = "missing-wg-done",
    .group = GROUP_LEAK,
    .summary = "a task counted by a wait group can end without lowering the count",
    .check_program = check_program,
};
