#include "flow/tasks.h"

#include "flow/facts.h"
#include "flow/parties.h"
#include "flow/waits.h"

enum {
    RUN_DEPTH_MAX = 6, /* calls below the task's own function */
    TYPE_DEPTH_MAX = 3,
    STARTS_MAX = 16, /* ways to one spawn on which one function is started */
};

/* ---- the tasks of a program ------------------------------------------------------------------ */

static size_t count_starts(const struct flow_frame_list *tasks, const struct ir_op *spawn,
                           const struct ir_func *func)
{
    size_t count = 0;
    for (size_t i = tasks->at.count; i-- > 0 && tasks->at.at[i]->op == spawn;)
        count += tasks->at.at[i]->func == func;
    return count;
}

static void add_tasks_of(struct flow *flow, struct flow_frame_list *tasks, const struct frame *from,
                         const struct ir_op *spawn)
{
    struct flow_targets targets = flow_callees_in(flow, from, spawn);
    tasks->is_cut |= targets.has_unknown;
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *func = targets.bodies.at[i];
        if (flow_frame_has(from, func))
            continue;
        if (count_starts(tasks, spawn, func) == STARTS_MAX)
            tasks->is_cut = true;
        else
            *vec_add(flow->arena, &tasks->at) = flow_frame(flow, func, from, spawn);
    }
}

/* The shortest ways first: long ones are often made up, of calls through pointers each of which may
 * run any of several functions. */
static void add_tasks_at(struct flow *flow, struct flow_frame_list *tasks,
                         const struct flow_use *spawn)
{
    struct flow_use_frames frames = flow_spawn_frames(flow, spawn->func, spawn->op);
    tasks->is_cut |= frames.is_cut;
    size_t added = 0;
    for (size_t depth = 0; added < frames.at.count; depth++)
        for (size_t i = 0; i < frames.at.count; i++)
            if (frames.at.at[i]->depth == depth) {
                add_tasks_of(flow, tasks, frames.at.at[i], spawn->op);
                added++;
            }
}

const struct flow_frame_list *flow_tasks(struct flow *flow)
{
    if (flow->tasks)
        return flow->tasks;
    flow->tasks = arena_new(flow->arena, struct flow_frame_list);
    size_t count;
    const struct flow_use *spawns = flow_uses(flow, ACT_SPAWN, &count);
    for (size_t i = 0; i < count; i++)
        add_tasks_at(flow, flow->tasks, &spawns[i]);
    return flow->tasks;
}

/* ---- what a task runs ------------------------------------------------------------------------ */

struct walker {
    struct flow *flow;
    struct flow_runs runs;
    struct map visited; /* functions → not NULL */
};

static bool is_first_visit(struct walker *walker, const struct ir_func *func)
{
    void **slot = map_put(&walker->visited, &func, sizeof func);
    bool is_first = !*slot;
    *slot = walker;
    return is_first;
}

static void add_frame(struct walker *walker, const struct frame *frame)
{
    walker->runs.is_cut |= frame->func->incomplete != NULL;
    *vec_add(walker->flow->arena, &walker->runs.frames) = frame;
}

static void add_callees(struct walker *walker, const struct frame *frame, const struct ir_op *op)
{
    struct flow *flow = walker->flow;
    struct flow_targets targets = flow_callees_in(flow, frame, op);
    bool is_deep = frame->depth >= walker->runs.task->depth + RUN_DEPTH_MAX;
    walker->runs.is_cut |= is_deep && targets.bodies.count > 0;
    for (size_t i = 0; i < targets.bodies.count && !is_deep; i++)
        if (is_first_visit(walker, targets.bodies.at[i]))
            add_frame(walker, flow_frame(flow, targets.bodies.at[i], frame, op));
}

static void add_calls(struct walker *walker, const struct frame *frame)
{
    struct flow *flow = walker->flow;
    bool *reached = arena_array(flow->arena, bool, frame->func->block_count);
    flow_reach_in(flow, frame, reached);
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));) {
        if (!reached[op->block])
            continue;
        *vec_add(flow->arena, &walker->runs.ops) = (struct flow_task_op){frame, op};
        if (!op->act || op->act->kind == ACT_INVOKE)
            add_callees(walker, frame, op);
    }
}

struct flow_runs flow_task_runs(struct flow *flow, const struct frame *task)
{
    struct walker walker = {
        .flow = flow, .runs = {.task = task}, .visited = {.arena = flow->arena}};
    is_first_visit(&walker, task->func);
    add_frame(&walker, task);
    for (size_t i = 0; i < walker.runs.frames.count; i++)
        add_calls(&walker, walker.runs.frames.at[i]);
    return walker.runs;
}

/* ---- going round for ever -------------------------------------------------------------------- */

/* Is an operation inside the loop: in its blocks, or below a call there? */
static bool is_inside(const struct flow_round *round, const struct flow_task_op *at)
{
    const struct ir_op *op = at->op;
    const struct frame *frame = at->frame;
    for (; frame && frame->depth >= round->frame->depth; op = frame->op, frame = frame->parent)
        if (frame == round->frame)
            return round->endless.in[op->block];
    return false;
}

/* A program that stops when all is done, or a thread that ends itself, needs no way out of the
 * loop.  Giving up because something failed is none. */
static bool ends_in_good_order(const struct act *act)
{
    if (act->kind == ACT_END_TASK)
        return true;
    const struct ir_expr *status = act->kind == ACT_EXIT ? act->value : NULL;
    return status && !(status->kind == IR_CONST && status->value != 0);
}

static bool is_in_endless_loop(struct flow *flow, const struct flow_use *use)
{
    struct flow_endless endless;
    const struct frame *frame = flow_frame(flow, use->func, NULL, NULL);
    return flow_find_endless(flow, frame, &endless) && endless.in[use->op->block];
}

/* Is it a channel of the program at which nobody does the other half for ever? */
static bool is_left_alone(struct flow *flow, const struct frame *frame,
                          const struct ir_expr *handle, enum act_kind other_half)
{
    struct flow_channel channel;
    if (!handle || !flow_find_channel(flow, frame, handle, &channel))
        return false;
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(flow, other_half, channel.object, use)))
        if (is_in_endless_loop(flow, use))
            return false;
    return true;
}

/* A task that gets stuck at a channel does not go round. */
static bool stays_at_channel(struct flow *flow, const struct frame *frame, const struct act *act)
{
    if (act->kind == ACT_RECV || act->kind == ACT_SEND)
        return !flow_is_bounded(flow, frame, act) &&
               is_left_alone(flow, frame, act->object, act->kind == ACT_RECV ? ACT_SEND : ACT_RECV);
    bool stays = act->kind == ACT_SELECT && act->arms_known;
    for (size_t i = 0; i < act->arm_count && stays; i++)
        stays = is_left_alone(flow, frame, act->arms[i].channel,
                              act->arms[i].kind == ARM_RECV ? ACT_SEND : ACT_RECV);
    return stays;
}

static void gather_inside(struct flow *flow, const struct flow_runs *runs, struct flow_round *round)
{
    for (size_t i = 0; i < runs->ops.count; i++)
        if (is_inside(round, &runs->ops.at[i]))
            *vec_add(flow->arena, &round->ops) = runs->ops.at[i];
}

/* An asm statement may jump out, and what was not understood may as well. */
static bool is_understood(const struct ir_func *func)
{
    return !func->incomplete && !ir_next_op(func, IR_OP_UNKNOWN, NULL);
}

typedef bool find_loop(struct flow *, const struct frame *, struct flow_endless *);

static bool goes_round(struct flow *flow, const struct flow_runs *runs, const struct frame *frame,
                       find_loop *find, struct flow_round *round)
{
    *round = (struct flow_round){.frame = frame};
    if (!is_understood(frame->func) || !find(flow, frame, &round->endless) ||
        round->endless.unclosed)
        return false;
    gather_inside(flow, runs, round);
    for (size_t i = 0; i < round->ops.count; i++) {
        const struct flow_task_op *at = &round->ops.at[i];
        const struct act *act = at->op->act;
        if (!act)
            continue;
        if (ends_in_good_order(act) || flow_waits_for_outside(flow, at->frame, at->op))
            return false;
        round->stays |= stays_at_channel(flow, at->frame, act);
        if (!round->watch && flow_watches(flow, at->frame, at->op))
            round->watch = at;
    }
    return true;
}

bool flow_goes_round(struct flow *flow, const struct flow_runs *runs, const struct frame *frame,
                     struct flow_round *round)
{
    return goes_round(flow, runs, frame, flow_find_endless, round) && !round->stays;
}

bool flow_goes_round_or_stays(struct flow *flow, const struct flow_runs *runs,
                              const struct frame *frame, struct flow_round *round)
{
    return goes_round(flow, runs, frame, flow_find_endless, round);
}

bool flow_goes_round_untold(struct flow *flow, const struct flow_runs *runs,
                            const struct frame *frame, struct flow_round *round)
{
    return goes_round(flow, runs, frame, flow_find_endless_untold, round) && !round->stays;
}

/* ---- being told to stop ---------------------------------------------------------------------- */

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

bool flow_leads_to_context(const struct flow *flow, const struct ir_type *type)
{
    return leads_to_context(flow->models, type, 0);
}

static const struct ir_field *field_of(struct flow *flow, const struct frame *from,
                                       const struct ir_expr *pointer, flow_field_test *wanted,
                                       void *context)
{
    const struct ir_type *type = pointer->type->target;
    if (!type || type->kind != IR_TYPE_RECORD || !type->record)
        return NULL;
    const struct ir_expr *record = ir_deref(flow->arena, type, pointer);
    for (size_t i = 0; i < type->record->field_count; i++) {
        const struct ir_field *field = &type->record->fields[i];
        const struct ir_expr *place =
            ir_field(flow->arena, field->type, record, field->name, field->offset);
        if (wanted(context, field, flow_resolve(flow, from, place)))
            return field;
    }
    return NULL;
}

const struct ir_field *flow_handed_field(struct flow *flow, const struct frame *task,
                                         flow_field_test *wanted, void *context)
{
    const struct act *spawn = task->op->act;
    const struct ir_field *field = NULL;
    for (size_t i = 0; i < spawn->arg_count && !field; i++) {
        const struct ir_expr *arg = spawn->args[i];
        while (arg->kind == IR_CAST)
            arg = arg->a;
        field = field_of(flow, task->parent, arg, wanted, context);
    }
    return field;
}

bool flow_is_cancelled(struct flow *flow, const struct frame *task)
{
    const struct act *spawn = task->op->act;
    if (!spawn->object)
        return false;
    const struct ir_expr *handle = flow_resolve(flow, task->parent, spawn->object);
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(flow, ACT_CANCEL, handle, use)))
        if (use->op->act->object_kind == spawn->object_kind)
            return true;
    return false;
}
