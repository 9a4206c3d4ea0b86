/*
 * done-ignored: a task is handed a done channel or a context, and waits or goes round somewhere
 * without watching it.  Whoever closes the channel or cancels the context believes that the task
 * ends, and it stays.
 *
 * What tells a task to stop is a context or a done channel among its arguments; one that it watches
 * elsewhere, wherever it has it from; or one in the struct that it is handed, which somebody ends
 * and nobody watches.  Reported are waits that nothing in sight is sure to end (flow/waits.h), and
 * loops that nothing leads out of (flow/tasks.h) in which the task neither watches it nor hands it
 * on.
 *
 * Fine: waiting for a wait group, a lock, or a channel that its owner is sure to close; channels
 * that somebody out of sight holds, unless the task does not look at all at what it was handed.
 *
 * Unseen: waits on conditions, and sends whose receiver leaves first (abandoned-send).
 */
#include "flow/parties.h"
#include "flow/tasks.h"
#include "flow/waits.h"
#include "rules/rule.h"

/* One task, and what tells it to stop. */
struct look {
    struct pass *pass;
    struct flow_runs runs;
    const char *stop;           /* what the user calls it; NULL: nothing does */
    const struct ir_var *param; /* it is this argument; NULL: no argument */
    bool is_in_struct;          /* it is in a struct that the task is handed */
    bool watches;               /* the task watches something somewhere */
    bool uses;                  /* it does something with `param` */
};

/* ---- what tells the task to stop ------------------------------------------------------------- */

static bool is_run_by(const struct look *look, const struct ir_func *func)
{
    for (size_t i = 0; i < look->runs.frames.count; i++)
        if (look->runs.frames.at[i]->func == func)
            return true;
    return false;
}

/* Does the task do that to the channel itself, not in the arm of a select? */
static bool does_itself(const struct look *look, const struct flow_use *use,
                        const struct ir_expr *channel)
{
    if (use->arm || !use->object || !is_run_by(look, use->func))
        return false;
    struct flow_matches matches = flow_use_matches(look->pass->flow, use, channel);
    for (size_t i = 0; i < matches.at.count; i++)
        if (matches.at.at[i].same == FLOW_SAME)
            return true;
    return false;
}

/* A channel that the task closes tells others that it has ended, and one that it waits for alone
 * tells it to begin, say. */
static bool is_for_others(const struct look *look, const struct ir_expr *channel)
{
    static const enum act_kind kinds[] = {ACT_CLOSE, ACT_RECV};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        size_t count;
        const struct flow_use *uses = flow_uses(look->pass->flow, kinds[i], &count);
        for (size_t k = 0; k < count; k++)
            if (does_itself(look, &uses[k], channel))
                return true;
    }
    return false;
}

/* Is something sent on the channel, by whomever?  Then it counts or wakes, and ends nothing. */
static bool carries_signals(const struct look *look, const struct ir_expr *channel)
{
    struct flow *flow = look->pass->flow;
    size_t count;
    const struct flow_use *sends = flow_uses(flow, ACT_SEND, &count);
    for (size_t i = 0; i < count; i++) {
        struct flow_matches matches = {0};
        if (sends[i].object)
            matches = flow_use_matches(flow, &sends[i], channel);
        for (size_t k = 0; k < matches.at.count; k++)
            if (matches.at.at[k].same == FLOW_SAME)
                return true;
    }
    return false;
}

/* Does the resolved value tell the task to stop, when that is of such a type? */
static bool is_stop(const struct look *look, const struct ir_expr *resolved)
{
    struct flow *flow = look->pass->flow;
    const struct ir_type *type = resolved->type->target;
    if (ir_is_zero(resolved) || !type)
        return false;
    switch (model_type_kind(flow_models(flow), type)) {
    case OBJECT_CONTEXT:
        return flow_context_can_end(resolved);
    case OBJECT_CHAN:
        return flow_is_done_channel(flow, resolved) && !is_for_others(look, resolved) &&
               !carries_signals(look, resolved);
    default:
        return false;
    }
}

static void find_among_arguments(struct look *look)
{
    const struct frame *task = look->runs.task;
    const struct act *spawn = task->op->act;
    for (size_t i = 0; i < spawn->arg_count && i < task->func->param_count && !look->stop; i++) {
        if (!is_stop(look, flow_resolve(look->pass->flow, task->parent, spawn->args[i])))
            continue;
        look->param = task->func->vars[i];
        look->stop = look->param->name;
    }
}

/* ---- ... as it shows elsewhere --------------------------------------------------------------- */

static bool is_var_of(const struct look *look, const struct ir_var *var)
{
    for (size_t i = 0; i < look->runs.frames.count; i++) {
        const struct ir_func *func = look->runs.frames.at[i]->func;
        for (size_t k = 0; k < func->var_count; k++)
            if (func->vars[k] == var)
                return true;
    }
    return false;
}

/* What a task has received in a message, or finds in a list, ends one piece of its work. */
static bool is_found_on_the_way(const struct look *look, const struct ir_expr *resolved)
{
    for (; resolved; resolved = resolved->a) {
        if (resolved->kind == IR_INDEX || resolved->kind == IR_UNKNOWN)
            return true;
        if (resolved->kind == IR_VAR)
            return is_var_of(look, resolved->var);
    }
    return false;
}

/* Is the context or channel the task's own business?  Contexts go back to those they are derived
 * from. */
static bool is_tasks_own(const struct look *look, const struct ir_expr *resolved)
{
    enum { CHAIN_MAX = 8 };
    for (int i = 0; i < CHAIN_MAX; i++) {
        const struct ir_func *func = NULL;
        const struct ir_op *maker = flow_made_by(resolved, &func);
        if (!maker)
            return is_found_on_the_way(look, resolved);
        if (!is_run_by(look, func))
            return false;
        const struct act *act = maker->act;
        const struct ir_expr *from = !act                    ? NULL
                                     : act->context          ? act->context
                                     : act->source_count > 0 ? act->sources[0]
                                                             : NULL;
        if (!from)
            return true;
        const struct frame *frame = look->runs.task;
        for (size_t k = 0; k < look->runs.frames.count; k++)
            if (look->runs.frames.at[k]->func == func)
                frame = look->runs.frames.at[k];
        resolved = flow_resolve(look->pass->flow, frame, from);
    }
    return true;
}

/* What the user wrote between the parentheses of DONE(...), or the context of a call. */
static const char *name_of(const struct look *look, const struct ir_expr *handle,
                           const struct frame *frame)
{
    const struct ir_op *maker = flow_made_by(flow_resolve(look->pass->flow, frame, handle), NULL);
    if (maker && maker->act && maker->act->kind == ACT_DONE_CHANNEL && handle->kind == IR_TEMP)
        handle = maker->act->context            ? maker->act->context
                 : maker->act->source_count > 0 ? maker->act->sources[0]
                                                : handle;
    return flow_text(look->pass->arena, frame->func, handle);
}

static void see_watched(struct look *look, const struct frame *frame, const struct ir_expr *handle)
{
    struct flow *flow = look->pass->flow;
    const struct ir_expr *resolved = handle ? flow_resolve(flow, frame, handle) : NULL;
    if (!resolved || ir_is_zero(resolved) || is_tasks_own(look, resolved))
        return;
    look->watches = true;
    if (!look->stop)
        look->stop = name_of(look, handle, frame);
}

static void see_arm(struct look *look, const struct frame *frame, const struct act_arm *arm)
{
    struct flow *flow = look->pass->flow;
    if (arm->context)
        see_watched(look, frame, arm->context);
    else if (arm->kind == ARM_RECV && arm->channel &&
             flow_is_done_channel(flow, flow_resolve(flow, frame, arm->channel)))
        see_watched(look, frame, arm->channel);
}

/* Done channels, the arms of selects, and the contexts of calls. */
static void find_among_watched(struct look *look)
{
    for (size_t i = 0; i < look->runs.ops.count; i++) {
        const struct frame *frame = look->runs.ops.at[i].frame;
        const struct act *act = look->runs.ops.at[i].op->act;
        if (!act || act->kind == ACT_DERIVE)
            continue;
        for (size_t k = 0; k < act->arm_count; k++)
            see_arm(look, frame, &act->arms[k]);
        for (size_t k = 0; k < act->source_count; k++)
            see_watched(look, frame, act->sources[k]);
        see_watched(look, frame, act->context);
    }
}

/* ---- ... in what it is handed ---------------------------------------------------------------- */

/* Does anybody wait for that channel? */
static bool is_watched(const struct look *look, const struct ir_expr *channel)
{
    struct flow *flow = look->pass->flow;
    return flow_next_use(flow, ACT_RECV, channel, NULL) ||
           flow_next_use(flow, ACT_DONE_CHANNEL, channel, NULL);
}

/* A channel only where somebody closes it and nobody watches it: it must be this task then that
 * should, though others may be handed the struct too. */
static bool is_stop_field(void *context, const struct ir_field *field,
                          const struct ir_expr *resolved)
{
    const struct look *look = context;
    struct flow *flow = look->pass->flow;
    if (!field->type->target || !is_stop(look, resolved))
        return false;
    return model_type_kind(flow_models(flow), field->type->target) == OBJECT_CONTEXT ||
           (!is_watched(look, resolved) && flow_next_use(flow, ACT_CLOSE, resolved, NULL));
}

static void find_in_struct(struct look *look)
{
    const struct ir_field *field =
        flow_handed_field(look->pass->flow, look->runs.task, is_stop_field, look);
    look->is_in_struct = field && !look->stop;
    if (look->is_in_struct)
        look->stop = field->name;
}

/* ---- handing it on --------------------------------------------------------------------------- */

static bool mentions(const struct ir_expr *expr, const struct ir_var *var)
{
    if (!expr)
        return false;
    if (expr->kind == IR_VAR)
        return expr->var == var;
    if (expr->kind == IR_LITERAL) {
        for (uint32_t i = 0; i < expr->element_count; i++)
            if (mentions(expr->elements[i].value, var))
                return true;
        return false;
    }
    return mentions(expr->a, var) || mentions(expr->b, var);
}

static bool is_handed(const struct ir_op *op, const struct ir_var *var)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (mentions(op->args[i], var))
            return true;
    return false;
}

/* Giving back a reference is no use. */
static bool uses_param(const struct look *look)
{
    const struct ir_func *func = look->runs.task->func;
    for (size_t i = 0; i < func->block_count; i++) {
        const struct ir_block *block = &func->blocks[i];
        if (mentions(block->value, look->param))
            return true;
        for (size_t k = 0; k < block->op_count; k++) {
            const struct ir_op *op = &block->ops[k];
            bool gives_back = op->act && (op->act->kind == ACT_FREE || op->act->kind == ACT_REF);
            bool is_cleanup =
                op->kind == IR_OP_ASSIGN && op->place->kind == IR_VAR && op->place->var->cleanup;
            if (!gives_back && !is_cleanup &&
                (mentions(op->value, look->param) || is_handed(op, look->param)))
                return true;
        }
    }
    return false;
}

/* Is what tells the task to stop, or perhaps the struct with it, handed on inside of the loop to
 * code that may watch it? */
static bool is_handed_on(const struct look *look, const struct flow_round *round)
{
    for (size_t i = 0; i < round->ops.count; i++) {
        const struct flow_task_op *at = &round->ops.at[i];
        if (at->op->act)
            continue;
        if (look->param && is_handed(at->op, look->param))
            return true;
        bool is_opaque =
            look->is_in_struct && flow_call_is_opaque(look->pass->flow, at->frame->func, at->op);
        for (uint32_t k = 0; is_opaque && k < at->op->arg_count; k++) {
            const struct ir_type *type = at->op->args[k]->type->target;
            if (type && type->kind == IR_TYPE_RECORD)
                return true;
        }
    }
    return false;
}

/* ---- the finding ----------------------------------------------------------------------------- */

static struct finding *report(const struct look *look, const struct ir_func *func,
                              struct ir_pos pos, const char *what)
{
    struct pass *pass = look->pass;
    const struct frame *task = look->runs.task;
    struct finding *finding = pass_report(
        pass, func, pos, CONFIDENCE_LIKELY,
        "%s for ever, though '%s' tells %s '%s' to stop: watch it here too", what, look->stop,
        task->op->act->object ? "thread" : "task", task->func->symbol->name);
    pass_stuck_at(pass, finding, func, pos);
    pass_note(pass, finding, task->parent->func, task->op->pos, "the task is started here");
    return finding;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* A channel that somebody out of sight holds may be closed by them; a task that does not look at
 * what it was handed at all is wrong all the same. */
static bool may_blame(const struct look *look, const struct frame *frame,
                      const struct ir_expr *channel)
{
    struct flow_channel found;
    if (!channel || ir_is_zero(flow_resolve(look->pass->flow, frame, channel)))
        return false;
    return flow_find_channel(look->pass->flow, frame, channel, &found) ||
           (look->param && !look->uses && !look->watches);
}

/* Does the task wait there for something that need not come? */
static bool waits_deaf(const struct look *look, const struct flow_task_op *at)
{
    struct flow *flow = look->pass->flow;
    const struct act *act = at->op->act;
    if (!act || !act->may_park || flow_watches(flow, at->frame, at->op) ||
        flow_wait_ends(flow, at->frame, at->op))
        return false;
    if (act->kind == ACT_IO)
        return true;
    if (act->kind == ACT_RECV || act->kind == ACT_SEND)
        return may_blame(look, at->frame, act->object);
    bool may = act->kind == ACT_SELECT && act->arm_count > 0;
    for (size_t i = 0; i < act->arm_count && may; i++)
        may = may_blame(look, at->frame, act->arms[i].channel);
    return may;
}

static bool was_reported(struct map *reported, const struct ir_func *func, struct ir_pos pos)
{
    struct {
        const struct ir_func *func;
        uint64_t line, column;
    } key = {func, pos.line, pos.column};
    void **slot = map_put(reported, &key, sizeof key);
    bool was = *slot != NULL;
    *slot = reported;
    return was;
}

static bool check_waits(const struct look *look, struct map *reported)
{
    struct pass *pass = look->pass;
    bool found = false;
    for (size_t i = 0; i < look->runs.ops.count; i++) {
        const struct flow_task_op *at = &look->runs.ops.at[i];
        if (!waits_deaf(look, at) || flow_in_daemon(pass->flow, at->frame))
            continue;
        found = true;
        if (!was_reported(reported, at->frame->func, at->op->pos))
            report(look, at->frame->func, at->op->pos,
                   arena_printf(pass->arena, "%s can wait here", at->op->act->word));
    }
    return found;
}

/* Where the task gets stuck in the loop is for other rules, unless it does nothing at all with what
 * it was handed: then the loop is wrong, whoever comes to the other end of the channel. */
static bool has_endless_loop(const struct look *look, const struct frame *frame,
                             struct flow_round *round)
{
    bool is_deaf = look->param && !look->uses && !look->watches;
    return is_deaf ? flow_goes_round_or_stays(look->pass->flow, &look->runs, frame, round)
                   : flow_goes_round(look->pass->flow, &look->runs, frame, round);
}

static void report_loop(const struct look *look, const struct flow_round *round)
{
    struct finding *finding =
        report(look, round->frame->func, round->endless.pos, "this loop goes round");
    for (size_t i = 0; i < round->ops.count; i++) {
        const struct flow_task_op *at = &round->ops.at[i];
        if (!at->op->act || !at->op->act->may_park)
            continue;
        pass_note(look->pass, finding, at->frame->func, at->op->pos, "each round waits here, in %s",
                  at->op->act->word);
        return;
    }
}

static void check_loops(const struct look *look, struct map *reported)
{
    struct pass *pass = look->pass;
    for (size_t i = 0; i < look->runs.frames.count; i++) {
        const struct frame *frame = look->runs.frames.at[i];
        struct flow_round round;
        if (flow_in_daemon(pass->flow, frame) || !has_endless_loop(look, frame, &round) ||
            round.watch || is_handed_on(look, &round) ||
            was_reported(reported, frame->func, round.endless.pos))
            continue;
        report_loop(look, &round);
    }
}

static void check_task(struct pass *pass, const struct frame *task, struct map *reported)
{
    struct flow *flow = pass->flow;
    if (flow_is_daemon(flow, task) || pass_was_judged(pass, task->parent, task->op, task->func) ||
        flow_is_cancelled(flow, task))
        return;
    struct look look = {.pass = pass, .runs = flow_task_runs(flow, task)};
    find_among_arguments(&look);
    find_among_watched(&look);
    find_in_struct(&look);
    if (!look.stop || look.runs.is_cut)
        return;
    look.uses = look.param && uses_param(&look);
    if (!check_waits(&look, reported))
        check_loops(&look, reported);
}

static void check_program(struct pass *pass)
{
    const struct flow_frame_list *tasks = flow_tasks(pass->flow);
    struct map reported = {.arena = flow_arena(pass->flow)};
    for (size_t i = 0; i < tasks->at.count; i++)
        check_task(pass, tasks->at.at[i], &reported);
}

const struct rule rule_done_ignored = {
    .id = "done-ignored",
    .group = GROUP_LEAK,
    .summary = "a task that is handed a done channel or a context waits or goes round without "
               "watching it",
    .check_program = check_program,
};
