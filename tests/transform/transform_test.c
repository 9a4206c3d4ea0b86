/*
 * Every fixture, written differently: what is found, and on which line, must stay.
 *
 *     transform_test rename|split|wrap [FIXTURES [FUNCTIONS]]        all, or those that match
 *     transform_test --print rename|split|wrap FIXTURE [FUNCTIONS]   shows what becomes of one
 *
 * FIXTURES is a pattern of cmocka's.  With FUNCTIONS only the calls of these are wrapped, to see
 * which of them makes a difference: a pattern (leash_wg_*), or -PATTERN for all others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transform.h"

static const struct {
    const char *name, *what;
    transform *apply;
} transforms[] = {
    {"rename", "names changed", transform_rename},
    {"split", "definitions apart", transform_split},
    {"wrap", "calls wrapped", transform_wrap},
};

/* A difference that a rule wants. */
static const struct {
    const char *fixture, *transform, *reason;
} known[] = {
#define KNOWN(fixture, transform, reason) {fixture, transform, reason},
#include "known.def"
#undef KNOWN
    {NULL, NULL, NULL},
};

static const char *root;
static size_t chosen;    /* of transforms */
static const char *only; /* FUNCTIONS */
static struct {
    size_t fixtures, done, left;
} tally; /* over all fixtures */

/* ---- one fixture ----------------------------------------------------------------------------- */

/* Is the outcome what known.def says? */
static bool judge(const struct fixture *fixture, size_t differences, struct text *out)
{
    for (size_t i = 0; known[i].fixture; i++) {
        if (!text_is(known[i].fixture, fixture->name) ||
            !text_is(known[i].transform, transforms[chosen].name))
            continue;
        if (differences == 0)
            text_add(out, "does not differ any more: take it out of known.def\n");
        return differences > 0;
    }
    return differences == 0;
}

static bool transform_fixture(struct arena *arena, const struct fixture *fixture,
                              const struct expected *expected, struct transformed *result,
                              struct text *out)
{
    struct parsed parsed;

    result->program = *fixture;
    memset(&result->program.files, 0, sizeof result->program.files);
    bool is_good = parsed_open(&parsed, arena, fixture, root, expected, out);
    parsed.only = only;
    is_good = is_good && transforms[chosen].apply(&parsed, result, out);
    parsed_close(&parsed);
    return is_good;
}

static bool load(struct arena *arena, struct fixture *fixture, struct expected *expected,
                 struct text *out)
{
    if (fixture->trouble) {
        text_printf(out, "%s\n", fixture->trouble);
        return false;
    }
    fixture->files.at =
        arena_copy(arena, fixture->files.at, fixture->files.count * sizeof *fixture->files.at);
    return fixture_load(arena, fixture, out) && fixture_expected(arena, fixture, expected, out);
}

static bool check(struct arena *arena, struct fixture *fixture, struct text *out)
{
    struct expected expected = {0};
    struct transformed result = {0};
    findings before = {0}, after = {0};

    if (!load(arena, fixture, &expected, out) ||
        !transform_fixture(arena, fixture, &expected, &result, out))
        return false;
    tally.fixtures += result.done > 0;
    tally.done += result.done;
    tally.left += result.left;
    if (!fixture_find(arena, fixture, root, &expected, &before, out) ||
        !fixture_find(arena, &result.program, root, &expected, &after, out))
        return false;
    return judge(fixture, transformed_compare(arena, &before, &after, &result, root, out), out);
}

/* In this process, unlike the fixtures' own test: they are known to be parsed without harm by now,
 * and a process for each would take a third of the time. */
static void test_fixture(void **state)
{
    struct arena arena = {0};
    struct fixture fixture = *(const struct fixture *)*state;
    struct text out = {0};

    bool is_good = check(&arena, &fixture, &out);
    if (!is_good)
        fprintf(stderr, "%s, %s:\n%s", fixture.name, transforms[chosen].name,
                out.length ? out.at : "no reason given\n");
    text_release(&out);
    arena_release(&arena);
    assert_true(is_good);
}

/* A transform that does nothing finds no difference either. */
static void test_something_was_done(void **state)
{
    (void)state;
    printf("%s: %zu %s in %zu fixtures, %zu left\n", transforms[chosen].name, tally.done,
           transforms[chosen].what, tally.fixtures, tally.left);
    assert_true(tally.done > 0);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* A line for a fixture that is gone excuses nothing. */
static bool are_all_known_there(const fixtures *all)
{
    for (size_t i = 0; known[i].fixture; i++) {
        bool is_there = false;
        for (size_t k = 0; k < all->count && !is_there; k++)
            is_there = text_is(known[i].fixture, all->at[k].name);
        if (!is_there) {
            fprintf(stderr, "known.def: there is no fixture '%s'\n", known[i].fixture);
            return false;
        }
    }
    return true;
}

static int run_all(struct arena *arena, fixtures *all, const char *pattern)
{
    struct CMUnitTest *tests = arena_array(arena, struct CMUnitTest, all->count + 1);

    if (!are_all_known_there(all))
        return 2;
    if (pattern)
        cmocka_set_test_filter(pattern);
    for (size_t i = 0; i < all->count; i++)
        tests[i] = (struct CMUnitTest){all->at[i].name, test_fixture, NULL, NULL, &all->at[i]};
    tests[all->count] =
        (struct CMUnitTest){"something was done", test_something_was_done, NULL, NULL, NULL};
    int failed = _cmocka_run_group_tests("transform", tests, all->count + 1, NULL, NULL);
    return failed > 255 ? 255 : failed;
}

static int print(struct arena *arena, fixtures *all, const char *name)
{
    struct text out = {0};

    for (size_t i = 0; i < all->count; i++) {
        struct expected expected = {0};
        struct transformed result = {0};
        if (!text_is(all->at[i].name, name) || !load(arena, &all->at[i], &expected, &out) ||
            !transform_fixture(arena, &all->at[i], &expected, &result, &out))
            continue;
        for (size_t k = 0; k < result.program.files.count; k++)
            printf("==> %s\n%s", result.program.files.at[k].path, result.program.files.at[k].text);
    }
    if (out.length)
        fputs(out.at, stderr);
    text_release(&out);
    return 0;
}

static bool choose(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(transforms); i++)
        if (text_is(transforms[i].name, name)) {
            chosen = i;
            return true;
        }
    fprintf(stderr, "transform_test: no transform is named '%s'\n", name ? name : "");
    return false;
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    fixtures all = {0};
    bool prints = argc > 3 && text_is(argv[1], "--print");
    char *here = getcwd(NULL, 0);

    if (!choose(prints ? argv[2] : argv[1]))
        return 2;
    if (!here)
        return 2;
    root = here;
    only = argc > 3 + prints ? argv[3 + prints] : NULL;
    fixtures_collect(&arena, root, &all);
    int status =
        prints ? print(&arena, &all, argv[3]) : run_all(&arena, &all, argc > 2 ? argv[2] : NULL);
    arena_release(&arena);
    free(here);
    return status;
}
