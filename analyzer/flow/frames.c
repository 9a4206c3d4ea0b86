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

const struct ir_expr *only_value(const struct ir_func *func, const struct ir_expr *base)
{
    const struct func_facts *facts = facts_of(func);
    if (base->kind == IR_TEMP)
        return facts->temp_value[base->temp];
    bool is_plain = base->kind == IR_VAR && base->var->id < func->var_count &&
                    func->vars[base->var->id] == base->var && base->var->kind == IR_VAR_LOCAL &&
                    !base->var->is_address_taken && facts->var_assigned[base->var->id] == 1;
    const struct ir_expr *value = is_plain ? facts->var_value[base->var->id] : NULL;
    return value && value->kind != IR_LITERAL ? value : NULL;
}

/* What a field of the base holds is not asked for: who has the base has that. */
const struct ir_expr *own_base(struct flow *flow, const struct ir_func *func,
                               const struct ir_expr *handle)
{
    const struct ir_expr *base = base_of(handle);
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        const struct ir_expr *value = only_value(func, base);
        if (!value)
            break;
        base = base_of(value);
    }
    if (base->kind != IR_TEMP || base->type->kind != IR_TYPE_POINTER)
        return base;
    const struct ir_expr **made = &facts_of(func)->temp_base[base->temp];
    if (!*made)
        *made = base_of(flow_resolve(flow, flow_frame(flow, func, NULL, NULL), base));
    return *made;
}

bool is_param_of(const struct ir_expr *base, const struct ir_func *func)
{
    return base->kind == IR_VAR && base->var->id < func->param_count &&
           func->vars[base->var->id] == base->var;
}

bool is_own(struct flow *flow, const struct ir_func *func, const struct ir_expr *base)
{
    if (base->kind != IR_VAR)
        return base->kind == IR_TEMP;
    if (base->var->id == TEMP_VAR_ID)
        return flow_runs(flow, func, ((const struct temp_var *)base->var)->func);
    return base->var->kind != IR_VAR_PARAM && base->var->id < func->var_count &&
           func->vars[base->var->id] == base->var;
}

/* The expression with the arguments of a call in place of the parameters; NULL: it has others. */
static const struct ir_expr *with_arguments(struct flow *flow, const struct ir_func *func,
                                            const struct ir_expr *expr, const struct ir_op *call)
{
    struct arena *arena = flow->arena;
    if (expr->kind == IR_SYMBOL || expr->kind == IR_CONST)
        return expr;
    if (is_param_of(expr, func)) {
        size_t count;
        const struct ir_expr *const *args = site_args(call, &count);
        return expr->var->id < count ? args[expr->var->id] : NULL;
    }
    const struct ir_expr *value = only_value(func, expr);
    if (value)
        return with_arguments(flow, func, value, call);
    const struct ir_expr *a = expr->a ? with_arguments(flow, func, expr->a, call) : NULL;
    if (!a)
        return NULL;
    switch (expr->kind) {
    case IR_FIELD:
        return ir_field(arena, expr->type, a, expr->name, (uint64_t)expr->value);
    case IR_DEREF:
        return ir_deref(arena, expr->type, a);
    case IR_ADDR:
        return ir_addr(arena, expr->type, a);
    case IR_CAST:
        return a;
    default:
        return NULL;
    }
}

/* Is the handle what a field, an element or a pointer holds? */
static bool reads_content(const struct ir_func *func, const struct ir_expr *handle)
{
    for (const struct ir_expr *value; (value = only_value(func, handle));)
        handle = value;
    return handle->kind == IR_FIELD || handle->kind == IR_INDEX || handle->kind == IR_DEREF ||
           handle->kind == IR_CAST || handle->kind == IR_SYMBOL;
}

enum origin flow_origin(struct flow *flow, const struct ir_func *func,
                        const struct ir_expr **handle)
{
    const struct ir_expr *base = own_base(flow, func, *handle);
    if (is_param_of(base, func))
        return ORIGIN_CALLER;
    bool is_own_base = is_own(flow, func, base);
    if ((*handle)->type->kind != IR_TYPE_POINTER || !reads_content(func, *handle))
        return is_own_base ? ORIGIN_OWN : ORIGIN_ELSEWHERE;
    /* A struct of the function's own may hold what its caller handed in. */
    const struct ir_expr *resolved =
        flow_resolve(flow, flow_frame(flow, func, NULL, NULL), *handle);
    if (is_param_of(base_of(resolved), func)) {
        *handle = resolved;
        return ORIGIN_CALLER;
    }
    return is_own_base || is_own(flow, func, base_of(resolved)) ? ORIGIN_OWN : ORIGIN_ELSEWHERE;
}

const struct ir_expr *flow_handle_at_caller(struct flow *flow, const struct ir_func *func,
                                            const struct ir_expr *handle, const struct ir_op *call)
{
    const struct ir_expr *named = with_arguments(flow, func, handle, call);
    if (named)
        return named;
    size_t count;
    const struct ir_expr *const *args = site_args(call, &count);
    const struct ir_expr *base = own_base(flow, func, handle);
    return is_param_of(base, func) && base->var->id < count ? args[base->var->id] : NULL;
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

/* A pointer to what was made, or a struct with one. */
static bool holds_made(struct flow *flow, const struct ir_func *func, const struct ir_expr *value)
{
    for (uint32_t i = 0; value->kind == IR_LITERAL && i < value->element_count; i++)
        if (holds_made(flow, func, value->elements[i].value))
            return true;
    return value->type->kind == IR_TYPE_POINTER && value->kind != IR_LITERAL &&
           is_made(own_base(flow, func, value));
}

static bool look_whether_gives_out(struct flow *flow, const struct ir_func *func)
{
    const struct ir_expr *returned = facts_of(func)->returned;
    if (returned && holds_made(flow, func, returned))
        return true;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));) {
        const struct ir_expr *root = ir_expr_root(op->place);
        bool is_returned = returned && root && returned->type->kind == IR_TYPE_RECORD &&
                           ir_expr_equal(root, returned);
        if ((is_returned || leads_to_caller(func, op->place)) && holds_made(flow, func, op->value))
            return true;
    }
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
    CLIMB_DEPTH_MAX = 16,    /* functions above each other */
    CLIMB_STEPS_MAX = 20000, /* functions entered for one use */
    USE_FRAMES_MAX = 2000,   /* found for one use */
    HANDLES_MAX = 6,         /* the entry and arguments of a spawn that are followed */
};

/* From a use up to who has the object. */
struct climb {
    struct flow *flow;
    struct flow_use_frames *found;
    const struct ir_func *funcs[CLIMB_DEPTH_MAX]; /* from the inside */
    const struct ir_op *calls[CLIMB_DEPTH_MAX];   /* calls[i] of funcs[i + 1] runs funcs[i] */
    size_t depth;
    bool stops_at_owner; /* where the object goes from there is not asked */
    struct map passed;   /* functions, where the object does not depend on the caller */
    size_t steps;
};

/* The functions entered so far, from the outside, are one frame that was looked for. */
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

/* What is followed at once: one handle, or all that a task is handed. */
struct handles {
    const struct ir_expr *at[HANDLES_MAX];
    size_t count;
};

static void climb_by_handles(struct climb *, const struct ir_func *, const struct handles *);

/* Those of the handles that came in from the caller, as it names them. */
static struct handles handed_in(struct climb *climb, const struct ir_func *func,
                                const struct handles *handles, const struct flow_site *site)
{
    struct handles outer = {0};
    for (size_t i = 0; i < handles->count; i++) {
        const struct ir_expr *handle = handles->at[i];
        if (flow_origin(climb->flow, func, &handle) != ORIGIN_CALLER)
            continue;
        handle = flow_handle_at_caller(climb->flow, func, handle, site->op);
        if (handle)
            outer.at[outer.count++] = handle;
    }
    return outer;
}

static bool all_from_caller(struct climb *climb, const struct ir_func *func,
                            const struct handles *handles)
{
    for (size_t i = 0; i < handles->count; i++) {
        const struct ir_expr *handle = handles->at[i];
        if (flow_origin(climb->flow, func, &handle) != ORIGIN_CALLER)
            return false;
    }
    return handles->count > 0;
}

/* Handed in by the callers: each may have another object. */
static void climb_by_params(struct climb *climb, const struct ir_func *func,
                            const struct handles *handles)
{
    size_t count, before = climb->found->at.count;
    const struct flow_site *sites = flow_callers(climb->flow, func, &count);
    for (size_t i = 0; i < count; i++) {
        struct handles outer = handed_in(climb, func, handles, &sites[i]);
        if (is_entered(climb, sites[i].func)) {
            /* Handed down unchanged it is the same object, else it may be any. */
            climb->found->is_cut |= !all_from_caller(climb, sites[i].func, &outer);
            continue;
        }
        if (!enter(climb, sites[i].func, sites[i].op))
            continue;
        if (outer.count > 0)
            climb_by_handles(climb, sites[i].func, &outer);
        else
            emit(climb);
        climb->depth--;
    }
    if (climb->found->at.count == before && !climb->found->is_cut)
        emit(climb);
}

/* Made here, and kept here or given out to the callers. */
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

static void climb_by_handles(struct climb *climb, const struct ir_func *func,
                             const struct handles *handles)
{
    enum origin first = ORIGIN_ELSEWHERE;
    for (size_t i = 0; i < handles->count; i++) {
        const struct ir_expr *handle = handles->at[i];
        enum origin origin = flow_origin(climb->flow, func, &handle);
        if (origin == ORIGIN_CALLER) {
            climb_by_params(climb, func, handles);
            return;
        }
        first = i == 0 ? origin : first;
    }
    if (climb->stops_at_owner)
        emit(climb);
    else if (first == ORIGIN_OWN)
        climb_to_keepers(climb, func);
    else
        climb_to_tasks(climb, func);
}

/* `key` is what the answer is kept under: the address of the use, or of the spawn. */
static const struct flow_use_frames *climb_from(struct climb *climb, const void *key,
                                                const struct ir_func *func,
                                                const struct handles *handles)
{
    struct flow *flow = climb->flow;
    climb->found = arena_new(flow->arena, struct flow_use_frames);
    climb->passed.arena = flow->arena;
    if (enter(climb, func, NULL)) {
        if (handles->count > 0)
            climb_by_handles(climb, func, handles);
        else
            emit(climb);
    }
    *map_put(&flow->use_frames, &key, sizeof key) = climb->found;
    return climb->found;
}

struct flow_use_frames flow_use_frames(struct flow *flow, const struct flow_use *use)
{
    const struct flow_use_frames *found = map_get(&flow->use_frames, &use, sizeof use);
    if (!found) {
        struct climb climb = {.flow = flow};
        struct handles handles = {{use->object}, 1};
        found = climb_from(&climb, use, use->func, &handles);
    }
    return *found;
}

/* The entry is followed first: which function it is decides most. */
struct flow_use_frames flow_spawn_frames(struct flow *flow, const struct ir_func *func,
                                         const struct ir_op *spawn)
{
    const struct flow_use_frames *found = map_get(&flow->use_frames, &spawn, sizeof spawn);
    if (!found) {
        struct climb climb = {.flow = flow, .stops_at_owner = true};
        struct handles handles = {0};
        if (spawn->act->entry)
            handles.at[handles.count++] = spawn->act->entry;
        for (size_t i = 0; i < spawn->act->arg_count && handles.count < HANDLES_MAX; i++)
            handles.at[handles.count++] = spawn->act->args[i];
        found = climb_from(&climb, spawn, func, &handles);
    }
    return *found;
}
