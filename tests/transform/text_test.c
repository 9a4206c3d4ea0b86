/* What the transforms make of small programs, letter by letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transform.h"

struct bench {
    struct arena arena;
    struct transformed result;
    struct text trouble;
};

static int setup(void **state)
{
    struct bench *bench = xmalloc(sizeof *bench);

    *bench = (struct bench){0};
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    text_release(&bench->trouble);
    arena_release(&bench->arena);
    free(bench);
    return 0;
}

static void add(struct bench *bench, struct fixture *fixture, const char *path, const char *text)
{
    *vec_add(&bench->arena, &fixture->files) = (struct fixture_file){path, text, strlen(text)};
}

static void apply(struct bench *bench, transform *way, const struct fixture *fixture)
{
    struct expected expected = {0};
    struct parsed parsed;
    char *root = getcwd(NULL, 0);

    assert_true(parsed_open(&parsed, &bench->arena, fixture, root, &expected, &bench->trouble));
    assert_true(way(&parsed, &bench->result, &bench->trouble));
    parsed_close(&parsed);
    free(root);
}

static void apply_to(struct bench *bench, transform *way, const char *text)
{
    struct fixture fixture = {.name = "a.c"};

    add(bench, &fixture, "/nowhere/a.c", text);
    apply(bench, way, &fixture);
}

static void assert_file(const struct bench *bench, size_t file, const char *text)
{
    assert_true(file < bench->result.program.files.count);
    assert_string_equal(bench->result.program.files.at[file].text, text);
}

/* ---- rename ---------------------------------------------------------------------------------- */

static void test_rename__all_own_names(void **state)
{
    struct bench *bench = *state;

    apply_to(bench, transform_rename,
             "#include <leash.h>\n"
             "#define STOP(ch) chan_close(ch)\n"
             "struct job { int left; };\n"
             "enum { LIMIT = 3 };\n"
             "static void work(chan_t *jobs)\n"
             "{\n"
             "    struct job job = {.left = LIMIT};\n"
             "again:\n"
             "    if (chan_recv(jobs, &job))\n"
             "        goto again;\n"
             "    STOP(jobs); // work\n"
             "}\n"
             "int main(void) { spawn(work, NULL); }\n");
    assert_file(bench, 0,
                "#include <leash.h>\n"
                "#define n1(n2) chan_close(n2)\n"
                "struct n3 { int n4; };\n"
                "enum { n5 = 3 };\n"
                "static void n6(chan_t *n7)\n"
                "{\n"
                "    struct n3 n3 = {.n4 = n5};\n"
                "n8:\n"
                "    if (chan_recv(n7, &n3))\n"
                "        goto n8;\n"
                "    n1(n7); // work\n"
                "}\n"
                "int main(void) { spawn(n6, NULL); }\n");
    assert_int_equal(bench->result.done, 8);
    assert_int_equal(bench->result.left, 1);
}

static void test_rename__notes_name_parameters(void **state)
{
    struct bench *bench = *state;

    apply_to(bench, transform_rename,
             "// leash:takes job, at -- job is given on\n"
             "void queue(int at, void *job);\n");
    assert_file(bench, 0,
                "// leash:takes n1, n2 -- job is given on\n"
                "void n3(int n2, void *n1);\n");
}

static void test_rename__names_of_headers_stay(void **state)
{
    struct bench *bench = *state;

    apply_to(bench, transform_rename,
             "#include <poll.h>\n"
             "struct pair { short events, cleanup; };\n"
             "void pause_all(int *at);\n"
             "int sem_wait(void *it);\n"
             "void watch(struct pair *pair, struct pollfd *poll)\n"
             "{\n"
             "    __attribute__((cleanup(pause_all))) int held = pair->cleanup;\n"
             "    poll->events = pair->events;\n"
             "}\n");
    assert_file(bench, 0,
                "#include <poll.h>\n"
                "struct n1 { short events, n2; };\n"
                "void n3(int *n4);\n"
                "int sem_wait(void *n5);\n"
                "void n6(struct n1 *n1, struct pollfd *n7)\n"
                "{\n"
                "    __attribute__((cleanup(n3))) int n8 = n1->n2;\n"
                "    n7->events = n1->events;\n"
                "}\n");
}

static void test_rename__pasted_names_stay(void **state)
{
    struct bench *bench = *state;

    apply_to(bench, transform_rename,
             "#define TASK(name) void run_##name(int count)\n"
             "struct sort { int n1; };\n"
             "TASK(sort) { }\n"
             "void all(void) { run_sort(1); }\n");
    assert_file(bench, 0,
                "#define n2(n3) void run_##n3(int count)\n"
                "struct sort { int n4; };\n"
                "n2(sort) { }\n"
                "void n5(void) { run_sort(1); }\n");
}

/* ---- split ----------------------------------------------------------------------------------- */

static void test_split__definitions_apart(void **state)
{
    struct bench *bench = *state;

    apply_to(bench, transform_split,
             "static int total, limits[] = {1, 2};\n"
             "int used = 1;\n"
             "extern int given;\n"
             "static int first(void);\n"
             "static int first(void)\n"
             "{\n"
             "    return total + sizeof limits;\n"
             "} // expect: nothing\n"
             "// leash:ignore lost-cancel\n"
             "static inline int second(void) { return given + used; }\n");
    assert_file(bench, 0,
                "extern int total, limits[2]         ;\n"
                "extern int used    ;\n"
                "extern int given;\n"
                "       int first(void);\n"
                "       int first(void)\n"
                "{\n"
                "    return total + sizeof limits;\n"
                "} // expect: nothing\n"
                "                           \n"
                "              int second(void) ;                       \n");
    assert_file(bench, 1,
                "       int total, limits[] = {1, 2};\n"
                "int used = 1;\n"
                "extern int given;\n"
                "       int first(void);\n"
                "       int first(void)\n"
                ";\n"
                "                                 \n"
                "                    \n"
                "// leash:ignore lost-cancel\n"
                "              int second(void) { return given + used; }\n");
    assert_int_equal(bench->result.done, 4);
    assert_string_equal(bench->result.origins.at[1].path, "/nowhere/a.c");
}

static void test_split__macros_make_definitions(void **state)
{
    struct bench *bench = *state;
    const char *text = "#define TASK(name) static void name(void)\n"
                       "int all;\n"
                       "TASK(first) { all++; }\n"
                       "void second(void) { first(); }\n";

    apply_to(bench, transform_split, text);
    assert_int_equal(bench->result.program.files.count, 1);
    assert_file(bench, 0, text);
    assert_int_equal(bench->result.done, 0);
    assert_int_equal(bench->result.left, 1);
}

static void test_split__names_that_clash(void **state)
{
    struct bench *bench = *state;
    struct fixture fixture = {.name = "a"};

    add(bench, &fixture, "/nowhere/a.c", "static int own;\n");
    add(bench, &fixture, "/nowhere/b.c", "static int own;\n");
    add(bench, &fixture, "/nowhere/c.c", "static int other;\n");
    apply(bench, transform_split, &fixture);
    assert_int_equal(bench->result.program.files.count, 4);
    assert_file(bench, 0, "static int own;\n");
    assert_file(bench, 1, "static int own;\n");
    assert_file(bench, 2, "extern int other;\n");
    assert_file(bench, 3, "       int other;\n");
    assert_int_equal(bench->result.left, 2);
}

/* ---- wrap ------------------------------------------------------------------------------------ */

static void test_wrap__each_call(void **state)
{
    static const uint32_t lines[] = {1, 3, 6, 2, 3, 3, 3, 4, 5, 6, 6, 7, 7, 8, 9};
    struct bench *bench = *state;

    apply_to(bench, transform_wrap,
             "#include <leash.h>\n"
             "void stop(chan_t *done, wg_t *wg) {\n"
             "    wg_done(wg);\n"
             "    (void)done;\n"
             "\n"
             "    if (chan_recv(done,\n"
             "                  NULL)) {\n"
             "        defer_close(done); }\n"
             "}");
    assert_file(bench, 0,
                "#include <leash.h>\n"
                "static void w1(leash_wg_t * a0, const char * a1) { leash_wg_done(a0, a1); }\n"
                "static _Bool w2(leash_chan_t * a0, void * a1, const char * a2) "
                "{ return leash_chan_recv(a0, a1, a2); }\n"
                "void stop(chan_t *done, wg_t *wg) {\n"
                "#define leash_wg_done w1\n"
                "    wg_done(wg);\n"
                "#undef leash_wg_done\n"
                "    (void)done;\n"
                "\n"
                "#define leash_chan_recv w2\n"
                "    if (chan_recv(done,\n"
                "                  NULL)) {\n"
                "#undef leash_chan_recv\n"
                "        defer_close(done); }\n"
                "}");
    const struct origin *origin = &bench->result.origins.at[0];
    assert_int_equal(origin->line_count, COUNT_OF(lines) + 1);
    assert_memory_equal(origin->lines + 1, lines, sizeof lines);
    assert_int_equal(bench->result.done, 2);
    assert_int_equal(bench->result.left, 1);
}

static void test_wrap__comments_keep_their_call(void **state)
{
    struct bench *bench = *state;
    const char *text = "#include <pthread.h>\n"
                       "void stop(pthread_t thread)\n"
                       "{\n"
                       "    // leash:ignore orphan-task\n"
                       "    pthread_detach(thread);\n"
                       "}\n";

    apply_to(bench, transform_wrap, text);
    assert_file(bench, 0, text);
    assert_int_equal(bench->result.done, 0);
    assert_int_equal(bench->result.left, 1);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void find(struct bench *bench, findings *found, const char *path, uint32_t line)
{
    struct finding *finding = arena_new(&bench->arena, struct finding);

    finding->rule = "lost-cancel";
    finding->place.path = path;
    finding->place.line = line;
    *vec_add(&bench->arena, found) = finding;
}

static size_t compare(struct bench *bench, const findings *before, const findings *after)
{
    bench->trouble.length = 0;
    return transformed_compare(&bench->arena, before, after, &bench->result, "/nowhere",
                               &bench->trouble);
}

static void test_compare__lost_and_new(void **state)
{
    struct bench *bench = *state;
    findings before = {0}, after = {0};

    find(bench, &before, "/nowhere/a.c", 3);
    find(bench, &before, "/nowhere/a.c", 4);
    find(bench, &after, "/nowhere/a.c", 4);
    find(bench, &after, "/nowhere/a.c", 5);
    assert_int_equal(compare(bench, &before, &after), 2);
    assert_string_equal(bench->trouble.at, "  lost: lost-cancel at a.c:3\n"
                                           "  new:  lost-cancel at a.c:5\n");
    assert_int_equal(compare(bench, &before, &before), 0);
}

static void test_compare__lines_that_came_in(void **state)
{
    struct bench *bench = *state;
    findings before = {0}, after = {0};

    apply_to(bench, transform_wrap,
             "#include <leash.h>\n"
             "void f(chan_t *c) { chan_close(c); }\n");
    find(bench, &before, "/nowhere/a.c", 2);
    find(bench, &after, "/nowhere/a.c", 2); /* in the helper */
    assert_int_equal(compare(bench, &before, &after), 0);
    after.at[0]->place.line = 4; /* the call */
    assert_int_equal(compare(bench, &before, &after), 0);
    find(bench, &after, "/nowhere/a.c", 4); /* once more in the same file */
    assert_int_equal(compare(bench, &before, &after), 1);
}

static void test_compare__both_halves(void **state)
{
    struct bench *bench = *state;
    findings before = {0}, after = {0};

    apply_to(bench, transform_split, "void f(void) { }\n");
    find(bench, &before, "/nowhere/a.c", 1);
    find(bench, &after, "/nowhere/a.c", 1);
    find(bench, &after, "/nowhere/a.second.c", 1);
    assert_int_equal(compare(bench, &before, &after), 0);
    find(bench, &after, "/nowhere/a.second.c", 1);
    assert_int_equal(compare(bench, &before, &after), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_rename__all_own_names),          TEST(test_rename__names_of_headers_stay),
        TEST(test_rename__pasted_names_stay),      TEST(test_rename__notes_name_parameters),
        TEST(test_split__definitions_apart),       TEST(test_split__macros_make_definitions),
        TEST(test_split__names_that_clash),        TEST(test_wrap__each_call),
        TEST(test_wrap__comments_keep_their_call), TEST(test_compare__lost_and_new),
        TEST(test_compare__lines_that_came_in),    TEST(test_compare__both_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
