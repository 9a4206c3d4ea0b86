/*
 * spawn-without-done: a task that can wait or go round for ever, and that nobody can tell to stop:
 * it takes no done channel and no context, directly or inside what it is handed.
 *
 * Reported are tasks with a loop that has no way out (flow/loops.h), or whose functions call each
 * other on every way, and tasks that wait where nothing in sight is sure to end the wait
 * (flow/waits.h).
 *
 * Fine: a task that plainly ends (every loop can be left, every wait ends by code in sight, or in
 * every execution); a task that watches a done channel, a context or a flag, wherever it has it
 * from; a thread that somebody cancels; a task marked as a daemon; locks, wait groups and joins,
 * which end with those they wait for.
 *
 * Unseen: whether the done channel is watched everywhere (done-ignored), and whether anybody closes
 * it (done-never-closed).
 */
#include "flow/loops.h"
#include "flow/parties.h"
#include "flow/tasks.h"
#include "flow/waits.h"
#include "rules/rule.h"
#include "rules/verdict.h"

enum { CALL_DEPTH_MAX = 6 };

/* What was found in one task, as spawned from one frame. */
struct look {
    struct pass *pass;
    const struct ir_op *spawn;
    size_t task_depth;   /* of the task's own frame */
    struct map visited;  /* the functions it runs → not NULL */
    bool can_be_stopped; /* it watches something, or all that it does could not be seen */
    const struct ir_func *loop_func, *park_func; /* the first of each, with its place */
    struct ir_pos loop_pos, park_pos;
    const struct ir_op *park;        /* the operation at park_pos */
    const struct ir_func *recursive; /* is called again while it runs, at recursive_pos; or NULL */
    struct ir_pos recursive_pos;
    bool never_returns;           /* because of that */
    const struct ir_op *unclosed; /* the loop ends only when what this receives from is closed */
};

/* ---- looking through a task ------------------------------------------------------------------ */

static void look_into(struct look *, const struct frame *);

static bool was_visited(struct look *look, const struct ir_func *func)
{
    void **slot = map_put(&look->visited, &func, sizeof func);
    bool was = *slot != NULL;
    *slot = look;
    return was;
}

static void look_at(struct look *look, const struct frame *frame, const struct ir_op *op)
{
    struct flow *flow = look->pass->flow;
    if (op->act) {
        look->can_be_stopped |= flow_watches(flow, frame, op);
        if (op->act->may_park && !look->park_func && !flow_wait_ends(flow, frame, op) &&
            !verdict_is_clear(look->pass, op)) {
            look->park_func = frame->func;
            look->park_pos = op->pos;
            look->park = op;
        }
        if (op->act->kind != ACT_INVOKE)
            return;
    }
    struct flow_targets targets = flow_callees_in(flow, frame, op);
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (flow_frame_has(frame, body)) {
            look->recursive = body;
            look->recursive_pos = op->pos;
        } else if (frame->depth < CALL_DEPTH_MAX + look->task_depth) {
            look_into(look, flow_frame(flow, body, frame, op));
        }
    }
}

static void look_into(struct look *look, const struct frame *frame)
{
    const struct ir_func *func = frame->func;
    if (was_visited(look, func))
        return;
    look->can_be_stopped |= func->incomplete != NULL;
    struct flow *flow = look->pass->flow;
    bool *reached = arena_array(flow_arena(flow), bool, func->block_count);
    flow_reach_in(flow, frame, reached);
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (reached[op->block])
            look_at(look, frame, op);
    struct flow_endless endless;
    if (!look->loop_func && flow_find_endless(look->pass->flow, frame, &endless)) {
        look->loop_func = func;
        look->loop_pos = endless.pos;
        look->unclosed = endless.unclosed;
    }
}

/* ---- what the task is handed ----------------------------------------------------------------- */

/* A channel that the task closes itself tells others that it has ended, not it to end. */
static bool closes_itself(const struct look *look, const struct ir_expr *channel)
{
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(look->pass->flow, ACT_CLOSE, channel, use)))
        if (map_get(&look->visited, &use->func, sizeof use->func))
            return true;
    return false;
}

static bool is_done(const struct look *look, const struct ir_expr *channel)
{
    return flow_is_done_channel(look->pass->flow, channel) && !closes_itself(look, channel);
}

/* Whether the task watches it is for done-ignored, but somebody has to close it. */
static bool is_done_field(void *context, const struct ir_field *field, const struct ir_expr *value)
{
    const struct look *look = context;
    struct flow *flow = look->pass->flow;
    const struct ir_type *target = field->type->target;
    return target && model_type_kind(flow_models(flow), target) == OBJECT_CHAN &&
           is_done(look, value) && flow_next_use(flow, ACT_CLOSE, value, NULL);
}

static bool takes_done(struct look *look, const struct frame *task)
{
    struct flow *flow = look->pass->flow;
    const struct ir_func *func = task->func;
    for (size_t i = 0; i < func->param_count; i++)
        if (flow_leads_to_context(flow, func->vars[i]->type))
            return true;
    const struct act *act = look->spawn->act;
    for (size_t i = 0; i < act->arg_count; i++) {
        const struct ir_expr *arg = flow_resolve(flow, task->parent, act->args[i]);
        const struct ir_op *maker = flow_made_by(arg, NULL);
        if (maker && maker->act && maker->act->object_kind == OBJECT_CHAN && is_done(look, arg))
            return true;
    }
    return flow_handed_field(flow, task, is_done_field, look) != NULL;
}

/* ---- the finding ----------------------------------------------------------------------------- */

static void note_reasons(const struct look *look, struct finding *finding)
{
    struct pass *pass = look->pass;
    if (look->unclosed)
        pass_note(pass, finding, look->loop_func, look->loop_pos,
                  "this loop ends when '%s' is closed, and nothing in sight is sure to close it",
                  flow_text(pass->arena, look->loop_func, look->unclosed->act->object));
    else if (look->loop_func)
        pass_note(pass, finding, look->loop_func, look->loop_pos, "this loop has no way out");
    if (look->never_returns)
        pass_note(pass, finding, look->recursive, look->recursive_pos,
                  "'%s' is called again on every way", look->recursive->symbol->name);
    if (look->park_func)
        pass_note(pass, finding, look->park_func, look->park_pos,
                  "%s can wait here for ever: nothing in sight is sure to end it",
                  look->park->act->word);
}

static void report(const struct look *look, const struct ir_func *spawner,
                   const struct ir_func *body)
{
    struct pass *pass = look->pass;
    bool is_thread = look->spawn->act->object != NULL;
    const char *name = body->symbol->name;
    const char *how = look->loop_func || look->never_returns
                          ? " can run for ever and nobody can stop it: it"
                      : look->park_func ? " can wait for ever and nobody can stop it: it"
                                        : "";
    struct finding *finding =
        pass_report(pass, spawner, look->spawn->pos, CONFIDENCE_LIKELY, "%s '%s'%s %s",
                    is_thread ? "thread" : "task", name, how,
                    is_thread ? "tests no flag that ends it, and nobody cancels it"
                              : "takes no done channel and no context");
    note_reasons(look, finding);
    pass_note(pass, finding, body, body->pos,
              is_thread ? "let '%s' test a flag on every round, which whoever starts it can set"
                        : "hand '%s' a done channel or a context as its first parameter, and watch "
                          "it wherever the task waits or goes round",
              name);
}

static bool should_report(struct look *look, const struct frame *task)
{
    if (flow_is_daemon(look->pass->flow, task) || flow_is_cancelled(look->pass->flow, task))
        return false;
    look->task_depth = task->depth;
    look_into(look, task);
    look->never_returns = look->recursive && !flow_can_end(look->pass->flow, task->func);
    if (look->can_be_stopped || takes_done(look, task))
        return false;
    return look->loop_func || look->park_func || look->never_returns ||
           pass_option(look->pass, "strict");
}

static bool check_task(struct pass *pass, const struct frame *task)
{
    struct look look = {.pass = pass, .spawn = task->op};
    look.visited.arena = flow_arena(pass->flow);
    if (pass_was_judged(pass, task->parent, task->op, task->func) || !should_report(&look, task))
        return false;
    report(&look, task->parent->func, task->func);
    return true;
}

/* One finding for each function that an operation spawns. */
static void check_program(struct pass *pass)
{
    const struct flow_frame_list *tasks = flow_tasks(pass->flow);
    struct map reported = {.arena = flow_arena(pass->flow)};
    for (size_t i = 0; i < tasks->at.count; i++) {
        const struct frame *task = tasks->at.at[i];
        const void *key[] = {task->op, task->func};
        if (!map_get(&reported, key, sizeof key) && check_task(pass, task))
            *map_put(&reported, key, sizeof key) = pass;
    }
}

static const struct rule_option options[] = {
    {"strict", "report tasks that plainly end as well", false},
    {NULL, NULL, false},
};

const struct rule rule_spawn_without_done = {
    .id = "spawn-without-done",
    .group = GROUP_CONVENTION,
    .summary = "a task that can run for ever and takes no done channel and no context",
    .options = options,
    .check_program = check_program,
};
