/* What comments take away, and those that take away nothing. */
#include "findings.h"

static const char *const known_rules[] = {"endless-task", "missing-close", "no-monitor"};
static const char *const rules_run[] = {"endless-task", "missing-close"};
static const char *const files[] = {"/p/a.c"};

/* The findings that remain, one a line: "line rule message". */
static void assert_left(struct bench *bench, const char *text, const char *expected)
{
    struct report_job job = {.sources = &bench->sources,
                             .root = "/p",
                             .min_confidence = CONFIDENCE_POSSIBLE,
                             .files = files,
                             .file_count = COUNT_OF(files),
                             .known_rules = known_rules,
                             .known_rule_count = COUNT_OF(known_rules),
                             .rules_run = rules_run,
                             .rules_run_count = COUNT_OF(rules_run)};
    struct text left = {0};

    bench_file(bench, "/p/a.c", text);
    report_finish(&bench->arena, &bench->found, &job);
    text_add(&left, "");
    for (size_t i = 0; i < bench->found.count; i++)
        text_printf(&left, "%u:%u %s: %s\n", bench->found.at[i]->place.line,
                    bench->found.at[i]->place.column, bench->found.at[i]->rule,
                    bench->found.at[i]->message);
    assert_string_equal(left.at, expected);
    text_release(&left);
    sources_release(&bench->sources);
    bench->sources.buffers = bench->buffers;
    bench->found = (findings){0};
}

static void find_at(struct bench *bench, uint32_t line, uint32_t end_line, const char *rule)
{
    bench_finding(bench, rule, (struct place){"/p/a.c", line, 1, end_line, 4}, "m");
}

static void test_suppress__this_line_or_the_next_code(void **state)
{
    struct bench *bench = *state;

    find_at(bench, 1, 1, "endless-task");
    find_at(bench, 5, 5, "endless-task");
    find_at(bench, 5, 5, "missing-close");
    find_at(bench, 6, 6, "endless-task");
    assert_left(bench,
                "f(); // leash:ignore endless-task -- ends with the process\n"
                "/* leash:ignore endless-task, missing-close\n"
                " */\n"
                "// prose\n"
                "g();\n"
                "h();\n",
                "6:1 endless-task: m\n");
}

static void test_suppress__only_the_rules_it_names(void **state)
{
    struct bench *bench = *state;

    find_at(bench, 1, 1, "endless-task");
    find_at(bench, 1, 1, "missing-close");
    assert_left(bench, "f(); // leash:ignore missing-close, the reason, endless-task\n",
                "1:1 endless-task: m\n1:37 unused-suppression: no rule is named 'the'\n");
}

static void test_suppress__behind_a_call_over_several_lines(void **state)
{
    struct bench *bench = *state;

    find_at(bench, 1, 3, "endless-task");
    find_at(bench, 4, 6, "endless-task");
    assert_left(bench,
                "f(a,\n  b,\n  c); // leash:ignore endless-task\n"
                "for (;;) {\n  // leash:ignore missing-close\n  g(); }\n",
                "4:1 endless-task: m\n"
                "5:19 unused-suppression: nothing here is reported by 'missing-close'; remove this "
                "suppression\n");
}

static void test_suppress__whole_file(void **state)
{
    struct bench *bench = *state;

    find_at(bench, 1, 1, "endless-task");
    find_at(bench, 2, 2, "endless-task");
    find_at(bench, 2, 2, "missing-close");
    assert_left(bench, "f();\ng();\n// leash:ignore-file endless-task -- generated\n",
                "2:1 missing-close: m\n");
}

static void test_suppress__nolint_as_clang_tidy_reads_it(void **state)
{
    struct bench *bench = *state;

    for (uint32_t line = 1; line <= 13; line++)
        find_at(bench, line, line, "endless-task");
    assert_left(bench,
                "f(); // NOLINT\n"
                "f(); // NOLINT(leash-endless-task)\n"
                "f(); // some prose, then NOLINT(bugprone-x, leash-*)\n"
                "f(); /* NOLINT(*) */\n"
                "f(); // NOLINT(bugprone-endless-task)\n"
                "f(); // NOLINT(leash-missing*)\n"
                "f(); // NOLINTNEXTLINE(leash-endless-task)\n"
                "f();\n"
                "f(); // NOLINTNEXTLINE\n"
                "f();\n"
                "f(); // NOLINTING, XNOLINT, NOLINT(\n"
                "f(\"// NOLINT\");\n"
                "f(); // NOLINT(*-task,\n",
                "5:1 endless-task: m\n"
                "6:1 endless-task: m\n"
                "7:1 endless-task: m\n"
                "9:1 endless-task: m\n"
                "11:1 endless-task: m\n"
                "12:1 endless-task: m\n");
}

static void test_suppress__unused_ones_are_findings(void **state)
{
    struct bench *bench = *state;

    assert_left(bench,
                "f(); // leash:ignore endless-task\n"
                "f(); // leash:ignore no-monitor -- that rule did not run\n"
                "f(); // leash:ignore endles-task\n"
                "f(); // leash:ignore -- why not\n"
                "f(); // NOLINT(leash-missing-close)\n"
                "f(); // NOLINT NOLINT(leash-*) NOLINT(bugprone-x)\n"
                "f(\"// leash:ignore endless-task\");\n"
                "f(); // prose about leash:ignore endless-task\n"
                "// leash:ignore-file missing-close\n",
                "1:22 unused-suppression: nothing here is reported by 'endless-task'; remove this "
                "suppression\n"
                "3:22 unused-suppression: no rule is named 'endles-task'; did you mean "
                "'endless-task'?\n"
                "4:9 unused-suppression: this suppression names no rule; write 'leash:ignore "
                "rule-id -- reason'\n"
                "5:16 unused-suppression: nothing here is reported by 'missing-close'; remove this "
                "suppression\n"
                "9:22 unused-suppression: nothing here is reported by 'missing-close'; remove this "
                "suppression\n");
}

/* What another configuration compiles may need it. */
static void test_suppress__below_an_if_it_is_never_unused(void **state)
{
    struct bench *bench = *state;

    assert_left(bench,
                "#ifndef A_H\n#define A_H\n#ifdef WIDE\nf(); // leash:ignore endless-task\n"
                "#endif\n#endif\n",
                "");
}

static void test_suppress__elsewhere_it_works_but_is_not_judged(void **state)
{
    struct bench *bench = *state;

    bench_file(bench, "/usr/include/b.h",
               "f(); // NOLINT(leash-endless-task)\n"
               "f(); // leash:ignore endless-task\n");
    bench_finding(bench, "endless-task", (struct place){"/usr/include/b.h", 1, 1, 1, 4}, "m");
    assert_left(bench, "f();\n", "");
}

/* Megabytes of markers that open and never close: the test's time limit is the assertion. */
static void test_suppress__a_line_full_of_markers(void **state)
{
    struct bench *bench = *state;
    struct text text = {0};

    text_add(&text, "/*");
    for (int i = 0; i < 400000; i++)
        text_add(&text, "NOLINT(leash:ignore ");
    text_add(&text, "*/\nf();\n");
    find_at(bench, 2, 2, "endless-task");
    assert_left(bench, text.at, "2:1 endless-task: m\n");
    text_release(&text);
}

static void test_suppress__an_unsure_finding_uses_it_too(void **state)
{
    struct bench *bench = *state;
    struct report_job job = {.sources = &bench->sources,
                             .root = "/p",
                             .min_confidence = CONFIDENCE_PROVEN,
                             .files = files,
                             .file_count = 1,
                             .known_rules = known_rules,
                             .known_rule_count = COUNT_OF(known_rules),
                             .rules_run = rules_run,
                             .rules_run_count = COUNT_OF(rules_run)};

    bench_file(bench, "/p/a.c", "f(); // leash:ignore endless-task\n");
    find_at(bench, 1, 1, "endless-task");
    job.min_confidence = CONFIDENCE_LIKELY;
    bench->found.at[0]->confidence = CONFIDENCE_POSSIBLE;
    struct report_tally tally = report_finish(&bench->arena, &bench->found, &job);
    assert_int_equal(bench->found.count, 0);
    assert_int_equal(tally.suppressed, 1);
}

static void test_suppress__unused_can_be_switched_off(void **state)
{
    struct bench *bench = *state;
    struct report_job job = {.sources = &bench->sources,
                             .root = "/p",
                             .files = files,
                             .file_count = 1,
                             .keep_quiet_about_unused = true};

    bench_file(bench, "/p/a.c", "f(); // leash:ignore no-such-rule\n");
    report_finish(&bench->arena, &bench->found, &job);
    assert_int_equal(bench->found.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_suppress__this_line_or_the_next_code),
        TEST(test_suppress__only_the_rules_it_names),
        TEST(test_suppress__behind_a_call_over_several_lines),
        TEST(test_suppress__whole_file),
        TEST(test_suppress__nolint_as_clang_tidy_reads_it),
        TEST(test_suppress__unused_ones_are_findings),
        TEST(test_suppress__below_an_if_it_is_never_unused),
        TEST(test_suppress__elsewhere_it_works_but_is_not_judged),
        TEST(test_suppress__a_line_full_of_markers),
        TEST(test_suppress__an_unsure_finding_uses_it_too),
        TEST(test_suppress__unused_can_be_switched_off),
    };

    return cmocka_run_group_tests_name("suppress", tests, NULL, NULL);
}
