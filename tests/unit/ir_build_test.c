/*
 * Normal forms, folding, finished functions and the questions of ir/build.c.
 */
#include "ir_sample.h"
#include "unit_test.h"

#include <string.h>

static struct sample s;

static int set_up(void **state)
{
    (void)state;
    sample_init(&s);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sample_release(&s);
    return 0;
}

static const struct ir_expr *number(const struct ir_type *type, int64_t value)
{
    return ir_const(&s.arena, type, value);
}

static const struct ir_expr *binary(const struct ir_type *type, enum ir_operator op, int64_t a,
                                    int64_t b)
{
    return ir_binary(&s.arena, type, op, number(type, a), number(type, b));
}

static void assert_const(const struct ir_expr *expr, int64_t value)
{
    assert_int_equal(expr->kind, IR_CONST);
    assert_true(expr->value == value);
}

/* ---- constants ------------------------------------------------------------------------------- */

static void test_ir_build__constants_fit_their_type(void **state)
{
    (void)state;
    assert_const(number(s.uchar, 256 + 7), 7);
    assert_const(number(s.uchar, -1), 255);
    assert_const(number(s.char_, 200), 200 - 256);
    assert_const(number(s.unsigned_, -1), UINT32_MAX);
    assert_const(number(s.ulong_, -1), -1); /* the bits of ULONG_MAX */
    assert_const(number(s.bool_, 42), 1);
}

static void test_ir_build__folds_defined_arithmetic(void **state)
{
    (void)state;
    assert_const(binary(s.int_, IR_ADD, 2, 3), 5);
    assert_const(binary(s.int_, IR_SUB, 2, 3), -1);
    assert_const(binary(s.int_, IR_DIV, -7, 2), -3);
    assert_const(binary(s.int_, IR_REM, -7, 2), -1);
    assert_const(binary(s.int_, IR_SHL, 1, 30), 1 << 30);
    assert_const(binary(s.int_, IR_XOR, 6, 3), 5);
    assert_const(binary(s.unsigned_, IR_SUB, 0, 1), UINT32_MAX);
    assert_const(binary(s.unsigned_, IR_SHL, 1, 31), INT64_C(1) << 31);
    assert_const(binary(s.ulong_, IR_DIV, -1, 2), INT64_MAX);
    assert_const(ir_unary(&s.arena, s.int_, IR_NEG, number(s.int_, 5)), -5);
    assert_const(ir_unary(&s.arena, s.unsigned_, IR_NEG, number(s.unsigned_, 1)), UINT32_MAX);
    assert_const(ir_unary(&s.arena, s.unsigned_, IR_BIT_NOT, number(s.unsigned_, 0)), UINT32_MAX);
    assert_const(ir_unary(&s.arena, s.int_, IR_NOT, number(s.int_, 3)), 0);
}

static void test_ir_build__leaves_the_undefined_alone(void **state)
{
    (void)state;
    static const struct {
        enum ir_operator op;
        int64_t a, b;
    } cases[] = {
        {IR_ADD, INT32_MAX, 1}, {IR_SUB, INT32_MIN, 1},  {IR_MUL, 65536, 65536},  {IR_DIV, 1, 0},
        {IR_REM, 1, 0},         {IR_DIV, INT32_MIN, -1}, {IR_REM, INT32_MIN, -1}, {IR_SHL, 1, 32},
        {IR_SHL, 1, -1},        {IR_SHL, -1, 1},         {IR_SHL, 1, 31},         {IR_SHR, 1, 32},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(binary(s.int_, cases[i].op, cases[i].a, cases[i].b)->kind, IR_BINARY);
    assert_int_equal(binary(s.long_, IR_ADD, INT64_MAX, 1)->kind, IR_BINARY);
    assert_int_equal(binary(s.long_, IR_MUL, INT64_MIN, -1)->kind, IR_BINARY);
    assert_int_equal(binary(s.long_, IR_DIV, INT64_MIN, -1)->kind, IR_BINARY);
    assert_int_equal(binary(s.long_, IR_REM, INT64_MIN, -1)->kind, IR_BINARY);
    assert_int_equal(binary(s.unsigned_, IR_DIV, 1, 0)->kind, IR_BINARY);
    assert_int_equal(binary(s.unsigned_, IR_SHL, 1, 32)->kind, IR_BINARY);
    assert_int_equal(binary(s.double_, IR_ADD, 1, 1)->kind, IR_BINARY);
    assert_int_equal(ir_unary(&s.arena, s.int_, IR_NEG, number(s.int_, INT32_MIN))->kind, IR_UNARY);
}

static void test_ir_build__compares_what_numbers_mean(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    assert_const(binary(s.int_, IR_LT, -1, 0), 1);
    /* ULONG_MAX is no -1. */
    assert_const(ir_binary(arena, s.int_, IR_LT, number(s.ulong_, -1), number(s.ulong_, 0)), 0);
    assert_const(ir_binary(arena, s.int_, IR_EQ, number(s.ulong_, -1), number(s.long_, -1)), 0);
    assert_const(ir_binary(arena, s.int_, IR_NE, number(s.void_pointer, 0), number(s.int_, 0)), 0);
    assert_const(ir_binary(arena, s.int_, IR_GE, number(s.uchar, 255), number(s.int_, 255)), 1);
}

/* ---- places ---------------------------------------------------------------------------------- */

static struct ir_func *one_block(void)
{
    struct ir_func *func = sample_func(&s, "f", 1);
    sample_end(func, 0, IR_RETURN, NULL, NULL, 0);
    return func;
}

static const struct ir_expr *new_place(struct ir_func *func, const char *name,
                                       const struct ir_type *type)
{
    return ir_var(&s.arena, sample_var(&s, func, IR_VAR_LOCAL, name, type));
}

static void test_ir_build__address_and_deref_cancel(void **state)
{
    (void)state;
    struct ir_func *func = one_block();
    const struct ir_expr *x = new_place(func, "x", s.int_),
                         *p = new_place(func, "p", s.int_pointer);
    const struct ir_expr *address = ir_addr(&s.arena, s.int_pointer, x);
    assert_int_equal(address->kind, IR_ADDR);
    assert_ptr_equal(ir_deref(&s.arena, s.int_, address), x);
    assert_ptr_equal(ir_addr(&s.arena, s.int_pointer, ir_deref(&s.arena, s.int_, p)), p);
    /* Reading an int as a char is no reading of the int. */
    const struct ir_expr *pun = ir_deref(&s.arena, s.char_, address);
    assert_int_equal(pun->kind, IR_DEREF);
    assert_ptr_equal(pun->a, address);
}

static void test_ir_build__a_field_of_a_cast_address_is_a_field_of_the_place(void **state)
{
    (void)state;
    struct ir_func *func = one_block();
    const struct ir_expr *x = new_place(func, "x", s.int_array);
    const struct ir_expr *node = ir_deref(&s.arena, s.node, ir_addr(&s.arena, s.node_pointer, x));
    const struct ir_expr *field = ir_field(&s.arena, s.int_, node, "value", 0);
    assert_int_equal(field->kind, IR_FIELD);
    assert_ptr_equal(field->a, x);
}

static void test_ir_build__function_designators_are_their_address(void **state)
{
    (void)state;
    const struct ir_expr *f =
        ir_symbol(&s.arena, sample_symbol(&s, IR_SYMBOL_FUNCTION, "f", s.function));
    assert_ptr_equal(ir_addr(&s.arena, s.function_pointer, f), f);
    assert_ptr_equal(ir_deref(&s.arena, s.function, f), f);
}

static void test_ir_build__elements_have_one_form(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    struct ir_func *func = one_block();
    const struct ir_expr *a = new_place(func, "a", s.int_array), *i = new_place(func, "i", s.int_);
    const struct ir_expr *decayed = ir_addr(arena, s.int_pointer, a);
    const struct ir_expr *first = ir_deref(arena, s.int_, decayed);
    const struct ir_expr *zero = number(s.int_, 0), *two = number(s.int_, 2);

    assert_true(ir_expr_equal(first, ir_index(arena, s.int_, a, zero)));
    assert_true(ir_expr_equal(ir_index(arena, s.int_, first, i), ir_index(arena, s.int_, a, i)));
    assert_true(ir_expr_equal(ir_addr(arena, s.int_pointer, first), decayed));
    /* (a + 2)[-2] and (a + i)[2] */
    const struct ir_expr *third = ir_index(arena, s.int_, first, two);
    assert_true(ir_expr_equal(ir_index(arena, s.int_, third, number(s.int_, -2)),
                              ir_index(arena, s.int_, a, zero)));
    const struct ir_expr *further = ir_index(arena, s.int_, ir_index(arena, s.int_, a, i), two);
    assert_ptr_equal(further->a, a);
    assert_int_equal(further->b->kind, IR_BINARY);
}

static void test_ir_build__steps_of_a_pointer_have_one_form(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    struct ir_func *func = one_block();
    const struct ir_expr *p = new_place(func, "p", s.int_pointer);
    const struct ir_expr *there = ir_deref(arena, s.int_, p);
    assert_ptr_equal(ir_index(arena, s.int_, there, number(s.int_, 0)), there);
    const struct ir_expr *next = ir_index(arena, s.int_, there, number(s.int_, 1));
    assert_int_equal(next->kind, IR_INDEX);
    assert_false(ir_index_is_inside(next));
    /* *(p + 1 - 1) is *p, and &p[1 - 1] is p. */
    const struct ir_expr *back =
        ir_index(arena, s.int_, ir_deref(arena, s.int_, ir_addr(arena, s.int_pointer, next)),
                 number(s.int_, -1));
    assert_ptr_equal(back, there);
    assert_ptr_equal(ir_addr(arena, s.int_pointer, back), p);
}

static void test_ir_build__a_row_is_not_an_element(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    struct ir_func *func = one_block();
    const struct ir_expr *m = new_place(func, "m", s.int_matrix), *one = number(s.int_, 1);
    const struct ir_expr *row = ir_index(arena, s.int_array, m, one);
    const struct ir_expr *cell = ir_index(arena, s.int_, row, one);
    assert_ptr_equal(row->a, m);
    assert_ptr_equal(cell->a, row);
    /* A step from row 1 by one row is row 2. */
    assert_true(ir_expr_equal(ir_index(arena, s.int_array, row, one),
                              ir_index(arena, s.int_array, m, number(s.int_, 2))));
}

/* ---- finishing ------------------------------------------------------------------------------- */

static void test_ir_build__finish_drops_and_renumbers(void **state)
{
    (void)state;
    struct ir_func *func = sample_func(&s, "f", 5);
    const struct ir_expr *x = new_place(func, "x", s.int_);
    /* 0 → 2 → 4 → 2, 1 and 3 are dead; 1 would lead to 2. */
    const struct ir_edge to_2[] = {{.to = 2}}, to_4[] = {{.to = 4}, {.to = 4}};
    sample_end(func, 0, IR_JUMP, NULL, to_2, 1);
    sample_end(func, 1, IR_JUMP, NULL, to_2, 1);
    sample_end(func, 2, IR_BRANCH, x, to_4, 2);
    sample_assign(&s, func, 1, x, number(s.int_, 1));
    sample_assign(&s, func, 2, x, number(s.int_, 2));
    sample_end(func, 4, IR_JUMP, NULL, to_2, 1);
    struct ir_loop loops[] = {{.head = 2}, {.head = 1}, {.head = 4}};
    func->loops = loops;
    func->loop_count = 3;
    ir_func_finish(&s.arena, func);

    assert_int_equal(func->block_count, 3);
    assert_int_equal(func->blocks[0].edges[0].to, 1);
    assert_int_equal(func->blocks[1].edges[1].to, 2);
    assert_int_equal(func->blocks[2].edges[0].to, 1);
    assert_int_equal(func->blocks[1].pred_count, 2);
    assert_int_equal(func->blocks[1].preds[0], 0);
    assert_int_equal(func->blocks[1].preds[1], 2);
    assert_int_equal(func->blocks[2].pred_count, 1); /* two edges, one block */
    assert_int_equal(func->loop_count, 2);
    assert_int_equal(loops[0].head, 1);
    assert_int_equal(loops[1].head, 2);
    assert_int_equal(func->op_count, 1);
    assert_int_equal(func->blocks[1].ops[0].id, 0);
    assert_int_equal(func->blocks[1].ops[0].block, 1);
}

static void begin(struct ir_func *func, const struct ir_expr *place)
{
    sample_op(&s, func, 0, IR_OP_BEGIN)->var = place->var;
}

static void end(struct ir_func *func, const struct ir_expr *place)
{
    sample_op(&s, func, 0, IR_OP_END)->var = place->var;
}

static void test_ir_build__finish_keeps_lives_that_matter(void **state)
{
    (void)state;
    struct ir_func *func = one_block();
    const struct ir_expr *set = new_place(func, "set", s.int_);
    const struct ir_expr *unset = new_place(func, "unset", s.int_);
    const struct ir_expr *taken = new_place(func, "taken", s.node);
    const struct ir_expr *selfish = new_place(func, "selfish", s.int_);
    begin(func, set);
    sample_assign(&s, func, 0, set, number(s.int_, 1));
    begin(func, unset);
    sample_assign(&s, func, 0, set, unset);
    begin(func, taken);
    const struct ir_expr *callee =
        ir_symbol(&s.arena, sample_symbol(&s, IR_SYMBOL_FUNCTION, "use", s.function));
    sample_call(&s, func, 0, 0, callee,
                ir_addr(&s.arena, s.int_pointer, ir_field(&s.arena, s.int_, taken, "value", 0)));
    begin(func, selfish); /* int selfish = selfish; */
    sample_assign(&s, func, 0, selfish, selfish);
    end(func, selfish);
    end(func, taken);
    end(func, unset);
    end(func, set);
    ir_func_finish(&s.arena, func);

    static const enum ir_op_kind kinds[] = {
        IR_OP_ASSIGN, IR_OP_BEGIN, IR_OP_ASSIGN, IR_OP_BEGIN,
        IR_OP_CALL,   IR_OP_BEGIN, IR_OP_ASSIGN, IR_OP_END,
    };
    assert_int_equal(func->op_count, COUNT_OF(kinds));
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        assert_int_equal(func->blocks[0].ops[i].kind, kinds[i]);
    assert_ptr_equal(func->blocks[0].ops[1].var, unset->var);
    assert_ptr_equal(func->blocks[0].ops[3].var, taken->var);
    assert_ptr_equal(func->blocks[0].ops[7].var, taken->var);
    assert_true(taken->var->is_address_taken);
    assert_false(set->var->is_address_taken);
    assert_false(unset->var->is_address_taken);
}

static void test_ir_build__finish_finds_taken_addresses(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    struct ir_func *func = one_block();
    const struct ir_expr *in_value = new_place(func, "in_value", s.int_);
    const struct ir_expr *in_literal = new_place(func, "in_literal", s.int_);
    const struct ir_expr *in_return = new_place(func, "in_return", s.int_);
    const struct ir_expr *array = new_place(func, "array", s.int_array);
    const struct ir_expr *pointer = new_place(func, "pointer", s.int_pointer);
    const struct ir_expr *punned = new_place(func, "punned", s.int_);
    const struct ir_expr *guarded = new_place(func, "guarded", s.int_);
    sample_assign(&s, func, 0, pointer, ir_addr(arena, s.int_pointer, in_value));
    struct ir_element elements[] = {{8, ir_addr(arena, s.int_pointer, in_literal)}};
    struct ir_expr literal = {
        .kind = IR_LITERAL, .type = s.node, .elements = elements, .element_count = 1};
    sample_assign(&s, func, 0, new_place(func, "node", s.node), &literal);
    /* &pointer[2] is the address of what pointer points to; array[1] reads the array. */
    const struct ir_expr *target = ir_deref(arena, s.int_, pointer), *two = number(s.int_, 2);
    sample_assign(&s, func, 0, pointer,
                  ir_addr(arena, s.int_pointer, ir_index(arena, s.int_, target, two)));
    sample_assign(&s, func, 0, in_value, ir_index(arena, s.int_, array, two));
    sample_assign(&s, func, 0, in_value,
                  ir_deref(arena, s.char_, ir_addr(arena, s.char_pointer, punned)));
    sample_call(&s, func, 0, 0, pointer, NULL);
    func->blocks[0].ops[func->blocks[0].op_count - 1].is_cleanup = true;
    func->blocks[0].ops[func->blocks[0].op_count - 1].var = guarded->var;
    func->blocks[0].value = ir_addr(arena, s.int_pointer, in_return);
    ir_func_finish(arena, func);

    assert_true(in_value->var->is_address_taken);
    assert_true(in_literal->var->is_address_taken);
    assert_true(in_return->var->is_address_taken);
    assert_true(punned->var->is_address_taken);
    assert_true(guarded->var->is_address_taken);
    assert_false(pointer->var->is_address_taken);
    assert_false(array->var->is_address_taken);
}

static void test_ir_build__finish_bounds_expressions(void **state)
{
    (void)state;
    struct ir_func *func = one_block();
    const struct ir_expr *x = new_place(func, "x", s.int_), *sum = x, *doubled = x;
    for (int i = 1; i < IR_EXPR_DEPTH_MAX; i++)
        sum = ir_binary(&s.arena, s.int_, IR_ADD, sum, x);
    for (int i = 0; i < 60; i++)
        doubled = ir_binary(&s.arena, s.int_, IR_ADD, doubled, doubled);
    sample_assign(&s, func, 0, x, sum);
    sample_assign(&s, func, 0, x, ir_unary(&s.arena, s.int_, IR_NEG, sum));
    sample_assign(&s, func, 0, x, doubled);
    ir_func_finish(&s.arena, func);
    assert_ptr_equal(func->blocks[0].ops[0].value, sum);
    assert_int_equal(func->blocks[0].ops[1].value->kind, IR_UNKNOWN);
    assert_int_equal(func->blocks[0].ops[2].value->kind, IR_UNKNOWN);
}

static void test_ir_build__finishing_twice_changes_nothing(void **state)
{
    (void)state;
    sample_fill(&s);
    struct text once = {0}, twice = {0};
    ir_dump_unit(&once, s.unit);
    ir_func_finish(&s.arena, s.unit->funcs[0]);
    ir_dump_unit(&twice, s.unit);
    assert_string_equal(once.at, twice.at);
    text_release(&once);
    text_release(&twice);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void test_ir_build__next_op_walks_all_blocks(void **state)
{
    (void)state;
    sample_fill(&s);
    const struct ir_func *func = s.unit->funcs[0];
    const struct ir_op *call = ir_next_op(func, IR_OP_CALL, NULL);
    assert_string_equal(ir_callee(call)->name, "log_line");
    call = ir_next_op(func, IR_OP_CALL, call);
    assert_string_equal(ir_callee(call)->name, "node_close");
    assert_null(ir_next_op(func, IR_OP_CALL, call));
    assert_null(ir_callee(ir_next_op(func, IR_OP_ASSIGN, NULL)));
}

static void test_ir_build__a_call_through_an_object_is_not_direct(void **state)
{
    (void)state;
    struct ir_func *func = one_block();
    const struct ir_symbol *object = sample_symbol(&s, IR_SYMBOL_DATA, "hook", s.function_pointer);
    sample_call(&s, func, 0, 0, ir_symbol(&s.arena, object), NULL);
    assert_null(ir_callee(&func->blocks[0].ops[0]));
}

static void test_ir_build__roots(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    struct ir_func *func = one_block();
    const struct ir_expr *x = new_place(func, "x", s.node),
                         *p = new_place(func, "p", s.node_pointer);
    const struct ir_expr *field = ir_field(arena, s.int_, x, "value", 0);
    assert_ptr_equal(ir_expr_root(ir_addr(arena, s.int_pointer, field)), x);
    assert_null(ir_expr_root(ir_field(arena, s.int_, ir_deref(arena, s.node, p), "value", 0)));
    assert_null(ir_expr_root(number(s.int_, 1)));
}

static void test_ir_build__equality(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    const struct ir_expr *unknown = ir_unknown(arena, s.int_), *t1 = ir_temp(arena, s.int_, 1);
    assert_false(ir_expr_equal(unknown, unknown));
    assert_true(ir_expr_equal(t1, ir_temp(arena, s.int_, 1)));
    assert_false(ir_expr_equal(t1, ir_temp(arena, s.int_, 2)));
    const struct ir_expr *sum = ir_binary(arena, s.int_, IR_ADD, t1, number(s.int_, 1));
    assert_true(ir_expr_equal(sum, ir_binary(arena, s.int_, IR_ADD, t1, number(s.int_, 1))));
    assert_false(ir_expr_equal(sum, ir_binary(arena, s.int_, IR_SUB, t1, number(s.int_, 1))));
    assert_false(ir_expr_equal(sum, ir_binary(arena, s.int_, IR_ADD, t1, number(s.int_, 2))));
    assert_false(ir_expr_equal(sum, NULL));
    assert_false(ir_expr_equal(ir_binary(arena, s.int_, IR_ADD, unknown, t1),
                               ir_binary(arena, s.int_, IR_ADD, unknown, t1)));
}

static void test_ir_build__fields_through_anonymous_members(void **state)
{
    (void)state;
    struct ir_field field;
    assert_true(ir_record_field(s.node->record, "large", &field));
    assert_int_equal(field.offset, 16);
    assert_ptr_equal(field.type, s.long_);
    assert_true(ir_record_field(s.node->record, "cells", &field));
    assert_int_equal(field.offset, 24);
    assert_false(ir_record_field(s.node->record, "tail", &field));
    assert_false(ir_record_field(s.node->record, "", &field));
}

static void test_ir_build__types_by_any_of_their_names(void **state)
{
    (void)state;
    assert_true(ir_type_is(s.alias, "node_t"));
    assert_true(ir_type_is(s.alias, "struct node"));
    assert_false(ir_type_is(s.node, "node_t"));
}

static void test_ir_build__literals_notes_and_paths(void **state)
{
    (void)state;
    sample_fill(&s);
    const struct ir_expr *literal = s.unit->init->blocks[0].ops[0].value;
    assert_const(ir_literal_at(literal, 0), -7);
    assert_int_equal(ir_literal_at(literal, 8)->kind, IR_ADDR);
    assert_null(ir_literal_at(literal, 16));
    const char *const notes[] = {"leash:daemon"};
    assert_true(ir_has_note(notes, 1, "leash:daemon"));
    assert_false(ir_has_note(notes, 1, "leash:"));
    assert_false(ir_has_note(NULL, 0, "leash:daemon"));
    const struct ir_pos inside = {.file = 1}, outside = {.file = 2};
    assert_string_equal(ir_pos_path(s.unit, &inside), "/usr/include/pool.h");
    assert_string_equal(ir_pos_path(s.unit, &outside), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ir_build__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(constants_fit_their_type),
        TEST(folds_defined_arithmetic),
        TEST(leaves_the_undefined_alone),
        TEST(compares_what_numbers_mean),
        TEST(address_and_deref_cancel),
        TEST(a_field_of_a_cast_address_is_a_field_of_the_place),
        TEST(function_designators_are_their_address),
        TEST(elements_have_one_form),
        TEST(steps_of_a_pointer_have_one_form),
        TEST(a_row_is_not_an_element),
        TEST(finish_drops_and_renumbers),
        TEST(finish_keeps_lives_that_matter),
        TEST(finish_finds_taken_addresses),
        TEST(finish_bounds_expressions),
        TEST(finishing_twice_changes_nothing),
        TEST(next_op_walks_all_blocks),
        TEST(a_call_through_an_object_is_not_direct),
        TEST(roots),
        TEST(equality),
        TEST(fields_through_anonymous_members),
        TEST(types_by_any_of_their_names),
        TEST(literals_notes_and_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
