#include "flow/counts.h"

#include "flow/duty.h"
#include "flow/facts.h"

struct search {
    struct flow *flow;
    struct flow_count count; /* the one that is being looked at */
    VEC(const struct ir_expr *) visited;
    flow_count_visit *visit;
    void *context;
};

static bool spawns_lowerer(const struct search *search, const struct ir_op *spawn)
{
    struct flow *flow = search->flow;
    struct flow_targets targets = flow_callees_in(flow, search->count.base, spawn);
    struct flow_duty duty = {.flow = flow, .fulfilment = ACT_DONE, .object = search->count.group};
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (!flow_frame_has(search->count.base, body) &&
            flow_duty_may_be_fulfilled(&duty, flow_frame(flow, body, search->count.base, spawn)))
            return true;
    }
    return false;
}

static bool may_raise(struct flow *flow, const struct ir_func *func, const struct ir_op *op)
{
    if (op->act)
        return op->act->kind == ACT_ADD;
    struct flow_targets targets = flow_callees(flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (flow_can(flow, targets.bodies.at[i], ACT_ADD))
            return true;
    return false;
}

/* Is the task spawned in one row with the other one, and counted by the add as well? */
static bool is_in_a_row(const struct search *search, const struct ir_op *op,
                        const struct ir_op *spawn)
{
    struct flow *flow = search->flow;
    const struct ir_func *func = search->count.base->func;
    if (!op->act || op->act->kind != ACT_SPAWN || op->act->counted_by)
        return false;
    return (op == spawn || flow_dominates(flow, func, op, spawn) ||
            flow_dominates(flow, func, spawn, op)) &&
           flow_reaches(flow, func, search->count.raised_at, op);
}

/* Raised once, by one, for several tasks spawned in a row: the last of them to end lowers it. */
static bool is_shared_count(const struct search *search, const struct ir_op *spawn)
{
    struct flow *flow = search->flow;
    const struct ir_func *func = search->count.base->func;
    uint32_t loop = flow_loop_of(flow, func, spawn->block);
    size_t adds = 0, spawns = 0;
    VEC(const struct ir_op *) row = {0};
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));) {
        if (flow_loop_of(flow, func, op->block) != loop)
            continue;
        adds += may_raise(flow, func, op);
        if (is_in_a_row(search, op, spawn))
            *vec_add(flow_arena(flow), &row) = op;
    }
    for (size_t i = 0; row.count > adds && i < row.count; i++)
        spawns += spawns_lowerer(search, row.at[i]);
    return spawns > adds;
}

/* Does the loop hand out work, each item counted, that tasks started elsewhere take? */
static bool hands_out_work(struct flow *flow, const struct ir_func *func, uint32_t loop)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));) {
        if (!flow_loop_within(flow, func, flow_loop_of(flow, func, op->block), loop))
            continue;
        if (op->act && (op->act->kind == ACT_SEND || op->act->kind == ACT_SIGNAL))
            return true;
        struct flow_targets targets = flow_callees(flow, func, op);
        for (size_t i = 0; (!op->act || op->act->kind == ACT_INVOKE) && i < targets.bodies.count;
             i++)
            if (flow_can(flow, targets.bodies.at[i], ACT_SEND) ||
                flow_can(flow, targets.bodies.at[i], ACT_SIGNAL))
                return true;
    }
    return false;
}

static bool is_by_one(const struct act *add)
{
    return !add->count || (add->count->kind == IR_CONST && add->count->value == 1);
}

/* One count for one task: raised by one beside the spawn, or by more than one before a loop. */
static bool counts_each_task(const struct search *search, const struct ir_op *spawn)
{
    struct flow *flow = search->flow;
    const struct ir_func *func = search->count.base->func;
    const struct ir_op *raised_at = search->count.raised_at;
    if (!flow_reaches(flow, func, raised_at, spawn) ||
        (flow_dominates(flow, func, spawn, raised_at) &&
         !flow_dominates(flow, func, raised_at, spawn)))
        return false;
    uint32_t of_add = flow_loop_of(flow, func, raised_at->block);
    uint32_t of_spawn = flow_loop_of(flow, func, spawn->block);
    if (is_by_one(search->count.add->act) && of_add != of_spawn)
        return of_add != 0 && of_spawn != 0 && !flow_loop_within(flow, func, of_spawn, of_add) &&
               !hands_out_work(flow, func, of_add);
    return true;
}

/* Raised by a helper that hands something out as well: it counts that. */
static bool is_item_count(const struct search *search)
{
    struct flow *flow = search->flow;
    const struct ir_func *helper = search->count.raiser->func;
    return search->count.raiser != search->count.base &&
           (flow_can(flow, helper, ACT_SEND) || flow_can(flow, helper, ACT_SIGNAL));
}

/* Raised several times before the spawn, a group is still one group: the nearest add tells. */
static bool was_visited(struct search *search)
{
    for (size_t i = 0; i < search->visited.count; i++)
        if (ir_expr_equal(search->visited.at[i], search->count.group))
            return true;
    *vec_add(flow_arena(search->flow), &search->visited) = search->count.group;
    return false;
}

/* An add at, or in a helper called at, an operation that comes before the spawn. */
static void look_at_add(struct search *search, const struct frame *raiser, const struct ir_op *op,
                        const struct ir_op *spawn)
{
    if (!op->act || op->act->kind != ACT_ADD || !op->act->object)
        return;
    search->count.raiser = raiser;
    search->count.add = op;
    if (!counts_each_task(search, spawn) || is_item_count(search))
        return;
    search->count.group = flow_resolve(search->flow, raiser, op->act->object);
    if (!was_visited(search) && !(is_by_one(op->act) && is_shared_count(search, spawn)))
        search->visit(search->context, &search->count);
}

static void look_at_helper(struct search *search, const struct ir_op *call,
                           const struct ir_op *spawn)
{
    struct flow *flow = search->flow;
    const struct frame *base = search->count.base;
    struct flow_targets targets = flow_callees(flow, base->func, call);
    for (size_t i = 0; !call->act && i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (!flow_can(flow, body, ACT_ADD) || flow_frame_has(base, body))
            continue;
        const struct frame *helper = flow_frame(flow, body, base, call);
        for (const struct ir_op *op = NULL; (op = ir_next_op(body, IR_OP_CALL, op));)
            look_at_add(search, helper, op, spawn);
    }
}

static void find_raisers(struct flow *flow, const struct ir_func *func)
{
    struct func_facts *facts = facts_of(func);
    for (size_t i = 0; !facts->has_raisers && i < facts->calls.count; i++)
        if (may_raise(flow, func, facts->calls.at[i]))
            *vec_add(flow_arena(flow), &facts->raisers) = facts->calls.at[i];
    facts->has_raisers = true;
}

enum { RAISERS_MAX = 64 }; /* before and behind the spawn, of one function */

/* The nearest first; those far off, in a function that does a thousand things, count others. */
static void look_at_raisers(struct search *search, const struct ir_op *behind)
{
    const struct frame *base = search->count.base;
    find_raisers(search->flow, base->func);
    const struct func_facts *facts = facts_of(base->func);
    size_t next = 0;
    while (next < facts->raisers.count && facts->raisers.at[next]->id <= behind->id)
        next++;
    size_t first = next > RAISERS_MAX ? next - RAISERS_MAX : 0;
    size_t end =
        next + RAISERS_MAX < facts->raisers.count ? next + RAISERS_MAX : facts->raisers.count;
    for (size_t i = end; i-- > first;) {
        const struct ir_op *op = facts->raisers.at[i];
        if (op == behind)
            continue;
        search->count.raised_at = op;
        look_at_add(search, base, op, behind);
        look_at_helper(search, op, behind);
    }
}

/* In the function that spawns, then in its callers; the nearest add first. */
void flow_counts_of(struct flow *flow, const struct frame *spawner, const struct ir_op *spawn,
                    const struct ir_func *body, flow_count_visit *visit, void *context)
{
    struct search search = {.flow = flow, .visit = visit, .context = context};
    search.count.spawner = spawner;
    search.count.spawn = spawn;
    search.count.task = flow_frame(flow, body, spawner, spawn);
    const struct ir_op *behind = spawn;
    for (const struct frame *base = spawner; base; behind = base->op, base = base->parent) {
        search.count.base = base;
        look_at_raisers(&search, behind);
    }
}
