#include "flow/outside.h"

#include "flow/facts.h"
#include "flow/points.h"

/* Functions that may run at any time, and what is found in them. */
struct outside {
    struct flow *flow;
    struct map *named;
    struct map seen;
    VEC(const struct ir_func *) funcs;
};

static void add_func(struct outside *outside, const struct ir_func *func)
{
    void **seen = map_put(&outside->seen, &func, sizeof func);
    if (!*seen)
        *vec_add(outside->flow->arena, &outside->funcs) = func;
    *seen = outside;
}

static void add_name(struct outside *outside, const struct ir_expr *expr)
{
    while (expr && expr->kind != IR_SYMBOL)
        expr = expr->a;
    if (expr)
        *map_put_str(outside->named, symbol_key(outside->flow->arena, expr->symbol)) = outside;
}

static void look_at_call(struct outside *outside, const struct ir_func *func,
                         const struct ir_op *op)
{
    const struct act *act = op->act;
    for (size_t i = 0; i < op->arg_count; i++)
        add_name(outside, op->args[i]);
    for (size_t i = 0; act && i < act->arm_count; i++)
        add_name(outside, act->arms[i].channel);
    if (act)
        add_name(outside, act->object);
    struct flow_targets callees = flow_callees(outside->flow, func, op);
    for (size_t i = 0; i < callees.bodies.count; i++)
        add_func(outside, callees.bodies.at[i]);
}

static void look_into(struct outside *outside, const struct ir_func *func)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        look_at_call(outside, func, op);
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));)
        add_name(outside, op->value);
}

static struct map *find_names(struct flow *flow)
{
    struct outside outside = {.flow = flow, .named = arena_new(flow->arena, struct map)};
    outside.named->arena = outside.seen.arena = flow->arena;
    for (size_t i = 0; i < flow->funcs.count; i++)
        if (flow->funcs.at[i]->symbol && flow_is_called_outside(flow, flow->funcs.at[i]))
            add_func(&outside, flow->funcs.at[i]);
    for (size_t i = 0; i < outside.funcs.count; i++)
        look_into(&outside, outside.funcs.at[i]);
    return outside.named;
}

bool flow_is_used_outside(struct flow *flow, const struct ir_symbol *symbol)
{
    if (!flow->used_outside)
        flow->used_outside = find_names(flow);
    return map_get_str(flow->used_outside, symbol_key(flow->arena, symbol)) != NULL;
}
