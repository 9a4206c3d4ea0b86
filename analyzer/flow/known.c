#include "flow/known.h"

#include <string.h>

/* A condition as a test of one expression: value within low … high, or not. */
struct test {
    const struct ir_expr *expr;
    int64_t low, high;
    bool is_inverted;
};

static bool is_const(const struct ir_expr *expr)
{
    return expr->kind == IR_CONST;
}

static enum ir_operator mirrored(enum ir_operator op)
{
    switch (op) {
    case IR_LT:
        return IR_GT;
    case IR_LE:
        return IR_GE;
    case IR_GT:
        return IR_LT;
    case IR_GE:
        return IR_LE;
    default:
        return op;
    }
}

static bool test_against(struct test *test, enum ir_operator op, int64_t value)
{
    bool was_inverted = test->is_inverted;
    *test = (struct test){test->expr, INT64_MIN, INT64_MAX, was_inverted};
    switch (op) {
    case IR_EQ:
        test->low = test->high = value;
        return true;
    case IR_NE:
        test->low = test->high = value;
        test->is_inverted = !was_inverted;
        return true;
    case IR_LE:
        test->high = value;
        return true;
    case IR_GE:
        test->low = value;
        return true;
    case IR_LT:
        if (value == INT64_MIN)
            return false;
        test->high = value - 1;
        return true;
    case IR_GT:
        if (value == INT64_MAX)
            return false;
        test->low = value + 1;
        return true;
    default:
        return false;
    }
}

/* Both ways to ask one thing are one test: !(a >= b) is a < b. */
static struct test test_of(const struct ir_expr *condition)
{
    struct test test = {condition, 0, 0, true}; /* not zero */
    for (;;) {
        const struct ir_expr *expr = test.expr;
        if (expr->kind == IR_UNARY && expr->op == IR_NOT) {
            test.expr = expr->a;
            test.is_inverted = !test.is_inverted;
        } else if (expr->kind == IR_BINARY && expr->op >= IR_LT && is_const(expr->b)) {
            struct test inner = {expr->a, 0, 0, !test.is_inverted};
            if (!test_against(&inner, expr->op, expr->b->value))
                return test;
            return inner;
        } else if (expr->kind == IR_BINARY && expr->op >= IR_LT && is_const(expr->a)) {
            struct test inner = {expr->b, 0, 0, !test.is_inverted};
            if (!test_against(&inner, mirrored(expr->op), expr->a->value))
                return test;
            return inner;
        } else {
            return test;
        }
    }
}

const struct ir_expr *known_tested(const struct ir_expr *condition)
{
    return test_of(condition).expr;
}

struct fact known_of(const struct known *known, const struct ir_expr *expr)
{
    if (is_const(expr))
        return (struct fact){
            .expr = expr, .low = expr->value, .high = expr->value, .is_nonzero = expr->value != 0};
    for (size_t i = 0; i < known->count; i++)
        if (ir_expr_equal(known->facts[i].expr, expr))
            return known->facts[i];
    /* One enumerator decides nothing: with it alone a type is there for its name. */
    bool is_enum = expr->type->kind == IR_TYPE_INT && expr->type->enumerator_count > 1;
    int64_t last = is_enum ? (int64_t)expr->type->enumerator_count - 1 : 0;
    return (struct fact){
        .expr = expr, .low = is_enum ? 0 : INT64_MIN, .high = is_enum ? last : INT64_MAX};
}

/* 1: always within, 0: never, -1: either. */
static int within(const struct fact *fact, int64_t low, int64_t high)
{
    if (fact->high < low || fact->low > high)
        return 0;
    if (fact->is_nonzero && low == 0 && high == 0)
        return 0;
    if (fact->is_not_other && low == fact->other && high == fact->other)
        return 0;
    return fact->low >= low && fact->high <= high ? 1 : -1;
}

bool known_allows(const struct known *known, const struct ir_expr *expr, int64_t low, int64_t high)
{
    struct fact fact = known_of(known, expr);
    return within(&fact, low, high) != 0;
}

/* Does it read something that code elsewhere can write? */
static bool reads_memory(const struct ir_expr *expr)
{
    if (!expr)
        return false;
    if (expr->kind == IR_DEREF ||
        (expr->kind == IR_SYMBOL && expr->symbol->kind == IR_SYMBOL_DATA) ||
        (expr->kind == IR_VAR && expr->var->is_address_taken))
        return true;
    return reads_memory(expr->a) || reads_memory(expr->b);
}

static struct fact resolved_fact(struct flow *flow, const struct frame *frame,
                                 const struct ir_expr *expr)
{
    struct fact fact = {.expr = expr, .low = INT64_MIN, .high = INT64_MAX};
    const struct ir_expr *value = flow_resolve(flow, frame, expr);
    if (is_const(value))
        fact.low = fact.high = value->value;
    bool is_address = value->kind == IR_ADDR || value->kind == IR_STRING ||
                      (value->kind == IR_SYMBOL && value->symbol->kind == IR_SYMBOL_FUNCTION);
    fact.is_nonzero = is_address || (is_const(value) && value->value != 0);
    return fact;
}

int known_decide(struct flow *flow, const struct frame *frame, const struct known *known,
                 const struct ir_expr *condition)
{
    struct test test = test_of(condition);
    struct fact fact = known_of(known, test.expr);
    int inside = within(&fact, test.low, test.high);
    if (inside < 0 && frame->parent) {
        fact = resolved_fact(flow, frame, test.expr);
        inside = within(&fact, test.low, test.high);
    }
    if (inside < 0)
        return -1;
    return test.is_inverted ? !inside : inside;
}

static void put(struct known *known, const struct fact *fact)
{
    for (size_t i = 0; i < known->count; i++) {
        if (ir_expr_equal(known->facts[i].expr, fact->expr)) {
            known->facts[i] = *fact;
            return;
        }
    }
    if (known->count == KNOWN_MAX) {
        memmove(known->facts, known->facts + 1, sizeof *known->facts * (KNOWN_MAX - 1));
        known->count--;
    }
    known->facts[known->count++] = *fact;
}

/* At an end of the range the value shortens it; in between, one is remembered. */
static void exclude(struct known *known, const struct ir_expr *expr, int64_t value)
{
    struct fact fact = known_of(known, expr);
    if (is_const(expr) || expr->kind == IR_UNKNOWN)
        return;
    if (fact.low == value && value < fact.high)
        fact.low++;
    else if (fact.high == value && fact.low < value)
        fact.high--;
    else if (value == 0)
        fact.is_nonzero = true;
    else
        fact.is_not_other = true, fact.other = value;
    put(known, &fact);
}

void known_add(struct known *known, const struct ir_expr *expr, int64_t low, int64_t high,
               bool is_nonzero)
{
    if (is_const(expr) || expr->kind == IR_UNKNOWN)
        return;
    struct fact fact = known_of(known, expr);
    if (low > fact.low)
        fact.low = low;
    if (high < fact.high)
        fact.high = high;
    fact.is_nonzero |= is_nonzero;
    if (fact.is_nonzero && fact.low == 0)
        fact.low = 1;
    if (fact.is_nonzero && fact.high == 0)
        fact.high = -1;
    put(known, &fact);
}

void known_narrow(struct known *known, const struct ir_expr *condition, bool truth)
{
    struct test test = test_of(condition);
    if (truth != test.is_inverted) {
        known_add(known, test.expr, test.low, test.high, false);
    } else if (test.low == INT64_MIN && test.high < INT64_MAX) {
        known_add(known, test.expr, test.high + 1, INT64_MAX, false);
    } else if (test.high == INT64_MAX && test.low > INT64_MIN) {
        known_add(known, test.expr, INT64_MIN, test.low - 1, false);
    } else if (test.low == test.high) {
        exclude(known, test.expr, test.low);
    }
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static bool is_private(const struct ir_expr *expr)
{
    return expr->kind == IR_TEMP || (expr->kind == IR_VAR && !expr->var->is_address_taken);
}

static bool mentions(const struct ir_expr *expr, const struct ir_expr *root)
{
    if (!expr)
        return false;
    return ir_expr_equal(expr, root) || mentions(expr->a, root) || mentions(expr->b, root);
}

enum { WRITERS_MAX = 8 }; /* functions that write one place, looked at one by one */

/* What is stored to the field or the static object that a plain read of memory reads. */
static const struct store_list *stores_of(struct flow *flow, const struct ir_expr *expr)
{
    if (expr->kind == IR_SYMBOL && expr->symbol->kind == IR_SYMBOL_DATA)
        return stores_of_symbol(flow, expr->symbol);
    return stores_of_field(flow, expr);
}

static bool runs_any(struct flow *flow, const struct flow_targets *targets,
                     const struct ir_func *writer)
{
    for (size_t i = 0; i < targets->bodies.count; i++)
        if (flow_runs(flow, targets->bodies.at[i], writer))
            return true;
    return false;
}

static bool leads_to_var(const struct ir_expr *value, const struct ir_var *var)
{
    if (!value)
        return false;
    if (value->kind == IR_ADDR) {
        const struct ir_expr *root = ir_expr_root(value->a);
        return root && root->kind == IR_VAR && root->var == var;
    }
    for (uint32_t i = 0; value->kind == IR_LITERAL && i < value->element_count; i++)
        if (leads_to_var(value->elements[i].value, var))
            return true;
    return value->kind == IR_CAST && leads_to_var(value->a, var);
}

/* A call writes a variable when it is handed the address, but not to send what is in it. */
static bool hands_to(const struct ir_op *op, const struct ir_var *var)
{
    if (op->act && op->act->kind == ACT_SEND)
        return false;
    for (size_t i = 0; i < op->arg_count; i++)
        if (leads_to_var(op->args[i], var))
            return true;
    return false;
}

/* A field or a static object changes under a call when the call leads to a function that writes it.
 * Code out of sight is taken to leave them alone, or else to be no reason for what a branch does.
 */
static bool call_may_change(struct flow *flow, const struct ir_func *func, const struct ir_op *op,
                            const struct ir_expr *expr)
{
    if (!reads_memory(expr))
        return false;
    if (expr->kind == IR_VAR)
        return !facts_of(func)->var_kept[expr->var->id] ? hands_to(op, expr->var) : true;
    bool is_plain = (expr->kind == IR_FIELD || expr->kind == IR_SYMBOL) && !expr->type->is_atomic &&
                    !expr->type->is_volatile;
    if (!is_plain)
        return true;
    if (expr->kind == IR_SYMBOL && !expr->symbol->is_defined && flow_call_is_opaque(flow, func, op))
        return true;
    const struct store_list *list = stores_of(flow, expr);
    if (!list)
        return false;
    struct flow_targets targets = flow_callees(flow, func, op);
    size_t writers = 0;
    for (size_t i = 0; targets.bodies.count > 0 && i < list->stores.count; i++) {
        const struct ir_func *writer = list->stores.at[i].func;
        if (!writer->symbol || (i > 0 && writer == list->stores.at[i - 1].func))
            continue; /* an initialiser; one that was looked at */
        if (++writers > WRITERS_MAX || runs_any(flow, &targets, writer))
            return true;
    }
    return false;
}

/* Of two objects of different kinds of type, neither is changed by the other. */
static bool may_alias(const struct ir_type *a, const struct ir_type *b)
{
    bool is_plain = a->kind != IR_TYPE_RECORD && b->kind != IR_TYPE_RECORD &&
                    a->kind != IR_TYPE_ARRAY && b->kind != IR_TYPE_ARRAY;
    return !is_plain || (a->kind == b->kind && a->size == b->size) || a->size == 1 || b->size == 1;
}

static bool is_static(const struct ir_expr *place)
{
    const struct ir_expr *root = ir_expr_root(place);
    return root && root->kind == IR_SYMBOL;
}

static bool store_may_change(const struct ir_expr *place, const struct ir_expr *expr)
{
    if (is_private(place))
        return mentions(expr, place);
    const struct ir_expr *root = ir_expr_root(place);
    if (root && is_private(root))
        return mentions(expr, root);
    if (!reads_memory(expr))
        return false;
    if (expr->kind == IR_VAR && root && root->kind == IR_VAR)
        return expr->var == root->var;
    if (expr->kind == IR_FIELD && place->kind == IR_FIELD)
        return expr->value == place->value && text_is(expr->name, place->name);
    if (expr->kind == IR_SYMBOL && is_static(place))
        return ir_expr_equal(ir_expr_root(place), expr);
    bool is_plain = expr->kind == IR_FIELD || expr->kind == IR_SYMBOL;
    return !is_plain || may_alias(expr->type, place->type);
}

static void forget(struct known *known, size_t index)
{
    known->count--;
    memmove(known->facts + index, known->facts + index + 1,
            sizeof *known->facts * (known->count - index));
}

static bool op_changes(struct flow *flow, const struct ir_func *func, const struct ir_op *op,
                       const struct ir_expr *expr)
{
    switch (op->kind) {
    case IR_OP_ASSIGN:
        return store_may_change(op->place, expr);
    case IR_OP_BEGIN:
    case IR_OP_END: {
        struct ir_expr var = {.kind = IR_VAR, .type = op->var->type, .var = op->var};
        return mentions(expr, &var);
    }
    case IR_OP_CALL:
        return call_may_change(flow, func, op, expr) ||
               (op->temp &&
                mentions(expr,
                         &(struct ir_expr){.kind = IR_TEMP, .type = expr->type, .temp = op->temp}));
    case IR_OP_UNKNOWN:
        return true;
    }
    return true;
}

/* Nothing but assignments in sight, and calls that are handed its address, write it. */
static bool keeps_what_it_gets(const struct ir_func *func, const struct ir_expr *place)
{
    bool is_lent = place->kind == IR_VAR && place->var->is_address_taken;
    return is_private(place) || (is_lent && !facts_of(func)->var_kept[place->var->id]);
}

void known_after(struct flow *flow, struct known *known, const struct ir_func *func,
                 const struct ir_op *op)
{
    struct fact value = {0};
    bool is_copy = op->kind == IR_OP_ASSIGN && keeps_what_it_gets(func, op->place);
    if (is_copy)
        value = known_of(known, op->value);
    for (size_t i = known->count; i-- > 0;)
        if (op_changes(flow, func, op, known->facts[i].expr))
            forget(known, i);
    if (!is_copy)
        return;
    bool is_nonzero = value.is_nonzero || op->value->kind == IR_ADDR;
    if (value.low != INT64_MIN || value.high != INT64_MAX || is_nonzero)
        known_add(known, op->place, value.low, value.high, is_nonzero);
}

static uint64_t expr_hash(const struct ir_expr *expr)
{
    if (!expr)
        return 0;
    uint64_t parts[6] = {(uint64_t)expr->kind, (uint64_t)expr->op, (uint64_t)expr->value, 0,
                         expr_hash(expr->a),   expr_hash(expr->b)};
    if (expr->kind == IR_TEMP)
        parts[3] = expr->temp;
    else if (expr->kind == IR_VAR)
        parts[3] = expr->var->id;
    else if (expr->kind == IR_SYMBOL)
        parts[3] = expr->symbol->id;
    return hash_bytes(parts, sizeof parts);
}

/* A sum, which does not depend on the order. */
uint64_t known_hash(const struct known *known)
{
    uint64_t sum = known->count;
    for (size_t i = 0; i < known->count; i++) {
        const struct fact *fact = &known->facts[i];
        uint64_t parts[5] = {expr_hash(fact->expr), (uint64_t)fact->low, (uint64_t)fact->high,
                             fact->is_nonzero | (uint64_t)fact->is_not_other << 1,
                             (uint64_t)fact->other};
        sum += hash_bytes(parts, sizeof parts);
    }
    return sum;
}

/* ---- what is worth knowing ------------------------------------------------------------------- */

/* How often an expression is asked for, by its hash; a clash makes a fact seem worth more. */
static void count_ask(struct map *asked, const struct ir_expr *expr)
{
    uint64_t hash = expr_hash(known_tested(expr));
    void **slot = map_put(asked, &hash, sizeof hash);
    *slot = (void *)((uintptr_t)*slot + 1);
}

static struct map *asked_in(struct flow *flow, const struct ir_func *func)
{
    struct map *asked = arena_new(flow->arena, struct map);
    asked->arena = flow->arena;
    for (size_t i = 0; i < func->block_count; i++)
        if (func->blocks[i].value)
            count_ask(asked, func->blocks[i].value);
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));)
        count_ask(asked, op->value);
    return asked;
}

static bool is_assigned(const struct ir_func *func, const struct ir_expr *place)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));)
        if (ir_expr_equal(op->place, place))
            return true;
    return false;
}

/* Does it stay what it is while control stays in the loop, as far as this function goes? */
static bool is_steady(struct flow *flow, const struct ir_func *func, const struct ir_expr *expr,
                      uint32_t loop)
{
    switch (expr->kind) {
    case IR_UNARY:
    case IR_CAST:
        return is_steady(flow, func, expr->a, loop);
    case IR_BINARY:
        return is_steady(flow, func, expr->a, loop) && is_steady(flow, func, expr->b, loop);
    case IR_FIELD:
    case IR_INDEX:
    case IR_DEREF:
    case IR_SYMBOL:
        return !is_assigned(func, expr);
    default:
        return !flow_varies(flow, func, expr, loop);
    }
}

bool known_is_asked_again(struct flow *flow, const struct ir_func *func,
                          const struct ir_block *block)
{
    struct func_facts *facts = facts_of(func);
    if (!facts->asked)
        facts->asked = asked_in(flow, func);
    const struct ir_expr *tested = known_tested(block->value);
    uint64_t hash = expr_hash(tested);
    if ((uintptr_t)map_get(facts->asked, &hash, sizeof hash) > 1)
        return true;
    uint32_t loop = flow_loop_of(flow, func, block->id);
    return loop != 0 && is_steady(flow, func, tested, loop);
}

/* ---- what is reached ------------------------------------------------------------------------- */

/* The way that a branch on a parameter goes in the frame; -1: either. */
static int way_of(struct flow *flow, const struct frame *frame, const struct ir_block *block)
{
    if (block->end != IR_BRANCH || !frame->parent)
        return -1;
    const struct ir_expr *tested = known_tested(block->value);
    if (!is_param_of(tested, frame->func) || facts_of(frame->func)->var_assigned[tested->var->id])
        return -1;
    struct known nothing = {0};
    return known_decide(flow, frame, &nothing, block->value);
}

void flow_reach_in(struct flow *flow, const struct frame *frame, bool *reached)
{
    VEC(uint32_t) work = {0};
    *vec_add(flow->arena, &work) = 0;
    reached[0] = true;
    while (work.count > 0) {
        const struct ir_block *block = &frame->func->blocks[work.at[--work.count]];
        int way = way_of(flow, frame, block);
        for (size_t i = 0; i < block->edge_count; i++) {
            uint32_t to = block->edges[i].to;
            bool is_taken = way < 0 || i == (way ? 0u : 1u);
            if (is_taken && !reached[to]) {
                reached[to] = true;
                *vec_add(flow->arena, &work) = to;
            }
        }
    }
}
