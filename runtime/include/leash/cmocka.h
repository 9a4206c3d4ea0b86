/*
 * leash/cmocka.h - cmocka tests that run as tasks, and fail when they leave tasks behind.
 *
 *     #include <leash/cmocka.h>
 *
 *     static void test_queue__drains(void **state) { ... spawn(...), assert_int_equal(...) ... }
 *
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = {
 *             leash_unit_test(test_queue__drains),
 *             leash_explore_schedules(test_queue__drains, 100),
 *         };
 *         return cmocka_run_group_tests(tests, NULL, NULL);
 *     }
 *
 * leash_run_group_tests(tests, NULL, NULL) does so with all tests of a group, cmocka_unit_test's
 * too.
 *
 * Each test is the first task of a leash_run in a process of its own, so that one that crashes,
 * gets stuck or leaves tasks disturbs no other.  It fails by an assertion in any task of it, when
 * all tasks are parked for good, and when tasks that it spawned are left after a grace, which ends
 * as soon as they are gone; those are dumped with the lines that spawned them and where they wait.
 * leash_leak_ignore() takes tasks out that are meant to stay.  With LEASH_CLOCK=virtual set, long
 * timeouts take no time.
 *
 * What a test leaves in memory is lost with its process: also the rest of a will_return(), which
 * cmocka would complain of.  skip() is not for these tests.  In a debugger, follow the child
 * (gdb: set follow-fork-mode child).
 *
 * For C.  Includes leash.h and cmocka.h, and what the latter needs.
 */
#ifndef LEASH_CMOCKA_H
#define LEASH_CMOCKA_H

#include <leash.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* How long the tasks that a test spawned may take to end after it; define it before to change it.
 */
#ifndef LEASH_TEST_GRACE_MS
#define LEASH_TEST_GRACE_MS 500
#endif

/* Elements of an array of struct CMUnitTest, as cmocka_unit_test and its kin.  `setup` and
 * `teardown` run in the same task; what they spawn counts as the test's.  `state` is what *state is
 * in the beginning. */
#define leash_unit_test(f) leash_unit_test_prestate_setup_teardown(f, NULL, NULL, NULL)
#define leash_unit_test_setup_teardown(f, setup, teardown)                                         \
    leash_unit_test_prestate_setup_teardown(f, setup, teardown, NULL)
#define leash_unit_test_prestate_setup_teardown(f, setup, teardown, state)                         \
    LEASH_CMOCKA_TEST_(#f, f, setup, teardown, state, 0)

/* The test once for each of so many random schedules.  The first that fails is named by the setting
 * that brings it about again; with LEASH_SCHEDULE set, that one alone is run. */
#define leash_explore_schedules(f, runs)                                                           \
    LEASH_CMOCKA_TEST_(#f " (" #runs " schedules)", f, NULL, NULL, NULL, runs)

/* In place of cmocka_run_group_tests and its kin: each test of the array, a cmocka_unit_test too,
 * is run as a leash_unit_test.  `setup` and `teardown`, or NULL, run in the task and process of
 * each test, around its own; what they spawn counts as the test's, so a server that `setup` starts
 * is to be gone after `teardown`.  *state is what `setup` made of it where the test has none of its
 * own. */
#define leash_run_group_tests(tests, setup, teardown)                                              \
    leash_run_group_tests_name(#tests, tests, setup, teardown)
#define leash_run_group_tests_name(name, tests, setup, teardown)                                   \
    leash_cmocka_run_group_((name), (tests), sizeof(tests) / sizeof((tests)[0]),                   \
                            &(const struct leash_cmocka_group){(setup), (teardown)}, __FILE__,     \
                            __LINE__)

/* ---- behind the macros ----------------------------------------------------------------------- */

struct leash_cmocka_group {
    CMFixtureFunction setup, teardown; /* NULL: none */
};

struct leash_cmocka_test {
    CMUnitTestFunction test;
    CMFixtureFunction setup, teardown;
    void *state;
    unsigned schedules; /* 0: run once, as the environment says */
    const char *file;
    int line;
    const struct leash_cmocka_group *group; /* NULL: it stands alone */
};

#define LEASH_CMOCKA_TEST_(name, f, setup, teardown, state, schedules)                             \
    {                                                                                              \
        (name), leash_cmocka_run_, NULL, NULL, &(struct leash_cmocka_test)                         \
        {                                                                                          \
            (f), (setup), (teardown), (state), (schedules), __FILE__, __LINE__, NULL               \
        }                                                                                          \
    }

enum {
    LEASH_CMOCKA_LEFT_TASKS = 23, /* as the exit status of LEASH_LEAKS=fail */
    LEASH_CMOCKA_DEADLOCK = 24,   /* as leash_run's own */
    LEASH_CMOCKA_SETUP = 25,
    LEASH_CMOCKA_TEARDOWN = 26,
    LEASH_CMOCKA_GROUP_SETUP = 27,
    LEASH_CMOCKA_GROUP_TEARDOWN = 28
};

/* What the first task of this process is to run. */
static struct leash_cmocka_test *leash_cmocka_now_;

/* The test between its own setup and teardown: 0, or the status that says what failed. */
static int leash_cmocka_alone_(const struct leash_cmocka_test *now, void *state)
{
    if (now->setup && now->setup(&state) != 0)
        return LEASH_CMOCKA_SETUP;
    now->test(&state);
    if (now->teardown && now->teardown(&state) != 0)
        return LEASH_CMOCKA_TEARDOWN;
    return 0;
}

/* The same between those of its group. */
static int leash_cmocka_within_(const struct leash_cmocka_test *now)
{
    const struct leash_cmocka_group none = {NULL, NULL};
    const struct leash_cmocka_group *group = now->group ? now->group : &none;
    void *state = NULL;

    if (group->setup && group->setup(&state) != 0)
        return LEASH_CMOCKA_GROUP_SETUP;
    int status = leash_cmocka_alone_(now, now->state ? now->state : state);
    if (group->teardown && group->teardown(&state) != 0 && status == 0)
        return LEASH_CMOCKA_GROUP_TEARDOWN;
    return status;
}

static int leash_cmocka_entry_(int argc, char **argv)
{
    leash_leak_mark_t mark = leash_leak_mark();
    int status = leash_cmocka_within_(leash_cmocka_now_);

    (void)argc;
    (void)argv;
    if (status)
        return status;
    return leash_leak_report(stderr, mark, LEASH_TEST_GRACE_MS) ? LEASH_CMOCKA_LEFT_TASKS : 0;
}

/* One thread makes a schedule the same each time. */
static const char *leash_cmocka_threads_(void)
{
    const char *set = getenv("LEASH_THREADS");
    return set && *set ? set : "1";
}

/* A failed assertion would jump off the task's stack: it ends this process instead. */
static _Noreturn void leash_cmocka_child_(struct leash_cmocka_test *test, const char *schedule)
{
    if (setenv("CMOCKA_TEST_ABORT", "1", 1) != 0 ||
        (schedule && (setenv("LEASH_SCHEDULE", schedule, 1) != 0 ||
                      setenv("LEASH_THREADS", leash_cmocka_threads_(), 1) != 0)))
        abort();
    leash_cmocka_now_ = test;
    int status = leash_run(leash_cmocka_entry_, 0, NULL);
    /* What tasks that were left hold is no news: not for a search for leaked memory at exit. */
    if (status == LEASH_CMOCKA_LEFT_TASKS) {
        fflush(NULL);
        _exit(status);
    }
    exit(status);
}

/* Runs the test in a process of its own and returns how that ended. */
static int leash_cmocka_fork_(struct leash_cmocka_test *test, const char *schedule)
{
    int status;

    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        fail_msg("no process for the test: %s", strerror(errno));
    if (child == 0)
        leash_cmocka_child_(test, schedule);
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR)
            fail_msg("the process of the test is lost: %s", strerror(errno));
    return status;
}

/* How the test's process ended, in words; NULL: well. */
static const char *leash_cmocka_words_(int status)
{
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGABRT ? "aborted: see above" : strsignal(WTERMSIG(status));
    switch (WEXITSTATUS(status)) {
    case 0:
        return NULL;
    case LEASH_CMOCKA_LEFT_TASKS:
        return "left the tasks above behind";
    case LEASH_CMOCKA_DEADLOCK:
        return "all its tasks were parked, and nothing could wake one";
    case LEASH_CMOCKA_SETUP:
        return "its setup failed";
    case LEASH_CMOCKA_TEARDOWN:
        return "its teardown failed";
    case LEASH_CMOCKA_GROUP_SETUP:
        return "the setup of its group failed";
    case LEASH_CMOCKA_GROUP_TEARDOWN:
        return "the teardown of its group failed";
    default:
        return "ended the process";
    }
}

/* Fails the running test where its process did not end well. */
static void leash_cmocka_judge_(const struct leash_cmocka_test *test, int status,
                                const char *schedule)
{
    const char *words = leash_cmocka_words_(status);

    if (!words)
        return;
    print_error("\n%s (exit status %d)\n", words,
                WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    if (schedule)
        print_error("again with LEASH_THREADS=%s LEASH_SCHEDULE=%s\n", leash_cmocka_threads_(),
                    schedule);
    _fail(test->file, test->line);
}

static void leash_cmocka_run_(void **state)
{
    struct leash_cmocka_test *test = (struct leash_cmocka_test *)*state;
    const char *set = getenv("LEASH_SCHEDULE");
    char schedule[32];

    if (test->schedules == 0 || (set && *set)) {
        leash_cmocka_judge_(test, leash_cmocka_fork_(test, NULL), NULL);
        return;
    }
    for (unsigned seed = 1; seed <= test->schedules; seed++) {
        snprintf(schedule, sizeof schedule, "random:%u", seed);
        leash_cmocka_judge_(test, leash_cmocka_fork_(test, schedule), schedule);
    }
}

/* What to run for a test of the group, be it one of ours or of cmocka's own. */
static inline struct leash_cmocka_test leash_cmocka_of_(const struct CMUnitTest *test,
                                                        const char *file, int line)
{
    if (test->test_func == leash_cmocka_run_)
        return *(const struct leash_cmocka_test *)test->initial_state;
    return (struct leash_cmocka_test){
        .test = test->test_func,
        .setup = test->setup_func,
        .teardown = test->teardown_func,
        .state = test->initial_state,
        .file = file,
        .line = line,
    };
}

static inline int leash_cmocka_run_group_(const char *name, const struct CMUnitTest *tests,
                                          size_t count, const struct leash_cmocka_group *group,
                                          const char *file, int line)
{
    struct leash_cmocka_test *inner = calloc(count + 1, sizeof *inner);
    struct CMUnitTest *outer = calloc(count + 1, sizeof *outer);

    if (!inner || !outer)
        abort();
    for (size_t i = 0; i < count; i++) {
        inner[i] = leash_cmocka_of_(&tests[i], file, line);
        inner[i].group = group;
        outer[i] = (struct CMUnitTest){tests[i].name, leash_cmocka_run_, NULL, NULL, &inner[i]};
    }
    int failed = _cmocka_run_group_tests(name, outer, count, NULL, NULL);
    free(outer);
    free(inner);
    return failed;
}

#endif
