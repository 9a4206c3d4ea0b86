/* Merging, sorting, confidence and fingerprints. */
#include "findings.h"

static struct report_tally finish(struct bench *bench, enum confidence least)
{
    struct report_job job = {.sources = &bench->sources, .root = "/p", .min_confidence = least};

    return report_finish(&bench->arena, &bench->found, &job);
}

static struct place at(uint32_t line, uint32_t column)
{
    return (struct place){"/p/a.c", line, column, line, column + 3};
}

static void test_finish__sorted(void **state)
{
    struct bench *bench = *state;
    static const char *const order[] = {"one", "two", "three", "four", "five"};

    bench_finding(bench, "b", (struct place){"/p/b.c", 1, 1, 1, 2}, "five");
    bench_finding(bench, "b", at(10, 1), "four");
    bench_finding(bench, "b", at(9, 7), "three");
    bench_finding(bench, "a", at(9, 7), "two");
    bench_finding(bench, "z", at(9, 2), "one");
    finish(bench, CONFIDENCE_POSSIBLE);
    assert_int_equal(bench->found.count, COUNT_OF(order));
    for (size_t i = 0; i < COUNT_OF(order); i++)
        assert_string_equal(bench->found.at[i]->message, order[i]);
}

static void test_finish__equal_ones_become_the_surest(void **state)
{
    struct bench *bench = *state;

    bench_finding(bench, "a", at(1, 1), "same")->confidence = CONFIDENCE_POSSIBLE;
    bench_finding(bench, "a", at(1, 1), "same")->confidence = CONFIDENCE_PROVEN;
    bench_finding(bench, "a", at(1, 1), "same")->confidence = CONFIDENCE_LIKELY;
    bench_finding(bench, "a", at(1, 1), "other");
    bench_finding(bench, "a", at(1, 2), "same");
    bench_finding(bench, "b", at(1, 1), "same");
    struct report_tally tally = finish(bench, CONFIDENCE_POSSIBLE);
    assert_int_equal(tally.merged, 2);
    assert_int_equal(bench->found.count, 4);
    assert_string_equal(bench->found.at[1]->message, "same");
    assert_int_equal(bench->found.at[1]->confidence, CONFIDENCE_PROVEN);
}

/* Two units tell the same finding with another story; which is kept must not depend on their order.
 */
static void test_finish__the_kept_story_is_always_the_same(void **state)
{
    struct bench *bench = *state;

    for (int round = 0; round < 2; round++) {
        bench->found = (findings){0};
        for (int i = 0; i < 2; i++) {
            struct finding *finding = bench_finding(bench, "a", at(1, 1), "same");
            bench_note(bench, finding, at(i == round ? 5 : 4, 1), "there");
        }
        finish(bench, CONFIDENCE_POSSIBLE);
        assert_int_equal(bench->found.count, 1);
        assert_int_equal(bench->found.at[0]->notes.at[0].place.line, 4);
    }
}

static void test_finish__unsure_ones_are_hidden(void **state)
{
    struct bench *bench = *state;

    bench_finding(bench, "a", at(1, 1), "x")->confidence = CONFIDENCE_POSSIBLE;
    bench_finding(bench, "a", at(2, 1), "x")->confidence = CONFIDENCE_LIKELY;
    bench_finding(bench, "a", at(3, 1), "x")->confidence = CONFIDENCE_PROVEN;
    struct report_tally tally = finish(bench, CONFIDENCE_LIKELY);
    assert_int_equal(tally.hidden, 1);
    assert_int_equal(bench->found.count, 2);
    assert_int_equal(bench->found.at[0]->place.line, 2);
}

/* ---- fingerprints ---------------------------------------------------------------------------- */

/* The fingerprint of one finding in one file. */
static const char *fingerprint(struct bench *bench, const char *path, const char *text,
                               struct place place, const char *message)
{
    sources_release(&bench->sources);
    bench->sources.buffers = bench->buffers;
    bench->found = (findings){0};
    bench_file(bench, path, text);
    place.path = path;
    bench_finding(bench, "a", place, message);
    finish(bench, CONFIDENCE_POSSIBLE);
    return bench->found.at[0]->fingerprint;
}

static void test_fingerprint__outlives_moves(void **state)
{
    struct bench *bench = *state;
    const char *first =
        fingerprint(bench, "/p/a.c", "f(x);\n", at(1, 1), "from line 1 of 'w2', 3 times");

    assert_int_equal(strlen(first), 16);
    assert_string_equal(first, fingerprint(bench, "/p/a.c", "\n\n \t f(x); \n", at(3, 4),
                                           "from line 33 of 'w2', 12 times"));
    assert_string_not_equal(
        first, fingerprint(bench, "/p/a.c", "f(y);\n", at(1, 1), "from line 1 of 'w2', 3 times"));
    assert_string_not_equal(
        first, fingerprint(bench, "/p/a.c", "f(x);\n", at(1, 1), "from line 1 of 'w3', 3 times"));
    assert_string_not_equal(
        first, fingerprint(bench, "/p/b.c", "f(x);\n", at(1, 1), "from line 1 of 'w2', 3 times"));
}

/* Another clone elsewhere has the same fingerprints: they are over paths as seen from the root. */
static void test_fingerprint__is_the_same_in_every_clone(void **state)
{
    struct bench *bench = *state;
    const char *first = fingerprint(bench, "/p/src/a.c", "f(x);\n", at(1, 1), "m");
    struct report_job job = {.sources = &bench->sources, .root = "/elsewhere"};

    bench->found = (findings){0};
    bench_file(bench, "/elsewhere/src/a.c", "f(x);\n");
    bench_finding(bench, "a", (struct place){"/elsewhere/src/a.c", 1, 1, 1, 2}, "m");
    report_finish(&bench->arena, &bench->found, &job);
    assert_string_equal(first, bench->found.at[0]->fingerprint);
}

static void test_fingerprint__twins_differ(void **state)
{
    struct bench *bench = *state;

    bench_file(bench, "/p/a.c", "f(x);\nf(x);\n");
    bench_finding(bench, "a", at(1, 1), "m");
    bench_finding(bench, "a", at(2, 1), "m");
    finish(bench, CONFIDENCE_POSSIBLE);
    const char *first = bench->found.at[0]->fingerprint, *second = bench->found.at[1]->fingerprint;
    assert_string_not_equal(first, second);

    /* And a suppression of the first leaves the second its own. */
    sources_release(&bench->sources);
    bench->sources.buffers = bench->buffers;
    bench->found = (findings){0};
    bench_file(bench, "/p/a.c", "// leash:ignore a\nf(x);\nf(x);\n");
    bench_finding(bench, "a", at(2, 1), "m");
    bench_finding(bench, "a", at(3, 1), "m");
    struct report_tally tally = finish(bench, CONFIDENCE_POSSIBLE);
    assert_int_equal(tally.suppressed, 1);
    assert_int_equal(bench->found.count, 1);
    assert_string_equal(bench->found.at[0]->fingerprint, second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_finish__sorted),
        TEST(test_finish__equal_ones_become_the_surest),
        TEST(test_finish__the_kept_story_is_always_the_same),
        TEST(test_finish__unsure_ones_are_hidden),
        TEST(test_fingerprint__outlives_moves),
        TEST(test_fingerprint__is_the_same_in_every_clone),
        TEST(test_fingerprint__twins_differ),
    };

    return cmocka_run_group_tests_name("report_finish", tests, NULL, NULL);
}
