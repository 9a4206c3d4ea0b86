/*
 * flow_test.c - the flow facts, asked about small C programs.
 *
 * The programs speak leash.h, since objects are what the models say they are.
 */
#include "flow/known.h"
#include "flow/walk.h"
#include "frontend/frontend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct program {
    struct arena arena;
    struct ir_unit *unit;
    struct flow *flow;
};

static void load(struct program *program, const char *text)
{
    *program = (struct program){0};
    char *source = arena_printf(&program->arena, "#include <leash.h>\n%s", text);
    struct frontend_buffer buffer = {"/test/program.c", source, strlen(source)};
    char cwd[4096];
    assert_non_null(getcwd(cwd, sizeof cwd));
    const char *flags[] = {arena_printf(&program->arena, "-I%s/runtime/include", cwd),
                           "-std=gnu17"};
    struct frontend_job job = {.file = "/test/program.c",
                               .directory = cwd,
                               .flags = flags,
                               .flag_count = COUNT_OF(flags),
                               .buffers = &buffer,
                               .buffer_count = 1};
    const char *problem = NULL;
    program->unit = frontend_parse(&program->arena, &job, &problem);
    if (!program->unit) {
        fail_msg("%s", problem);
        abort();
    }
    for (size_t i = 0; i < program->unit->error_count; i++)
        fail_msg("%u: %s", program->unit->errors[i].pos.line, program->unit->errors[i].message);
    struct model_set *models = model_set_new(&program->arena);
    model_set_add_bundled(models);
    model_apply(models, program->unit);
    program->flow = flow_new(&program->arena, models, &program->unit, 1);
}

static void unload(struct program *program)
{
    arena_release(&program->arena);
}

static const struct ir_func *func(const struct program *program, const char *name)
{
    for (size_t i = 0; i < program->unit->func_count; i++)
        if (text_is(program->unit->funcs[i]->symbol->name, name))
            return program->unit->funcs[i];
    fail_msg("no function '%s'", name);
    return NULL;
}

static const struct ir_op *act_in(const struct ir_func *in, enum act_kind kind)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(in, IR_OP_CALL, op));)
        if (op->act && op->act->kind == kind)
            return op;
    fail_msg("no such act in '%s'", in->symbol->name);
    return NULL;
}

/* The object of the first act of that kind, as resolved in the function's only frame. */
static const struct ir_expr *object(const struct program *program, const char *name,
                                    enum act_kind kind)
{
    const struct ir_func *in = func(program, name);
    size_t count;
    const struct frame *const *frames = flow_frames(program->flow, in, &count);
    assert_int_equal(count, 1);
    return flow_resolve(program->flow, frames[0], act_in(in, kind)->act->object);
}

static void assert_compare(const struct program *program, enum flow_same expected,
                           const struct ir_expr *a, const struct ir_expr *b)
{
    assert_int_equal(flow_compare(program->flow, a, b), expected);
    assert_int_equal(flow_compare(program->flow, b, a), expected);
}

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
    assert_false(flow_find_trap(program.flow, func(&program, "out"), every_edge, NULL, &trap));
    assert_true(flow_find_trap(program.flow, func(&program, "stuck"), every_edge, NULL, &trap));
    assert_int_equal(trap.pos.line, 6);
    unload(&program);
}

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
        cmocka_unit_test(test_walk__counts_on_every_way),
        cmocka_unit_test(test_walk__a_decided_condition_stays_decided),
        cmocka_unit_test(test_walk__what_changes_is_forgotten),
        cmocka_unit_test(test_walk__a_helper_tells_by_what_it_returns),
        cmocka_unit_test(test_walk__the_end_of_the_process_is_no_exit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
