/*
 * How expressions, functions and units print.
 */
#include "ir_sample.h"
#include "unit_test.h"

#include <string.h>

static struct sample s;
static struct ir_func *func;
static const struct ir_expr *a, *b, *p, *node, *array, *matrix;

static int set_up(void **state)
{
    (void)state;
    sample_init(&s);
    func = sample_func(&s, "f", 1);
    a = ir_var(&s.arena, sample_var(&s, func, IR_VAR_LOCAL, "a", s.int_));
    b = ir_var(&s.arena, sample_var(&s, func, IR_VAR_LOCAL, "b", s.int_));
    p = ir_var(&s.arena, sample_var(&s, func, IR_VAR_LOCAL, "p", s.node_pointer));
    node = ir_var(&s.arena, sample_var(&s, func, IR_VAR_LOCAL, "node", s.node));
    array = ir_var(&s.arena, sample_var(&s, func, IR_VAR_LOCAL, "array", s.int_array));
    matrix = ir_var(&s.arena, sample_var(&s, func, IR_VAR_LOCAL, "matrix", s.int_matrix));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sample_release(&s);
    return 0;
}

static void assert_prints(const struct ir_expr *expr, const char *expected)
{
    assert_string_equal(ir_expr_text(&s.arena, expr), expected);
}

static const struct ir_expr *binary(enum ir_operator op, const struct ir_expr *left,
                                    const struct ir_expr *right)
{
    return ir_binary(&s.arena, s.int_, op, left, right);
}

static const struct ir_expr *unary(enum ir_operator op, const struct ir_expr *operand)
{
    return ir_unary(&s.arena, s.int_, op, operand);
}

static const struct ir_expr *number(const struct ir_type *type, int64_t value)
{
    return ir_const(&s.arena, type, value);
}

static const struct ir_expr *target(void)
{
    return ir_deref(&s.arena, s.node, p);
}

static const struct ir_expr *string(const char *text)
{
    struct ir_expr *expr = arena_new(&s.arena, struct ir_expr);
    expr->kind = IR_STRING;
    expr->type = s.char_pointer;
    expr->text = text;
    return expr;
}

static void test_ir_dump__parentheses_where_c_needs_them(void **state)
{
    (void)state;
    assert_prints(binary(IR_MUL, binary(IR_ADD, a, b), a), "(a + b) * a");
    assert_prints(binary(IR_ADD, binary(IR_MUL, a, b), a), "a * b + a");
    assert_prints(binary(IR_SUB, a, binary(IR_SUB, b, a)), "a - (b - a)");
    assert_prints(binary(IR_SUB, binary(IR_SUB, a, b), a), "a - b - a");
    assert_prints(binary(IR_EQ, binary(IR_AND, a, b), a), "(a & b) == a");
    assert_prints(binary(IR_LT, binary(IR_SHL, a, b), a), "a << b < a");
    assert_prints(binary(IR_OR, binary(IR_XOR, a, b), binary(IR_AND, a, b)), "a ^ b | a & b");
    assert_prints(unary(IR_NOT, binary(IR_GE, a, b)), "!(a >= b)");
    assert_prints(unary(IR_BIT_NOT, unary(IR_NOT, a)), "~!a");
}

static void test_ir_dump__minus_signs_do_not_run_together(void **state)
{
    (void)state;
    assert_prints(unary(IR_NEG, unary(IR_NEG, a)), "-(-a)");
    /* Nothing C can compute, so it is not folded. */
    assert_prints(unary(IR_NEG, number(s.int_, INT32_MIN)), "-(-2147483648)");
    assert_prints(binary(IR_SUB, a, number(s.int_, -1)), "a - -1");
}

static void test_ir_dump__constants_by_their_type(void **state)
{
    (void)state;
    assert_prints(number(s.int_, -1), "-1");
    assert_prints(number(s.ulong_, -1), "18446744073709551615");
    assert_prints(number(s.bool_, 1), "true");
    assert_prints(number(s.void_pointer, 0), "NULL");
    assert_prints(number(s.void_pointer, 4096), "0x1000");
    assert_prints(ir_unknown(&s.arena, s.double_), "?");
    assert_prints(ir_temp(&s.arena, s.int_, 3), "t3");
}

static void test_ir_dump__places(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    assert_prints(target(), "*p");
    assert_prints(ir_field(arena, s.int_, target(), "value", 0), "p->value");
    assert_prints(ir_field(arena, s.int_, node, "value", 0), "node.value");
    const struct ir_expr *next = ir_field(arena, s.node_pointer, target(), "next", 8);
    const struct ir_expr *after = ir_deref(arena, s.node, next);
    assert_prints(ir_field(arena, s.int_, after, "value", 0), "p->next->value");
    assert_prints(after, "*p->next");
    /* An anonymous member between. */
    const struct ir_expr *choice =
        ir_field(arena, s.node->record->fields[2].type, target(), "", 16);
    assert_prints(ir_field(arena, s.long_, choice, "large", 0), "p->large");
    assert_prints(ir_addr(arena, s.int_pointer, ir_field(arena, s.int_, node, "value", 0)),
                  "&node.value");
}

static void test_ir_dump__elements(void **state)
{
    (void)state;
    struct arena *arena = &s.arena;
    const struct ir_expr *element = ir_index(arena, s.int_, array, a);
    assert_prints(element, "array[a]");
    assert_prints(ir_addr(arena, s.int_pointer, element), "&array[a]");
    assert_prints(ir_addr(arena, s.int_pointer, array), "array"); /* its decay */
    assert_prints(ir_deref(arena, s.int_, ir_addr(arena, s.int_pointer, array)), "array[0]");
    const struct ir_expr *neighbour = ir_index(arena, s.node, target(), binary(IR_ADD, a, b));
    assert_prints(neighbour, "p[a + b]");
    assert_prints(ir_field(arena, s.int_, neighbour, "value", 0), "p[a + b].value");
    assert_prints(ir_index(arena, s.int_, ir_index(arena, s.int_array, matrix, a), b),
                  "matrix[a][b]");
    assert_prints(ir_index(arena, s.int_, a, b), "(&a)[b]");
    /* A pointer to an array: its element, and its neighbour. */
    struct ir_type row = {.kind = IR_TYPE_POINTER, .name = "int (*)[4]", .target = s.int_array};
    const struct ir_expr *rows = ir_deref(
        arena, s.int_array, ir_var(arena, sample_var(&s, func, IR_VAR_LOCAL, "rows", &row)));
    assert_prints(ir_index(arena, s.int_, rows, a), "(*rows)[a]");
    assert_prints(ir_index(arena, s.int_array, rows, a), "rows[a]");
    assert_prints(ir_addr(arena, &row, array), "&array");
}

static void test_ir_dump__strings_are_escaped_and_cut(void **state)
{
    (void)state;
    assert_prints(string(""), "\"\"");
    assert_prints(string("say \"hi\"\\\n\t"), "\"say \\\"hi\\\"\\\\\\n\\t\"");
    assert_prints(string("\033[31m"), "\"\\033[31m\"");
    assert_prints(string("h\xc3\xa9"), "\"h\xc3\xa9\"");
    assert_prints(string("h\xc3"), "\"h\\303\""); /* no UTF-8 */
    assert_prints(string("0123456789012345678901234567890123456789"),
                  "\"0123456789012345678901234567890123456789\"");
    assert_prints(string("01234567890123456789012345678901234567890"),
                  "\"0123456789012345678901234567890123456789\"...");
}

static void test_ir_dump__literals_name_their_fields(void **state)
{
    (void)state;
    struct ir_element elements[] = {{0, a}, {8, p}, {16, number(s.long_, 5)}, {32, b}, {100, b}};
    struct ir_expr literal = {
        .kind = IR_LITERAL, .type = s.node, .elements = elements, .element_count = 5};
    assert_prints(&literal, "{.value = a, .next = p, .large = 5, .cells[2] = b, .at 100 = b}");
    literal.element_count = 1;
    literal.is_partial = true;
    assert_prints(&literal, "{.value = a, ...}");
    literal.element_count = 0;
    assert_prints(&literal, "{...}");
    struct ir_element cells[] = {{0, a}, {20, b}};
    struct ir_expr table = {
        .kind = IR_LITERAL, .type = s.int_matrix, .elements = cells, .element_count = 2};
    assert_prints(&table, "{[0][0] = a, [1][1] = b}");
}

static void test_ir_dump__casts(void **state)
{
    (void)state;
    struct ir_expr cast = {.kind = IR_CAST, .type = s.uchar, .a = binary(IR_ADD, a, b)};
    assert_prints(&cast, "(unsigned char)(a + b)");
    assert_prints(binary(IR_MUL, &cast, a), "(unsigned char)(a + b) * a");
}

static void test_ir_dump__absurd_expressions_end(void **state)
{
    (void)state;
    const struct ir_expr *deep = a, *wide = a;
    for (int i = 0; i < 100 * 1000; i++)
        deep = unary(IR_NOT, deep);
    for (int i = 0; i < 100; i++)
        wide = binary(IR_ADD, wide, wide);
    assert_true(text_ends(ir_expr_text(&s.arena, deep), "!!..."));
    assert_true(strlen(ir_expr_text(&s.arena, wide)) < 100 * 1000);
}

static void test_ir_dump__declarations(void **state)
{
    (void)state;
    struct ir_type *of_pointer = s.function_pointer;
    sample_var(&s, func, IR_VAR_LOCAL, "run", of_pointer);
    struct text text = {0};
    ir_dump_func(&text, func);
    assert_non_null(strstr(text.at, "  variable int (*run)(int, ...) "));
    assert_non_null(strstr(text.at, "  variable int matrix[3][4] "));
    assert_non_null(strstr(text.at, "  variable struct node *p "));
    text_release(&text);
}

static void test_ir_dump__whole_unit(void **state)
{
    (void)state;
    static const char expected[] =
        "unit pool.c incomplete\n"
        "error at 5:1: unknown type name 'foo'\n"
        "error at nowhere: pool.h not found\n"
        "remark \"leash:takes\" at 11:4 of parameter of worker unknown q\n"
        "remark \"leash:daemon\" at 40:4 of line 0 conditional\n"
        "object node_t head at pool.h:3:5 static thread-local\n"
        "function worker(struct node *p, int n, ...) at 12:13 static note \"leash:daemon\" "
        "incomplete: asm goto is not understood\n"
        "  parameter struct node *p note \"leash:takes\"                   # 13:9\n"
        "  variable node_t n.2 address-taken cleanup node_close note \"leash:daemon\" # 15:9\n"
        "  variable int literal1[4]                                      # 16:9\n"
        "  loop b1 at 21:5\n"
        "  b0:\n"
        "    begin n.2                                                   # 20:9\n"
        "    t1 = log_line(\"a \\\"line\\\"\\n\")                               # 20:9\n"
        "    p->cells[n] = -t1                                           # 20:9\n"
        "    n.2.value = n << 3                                          # 20:9\n"
        "    switch (unsigned char)n: 1 -> b1, 3..5 -> b2, default -> b3 # 20:5\n"
        "  b1: from b0, b1\n"
        "    if n goto b1 else b2                                        # 21:5\n"
        "  b2: from b0, b1\n"
        "    unknown asm                                                 # 22:9\n"
        "    goto b3                                                     # 22:5\n"
        "  b3: from b0, b2\n"
        "    cleanup node_close(&n.2)                                    # 23:9\n"
        "    end n.2                                                     # 23:9\n"
        "    goto *(p): b4, b5                                           # 23:5\n"
        "  b4: from b3\n"
        "    return 0                                                    # 24:5\n"
        "  b5: from b3\n"
        "    stop                                                        # 25:5\n"
        "initialisers\n"
        "  b0:\n"
        "    head = {.value = -7, .next = &head, .cells[1] = ?, ...}     # 20:9\n"
        "    return                                                      # 20:5\n";
    struct sample whole;
    sample_init(&whole);
    sample_fill(&whole);
    struct text text = {0};
    ir_dump_unit(&text, whole.unit);
    assert_string_equal(text.at, expected);
    text_release(&text);
    sample_release(&whole);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ir_dump__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parentheses_where_c_needs_them),
        TEST(minus_signs_do_not_run_together),
        TEST(constants_by_their_type),
        TEST(places),
        TEST(elements),
        TEST(strings_are_escaped_and_cut),
        TEST(literals_name_their_fields),
        TEST(casts),
        TEST(absurd_expressions_end),
        TEST(declarations),
        TEST(whole_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
