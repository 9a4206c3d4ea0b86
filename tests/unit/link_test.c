/* Which units make a program: from hand-made units with names they define and need. */
#include "project/link.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A unit as the tests write it: words with blanks in between. */
struct sketch {
    const char *file, *output, *defines, *needs;
};

static void add_symbols(struct ir_unit *ir, const char *names, bool is_defined)
{
    for (const char *at = names; at && *at;) {
        size_t length = strcspn(at, " ");
        struct ir_symbol *symbol = arena_new(&arena, struct ir_symbol);
        symbol->name = arena_strndup(&arena, at, length);
        symbol->is_defined = is_defined;
        ir->symbols[ir->symbol_count++] = symbol;
        at += length + (at[length] == ' ');
    }
}

static struct unit *unit_of(const struct sketch *sketch)
{
    struct unit *unit = unit_new(&arena, sketch->file, "/p");
    unit->state = UNIT_ANALYSED;
    unit->ir = arena_new(&arena, struct ir_unit);
    unit->ir->symbols = arena_array(&arena, struct ir_symbol *, 16);
    add_symbols(unit->ir, sketch->defines, true);
    add_symbols(unit->ir, sketch->needs, false);
    if (sketch->output)
        *vec_add(&arena, &unit->outputs) = sketch->output;
    return unit;
}

/* The programs as text: their units' files, and a bar between programs. */
static const char *programs_of(const struct sketch *sketches, size_t count)
{
    unit_list units = {0};
    program_list programs = {0};
    struct text text = {0};
    for (size_t i = 0; i < count; i++)
        *vec_add(&arena, &units) = unit_of(&sketches[i]);
    link_units(&arena, &units, &programs);
    for (size_t i = 0; i < programs.count; i++)
        for (size_t k = 0; k < programs.at[i].units.count; k++)
            text_printf(&text, "%s%s", k ? " " : i ? " | " : "", programs.at[i].units.at[k]->file);
    const char *copy = arena_strdup(&arena, text.at ? text.at : "");
    text_release(&text);
    return copy;
}

#define check_programs(sketches, wanted)                                                           \
    assert_string_equal(programs_of((sketches), COUNT_OF(sketches)), (wanted))

static void test_link__needs_are_followed(void **state)
{
    (void)state;
    static const struct sketch sketches[] = {
        {"c", NULL, "third", "malloc"},
        {"b", NULL, "second", "third"},
        {"a", NULL, "main first", "second printf"},
        {"lone", NULL, "unused", ""},
    };
    check_programs(sketches, "c b a | lone");
}

static void test_link__each_main_is_a_program(void **state)
{
    (void)state;
    static const struct sketch sketches[] = {
        {"one", NULL, "main helper", "shared"},
        {"two", NULL, "main helper", "shared"},
        {"lib", NULL, "shared", "helper"},
    };
    /* The other program's helper is never a candidate: it comes with another main. */
    check_programs(sketches, "one lib | two lib");
}

static void test_link__targets_hold_together(void **state)
{
    (void)state;
    static const struct sketch sketches[] = {
        {"one", "/b/CMakeFiles/one.dir/one.c.o", "main", "job"},
        {"job1", "/b/CMakeFiles/one.dir/job1.c.o", "job", ""},
        {"plugin", "/b/CMakeFiles/one.dir/plugin.c.o", "registered", ""},
        {"two", "/b/CMakeFiles/two.dir/two.c.o", "main", "job lib"},
        {"job2", "/b/CMakeFiles/two.dir/job2.c.o", "job", ""},
        {"lib", "/b/sub/CMakeFiles/lib.dir/lib.c.o", "lib", "deep"},
        {"deep", "/b/sub/CMakeFiles/lib.dir/deep.c.o", "deep", ""},
        {"rest", "/b/sub/CMakeFiles/lib.dir/rest.c.o", "rest", "deep"},
    };
    check_programs(sketches, "one job1 plugin | two job2 lib deep | deep rest");
}

static void test_link__static_and_shared_builds(void **state)
{
    (void)state;
    static const struct sketch sketches[] = {
        {"main", NULL, "main", "f"},
        {"f", "/b/CMakeFiles/static.dir/f.c.o", "f", "g"},
        {"g", "/b/CMakeFiles/static.dir/g.c.o", "g", ""},
        {"f", "/b/CMakeFiles/shared.dir/f.c.o", "f", "g"},
        {"g", "/b/CMakeFiles/shared.dir/g.c.o", "g", ""},
    };
    /* The program takes each file once, and one target's; the other build is a group of its own. */
    check_programs(sketches, "main f g | f g");
}

static void test_link__unsettled_names_keep_every_candidate(void **state)
{
    (void)state;
    static const struct sketch sketches[] = {
        {"main", NULL, "main", "init"},
        {"unix", NULL, "init", ""},
        {"windows", NULL, "init", ""},
    };
    check_programs(sketches, "main unix windows");
}

static void test_link__libraries_without_main(void **state)
{
    (void)state;
    static const struct sketch sketches[] = {
        {"a", NULL, "a", "b"}, {"x", NULL, "x", ""},  {"b", NULL, "b", ""},
        {"y", NULL, "y", "x"}, {"z", NULL, "z", "a"}, {"alone", NULL, "", ""},
    };
    check_programs(sketches, "a b z | x y | alone");
}

static void test_link__failed_units_are_left_out(void **state)
{
    (void)state;
    const struct sketch sketch = {"a", NULL, "main", ""};
    struct unit *good = unit_of(&sketch), *failed = unit_new(&arena, "b", "/p");
    failed->state = UNIT_FAILED;
    unit_list units = {0};
    program_list programs = {0};
    *vec_add(&arena, &units) = failed;
    *vec_add(&arena, &units) = good;
    link_as_one(&arena, &units, &programs);
    assert_int_equal(programs.count, 1);
    assert_int_equal(programs.at[0].units.count, 1);
    units.count = 1;
    program_list none = {0};
    link_as_one(&arena, &units, &none);
    assert_int_equal(none.count, 0);
    link_units(&arena, &units, &none);
    assert_int_equal(none.count, 0);
}

static void test_link__target_of_an_output(void **state)
{
    (void)state;
    static const struct {
        const char *output, *target;
    } cases[] = {
        {"/b/CMakeFiles/server.dir/src/main.c.o", "/b/CMakeFiles/server.dir"},
        {"/b/lib/CMakeFiles/x.dir/__/a.c.o", "/b/lib/CMakeFiles/x.dir"},
        {"/b/libuv.so.1.p/src_unix_core.c.o", "/b/libuv.so.1.p"},
        {"/b/CMakeFiles/a.c.o", NULL},
        {"/b/src.dir/a.o", NULL},
        {"/b/.p/a.o", NULL},
        {"a.o", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *target = link_target(&arena, cases[i].output);
        if (cases[i].target)
            assert_string_equal(target, cases[i].target);
        else
            assert_null(target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_link__needs_are_followed, release),
        cmocka_unit_test_teardown(test_link__each_main_is_a_program, release),
        cmocka_unit_test_teardown(test_link__targets_hold_together, release),
        cmocka_unit_test_teardown(test_link__static_and_shared_builds, release),
        cmocka_unit_test_teardown(test_link__unsettled_names_keep_every_candidate, release),
        cmocka_unit_test_teardown(test_link__libraries_without_main, release),
        cmocka_unit_test_teardown(test_link__failed_units_are_left_out, release),
        cmocka_unit_test_teardown(test_link__target_of_an_output, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
