/*
 * graph.c - questions about one function's control-flow graph.
 */
#include "flow/facts.h"

#include <string.h>

/* What is computed once per function. */
struct graph {
    uint32_t *idom;  /* by block: the immediate dominator; the entry's is itself */
    uint32_t *loop;  /* by block: the innermost loop, 0: none */
    uint32_t *outer; /* by loop: the loop around it */
    uint32_t loop_count;
};

static uint32_t common_dominator(const uint32_t *idom, const uint32_t *order, uint32_t a,
                                 uint32_t b)
{
    while (a != b) {
        while (order[a] > order[b])
            a = idom[a];
        while (order[b] > order[a])
            b = idom[b];
    }
    return a;
}

/* Blocks in reverse post-order; order[block] is the place in it. */
static size_t reverse_post_order(struct arena *arena, const struct ir_func *func, uint32_t *blocks,
                                 uint32_t *order)
{
    size_t n = func->block_count, depth = 0, done = n;
    uint32_t *stack = arena_array(arena, uint32_t, n), *next = arena_array(arena, uint32_t, n);
    bool *seen = arena_array(arena, bool, n);
    stack[depth++] = 0;
    seen[0] = true;
    while (depth > 0) {
        uint32_t block = stack[depth - 1];
        if (next[block] < func->blocks[block].edge_count) {
            uint32_t to = func->blocks[block].edges[next[block]++].to;
            if (!seen[to]) {
                seen[to] = true;
                stack[depth++] = to;
            }
            continue;
        }
        depth--;
        blocks[--done] = block;
    }
    for (size_t i = done; i < n; i++)
        order[blocks[i]] = (uint32_t)(i - done);
    memmove(blocks, blocks + done, (n - done) * sizeof *blocks);
    return n - done;
}

/* Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", 2001. */
static void find_dominators(struct arena *arena, const struct ir_func *func, uint32_t *idom)
{
    size_t n = func->block_count;
    uint32_t *blocks = arena_array(arena, uint32_t, n), *order = arena_array(arena, uint32_t, n);
    size_t count = reverse_post_order(arena, func, blocks, order);
    for (size_t i = 0; i < n; i++)
        idom[i] = UINT32_MAX;
    idom[0] = 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 1; i < count; i++) {
            const struct ir_block *block = &func->blocks[blocks[i]];
            uint32_t found = UINT32_MAX;
            for (size_t j = 0; j < block->pred_count; j++) {
                uint32_t pred = block->preds[j];
                if (idom[pred] != UINT32_MAX)
                    found = found == UINT32_MAX ? pred : common_dominator(idom, order, found, pred);
            }
            if (found != idom[block->id]) {
                idom[block->id] = found;
                changed = true;
            }
        }
    }
}

static bool block_dominates(const struct graph *graph, uint32_t a, uint32_t b)
{
    while (b != a && b != 0 && graph->idom[b] != UINT32_MAX)
        b = graph->idom[b];
    return a == b;
}

/* The natural loop of a head: all that reaches one of its back edges without passing the head. */
static void fill_loop(struct arena *arena, const struct ir_func *func, struct graph *graph,
                      uint32_t head, bool *in)
{
    VEC(uint32_t) work = {0};
    memset(in, 0, func->block_count);
    in[head] = true;
    const struct ir_block *block = &func->blocks[head];
    for (size_t i = 0; i < block->pred_count; i++)
        if (block_dominates(graph, head, block->preds[i]) && !in[block->preds[i]]) {
            in[block->preds[i]] = true;
            *vec_add(arena, &work) = block->preds[i];
        }
    while (work.count > 0) {
        const struct ir_block *member = &func->blocks[work.at[--work.count]];
        for (size_t i = 0; i < member->pred_count; i++)
            if (!in[member->preds[i]]) {
                in[member->preds[i]] = true;
                *vec_add(arena, &work) = member->preds[i];
            }
    }
}

static bool is_loop_head(const struct graph *graph, const struct ir_block *block)
{
    for (size_t i = 0; i < block->pred_count; i++)
        if (block_dominates(graph, block->id, block->preds[i]))
            return true;
    return false;
}

/* Heads in order of dominance: an outer loop's head comes before those inside of it, so the last
 * loop written to a block is its innermost. */
static void find_loops(struct arena *arena, const struct ir_func *func, struct graph *graph)
{
    size_t n = func->block_count;
    uint32_t *blocks = arena_array(arena, uint32_t, n), *order = arena_array(arena, uint32_t, n);
    bool *in = arena_array(arena, bool, n);
    size_t count = reverse_post_order(arena, func, blocks, order);
    graph->outer = arena_array(arena, uint32_t, n + 1);
    for (size_t i = 0; i < count; i++) {
        if (!is_loop_head(graph, &func->blocks[blocks[i]]))
            continue;
        uint32_t loop = ++graph->loop_count;
        graph->outer[loop] = graph->loop[blocks[i]];
        fill_loop(arena, func, graph, blocks[i], in);
        for (size_t j = 0; j < n; j++)
            if (in[j])
                graph->loop[j] = loop;
    }
}

static struct graph *graph_of(struct flow *flow, const struct ir_func *func)
{
    struct func_facts *facts = facts_of(func);
    if (!facts->graph) {
        facts->graph = arena_new(flow->arena, struct graph);
        facts->graph->idom = arena_array(flow->arena, uint32_t, func->block_count);
        facts->graph->loop = arena_array(flow->arena, uint32_t, func->block_count);
        find_dominators(flow->arena, func, facts->graph->idom);
        find_loops(flow->arena, func, facts->graph);
    }
    return facts->graph;
}

bool flow_dominates(struct flow *flow, const struct ir_func *func, const struct ir_op *from,
                    const struct ir_op *to)
{
    if (from->block == to->block)
        return from->id < to->id;
    return block_dominates(graph_of(flow, func), from->block, to->block);
}

uint32_t flow_loop_of(struct flow *flow, const struct ir_func *func, uint32_t block)
{
    return graph_of(flow, func)->loop[block];
}

bool flow_loop_within(struct flow *flow, const struct ir_func *func, uint32_t inner, uint32_t outer)
{
    const struct graph *graph = graph_of(flow, func);
    while (inner != outer && inner != 0)
        inner = graph->outer[inner];
    return inner == outer;
}

void flow_reach_from(struct flow *flow, const struct ir_func *func, uint32_t block, bool *reached)
{
    VEC(uint32_t) work = {0};
    *vec_add(flow->arena, &work) = block;
    reached[block] = true;
    while (work.count > 0) {
        const struct ir_block *from = &func->blocks[work.at[--work.count]];
        for (size_t i = 0; i < from->edge_count; i++) {
            uint32_t to = from->edges[i].to;
            if (!reached[to]) {
                reached[to] = true;
                *vec_add(flow->arena, &work) = to;
            }
        }
    }
}

bool flow_reaches(struct flow *flow, const struct ir_func *func, const struct ir_op *from,
                  const struct ir_op *to)
{
    if (from->block == to->block && from->id < to->id)
        return true;
    bool *reached = arena_array(flow->arena, bool, func->block_count);
    const struct ir_block *block = &func->blocks[from->block];
    for (size_t i = 0; i < block->edge_count; i++)
        flow_reach_from(flow, func, block->edges[i].to, reached);
    return reached[to->block];
}

/* ---- traps: loops without a way out ---------------------------------------------------------- */

/* A way out is an edge that counts, to a block from which the function can end. */
static void mark_ending(struct arena *arena, const struct ir_func *func, flow_edge_filter *counts,
                        void *context, bool *ends)
{
    VEC(uint32_t) work = {0};
    for (size_t i = 0; i < func->block_count; i++) {
        if (func->blocks[i].end == IR_RETURN || func->blocks[i].end == IR_STOP) {
            ends[i] = true;
            *vec_add(arena, &work) = (uint32_t)i;
        }
    }
    while (work.count > 0) {
        uint32_t to = work.at[--work.count];
        for (size_t i = 0; i < func->blocks[to].pred_count; i++) {
            const struct ir_block *pred = &func->blocks[func->blocks[to].preds[i]];
            bool leads = false;
            for (size_t j = 0; j < pred->edge_count && !leads; j++)
                leads = pred->edges[j].to == to && counts(context, func, pred, &pred->edges[j]);
            if (leads && !ends[pred->id]) {
                ends[pred->id] = true;
                *vec_add(arena, &work) = pred->id;
            }
        }
    }
}

static bool goes_round(struct flow *flow, const struct ir_func *func, uint32_t block,
                       const bool *ends)
{
    uint32_t loop = flow_loop_of(flow, func, block);
    return loop != 0 && !ends[block];
}

static struct ir_pos loop_pos(const struct ir_func *func, const bool *in)
{
    for (size_t i = 0; i < func->loop_count; i++)
        if (in[func->loops[i].head])
            return func->loops[i].pos;
    for (size_t i = 0; i < func->block_count; i++)
        if (in[i] && func->blocks[i].op_count > 0)
            return func->blocks[i].ops[0].pos;
    return func->pos;
}

bool flow_find_trap(struct flow *flow, const struct ir_func *func, const bool *reached,
                    flow_edge_filter *counts, void *context, struct flow_trap *trap)
{
    bool *ends = arena_array(flow->arena, bool, func->block_count);
    mark_ending(flow->arena, func, counts, context, ends);
    bool *in = arena_array(flow->arena, bool, func->block_count), found = false;
    for (uint32_t i = 0; i < func->block_count; i++) {
        in[i] = (!reached || reached[i]) && goes_round(flow, func, i, ends);
        found |= in[i];
    }
    *trap = (struct flow_trap){.in = in};
    if (found)
        trap->pos = loop_pos(func, in);
    return found;
}

/* ---- what can change ------------------------------------------------------------------------- */

static bool assigns_to(const struct ir_op *op, const struct ir_expr *root)
{
    if (op->kind == IR_OP_CALL)
        return root->kind == IR_TEMP && op->temp == root->temp;
    if (op->kind != IR_OP_ASSIGN)
        return false;
    const struct ir_expr *place = ir_expr_root(op->place);
    return place && ir_expr_equal(place, root);
}

/* An address changes with the pointers and indices on its way. */
static bool place_varies(struct flow *flow, const struct ir_func *func, const struct ir_expr *place,
                         uint32_t loop)
{
    for (; place->kind == IR_FIELD || place->kind == IR_INDEX; place = place->a)
        if (place->kind == IR_INDEX && flow_varies(flow, func, place->b, loop))
            return true;
    return place->kind == IR_DEREF && flow_varies(flow, func, place->a, loop);
}

bool flow_varies(struct flow *flow, const struct ir_func *func, const struct ir_expr *expr,
                 uint32_t loop)
{
    if (expr->kind == IR_CONST || expr->kind == IR_STRING)
        return false;
    if (expr->kind == IR_ADDR)
        return place_varies(flow, func, expr->a, loop);
    if (expr->kind == IR_UNARY || expr->kind == IR_CAST)
        return flow_varies(flow, func, expr->a, loop);
    if (expr->kind == IR_BINARY)
        return flow_varies(flow, func, expr->a, loop) || flow_varies(flow, func, expr->b, loop);
    bool is_local = expr->kind == IR_VAR && !expr->var->is_address_taken &&
                    !expr->type->is_volatile && !expr->type->is_atomic;
    if (!is_local && expr->kind != IR_TEMP)
        return true; /* memory: others can write it */
    for (uint32_t i = 0; i < func->block_count; i++) {
        if (!flow_loop_within(flow, func, flow_loop_of(flow, func, i), loop))
            continue;
        for (size_t j = 0; j < func->blocks[i].op_count; j++)
            if (assigns_to(&func->blocks[i].ops[j], expr))
                return true;
    }
    return false;
}
