/* Findings as SARIF: parsed back with jansson, and looked at. */
#include "findings.h"

#include <jansson.h>

static const struct report_tool tool = {"0.1.0", "libclang 19.1.7"};
static const struct report_rule rule_list[] = {
    {"first", "the first", "# first\n\nSee `code`.\n", GROUP_MISUSE, SEVERITY_NOTE},
    {"missing-close", "not closed", "# missing-close\n", GROUP_LEAK, SEVERITY_ERROR},
};
static const struct report_rules known = {rule_list, COUNT_OF(rule_list)};

static json_t *shown(struct bench *bench, const failures *failed)
{
    struct report_style style = {.sources = &bench->sources, .directory = "/p"};
    struct text out = {0};
    json_error_t error;

    report_sarif(&out, &bench->found, failed, &tool, &known, &style);
    json_t *root = json_loadb(out.at, out.length, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("%s at byte %d of: %s", error.text, error.position, out.at);
    text_release(&out);
    return root;
}

/* What stands at a path such as "runs 0 results 0 level". */
static const json_t *at(const json_t *value, const char *path)
{
    char words[256], *rest = words;

    assert_true(strlen(path) < sizeof words);
    strcpy(words, path);
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(word))
                                     : json_object_get(value, word);
    return value;
}

static const char *word(const json_t *value, const char *path)
{
    const char *text = json_string_value(at(value, path));

    if (!text)
        fail_msg("there is no text at %s", path);
    return text;
}

static void assert_number(const json_t *value, const char *path, json_int_t expected)
{
    if (!json_is_integer(at(value, path)))
        fail_msg("there is no number at %s", path);
    assert_int_equal(json_integer_value(at(value, path)), expected);
}

static void test_sarif__a_finding_in_full(void **state)
{
    struct bench *bench = *state;

    struct finding *finding = bench_finding(
        bench, "missing-close", (struct place){"/p/src/a.c", 12, 5, 12, 20}, "not closed");
    finding->confidence = CONFIDENCE_PROVEN;
    finding->fingerprint = "0123456789abcdef";
    bench_note(bench, finding, (struct place){"/q/b c.h", 3, 9, 3, 10}, "made here");
    struct fix *fix = vec_add(&bench->arena, &finding->fixes);
    fix->description = "close it";
    *vec_add(&bench->arena, &fix->edits) = (struct edit){"/p/src/a.c", 70, 2, "chan_close(c);"};

    json_t *root = shown(bench, &(failures){0});
    assert_string_equal(word(root, "version"), "2.1.0");
    const json_t *run = at(root, "runs 0"), *result = at(run, "results 0");
    assert_string_equal(word(run, "originalUriBaseIds SRCROOT uri"), "file:///p/");
    assert_string_equal(word(result, "ruleId"), "missing-close");
    assert_number(result, "ruleIndex", 1);
    assert_string_equal(word(result, "level"), "error");
    assert_string_equal(word(result, "message text"), "not closed");
    const json_t *place = at(result, "locations 0 physicalLocation");
    assert_string_equal(word(place, "artifactLocation uri"), "src/a.c");
    assert_string_equal(word(place, "artifactLocation uriBaseId"), "SRCROOT");
    assert_number(place, "region startLine", 12);
    assert_number(place, "region startColumn", 5);
    assert_number(place, "region endLine", 12);
    assert_number(place, "region endColumn", 20);
    assert_string_equal(word(result, "locations 0 logicalLocations 0 name"), "worker");
    const json_t *note = at(result, "relatedLocations 0");
    assert_string_equal(word(note, "message text"), "made here");
    assert_string_equal(word(note, "physicalLocation artifactLocation uri"), "file:///q/b%20c.h");
    assert_null(at(note, "physicalLocation artifactLocation uriBaseId"));
    assert_null(at(result, "codeFlows"));
    const json_t *change = at(result, "fixes 0 artifactChanges 0");
    assert_number(change, "replacements 0 deletedRegion byteOffset", 70);
    assert_number(change, "replacements 0 deletedRegion byteLength", 2);
    assert_string_equal(word(change, "replacements 0 insertedContent text"), "chan_close(c);");
    assert_string_equal(word(result, "partialFingerprints primaryLocationLineHash"),
                        "0123456789abcdef");
    assert_string_equal(word(result, "properties confidence"), "proven");
    json_decref(root);
}

static void test_sarif__steps_are_a_code_flow(void **state)
{
    struct bench *bench = *state;

    struct finding *finding =
        bench_finding(bench, "missing-close", (struct place){"/p/a.c", 2, 1, 2, 4}, "stuck");
    bench_note(bench, finding, (struct place){"/p/a.c", 9, 1, 9, 2}, "spawned here");
    for (uint32_t line = 3; line-- > 1;) {
        bench_note(bench, finding, (struct place){"/p/a.c", line, 1, line, 2}, "step");
        finding->notes.at[finding->notes.count - 1].is_step = true;
    }

    json_t *root = shown(bench, &(failures){0});
    const json_t *result = at(root, "runs 0 results 0");
    const json_t *steps = at(result, "codeFlows 0 threadFlows 0 locations");
    assert_int_equal(json_array_size(steps), 2);
    assert_number(steps, "0 executionOrder", 1);
    assert_number(steps, "0 location physicalLocation region startLine", 2);
    assert_number(steps, "1 executionOrder", 2);
    assert_number(steps, "1 location physicalLocation region startLine", 1);
    assert_string_equal(word(steps, "1 location message text"), "step");
    assert_int_equal(json_array_size(at(result, "relatedLocations")), 1);
    json_decref(root);
}

static void test_sarif__columns_count_characters(void **state)
{
    struct bench *bench = *state;

    bench_file(bench, "/p/a.c", "/* \xC3\xA4\xE4\xBD\xA0 \xFF */ f();\n");
    bench_finding(bench, "missing-close", (struct place){"/p/a.c", 1, 14, 1, 17}, "after them");
    bench_finding(bench, "missing-close", (struct place){"/p/a.c", 7, 300, 7, 310}, "no such line");
    bench_finding(bench, "missing-close", (struct place){"/p/a.c", 1, 0, 0, 0}, "a whole line");
    bench_finding(bench, "missing-close", (struct place){"/p/a.c", 0, 0, 0, 0}, "a whole file");
    json_t *root = shown(bench, &(failures){0});
    const json_t *results = at(root, "runs 0 results");
    assert_string_equal(word(root, "runs 0 columnKind"), "unicodeCodePoints");
    assert_number(results, "0 locations 0 physicalLocation region startColumn", 11);
    assert_number(results, "0 locations 0 physicalLocation region endColumn", 14);
    assert_number(results, "1 locations 0 physicalLocation region startColumn", 300);
    assert_number(results, "2 locations 0 physicalLocation region startLine", 1);
    assert_null(at(results, "2 locations 0 physicalLocation region startColumn"));
    assert_null(at(results, "3 locations 0 physicalLocation region"));
    json_decref(root);
}

static void test_sarif__rules_come_along(void **state)
{
    json_t *root = shown(*state, &(failures){0});
    const json_t *rules = at(root, "runs 0 tool driver rules");

    assert_int_equal(json_array_size(rules), 2);
    assert_string_equal(word(rules, "0 id"), "first");
    assert_string_equal(word(rules, "0 shortDescription text"), "the first");
    assert_string_equal(word(rules, "0 help markdown"), "# first\n\nSee `code`.\n");
    assert_string_equal(word(rules, "0 help text"), "first\n\nSee code.\n");
    assert_string_equal(word(rules, "0 defaultConfiguration level"), "note");
    assert_string_equal(word(rules, "0 properties problem.severity"), "recommendation");
    assert_string_equal(word(rules, "0 properties tags 0"), "misuse");
    assert_string_equal(word(rules, "1 properties problem.severity"), "error");
    assert_true(json_is_true(at(root, "runs 0 invocations 0 executionSuccessful")));
    assert_int_equal(json_array_size(at(root, "runs 0 results")), 0);
    json_decref(root);
}

static void test_sarif__what_failed_is_said(void **state)
{
    struct bench *bench = *state;
    failures failed = {0};

    *vec_add(&bench->arena, &failed) = (struct failure){"/p/c.c", 4, "no such header"};
    *vec_add(&bench->arena, &failed) = (struct failure){"", 0, "nothing to do"};
    json_t *root = shown(bench, &failed);
    const json_t *invocation = at(root, "runs 0 invocations 0");
    assert_true(json_is_false(at(invocation, "executionSuccessful")));
    const json_t *told = at(invocation, "toolExecutionNotifications");
    assert_int_equal(json_array_size(told), 2);
    assert_string_equal(word(told, "0 message text"), "no such header");
    assert_number(told, "0 locations 0 physicalLocation region startLine", 4);
    assert_null(at(told, "1 locations"));
    json_decref(root);
}

static void test_sarif__no_byte_breaks_it(void **state)
{
    struct bench *bench = *state;

    bench_finding(bench, "unknown", (struct place){"/p/\xFE#%?.c", 1, 1, 1, 2}, "\xFF \x01\"\\\n");
    json_t *root = shown(bench, &(failures){0});
    const json_t *result = at(root, "runs 0 results 0");
    assert_string_equal(word(result, "locations 0 physicalLocation artifactLocation uri"),
                        "%FE%23%25%3F.c");
    assert_string_equal(word(result, "message text"), "\xEF\xBF\xBD \x01\"\\\n");
    assert_null(at(result, "ruleIndex"));
    json_decref(root);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sarif__a_finding_in_full),        TEST(test_sarif__steps_are_a_code_flow),
        TEST(test_sarif__columns_count_characters), TEST(test_sarif__rules_come_along),
        TEST(test_sarif__what_failed_is_said),      TEST(test_sarif__no_byte_breaks_it),
    };

    return cmocka_run_group_tests_name("report_sarif", tests, NULL, NULL);
}
