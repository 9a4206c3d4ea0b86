/*
 * flow_test.c - the flow facts, asked about small C programs.
 */
#include "program.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- objects --------------------------------------------------------------------------------- */

static void test_flow__an_argument_names_the_spawners_object(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static void work(wg_t *group) { wg_done(group); }\n"
                   "void go(void) { wg_t a = {0}, b = {0}; wg_add(&a, 1); wg_wait(&b);\n"
                   "    spawn(work, &a); wg_wait(&a); }\n");
    const struct ir_expr *done = object(&program, "work", ACT_DONE);
    assert_compare(&program, FLOW_SAME, done, object(&program, "go", ACT_ADD));
    assert_compare(&program, FLOW_DIFFERENT, done, object(&program, "go", ACT_WAIT));
    unload(&program);
}

static void test_flow__a_field_gives_back_what_was_stored(void **state)
{
    (void)state;
    struct program program;
    load(&program, "struct job { int n; wg_t *group; };\n"
                   "static void work(struct job *job) { wg_done(job->group); }\n"
                   "static void prepare(struct job *job, wg_t *group) { job->group = group; }\n"
                   "void go(void) { wg_t a = {0}; struct job job; prepare(&job, &a);\n"
                   "    wg_add(&a, 1); spawn(work, &job); wg_wait(&a); }\n");
    assert_compare(&program, FLOW_SAME, object(&program, "work", ACT_DONE),
                   object(&program, "go", ACT_ADD));
    unload(&program);
}

static void test_flow__a_field_stored_to_everywhere_still_gives_back_its_own(void **state)
{
    (void)state;
    struct program program = {0};
    const char *text = "struct job { int n; wg_t *group; };\n"
                       "static void work(struct job *job) { wg_done(job->group); }\n"
                       "void go(void) { wg_t a = {0}; struct job job = {1, &a};\n"
                       "    wg_add(&a, 1); spawn(work, &job); wg_wait(&a); }\n";
    struct arena arena = {0};
    for (int i = 0; i < 100; i++)
        text = arena_printf(&arena,
                            "%svoid set%d(struct job *job, wg_t *group)"
                            " { job->group = group; }\n",
                            text, i);
    load(&program, text);
    assert_compare(&program, FLOW_SAME, object(&program, "work", ACT_DONE),
                   object(&program, "go", ACT_ADD));
    unload(&program);
    arena_release(&arena);
}

static void test_flow__a_plain_copy_of_a_struct_reads_as_the_struct(void **state)
{
    (void)state;
    struct program program;
    load(&program, "struct job { int n; wg_t *group; };\n"
                   "static void work(struct job *job) {\n"
                   "    struct job copy = *job; wg_done(copy.group); }\n"
                   "static void other(struct job *job, wg_t *group) {\n"
                   "    struct job copy = *job; copy.group = group; wg_done(copy.group); }\n"
                   "void go(void) { wg_t a = {0}, b = {0}; struct job job = {1, &a};\n"
                   "    wg_add(&a, 1); spawn(work, &job); spawn(other, &job, &b); }\n");
    const struct ir_expr *group = object(&program, "go", ACT_ADD);
    assert_compare(&program, FLOW_SAME, object(&program, "work", ACT_DONE), group);
    assert_compare(&program, FLOW_DIFFERENT, object(&program, "other", ACT_DONE), group);
    unload(&program);
}

static void test_flow__a_variable_written_by_its_address_is_not_its_first_value(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static void make(chan_t **out) { *out = chan_make(int, 0); }\n"
                   "static bool look(chan_t *const *c) { return *c != NULL; }\n"
                   "static void forget(chan_t **c) { *c = NULL; }\n"
                   "void made(void) { chan_t *c = NULL; make(&c); chan_close(c); }\n"
                   "void seen(void) { chan_t *c = NULL; if (!look(&c)) chan_close(c); }\n"
                   "void gone(void) { chan_t *c = chan_make(int, 1); chan_close(c);\n"
                   "    forget(&c); }\n");
    assert_int_equal(object(&program, "made", ACT_CLOSE)->kind, IR_VAR);
    assert_int_equal(object(&program, "seen", ACT_CLOSE)->kind, IR_CONST);
    assert_non_null(flow_made_by(object(&program, "gone", ACT_CLOSE), NULL));
    unload(&program);
}

static void test_flow__an_embedded_object_is_its_field(void **state)
{
    (void)state;
    struct program program;
    load(&program,
         "struct pool { int n; wg_t idle, busy; };\n"
         "static void work(struct pool *pool) { wg_done(&pool->busy); }\n"
         "void go(struct pool *pool) { wg_add(&pool->busy, 1); spawn(work, pool); }\n"
         "void stop(struct pool *pool) { wg_wait(&pool->idle); wg_add(&pool->busy, 1); }\n");
    const struct ir_expr *done = object(&program, "work", ACT_DONE);
    assert_compare(&program, FLOW_SAME, done, object(&program, "go", ACT_ADD));
    assert_compare(&program, FLOW_MAYBE, done, object(&program, "stop", ACT_ADD));
    assert_compare(&program, FLOW_DIFFERENT, done, object(&program, "stop", ACT_WAIT));
    unload(&program);
}

static void test_flow__a_static_channel_is_what_was_made_for_it(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static chan_t *quit;\n"
                   "void start(void) { quit = chan_make(int, 0); }\n"
                   "void watch(void) { chan_recv(quit, NULL); }\n"
                   "void stop(void) { chan_close(quit); quit = NULL; }\n");
    const struct ir_expr *received = object(&program, "watch", ACT_RECV);
    assert_compare(&program, FLOW_SAME, received, object(&program, "stop", ACT_CLOSE));
    assert_int_equal(flow_made_by(received, NULL)->act->kind, ACT_MAKE);
    unload(&program);
}

static void test_flow__a_getter_is_looked_through(void **state)
{
    (void)state;
    struct program program;
    load(&program,
         "struct pool { wg_t group; };\n"
         "static wg_t *group_of(struct pool *pool) { return &pool->group; }\n"
         "void a(struct pool *pool) { wg_add(group_of(pool), 1); wg_done(&pool->group); }\n");
    assert_compare(&program, FLOW_SAME, object(&program, "a", ACT_ADD),
                   object(&program, "a", ACT_DONE));
    unload(&program);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void test_flow__a_table_runs_all_that_it_holds(void **state)
{
    (void)state;
    struct program program;
    load(&program, "struct ops { void (*run)(int); };\n"
                   "static void first(int n) { (void)n; }\n"
                   "static void second(int n) { (void)n; }\n"
                   "static const struct ops table[] = {{first}, {.run = second}};\n"
                   "void go(int i) { table[i].run(i); }\n");
    const struct ir_func *go = func(&program, "go");
    struct flow_targets targets = flow_callees(program.flow, go, ir_next_op(go, IR_OP_CALL, NULL));
    assert_int_equal(targets.bodies.count, 2);
    assert_false(targets.has_unknown);
    unload(&program);
}

static void test_flow__a_callback_parameter_runs_what_callers_hand_in(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static void each(void (*visit)(int)) { visit(1); }\n"
                   "static void print(int n) { (void)n; }\n"
                   "void go(void) { each(print); }\n");
    const struct ir_func *each = func(&program, "each");
    struct flow_targets targets =
        flow_callees(program.flow, each, ir_next_op(each, IR_OP_CALL, NULL));
    assert_int_equal(targets.bodies.count, 1);
    assert_ptr_equal(targets.bodies.at[0], func(&program, "print"));
    unload(&program);
}

/* ---- graphs ---------------------------------------------------------------------------------- */

static bool every_edge(void *context, const struct ir_func *in, const struct ir_block *block,
                       const struct ir_edge *edge)
{
    (void)context, (void)in, (void)block, (void)edge;
    return true;
}

static void test_flow__a_trap_is_a_loop_without_a_way_out(void **state)
{
    (void)state;
    struct program program;
    load(&program, "void work(void);\n"
                   "void out(int n) { while (n--) work(); }\n"
                   "void stuck(int n) {\n    while (n--)\n        for (;;) work();\n}\n");
    struct flow_trap trap;
    assert_false(
        flow_find_trap(program.flow, func(&program, "out"), NULL, every_edge, NULL, &trap));
    assert_true(
        flow_find_trap(program.flow, func(&program, "stuck"), NULL, every_edge, NULL, &trap));
    assert_int_equal(trap.pos.line, 6);
    unload(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow__an_argument_names_the_spawners_object),
        cmocka_unit_test(test_flow__a_field_gives_back_what_was_stored),
        cmocka_unit_test(test_flow__a_field_stored_to_everywhere_still_gives_back_its_own),
        cmocka_unit_test(test_flow__a_plain_copy_of_a_struct_reads_as_the_struct),
        cmocka_unit_test(test_flow__a_variable_written_by_its_address_is_not_its_first_value),
        cmocka_unit_test(test_flow__an_embedded_object_is_its_field),
        cmocka_unit_test(test_flow__a_static_channel_is_what_was_made_for_it),
        cmocka_unit_test(test_flow__a_getter_is_looked_through),
        cmocka_unit_test(test_flow__a_table_runs_all_that_it_holds),
        cmocka_unit_test(test_flow__a_callback_parameter_runs_what_callers_hand_in),
        cmocka_unit_test(test_flow__a_trap_is_a_loop_without_a_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
