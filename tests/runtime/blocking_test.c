/*
 * Calls on helper threads: results and errno, the number of helpers, threads that cannot be had,
 * and calls that outlive the run.
 */
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

enum { CALL_MS = 20 };

/* Stands before the C library's: refuses threads on demand.  TSan has one of its own there, and so
 * has clang's ASan, which must know of every thread. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CANNOT_REFUSE 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define CANNOT_REFUSE 1
#endif
#ifndef CANNOT_REFUSE
static _Atomic bool refuse_threads;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                   void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (refuse_threads)
        return EAGAIN;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, fn, arg);
}
#endif

static void *sleep_and_say(void *arg)
{
    struct timespec time = {.tv_nsec = CALL_MS * 1000000};

    nanosleep(&time, NULL);
    errno = EDOM;
    return arg;
}

static void call(wg_t *wg)
{
    errno = 0;
    CHECK(task_blocking(sleep_and_say, wg) == wg);
    CHECK(errno == EDOM);
    wg_done(wg);
}

/* The time that `count` calls at once take. */
static int64_t time_of_calls_ms(int count)
{
    int64_t start_ms = task_now_ms();
    wg_t wg = {0};

    wg_add(&wg, count);
    for (int i = 0; i < count; i++)
        spawn(call, &wg);
    wg_wait(&wg);
    return task_now_ms() - start_ms;
}

static void many(void)
{
    time_of_calls_ms(200);
}

static void only_two(void)
{
    CHECK(time_of_calls_ms(8) >= 8 / 2 * CALL_MS);
}

/* Calls that take a number each, once the first one may end. */
struct turns {
    int release; /* set: it may */
    int taken;   /* numbers */
};

static void *hold_the_helper(void *arg)
{
    struct turns *turns = arg;
    struct timespec time = {.tv_nsec = 1000000};

    while (check_add(&turns->release, 0) == 0)
        nanosleep(&time, NULL);
    return NULL;
}

static void *take_turn(void *arg)
{
    struct turns *turns = arg;

    return (void *)(intptr_t)check_add(&turns->taken, 1);
}

static void call_and_hold(struct turns *turns)
{
    task_blocking(hold_the_helper, turns);
}

static void call_in_turn(struct turns *turns, int number)
{
    CHECK((intptr_t)task_blocking(take_turn, turns) == number);
}

/* First come, first served. */
static void in_turn(void)
{
    enum { CALLS = 6 };
    struct turns turns = {0};
    wg_t wg = {0};

    wg_spawn(&wg, call_and_hold, &turns);
    check_await_parked(1);
    for (int i = 1; i <= CALLS; i++) {
        wg_spawn(&wg, call_in_turn, &turns, i);
        check_await_parked((size_t)i + 1);
    }
    CHECK(check_add(&turns.taken, 0) == 0);
    check_add(&turns.release, 1);
    wg_wait(&wg);
}

#ifndef CANNOT_REFUSE
static void *who(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return NULL;
}

static void refused(void)
{
    pthread_t thread;

    refuse_threads = true;
    task_blocking(who, &thread);
    CHECK(pthread_equal(thread, pthread_self()));
    refuse_threads = false;
    task_blocking(who, &thread);
    CHECK(!pthread_equal(thread, pthread_self()));
    refuse_threads = true;
    CHECK(time_of_calls_ms(5) >= 5 * CALL_MS);
    refuse_threads = false;
}
#endif

static void *outlive(void *arg)
{
    struct timespec time = {.tv_nsec = 300 * 1000000};

    nanosleep(&time, NULL);
    memset(arg, 1, 100);
    return NULL;
}

static void call_at_the_end(void)
{
    char memory[100];

    task_blocking(outlive, memory);
    CHECK(!"goes on after the end");
}

static void leave_call(void)
{
    spawn(call_at_the_end);
    task_sleep_ms(CALL_MS);
}

static void test_blocking__many_at_once(void **state)
{
    (void)state;
    check_run(many);
}

static void test_blocking__bounded(void **state)
{
    (void)state;
    setenv("LEASH_HELPERS", "2", 1);
    check_run(only_two);
    unsetenv("LEASH_HELPERS");
}

static void test_blocking__in_turn(void **state)
{
    (void)state;
    setenv("LEASH_HELPERS", "1", 1);
    check_run(in_turn);
    unsetenv("LEASH_HELPERS");
}

static void test_blocking__threads_refused(void **state)
{
    (void)state;
#ifdef CANNOT_REFUSE
    skip();
#else
    /* With one thread the test knows on which it runs, and the runtime needs no other. */
    const char *threads = getenv("LEASH_THREADS");
    if (!threads || strcmp(threads, "1") != 0)
        skip();
    check_run(refused);
#endif
}

static void test_blocking__outlives_the_run(void **state)
{
    struct timespec time = {.tv_nsec = 400 * 1000000};

    (void)state;
    check_run(leave_call);
    nanosleep(&time, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocking__many_at_once),
        cmocka_unit_test(test_blocking__bounded),
        cmocka_unit_test(test_blocking__in_turn),
        cmocka_unit_test(test_blocking__threads_refused),
        cmocka_unit_test(test_blocking__outlives_the_run),
    };
    return CHECK_ALL(tests);
}
