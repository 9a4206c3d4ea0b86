/* Units kept from run to run: for as long as they are right, and in place of broken ones. */
#include "project/collect.h"
#include "project/store.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static char folder[32];
static struct unit_store *store;
static struct unit *unit; /* of the last run */
static name_list broken;

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/leash-store-XXXXXX");
    store = unit_store_new();
    unit = NULL;
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    unit_store_free(store);
    unit_release(unit);
    arena_release(&arena);
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static const char *path_of(const char *name)
{
    return path_join(&arena, folder, name);
}

static void write_file(const char *name, const char *text)
{
    assert_true(file_write(path_of(name), text, strlen(text)));
}

static void keep(void *context, const struct unit *parsed, const char *bytes, size_t length)
{
    struct text key = {0};
    unit_store_key(&key, parsed);
    unit_store_put(store, key.at, key.length, bytes, length, unit_quality(parsed->ir));
    text_release(&key);
    *(bool *)context = true;
}

/* One run over a.c; true: it was parsed, false: it came from the store. */
static bool run(const char *flag, const char *buffer)
{
    static const char *flags[1];
    struct file_buffer buffers[] = {{path_of("a.c"), buffer, buffer ? strlen(buffer) : 0}};
    size_t buffer_count = buffer ? 1 : 0;
    bool was_parsed = false;
    if (unit)
        unit_release(unit);
    unit = unit_new(&arena, path_of("a.c"), folder);
    flags[0] = flag;
    unit->flags = flags;
    unit->flag_count = 1;
    unit_list units = {0};
    *vec_add(&arena, &units) = unit;
    struct collect_options options = {
        .limits = collect_default_limits,
        .buffers = buffers,
        .buffer_count = buffer_count,
        .keep = keep,
        .context = &was_parsed,
    };
    const char *problem = NULL;
    broken = (name_list){0};
    unit_store_fetch(store, &units, buffers, buffer_count);
    assert_true(collect_units(&arena, &units, &options, &problem));
    unit_store_restore(store, &arena, &units, buffers, buffer_count, &broken);
    assert_int_equal(unit->state, UNIT_ANALYSED);
    return was_parsed;
}

static void test_store__parses_what_changed(void **state)
{
    (void)state;
    write_file("a.c", "#include \"a.h\"\nint f(void) { return A; }\n");
    write_file("a.h", "#define A 1\n");
    assert_true(run("-O0", NULL));
    assert_false(run("-O0", NULL));
    assert_int_equal(unit->ir->func_count, 1);
    assert_true(run("-O1", NULL)); /* another unit */
    assert_false(run("-O0", NULL));
    write_file("a.h", "#define A 2\n");
    assert_true(run("-O0", NULL));
    write_file("a.h", "#define A 1\n");
    assert_true(run("-O0", NULL)); /* what it was before was not kept */
    assert_false(run("-O1", NULL));
}

static void test_store__looks_at_buffers_in_place_of_files(void **state)
{
    static const char text[] = "int f(void);\n", other[] = "int g(void) { return 0; }\n";
    (void)state;
    write_file("a.c", text);
    assert_true(run("-O0", NULL));
    assert_false(run("-O0", text));
    assert_true(run("-O0", other));
    assert_int_equal(unit->ir->func_count, 1);
    assert_false(run("-O0", other));
    assert_true(run("-O0", NULL));
}

static void test_store__keeps_the_last_whole_one(void **state)
{
    static const char whole[] = "int f(void) { return 0; }\n", cut[] = "int f(void) { return\n";
    (void)state;
    write_file("a.c", cut);
    assert_true(run("-O0", NULL));
    assert_int_equal(broken.count, 0); /* nobody is typing in it */
    assert_true(unit->ir->error_count > 0);
    assert_true(run("-O0", whole));
    assert_true(run("-O0", cut));
    assert_int_equal(broken.count, 1);
    assert_string_equal(broken.at[0], path_of("a.c"));
    assert_int_equal(unit->ir->error_count, 0);
    assert_false(run("-O0", cut)); /* that it is broken is known */
    assert_int_equal(broken.count, 1);
    assert_int_equal(unit->ir->error_count, 0);
    assert_true(run("-O0", whole));
    assert_int_equal(broken.count, 0);
}

static void test_store__doubts_what_lacked_a_file(void **state)
{
    (void)state;
    write_file("a.c", "#include \"late.h\"\nint f(void) { return 0; }\n");
    assert_true(run("-O0", NULL));
    assert_int_equal(unit_quality(unit->ir), UNIT_INCOMPLETE);
    assert_false(run("-O0", NULL));
    write_file("late.h", "");
    unit_store_doubt(store);
    assert_true(run("-O0", NULL));
    assert_int_equal(unit_quality(unit->ir), UNIT_WHOLE);
    unit_store_doubt(store);
    assert_false(run("-O0", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_store__parses_what_changed, begin, end),
        cmocka_unit_test_setup_teardown(test_store__looks_at_buffers_in_place_of_files, begin, end),
        cmocka_unit_test_setup_teardown(test_store__keeps_the_last_whole_one, begin, end),
        cmocka_unit_test_setup_teardown(test_store__doubts_what_lacked_a_file, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
