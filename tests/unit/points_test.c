/*
 * points_test.c - what handles lead to, and who else may hold it.
 */
#include "flow/points.h"
#include "program.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_objects(const char *text, enum flow_same expected)
{
    struct program program;
    load(&program, text);
    assert_compare(&program, expected, object(&program, "task", ACT_DONE),
                   object(&program, "go", ACT_ADD));
    unload(&program);
}

static void test_points__through_a_message(void **state)
{
    (void)state;
    assert_objects("struct job { int size; wg_t *group; };\n"
                   "static void task(chan_t *jobs) { struct job job; chan_recv(jobs, &job);\n"
                   "    wg_done(job.group); }\n"
                   "void go(void) { chan_t *jobs = chan_make(struct job, 1); wg_t group = {0};\n"
                   "    wg_add(&group, 1); spawn(task, jobs);\n"
                   "    chan_send(jobs, &(struct job){.group = &group}); wg_wait(&group); }\n",
                   FLOW_SAME);
    assert_objects("static void task(chan_t *jobs) { wg_t *group; chan_recv(jobs, &group);\n"
                   "    wg_done(group); }\n"
                   "void go(void) { chan_t *jobs = chan_make(wg_t *, 1);\n"
                   "    static wg_t other; wg_t group = {0}, *sent = &other;\n"
                   "    wg_add(&group, 1); spawn(task, jobs); chan_send(jobs, &sent);\n"
                   "    wg_wait(&group); }\n",
                   FLOW_DIFFERENT);
}

static void test_points__from_a_member_back_to_its_struct(void **state)
{
    (void)state;
    assert_objects("struct link { struct link *next; };\n"
                   "struct job { wg_t group; struct link link; };\n"
                   "static void task(struct link *link) {\n"
                   "    struct job *job = (struct job *)((char *)link -\n"
                   "                                     offsetof(struct job, link));\n"
                   "    wg_done(&job->group); }\n"
                   "void go(void) { struct job job = {0}; wg_add(&job.group, 1);\n"
                   "    spawn(task, &job.link); wg_wait(&job.group); }\n",
                   FLOW_SAME);
}

static void test_points__through_an_out_parameter(void **state)
{
    (void)state;
    assert_objects("#include <stdlib.h>\n"
                   "static int group_new(wg_t **out) { wg_t *group = malloc(sizeof *group);\n"
                   "    if (!group) return -1; *out = group; return 0; }\n"
                   "static void task(wg_t *group) { wg_done(group); }\n"
                   "void go(void) { wg_t *group = NULL; if (group_new(&group)) return;\n"
                   "    wg_add(group, 1); spawn(task, group); wg_wait(group); }\n",
                   FLOW_SAME);
}

static void test_points__elements_may_be_one(void **state)
{
    (void)state;
    assert_objects("static void task(wg_t *group) { wg_done(group); }\n"
                   "void go(int i, int j) { static wg_t groups[4];\n"
                   "    wg_add(&groups[i], 1); spawn(task, &groups[j]); }\n",
                   FLOW_MAYBE);
}

static void test_points__what_two_calls_make_is_two(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static chan_t *new_queue(void) { return chan_make(int, 8); }\n"
                   "static void drain(chan_t *queue) { int i; while (chan_recv(queue, &i)) {} }\n"
                   "void one(void) { chan_t *a = new_queue(); spawn(drain, a); chan_close(a);\n"
                   "    chan_t *b = new_queue(); chan_free(b); }\n");
    assert_compare(&program, FLOW_SAME, object(&program, "drain", ACT_RECV),
                   object(&program, "one", ACT_CLOSE));
    assert_compare(&program, FLOW_DIFFERENT, object(&program, "drain", ACT_RECV),
                   object(&program, "one", ACT_FREE));
    unload(&program);
}

/* ---- holders --------------------------------------------------------------------------------- */

static void assert_holders(const char *text, bool is_seen_whole, bool is_handed_out)
{
    struct program program;
    load(&program, text);
    const struct ir_expr *channel = object(&program, "go", ACT_RECV);
    assert_int_equal(flow_is_seen_whole(program.flow, channel), is_seen_whole);
    assert_int_equal(flow_is_handed_out(program.flow, channel), is_handed_out);
    unload(&program);
}

static void test_points__all_holders_in_sight(void **state)
{
    (void)state;
    assert_holders("static void task(chan_t *c) { chan_close(c); }\n"
                   "void go(void) { chan_t *c = chan_make(int, 0); spawn(task, c);\n"
                   "    chan_recv(c, NULL); }\n",
                   true, false);
    assert_holders("#include <stdlib.h>\n"
                   "struct box { chan_t *c; };\n"
                   "void go(void) { struct box *box = malloc(sizeof *box);\n"
                   "    box->c = chan_make(int, 0); chan_recv(box->c, NULL); free(box); }\n",
                   true, false);
}

static void test_points__holders_out_of_sight(void **state)
{
    (void)state;
    assert_holders("void keep(chan_t *);\n"
                   "void go(void) { chan_t *c = chan_make(int, 0); keep(c);\n"
                   "    chan_recv(c, NULL); }\n",
                   false, true);
    assert_holders("struct box { int n; chan_t *c; }; void keep(struct box *);\n"
                   "void go(void) { struct box box = {1, chan_make(int, 0)}; keep(&box);\n"
                   "    chan_recv(box.c, NULL); }\n",
                   false, true);
    assert_holders("chan_t *go(void) { chan_t *c = chan_make(int, 0);\n"
                   "    chan_recv(c, NULL); return c; }\n",
                   false, false);
    assert_holders("struct box { chan_t *c; };\n"
                   "void go(struct box *box) { chan_t *c = chan_make(int, 0); box->c = c;\n"
                   "    chan_recv(c, NULL); }\n",
                   false, false);
    assert_holders("void go(chan_t *c) { chan_recv(c, NULL); }\n", false, false);
}

static void test_points__a_callback_with_its_user_data(void **state)
{
    (void)state;
    struct program program;
    load(&program, "void on_event(void (*call)(void *), void *user);\n"
                   "static void ready(void *user) { chan_close(user); }\n"
                   "void go(void) { chan_t *c = chan_make(int, 0); on_event(ready, c);\n"
                   "    chan_recv(c, NULL); }\n");
    assert_compare(&program, FLOW_MAYBE, object(&program, "ready", ACT_CLOSE),
                   object(&program, "go", ACT_RECV));
    assert_false(flow_is_seen_whole(program.flow, object(&program, "go", ACT_RECV)));
    unload(&program);
}

/* As many as a set may have, each of which comes on several ways: all are kept, none twice. */
static void test_points__a_long_set_is_exact(void **state)
{
    enum { TARGETS = 40 };
    (void)state;
    struct program program;
    struct arena arena = {0};
    const char *text = "static wg_t *chosen, *other;\n";
    for (int i = 0; i < TARGETS; i++)
        text = arena_printf(
            &arena, "%svoid choose%d(void) { static wg_t w; chosen = &w; other = &w; }\n", text, i);
    load(&program, arena_printf(&arena,
                                "%svoid swap(void) { chosen = other; other = chosen; }\n"
                                "void go(void) { wg_t own = {0}; wg_add(&own, 1);\n"
                                "    wg_done(chosen); wg_wait(&own); }\n",
                                text));
    struct points points = flow_points(program.flow, object(&program, "go", ACT_DONE));
    assert_false(points.has_unknown);
    assert_int_equal(points.count, TARGETS);
    unload(&program);
    arena_release(&arena);
}

/* One pointer to hundreds of objects: no longer told apart, but never taken for another one. */
static void test_points__too_many_targets_are_unknown(void **state)
{
    (void)state;
    struct program program;
    struct arena arena = {0};
    const char *text = "static wg_t *chosen;\n";
    for (int i = 0; i < 200; i++)
        text = arena_printf(&arena, "%svoid choose%d(void) { static wg_t w; chosen = &w; }\n", text,
                            i);
    load(&program, arena_printf(&arena,
                                "%svoid go(void) { wg_t own = {0}; wg_add(&own, 1);\n"
                                "    wg_done(chosen); wg_wait(&own); }\n",
                                text));
    struct points points = flow_points(program.flow, object(&program, "go", ACT_DONE));
    assert_true(points.has_unknown);
    assert_true(points.count < 100);
    unload(&program);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points__through_a_message),
        cmocka_unit_test(test_points__from_a_member_back_to_its_struct),
        cmocka_unit_test(test_points__through_an_out_parameter),
        cmocka_unit_test(test_points__elements_may_be_one),
        cmocka_unit_test(test_points__what_two_calls_make_is_two),
        cmocka_unit_test(test_points__all_holders_in_sight),
        cmocka_unit_test(test_points__holders_out_of_sight),
        cmocka_unit_test(test_points__a_callback_with_its_user_data),
        cmocka_unit_test(test_points__a_long_set_is_exact),
        cmocka_unit_test(test_points__too_many_targets_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
