/*
 * build.c - expressions in normal form, finished functions, and small questions about both.
 */
#include "ir/ir.h"

#include <string.h>

/* ---- numbers --------------------------------------------------------------------------------- */

/* Whether constants of this type are folded: what fits into our 64 bits and is no float. */
static bool is_countable(const struct ir_type *type)
{
    switch (type->kind) {
    case IR_TYPE_BOOL:
    case IR_TYPE_POINTER:
        return true;
    case IR_TYPE_INT:
        return type->size >= 1 && type->size <= 8;
    default:
        return false;
    }
}

static bool is_signed_number(const struct ir_type *type)
{
    return type->kind == IR_TYPE_INT && type->is_signed;
}

static unsigned bits_of(const struct ir_type *type)
{
    return type->kind == IR_TYPE_INT ? (unsigned)type->size * 8 : 64;
}

/* `value` as the type holds it: cut to its width, its sign extended where it has one. */
static int64_t wrap(const struct ir_type *type, uint64_t value)
{
    if (!is_countable(type))
        return (int64_t)value;
    if (type->kind == IR_TYPE_BOOL)
        return value != 0;
    unsigned bits = bits_of(type);
    if (bits >= 64)
        return (int64_t)value;
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    value &= mask;
    if (is_signed_number(type) && value >> (bits - 1))
        value |= ~mask;
    return (int64_t)value;
}

static bool fits(const struct ir_type *type, int64_t value)
{
    return wrap(type, (uint64_t)value) == value;
}

/* Signed arithmetic; false where C leaves the result undefined. */
static bool fold_signed(const struct ir_type *type, enum ir_operator op, int64_t a, int64_t b,
                        int64_t *result)
{
    bool overflow = false;
    switch (op) {
    case IR_ADD:
        overflow = __builtin_add_overflow(a, b, result);
        break;
    case IR_SUB:
        overflow = __builtin_sub_overflow(a, b, result);
        break;
    case IR_MUL:
        overflow = __builtin_mul_overflow(a, b, result);
        break;
    case IR_DIV:
    case IR_REM:
        /* INT_MIN / -1 has no value, and the remainder is undefined with it. */
        if (b == 0 || (b == -1 && !fits(type, (int64_t)(0 - (uint64_t)a))) ||
            (b == -1 && a == INT64_MIN))
            return false;
        *result = op == IR_DIV ? a / b : a % b;
        break;
    case IR_SHL:
        if (a < 0 || b < 0 || b >= (int64_t)bits_of(type) || a > INT64_MAX >> b)
            return false;
        *result = a << b;
        break;
    case IR_SHR:
        if (b < 0 || b >= (int64_t)bits_of(type))
            return false;
        *result = a >> b;
        break;
    default:
        return false;
    }
    return !overflow && fits(type, *result);
}

static bool fold_unsigned(const struct ir_type *type, enum ir_operator op, uint64_t a, uint64_t b,
                          uint64_t *result)
{
    switch (op) {
    case IR_ADD:
        *result = a + b;
        return true;
    case IR_SUB:
        *result = a - b;
        return true;
    case IR_MUL:
        *result = a * b;
        return true;
    case IR_DIV:
    case IR_REM:
        if (b == 0)
            return false;
        *result = op == IR_DIV ? a / b : a % b;
        return true;
    case IR_SHL:
    case IR_SHR:
        if (b >= bits_of(type))
            return false;
        *result = op == IR_SHL ? a << b : a >> b;
        return true;
    default:
        return false;
    }
}

/* Casts that keep the value are left out, so operands may differ in type: compare what they mean.
 */
static int compare(const struct ir_expr *a, const struct ir_expr *b)
{
    bool a_huge = a->value < 0 && !is_signed_number(a->type);
    bool b_huge = b->value < 0 && !is_signed_number(b->type);
    if (a_huge != b_huge)
        return a_huge ? 1 : -1;
    return (a->value > b->value) - (a->value < b->value);
}

static bool fold_comparison(enum ir_operator op, int order, int64_t *result)
{
    switch (op) {
    case IR_LT:
        *result = order < 0;
        return true;
    case IR_LE:
        *result = order <= 0;
        return true;
    case IR_GT:
        *result = order > 0;
        return true;
    case IR_GE:
        *result = order >= 0;
        return true;
    case IR_EQ:
        *result = order == 0;
        return true;
    case IR_NE:
        *result = order != 0;
        return true;
    default:
        return false;
    }
}

static bool fold_bits(enum ir_operator op, int64_t a, int64_t b, int64_t *result)
{
    switch (op) {
    case IR_AND:
        *result = a & b;
        return true;
    case IR_OR:
        *result = a | b;
        return true;
    case IR_XOR:
        *result = a ^ b;
        return true;
    default:
        return false;
    }
}

static bool is_number(const struct ir_expr *expr)
{
    return expr->kind == IR_CONST && is_countable(expr->type);
}

static bool fold_binary(const struct ir_type *type, enum ir_operator op, const struct ir_expr *a,
                        const struct ir_expr *b, int64_t *result)
{
    if (!is_number(a) || !is_number(b) || !is_countable(type))
        return false;
    if (fold_comparison(op, compare(a, b), result) || fold_bits(op, a->value, b->value, result))
        return true;
    if (is_signed_number(type))
        return fold_signed(type, op, a->value, b->value, result);
    uint64_t left = (uint64_t)wrap(type, (uint64_t)a->value);
    /* A shift's right side keeps its own type, so a negative count stays one and is not folded. */
    bool is_shift = op == IR_SHL || op == IR_SHR;
    uint64_t right = is_shift ? (uint64_t)b->value : (uint64_t)wrap(type, (uint64_t)b->value);
    uint64_t sum;
    if (!fold_unsigned(type, op, left, right, &sum))
        return false;
    *result = (int64_t)sum;
    return true;
}

static bool fold_unary(const struct ir_type *type, enum ir_operator op, const struct ir_expr *a,
                       int64_t *result)
{
    if (!is_number(a) || !is_countable(type))
        return false;
    switch (op) {
    case IR_NEG:
        if (is_signed_number(type))
            return fold_signed(type, IR_SUB, 0, a->value, result);
        *result = (int64_t)(0 - (uint64_t)a->value);
        return true;
    case IR_BIT_NOT:
        *result = ~a->value;
        return true;
    case IR_NOT:
        *result = a->value == 0;
        return true;
    default:
        return false;
    }
}

/* ---- expressions ----------------------------------------------------------------------------- */

static struct ir_expr *new_expr(struct arena *arena, enum ir_expr_kind kind,
                                const struct ir_type *type)
{
    BUG_ON(!type);
    struct ir_expr *expr = arena_new(arena, struct ir_expr);
    expr->kind = kind;
    expr->type = type;
    return expr;
}

const struct ir_expr *ir_const(struct arena *arena, const struct ir_type *type, int64_t value)
{
    struct ir_expr *expr = new_expr(arena, IR_CONST, type);
    expr->value = wrap(type, (uint64_t)value);
    return expr;
}

const struct ir_expr *ir_var(struct arena *arena, const struct ir_var *var)
{
    struct ir_expr *expr = new_expr(arena, IR_VAR, var->type);
    expr->var = var;
    return expr;
}

const struct ir_expr *ir_symbol(struct arena *arena, const struct ir_symbol *symbol)
{
    struct ir_expr *expr = new_expr(arena, IR_SYMBOL, symbol->type);
    expr->symbol = symbol;
    return expr;
}

const struct ir_expr *ir_temp(struct arena *arena, const struct ir_type *type, uint32_t temp)
{
    struct ir_expr *expr = new_expr(arena, IR_TEMP, type);
    expr->temp = temp;
    return expr;
}

const struct ir_expr *ir_unknown(struct arena *arena, const struct ir_type *type)
{
    return new_expr(arena, IR_UNKNOWN, type);
}

const struct ir_expr *ir_field(struct arena *arena, const struct ir_type *type,
                               const struct ir_expr *record, const char *name, uint64_t offset)
{
    /* `((struct other *)&x)->f`: offsets count from x, whatever it is called there. */
    if (record->kind == IR_DEREF && record->a->kind == IR_ADDR)
        record = record->a->a;
    struct ir_expr *expr = new_expr(arena, IR_FIELD, type);
    expr->a = record;
    expr->name = name;
    expr->value = (int64_t)offset;
    return expr;
}

static unsigned array_depth(const struct ir_type *type)
{
    unsigned depth = 0;
    for (; type && type->kind == IR_TYPE_ARRAY; type = type->target)
        depth++;
    return depth;
}

/* An index either goes into an array, or steps from one object to its neighbour (`p[i]`, where
 * DEREF p is the neighbour); only the first leaves fewer dimensions. */
static bool goes_into(const struct ir_expr *array, const struct ir_type *element)
{
    return array_depth(array->type) > array_depth(element);
}

const struct ir_expr *ir_index(struct arena *arena, const struct ir_type *type,
                               const struct ir_expr *array, const struct ir_expr *index)
{
    if (!goes_into(array, type)) {
        if (ir_is_zero(index))
            return array;
        /* A step from an element leads to another element of the same array. */
        if (array->kind == IR_INDEX) {
            const struct ir_expr *sum =
                ir_is_zero(array->b) ? index
                                     : ir_binary(arena, index->type, IR_ADD, array->b, index);
            return ir_index(arena, type, array->a, sum);
        }
    }
    struct ir_expr *expr = new_expr(arena, IR_INDEX, type);
    expr->a = array;
    expr->b = index;
    return expr;
}

/* Each unit has its own description of a record that several name. */
static bool is_same_record(const struct ir_record *a, const struct ir_record *b)
{
    return a == b || (a && b && *a->name && text_is(a->name, b->name) && a->size == b->size);
}

static bool is_same_shape(const struct ir_type *a, const struct ir_type *b)
{
    return a == b ||
           (a->kind == b->kind && a->size == b->size && is_same_record(a->record, b->record));
}

/* `*x` of a place's own address: the place, or the first element of an array.  NULL where the
 * pointer was cast to something of another shape: that stays DEREF(ADDR x). */
static const struct ir_expr *deref_of_addr(struct arena *arena, const struct ir_type *type,
                                           const struct ir_expr *addr)
{
    const struct ir_expr *place = addr->a;
    if (is_same_shape(place->type, type))
        return place;
    const struct ir_type *element = place->type->target;
    if (place->type->kind != IR_TYPE_ARRAY || !element || !is_same_shape(element, type))
        return NULL;
    struct ir_expr *expr = new_expr(arena, IR_INDEX, type);
    expr->a = place;
    expr->b = ir_const(arena, addr->type, 0); /* an address's type is as wide as any index */
    return expr;
}

const struct ir_expr *ir_deref(struct arena *arena, const struct ir_type *type,
                               const struct ir_expr *pointer)
{
    /* A function designator decays back at once: `(*f)()` is `f()`. */
    if (type->kind == IR_TYPE_FUNCTION)
        return pointer;
    if (pointer->kind == IR_ADDR) {
        const struct ir_expr *place = deref_of_addr(arena, type, pointer);
        if (place)
            return place;
    }
    struct ir_expr *expr = new_expr(arena, IR_DEREF, type);
    expr->a = pointer;
    return expr;
}

const struct ir_expr *ir_addr(struct arena *arena, const struct ir_type *type,
                              const struct ir_expr *place)
{
    if (place->kind == IR_DEREF)
        return place->a;
    if (place->type->kind == IR_TYPE_FUNCTION)
        return place;
    /* `&a[0]` is where `a` is: one form for both. */
    if (place->kind == IR_INDEX && place->type->kind != IR_TYPE_ARRAY &&
        goes_into(place->a, place->type) && ir_is_zero(place->b))
        return ir_addr(arena, type, place->a);
    struct ir_expr *expr = new_expr(arena, IR_ADDR, type);
    expr->a = place;
    return expr;
}

const struct ir_expr *ir_addr_of(struct arena *arena, const struct ir_expr *place)
{
    struct ir_type *pointer = arena_new(arena, struct ir_type);
    *pointer = (struct ir_type){
        .kind = IR_TYPE_POINTER, .name = "", .size = sizeof(void *), .target = place->type};
    return ir_addr(arena, pointer, place);
}

const struct ir_expr *ir_unary(struct arena *arena, const struct ir_type *type, enum ir_operator op,
                               const struct ir_expr *a)
{
    int64_t value;
    if (fold_unary(type, op, a, &value))
        return ir_const(arena, type, value);
    struct ir_expr *expr = new_expr(arena, IR_UNARY, type);
    expr->op = op;
    expr->a = a;
    return expr;
}

const struct ir_expr *ir_binary(struct arena *arena, const struct ir_type *type,
                                enum ir_operator op, const struct ir_expr *a,
                                const struct ir_expr *b)
{
    int64_t value;
    if (fold_binary(type, op, a, b, &value))
        return ir_const(arena, type, value);
    struct ir_expr *expr = new_expr(arena, IR_BINARY, type);
    expr->op = op;
    expr->a = a;
    expr->b = b;
    return expr;
}

/* ---- finishing a function -------------------------------------------------------------------- */

static void check_edges(const struct ir_func *func, const struct ir_block *block)
{
    size_t count = block->edge_count;
    BUG_ON(block->end == IR_JUMP && count != 1);
    BUG_ON(block->end == IR_BRANCH && (count != 2 || !block->value));
    BUG_ON(block->end == IR_SWITCH && (count == 0 || !block->value));
    BUG_ON(block->end == IR_SWITCH && !block->edges[count - 1].is_default);
    BUG_ON(block->end == IR_COMPUTED && !block->value);
    BUG_ON((block->end == IR_RETURN || block->end == IR_STOP) && count != 0);
    for (size_t i = 0; i < count; i++)
        BUG_ON(block->edges[i].to >= func->block_count);
}

/* Which blocks the entry reaches, by a worklist: user code nests as deep as it likes. */
static bool *find_reached(struct arena *arena, const struct ir_func *func)
{
    bool *reached = arena_array(arena, bool, func->block_count);
    uint32_t *work = arena_array(arena, uint32_t, func->block_count);
    size_t count = 0;
    work[count++] = 0;
    reached[0] = true;
    while (count) {
        const struct ir_block *block = &func->blocks[work[--count]];
        check_edges(func, block);
        for (size_t i = 0; i < block->edge_count; i++) {
            uint32_t to = block->edges[i].to;
            if (reached[to])
                continue;
            reached[to] = true;
            work[count++] = to;
        }
    }
    return reached;
}

static void drop_unreached(struct arena *arena, struct ir_func *func)
{
    bool *reached = find_reached(arena, func);
    uint32_t *number = arena_array(arena, uint32_t, func->block_count);
    uint32_t kept = 0;
    for (size_t i = 0; i < func->block_count; i++) {
        if (!reached[i])
            continue;
        number[i] = kept;
        func->blocks[kept] = func->blocks[i];
        func->blocks[kept].id = kept;
        kept++;
    }
    size_t loops = 0;
    for (size_t i = 0; i < func->loop_count; i++) {
        struct ir_loop loop = func->loops[i];
        if (loop.head >= func->block_count || !reached[loop.head])
            continue;
        loop.head = number[loop.head];
        func->loops[loops++] = loop;
    }
    func->loop_count = loops;
    func->block_count = kept;
    for (uint32_t i = 0; i < kept; i++)
        for (size_t j = 0; j < func->blocks[i].edge_count; j++)
            func->blocks[i].edges[j].to = number[func->blocks[i].edges[j].to];
}

/* Calls `visit` for `expr` and all below it.  Long sums lean to the left, so that side is a loop;
 * the right side is as deep as the brackets of the source, which compilers limit. */
typedef bool visit_fn(const struct ir_func *func, const struct ir_expr *expr, const void *context);

static bool any_in_expr(const struct ir_func *func, const struct ir_expr *expr, visit_fn *visit,
                        const void *context)
{
    for (; expr; expr = expr->a) {
        if (visit(func, expr, context))
            return true;
        if (expr->kind == IR_LITERAL)
            for (uint32_t i = 0; i < expr->element_count; i++)
                if (any_in_expr(func, expr->elements[i].value, visit, context))
                    return true;
        if (expr->b && any_in_expr(func, expr->b, visit, context))
            return true;
    }
    return false;
}

static bool any_in_op(const struct ir_func *func, const struct ir_op *op, visit_fn *visit,
                      const void *context)
{
    if (any_in_expr(func, op->callee, visit, context) ||
        any_in_expr(func, op->place, visit, context) ||
        any_in_expr(func, op->value, visit, context))
        return true;
    for (size_t i = 0; i < op->arg_count; i++)
        if (any_in_expr(func, op->args[i], visit, context))
            return true;
    return false;
}

/* False: deeper than IR_EXPR_DEPTH_MAX, or more than `*budget` nodes when written out as a tree. */
static bool is_moderate(const struct ir_expr *expr, unsigned depth, unsigned *budget)
{
    for (; expr; expr = expr->a, depth++) {
        if (depth >= IR_EXPR_DEPTH_MAX || *budget == 0)
            return false;
        --*budget;
        if (expr->kind == IR_LITERAL)
            for (uint32_t i = 0; i < expr->element_count; i++)
                if (!is_moderate(expr->elements[i].value, depth + 1, budget))
                    return false;
        if (expr->b && !is_moderate(expr->b, depth + 1, budget))
            return false;
    }
    return true;
}

/* Everything behind may recurse over expressions, so those that nobody writes by hand become
 * unknown. */
static void bound(struct arena *arena, const struct ir_expr **expr)
{
    unsigned budget = IR_EXPR_NODES_MAX;
    if (*expr && !is_moderate(*expr, 0, &budget))
        *expr = ir_unknown(arena, (*expr)->type);
}

static void bound_expressions(struct arena *arena, struct ir_func *func)
{
    for (size_t i = 0; i < func->block_count; i++) {
        struct ir_block *block = &func->blocks[i];
        for (size_t j = 0; j < block->op_count; j++) {
            struct ir_op *op = &block->ops[j];
            bound(arena, &op->callee);
            bound(arena, &op->place);
            bound(arena, &op->value);
            for (size_t k = 0; k < op->arg_count; k++)
                bound(arena, &op->args[k]);
        }
        bound(arena, &block->value);
    }
}

static void take_address(const struct ir_func *func, const struct ir_var *var)
{
    BUG_ON(var->id >= func->var_count || func->vars[var->id] != var);
    func->vars[var->id]->is_address_taken = true;
}

static bool mark_taken(const struct ir_func *func, const struct ir_expr *expr, const void *context)
{
    (void)context;
    if (expr->kind != IR_ADDR)
        return false;
    const struct ir_expr *root = ir_expr_root(expr);
    if (root && root->kind == IR_VAR)
        take_address(func, root->var);
    return false;
}

static void find_taken_addresses(struct ir_func *func)
{
    for (size_t i = 0; i < func->var_count; i++)
        func->vars[i]->is_address_taken = false;
    for (size_t i = 0; i < func->block_count; i++) {
        const struct ir_block *block = &func->blocks[i];
        for (size_t j = 0; j < block->op_count; j++) {
            const struct ir_op *op = &block->ops[j];
            any_in_op(func, op, mark_taken, NULL);
            if (op->kind == IR_OP_CALL && op->is_cleanup && op->var)
                take_address(func, op->var);
        }
        any_in_expr(func, block->value, mark_taken, NULL);
    }
}

static bool mentions(const struct ir_func *func, const struct ir_expr *expr, const void *var)
{
    (void)func;
    return expr->kind == IR_VAR && expr->var == var;
}

/* Whether the variable that begins at ops[at] gets its first value shortly after, before anything
 * reads it: then nobody can see the undefined content. */
static bool is_initialised(const struct ir_func *func, const struct ir_block *block, size_t at)
{
    /* How far to look, in all and counting effects only: else long blocks would take quadratic
     * time. */
    enum { OPS_MAX = 1000, EFFECTS_MAX = 64 };
    const struct ir_var *var = block->ops[at].var;
    size_t effects = 0;
    for (size_t i = at + 1; i < block->op_count && i - at <= OPS_MAX; i++) {
        const struct ir_op *op = &block->ops[i];
        if (op->kind == IR_OP_BEGIN || op->kind == IR_OP_END)
            continue;
        if (op->kind == IR_OP_ASSIGN && op->place->kind == IR_VAR && op->place->var == var)
            return !any_in_expr(func, op->value, mentions, var);
        if (++effects > EFFECTS_MAX || any_in_op(func, op, mentions, var))
            return false;
    }
    return false;
}

static bool is_superfluous(const struct ir_func *func, const struct ir_block *block, size_t at)
{
    const struct ir_op *op = &block->ops[at];
    if ((op->kind != IR_OP_BEGIN && op->kind != IR_OP_END) || op->var->is_address_taken)
        return false;
    return op->kind == IR_OP_END || is_initialised(func, block, at);
}

static void number_ops(struct ir_func *func)
{
    uint32_t id = 0;
    for (uint32_t i = 0; i < func->block_count; i++) {
        struct ir_block *block = &func->blocks[i];
        size_t kept = 0;
        for (size_t j = 0; j < block->op_count; j++) {
            if (is_superfluous(func, block, j))
                continue;
            struct ir_op *op = &block->ops[kept++];
            *op = block->ops[j];
            op->id = id++;
            op->block = i;
        }
        block->op_count = kept;
    }
    func->op_count = id;
}

/* Sources are visited in ascending order, so a source already there is the last one of the list. */
static void fill_preds(struct arena *arena, struct arena *scratch, struct ir_func *func)
{
    size_t *room = arena_array(scratch, size_t, func->block_count);
    size_t edges = 0;
    for (size_t i = 0; i < func->block_count; i++)
        for (size_t j = 0; j < func->blocks[i].edge_count; j++)
            room[func->blocks[i].edges[j].to]++;
    for (size_t i = 0; i < func->block_count; i++)
        edges += func->blocks[i].edge_count;
    uint32_t *preds = arena_array(arena, uint32_t, edges);
    for (size_t i = 0; i < func->block_count; i++) {
        func->blocks[i].preds = preds;
        preds += room[i];
        func->blocks[i].pred_count = 0;
    }
    for (uint32_t i = 0; i < func->block_count; i++)
        for (size_t j = 0; j < func->blocks[i].edge_count; j++) {
            struct ir_block *to = &func->blocks[func->blocks[i].edges[j].to];
            if (to->pred_count == 0 || to->preds[to->pred_count - 1] != i)
                to->preds[to->pred_count++] = i;
        }
}

void ir_func_finish(struct arena *arena, struct ir_func *func)
{
    BUG_ON(func->block_count == 0 || func->block_count > UINT32_MAX);
    struct arena scratch = {0};
    drop_unreached(&scratch, func);
    bound_expressions(arena, func);
    find_taken_addresses(func);
    number_ops(func);
    fill_preds(arena, &scratch, func);
    arena_release(&scratch);
}

/* ---- asking ---------------------------------------------------------------------------------- */

const struct ir_op *ir_next_op(const struct ir_func *func, enum ir_op_kind kind,
                               const struct ir_op *after)
{
    size_t block = after ? after->block : 0;
    size_t at = after ? (size_t)(after - func->blocks[block].ops) + 1 : 0;
    for (; block < func->block_count; block++, at = 0)
        for (; at < func->blocks[block].op_count; at++)
            if (func->blocks[block].ops[at].kind == kind)
                return &func->blocks[block].ops[at];
    return NULL;
}

static bool has_equal_elements(const struct ir_expr *a, const struct ir_expr *b)
{
    if (a->element_count != b->element_count || a->is_partial || b->is_partial)
        return false;
    for (uint32_t i = 0; i < a->element_count; i++)
        if (a->elements[i].offset != b->elements[i].offset ||
            !ir_expr_equal(a->elements[i].value, b->elements[i].value))
            return false;
    return true;
}

/* Equal but for what hangs below. */
static bool has_equal_head(const struct ir_expr *a, const struct ir_expr *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case IR_UNKNOWN:
        return false; /* two unknowns may differ */
    case IR_CONST:
    case IR_FIELD: /* by offset: casts may call the same place by other names */
        return a->value == b->value;
    case IR_STRING:
        return text_is(a->text, b->text);
    case IR_VAR:
        return a->var == b->var;
    case IR_SYMBOL:
        return a->symbol == b->symbol;
    case IR_TEMP:
        return a->temp == b->temp;
    case IR_UNARY:
    case IR_BINARY:
        return a->op == b->op;
    case IR_CAST:
        return is_same_shape(a->type, b->type) && a->type->is_signed == b->type->is_signed;
    case IR_LITERAL:
        return has_equal_elements(a, b);
    case IR_INDEX:
    case IR_DEREF:
        return is_same_shape(a->type, b->type);
    case IR_ADDR:
        return true;
    }
    return false;
}

bool ir_is_aggregate(const struct ir_type *type)
{
    return type->kind == IR_TYPE_RECORD || type->kind == IR_TYPE_ARRAY;
}

bool ir_is_zero(const struct ir_expr *expr)
{
    return expr && expr->kind == IR_CONST && expr->value == 0;
}

bool ir_expr_equal(const struct ir_expr *a, const struct ir_expr *b)
{
    while (a && b) {
        if (a == b)
            return a->kind != IR_UNKNOWN;
        if (!has_equal_head(a, b))
            return false;
        if ((a->b || b->b) && !ir_expr_equal(a->b, b->b))
            return false;
        a = a->a;
        b = b->a;
    }
    return !a && !b;
}

const struct ir_expr *ir_expr_root(const struct ir_expr *expr)
{
    for (; expr; expr = expr->a)
        switch (expr->kind) {
        case IR_VAR:
        case IR_SYMBOL:
        case IR_TEMP:
            return expr;
        case IR_FIELD:
        case IR_INDEX:
        case IR_ADDR:
            break;
        default:
            return NULL;
        }
    return NULL;
}

bool ir_index_is_inside(const struct ir_expr *index)
{
    return goes_into(index->a, index->type);
}

static bool has_temp(const struct ir_expr *expr, uint32_t temp)
{
    for (; expr; expr = expr->a) {
        if (expr->kind == IR_TEMP && expr->temp == temp)
            return true;
        for (uint32_t i = 0; expr->kind == IR_LITERAL && i < expr->element_count; i++)
            if (has_temp(expr->elements[i].value, temp))
                return true;
        if (has_temp(expr->b, temp))
            return true;
    }
    return false;
}

static bool op_reads_temp(const struct ir_op *op, uint32_t temp)
{
    bool reads = has_temp(op->callee, temp) || has_temp(op->value, temp);
    for (uint32_t i = 0; i < op->arg_count && !reads; i++)
        reads = has_temp(op->args[i], temp);
    return reads || (op->place && op->place->kind != IR_TEMP && has_temp(op->place, temp));
}

bool ir_reads_temp(const struct ir_func *func, uint32_t temp)
{
    for (size_t i = 0; i < func->block_count; i++) {
        const struct ir_block *block = &func->blocks[i];
        if (has_temp(block->value, temp))
            return true;
        for (size_t k = 0; k < block->op_count; k++)
            if (op_reads_temp(&block->ops[k], temp))
                return true;
    }
    return false;
}

const struct ir_symbol *ir_callee(const struct ir_op *op)
{
    if (op->kind != IR_OP_CALL || op->callee->kind != IR_SYMBOL)
        return NULL;
    return op->callee->symbol->kind == IR_SYMBOL_FUNCTION ? op->callee->symbol : NULL;
}

const struct ir_expr *ir_literal_at(const struct ir_expr *literal, uint64_t offset)
{
    if (literal->kind != IR_LITERAL)
        return NULL;
    for (uint32_t i = 0; i < literal->element_count; i++)
        if (literal->elements[i].offset == offset)
            return literal->elements[i].value;
    return NULL;
}

/* `budget` counts fields looked at: records from a damaged unit file may hold each other in
 * circles. */
static bool find_field(const struct ir_record *record, const char *name, uint64_t base,
                       unsigned *budget, unsigned depth, struct ir_field *field)
{
    enum { DEEPEST = 64 };
    for (size_t i = 0; i < record->field_count && *budget; i++, --*budget) {
        const struct ir_field *one = &record->fields[i];
        if (one->name[0] == '\0') {
            if (one->type->kind == IR_TYPE_RECORD && one->type->record && depth < DEEPEST &&
                find_field(one->type->record, name, base + one->offset, budget, depth + 1, field))
                return true;
        } else if (strcmp(one->name, name) == 0) {
            *field = *one;
            field->offset += base;
            return true;
        }
    }
    return false;
}

bool ir_record_field(const struct ir_record *record, const char *name, struct ir_field *field)
{
    unsigned budget = 1000 * 1000;
    return find_field(record, name, 0, &budget, 0, field);
}

bool ir_type_is(const struct ir_type *type, const char *name)
{
    for (; type; type = type->alias_of)
        if (text_is(type->name, name))
            return true;
    return false;
}

bool ir_has_note(const char *const *notes, size_t count, const char *note)
{
    for (size_t i = 0; i < count; i++)
        if (text_is(notes[i], note))
            return true;
    return false;
}

bool ir_has_remark(const struct ir_unit *unit, const struct ir_pos *pos, const char *text)
{
    for (size_t i = 0; i < unit->remark_count; i++) {
        const struct ir_remark *remark = &unit->remarks[i];
        if (remark->at == IR_REMARK_CODE && remark->target && remark->pos.file == pos->file &&
            (remark->target == pos->line || remark->target == pos->end_line) &&
            text_is(remark->text, text))
            return true;
    }
    return false;
}

const char *ir_pos_path(const struct ir_unit *unit, const struct ir_pos *pos)
{
    return pos->file < unit->file_count ? unit->files[pos->file].path : "";
}
