/*
 * orphan-task: a function starts a task that can outlive it, and nobody is left who could stop the
 * task or wait for it.
 *
 * Two shapes are reported, both at the spawn.  A start without a stop: the task goes round until it
 * is told to stop, and what would tell it is stored in a struct that callers out of sight hold, but
 * no function closes the channel or cancels the context there.  And an operation that goes on after
 * its time: the starter waits for the task's result for so long and then leaves, while the task
 * calls what may take for ever and nothing tells it to stop.  How long the call takes is not known,
 * and a result that nobody wants any more is harmless where it comes soon: that is only possible.
 *
 * Fine: whatever is returned as a channel or a context, for the caller to end; a context below one
 * that can end, or with a time; tasks that somebody waits for; daemons.
 *
 * Unseen: what all holders of are in sight (done-never-closed, lost-cancel), and flags.
 */
#include "flow/counts.h"
#include "flow/parties.h"
#include "flow/tasks.h"
#include "flow/waits.h"
#include "rules/rule.h"

/* One task. */
struct look {
    struct pass *pass;
    struct flow_runs runs;
    bool is_waited_for; /* a wait group counts it, and somebody waits for that */
};

/* ---- who waits for it ------------------------------------------------------------------------ */

static void see_group(void *context, const struct flow_count *count)
{
    struct look *look = context;
    look->is_waited_for |= flow_next_use(look->pass->flow, ACT_WAIT, count->group, NULL) != NULL;
}

static bool is_joined(const struct look *look)
{
    struct flow *flow = look->pass->flow;
    const struct frame *task = look->runs.task;
    const struct ir_expr *handle = task->op->act->object;
    return handle && flow_next_use(flow, ACT_JOIN, flow_resolve(flow, task->parent, handle), NULL);
}

static bool is_awaited(struct look *look)
{
    const struct frame *task = look->runs.task;
    flow_counts_of(look->pass->flow, task->parent, task->op, task->func, see_group, look);
    return look->is_waited_for || is_joined(look);
}

/* ---- a start without a stop ------------------------------------------------------------------ */

/* Does the function give handles of that kind to its callers, by its result or through a pointer?
 */
static bool gives_handles(const struct flow *flow, const struct ir_func *func,
                          enum object_kind kind)
{
    const struct model_set *models = flow_models(flow);
    const struct ir_type *result = func->symbol->type->target;
    if (result && result->target && model_type_kind(models, result->target) == kind)
        return true;
    for (size_t i = 0; i < func->param_count; i++) {
        const struct ir_type *to = func->vars[i]->type->target;
        if (to && to->target && model_type_kind(models, to->target) == kind)
            return true;
    }
    return false;
}

/* Does some function that callers out of sight may call? */
static bool is_given_out(const struct look *look, enum object_kind kind)
{
    struct flow *flow = look->pass->flow;
    size_t count;
    struct ir_unit *const *units = flow_units(flow, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < units[i]->symbol_count; k++) {
            const struct ir_func *func = units[i]->symbols[k]->func;
            if (func && !func->symbol->scope && gives_handles(flow, func, kind))
                return true;
        }
    return false;
}

static bool is_ended(struct flow *flow, const struct ir_expr *stop)
{
    static const enum act_kind enders[] = {ACT_CLOSE, ACT_CANCEL};
    for (size_t i = 0; i < COUNT_OF(enders); i++)
        if (flow_next_use(flow, enders[i], stop, NULL))
            return true;
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(flow, ACT_FREE, stop, use)))
        if (use->op->act->object_kind == OBJECT_CONTEXT)
            return true;
    return false;
}

/* Is it made here to be ended by nothing but a cancel: below the background, and without a time? */
static bool needs_cancel(const struct look *look, const struct act *maker,
                         const struct ir_func *func)
{
    if (maker->kind != ACT_DERIVE)
        return maker->kind == ACT_MAKE && maker->object_kind == OBJECT_CHAN;
    struct flow *flow = look->pass->flow;
    const struct frame *frame = look->runs.task->parent;
    if (frame->func != func)
        frame = flow_frame(flow, func, NULL, NULL);
    return !maker->timeout_ms && maker->context &&
           !flow_context_can_end(flow_resolve(flow, frame, maker->context));
}

/* The operation that makes what is watched there, if callers out of sight hold it and nobody ends
 * it; NULL: not so. */
static const struct ir_op *abandoned(const struct look *look, const struct frame *frame,
                                     const struct ir_expr *handle)
{
    struct flow *flow = look->pass->flow;
    const struct ir_func *func = NULL;
    const struct ir_expr *stop = flow_resolve(flow, frame, handle);
    const struct ir_op *maker = flow_maker(flow, stop, &func);
    if (!maker || !maker->act || !needs_cancel(look, maker->act, func) || is_ended(flow, stop) ||
        flow_is_handed_out(flow, stop) || flow_is_seen_whole(flow, stop) ||
        is_given_out(look, maker->act->object_kind))
        return NULL;
    return maker;
}

/* All that is watched in the loop has to be abandoned, and something is; the first one's name. */
static const char *abandoned_stop(const struct look *look, const struct flow_round *round)
{
    const char *first = NULL;
    for (size_t i = 0; i < round->ops.count; i++) {
        const struct frame *frame = round->ops.at[i].frame;
        const struct act *act = round->ops.at[i].op->act;
        if (!act || act->kind == ACT_SELECT ||
            !flow_watches(look->pass->flow, frame, round->ops.at[i].op))
            continue;
        const struct ir_expr *handle = act->context             ? act->context
                                       : act->source_count == 1 ? act->sources[0]
                                                                : act->object;
        if (!handle || !abandoned(look, frame, handle))
            return NULL;
        first = first ? first : flow_text(look->pass->arena, frame->func, handle);
    }
    return first;
}

static bool report_start(const struct look *look, const struct flow_round *round, const char *stop)
{
    struct pass *pass = look->pass;
    const struct frame *task = look->runs.task;
    struct finding *finding =
        pass_report(pass, task->parent->func, task->op->pos, CONFIDENCE_LIKELY,
                    "nobody can stop task '%s', which is started here: nothing ends '%s'",
                    task->func->symbol->name, stop);
    pass_note(pass, finding, round->frame->func, round->endless.pos,
              "this loop goes round until '%s' ends it", stop);
    pass_stuck_at(pass, finding, round->frame->func, round->endless.pos);
    return true;
}

static bool check_start(const struct look *look)
{
    struct flow *flow = look->pass->flow;
    for (size_t i = 0; i < look->runs.frames.count; i++) {
        const struct frame *frame = look->runs.frames.at[i];
        struct flow_round round;
        if (!flow_goes_round_untold(flow, &look->runs, frame, &round) || !round.watch)
            continue;
        const char *stop = abandoned_stop(look, &round);
        if (stop)
            return report_start(look, &round, stop);
    }
    return false;
}

/* ---- an operation that goes on after its time ------------------------------------------------ */

/* The call that may take for ever, before the task sends its result; NULL: there is none, or
 * something tells the task to stop. */
static const struct flow_task_op *unlimited_call(const struct look *look)
{
    struct flow *flow = look->pass->flow;
    const struct flow_task_op *call = NULL;
    const struct ir_func *func = look->runs.task->func;
    for (size_t i = 0; i < func->param_count; i++)
        if (flow_leads_to_context(flow, func->vars[i]->type))
            return NULL;
    for (size_t i = 0; i < look->runs.ops.count; i++) {
        const struct flow_task_op *at = &look->runs.ops.at[i];
        if (at->op->act && flow_watches(flow, at->frame, at->op))
            return NULL;
        if (!call && !at->op->act && flow_call_is_opaque(flow, at->frame->func, at->op))
            call = at;
    }
    return call;
}

/* Does the task send on the channel, which has room for that, and once? */
static bool sends_result(const struct look *look, const struct ir_expr *channel)
{
    struct flow *flow = look->pass->flow;
    for (size_t i = 0; i < look->runs.ops.count; i++) {
        const struct flow_task_op *at = &look->runs.ops.at[i];
        const struct act *act = at->op->act;
        if (act && act->kind == ACT_SEND && act->object &&
            flow_loop_of(flow, at->frame->func, at->op->block) == 0 &&
            flow_wait_ends(flow, at->frame, at->op) &&
            flow_is_same(flow, flow_resolve(flow, at->frame, act->object), channel))
            return true;
    }
    return false;
}

static bool has_time(const struct act *select)
{
    for (size_t i = 0; i < select->arm_count; i++)
        if (select->arms[i].kind == ARM_AFTER)
            return true;
    return false;
}

/* Does the starter wait there, once and for so long, for what the task sends? */
static bool waits_for_result(const struct look *look, const struct ir_op *op)
{
    struct flow *flow = look->pass->flow;
    const struct frame *task = look->runs.task;
    const struct frame *starter = task->parent;
    const struct act *act = op->act;
    if (!act || act->kind != ACT_SELECT || !act->arms_known || !has_time(act) ||
        flow_loop_of(flow, starter->func, op->block) != 0 ||
        !flow_reaches(flow, starter->func, task->op, op))
        return false;
    for (size_t i = 0; i < act->arm_count; i++)
        if (act->arms[i].kind == ARM_RECV && act->arms[i].channel &&
            sends_result(look, flow_resolve(flow, starter, act->arms[i].channel)))
            return true;
    return false;
}

static void check_timed(const struct look *look)
{
    struct pass *pass = look->pass;
    const struct frame *task = look->runs.task;
    const struct flow_task_op *call = unlimited_call(look);
    for (const struct ir_op *op = NULL;
         call && (op = ir_next_op(task->parent->func, IR_OP_CALL, op));) {
        if (!waits_for_result(look, op))
            continue;
        struct finding *finding = pass_report(
            pass, task->parent->func, task->op->pos, CONFIDENCE_POSSIBLE,
            "task '%s', which is started here, goes on when nobody waits for it any more, and "
            "nobody can stop it",
            task->func->symbol->name);
        pass_note(pass, finding, task->parent->func, op->pos,
                  "its result is waited for here, only for so long");
        pass_note(pass, finding, call->frame->func, call->op->pos,
                  "this call knows of no limit; hand the task a context, and ask it between pieces "
                  "of work");
        return;
    }
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool was_seen(struct map *seen, const struct frame *task)
{
    const void *key[] = {task->op, task->func};
    void **slot = map_put(seen, key, sizeof key);
    bool was = *slot != NULL;
    *slot = seen;
    return was;
}

/* One look for each spawn and function is enough. */
static void check_task(struct pass *pass, const struct frame *task, struct map *seen)
{
    struct flow *flow = pass->flow;
    if (was_seen(seen, task) || flow_is_daemon(flow, task) ||
        pass_was_judged(pass, task->parent, task->op, task->func) || flow_is_cancelled(flow, task))
        return;
    struct look look = {.pass = pass, .runs = flow_task_runs(flow, task)};
    if (!look.runs.is_cut && !is_awaited(&look) && !check_start(&look))
        check_timed(&look);
}

static void check_program(struct pass *pass)
{
    const struct flow_frame_list *tasks = flow_tasks(pass->flow);
    struct map seen = {.arena = flow_arena(pass->flow)};
    for (size_t i = 0; i < tasks->at.count; i++)
        check_task(pass, tasks->at.at[i], &seen);
}

const struct rule rule_orphan_task = {
    .id = "orphan-task",
    .group = GROUP_LEAK,
    .summary = "a task that outlives the function that starts it, and that nobody can stop or wait "
               "for",
    .check_program = check_program,
};
