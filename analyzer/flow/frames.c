/*
 * frames.c - in which calls a function runs, and in which of them a handle names another object.
 */
#include "flow/facts.h"

/* ---- frames ---------------------------------------------------------------------------------- */

struct frame *flow_frame(struct flow *flow, const struct ir_func *func, const struct frame *parent,
                         const struct ir_op *op)
{
    struct frame *frame = arena_new(flow->arena, struct frame);
    *frame = (struct frame){func, parent, op, parent ? parent->depth + 1 : 0};
    return frame;
}

bool flow_frame_has(const struct frame *frame, const struct ir_func *func)
{
    for (; frame; frame = frame->parent)
        if (frame->func == func)
            return true;
    return false;
}

static void add_frames_of_site(struct flow *flow, const struct ir_func *func,
                               const struct flow_site *site)
{
    struct func_facts *facts = facts_of(func);
    size_t count;
    const struct frame *const *parents = flow_frames(flow, site->func, &count);
    for (size_t i = 0; i < count && facts->frames.count < FRAMES_MAX; i++)
        if (parents[i]->depth < FRAME_DEPTH_MAX && !flow_frame_has(parents[i], func))
            *vec_add(flow->arena, &facts->frames) = flow_frame(flow, func, parents[i], site->op);
}

const struct frame *const *flow_frames(struct flow *flow, const struct ir_func *func, size_t *count)
{
    struct func_facts *facts = facts_of(func);
    if (!facts->has_frames && !facts->in_frames) {
        facts->in_frames = true;
        flow->frames_depth++;
        for (size_t i = 0; i < facts->callers.count && flow->frames_depth < CALLERS_DEPTH_MAX; i++)
            add_frames_of_site(flow, func, &facts->callers.at[i]);
        if (facts->frames.count == 0)
            *vec_add(flow->arena, &facts->frames) = flow_frame(flow, func, NULL, NULL);
        flow->frames_depth--;
        facts->in_frames = false;
        facts->has_frames = true;
    }
    *count = facts->frames.count;
    return facts->frames.at;
}

/* ---- what a handle starts from --------------------------------------------------------------- */

const struct ir_expr *base_of(const struct ir_expr *handle)
{
    while (handle->kind == IR_ADDR || handle->kind == IR_FIELD || handle->kind == IR_INDEX ||
           handle->kind == IR_DEREF || handle->kind == IR_CAST)
        handle = handle->a;
    return handle;
}

const struct ir_expr *own_base(struct flow *flow, const struct ir_func *func,
                               const struct ir_expr *handle)
{
    return base_of(flow_resolve(flow, flow_frame(flow, func, NULL, NULL), handle));
}

bool is_param_of(const struct ir_expr *base, const struct ir_func *func)
{
    return base->kind == IR_VAR && base->var->id < func->param_count &&
           func->vars[base->var->id] == base->var;
}

bool is_own(struct flow *flow, const struct ir_func *func, const struct ir_expr *base)
{
    if (base->kind != IR_VAR)
        return false;
    if (base->var->id == TEMP_VAR_ID)
        return flow_runs(flow, func, ((const struct temp_var *)base->var)->func);
    return base->var->kind != IR_VAR_PARAM && base->var->id < func->var_count &&
           func->vars[base->var->id] == base->var;
}

/* ---- who keeps what was made ----------------------------------------------------------------- */

static bool is_made(const struct ir_expr *base)
{
    return base->kind == IR_VAR && base->var->id == TEMP_VAR_ID;
}

/* Behind a pointer that the function was handed. */
static bool leads_to_caller(const struct ir_func *func, const struct ir_expr *place)
{
    bool is_behind = false;
    for (; place->kind == IR_FIELD || place->kind == IR_INDEX || place->kind == IR_DEREF;
         place = place->a)
        is_behind |= place->kind == IR_DEREF;
    return is_behind && is_param_of(place, func);
}

static bool look_whether_gives_out(struct flow *flow, const struct ir_func *func)
{
    const struct ir_expr *returned = facts_of(func)->returned;
    if (returned && returned->type->kind == IR_TYPE_POINTER &&
        is_made(own_base(flow, func, returned)))
        return true;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));)
        if (op->value->type->kind == IR_TYPE_POINTER && leads_to_caller(func, op->place) &&
            is_made(own_base(flow, func, op->value)))
            return true;
    return false;
}

bool flow_gives_out(struct flow *flow, const struct ir_func *func)
{
    struct func_facts *facts = facts_of(func);
    if (facts->gives_out == 0) {
        facts->gives_out = -1; /* also for those who ask while this one is being answered */
        if (look_whether_gives_out(flow, func))
            facts->gives_out = 1;
    }
    return facts->gives_out > 0;
}

/* ---- frames of a use ------------------------------------------------------------------------- */

enum {
    CLIMB_DEPTH_MAX = 16,
    CLIMB_STEPS_MAX = 20000,
    USE_FRAMES_MAX = 2000,
};

/* From a use up to who has the object. */
struct climb {
    struct flow *flow;
    struct flow_use_frames *found;
    const struct ir_func *funcs[CLIMB_DEPTH_MAX]; /* from the inside */
    const struct ir_op *calls[CLIMB_DEPTH_MAX];   /* calls[i] of funcs[i + 1] runs funcs[i] */
    size_t depth;
    struct map passed; /* functions, where the object does not depend on the caller */
    size_t steps;
};

static void emit(struct climb *climb)
{
    const struct frame *frame = NULL;
    for (size_t i = climb->depth; i-- > 0;)
        frame = flow_frame(climb->flow, climb->funcs[i], frame, frame ? climb->calls[i] : NULL);
    if (climb->found->at.count == USE_FRAMES_MAX)
        climb->found->is_cut = true;
    else
        *vec_add(climb->flow->arena, &climb->found->at) = frame;
}

static bool is_entered(const struct climb *climb, const struct ir_func *func)
{
    for (size_t i = 0; i < climb->depth; i++)
        if (climb->funcs[i] == func)
            return true;
    return false;
}

static bool enter(struct climb *climb, const struct ir_func *func, const struct ir_op *call)
{
    if (climb->depth == CLIMB_DEPTH_MAX || ++climb->steps > CLIMB_STEPS_MAX) {
        climb->found->is_cut = true;
        return false;
    }
    if (climb->depth > 0)
        climb->calls[climb->depth - 1] = call;
    climb->funcs[climb->depth++] = func;
    return true;
}

static void climb_by_handle(struct climb *, const struct ir_func *, const struct ir_expr *handle);

/* The object came in by a parameter. */
static void climb_by_param(struct climb *climb, const struct ir_func *func, size_t param)
{
    size_t count, before = climb->found->at.count;
    const struct flow_site *sites = flow_callers(climb->flow, func, &count);
    for (size_t i = 0; i < count; i++) {
        size_t arg_count;
        const struct ir_expr *const *args = site_args(sites[i].op, &arg_count);
        const struct ir_expr *arg = param < arg_count ? args[param] : NULL;
        if (is_entered(climb, sites[i].func)) {
            /* Handed down unchanged it is the same object, else it may be any. */
            climb->found->is_cut |=
                !arg || !is_param_of(own_base(climb->flow, sites[i].func, arg), sites[i].func);
            continue;
        }
        if (!enter(climb, sites[i].func, sites[i].op))
            continue;
        if (arg)
            climb_by_handle(climb, sites[i].func, arg);
        else
            emit(climb);
        climb->depth--;
    }
    if (climb->found->at.count == before && !climb->found->is_cut)
        emit(climb);
}

/* Made here, and given out to the callers. */
static void climb_to_keepers(struct climb *climb, const struct ir_func *func)
{
    size_t count, before = climb->found->at.count;
    const struct flow_site *sites = flow_callers(climb->flow, func, &count);
    for (size_t i = 0; i < count && flow_gives_out(climb->flow, func); i++) {
        if (is_entered(climb, sites[i].func))
            climb->found->is_cut = true;
        if (is_entered(climb, sites[i].func) || !enter(climb, sites[i].func, sites[i].op))
            continue;
        climb_to_keepers(climb, sites[i].func);
        climb->depth--;
    }
    if (climb->found->at.count == before && !climb->found->is_cut)
        emit(climb);
}

/* A static object is the same for all callers: each function is passed once, up to the one that
 * spawns the task. */
static void climb_to_tasks(struct climb *climb, const struct ir_func *func)
{
    size_t count;
    const struct flow_site *sites = flow_callers(climb->flow, func, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_spawn = sites[i].kind == SITE_SPAWN;
        if ((!is_spawn && map_get(&climb->passed, &sites[i].func, sizeof sites[i].func)) ||
            is_entered(climb, sites[i].func) || !enter(climb, sites[i].func, sites[i].op))
            continue;
        if (is_spawn) {
            emit(climb);
        } else {
            *map_put(&climb->passed, &sites[i].func, sizeof sites[i].func) = climb;
            climb_to_tasks(climb, sites[i].func);
        }
        climb->depth--;
    }
    if (count == 0)
        emit(climb);
}

static void climb_by_handle(struct climb *climb, const struct ir_func *func,
                            const struct ir_expr *handle)
{
    const struct ir_expr *base = own_base(climb->flow, func, handle);
    if (is_param_of(base, func))
        climb_by_param(climb, func, base->var->id);
    else if (is_own(climb->flow, func, base))
        climb_to_keepers(climb, func);
    else
        climb_to_tasks(climb, func);
}

struct flow_use_frames flow_use_frames(struct flow *flow, const struct flow_use *use)
{
    if (!map_get(&flow->use_frames, &use, sizeof use)) {
        struct flow_use_frames *found = arena_new(flow->arena, struct flow_use_frames);
        struct climb way = {.flow = flow, .found = found, .passed.arena = flow->arena};
        if (enter(&way, use->func, NULL))
            climb_by_handle(&way, use->func, use->object);
        *map_put(&flow->use_frames, &use, sizeof use) = found;
    }
    return *(struct flow_use_frames *)map_get(&flow->use_frames, &use, sizeof use);
}
