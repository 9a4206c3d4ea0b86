#include "explore/scope.h"

#include "flow/points.h"

#include <stdlib.h>
#include <string.h>

enum { DONE_AT = 1 << 29, TARGETS_OF_USE = 16, OBJECTS_OF_SCOPE = 64 };

/* An operation with the objects of its operands: each may be any of a few. */
struct use {
    const struct slice_func *in;
    const struct ir_op *op;
    uint64_t targets[TARGETS_OF_USE];
    size_t count;
    bool is_lock, is_group;
};

struct finder {
    struct flow *flow;
    const struct slice *whole;
    struct arena *arena;
    VEC(struct use) uses;
    VEC(uint64_t) anchors;
};

/* A growing set of objects. */
struct set {
    uint64_t at[OBJECTS_OF_SCOPE];
    size_t count;
    bool has_grown;
};

static bool has(const struct set *set, uint64_t target)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->at[i] == target)
            return true;
    return false;
}

static void add(struct set *set, uint64_t target)
{
    if (has(set, target) || set->count == OBJECTS_OF_SCOPE)
        return;
    set->at[set->count++] = target;
    set->has_grown = true;
}

/* ---- the operations -------------------------------------------------------------------------- */

static void add_targets(struct finder *finder, struct use *use, const struct ir_expr *object)
{
    if (!object || ir_is_zero(object))
        return;
    struct frame *frame = flow_frame(finder->flow, use->in->func, NULL, NULL);
    struct points points = flow_points(finder->flow, flow_resolve(finder->flow, frame, object));
    for (size_t i = 0; i < points.count && use->count < TARGETS_OF_USE; i++)
        use->targets[use->count++] = points.at[i];
}

static void add_use(struct finder *finder, const struct slice_func *in, const struct ir_op *op)
{
    const struct act *act = op->act;
    struct use use = {.in = in, .op = op};
    use.is_lock = act->kind == ACT_LOCK || act->kind == ACT_UNLOCK;
    use.is_group = act->kind == ACT_WAIT || act->kind == ACT_ADD || act->kind == ACT_DONE ||
                   act->kind == ACT_SPAWN || act->kind == ACT_JOIN;
    if (act->kind == ACT_SPAWN)
        add_targets(finder, &use, act->counted_by);
    else
        add_targets(finder, &use, act->object);
    add_targets(finder, &use, act->lock);
    add_targets(finder, &use, act->context);
    for (size_t i = 0; i < act->source_count; i++)
        add_targets(finder, &use, act->sources[i]);
    for (size_t i = 0; i < act->arm_count; i++)
        add_targets(finder, &use, act->arms[i].channel);
    if (use.count)
        *vec_add(finder->arena, &finder->uses) = use;
}

static bool is_wanted(const struct ir_op *op)
{
    if (!op->act)
        return false;
    switch (op->act->kind) {
    case ACT_DERIVE:
    case ACT_DONE_CHANNEL:
        return true;
    case ACT_SPAWN:
        return op->act->counted_by != NULL;
    default:
        return false;
    }
}

static void find_uses(struct finder *finder)
{
    for (size_t i = 0; i < finder->whole->funcs.count; i++) {
        const struct slice_func *in = finder->whole->funcs.at[i];
        for (const struct ir_op *op = ir_next_op(in->func, IR_OP_CALL, NULL); op;
             op = ir_next_op(in->func, IR_OP_CALL, op))
            if (in->is_in_scope[op->id] || is_wanted(op))
                add_use(finder, in, op);
    }
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void find_anchors(struct finder *finder)
{
    for (size_t i = 0; i < finder->uses.count; i++)
        for (size_t k = 0; k < finder->uses.at[i].count; k++)
            *vec_add(finder->arena, &finder->anchors) = finder->uses.at[i].targets[k];
    if (!finder->anchors.count)
        return;
    qsort(finder->anchors.at, finder->anchors.count, sizeof *finder->anchors.at, by_value);
    size_t kept = 1;
    for (size_t i = 1; i < finder->anchors.count; i++)
        if (finder->anchors.at[i] != finder->anchors.at[kept - 1])
            finder->anchors.at[kept++] = finder->anchors.at[i];
    finder->anchors.count = kept;
}

/* ---- growing --------------------------------------------------------------------------------- */

/* Is everything that the operation concerns waited for together? */
static bool ties(const struct ir_op *op)
{
    switch (op->act->kind) {
    case ACT_SELECT:
    case ACT_COND_WAIT:
    case ACT_SEND:
    case ACT_RECV:
    case ACT_WAIT:
    case ACT_DERIVE:
    case ACT_DONE_CHANNEL:
        return true;
    default:
        return false;
    }
}

static bool concerns(const struct set *set, const struct use *use)
{
    for (size_t i = 0; i < use->count; i++)
        if (has(set, use->targets[i]))
            return true;
    return false;
}

/* A context and its done channel are one. */
static void add_twins(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if ((uint32_t)set->at[i] == DONE_AT)
            add(set, set->at[i] - DONE_AT);
        else if ((uint32_t)set->at[i] == 0)
            add(set, set->at[i] + DONE_AT);
}

static void grow(const struct finder *finder, struct set *set)
{
    do {
        set->has_grown = false;
        for (size_t i = 0; i < finder->uses.count; i++) {
            const struct use *use = &finder->uses.at[i];
            if (!ties(use->op) || !concerns(set, use))
                continue;
            for (size_t k = 0; k < use->count; k++)
                add(set, use->targets[k]);
        }
        add_twins(set);
    } while (set->has_grown);
}

static struct scope scope_of(struct finder *finder, const struct set *set)
{
    struct scope scope = {.root = finder->whole->scope->root, .count = set->count};
    uint64_t *objects = arena_copy(finder->arena, set->at, set->count * sizeof *set->at);
    qsort(objects, set->count, sizeof *objects, by_value);
    scope.objects = objects;
    return scope;
}

static bool decides_by_numbers(const struct slice_func *in)
{
    for (size_t b = 0; b < in->func->block_count; b++)
        if (in->end_touches[b])
            return true;
    for (size_t i = 0; i < in->func->op_count; i++)
        if (in->op_touches[i])
            return true;
    return false;
}

/* What orders the tasks that are left, and what guards the numbers they decide by. */
static void add_orders(struct finder *finder, struct set *set)
{
    struct scope scope = scope_of(finder, set);
    struct slice *slice = slice_new(finder->flow, &scope);
    for (size_t i = 0; i < finder->uses.count; i++) {
        const struct use *use = &finder->uses.at[i];
        const struct slice_func *in = slice->funcs.at[use->in->index];
        bool is_wanted_here =
            (use->is_group && in->is_active) || (use->is_lock && decides_by_numbers(in));
        for (size_t k = 0; is_wanted_here && k < use->count; k++)
            add(set, use->targets[k]);
    }
}

static bool is_known(const struct scopes *out, const struct scope *scope)
{
    for (size_t i = 0; i < out->at.count; i++)
        if (out->at.at[i].count == scope->count &&
            memcmp(out->at.at[i].objects, scope->objects,
                   scope->count * sizeof *scope->objects) == 0)
            return true;
    return false;
}

void scopes_find(struct flow *flow, const struct slice *whole, struct scopes *out)
{
    struct finder finder = {.flow = flow, .whole = whole, .arena = flow_arena(flow)};
    find_uses(&finder);
    find_anchors(&finder);
    for (size_t i = 0; i < finder.anchors.count; i++) {
        struct set set = {0};
        add(&set, finder.anchors.at[i]);
        grow(&finder, &set);
        add_orders(&finder, &set);
        grow(&finder, &set);
        struct scope scope = scope_of(&finder, &set);
        if (!is_known(out, &scope))
            *vec_add(finder.arena, &out->at) = scope;
    }
}
