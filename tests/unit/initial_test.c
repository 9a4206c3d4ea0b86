/*
 * initial_test.c - what static objects begin with.
 */
#include "explore/initial.h"
#include "program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ir_symbol *object_named(const struct program *program, const char *name)
{
    for (size_t i = 0; i < program->unit->symbol_count; i++)
        if (strcmp(program->unit->symbols[i]->name, name) == 0)
            return program->unit->symbols[i];
    fail_msg("no %s", name);
    return NULL;
}

struct loaded {
    struct program program;
    struct initials initials;
};

static void begin(struct loaded *loaded, const char *text)
{
    *loaded = (struct loaded){0};
    load(&loaded->program, text);
    loaded->initials.by_symbol.arena = &loaded->program.arena;
    initials_make(&loaded->initials, loaded->program.flow);
}

static const struct ir_expr *part(struct loaded *loaded, const char *name, int64_t offset,
                                  int64_t *inside)
{
    struct initial *initial =
        initials_find(&loaded->initials, object_named(&loaded->program, name));
    assert_non_null(initial);
    return initial_part(&loaded->initials, initial, offset, inside);
}

static void assert_number(struct loaded *loaded, const char *name, int64_t offset, int64_t number)
{
    int64_t inside;
    const struct ir_expr *value = part(loaded, name, offset, &inside);
    assert_non_null(value);
    assert_int_equal(inside, 0);
    assert_int_equal(value->kind, IR_CONST);
    assert_int_equal(value->value, number);
}

static void test_initial__parts_are_found_by_their_offset(void **state)
{
    struct loaded loaded;
    int64_t inside;
    (void)state;
    begin(&loaded, "struct pair { int a, b; };\n"
                   "static struct pair table[9] = {{1, 2}, [8] = {.b = 9}, [4] = {5, 6}, {7, 8}};\n"
                   "static int plain = 3, zero;\n"
                   "int f(void) { return table[0].a + plain + zero; }\n");
    assert_number(&loaded, "table", 0, 1);
    assert_number(&loaded, "table", 4, 2);
    assert_number(&loaded, "table", 32, 5);
    assert_number(&loaded, "table", 44, 8);
    assert_number(&loaded, "table", 68, 9);
    assert_null(part(&loaded, "table", 8, &inside));
    assert_null(part(&loaded, "table", 64, &inside));
    assert_number(&loaded, "plain", 0, 3);
    assert_null(initials_find(&loaded.initials, object_named(&loaded.program, "zero")));
    unload(&loaded.program);
}

static void test_initial__the_last_of_two_for_one_place_counts(void **state)
{
    struct loaded loaded;
    (void)state;
    begin(&loaded, "static int table[3] = {1, 2, [0] = 7};\n"
                   "int f(void) { return table[0]; }\n");
    assert_number(&loaded, "table", 0, 7);
    assert_number(&loaded, "table", 4, 2);
    unload(&loaded.program);
}

static void test_initial__functions_and_texts(void **state)
{
    struct loaded loaded;
    int64_t inside;
    (void)state;
    begin(&loaded, "static void run(void) { }\n"
                   "static struct { char name[4]; void (*run)(void); } command = {\"go\", run};\n"
                   "void f(void) { command.run(); }\n");
    const struct ir_expr *value = part(&loaded, "command", 1, &inside);
    assert_int_equal(value->kind, IR_STRING);
    assert_int_equal(inside, 1);
    value = part(&loaded, "command", 8, &inside);
    assert_int_equal(value->kind, IR_SYMBOL);
    assert_string_equal(value->symbol->name, "run");
    assert_int_equal(inside, 0);
    unload(&loaded.program);
}

static void test_initial__statics_of_functions_have_their_own(void **state)
{
    struct loaded loaded;
    (void)state;
    begin(&loaded, "int f(void) { static int first = 4; return first++; }\n"
                   "int g(void) { static int second = 5; return second++; }\n");
    assert_number(&loaded, "first", 0, 4);
    assert_number(&loaded, "second", 0, 5);
    unload(&loaded.program);
}

/* It stays with its unit, whose other objects then are as little looked up. */
static void test_initial__what_asks_is_not_plain(void **state)
{
    struct loaded loaded;
    (void)state;
    begin(&loaded, "static int one = 1;\n"
                   "static int *chosen = &one ? &one : 0;\n"
                   "int f(void) { return one + *chosen; }\n");
    assert_false(initial_is_plain(loaded.program.unit->init));
    assert_null(initials_find(&loaded.initials, object_named(&loaded.program, "one")));
    unload(&loaded.program);
    begin(&loaded, "static int one = 1, *chosen = &one;\n"
                   "int f(void) { return one + *chosen; }\n");
    assert_true(initial_is_plain(loaded.program.unit->init));
    unload(&loaded.program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initial__parts_are_found_by_their_offset),
        cmocka_unit_test(test_initial__the_last_of_two_for_one_place_counts),
        cmocka_unit_test(test_initial__functions_and_texts),
        cmocka_unit_test(test_initial__statics_of_functions_have_their_own),
        cmocka_unit_test(test_initial__what_asks_is_not_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
