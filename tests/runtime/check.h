/*
 * check.h - checks inside tasks.
 *
 * cmocka's assertions leave a test by a jump, which a task must not do; these end the program with
 * a message.  Each test runs with 1, 2 and 8 threads.
 */
#ifndef LEASH_TEST_CHECK_H
#define LEASH_TEST_CHECK_H

#include "require.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif

static inline void check_fails(long result, int error, const char *what, const char *place)
{
    if (result != -1 || errno != error)
        check_failed(what, result, place);
}

/* The call returns -1 with this errno. */
#define CHECK_FAILS(call, error) check_fails((long)(call), (error), #call, LEASH_HERE)

/* Adds to a number that several tasks share; returns what it is then.
 * NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static inline int check_add(int *place, int number)
{
    return __atomic_add_fetch(place, number, __ATOMIC_SEQ_CST);
}

/* The number of tasks that are parked now, by the dump. */
static inline size_t check_count_parked(void)
{
    char *text = NULL;
    size_t size;
    size_t count = 0;
    FILE *out = open_memstream(&text, &size);

    CHECK(out && task_dump(out) == 0);
    CHECK(fclose(out) == 0 && text);
    for (const char *place = text; (place = strstr(place, ", parked at ")); place++)
        count++;
    free(text);
    return count;
}

/* Waits until so many tasks are parked. */
static inline void check_await_parked(size_t count)
{
    while (check_count_parked() != count)
        task_yield();
}

static void (*check_body)(void);
static int check_groups_failed __attribute__((unused)); /* where CHECK_ALL is not used */

static int check_entry(int argc, char **argv)
{
    (void)argc, (void)argv;
    check_body();
    return 0;
}

/* Runs `body` as the first task. */
static inline void check_run(void (*body)(void))
{
    check_body = body;
    assert_int_equal(leash_run(check_entry, 0, NULL), 0);
}

/* Runs the tests with 1, 2 and 8 threads.  Not as a sum: its operands may be computed in turns, and
 * gcc sets all three numbers first. */
#define CHECK_ALL(tests)                                                                           \
    (setenv("LEASH_THREADS", "1", 1),                                                              \
     check_groups_failed = cmocka_run_group_tests_name("1 thread", tests, NULL, NULL),             \
     setenv("LEASH_THREADS", "2", 1),                                                              \
     check_groups_failed += cmocka_run_group_tests_name("2 threads", tests, NULL, NULL),           \
     setenv("LEASH_THREADS", "8", 1),                                                              \
     check_groups_failed += cmocka_run_group_tests_name("8 threads", tests, NULL, NULL),           \
     check_groups_failed)

#endif
