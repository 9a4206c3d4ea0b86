#include "flow/loops.h"

#include "flow/known.h"
#include "flow/waits.h"

struct edges {
    struct flow *flow;
    const struct frame *frame;
    bool is_deaf;                 /* nobody tells the task to stop */
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
    if (act && act->kind == ACT_END_TASK && !act->is_resumed)
        return false;
    return !act || !act->value || (act->value->kind == IR_CONST && act->value->value != 0);
}

/* The operation of the frame's own function whose result the condition tests, looked at through
 * variables; NULL: none. */
static const struct ir_op *tested_op(struct flow *flow, const struct frame *frame,
                                     const struct ir_expr *condition)
{
    while (condition->kind == IR_UNARY || condition->kind == IR_CAST ||
           (condition->kind == IR_BINARY && condition->b->kind == IR_CONST))
        condition = condition->a;
    if (condition->kind != IR_TEMP && condition->kind != IR_VAR)
        return NULL;
    const struct ir_func *func;
    const struct ir_op *op = flow_made_by(flow_resolve(flow, frame, condition), &func);
    return op && func == frame->func && op->act ? op : NULL;
}

static const struct ir_op *tested_receive(struct flow *flow, const struct frame *frame,
                                          const struct ir_expr *condition)
{
    const struct ir_op *op = tested_op(flow, frame, condition);
    return op && op->act->kind == ACT_RECV ? op : NULL;
}

/* Is this edge taken only when the channel is closed, though nobody is sure to close it? */
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
        return ir_is_zero(channel) ||
               (!flow_is_surely_closed(flow, frame, channel) && !flow_is_handed_out(flow, channel));
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

/* Are all values that are assigned to the variable or temp constants that do not take the edge? */
static bool assigns_no_way_out(struct flow *flow, const struct ir_func *func,
                               const struct ir_block *block, const struct ir_edge *edge,
                               const struct ir_expr *to, int depth)
{
    bool is_set = false;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));) {
        if (!ir_expr_equal(op->place, to))
            continue;
        const struct ir_expr *value = op->value;
        while (value->kind == IR_CAST)
            value = value->a;
        bool stays = value->kind == IR_CONST
                         ? !takes_edge_at(flow, func, block, edge, value->value)
                         : value->kind == IR_TEMP && depth < 3 &&
                               assigns_no_way_out(flow, func, block, edge, value, depth + 1);
        if (!stays)
            return false;
        is_set = true;
    }
    return is_set;
}

/* Is the condition about a local variable that is only ever set to constants, none of which takes
 * this edge? */
static bool is_never_reached(struct flow *flow, const struct ir_func *func,
                             const struct ir_block *block, const struct ir_edge *edge)
{
    const struct ir_expr *tested = known_tested(block->value);
    return tested->kind == IR_VAR && tested->var->kind != IR_VAR_PARAM &&
           !tested->var->is_address_taken &&
           !ir_next_op(func, IR_OP_UNKNOWN, NULL) && /* an asm statement, say */
           assigns_no_way_out(flow, func, block, edge, tested, 0);
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
    return !flow_varies(flow, func, block->value, loop) || is_never_set(flow, func, block, edge) ||
           is_never_reached(flow, func, block, edge);
}

/* ---- ways out for who is told to stop ---------------------------------------------------------
 */

static bool switches_to(const struct ir_block *block, const struct ir_edge *edge, int64_t value)
{
    const struct ir_edge *taken = NULL;
    for (size_t i = 0; i < block->edge_count && !taken; i++)
        if (block->edges[i].is_default ||
            (value >= block->edges[i].low && value <= block->edges[i].high))
            taken = &block->edges[i];
    return taken == edge;
}

static bool may_take_at(struct flow *flow, const struct ir_func *func, const struct ir_block *block,
                        const struct ir_edge *edge, int64_t value)
{
    return block->end == IR_SWITCH ? switches_to(block, edge, value)
                                   : takes_edge_at(flow, func, block, edge, value);
}

static bool is_done_arm(struct flow *flow, const struct frame *frame, const struct act_arm *arm)
{
    return arm->context || (arm->kind == ARM_RECV && arm->channel &&
                            flow_is_done_channel(flow, flow_resolve(flow, frame, arm->channel)));
}

/* Is the edge taken by no arm but those of done channels? */
static bool needs_done_arm(struct flow *flow, const struct frame *frame,
                           const struct ir_block *block, const struct ir_edge *edge,
                           const struct act *select)
{
    bool has_done = false;
    for (size_t i = 0; i < select->arm_count; i++)
        if (is_done_arm(flow, frame, &select->arms[i]))
            has_done = true;
        else if (may_take_at(flow, frame->func, block, edge, (int64_t)i))
            return false;
    return has_done && select->arms_known;
}

/* Is the edge taken at no arm of the select whose result is tested? */
static bool needs_arm_that_is_not_there(struct flow *flow, const struct frame *frame,
                                        const struct ir_block *block, const struct ir_edge *edge)
{
    if ((block->end != IR_BRANCH && block->end != IR_SWITCH) ||
        !flow_can(flow, frame->func, ACT_SELECT))
        return false;
    const struct ir_op *op = tested_op(flow, frame, block->value);
    if (!op || op->act->kind != ACT_SELECT || !op->act->arms_known)
        return false;
    for (size_t i = 0; i < op->act->arm_count; i++)
        if (may_take_at(flow, frame->func, block, edge, (int64_t)i))
            return false;
    return true;
}

/* Is the edge taken only when the task is told to stop? */
static bool needs_telling(struct flow *flow, const struct frame *frame,
                          const struct ir_block *block, const struct ir_edge *edge)
{
    if (block->end != IR_BRANCH && block->end != IR_SWITCH)
        return false;
    const struct ir_op *op = tested_op(flow, frame, block->value);
    if (op && op->act->kind == ACT_SELECT)
        return needs_done_arm(flow, frame, block, edge, op->act);
    const struct act_outcome *goes_on = op ? act_outcome_of(op->act, RESULT_OK) : NULL;
    return goes_on && op->act->context && goes_on->compare == IR_EQ &&
           !act_outcome_of(op->act, RESULT_CLOSED) &&
           !may_take_at(flow, frame->func, block, edge, goes_on->value);
}

static bool edge_counts(void *context, const struct ir_func *func, const struct ir_block *block,
                        const struct ir_edge *edge)
{
    struct edges *edges = context;
    if (leads_to_failure(func, edge) || is_stuck_condition(edges->flow, func, block, edge))
        return false;
    if (needs_arm_that_is_not_there(edges->flow, edges->frame, block, edge))
        return false;
    if (edges->is_deaf && needs_telling(edges->flow, edges->frame, block, edge))
        return false;
    if (!needs_close_that_never_comes(edges->flow, edges->frame, block, edge))
        return true;
    edges->unclosed = tested_receive(edges->flow, edges->frame, block->value);
    return false;
}

/* A function called in the loop may end the task: no way out of the loop is needed then. */
static bool may_end_task(struct flow *flow, const struct ir_func *func, const bool *in)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));) {
        if (!in[op->block])
            continue;
        struct flow_targets targets = flow_callees(flow, func, op);
        for (size_t i = 0; i < targets.bodies.count; i++)
            if (flow_can(flow, targets.bodies.at[i], ACT_END_TASK))
                return true;
    }
    return false;
}

/* From there on, does nothing happen any more? */
static bool is_idle_from(struct flow *flow, const struct ir_func *func, uint32_t block)
{
    bool *behind = arena_array(flow->arena, bool, func->block_count);
    flow_reach_from(flow, func, block, behind);
    for (size_t i = 0; i < func->block_count; i++)
        if (behind[i] && func->blocks[i].op_count > 0)
            return false;
    return true;
}

/* `while (1);` in a function that can also end is how some programs stop at an error that must not
 * happen: it is meant, as abort() is. */
static bool leave_out_halts(struct flow *flow, const struct ir_func *func, const bool *in,
                            bool *reached)
{
    bool has_halts = false;
    for (uint32_t i = 0; i < func->block_count && flow_can_end(flow, func); i++)
        if (in[i] && func->blocks[i].op_count == 0 && is_idle_from(flow, func, i)) {
            reached[i] = false;
            has_halts = true;
        }
    return has_halts;
}

static bool find_endless(struct flow *flow, const struct frame *frame, bool is_deaf,
                         struct flow_endless *endless)
{
    struct edges edges = {flow, frame, is_deaf, NULL};
    const struct ir_func *func = frame->func;
    struct flow_trap trap;
    bool *reached = arena_array(flow->arena, bool, func->block_count);
    flow_reach_in(flow, frame, reached);
    bool found = flow_find_trap(flow, func, reached, edge_counts, &edges, &trap);
    if (found && leave_out_halts(flow, func, trap.in, reached))
        found = flow_find_trap(flow, func, reached, edge_counts, &edges, &trap);
    if (!found || may_end_task(flow, func, trap.in))
        return false;
    bool is_inside = edges.unclosed && trap.in[edges.unclosed->block];
    *endless = (struct flow_endless){trap.pos, trap.in, is_inside ? edges.unclosed : NULL};
    return true;
}

bool flow_find_endless(struct flow *flow, const struct frame *frame, struct flow_endless *endless)
{
    return find_endless(flow, frame, false, endless);
}

bool flow_find_endless_untold(struct flow *flow, const struct frame *frame,
                              struct flow_endless *endless)
{
    return find_endless(flow, frame, true, endless);
}

/* ---- recursion without an end ---------------------------------------------------------------- */

/* A call comes back when one of the functions it may run does; by what is known so far. */
static bool comes_back(struct flow *flow, const struct ir_func *func, const struct ir_op *op)
{
    if (op->kind != IR_OP_CALL || (op->act && op->act->kind != ACT_INVOKE))
        return true;
    struct flow_targets targets = flow_callees(flow, func, op);
    bool comes = targets.has_unknown || targets.bodies.count == 0;
    for (size_t i = 0; i < targets.bodies.count; i++)
        comes |= facts_of(targets.bodies.at[i])->can_end;
    return comes;
}

static bool passes(struct flow *flow, const struct ir_func *func, const struct ir_block *block)
{
    for (size_t i = 0; i < block->op_count; i++)
        if (!comes_back(flow, func, &block->ops[i]))
            return false;
    return true;
}

static bool finds_end(struct flow *flow, const struct ir_func *func)
{
    bool *seen = arena_array(flow->arena, bool, func->block_count);
    VEC(uint32_t) work = {0};
    *vec_add(flow->arena, &work) = 0;
    seen[0] = true;
    while (work.count > 0) {
        const struct ir_block *block = &func->blocks[work.at[--work.count]];
        if (!passes(flow, func, block))
            continue;
        if (block->end == IR_RETURN || block->end == IR_STOP)
            return true;
        for (size_t i = 0; i < block->edge_count; i++) {
            if (!seen[block->edges[i].to])
                *vec_add(flow->arena, &work) = block->edges[i].to;
            seen[block->edges[i].to] = true;
        }
    }
    return false;
}

/* The least fixed point: from functions that end by themselves to those that call them. */
static void find_ends(struct flow *flow)
{
    VEC(const struct ir_func *) work = {0};
    for (size_t i = 0; i < flow->funcs.count; i++)
        *vec_add(flow->arena, &work) = flow->funcs.at[i];
    while (work.count > 0) {
        const struct ir_func *func = work.at[--work.count];
        struct func_facts *facts = facts_of(func);
        if (facts->can_end || !finds_end(flow, func))
            continue;
        facts->can_end = true;
        for (size_t i = 0; i < facts->callers.count; i++)
            if (!facts_of(facts->callers.at[i].func)->can_end)
                *vec_add(flow->arena, &work) = facts->callers.at[i].func;
    }
    flow->has_ends = true;
}

bool flow_can_end(struct flow *flow, const struct ir_func *func)
{
    if (!flow->has_ends)
        find_ends(flow);
    return facts_of(func)->can_end;
}
