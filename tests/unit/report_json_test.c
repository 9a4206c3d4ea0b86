/* Findings as programs read them: parsed back with jansson, and looked at. */
#include "findings.h"

#include <jansson.h>

static const struct report_tool tool = {"0.1.0", "libclang 19.1.7"};

static json_t *shown(struct bench *bench, const failures *failed)
{
    const struct report_stat stats[] = {{"units", 3}, {"milliseconds", 12}};
    struct text out = {0};
    json_error_t error;

    report_json(&out, &bench->found, failed, &tool, stats, COUNT_OF(stats), "/p");
    json_t *root = json_loadb(out.at, out.length, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("%s at byte %d of: %s", error.text, error.position, out.at);
    text_release(&out);
    return root;
}

static const char *word(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    assert_non_null(value);
    return value;
}

/* The keys, joined in the order in which they stand. */
static void assert_keys(json_t *object, const char *expected)
{
    struct text keys = {0};
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value) text_printf(&keys, "%s ", key);
    assert_string_equal(keys.at, expected);
    text_release(&keys);
}

static void test_json__every_key_in_its_place(void **state)
{
    struct bench *bench = *state;
    failures failed = {0};

    struct finding *finding = bench_finding(
        bench, "missing-close", (struct place){"/p/src/a.c", 12, 5, 12, 20}, "not closed");
    finding->confidence = CONFIDENCE_PROVEN;
    finding->fingerprint = "0123456789abcdef";
    bench_note(bench, finding, (struct place){"/q/b.c", 3, 9, 3, 10}, "received here");
    struct fix *fix = vec_add(&bench->arena, &finding->fixes);
    fix->description = "close it";
    *vec_add(&bench->arena, &fix->edits) = (struct edit){"/p/src/a.c", 70, 0, "chan_close(c);"};
    *vec_add(&bench->arena, &failed) = (struct failure){"/p/c.c", 0, "cannot be read"};

    json_t *root = shown(bench, &failed);
    assert_keys(root, "version tool findings errors stats ");
    assert_int_equal(json_integer_value(json_object_get(root, "version")), 1);
    assert_string_equal(word(json_object_get(root, "tool"), "version"), "0.1.0");
    json_t *item = json_array_get(json_object_get(root, "findings"), 0);
    assert_keys(item, "rule group severity confidence file line column end_line end_column "
                      "function message notes fixes fingerprint ");
    assert_string_equal(word(item, "file"), "src/a.c");
    assert_string_equal(word(item, "group"), "leak");
    assert_string_equal(word(item, "severity"), "error");
    assert_string_equal(word(item, "confidence"), "proven");
    assert_int_equal(json_integer_value(json_object_get(item, "end_column")), 20);
    json_t *note = json_array_get(json_object_get(item, "notes"), 0);
    assert_keys(note, "file line column message ");
    assert_string_equal(word(note, "file"), "/q/b.c");
    json_t *edit = json_array_get(
        json_object_get(json_array_get(json_object_get(item, "fixes"), 0), "edits"), 0);
    assert_keys(edit, "file offset length text ");
    assert_keys(json_array_get(json_object_get(root, "errors"), 0), "file line message ");
    assert_keys(json_object_get(root, "stats"), "units milliseconds ");
    json_decref(root);
}

static void test_json__nothing_at_all(void **state)
{
    struct bench *bench = *state;
    struct text out = {0};

    report_json(&out, &bench->found, &(failures){0}, &(struct report_tool){"0.1.0", NULL}, NULL, 0,
                NULL);
    assert_string_equal(out.at, "{\"version\":1,\"tool\":{\"name\":\"leash\",\"version\":"
                                "\"0.1.0\"},\n\"findings\":[],\n\"errors\":[],\n\"stats\":{}}\n");
    text_release(&out);
}

static void test_json__no_byte_breaks_it(void **state)
{
    struct bench *bench = *state;
    /* A stray byte, an overlong slash, a surrogate, a cut character, controls, and a good one. */
    const char *odd = "\xFF \xC0\xAF \xED\xA0\x80 \x01\"\\\n \xC3\xA4 \xE4\xBD";

    bench_finding(bench, "x", (struct place){"/p/\xFE.c", 1, 1, 1, 2}, odd);
    json_t *root = shown(bench, &(failures){0});
    json_t *item = json_array_get(json_object_get(root, "findings"), 0);
    assert_string_equal(word(item, "file"), "\xEF\xBF\xBD.c");
    assert_string_equal(word(item, "message"),
                        "\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD "
                        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \x01\"\\\n \xC3\xA4 "
                        "\xEF\xBF\xBD\xEF\xBF\xBD");
    json_decref(root);
}

static void test_json__many_findings(void **state)
{
    struct bench *bench = *state;

    for (uint32_t i = 1; i <= 20000; i++)
        bench_finding(bench, "x", (struct place){"/p/a.c", i, 1, i, 2}, "again");
    json_t *root = shown(bench, &(failures){0});
    json_t *all = json_object_get(root, "findings");
    assert_int_equal(json_array_size(all), 20000);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 19999), "line")),
                     20000);
    json_decref(root);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_json__every_key_in_its_place),
        TEST(test_json__nothing_at_all),
        TEST(test_json__no_byte_breaks_it),
        TEST(test_json__many_findings),
    };

    return cmocka_run_group_tests_name("report_json", tests, NULL, NULL);
}
