/*
 * Where the output goes: files, full disks, closed ends; and unit files.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

static void test_output__to_a_file(void **state)
{
    put(*state, "leaky.c", leaky_source);
    struct outcome outcome = leash(*state, "check -o found.txt leaky.c -- -I%s", LEASH_INCLUDE);
    assert_status(outcome, 1);
    assert_string_equal(outcome.out, "");
    struct outcome shown = shell(*state, "cat found.txt");
    assert_has(shown.out, "leaky.c:6:9: error: ");
    /* Behind a symbolic link lies what is meant. */
    shell(*state, "ln -s found.txt link && : >found.txt");
    leash(*state, "check -o link leaky.c -- -I%s", LEASH_INCLUDE);
    shown = shell(*state, "test -L link && cat found.txt");
    assert_status(shown, 0);
    assert_has(shown.out, "leaky.c:6:9: error: ");
}

static void test_output__cannot_be_written(void **state)
{
    static const struct {
        const char *output, *says;
    } cases[] = {
        {"-o /dev/full", "cannot write to /dev/full: No space left"},
        {">/dev/full", "cannot write to standard output: No space left"},
        {">&-", "cannot write to standard output: "},
        {"-o gone/found.txt", "cannot write to gone/found.txt: No such file"},
        {"-o .", "cannot write to .: "},
    };
    put(*state, "leaky.c", leaky_source);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome =
            leash(*state, "check %s leaky.c -- -I%s", cases[i].output, LEASH_INCLUDE);
        assert_status(outcome, 2);
        assert_has(outcome.err, cases[i].says);
    }
    struct outcome device = shell(*state, "test -c /dev/full");
    assert_status(device, 0);
}

/* With stdin, stdout or stderr closed no file may take their place. */
static void test_output__closed_ends(void **state)
{
    put(*state, "leaky.c", leaky_source);
    struct outcome outcome = leash(*state, "check leaky.c -- -I%s <&- 2>&-", LEASH_INCLUDE);
    assert_status(outcome, 1);
    assert_has(outcome.out, "leaky.c:6:9: error: ");
    outcome = leash(*state, "check leaky.c -- -I%s <&- >&- 2>&-", LEASH_INCLUDE);
    assert_status(outcome, 2);
}

/* The story of a finding comes along as a code flow that ends where the finding stands. */
static void test_output__sarif(void **state)
{
    put(*state, "stuck.c",
        "#include <leash.h>\n"
        "static void reader(chan_t *from) { int got; chan_recv(from, &got); chan_free(from); }\n"
        "int main(void)\n"
        "{\n"
        "    chan_t *c = chan_make(int, 0);\n"
        "    spawn(reader, chan_ref(c));\n"
        "    chan_free(c);\n"
        "    return 0;\n"
        "}\n");
    struct outcome outcome =
        leash(*state, "check --format sarif -o out.sarif stuck.c -- -I%s", LEASH_INCLUDE);
    assert_status(outcome, 1);
    outcome =
        shell(*state, "python3 -c 'import json\n"
                      "run = json.load(open(\"out.sarif\"))[\"runs\"][0]\n"
                      "for result in run[\"results\"]:\n"
                      "    rule = run[\"tool\"][\"driver\"][\"rules\"][result[\"ruleIndex\"]]\n"
                      "    assert rule[\"id\"] == result[\"ruleId\"]\n"
                      "    for flow in result.get(\"codeFlows\", []):\n"
                      "        last = flow[\"threadFlows\"][0][\"locations\"][-1]\n"
                      "        place = last[\"location\"][\"physicalLocation\"]\n"
                      "        print(place[\"artifactLocation\"][\"uri\"],\n"
                      "              place[\"region\"][\"startLine\"])'");
    assert_status(outcome, 0);
    assert_string_equal(outcome.out, "stuck.c 2\n");
}

static void test_output__unit_files(void **state)
{
    put(*state, "leaky.c", leaky_source);
    put(*state, "clean.c", clean_source);
    struct outcome outcome = leash(*state, "collect -o leaky.unit leaky.c -- -I%s", LEASH_INCLUDE);
    assert_status(outcome, 0);
    assert_string_equal(outcome.out, "");
    outcome = leash(*state, "collect -o clean.unit clean.c --");
    assert_status(outcome, 0);

    struct outcome split = leash(*state, "check --format json leaky.unit clean.unit");
    struct outcome whole =
        leash(*state, "check --format json leaky.c clean.c -- -I%s", LEASH_INCLUDE);
    assert_status(split, 1);
    assert_string_equal(split.out, whole.out);
    outcome = leash(*state, "collect -o leaky.unit leaky.unit");
    assert_status(outcome, 2);
    assert_has(outcome.err, "is a unit file already");
}

static void test_output__collect_says_what_is_wrong(void **state)
{
    put(*state, "broken.c", "int f(void) { return nothing; }\n");
    put(*state, "a.cpp", "");
    struct outcome outcome = leash(*state, "collect -o broken.unit broken.c --");
    assert_status(outcome, 2);
    assert_has(outcome.err, "broken.c:1:22: error: ");
    outcome = leash(*state, "check --list-units broken.unit");
    assert_status(outcome, 2);
    assert_has(outcome.out, "in part   broken.unit: 1 error");
    outcome = leash(*state, "collect -o a.unit a.cpp --");
    assert_status(outcome, 2);
    assert_has(outcome.err, "a.cpp: error: is not for leash: C++");
    outcome = leash(*state, "collect -o gone.unit gone.c --");
    assert_status(outcome, 2);
    outcome = shell(*state, "test -e a.unit -o -e gone.unit");
    assert_status(outcome, 1);
}

/* Every tenth byte changed, the file cut at every tenth: a message each time. */
static void test_output__damaged_unit_files(void **state)
{
    struct folder *folder = *state;
    put(folder, "clean.c", clean_source);
    put(folder, "whole.c", clean_source);
    leash(folder, "collect -o whole.unit whole.c --");
    size_t length = 0;
    char *bytes = file_read(&folder->arena, path_join(&folder->arena, folder->path, "whole.unit"),
                            1 << 20, &length);
    assert_non_null(bytes);
    assert_true(length > 100);
    size_t count = 0;
    for (size_t i = 0; i < length; i += length / 10, count++) {
        bytes[i] ^= 0x55;
        put_bytes(folder, arena_printf(&folder->arena, "changed%zu.unit", i), bytes, length);
        bytes[i] ^= 0x55;
        put_bytes(folder, arena_printf(&folder->arena, "cut%zu.unit", i), bytes, i);
    }
    put(folder, "text.unit", "no unit at all\n");
    struct outcome outcome = leash(folder, "check clean.c *.unit");
    assert_status(outcome, 2);
    assert_int_equal(count_of(outcome.err, ".unit: error: "), 2 * count + 1);
    assert_int_equal(count_of(outcome.err, "write it anew with leash collect"), 2 * count + 1);
    assert_has(outcome.err, "in 2 units");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(test_output__to_a_file),
        folder_test(test_output__cannot_be_written),
        folder_test(test_output__closed_ends),
        folder_test(test_output__unit_files),
        folder_test(test_output__sarif),
        folder_test(test_output__collect_says_what_is_wrong),
        folder_test(test_output__damaged_unit_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
