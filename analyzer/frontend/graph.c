/*
 * graph.c - functions under construction: blocks, operations, exits from scopes, loops.
 *
 * Operations of all blocks are kept in one array in the order they were made, linked per block, so
 * that a function costs no more than its finished size.  What leaving a scope does is written as
 * one "exit" and spelt out at the end, when it is known which variables have their address taken: a
 * return out of a thousand variables then costs what it must, not what it could.
 */
#include "frontend/lower.h"

#include <stdlib.h>
#include <string.h>

void *heap_grow(void *at, size_t size, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return at;
    *capacity = *capacity ? *capacity * 2 : 64;
    return xrealloc(at, *capacity * size);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

uint32_t new_block(struct build *build)
{
    struct raw_block *block = heap_add(&build->blocks);
    *block = (struct raw_block){NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM};
    return (uint32_t)build->blocks.count - 1;
}

/* The block that operations go to; after a jump, one that nothing leads to. */
uint32_t current_block(struct build *build)
{
    if (build->current == NO_BLOCK)
        start_block(build, new_block(build));
    return build->current;
}

bool has_incoming(const struct build *build, uint32_t block)
{
    return build->blocks.at[block].incoming != 0;
}

void add_edge(struct build *build, uint32_t from, struct ir_edge edge)
{
    struct raw_edge *raw = heap_add(&build->edges);
    uint32_t id = (uint32_t)build->edges.count - 1;
    *raw = (struct raw_edge){edge, NO_ITEM};
    struct raw_block *block = &build->blocks.at[from];
    if (block->first_edge == NO_ITEM)
        block->first_edge = id;
    else
        build->edges.at[block->last_edge].next = id;
    block->last_edge = id;
    block->edge_count++;
    if (!block->is_dead)
        build->blocks.at[edge.to].incoming++;
}

void end_block(struct build *build, enum ir_end end, const struct ir_expr *value, struct ir_pos pos)
{
    struct raw_block *block = &build->blocks.at[current_block(build)];
    block->end = end;
    block->value = value;
    block->pos = pos;
    block->is_sealed = true;
    build->current = NO_BLOCK;
}

void jump(struct build *build, uint32_t to)
{
    if (build->current == NO_BLOCK)
        return;
    add_edge(build, build->current, (struct ir_edge){.to = to});
    end_block(build, IR_JUMP, NULL, (struct ir_pos){0});
}

void start_block(struct build *build, uint32_t block)
{
    jump(build, block);
    build->current = block;
    build->blocks.at[block].is_dead = build->blocks.at[block].incoming == 0;
    *heap_add(&build->begun) = block;
}

/* Whether a condition's outcome is known: a constant, a string, or the address of a variable. */
static bool is_known(const struct ir_expr *value, bool *outcome)
{
    switch (value->kind) {
    case IR_CONST:
        *outcome = value->value != 0;
        return true;
    case IR_STRING:
        *outcome = true;
        return true;
    case IR_ADDR:
        *outcome = true;
        return value->a->kind == IR_VAR;
    default:
        return false;
    }
}

void branch(struct build *build, const struct ir_expr *value, struct ir_pos pos, uint32_t then,
            uint32_t otherwise)
{
    bool outcome = true;
    uint32_t from = current_block(build);
    if (then == otherwise || is_known(value, &outcome)) {
        jump(build, outcome ? then : otherwise);
        return;
    }
    add_edge(build, from, (struct ir_edge){.to = then});
    add_edge(build, from, (struct ir_edge){.to = otherwise});
    end_block(build, IR_BRANCH, value, pos);
}

/* ---- operations ------------------------------------------------------------------------------ */

static uint32_t add_op(struct build *build, enum ir_op_kind kind, struct ir_pos pos)
{
    uint32_t into = current_block(build);
    struct raw_op *raw = heap_add(&build->ops);
    uint32_t id = (uint32_t)build->ops.count - 1;
    *raw = (struct raw_op){.next = NO_ITEM};
    raw->op.kind = kind;
    raw->op.pos = pos;
    struct raw_block *block = &build->blocks.at[into];
    if (block->first_op == NO_ITEM)
        block->first_op = id;
    else
        build->ops.at[block->last_op].next = id;
    block->last_op = id;
    return id;
}

struct ir_op *emit(struct build *build, enum ir_op_kind kind, struct ir_pos pos)
{
    uint32_t id = add_op(build, kind, pos);
    return &build->ops.at[id].op;
}

void emit_assign(struct build *build, const struct ir_expr *place, const struct ir_expr *value,
                 struct ir_pos pos)
{
    struct ir_op *op = emit(build, IR_OP_ASSIGN, pos);
    op->place = place;
    op->value = value;
}

void emit_unknown(struct build *build, const char *text, struct ir_pos pos)
{
    emit(build, IR_OP_UNKNOWN, pos)->text = text;
}

const struct ir_expr *new_temp(struct build *build, const struct ir_type *type)
{
    return ir_temp(build->arena, type, ++build->temp_count);
}

/* ---- scopes ---------------------------------------------------------------------------------- */

void push_live(struct build *build, struct ir_var *var)
{
    struct live *live = arena_new(&build->source->brief, struct live);
    live->up = build->live;
    live->var = var;
    live->depth = live->up ? live->up->depth + 1 : 1;
    build->live = live;
}

uint32_t emit_exit(struct build *build, struct live *to, struct ir_pos pos)
{
    if (build->live == to)
        return NO_ITEM;
    uint32_t id = add_op(build, IR_OP_END, pos);
    struct raw_op *raw = &build->ops.at[id];
    raw->is_exit = true;
    raw->from = build->live;
    raw->to = to;
    return id;
}

static struct live *common(struct live *a, struct live *b)
{
    while (a != b) {
        if (!b || (a && a->depth > b->depth))
            a = a->up;
        else if (!a || b->depth > a->depth)
            b = b->up;
        else {
            a = a->up;
            b = b->up;
        }
    }
    return a;
}

/* A goto runs what it leaves: all that is alive where it stands and not at its label. */
static void resolve_gotos(struct build *build)
{
    for (size_t i = 0; i < build->gotos.count; i++) {
        if (build->gotos.at[i].op == NO_ITEM)
            continue; /* nothing was alive */
        struct raw_op *exit = &build->ops.at[build->gotos.at[i].op];
        exit->to = common(exit->from, build->gotos.at[i].label->live);
    }
}

static bool is_relevant(const struct live *live)
{
    return live->var->is_address_taken || live->var->cleanup;
}

/* The nearest relevant variable at or above `live`; the way there is remembered. */
static struct live *relevant(struct live *live)
{
    struct live *found = live;
    while (found && !is_relevant(found))
        found = found->has_skip ? found->skip : found->up;
    while (live != found && !live->has_skip) {
        struct live *up = live->up;
        live->skip = found;
        live->has_skip = true;
        live = up;
    }
    return found;
}

/* ---- computed gotos -------------------------------------------------------------------------- */

enum { COMPUTED_EDGES = 100 * 1000 };

static void add_label_edges(struct build *build, uint32_t from)
{
    for (size_t i = 0; i < build->taken_labels.count; i++)
        add_edge(build, from, (struct ir_edge){.to = build->taken_labels.at[i]->block});
}

/* Each leads to every label whose address is taken; where that would be too many edges, by way of
 * one block for all. */
static void resolve_computed(struct build *build)
{
    for (size_t i = 0; i < build->asm_gotos.count; i++)
        for (size_t j = 0; j < build->all_labels.count; j++)
            add_edge(build, build->asm_gotos.at[i],
                     (struct ir_edge){.to = build->all_labels.at[j]->block});
    size_t count = build->computed.count;
    if (count * build->taken_labels.count <= COMPUTED_EDGES) {
        for (size_t i = 0; i < count; i++)
            add_label_edges(build, build->computed.at[i]);
        return;
    }
    uint32_t hub = new_block(build);
    *heap_add(&build->begun) = hub;
    struct raw_block *block = &build->blocks.at[hub];
    block->is_sealed = true;
    block->end = IR_COMPUTED;
    block->value = ir_unknown(build->arena, build->source->unknown_type);
    add_label_edges(build, hub);
    for (size_t i = 0; i < count; i++) {
        build->blocks.at[build->computed.at[i]].end = IR_JUMP;
        add_edge(build, build->computed.at[i], (struct ir_edge){.to = hub});
    }
}

/* ---- loops ----------------------------------------------------------------------------------- */

/* Blocks from the entry, each after the ones before it where no loop forbids; and their numbers. */
struct order {
    uint32_t *blocks;
    uint32_t count;
    uint32_t *number; /* of a block in reverse postorder, NO_BLOCK: not reached */
    uint32_t *dominator;
    bool has_dominators;
    size_t steps; /* spent on finding them */
};

struct frame {
    uint32_t block, edge;
};

static void walk(struct build *build, struct order *order, struct frame *stack)
{
    size_t depth = 0;
    bool *seen = arena_array(&build->source->brief, bool, build->blocks.count);
    stack[depth++] = (struct frame){0, build->blocks.at[0].first_edge};
    seen[0] = true;
    while (depth) {
        struct frame *top = &stack[depth - 1];
        if (top->edge == NO_ITEM) {
            order->blocks[order->count++] = top->block;
            depth--;
            continue;
        }
        const struct raw_edge *edge = &build->edges.at[top->edge];
        top->edge = edge->next;
        if (seen[edge->edge.to])
            continue;
        seen[edge->edge.to] = true;
        stack[depth++] = (struct frame){edge->edge.to, build->blocks.at[edge->edge.to].first_edge};
    }
}

static struct order find_order(struct build *build)
{
    struct arena *scratch = &build->source->brief;
    size_t count = build->blocks.count;
    struct order order = {.blocks = arena_array(scratch, uint32_t, count),
                          .number = arena_array(scratch, uint32_t, count),
                          .dominator = arena_array(scratch, uint32_t, count)};
    walk(build, &order, arena_array(scratch, struct frame, count));
    for (size_t i = 0; i < count; i++)
        order.number[i] = NO_BLOCK;
    for (uint32_t i = 0, j = order.count; i < j--; i++) {
        uint32_t block = order.blocks[i];
        order.blocks[i] = order.blocks[j];
        order.blocks[j] = block;
    }
    for (uint32_t i = 0; i < order.count; i++)
        order.number[order.blocks[i]] = i;
    return order;
}

static uint32_t meet(struct order *order, uint32_t a, uint32_t b)
{
    while (a != b) {
        if (a > b)
            a = order->dominator[a];
        else
            b = order->dominator[b];
        order->steps++;
    }
    return a;
}

/* Immediate dominators, all in numbers of the order; pushed along edges until nothing changes.
 * false: that would take too long, so loops made by goto are not told. */
static bool find_dominators(const struct build *build, struct order *order)
{
    enum { STEPS_MAX = 4 * 1000 * 1000 };
    for (uint32_t i = 0; i < order->count; i++)
        order->dominator[i] = NO_BLOCK;
    order->dominator[0] = 0;
    bool changed = true;
    while (changed && order->steps < STEPS_MAX) {
        changed = false;
        for (uint32_t i = 0; i < order->count && order->steps < STEPS_MAX; i++) {
            uint32_t edge = build->blocks.at[order->blocks[i]].first_edge;
            for (; edge != NO_ITEM; edge = build->edges.at[edge].next) {
                uint32_t to = order->number[build->edges.at[edge].edge.to];
                uint32_t old = order->dominator[to];
                uint32_t now = old == NO_BLOCK ? i : meet(order, old, i);
                changed |= now != old;
                order->dominator[to] = now;
                order->steps++;
            }
        }
    }
    return !changed && order->steps < STEPS_MAX;
}

static bool dominates(const struct order *order, uint32_t a, uint32_t b)
{
    while (b > a)
        b = order->dominator[b];
    return a == b;
}

/* A loop as written counts when something leads back to its head: any edge made after the one that
 * leads in.  A goto backwards makes a loop when there is no way into it but by its label. */
static bool leads_back(const struct order *order, const bool *back, const struct raw_loop *loop)
{
    if (order->number[loop->head] == NO_BLOCK)
        return false;
    if (loop->source == NO_BLOCK)
        return back[loop->head];
    uint32_t source = order->number[loop->source];
    return source != NO_BLOCK && order->has_dominators &&
           dominates(order, order->number[loop->head], source);
}

static void mark_back(struct build *build, const struct order *order, bool *back)
{
    uint32_t *since = arena_array(&build->source->brief, uint32_t, build->blocks.count);
    for (size_t i = 0; i < build->loops.count; i++)
        since[build->loops.at[i].head] = build->loops.at[i].since;
    for (uint32_t i = 0; i < order->count; i++) {
        uint32_t edge = build->blocks.at[order->blocks[i]].first_edge;
        for (; edge != NO_ITEM; edge = build->edges.at[edge].next)
            if (edge >= since[build->edges.at[edge].edge.to])
                back[build->edges.at[edge].edge.to] = true;
    }
}

static void finish_loops(struct build *build)
{
    struct ir_func *func = build->func;
    if (!build->loops.count)
        return;
    struct order order = find_order(build);
    bool has_goto = false;
    for (size_t i = 0; i < build->loops.count; i++)
        has_goto |= build->loops.at[i].source != NO_BLOCK;
    order.has_dominators = has_goto && find_dominators(build, &order);
    bool *back = arena_array(&build->source->brief, bool, build->blocks.count);
    bool *has_loop = arena_array(&build->source->brief, bool, build->blocks.count);
    mark_back(build, &order, back);
    func->loops = arena_array(build->arena, struct ir_loop, build->loops.count);
    for (size_t i = 0; i < build->loops.count; i++) {
        const struct raw_loop *loop = &build->loops.at[i];
        if (!leads_back(&order, back, loop))
            continue;
        if (has_loop[loop->head])
            continue; /* several gotos, one loop */
        has_loop[loop->head] = true;
        func->loops[func->loop_count++] = (struct ir_loop){loop->head, loop->pos};
    }
}

/* ---- finishing ------------------------------------------------------------------------------- */

static struct ir_op *add_out(struct build *build, enum ir_op_kind kind, struct ir_pos pos)
{
    struct ir_op *op = heap_add(&build->out);
    *op = (struct ir_op){.kind = kind, .pos = pos};
    return op;
}

static void add_cleanup(struct build *build, const struct ir_var *var, struct ir_pos pos)
{
    struct arena *arena = build->arena;
    struct ir_op *op = add_out(build, IR_OP_CALL, pos);
    op->is_cleanup = true;
    op->var = var;
    op->callee = ir_symbol(arena, var->cleanup);
    op->args = arena_array(arena, const struct ir_expr *, 1);
    op->args[0] = ir_addr(arena, pointer_to(build->source, var->type), ir_var(arena, var));
    op->arg_count = 1;
    const struct ir_type *type = var->cleanup->type;
    if (type->target && type->target->kind != IR_TYPE_VOID)
        op->temp = ++build->temp_count;
}

/* Whether what leaving a scope does may change the value: it reads memory that others know. */
static bool is_fragile(const struct ir_expr *value)
{
    for (; value; value = value->a) {
        if (value->kind == IR_DEREF || (value->kind == IR_VAR && value->var->is_address_taken))
            return true;
        if (value->kind == IR_SYMBOL && value->symbol->kind == IR_SYMBOL_DATA)
            return true;
        if (value->kind == IR_LITERAL)
            return true;
        if (value->kind == IR_ADDR)
            return false;
        if (value->b && is_fragile(value->b))
            return true;
    }
    return false;
}

/* Of a whole function: a thousand exits out of a thousand variables would be a million. */
enum { ENDS_MAX = 300 * 1000 };

/* A value is computed before its scope is left, so it moves into a temp. */
static void save_value(struct build *build, struct raw_block *block, struct ir_pos pos)
{
    if (!block->value || !is_fragile(block->value))
        return;
    const struct ir_expr *temp = new_temp(build, block->value->type);
    struct ir_op *op = add_out(build, IR_OP_ASSIGN, pos);
    op->place = temp;
    op->value = block->value;
    block->value = temp;
}

static void expand_exit(struct build *build, const struct raw_op *raw, struct raw_block *block)
{
    uint32_t stop = raw->to ? raw->to->depth : 0;
    struct live *live = relevant(raw->from);
    if (raw->is_return && live && live->depth > stop)
        save_value(build, block, raw->op.pos);
    for (; live && live->depth > stop; live = relevant(live->up)) {
        if (build->ends_spelt++ > ENDS_MAX) {
            build_incomplete(build, "too many variables are left at too many places");
            return;
        }
        if (live->var->cleanup)
            add_cleanup(build, live->var, raw->op.pos);
        add_out(build, IR_OP_END, raw->op.pos)->var = live->var;
    }
}

/* Whether the expression may read the variable; a large one counts as if it did. */
static bool may_mention(const struct ir_expr *expr, const struct ir_var *var, unsigned depth)
{
    if (!expr)
        return false;
    if (depth == 0 || expr->kind == IR_LITERAL || (expr->kind == IR_VAR && expr->var == var))
        return true;
    return may_mention(expr->a, var, depth - 1) || may_mention(expr->b, var, depth - 1);
}

/* A variable that gets its value at once, and is known by its name alone, begins with that. */
static bool is_needless(const struct build *build, const struct raw_op *raw)
{
    if (raw->op.kind != IR_OP_BEGIN || raw->op.var->is_address_taken || raw->op.var->cleanup ||
        raw->next == NO_ITEM)
        return false;
    const struct ir_op *next = &build->ops.at[raw->next].op;
    return next->kind == IR_OP_ASSIGN && next->place->kind == IR_VAR &&
           next->place->var == raw->op.var && !may_mention(next->value, raw->op.var, 6);
}

static void finish_ops(struct build *build, struct ir_block *block, struct raw_block *raw)
{
    build->out.count = 0;
    for (uint32_t i = raw->first_op; i != NO_ITEM; i = build->ops.at[i].next) {
        const struct raw_op *op = &build->ops.at[i];
        if (op->is_exit)
            expand_exit(build, op, raw);
        else if (!is_needless(build, op))
            *heap_add(&build->out) = op->op;
    }
    block->op_count = build->out.count;
    if (block->op_count)
        block->ops =
            arena_copy(build->arena, build->out.at, build->out.count * sizeof(struct ir_op));
}

static void finish_edges(struct build *build, struct ir_block *block, const struct raw_block *raw,
                         const uint32_t *number)
{
    block->edge_count = raw->edge_count;
    block->edges = arena_array(build->arena, struct ir_edge, raw->edge_count);
    size_t at = 0;
    for (uint32_t i = raw->first_edge; i != NO_ITEM; i = build->edges.at[i].next) {
        block->edges[at] = build->edges.at[i].edge;
        block->edges[at].to = number[block->edges[at].to];
        at++;
    }
}

/* ---- tidying --------------------------------------------------------------------------------- */

/* Loop heads stay blocks of their own: ir_loop names them. */
static void keep_heads(struct build *build)
{
    for (size_t i = 0; i < build->func->loop_count; i++)
        build->blocks.at[build->func->loops[i].head].is_kept = true;
}

static bool does_nothing(const struct build *build, const struct raw_block *block)
{
    for (uint32_t i = block->first_op; i != NO_ITEM; i = build->ops.at[i].next) {
        const struct raw_op *raw = &build->ops.at[i];
        const struct live *live = raw->is_exit ? relevant(raw->from) : NULL;
        if (!raw->is_exit || (live && live->depth > (raw->to ? raw->to->depth : 0)))
            return false;
    }
    return true;
}

static bool is_empty_jump(const struct build *build, const struct raw_block *block)
{
    return block->is_sealed && block->end == IR_JUMP && !block->is_kept &&
           does_nothing(build, block);
}

/* Where an edge really leads, past blocks that do nothing; the ways met on are shortened too. */
static uint32_t final_target(struct build *build, uint32_t to)
{
    uint32_t end = to;
    size_t steps = 0;
    while (is_empty_jump(build, &build->blocks.at[end]) && steps++ <= build->blocks.count)
        end = build->edges.at[build->blocks.at[end].first_edge].edge.to;
    while (to != end && is_empty_jump(build, &build->blocks.at[to])) {
        struct raw_edge *edge = &build->edges.at[build->blocks.at[to].first_edge];
        to = edge->edge.to;
        edge->edge.to = end;
    }
    return end;
}

/* A condition both of whose ways meet at once decides nothing. */
static void shorten_edges(struct build *build, struct raw_block *block)
{
    for (uint32_t i = block->first_edge; i != NO_ITEM; i = build->edges.at[i].next)
        build->edges.at[i].edge.to = final_target(build, build->edges.at[i].edge.to);
    if (block->end != IR_BRANCH || !block->is_sealed ||
        build->edges.at[block->first_edge].edge.to != build->edges.at[block->last_edge].edge.to)
        return;
    block->end = IR_JUMP;
    block->value = NULL;
    block->pos = (struct ir_pos){0};
    block->edge_count = 1;
    block->last_edge = block->first_edge;
    build->edges.at[block->first_edge].next = NO_ITEM;
}

/* Marks what the entry reaches, counting the edges to each. */
static void mark_reached(struct build *build)
{
    uint32_t *work = arena_array(&build->source->brief, uint32_t, build->blocks.count);
    size_t count = 0;
    for (size_t i = 0; i < build->blocks.count; i++)
        build->blocks.at[i].incoming = 0;
    work[count++] = 0;
    build->blocks.at[0].incoming = 1;
    while (count) {
        struct raw_block *block = &build->blocks.at[work[--count]];
        shorten_edges(build, block);
        uint32_t edge = block->first_edge;
        for (; edge != NO_ITEM; edge = build->edges.at[edge].next) {
            uint32_t to = build->edges.at[edge].edge.to;
            if (build->blocks.at[to].incoming++ == 0)
                work[count++] = to;
        }
    }
}

/* A block that only one jump leads to continues the block before. */
static void absorb(struct build *build, struct raw_block *block)
{
    while (block->is_sealed && block->end == IR_JUMP) {
        struct raw_block *next = &build->blocks.at[build->edges.at[block->first_edge].edge.to];
        if (next == block || next->incoming != 1 || next->is_kept || !next->is_sealed ||
            next == &build->blocks.at[0])
            return;
        if (block->first_op == NO_ITEM)
            block->first_op = next->first_op;
        else if (next->first_op != NO_ITEM)
            build->ops.at[block->last_op].next = next->first_op;
        if (next->first_op != NO_ITEM)
            block->last_op = next->last_op;
        block->first_edge = next->first_edge;
        block->last_edge = next->last_edge;
        block->edge_count = next->edge_count;
        block->end = next->end;
        block->value = next->value;
        block->pos = next->pos;
        next->incoming = 0;
    }
}

/* Reached blocks in the order in which they were begun, which is that of the source. */
static uint32_t order_blocks(struct build *build, uint32_t *order, uint32_t *number)
{
    uint32_t count = 0;
    for (size_t i = 0; i < build->begun.count; i++) {
        struct raw_block *block = &build->blocks.at[build->begun.at[i]];
        if (block->incoming)
            absorb(build, block);
    }
    for (size_t i = 0; i < build->begun.count; i++) {
        uint32_t id = build->begun.at[i];
        if (!build->blocks.at[id].incoming)
            continue;
        number[id] = count;
        order[count++] = id;
    }
    return count;
}

static void finish_block(struct build *build, struct ir_block *block, struct raw_block *raw,
                         const uint32_t *number)
{
    block->end = raw->is_sealed ? raw->end : IR_STOP;
    if (!raw->is_sealed)
        return;
    finish_ops(build, block, raw);
    finish_edges(build, block, raw, number);
    block->pos = raw->pos;
    block->value = raw->value;
}

static void finish_blocks(struct build *build)
{
    struct ir_func *func = build->func;
    struct arena *brief = &build->source->brief;
    uint32_t *order = arena_array(brief, uint32_t, build->blocks.count);
    uint32_t *number = arena_array(brief, uint32_t, build->blocks.count);
    keep_heads(build);
    mark_reached(build);
    func->block_count = order_blocks(build, order, number);
    func->blocks = arena_array(brief, struct ir_block, func->block_count);
    for (uint32_t i = 0; i < func->block_count; i++) {
        func->blocks[i].id = i;
        finish_block(build, &func->blocks[i], &build->blocks.at[order[i]], number);
    }
    for (size_t i = 0; i < func->loop_count; i++)
        func->loops[i].head = number[func->loops[i].head];
}

#define HEAP_RELEASE(vec) (free((vec)->at), (vec)->at = NULL, (vec)->count = (vec)->capacity = 0)

void build_release(struct build *build)
{
    HEAP_RELEASE(&build->blocks);
    HEAP_RELEASE(&build->begun);
    HEAP_RELEASE(&build->ops);
    HEAP_RELEASE(&build->edges);
    HEAP_RELEASE(&build->out);
}

static void check_labels(struct build *build)
{
    for (size_t i = 0; i < build->all_labels.count; i++)
        if (!build->all_labels.at[i]->is_placed) {
            build_incomplete(build, "a label is missing");
            *heap_add(&build->begun) = build->all_labels.at[i]->block;
        }
}

void build_begin(struct build *build, struct source *source, struct arena *arena,
                 struct ir_func *func)
{
    build->source = source;
    build->arena = arena;
    build->func = func;
    build->labels = build;
    build->blocks.count = build->ops.count = build->edges.count = build->vars.count = 0;
    build->loops.count = build->gotos.count = build->computed.count = 0;
    build->asm_gotos.count = build->taken_labels.count = build->all_labels.count = 0;
    build->temp_count = build->literal_count = build->for_count = build->ends_spelt = 0;
    build->depth = 0;
    build->live = NULL;
    build->break_to = build->continue_to = (struct target){NO_BLOCK, NULL};
    build->in_switch = NULL;
    build->printed = NULL;
    build->begun.count = 0;
    build->current = NO_BLOCK;
    start_block(build, new_block(build));
    build->blocks.at[0].is_dead = false;
}

/* Room for so many operations stays for the next function. */
enum { OPS_KEPT = 4096 };

void build_end(struct build *build)
{
    struct ir_func *func = build->func;
    struct arena *arena = build->arena;
    if (build->current != NO_BLOCK) {
        emit_exit(build, NULL, build->exit_pos);
        end_block(build, IR_RETURN, NULL, build->exit_pos);
    }
    check_labels(build);
    resolve_gotos(build);
    resolve_computed(build);
    finish_loops(build);
    func->var_count = build->vars.count;
    if (func->var_count)
        func->vars = arena_copy(arena, build->vars.at, func->var_count * sizeof *func->vars);
    finish_blocks(build);
    func->temp_count = build->temp_count;
    ir_func_finish(arena, func);
    func->blocks = arena_copy(arena, func->blocks, func->block_count * sizeof *func->blocks);
    arena_reset(&build->source->brief);
    decls_clear(&build->source->locals);
    if (build->ops.capacity > OPS_KEPT)
        build_release(build);
}

void build_incomplete(struct build *build, const char *why)
{
    if (!build->func->incomplete)
        build->func->incomplete = arena_strdup(build->arena, why);
}
