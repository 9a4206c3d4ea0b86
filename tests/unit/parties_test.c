/*
 * parties_test.c - whose an object is, who does what to it, and on which ways.
 */
#include "flow/parties.h"
#include "flow/waits.h"
#include "program.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The functions that close what `take` receives from, by name, each followed by a space. */
static const char *closers(struct program *program, const char *text)
{
    load(program, text);
    struct flow_parties parties = flow_parties(program->flow, (enum act_kind[]){ACT_CLOSE}, 1,
                                               object(program, "take", ACT_RECV));
    const char *names = "";
    for (size_t i = 0; i < parties.at.count; i++)
        names = arena_printf(&program->arena, "%s%s ", names,
                             parties.at.at[i].home->func->symbol->name);
    return names;
}

static void assert_closers(const char *expected, const char *text)
{
    struct program program;
    assert_string_equal(closers(&program, text), expected);
    unload(&program);
}

static void test_parties__helpers_count_as_their_caller(void **state)
{
    (void)state;
    assert_closers("fill ", "static void finish(chan_t *c) { if (c) chan_close(c); }\n"
                            "static void fill(chan_t *c) { finish(c); }\n"
                            "static void take(chan_t *c) { if (c) chan_recv(c, NULL); }\n"
                            "void go(void) { chan_t *c = chan_make(int, 0); spawn(fill, c);\n"
                            "    take(c); }\n");
    assert_closers("go ", "struct box { chan_t *c; };\n"
                          "static void box_end(struct box *box) { chan_close(box->c); }\n"
                          "static void take(struct box *box) { chan_recv(box->c, NULL); }\n"
                          "void go(void) { struct box box = {chan_make(int, 0)};\n"
                          "    spawn(take, &box); box_end(&box); }\n");
}

static void test_parties__a_static_object_is_the_tasks(void **state)
{
    (void)state;
    assert_closers("fill ", "static chan_t *queue;\n"
                            "static void finish(void) { chan_close(queue); }\n"
                            "static void fill(void) { finish(); }\n"
                            "static void take(void) { chan_recv(queue, NULL); }\n"
                            "void go(void) { queue = chan_make(int, 0); spawn(fill);\n"
                            "    spawn(take); }\n");
}

static void test_parties__other_objects_have_other_parties(void **state)
{
    (void)state;
    assert_closers("", "static void fill(chan_t *c) { chan_close(c); }\n"
                       "static void take(chan_t *c) { if (c) chan_recv(c, NULL); }\n"
                       "void go(void) { chan_t *a = chan_make(int, 0), *b = chan_make(int, 0);\n"
                       "    spawn(fill, a); take(b); }\n");
}

/* The number of ways on which `go`, which makes the channel of `take`, does not close it. */
static size_t lack(const char *text)
{
    static const enum act_kind closes[] = {ACT_CLOSE};
    struct program program;
    load(&program, text);
    const struct ir_func *take = func(&program, "take");
    struct frame *home = flow_frame(program.flow, func(&program, "go"), NULL, NULL);
    struct flow_wanted wanted = {
        object(&program, "take", ACT_RECV), closes, COUNT_OF(closes), take, NULL, NULL};
    struct flow_lack lack = flow_party_lack(program.flow, home, &wanted);
    unload(&program);
    return lack.exits.count;
}

#define TAKE "static void take(chan_t *c) { if (c) chan_recv(c, NULL); }\n bool ready(void);\n"

static void test_parties__ways_count_once_the_waiter_exists(void **state)
{
    (void)state;
    assert_int_equal(lack(TAKE "void go(void) { if (!ready()) return;\n"
                               "    chan_t *c = chan_make(int, 0); if (!ready()) return;\n"
                               "    spawn(take, c); chan_close(c); }\n"),
                     0);
    assert_int_equal(lack(TAKE "void go(void) { chan_t *c = chan_make(int, 0); spawn(take, c);\n"
                               "    if (!ready()) return; chan_close(c); }\n"),
                     1);
    assert_int_equal(lack(TAKE "void go(void) { chan_t *c = chan_make(int, 0); defer_close(c);\n"
                               "    spawn(take, c); if (!ready()) return; }\n"),
                     0);
}

static enum flow_until until(const char *text)
{
    struct program program;
    load(&program, text);
    const struct ir_func *take = func(&program, "take");
    size_t count;
    const struct frame *const *frames = flow_frames(program.flow, take, &count);
    enum flow_until until = flow_receives_until(program.flow, frames[0], act_in(take, ACT_RECV));
    unload(&program);
    return until;
}

static void test_waits__until_closed(void **state)
{
    (void)state;
    assert_int_equal(until("void take(chan_t *c) { int i; while (chan_recv(c, &i)) {} }\n"),
                     FLOW_UNTIL_CLOSED);
    assert_int_equal(until("void take(chan_t *c) { int i; for (;;) { bool ok = chan_recv(c, &i);\n"
                           "    if (!ok) break; } }\n"),
                     FLOW_UNTIL_CLOSED);
    assert_int_equal(until("static int take(chan_t *c, int *i) {\n"
                           "    return chan_recv(c, i) ? 0 : -1; }\n"
                           "void drain(chan_t *c) { int i; while (take(c, &i) == 0) {} }\n"),
                     FLOW_UNTIL_CLOSED);
    assert_int_equal(until("void take(chan_t *c) { int i; while (chan_recv(c, &i) && i) {} }\n"),
                     FLOW_UNTIL_ANY);
    assert_int_equal(until("void take(chan_t *c, int n) { while (n--) chan_recv(c, NULL); }\n"),
                     FLOW_UNTIL_ANY);
    assert_int_equal(until("void take(chan_t *c) { int i; if (chan_recv(c, &i)) i++; }\n"),
                     FLOW_UNTIL_ANY);
    assert_int_equal(until("void take(chan_t *c) { for (;;) chan_recv(c, NULL); }\n"),
                     FLOW_UNTIL_ANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parties__helpers_count_as_their_caller),
        cmocka_unit_test(test_parties__a_static_object_is_the_tasks),
        cmocka_unit_test(test_parties__other_objects_have_other_parties),
        cmocka_unit_test(test_parties__ways_count_once_the_waiter_exists),
        cmocka_unit_test(test_waits__until_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
