/* Settings files: what they change, and what each mistake is told as. */
#include "project/settings.h"

#include "schema_test.h"
#include "unit_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static char folder[] = "/tmp/leash-settings-XXXXXX";

/* Rules of our own, so that the tests do not change with the real ones. */
static const struct rule_option strictness[] = {
    {.name = "strict", .summary = "reports more", .fallback = false},
    {.name = "helpers", .summary = "looks into helpers", .fallback = true},
    {0},
};
static const struct rule lost_task = {
    .id = "lost-task", .group = GROUP_LEAK, .summary = "a", .options = strictness};
static const struct rule odd_order = {.id = "odd-order", .group = GROUP_CONVENTION, .summary = "b"};
static const struct rule too_quiet = {.id = "too-quiet", .group = GROUP_PEDANTIC, .summary = "c"};
static const struct rule *const table[] = {&lost_task, &odd_order, &too_quiet};

static int make_folder(void **state)
{
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    arena_release(&arena);
    char command[100];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    return path_join(&arena, folder, name);
}

static void write_file(const char *name, const char *text)
{
    assert_true(file_write(in_folder(name), text, strlen(text)));
}

static struct settings *new_settings(void)
{
    return settings_new(&arena, table, COUNT_OF(table));
}

/* Reads a file of the folder; its problems as lines of text without the folder, "" for none. */
static const char *read_into(struct settings *settings, const char *name)
{
    model_problems problems = {0};
    bool is_good = settings_read(settings, in_folder(name), &problems);
    assert_int_equal(is_good, problems.count == 0);
    const char *lines = "";
    for (size_t i = 0; i < problems.count; i++)
        lines =
            arena_printf(&arena, "%s%s:%u:%u: %s\n", lines, path_below(problems.at[i].file, folder),
                         problems.at[i].line, problems.at[i].column, problems.at[i].message);
    return lines;
}

static struct settings *read_text(const char *text)
{
    struct settings *settings = new_settings();
    write_file(".leash.yaml", text);
    assert_string_equal(read_into(settings, ".leash.yaml"), "");
    return settings;
}

static void assert_mistake(const char *text, const char *expected)
{
    write_file(".leash.yaml", text);
    assert_string_equal(read_into(new_settings(), ".leash.yaml"),
                        arena_printf(&arena, ".leash.yaml:%s\n", expected));
}

/* ---- what settings say ----------------------------------------------------------------------- */

static void test_settings__without_a_file(void **state)
{
    (void)state;
    struct settings *settings = new_settings();
    size_t count;
    struct rule_choice *choices = settings_choices(settings, &count);
    assert_int_equal(count, 2);
    assert_ptr_equal(choices[0].rule, &lost_task);
    assert_int_equal(choices[0].severity, SEVERITY_ERROR);
    assert_false(choices[0].options[0]);
    assert_true(choices[0].options[1]);
    assert_int_equal(choices[1].severity, SEVERITY_WARNING);
    assert_int_equal(settings->min_confidence, CONFIDENCE_LIKELY);
    assert_int_equal(settings->fail_on, FAIL_ON_WARNING);
    assert_int_equal(settings->headers, HEADERS_OWN);
    assert_true(settings_wants_path(settings, "/anywhere/a.c"));
}

static void test_settings__all_keys(void **state)
{
    (void)state;
    struct settings *settings = read_text("rules:\n"
                                          "  lost-task: {strict: true, severity: note}\n"
                                          "  odd-order: off\n"
                                          "  too-quiet: on\n"
                                          "  default: [leak, convention]\n"
                                          "min_confidence: possible\n"
                                          "fail_on: never\n"
                                          "models: [tools/mypool.yaml, /abs/x.yaml]\n"
                                          "paths:\n"
                                          "  include: [src, lib]\n"
                                          "  exclude: [\"src/third_party/**\"]\n"
                                          "headers: none\n");
    size_t count;
    struct rule_choice *choices = settings_choices(settings, &count);
    assert_int_equal(count, 2);
    assert_ptr_equal(choices[0].rule, &lost_task);
    assert_int_equal(choices[0].severity, SEVERITY_NOTE);
    assert_true(choices[0].options[0]);
    assert_true(choices[0].options[1]);
    assert_ptr_equal(choices[1].rule, &too_quiet);
    assert_int_equal(settings->min_confidence, CONFIDENCE_POSSIBLE);
    assert_int_equal(settings->fail_on, FAIL_ON_NEVER);
    assert_int_equal(settings->headers, HEADERS_NONE);
    assert_int_equal(settings->models.count, 2);
    assert_string_equal(settings->models.at[0], in_folder("tools/mypool.yaml"));
    assert_string_equal(settings->models.at[1], "/abs/x.yaml");
    assert_true(settings_wants_path(settings, in_folder("src/a/b.c")));
    assert_false(settings_wants_path(settings, in_folder("srcs/a.c")));
    assert_false(settings_wants_path(settings, in_folder("src/third_party/z/b.c")));
    assert_false(settings_wants_path(settings, "/src/a.c"));
}

static void test_settings__empty_files(void **state)
{
    (void)state;
    assert_int_equal(read_text("")->fail_on, FAIL_ON_WARNING);
    assert_int_equal(read_text("# nothing\n")->fail_on, FAIL_ON_WARNING);
    assert_int_equal(read_text("---\n")->fail_on, FAIL_ON_WARNING);
}

static void test_settings__lists_of_rules(void **state)
{
    (void)state;
    static const struct {
        const char *words[3];
        size_t count;
        bool on[3];
    } cases[] = {
        {{"all"}, 1, {true, true, true}},
        {{"default"}, 1, {true, true, false}},
        {{"all", "-leak"}, 2, {false, true, true}},
        {{"-odd-order"}, 1, {true, false, false}},
        {{"pedantic", "lost-task"}, 2, {true, false, true}},
        {{NULL}, 0, {false, false, false}},
        {{"misuse"}, 1, {false, false, false}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct settings *settings = new_settings();
        assert_null(settings_select_rules(settings, cases[i].words, cases[i].count));
        for (size_t j = 0; j < COUNT_OF(table); j++)
            assert_int_equal(settings->rule_settings[j].is_on, cases[i].on[j]);
    }
    assert_string_equal(
        settings_select_rules(new_settings(), (const char *const[]){"all", "-lost-tusk"}, 2),
        "no rule or group is called 'lost-tusk'; did you mean 'lost-task'?");
}

/* ---- finding and extending ------------------------------------------------------------------- */

static void test_settings__nearest_upwards(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("a"), 0700), 0);
    assert_int_equal(mkdir(in_folder("a/b"), 0700), 0);
    write_file(".leash.yaml", "");
    assert_string_equal(settings_find(&arena, in_folder("a/b")), in_folder(".leash.yaml"));
    write_file("a/.leash.yaml", "");
    assert_string_equal(settings_find(&arena, in_folder("a/b")), in_folder("a/.leash.yaml"));
    assert_string_equal(settings_find(&arena, in_folder("a")), in_folder("a/.leash.yaml"));
}

static void test_settings__extends(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("a"), 0700), 0);
    write_file(".leash.yaml", "rules: {default: [all], lost-task: {strict: true}}\n"
                              "fail_on: error\nmodels: [m.yaml]\n"
                              "paths: {include: [a, b], exclude: [a/x]}\n");
    write_file("a/.leash.yaml", "extends: ../.leash.yaml\nrules: {odd-order: off}\n"
                                "min_confidence: proven\nmodels: [m.yaml]\n"
                                "paths: {include: [c, x], exclude: [y]}\n");
    struct settings *settings = new_settings();
    assert_string_equal(read_into(settings, "a/.leash.yaml"), "");
    size_t count;
    struct rule_choice *choices = settings_choices(settings, &count);
    assert_int_equal(count, 2);
    assert_true(choices[0].options[0]);
    assert_ptr_equal(choices[1].rule, &too_quiet);
    assert_int_equal(settings->fail_on, FAIL_ON_ERROR);
    assert_int_equal(settings->min_confidence, CONFIDENCE_PROVEN);
    assert_int_equal(settings->models.count, 2);
    assert_string_equal(settings->models.at[0], in_folder("m.yaml"));
    assert_string_equal(settings->models.at[1], in_folder("a/m.yaml"));
    assert_int_equal(settings->files.count, 2);
    assert_string_equal(settings->files.at[1], in_folder("a/.leash.yaml"));
    assert_true(settings_wants_path(settings, in_folder("a/c/d.c")));
    assert_false(settings_wants_path(settings, in_folder("b/d.c")));
    assert_false(settings_wants_path(settings, in_folder("a/x/d.c")));
}

static void test_settings__extends_in_circles(void **state)
{
    (void)state;
    write_file("a.yaml", "extends: b.yaml\n");
    write_file("b.yaml", "\nextends: ./a.yaml\n");
    assert_string_equal(read_into(new_settings(), "a.yaml"),
                        arena_printf(&arena, "b.yaml:2:10: '%s' extends itself, through this\n",
                                     in_folder("a.yaml")));
    write_file("c.yaml", "extends: c.yaml\n");
    assert_non_null(strstr(read_into(new_settings(), "c.yaml"), "extends itself"));
}

static void test_settings__extends_too_many(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        write_file(arena_printf(&arena, "%d.yaml", i),
                   arena_printf(&arena, "extends: %d.yaml\n", i + 1));
    assert_string_equal(read_into(new_settings(), "0.yaml"),
                        "7.yaml:1:10: more than 8 files extend one another\n");
}

static void test_settings__files_that_cannot_be_read(void **state)
{
    (void)state;
    assert_string_equal(read_into(new_settings(), "none.yaml"),
                        "none.yaml:0:0: cannot be read: No such file or directory\n");
    assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
    assert_string_equal(read_into(new_settings(), "dir"),
                        "dir:0:0: it is a folder, expected a file\n");
    write_file("a.yaml", "extends: gone.yaml\n");
    assert_string_equal(
        read_into(new_settings(), "a.yaml"),
        arena_printf(&arena, "a.yaml:1:10: '%s' cannot be read: No such file or directory\n",
                     in_folder("gone.yaml")));
}

/* ---- mistakes -------------------------------------------------------------------------------- */

static void test_settings__mistakes(void **state)
{
    (void)state;
    assert_mistake("min_confidence: sure\n",
                   "1:17: expected possible, likely or proven, got 'sure'");
    assert_mistake(
        "fail_on: warnings\n",
        "1:10: expected error, warning or never, got 'warnings'; did you mean 'warning'?");
    assert_mistake("failon: error\n", "1:1: unknown key 'failon'; did you mean 'fail_on'?");
    assert_mistake("baseline: x.json\n", "1:1: 'baseline' is not supported in this version");
    assert_mistake("cache: {dir: x}\n", "1:1: 'cache' is not supported in this version");
    assert_mistake("rules:\n  lost-tusk: off\n",
                   "2:3: unknown key 'lost-tusk'; did you mean 'lost-task'?");
    assert_mistake("rules:\n  lost-task: never\n",
                   "2:14: expected on, off, true or false, got 'never'");
    assert_mistake("rules:\n  lost-task: {strickt: true}\n",
                   "2:15: unknown key 'strickt'; did you mean 'strict'?");
    assert_mistake("rules:\n  lost-task: {strict: 1}\n", "2:23: expected true or false, got '1'");
    assert_mistake("rules:\n  odd-order: {severity: bad}\n",
                   "2:25: expected note, warning or error, got 'bad'");
    assert_mistake("rules:\n  lost-task: [strict]\n",
                   "2:14: expected on, off, true or false, or a mapping (key: value), got a list");
    assert_mistake("rules:\n  default: [leek]\n",
                   "2:13: no rule or group is called 'leek'; did you mean 'leak'?");
    assert_mistake("rules:\n  default: [all, -zzzzzzzzzzzz]\n",
                   "2:18: no rule or group is called 'zzzzzzzzzzzz': 'leash rules' lists them");
    assert_mistake("models: tools/a.yaml\n",
                   "1:9: expected a list, each item the path of a file, got 'tools/a.yaml'");
    assert_mistake("paths: [src]\n", "1:8: expected a mapping (key: value), got a list");
    assert_mistake("rules: {}\nrules: {}\n",
                   "2:1: 'rules' stands here for the second time, first in line 1");
    assert_mistake("rules: [\n", "2:1: no valid YAML: did not find expected node content");
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void test_settings__path_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *path;
        bool matches;
    } cases[] = {
        {"/r/src", "/r/src", true},
        {"/r/src", "/r/src/a.c", true},
        {"/r/src", "/r/srcs/a.c", false},
        {"/r/*.c", "/r/a.c", true},
        {"/r/*.c", "/r/b/a.c", false},
        {"/r/**/*.c", "/r/a.c", true},
        {"/r/**/*.c", "/r/b/c/a.c", true},
        {"/r/**/*.c", "/r/b/c/a.h", false},
        {"/r/third_party/**", "/r/third_party/a/b.c", true},
        {"/r/?.c", "/r/a.c", true},
        {"/r/?.c", "/r/ab.c", false},
        {"/r/**/gen", "/r/x/y/gen/a.c", true},
        {"/r/**/gen", "/r/x/y/regen/a.c", false},
        {"/r", "/", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (path_matches(cases[i].pattern, cases[i].path) != cases[i].matches)
            fail_msg("%s of %s", cases[i].pattern, cases[i].path);
}

static void test_settings__many_stars_are_no_trouble(void **state)
{
    (void)state;
    const char *stars = "", *path = "";
    for (int i = 0; i < 200; i++) {
        stars = arena_printf(&arena, "%s/**a*", stars);
        path = arena_printf(&arena, "%s/aaaaaaaaaaaaaaaa", path);
    }
    assert_true(path_matches(stars, path));
    assert_false(path_matches(arena_printf(&arena, "%sb", stars), path));
}

/* ---- the schema ------------------------------------------------------------------------------ */

static void test_settings__schema_is_the_grammar(void **state)
{
    (void)state;
    assert_schema("rules/settings.schema.json", settings_grammar(&arena, NULL, 0),
                  "leash: settings (.leash.yaml)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_settings__without_a_file),
        TEST(test_settings__all_keys),
        TEST(test_settings__empty_files),
        TEST(test_settings__lists_of_rules),
        TEST(test_settings__nearest_upwards),
        TEST(test_settings__extends),
        TEST(test_settings__extends_in_circles),
        TEST(test_settings__extends_too_many),
        TEST(test_settings__files_that_cannot_be_read),
        TEST(test_settings__mistakes),
        TEST(test_settings__path_patterns),
        TEST(test_settings__many_stars_are_no_trouble),
        TEST(test_settings__schema_is_the_grammar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
