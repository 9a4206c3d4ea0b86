/*
 * spawn-without-done: a task that can wait or go round for ever, and that nobody can tell to stop:
 * it takes no done channel and no context, directly or inside what it is handed.
 *
 * Reported are tasks with a loop that has no way out, and tasks that wait where nothing in sight is
 * sure to end the wait.  A loop's way out counts when it can be taken: not on a condition that does
 * not change in the loop, not on the close of a channel that nobody closes, not by ending the whole
 * process because something failed.
 *
 * Fine: a task that plainly ends (every loop can be left, every wait ends by code in sight); a task
 * that watches a done channel, a context or a flag, wherever it has it from; a thread that somebody
 * cancels; a task marked as a daemon; locks, wait groups and joins, which end with those they wait
 * for.
 *
 * Unseen: whether the done channel is watched everywhere (done-ignored), and whether anybody closes
 * it (done-never-closed).
 */
#include "flow/known.h"
#include "rules/rule.h"

#include <string.h>

enum { CALL_DEPTH_MAX = 6, TYPE_DEPTH_MAX = 3 };

/* What was found in one task, as spawned from one frame. */
struct look {
    struct pass *pass;
    const struct ir_op *spawn;
    size_t task_depth;   /* of the task's own frame */
    struct map visited;  /* the functions it runs, by address */
    bool can_be_stopped; /* it watches something, or all that it does could not be seen */
    const struct ir_func *loop_func, *park_func; /* the first of each, with its place */
    struct ir_pos loop_pos, park_pos;
    const struct ir_op *park;
    const struct ir_op *unclosed; /* the loop ends only when what this receives from is closed */
};

/* ---- channels ------------------------------------------------------------------------------ */

static bool is_zero(const struct ir_expr *expr)
{
    return expr && expr->kind == IR_CONST && expr->value == 0;
}

static const struct act *maker_of(const struct ir_expr *resolved, const struct ir_func **func)
{
    const struct ir_op *op = flow_made_by(resolved, func);
    return op ? op->act : NULL;
}

static bool has_use(struct flow *flow, enum act_kind kind, const struct ir_expr *object)
{
    return flow_next_use(flow, kind, object, NULL) != NULL;
}

/* A channel that carries nothing: made without room for a value, or only ever closed. */
static bool is_done_channel(struct flow *flow, const struct ir_expr *resolved)
{
    const struct act *maker = maker_of(resolved, NULL);
    if (maker && maker->kind == ACT_DONE_CHANNEL)
        return true;
    if (maker && maker->kind == ACT_MAKE && is_zero(maker->element_size))
        return true;
    return !is_zero(resolved) && has_use(flow, ACT_CLOSE, resolved) &&
           !has_use(flow, ACT_SEND, resolved) && !flow_escapes(flow, resolved);
}

/* Somebody outside of the program feeds it: ticks, signals. */
static bool is_fed_from_outside(const struct ir_expr *resolved)
{
    const struct act *maker = maker_of(resolved, NULL);
    return maker && maker->is_fed_from_outside;
}

/* The other side goes through with it: it waits for this alone, or comes back until it has it. */
static bool is_sure(struct flow *flow, const struct flow_use *use)
{
    if (flow_loop_of(flow, use->func, use->op->block) != 0)
        return true;
    const struct act *act = use->op->act;
    if (use->arm)
        return act->arm_count == 1;
    return (!act->context || is_zero(act->context)) && !act->timeout_ms;
}

static bool has_sure_use(struct flow *flow, enum act_kind kind, const struct ir_expr *channel)
{
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(flow, kind, channel, use)))
        if (is_sure(flow, use))
            return true;
    return false;
}

static bool receive_ends(struct flow *flow, const struct ir_expr *channel)
{
    if (is_zero(channel))
        return false;
    return is_fed_from_outside(channel) || has_sure_use(flow, ACT_SEND, channel) ||
           has_use(flow, ACT_CLOSE, channel) || flow_escapes(flow, channel);
}

static bool has_room(const struct ir_expr *channel)
{
    const struct act *maker = maker_of(channel, NULL);
    if (!maker || maker->kind != ACT_MAKE || !maker->capacity)
        return false;
    return maker->capacity->kind != IR_CONST || maker->capacity->value > 0;
}

static bool send_ends(struct flow *flow, const struct frame *frame, const struct ir_op *op,
                      const struct ir_expr *channel)
{
    if (is_zero(channel))
        return false;
    bool once = flow_loop_of(flow, frame->func, op->block) == 0;
    return (once && has_room(channel)) || has_sure_use(flow, ACT_RECV, channel) ||
           flow_escapes(flow, channel);
}

/* ---- waits --------------------------------------------------------------------------------- */

static bool select_ends(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    bool ends = !act->arms_known;
    for (size_t i = 0; i < act->arm_count && !ends; i++) {
        const struct act_arm *arm = &act->arms[i];
        if (arm->kind == ARM_RECV && arm->channel)
            ends = receive_ends(flow, flow_resolve(flow, frame, arm->channel));
        else if (arm->kind == ARM_SEND && arm->channel)
            ends = send_ends(flow, frame, op, flow_resolve(flow, frame, arm->channel));
        else
            ends = true;
    }
    return ends;
}

/* Without limit: a time below zero for ever, and no context to end it. */
static bool is_unlimited(struct flow *flow, const struct frame *frame, const struct act *act)
{
    if (!act->timeout_ms)
        return false;
    const struct ir_expr *time = flow_resolve(flow, frame, act->timeout_ms);
    return time->kind == IR_CONST && time->value < 0;
}

/* Somebody else closes or shuts down the descriptor, which ends the call. */
static bool io_ends(struct flow *flow, const struct frame *frame, const struct act *act)
{
    if (!is_unlimited(flow, frame, act) || !act->object)
        return true; /* without one descriptor it waits for several, one of which may be there to
                        end it */
    static const enum act_kind enders[] = {ACT_FREE, ACT_CANCEL};
    const struct ir_expr *object = flow_resolve(flow, frame, act->object);
    for (size_t i = 0; i < COUNT_OF(enders); i++) {
        const struct flow_use *use = NULL;
        while ((use = flow_next_use(flow, enders[i], object, use)))
            if (use->op->act->object_kind == OBJECT_OTHER && !flow_frame_has(frame, use->func))
                return true;
    }
    return false;
}

static bool wait_ends(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    const struct ir_expr *object = act->object ? flow_resolve(flow, frame, act->object) : NULL;
    switch (act->kind) {
    case ACT_RECV:
        return !object || act->timeout_ms || receive_ends(flow, object);
    case ACT_SEND:
        return !object || act->timeout_ms || send_ends(flow, frame, op, object);
    case ACT_SELECT:
        return select_ends(flow, frame, op);
    case ACT_IO:
        return io_ends(flow, frame, act);
    default:
        return true;
    }
}

/* ---- ways to be told to stop --------------------------------------------------------------- */

static bool has_context(struct flow *flow, const struct frame *frame, const struct ir_expr *context)
{
    return context && !is_zero(flow_resolve(flow, frame, context));
}

static bool select_watches(struct flow *flow, const struct frame *frame, const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++) {
        const struct act_arm *arm = &act->arms[i];
        if (arm->context)
            return true;
        if (arm->kind == ARM_RECV && arm->channel &&
            is_done_channel(flow, flow_resolve(flow, frame, arm->channel)))
            return true;
    }
    return false;
}

static bool watches(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    switch (act->kind) {
    case ACT_WATCH:
    case ACT_CHECK_CONTEXT:
    case ACT_DONE_CHANNEL:
        return true;
    case ACT_SELECT:
        return select_watches(flow, frame, act);
    case ACT_RECV:
        if (act->object && is_done_channel(flow, flow_resolve(flow, frame, act->object)))
            return true;
        break;
    default:
        break;
    }
    return act->may_park && has_context(flow, frame, act->context);
}

/* ---- loops --------------------------------------------------------------------------------- */

struct edges {
    struct flow *flow;
    const struct frame *frame;
    const struct ir_op *unclosed; /* the receive of the last edge refused for want of a close */
};

static bool leads_to_failure(const struct ir_func *func, const struct ir_edge *edge)
{
    const struct ir_block *block = &func->blocks[edge->to];
    while (block->end == IR_JUMP && block->edges[0].to > block->id)
        block = &func->blocks[block->edges[0].to];
    if (block->end != IR_STOP || block->op_count == 0)
        return false;
    const struct act *act = block->ops[block->op_count - 1].act;
    if (act && act->kind == ACT_END_TASK)
        return false;
    return !act || !act->value || (act->value->kind == IR_CONST && act->value->value != 0);
}

/* The receive whose result the condition tests, looked at through variables; NULL: none. */
static const struct ir_op *tested_receive(struct flow *flow, const struct frame *frame,
                                          const struct ir_expr *condition)
{
    while (condition->kind == IR_UNARY || condition->kind == IR_CAST ||
           (condition->kind == IR_BINARY && condition->b->kind == IR_CONST))
        condition = condition->a;
    if (condition->kind != IR_TEMP && condition->kind != IR_VAR)
        return NULL;
    const struct ir_func *func;
    const struct ir_op *op = flow_made_by(flow_resolve(flow, frame, condition), &func);
    bool is_receive = op && func == frame->func && op->act && op->act->kind == ACT_RECV;
    return is_receive ? op : NULL;
}

/* Is this edge taken only when the channel is closed, though nobody closes it? */
static bool needs_close_that_never_comes(struct flow *flow, const struct frame *frame,
                                         const struct ir_block *block, const struct ir_edge *edge)
{
    if (block->end != IR_BRANCH || !flow_can(flow, frame->func, ACT_RECV))
        return false;
    const struct ir_op *op = tested_receive(flow, frame, block->value);
    if (!op || !op->act->object || op->act->context || op->act->timeout_ms)
        return false;
    for (size_t i = 0; i < op->act->outcome_count; i++) {
        const struct act_outcome *outcome = &op->act->outcomes[i];
        if (outcome->result != RESULT_CLOSED || outcome->compare != IR_EQ ||
            outcome->what->kind != IR_TEMP)
            continue;
        struct known closed = {0};
        known_add(&closed, outcome->what, outcome->value, outcome->value, outcome->value != 0);
        struct frame root = {.func = frame->func};
        int way = known_decide(flow, &root, &closed, block->value);
        if (way < 0 || edge != &block->edges[way ? 0 : 1])
            return false;
        const struct ir_expr *channel = flow_resolve(flow, frame, op->act->object);
        return is_zero(channel) ||
               (!has_use(flow, ACT_CLOSE, channel) && !flow_escapes(flow, channel));
    }
    return false;
}

/* Is this edge taken, or may it be, when what the branch tests has that value? */
static bool takes_edge_at(struct flow *flow, const struct ir_func *func,
                          const struct ir_block *block, const struct ir_edge *edge, int64_t value)
{
    struct frame root = {.func = func};
    struct known known = {0};
    known_add(&known, known_tested(block->value), value, value, value != 0);
    int way = known_decide(flow, &root, &known, block->value);
    return way < 0 || edge == &block->edges[way ? 0 : 1];
}

/* Is the condition about a static object that nothing sets to a value which takes this edge? */
static bool is_never_set(struct flow *flow, const struct ir_func *func,
                         const struct ir_block *block, const struct ir_edge *edge)
{
    const struct ir_expr *tested = known_tested(block->value);
    if (tested->kind != IR_SYMBOL || !flow_is_private(flow, tested->symbol))
        return false;
    const struct ir_expr *value = flow_stored(flow, tested->symbol, 0);
    if (!value)
        return !takes_edge_at(flow, func, block, edge, 0);
    for (size_t i = 1; value; value = flow_stored(flow, tested->symbol, i++))
        if (value->kind != IR_CONST || takes_edge_at(flow, func, block, edge, value->value))
            return false;
    return true;
}

/* Does the edge leave a loop on a condition that cannot change in it? */
static bool is_stuck_condition(struct flow *flow, const struct ir_func *func,
                               const struct ir_block *block, const struct ir_edge *edge)
{
    uint32_t loop = flow_loop_of(flow, func, block->id);
    if (loop == 0 || block->end != IR_BRANCH ||
        flow_loop_within(flow, func, flow_loop_of(flow, func, edge->to), loop))
        return false;
    return !flow_varies(flow, func, block->value, loop) || is_never_set(flow, func, block, edge);
}

static bool edge_counts(void *context, const struct ir_func *func, const struct ir_block *block,
                        const struct ir_edge *edge)
{
    struct edges *edges = context;
    if (leads_to_failure(func, edge) || is_stuck_condition(edges->flow, func, block, edge))
        return false;
    if (!needs_close_that_never_comes(edges->flow, edges->frame, block, edge))
        return true;
    edges->unclosed = tested_receive(edges->flow, edges->frame, block->value);
    return false;
}

/* ---- looking through a task ---------------------------------------------------------------- */

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
        look->can_be_stopped |= watches(flow, frame, op);
        if (op->act->may_park && !look->park_func && !wait_ends(flow, frame, op)) {
            look->park_func = frame->func;
            look->park_pos = op->pos;
            look->park = op;
        }
        if (op->act->kind != ACT_INVOKE)
            return;
    }
    struct flow_targets targets = flow_callees(flow, frame->func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (frame->depth < CALL_DEPTH_MAX + look->task_depth &&
            !flow_frame_has(frame, targets.bodies.at[i]))
            look_into(look, flow_frame(flow, targets.bodies.at[i], frame, op));
}

static void look_into(struct look *look, const struct frame *frame)
{
    const struct ir_func *func = frame->func;
    if (was_visited(look, func))
        return;
    look->can_be_stopped |= func->incomplete != NULL;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        look_at(look, frame, op);
    struct edges edges = {look->pass->flow, frame, NULL};
    struct flow_trap trap;
    if (!look->loop_func && flow_find_trap(look->pass->flow, func, edge_counts, &edges, &trap)) {
        look->loop_func = func;
        look->loop_pos = trap.pos;
        if (edges.unclosed && trap.in[edges.unclosed->block])
            look->unclosed = edges.unclosed;
    }
}

/* ---- what the task is handed --------------------------------------------------------------- */

/* Does the type lead to a context: itself, pointed to, or in a field? */
static bool leads_to_context(const struct model_set *models, const struct ir_type *type, int depth)
{
    while (type && type->kind == IR_TYPE_POINTER)
        type = type->target;
    if (!type || depth > TYPE_DEPTH_MAX)
        return false;
    if (model_type_kind(models, type) == OBJECT_CONTEXT)
        return true;
    if (type->kind != IR_TYPE_RECORD || !type->record ||
        model_type_kind(models, type) != OBJECT_NONE)
        return false;
    for (size_t i = 0; i < type->record->field_count; i++)
        if (leads_to_context(models, type->record->fields[i].type, depth + 1))
            return true;
    return false;
}

/* A channel that the task closes itself tells others that it has ended, not it to end. */
static bool closes_itself(const struct look *look, const struct ir_expr *channel)
{
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(look->pass->flow, ACT_CLOSE, channel, use)))
        if (map_get(&look->visited, &use->func, sizeof use->func))
            return true;
    return false;
}

static bool takes_done(const struct look *look, const struct frame *task)
{
    struct flow *flow = look->pass->flow;
    const struct ir_func *func = task->func;
    for (size_t i = 0; i < func->param_count; i++)
        if (leads_to_context(flow_models(flow), func->vars[i]->type, 0))
            return true;
    const struct act *act = look->spawn->act;
    for (size_t i = 0; i < act->arg_count; i++) {
        const struct ir_expr *arg = flow_resolve(flow, task->parent, act->args[i]);
        const struct act *maker = maker_of(arg, NULL);
        if (maker && maker->object_kind == OBJECT_CHAN && is_done_channel(flow, arg) &&
            !closes_itself(look, arg))
            return true;
    }
    return false;
}

/* Somebody cancels the thread by its id. */
static bool is_cancelled(const struct look *look, const struct frame *spawner)
{
    struct flow *flow = look->pass->flow;
    const struct ir_expr *handle = look->spawn->act->object;
    return handle && has_use(flow, ACT_CANCEL, flow_resolve(flow, spawner, handle));
}

/* ---- the finding --------------------------------------------------------------------------- */

static void report(const struct look *look, const struct ir_func *spawner,
                   const struct ir_func *body)
{
    struct pass *pass = look->pass;
    bool is_thread = look->spawn->act->object != NULL;
    const char *name = body->symbol->name;
    const char *how = look->loop_func   ? " can run for ever and nobody can stop it: it"
                      : look->park_func ? " can wait for ever and nobody can stop it: it"
                                        : "";
    struct finding *finding =
        pass_report(pass, spawner, look->spawn->pos, CONFIDENCE_LIKELY, "%s '%s'%s %s",
                    is_thread ? "thread" : "task", name, how,
                    is_thread ? "tests no flag that ends it, and nobody cancels it"
                              : "takes no done channel and no context");
    if (look->unclosed)
        pass_note(pass, finding, look->loop_func, look->loop_pos,
                  "this loop ends when '%s' is closed, and nothing in sight closes it",
                  ir_expr_text(pass->arena, look->unclosed->act->object));
    else if (look->loop_func)
        pass_note(pass, finding, look->loop_func, look->loop_pos, "this loop has no way out");
    if (look->park_func)
        pass_note(pass, finding, look->park_func, look->park_pos,
                  "%s can wait here for ever: nothing in sight is sure to end it",
                  look->park->act->word);
    pass_note(pass, finding, body, body->pos,
              is_thread ? "let '%s' test a flag on every round, which whoever starts it can set"
                        : "hand '%s' a done channel or a context as its first parameter, and watch "
                          "it wherever the task waits or goes round",
              name);
}

static bool should_report(struct look *look, const struct frame *task)
{
    if (model_is_daemon(flow_models(look->pass->flow), task->func->symbol) ||
        is_cancelled(look, task->parent))
        return false;
    look->task_depth = task->depth;
    look_into(look, task);
    if (look->can_be_stopped || takes_done(look, task))
        return false;
    return look->loop_func || look->park_func || pass_option(look->pass, "strict");
}

static void check_target(struct pass *pass, const struct ir_func *func, const struct ir_op *op,
                         const struct ir_func *body)
{
    size_t count;
    const struct frame *const *frames = flow_frames(pass->flow, func, &count);
    for (size_t i = 0; i < count; i++) {
        struct look look = {.pass = pass, .spawn = op};
        look.visited.arena = flow_arena(pass->flow);
        if (should_report(&look, flow_frame(pass->flow, body, frames[i], op))) {
            report(&look, func, body);
            return;
        }
    }
}

static void check(struct pass *pass, const struct ir_func *func)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));) {
        if (!op->act || op->act->kind != ACT_SPAWN)
            continue;
        struct flow_targets targets = flow_callees(pass->flow, func, op);
        for (size_t i = 0; i < targets.bodies.count; i++)
            check_target(pass, func, op, targets.bodies.at[i]);
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
    .check = check,
};
