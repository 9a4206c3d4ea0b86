#include "flow/points.h"

#include "flow/constraints.h"
#include "flow/facts.h"

#include <stdlib.h>

static struct solver *solution_of(struct flow *flow)
{
    if (!flow->solution)
        flow->solution = constraints_solve(flow);
    return flow->solution;
}

static const struct object *object_at(const struct solver *solution, uint64_t target)
{
    return solver_object(solution, target_object(target));
}

/* ---- where an expression leads --------------------------------------------------------------- */

struct answer {
    struct flow *flow;
    struct solver *solution;
    VEC(uint64_t) targets;
    bool has_unknown, is_any; /* as in struct points */
};

static void add_value(struct answer *, const struct ir_expr *);

static void add_target(struct answer *answer, uint64_t target)
{
    if (target_object(target) == OUTSIDE_OBJECT) {
        answer->has_unknown = true;
        return;
    }
    for (size_t i = 0; i < answer->targets.count; i++)
        if (answer->targets.at[i] == target)
            return;
    if (answer->targets.count == TARGETS_MAX)
        answer->has_unknown = true;
    else
        *vec_add(answer->flow->arena, &answer->targets) = target;
}

/* A cell into which nothing was ever put holds what code out of sight put there. */
static void add_content(struct answer *answer, uint32_t cell)
{
    if (cell == OUTSIDE_NODE) {
        answer->has_unknown = answer->is_any = true;
        return;
    }
    struct target_set set = solver_targets(answer->solution, cell);
    answer->has_unknown |= set.is_any || set.count == 0;
    answer->is_any |= set.is_any;
    for (size_t i = 0; i < set.count; i++)
        add_target(answer, set.at[i]);
}

static bool find_variable(const struct answer *answer, const struct ir_var *var, uint32_t *object)
{
    if (var->id != TEMP_VAR_ID)
        return solver_find_variable(answer->solution, var, object);
    const struct temp_var *temp = (const struct temp_var *)var;
    *object = solver_temp(temp->func, temp->temp);
    return true;
}

static void add_object(struct answer *answer, bool is_found, uint32_t object)
{
    if (is_found)
        add_target(answer, target_at(object, 0));
    else
        answer->has_unknown = true;
}

static void add_place(struct answer *, const struct ir_expr *);

static void add_part(struct answer *answer, const struct ir_expr *place, int64_t offset)
{
    struct answer whole = {.flow = answer->flow, .solution = answer->solution};
    add_place(&whole, place);
    answer->has_unknown |= whole.has_unknown;
    for (size_t i = 0; i < whole.targets.count; i++)
        add_target(answer, solver_moved(answer->solution, whole.targets.at[i], offset));
}

/* The addresses that a resolved place may have. */
static void add_place(struct answer *answer, const struct ir_expr *place)
{
    uint32_t object;
    switch (place->kind) {
    case IR_VAR: {
        bool is_found = find_variable(answer, place->var, &object);
        add_object(answer, is_found, object);
        break;
    }
    case IR_SYMBOL:
        add_object(answer, true, solver_static(answer->solution, place->symbol));
        break;
    case IR_FIELD:
        add_part(answer, place->a, place->value);
        break;
    case IR_INDEX:
        add_part(answer, place->a, constraints_index_offset(place));
        break;
    case IR_DEREF:
        add_value(answer, place->a);
        break;
    default:
        answer->has_unknown = true;
    }
}

static void add_function(struct answer *answer, const struct ir_symbol *symbol)
{
    uint32_t object = OUTSIDE_OBJECT;
    const struct ir_func *body = flow_body(answer->flow, symbol);
    bool is_found = body && solver_find_function(answer->solution, body, &object);
    add_object(answer, is_found, object);
}

static void add_content_of_place(struct answer *answer, const struct ir_expr *value)
{
    struct answer place = {.flow = answer->flow, .solution = answer->solution};
    add_place(&place, value);
    answer->has_unknown |= place.has_unknown;
    for (size_t i = 0; i < place.targets.count; i++)
        add_content(answer, solver_find_cell(answer->solution, place.targets.at[i]));
}

static void add_value(struct answer *answer, const struct ir_expr *value)
{
    if (value->kind == IR_ADDR)
        add_place(answer, value->a);
    else if (value->kind == IR_SYMBOL && value->symbol->kind == IR_SYMBOL_FUNCTION)
        add_function(answer, value->symbol);
    else if (value->kind == IR_CAST)
        add_value(answer, value->a);
    else if (constraints_is_place(value))
        add_content_of_place(answer, value);
    else if (value->kind != IR_CONST && value->kind != IR_STRING)
        answer->has_unknown = true;
}

static int compare_targets(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static struct points find_points(struct flow *flow, const struct ir_expr *pointer)
{
    struct answer answer = {.flow = flow, .solution = solution_of(flow)};
    add_value(&answer, pointer);
    if (answer.targets.count > 1)
        qsort(answer.targets.at, answer.targets.count, sizeof *answer.targets.at, compare_targets);
    return (struct points){answer.targets.at, answer.targets.count, answer.has_unknown,
                           answer.is_any};
}

/* Writes down what of a value decides where it leads; 0: that is too long. */
enum { KEY_WORDS = 32 };

static size_t write_key(const struct ir_expr *value, uint64_t *words)
{
    size_t count = 0;
    for (; count + 2 <= KEY_WORDS; value = value->a) {
        words[count++] = value->kind;
        switch (value->kind) {
        case IR_VAR:
            words[count++] = (uintptr_t)value->var;
            return count;
        case IR_SYMBOL:
            words[count++] = (uintptr_t)value->symbol;
            return count;
        case IR_FIELD:
            words[count++] = (uint64_t)value->value;
            break;
        case IR_INDEX:
            words[count++] = (uint64_t)constraints_index_offset(value);
            break;
        case IR_ADDR:
        case IR_CAST:
        case IR_DEREF:
            break;
        default:
            return count;
        }
    }
    return 0;
}

struct points flow_points(struct flow *flow, const struct ir_expr *resolved)
{
    uint64_t key[KEY_WORDS];
    if (resolved->type->kind != IR_TYPE_POINTER)
        return (struct points){.has_unknown = true};
    size_t count = write_key(resolved, key);
    if (count == 0)
        return find_points(flow, resolved);
    struct points *points = map_get(&flow->points, key, count * sizeof *key);
    if (!points) {
        points = arena_new(flow->arena, struct points);
        *points = find_points(flow, resolved);
        *map_put(&flow->points, key, count * sizeof *key) = points;
    }
    return *points;
}

struct points flow_points_in(struct flow *flow, const struct ir_func *func,
                             const struct ir_expr *expr)
{
    return flow_points(flow, flow_resolve(flow, flow_frame(flow, func, NULL, NULL), expr));
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Does the program have only one of it at any time, as far as one run of its root goes? */
static bool is_single(struct flow *flow, const struct object *object)
{
    if (object->is_many || object->site == ALLOC_OUTSIDE)
        return false;
    const struct ir_func *func = object->func;
    const struct ir_op *op = object->op;
    for (int depth = 0; func && func->symbol && object->site != ALLOC_FUNCTION; depth++) {
        if (depth > FRAME_DEPTH_MAX || (op && flow_loop_of(flow, func, op->block) != 0))
            return false;
        size_t count;
        const struct flow_site *sites = flow_callers(flow, func, &count);
        if (count != 1)
            return count == 0;
        func = sites[0].func;
        op = sites[0].op;
    }
    return true;
}

static bool share_target(const struct points *a, const struct points *b)
{
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->at[i] == b->at[j])
            return true;
        if (a->at[i] < b->at[j])
            i++;
        else
            j++;
    }
    return false;
}

static bool has_escaped(struct flow *flow, const struct points *points)
{
    for (size_t i = 0; i < points->count; i++)
        if (object_at(solution_of(flow), points->at[i])->is_escaped)
            return true;
    return false;
}

bool flow_points_meet(struct flow *flow, const struct points *a, const struct points *b)
{
    return share_target(a, b) || (a->is_any && has_escaped(flow, b)) ||
           (b->is_any && has_escaped(flow, a));
}

enum flow_same flow_points_compare(struct flow *flow, const struct points *a,
                                   const struct points *b)
{
    bool is_known = !a->has_unknown && !b->has_unknown;
    if (!share_target(a, b))
        return is_known ? FLOW_DIFFERENT : FLOW_MAYBE;
    bool is_one = is_known && a->count == 1 && b->count == 1 &&
                  is_single(flow, object_at(solution_of(flow), a->at[0]));
    return is_one ? FLOW_SAME : FLOW_MAYBE;
}

/* ---- holders and makers ---------------------------------------------------------------------- */

bool flow_points_static(struct flow *flow, const struct points *points)
{
    for (size_t i = 0; i < points->count; i++)
        if (object_at(solution_of(flow), points->at[i])->site == ALLOC_STATIC)
            return true;
    return false;
}

bool flow_points_handed_out(struct flow *flow, const struct points *points)
{
    for (size_t i = 0; i < points->count; i++)
        if (object_at(solution_of(flow), points->at[i])->is_handed_out)
            return true;
    return false;
}

bool flow_points_seen_whole(struct flow *flow, const struct points *points)
{
    return !points->has_unknown && !has_escaped(flow, points);
}

bool flow_is_called_outside(struct flow *flow, const struct ir_func *func)
{
    struct answer answer = {.flow = flow, .solution = solution_of(flow)};
    add_function(&answer, func->symbol);
    struct points points = {.at = answer.targets.at, .count = answer.targets.count};
    return has_escaped(flow, &points);
}

const struct ir_op *flow_points_maker(struct flow *flow, const struct points *points,
                                      const struct ir_func **func)
{
    if (points->count != 1 || points->has_unknown || target_offset(points->at[0]) != 0)
        return NULL;
    const struct object *object = object_at(solution_of(flow), points->at[0]);
    if (object->site != ALLOC_CALL || !object->op->act)
        return NULL;
    if (func)
        *func = object->func;
    return object->op;
}
