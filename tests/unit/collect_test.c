/* Workers and what ends them; that the other units are done all the same. */
#include "project/collect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HAS_SANITIZER)
enum { holds_memory_limit = 0 };
#else
enum { holds_memory_limit = 1 };
#endif

static struct arena arena;
static char folder[32];
static unit_list units;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/leash-collect-XXXXXX");
    units = (unit_list){0};
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < units.count; i++)
        unit_release(units.at[i]);
    arena_release(&arena);
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static struct unit *add(const char *name, const char *text)
{
    const char *path = path_join(&arena, folder, name);
    assert_true(file_write(path, text, strlen(text)));
    struct unit *unit = unit_new(&arena, path, folder);
    *vec_add(&arena, &units) = unit;
    return unit;
}

static void collect(unsigned jobs, struct collect_limits limits)
{
    const char *problem = "unset";
    struct collect_options options = {.jobs = jobs, .limits = limits};
    assert_true(collect_units(&arena, &units, &options, &problem));
    assert_null(problem);
}

static void assert_failed(const struct unit *unit, const char *why)
{
    assert_int_equal(unit->state, UNIT_FAILED);
    assert_null(unit->ir);
    if (!strstr(unit->why, why))
        fail_msg("'%s' does not say '%s'", unit->why, why);
}

static void test_collect__keeps_the_order(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        add(arena_printf(&arena, "unit%d.c", i),
            arena_printf(&arena, "int f%d(void) { return %d; }\n", i, i));
    collect(4, collect_default_limits);
    for (size_t i = 0; i < units.count; i++) {
        assert_int_equal(units.at[i]->state, UNIT_ANALYSED);
        assert_string_equal(units.at[i]->ir->main_file, units.at[i]->file);
        assert_int_equal(units.at[i]->ir->func_count, 1);
    }
}

static void test_collect__nothing_to_do(void **state)
{
    (void)state;
    collect(3, collect_default_limits);
    struct unit *unit = add("a.c", "int x;\n");
    unit->state = UNIT_SKIPPED;
    collect(3, collect_default_limits);
    assert_int_equal(unit->state, UNIT_SKIPPED);
}

static void test_collect__a_unit_that_waits_for_ever(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path_join(&arena, folder, "pipe.h"), 0600), 0);
    struct unit *waiting = add("waiting.c", "#include \"pipe.h\"\n");
    struct unit *good = add("good.c", "int good(void) { return 1; }\n");
    struct collect_limits limits = collect_default_limits;
    limits.seconds = 2;
    collect(1, limits);
    assert_failed(waiting, "takes longer than a file may");
    assert_int_equal(good->state, UNIT_ANALYSED);
}

static void test_collect__a_unit_that_eats_memory(void **state)
{
    (void)state;
    if (!holds_memory_limit)
        skip();
    struct unit *hungry = add("hungry.c", "#include \"/dev/zero\"\n");
    struct unit *good = add("good.c", "int good(void) { return 1; }\n");
    struct collect_limits limits = collect_default_limits;
    limits.memory_bytes = (uint64_t)300 << 20;
    collect(1, limits);
    assert_failed(hungry, "memory");
    assert_int_equal(good->state, UNIT_ANALYSED);
}

/* A macro that expands to 3^60 copies of itself: libclang would go on for ever. */
static void test_collect__a_unit_that_eats_time(void **state)
{
    (void)state;
    struct text text = {0};
    for (int i = 0; i < 60; i++)
        text_printf(&text, "#define M%d(x) M%d(M%d(x) + M%d(x))\n", i, i + 1, i + 1, i + 1);
    text_add(&text, "#define M60(x) x\nint y = M0(1);\n");
    struct unit *slow = add("slow.c", text.at);
    text_release(&text);
    struct unit *good = add("good.c", "int good(void) { return 1; }\n");
    struct collect_limits limits = collect_default_limits;
    limits.cpu_seconds = 1;
    collect(1, limits);
    assert_failed(slow, "takes more CPU time");
    assert_int_equal(good->state, UNIT_ANALYSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_collect__keeps_the_order, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_collect__nothing_to_do, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_collect__a_unit_that_waits_for_ever, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_collect__a_unit_that_eats_memory, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_collect__a_unit_that_eats_time, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
