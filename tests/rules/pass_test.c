/* Running rules, and reporting through the pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "rules/rule.h"

static const struct rule_option options[] = {
    {"strict", "all of them", true}, {"loose", "none of them", false}, {0}};

/* Reports once, saying how its options stand. */
static void check_program(struct pass *pass)
{
    struct ir_file file = {.path = "/p/a.c"};
    struct ir_unit unit = {.files = &file, .file_count = 1};
    char name[] = "worker";
    struct ir_symbol symbol = {.name = name};
    struct ir_func function = {.symbol = &symbol, .unit = &unit};
    struct ir_pos pos = {0, 3, 5, 4, 6};

    struct finding *finding =
        pass_report(pass, &function, pos, CONFIDENCE_PROVEN, "strict %d, loose %d",
                    pass_option(pass, "strict"), pass_option(pass, "loose"));
    pass_note(pass, finding, &function, (struct ir_pos){0, 9, 1, 9, 2}, "see '%s'", name);
    function.symbol = NULL;
    pass_report(pass, &function, pos, CONFIDENCE_LIKELY, "outside of any");
    memset(name, 'x', sizeof name - 1); /* the unit goes before the findings do */
}

static const struct rule rule = {.id = "a-rule",
                                 .group = GROUP_MISUSE,
                                 .summary = "It is so",
                                 .options = options,
                                 .check_program = check_program};

static void run(struct arena *arena, const bool *chosen, findings *found)
{
    struct arena program = {0};
    struct flow *flow = flow_new(&program, model_set_new(&program), NULL, 0);
    struct rule_choice choice = {&rule, SEVERITY_NOTE, chosen};

    rules_run(arena, flow, &choice, 1, NULL, found);
    arena_release(&program);
}

static void test_pass__a_finding_outlives_its_program(void **state)
{
    (void)state;
    struct arena arena = {0};
    findings found = {0};

    run(&arena, NULL, &found);
    assert_int_equal(found.count, 2);
    const struct finding *finding = found.at[0];
    assert_string_equal(finding->rule, "a-rule");
    assert_int_equal(finding->group, GROUP_MISUSE);
    assert_int_equal(finding->severity, SEVERITY_NOTE);
    assert_int_equal(finding->confidence, CONFIDENCE_PROVEN);
    assert_string_equal(finding->place.path, "/p/a.c");
    assert_int_equal(finding->place.line, 3);
    assert_int_equal(finding->place.end_column, 6);
    assert_string_equal(finding->function, "worker");
    assert_int_equal(finding->notes.count, 1);
    assert_string_equal(finding->notes.at[0].message, "see 'worker'");
    assert_int_equal(finding->notes.at[0].place.line, 9);
    assert_string_equal(found.at[1]->function, "");
    arena_release(&arena);
}

static void test_pass__options(void **state)
{
    (void)state;
    struct arena arena = {0};
    findings found = {0};

    run(&arena, NULL, &found);
    assert_string_equal(found.at[0]->message, "strict 1, loose 0");
    run(&arena, (const bool[]){false, true}, &found);
    assert_string_equal(found.at[2]->message, "strict 0, loose 1");
    arena_release(&arena);
}

/* ---- one stuck task is one finding ----------------------------------------------------------- */

/* Stands at line 1 and says that its task stays at line 4, or stands there. */
static void check_loop(struct pass *pass)
{
    struct ir_file file = {.path = "/p/a.c"};
    struct ir_unit unit = {.files = &file, .file_count = 1};
    struct ir_func function = {.unit = &unit};
    struct ir_pos head = {0, 1, 1, 5, 1}, wait = {0, 4, 9, 4, 20};
    bool is_general = text_is(pass->rule->id, "endless-task");

    struct finding *finding = pass_report(pass, &function, is_general ? head : wait,
                                          CONFIDENCE_LIKELY, "%s", pass->rule->id);
    if (is_general)
        pass_stuck_at(pass, finding, &function, wait);
}

static void assert_kept(const char *expected, const char *first, const char *second)
{
    struct arena arena = {0};
    findings found = {0};
    struct rule of_two[] = {{.id = first, .check_program = check_loop},
                            {.id = second, .check_program = check_loop}};
    struct rule_choice choices[] = {{.rule = &of_two[0]}, {.rule = &of_two[1]}};
    struct flow *flow = flow_new(&arena, model_set_new(&arena), NULL, 0);
    const char *kept = "";

    rules_run(&arena, flow, choices, 2, NULL, &found);
    for (size_t i = 0; i < found.count; i++)
        kept = arena_printf(&arena, "%s%s ", kept, found.at[i]->rule);
    assert_string_equal(kept, expected);
    arena_release(&arena);
}

static void test_pass__one_stuck_task_is_one_finding(void **state)
{
    (void)state;
    assert_kept("unbounded-receive ", "endless-task", "unbounded-receive");
    assert_kept("unbounded-receive ", "unbounded-receive", "endless-task");
    assert_kept("endless-task spawn-without-done ", "endless-task", "spawn-without-done");
    assert_kept("endless-task orphan-task ", "endless-task", "orphan-task");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass__a_finding_outlives_its_program),
        cmocka_unit_test(test_pass__options),
        cmocka_unit_test(test_pass__one_stuck_task_is_one_finding),
    };

    return cmocka_run_group_tests_name("pass", tests, NULL, NULL);
}
