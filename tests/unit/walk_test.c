/*
 * walk_test.c - what happens on the ways through a function.
 */
#include "flow/walk.h"
#include "program.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- walks ----------------------------------------------------------------------------------- */

static enum walk_effect count_done(void *context, const struct frame *frame, const struct ir_op *op)
{
    (void)context, (void)frame;
    return op->act && op->act->kind == ACT_DONE ? WALK_DOES : WALK_NOTHING;
}

static bool every_function(void *context, const struct ir_func *in)
{
    (void)context, (void)in;
    return true;
}

/* Which counts reach the end of `f`: bit 0 for none, bit 1 for one, bit 2 for more. */
static unsigned counts_of(const char *text)
{
    struct program program;
    load(&program, text);
    const struct ir_func *in = func(&program, "f");
    struct walk_question question = {NULL, count_done, every_function};
    struct walk_result ways =
        flow_walk(program.flow, flow_frame(program.flow, in, NULL, NULL), &question);
    assert_false(ways.is_incomplete);
    unsigned counts = 0;
    for (size_t i = 0; i < ways.exits.count; i++)
        counts |= 1u << ways.exits.at[i].count;
    unload(&program);
    return counts;
}

static void test_walk__counts_on_every_way(void **state)
{
    (void)state;
    assert_int_equal(counts_of("void f(wg_t *w, int n) { if (n) return; wg_done(w); }"), 3);
    assert_int_equal(counts_of("void f(wg_t *w, int n) { while (n--) wg_done(w); }"), 7);
    assert_int_equal(counts_of("void f(wg_t *w, int n) { defer_wg_done(w); if (n) return; }"), 2);
    assert_int_equal(counts_of("void f(wg_t *w, int n) { switch (n) { case 1: wg_done(w); break;\n"
                               "default: wg_done(w); } }"),
                     2);
}

static void test_walk__a_decided_condition_stays_decided(void **state)
{
    (void)state;
    assert_int_equal(counts_of("void g(void);\n"
                               "void f(wg_t *w, int n) { if (n) g(); if (!n) wg_done(w); g();\n"
                               "    if (n > 0) wg_done(w); else if (n < 0) wg_done(w); }"),
                     2);
    assert_int_equal(counts_of("void f(wg_t *w, int n) { if (n) n = 0; if (n) wg_done(w); }"), 1);
    assert_int_equal(counts_of("void f(wg_t *w, int n) { bool done = false;\n"
                               "    if (n == 3) { wg_done(w); done = true; }\n"
                               "    if (!done) wg_done(w); }"),
                     2);
}

static void test_walk__a_condition_stays_decided_from_round_to_round(void **state)
{
    (void)state;
    assert_int_equal(counts_of("bool more(void);\n"
                               "void f(wg_t *w, int n) { wg_done(w); while (more())\n"
                               "    if (n) { wg_done(w); return; } }"),
                     6);
    assert_int_equal(counts_of("bool more(void); void g(void);\n"
                               "void f(wg_t *w, int n) { bool was = false;\n"
                               "    while (more()) { if (n) was = true; else g(); }\n"
                               "    if (was && !n) wg_done(w); }"),
                     1);
}

static void test_walk__what_changes_is_forgotten(void **state)
{
    (void)state;
    assert_int_equal(counts_of("int read_one(void);\n"
                               "void f(wg_t *w, int n) { if (n) wg_done(w); n = read_one();\n"
                               "    if (!n) wg_done(w); }"),
                     7);
    assert_int_equal(counts_of("extern int level; void g(void);\n"
                               "void f(wg_t *w) { if (level) wg_done(w); g();\n"
                               "    if (!level) wg_done(w); }"),
                     7);
}

static void test_walk__what_nobody_changes_is_kept(void **state)
{
    (void)state;
    assert_int_equal(counts_of("static int level; void g(void);\n"
                               "void set(int to) { level = to; }\n"
                               "void f(wg_t *w) { if (level) wg_done(w); g();\n"
                               "    if (!level) wg_done(w); }"),
                     2);
    assert_int_equal(counts_of("static int level; static void g(void) { level++; }\n"
                               "void f(wg_t *w) { if (level) wg_done(w); g();\n"
                               "    if (!level) wg_done(w); }"),
                     7);
    assert_int_equal(counts_of("struct s { int n; bool on; }; void g(struct s *);\n"
                               "void set(struct s *s) { s->on = true; }\n"
                               "void f(struct s *s, wg_t *w) { if (s->on) wg_done(w); s->n++;\n"
                               "    g(s); if (!s->on) wg_done(w); }"),
                     2);
}

static void test_walk__a_helper_tells_by_what_it_returns(void **state)
{
    (void)state;
    assert_int_equal(
        counts_of("bool ready(void);\n"
                  "static int g(wg_t *w) { if (!ready()) return -1; wg_done(w); return 0; }\n"
                  "void f(wg_t *w) { if (g(w) < 0) wg_done(w); }"),
        2);
    assert_int_equal(
        counts_of("bool ready(void);\n"
                  "static int g(wg_t *w) { if (!ready()) return -1; wg_done(w); return 0; }\n"
                  "void f(wg_t *w) { int r = g(w); if (r) return; }"),
        3);
}

static void test_walk__the_end_of_the_process_is_no_exit(void **state)
{
    (void)state;
    assert_int_equal(counts_of("#include <stdlib.h>\n"
                               "void f(wg_t *w, int n) { if (n) exit(1); wg_done(w); }"),
                     2);
}

static void test_walk__a_recursive_helper_is_followed(void **state)
{
    (void)state;
    assert_int_equal(counts_of("static void g(wg_t *w, int n) { if (n > 0) g(w, n - 1);\n"
                               "    else wg_done(w); }\n"
                               "void f(wg_t *w, int n) { g(w, n); }"),
                     2);
    assert_int_equal(counts_of("static void g(wg_t *w, int n) { if (n < 0) return;\n"
                               "    if (n > 0) g(w, n - 1); else wg_done(w); }\n"
                               "void f(wg_t *w, int n) { g(w, n); }"),
                     3);
    assert_int_equal(counts_of("static void odd(wg_t *w, int n);\n"
                               "static void even(wg_t *w, int n) { if (n) odd(w, n - 1);\n"
                               "    else wg_done(w); }\n"
                               "static void odd(wg_t *w, int n) { if (n) even(w, n - 1);\n"
                               "    else wg_done(w); }\n"
                               "void f(wg_t *w, int n) { even(w, n); }"),
                     2);
    assert_int_equal(counts_of("static void g(wg_t *w, int n) { wg_done(w); if (n) g(w, n - 1); }\n"
                               "void f(wg_t *w, int n) { g(w, n); }"),
                     6);
}

static void test_walk__helpers_may_nest_deep(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *text = "static void g0(wg_t *w) { wg_done(w); }\n";
    for (int i = 1; i < 20; i++)
        text = arena_printf(
            &arena, "%sstatic void g%d(wg_t *w, int n) { if (n) g%d(w%s); else g%d(w%s); }\n", text,
            i, i - 1, i > 1 ? ", n" : "", i - 1, i > 1 ? ", n + 1" : "");
    text = arena_printf(&arena, "%svoid f(wg_t *w, int n) { g19(w, n); }", text);
    assert_int_equal(counts_of(text), 2);
    arena_release(&arena);
}

static enum walk_effect begin_at_add(void *context, const struct frame *frame,
                                     const struct ir_op *op)
{
    bool begins = op->act && op->act->kind == ACT_ADD;
    return begins ? WALK_BEGINS : count_done(context, frame, op);
}

static const struct act_outcome *fails(void *context, const struct frame *frame,
                                       const struct ir_op *op)
{
    (void)context, (void)frame;
    for (size_t i = 0; op->act && i < op->act->outcome_count; i++)
        if (op->act->outcomes[i].result == RESULT_CLOSED)
            return &op->act->outcomes[i];
    return NULL;
}

static void test_walk__counts_from_where_it_begins(void **state)
{
    (void)state;
    struct program program;
    load(&program, "void f(wg_t *w, int n) { if (n) return; wg_done(w); wg_add(w, 1);\n"
                   "    if (n > 7) return; wg_done(w); }");
    struct walk_question question = {
        .effect = begin_at_add, .matters = every_function, .starts_idle = true};
    struct walk_result ways = flow_walk(
        program.flow, flow_frame(program.flow, func(&program, "f"), NULL, NULL), &question);
    assert_int_equal(ways.exits.count, 2); /* n > 7 is none: n is 0 by then */
    assert_true(ways.exits.at[0].is_idle);
    assert_int_equal(ways.exits.at[0].count, 0);
    assert_false(ways.exits.at[1].is_idle);
    assert_int_equal(ways.exits.at[1].count, 1);
    unload(&program);
}

static void test_walk__goes_the_way_of_an_assumed_outcome(void **state)
{
    (void)state;
    struct program program;
    load(&program, "void f(wg_t *w, chan_t *c) { int i;\n"
                   "    bool more = chan_recv(c, &i); if (more) wg_done(w); }");
    struct walk_question question = {
        .effect = count_done, .matters = every_function, .assume = fails};
    struct walk_result ways = flow_walk(
        program.flow, flow_frame(program.flow, func(&program, "f"), NULL, NULL), &question);
    assert_int_equal(ways.exits.count, 1);
    assert_int_equal(ways.exits.at[0].count, 0);
    unload(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk__counts_on_every_way),
        cmocka_unit_test(test_walk__a_decided_condition_stays_decided),
        cmocka_unit_test(test_walk__a_condition_stays_decided_from_round_to_round),
        cmocka_unit_test(test_walk__what_changes_is_forgotten),
        cmocka_unit_test(test_walk__what_nobody_changes_is_kept),
        cmocka_unit_test(test_walk__a_helper_tells_by_what_it_returns),
        cmocka_unit_test(test_walk__the_end_of_the_process_is_no_exit),
        cmocka_unit_test(test_walk__a_recursive_helper_is_followed),
        cmocka_unit_test(test_walk__helpers_may_nest_deep),
        cmocka_unit_test(test_walk__counts_from_where_it_begins),
        cmocka_unit_test(test_walk__goes_the_way_of_an_assumed_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
