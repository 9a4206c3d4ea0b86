#include "flow/tasks.h"

#include "flow/facts.h"

enum {
    RUN_DEPTH_MAX = 6, /* calls below the task's own function */
    TYPE_DEPTH_MAX = 3,
};

/* ---- the tasks of a program ------------------------------------------------------------------ */

static void add_tasks_of(struct flow *flow, struct flow_frame_list *tasks, const struct frame *from,
                         const struct ir_op *spawn)
{
    struct flow_targets targets = flow_callees_in(flow, from, spawn);
    tasks->is_cut |= targets.has_unknown;
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (!flow_frame_has(from, targets.bodies.at[i]))
            *vec_add(flow->arena, &tasks->at) = flow_frame(flow, targets.bodies.at[i], from, spawn);
}

const struct flow_frame_list *flow_tasks(struct flow *flow)
{
    if (flow->tasks)
        return flow->tasks;
    flow->tasks = arena_new(flow->arena, struct flow_frame_list);
    size_t count;
    const struct flow_use *spawns = flow_uses(flow, ACT_SPAWN, &count);
    for (size_t i = 0; i < count; i++) {
        struct flow_use_frames frames = flow_spawn_frames(flow, spawns[i].func, spawns[i].op);
        flow->tasks->is_cut |= frames.is_cut;
        for (size_t k = 0; k < frames.at.count; k++)
            add_tasks_of(flow, flow->tasks, frames.at.at[k], spawns[i].op);
    }
    return flow->tasks;
}

/* ---- what a task runs ------------------------------------------------------------------------ */

struct runs {
    struct flow *flow;
    struct flow_frame_list list;
    struct map visited; /* functions → not NULL */
};

static bool is_first_visit(struct runs *runs, const struct ir_func *func)
{
    void **slot = map_put(&runs->visited, &func, sizeof func);
    bool is_first = !*slot;
    *slot = runs;
    return is_first;
}

static void add_run(struct runs *runs, const struct frame *frame)
{
    runs->list.is_cut |= frame->func->incomplete != NULL;
    *vec_add(runs->flow->arena, &runs->list.at) = frame;
}

static void add_calls_of(struct runs *runs, const struct frame *task, const struct frame *frame)
{
    struct flow *flow = runs->flow;
    bool *reached = arena_array(flow->arena, bool, frame->func->block_count);
    flow_reach_in(flow, frame, reached);
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));) {
        if (!reached[op->block] || (op->act && op->act->kind != ACT_INVOKE))
            continue;
        struct flow_targets targets = flow_callees_in(flow, frame, op);
        for (size_t i = 0; i < targets.bodies.count; i++) {
            bool is_deep = frame->depth >= task->depth + RUN_DEPTH_MAX;
            runs->list.is_cut |= is_deep;
            if (!is_deep && is_first_visit(runs, targets.bodies.at[i]))
                add_run(runs, flow_frame(flow, targets.bodies.at[i], frame, op));
        }
    }
}

struct flow_frame_list flow_task_runs(struct flow *flow, const struct frame *task)
{
    struct runs runs = {.flow = flow, .visited = {.arena = flow->arena}};
    is_first_visit(&runs, task->func);
    add_run(&runs, task);
    for (size_t i = 0; i < runs.list.at.count; i++)
        add_calls_of(&runs, task, runs.list.at.at[i]);
    return runs.list;
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
