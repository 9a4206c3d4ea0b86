/*
 * tasks_test.c - the tasks of a program, what they run, and loops that they do not leave.
 */
#include "flow/tasks.h"
#include "program.h"
#include "rules/rule.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The names of what the first task runs, each followed by a space. */
static const char *runs_of(struct program *program)
{
    const struct flow_frame_list *tasks = flow_tasks(program->flow);
    assert_true(tasks->at.count > 0);
    struct flow_runs runs = flow_task_runs(program->flow, tasks->at.at[0]);
    const char *names = "";
    for (size_t i = 0; i < runs.frames.count; i++)
        names =
            arena_printf(&program->arena, "%s%s ", names, runs.frames.at[i]->func->symbol->name);
    return names;
}

static void test_tasks__one_for_each_function_that_a_spawn_starts(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static void a(int n) { (void)n; }\n"
                   "static void b(int n) { (void)n; }\n"
                   "static void (*const all[])(int) = {a, b};\n"
                   "void start(int n) { spawn(all[n], n); }\n");
    const struct flow_frame_list *tasks = flow_tasks(program.flow);
    assert_int_equal(tasks->at.count, 2);
    assert_ptr_equal(tasks->at.at[0]->parent->func, func(&program, "start"));
    unload(&program);
}

static void test_tasks__run_what_can_be_reached(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static void deep(void) {}\n"
                   "static void helper(void) { deep(); }\n"
                   "static void other(void) {}\n"
                   "static void idle(void) {}\n"
                   "static void work(int n) { if (n) helper(); else idle(); spawn(other); }\n"
                   "void start(void) { spawn(work, 1); }\n");
    const struct flow_frame_list *tasks = flow_tasks(program.flow);
    bool is_work_first = tasks->at.at[0]->func == func(&program, "work");
    struct flow_runs runs = flow_task_runs(program.flow, tasks->at.at[is_work_first ? 0 : 1]);
    assert_int_equal(runs.frames.count, 3);
    assert_false(runs.is_cut);
    unload(&program);
}

static void test_tasks__functions_are_named_in_the_order_of_calls(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static void second(void) {}\n"
                   "static void first(void) { second(); }\n"
                   "static void work(void) { first(); second(); }\n"
                   "void start(void) { spawn(work); }\n");
    assert_string_equal(runs_of(&program), "work first second ");
    unload(&program);
}

/* Each stage may start each other one, so 9! ways lead to the spawn. */
static void test_tasks__few_for_each_spawn_however_many_ways_lead_there(void **state)
{
    (void)state;
    struct program program;
    struct arena arena = {0};
    const char *stages = "", *names = "";
    for (int i = 0; i < 9; i++) {
        stages = arena_printf(&arena,
                              "%svoid stage%d(struct stage *s)\n"
                              "{ if (s->next) s->next->run(s->next); else begin(s); }\n",
                              stages, i);
        names = arena_printf(&arena, "%s{all, stage%d}, ", names, i);
    }
    load(&program,
         arena_printf(&arena,
                      "struct stage { struct stage *next; void (*run)(struct stage *); };\n"
                      "static struct stage all[9];\n"
                      "static void work(struct stage *s) { s->next = s; }\n"
                      "static void begin(struct stage *s) { spawn(work, s); }\n"
                      "%sstatic struct stage all[9] = {%s};\n",
                      stages, names));
    const struct flow_frame_list *tasks = flow_tasks(program.flow);
    assert_in_range(tasks->at.count, 1, 16);
    assert_true(tasks->is_cut);
    for (size_t i = 1; i < tasks->at.count; i++)
        assert_true(tasks->at.at[i - 1]->depth <= tasks->at.at[i]->depth);
    unload(&program);
    arena_release(&arena);
}

/* Does the first task go round for ever, as it is and when nobody tells it to stop? */
static void assert_round(bool expected, bool untold, const char *text)
{
    struct program program;
    load(&program, text);
    struct flow_runs runs = flow_task_runs(program.flow, flow_tasks(program.flow)->at.at[0]);
    struct flow_round round;
    assert_int_equal(flow_goes_round(program.flow, &runs, runs.task, &round), expected);
    assert_int_equal(flow_goes_round_untold(program.flow, &runs, runs.task, &round), untold);
    unload(&program);
}

static void test_tasks__rounds_until_told(void **state)
{
    (void)state;
    assert_round(true, true,
                 "static void work(void) { for (;;) task_sleep_ms(1); }\n"
                 "void start(void) { spawn(work); }\n");
    assert_round(false, true,
                 "static void work(ctx_t *ctx) { while (task_sleep_ctx(ctx, 1) == 0) continue; }\n"
                 "void start(ctx_t *ctx) { spawn(work, ctx); }\n");
    assert_round(false, true,
                 "static void work(chan_t *done) {\n"
                 "    for (;;) switch (chan_select(AFTER_MS(1), DONE(done))) {\n"
                 "        case 1: return;\n        default: break; } }\n"
                 "void start(void) { spawn(work, done_make()); }\n");
    assert_round(false, false,
                 "static void work(chan_t *done) {\n"
                 "    for (;;) switch (chan_select(AFTER_MS(1), DONE(done))) {\n"
                 "        case 1: continue;\n        default: return; } }\n"
                 "void start(void) { spawn(work, done_make()); }\n");
}

static void test_tasks__no_rounds_where_the_program_ends_in_good_order(void **state)
{
    (void)state;
    assert_round(false, false,
                 "#include <stdlib.h>\n"
                 "static void quit(int n) { if (n == 9) exit(0); }\n"
                 "static void work(int n) { for (;;) quit(n++); }\n"
                 "void start(void) { spawn(work, 1); }\n");
    assert_round(true, true,
                 "#include <stdlib.h>\n"
                 "static void fail(int n) { if (n == 9) exit(1); }\n"
                 "static void work(int n) { for (;;) fail(n++); }\n"
                 "void start(void) { spawn(work, 1); }\n");
}

/* ---- orphans whose time is over -------------------------------------------------------------- */

static void test_orphan__goes_on_after_its_time(void **state)
{
    (void)state;
    struct program program;
    findings found = {0};
    load(&program, "int ask(const char *host);\n"
                   "static void work(chan_t *answers, const char *host)\n"
                   "{ int answer = ask(host); chan_send(answers, &answer); }\n"
                   "int answer_of(const char *host)\n"
                   "{\n"
                   "    chan_t *answers = chan_make(int, 1);\n"
                   "    int answer = -1;\n"
                   "    spawn(work, answers, host);\n"
                   "    chan_select(RECV(answers, &answer), AFTER_MS(10));\n"
                   "    return answer;\n"
                   "}\n");
    struct rule_choice choice = {rule_find("orphan-task"), SEVERITY_ERROR, NULL};
    rules_run(&program.arena, program.flow, &choice, 1, NULL, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.at[0]->confidence, CONFIDENCE_POSSIBLE);
    assert_int_equal(found.at[0]->notes.count, 2);
    unload(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tasks__one_for_each_function_that_a_spawn_starts),
        cmocka_unit_test(test_tasks__run_what_can_be_reached),
        cmocka_unit_test(test_tasks__functions_are_named_in_the_order_of_calls),
        cmocka_unit_test(test_tasks__few_for_each_spawn_however_many_ways_lead_there),
        cmocka_unit_test(test_tasks__rounds_until_told),
        cmocka_unit_test(test_tasks__no_rounds_where_the_program_ends_in_good_order),
        cmocka_unit_test(test_orphan__goes_on_after_its_time),
    };

    return cmocka_run_group_tests_name("tasks", tests, NULL, NULL);
}
