/*
 * meet.c - where the ways from a branch meet again: immediate post-dominators.
 */
#include "explore/meet.h"

/* The graph against the edges, with the end of the function as its entry.  The head of a loop that
 * never leads to a return is taken for an end, and where there is still none, each stop is. */
struct reverse {
    const struct ir_func *func;
    uint32_t end;    /* the number of the node behind all ends */
    uint32_t *order; /* by block: place in reverse post-order, 0: not part of it */
    uint32_t *nodes; /* in that order */
    uint32_t count;
    bool *is_endless; /* by block: the head of such a loop */
    bool stops_end;
};

static bool is_end(const struct reverse *reverse, const struct ir_block *block)
{
    return block->end == IR_RETURN || reverse->is_endless[block->id] ||
           (reverse->stops_end && block->edge_count == 0);
}

static void visit(struct reverse *reverse, struct arena *arena)
{
    uint32_t n = (uint32_t)reverse->func->block_count, depth = 0, done = n + 1;
    uint32_t *stack = arena_array(arena, uint32_t, n + 1),
             *next = arena_array(arena, uint32_t, n + 1);
    bool *seen = arena_array(arena, bool, n + 1);
    uint32_t *nodes = arena_array(arena, uint32_t, n + 1);
    stack[depth++] = n;
    seen[n] = true;
    while (depth > 0) {
        uint32_t node = stack[depth - 1];
        uint32_t pred = UINT32_MAX;
        if (node == n) {
            while (next[n] < n && !is_end(reverse, &reverse->func->blocks[next[n]]))
                next[n]++;
            if (next[n] < n)
                pred = next[n]++;
        } else if (next[node] < reverse->func->blocks[node].pred_count) {
            pred = reverse->func->blocks[node].preds[next[node]++];
        }
        if (pred == UINT32_MAX) {
            depth--;
            nodes[--done] = node;
        } else if (!seen[pred]) {
            seen[pred] = true;
            stack[depth++] = pred;
        }
    }
    reverse->count = n + 1 - done;
    reverse->nodes = nodes + done;
    for (uint32_t i = 0; i < reverse->count; i++)
        reverse->order[reverse->nodes[i]] = i + 1;
}

static uint32_t common(const struct reverse *reverse, const uint32_t *meet, uint32_t a, uint32_t b)
{
    while (a != b) {
        while (reverse->order[a] > reverse->order[b])
            a = meet[a];
        while (reverse->order[b] > reverse->order[a])
            b = meet[b];
    }
    return a;
}

static uint32_t meet_of_edges(const struct reverse *reverse, const uint32_t *meet,
                              const struct ir_block *block, uint32_t found)
{
    for (size_t i = 0; i < block->edge_count; i++) {
        uint32_t to = block->edges[i].to;
        if (reverse->order[to] == 0 || meet[to] == UINT32_MAX)
            continue;
        found = found == UINT32_MAX ? to : common(reverse, meet, found, to);
    }
    return found;
}

static uint32_t meet_of(const struct reverse *reverse, const uint32_t *meet,
                        const struct ir_block *block)
{
    uint32_t found = is_end(reverse, block) ? reverse->end : UINT32_MAX;
    return meet_of_edges(reverse, meet, block, found);
}

static bool mark_endless(struct reverse *reverse)
{
    bool found = false;
    for (size_t i = 0; i < reverse->func->loop_count; i++) {
        uint32_t head = reverse->func->loops[i].head;
        if (reverse->order[head] == 0)
            found = reverse->is_endless[head] = true;
    }
    return found;
}

uint32_t *meet_find(struct arena *arena, const struct ir_func *func)
{
    uint32_t n = (uint32_t)func->block_count;
    struct reverse reverse = {.func = func, .end = n};
    reverse.order = arena_array(arena, uint32_t, n + 1);
    reverse.is_endless = arena_array(arena, bool, n);
    visit(&reverse, arena);
    if (mark_endless(&reverse))
        visit(&reverse, arena);
    if (reverse.order[0] == 0) {
        reverse.stops_end = true;
        visit(&reverse, arena);
    }
    uint32_t *meet = arena_array(arena, uint32_t, n + 1);
    for (uint32_t i = 0; i <= n; i++)
        meet[i] = UINT32_MAX;
    meet[n] = n;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 1; i < reverse.count; i++) {
            uint32_t block = reverse.nodes[i];
            uint32_t found = meet_of(&reverse, meet, &func->blocks[block]);
            changed |= found != meet[block];
            meet[block] = found;
        }
    }
    /* The ways from the head of an endless loop meet where the next round has them. */
    for (uint32_t i = 0; i < n; i++)
        if (reverse.is_endless[i])
            meet[i] = meet_of_edges(&reverse, meet, &func->blocks[i], UINT32_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (meet[i] == n || reverse.order[i] == 0)
            meet[i] = UINT32_MAX;
    return meet;
}
