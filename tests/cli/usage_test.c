/*
 * What the command line says about itself, and about mistakes on it.
 */
#include "run.h"

static void test_usage__help_of_everything(void **state)
{
    static const char *const commands[] = {"", "check", "rules", "explain", "collect", "tasks"};
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct outcome outcome = leash(*state, "%s --help", commands[i]);
        assert_status(outcome, 0);
        assert_has(outcome.out, "usage: leash");
        assert_has(outcome.out, "xample");
        assert_string_equal(outcome.err, "");
    }
}

static void test_usage__version(void **state)
{
    struct outcome outcome = leash(*state, "--version");
    assert_status(outcome, 0);
    assert_has(outcome.out, "leash 0.");
    assert_has(outcome.out, "libclang ");
}

/* What is checked may be a stranger's, and leash is often started in its folder. */
static void test_usage__libraries_that_lie_about_are_not_loaded(void **state)
{
    static const char *const names[] = {"libc.so.6", "libjansson.so.4", "libyaml-0.so.2",
                                        "libxxhash.so.0"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        put(*state, names[i], "");
    struct outcome outcome = leash(*state, "--version");
    assert_status(outcome, 0);
}

static void test_usage__misspelt_names_are_guessed(void **state)
{
    static const struct {
        const char *arguments, *says;
    } cases[] = {
        {"chekc a.c", "did you mean 'check'?"},
        {"check --formt json a.c", "did you mean '--format'?"},
        {"check --rule=all a.c", "did you mean '--rules'?"},
        {"check --rules mising-wg-done a.c", "did you mean 'missing-wg-done'?"},
        {"explain missing-wgdone", "did you mean 'missing-wg-done'?"},
        {"check --format yaml a.c", "--format is text, json or sarif"},
        {"check --jobs many a.c", "--jobs is a number from 1 to"},
        {"check --jobs 0 a.c", "--jobs is a number from 1 to"},
        {"check --explain-silence", "--explain-silence wants FILE:LINE behind it"},
        {"check --budget much a.c", "--budget is a number of milliseconds from 1 to"},
        {"check --budget=0 a.c", "--budget is a number of milliseconds from 1 to"},
        {"check --budget=-5 a.c", "not '-5'"},
        {"check --budget 1e3 a.c", "not '1e3'"},
        {"check --budget 9999999999 a.c", "--budget is a number of milliseconds from 1 to"},
        {"check --budget", "--budget wants MS behind it"},
        {"check --min-confidence sure a.c", "--min-confidence takes one of"},
        {"check --fail-on notes a.c", "--fail-on takes one of"},
        {"check --rules '' a.c", "--rules names no rule"},
        {"check -o", "-o wants FILE behind it"},
        {"check --stats=3 a.c", "--stats takes no value"},
        {"check -- -DX", "no FILE before the --"},
        {"check -p . a.c -- -DX", "not from both"},
        {"rules all", "leash explain all"},
        {"explain", "which rule?"},
        {"collect a.c", "-o OUT.unit"},
        {"collect -o a.o a.c", "does not end in .unit"},
        {"collect -o a.unit a.c b.c", "one FILE"},
        {"", "which command?"},
        {"http://127.0.0.1:6060", "perhaps: leash tasks http://127.0.0.1:6060"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = leash(*state, "%s", cases[i].arguments);
        assert_status(outcome, 2);
        assert_has(outcome.err, cases[i].says);
    }
}

/* Later issues bring them; until then they are refused by name and stay out of the help. */
static void test_usage__what_is_not_here_yet(void **state)
{
    static const char *const later[] = {
        "check --diff a.c",          "check --diff=HEAD a.c",
        "check --diff-from=x a.c",   "check --baseline b a.c",
        "check --write-baseline b",  "check --fix a.c",
        "check --fix=unsafe a.c",    "check --cache-dir d",
        "check --format github a.c", "check --format=github a.c",
        "check --format html",       "check --format checkstyle",
        "check --format gitlab",     "init",
    };
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        struct outcome outcome = leash(*state, "%s", later[i]);
        assert_status(outcome, 2);
        assert_has(outcome.err, "not in this version");
    }
    struct outcome help = leash(*state, "check --help");
    assert_lacks(help.out, "checkstyle");
    assert_lacks(help.out, "--diff");
    assert_lacks(help.out, "--fix");
}

static void test_usage__rules_in_three_formats(void **state)
{
    struct outcome text = leash(*state, "rules");
    assert_status(text, 0);
    assert_has(text.out, "missing-wg-done");
    assert_has(text.out, "unused-suppression");
    struct outcome json = leash(*state, "rules --format json | python3 -c 'import json, sys; "
                                        "print([r[\"group\"] for r in json.load(sys.stdin) "
                                        "if r[\"id\"] == \"missing-wg-done\"])'");
    assert_status(json, 0);
    assert_string_equal(json.out, "['leak']\n");
    struct outcome table = leash(*state, "rules --format=markdown");
    assert_status(table, 0);
    assert_has(table.out, "| `missing-wg-done` | leak | on |");
}

static void test_usage__explain(void **state)
{
    struct outcome one = leash(*state, "explain missing-wg-done");
    assert_status(one, 0);
    assert_has(one.out, "# missing-wg-done");
    assert_has(one.out, "```c bad");
    struct outcome all = leash(*state, "explain all");
    assert_status(all, 0);
    assert_has(all.out, "# missing-wg-done");
    assert_has(all.out, "# spawn-without-done");
    assert_has(all.out, "# unused-suppression");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(test_usage__help_of_everything),
        folder_test(test_usage__version),
        folder_test(test_usage__libraries_that_lie_about_are_not_loaded),
        folder_test(test_usage__misspelt_names_are_guessed),
        folder_test(test_usage__what_is_not_here_yet),
        folder_test(test_usage__rules_in_three_formats),
        folder_test(test_usage__explain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
