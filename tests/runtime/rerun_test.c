/*
 * leash_run again and again, on any thread, whatever the run before has left.
 */
// leash:ignore-file spawn-without-done -- tasks are left on purpose
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { LONG_MS = 20 * 1000, RUNS = 2 };

static int input; /* where nothing ever comes */
static wg_t never;
static mu_t taken;
static rw_t read_locked;
static mu_t beside;
static cv_t unsignalled;

/* ---- what is left behind --------------------------------------------------------------------- */

static void left_in_recv(void)
{
    chan_recv(NULL, NULL);
    CHECK(!"goes on after the end");
}

static void left_in_select(chan_t *ch)
{
    int value = 1;

    chan_select(RECV(ch, &value), SEND(ch, &value), AFTER_MS(LONG_MS));
    CHECK(!"goes on after the end");
}

static void left_in_sleep(ctx_t *ctx)
{
    task_sleep_ctx(ctx, LONG_MS);
    CHECK(!"goes on after the end");
}

static void left_in_wait(void)
{
    wg_wait(&never);
    CHECK(!"goes on after the end");
}

static void left_in_locks(int number)
{
    switch (number) {
    case 0:
        mu_lock(&taken);
        break;
    case 1:
        rw_lock(&read_locked);
        break;
    default:
        mu_lock(&beside);
        cv_wait(&unsignalled, &beside);
        break;
    }
    CHECK(!"goes on after the end");
}

static void left_in_read(int64_t timeout_ms)
{
    char byte;

    io_read(NULL, input, &byte, 1, timeout_ms);
    CHECK(!"goes on after the end");
}

static void *sleep_long(void *arg)
{
    usleep(150 * 1000);
    return arg;
}

static void left_in_call(void)
{
    task_blocking(sleep_long, NULL);
    CHECK(!"goes on after the end");
}

static void left_in_yield(void)
{
    for (;;) // leash:ignore endless-task -- left on purpose
        task_yield();
}

static void ring_too_late(void *arg)
{
    (void)arg;
    CHECK(!"rings after the end");
}

/* What tasks are parked on is not freed, and the leak sanitizer is to know that it is meant. */
static void keep(void *object)
{
    static void *kept[1000];
    static size_t count;

    CHECK(count < sizeof(kept) / sizeof(*kept));
    kept[count++] = object;
}

static int leave_all(int argc, char **argv)
{
    ctx_t *ctx = ctx_with_timeout_ms(NULL, LONG_MS);
    chan_t *ch = chan_make(int, 0);

    (void)argv;
    keep(ctx);
    keep(ch);
    never = (wg_t){0};
    taken = (mu_t){0};
    read_locked = (rw_t){0};
    beside = (mu_t){0};
    unsignalled = (cv_t){0};
    wg_add(&never, 1);
    mu_lock(&taken);
    rw_rlock(&read_locked);
    spawn(left_in_recv);
    spawn(left_in_select, ch);
    spawn(left_in_sleep, ctx);
    spawn(left_in_wait);
    for (int i = 0; i < 3; i++)
        spawn(left_in_locks, i);
    spawn(left_in_read, NO_TIMEOUT);
    spawn(left_in_read, (int64_t)LONG_MS);
    spawn(left_in_call);
    spawn(left_in_yield);
    alarm_detach(alarm_after_ms(LONG_MS, ring_too_late, NULL));
    task_sleep_ms(argc);
    return argc;
}

/* A run that finds all as if there had been none before. */
static int use_all(int argc, char **argv)
{
    chan_t *ch = chan_make(int, 0);
    int value = 0;
    char byte;

    (void)argv;
    CHECK(task_count() == 1);
    CHECK_FAILS(io_read(NULL, input, &byte, 1, 1), ETIMEDOUT);
    CHECK(chan_select(RECV(ch, &value), AFTER_MS(1)) == 1);
    CHECK(task_blocking(sleep_long, &value) == &value);
    chan_free(ch);
    return argc;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void *run_elsewhere(void *arg)
{
    (void)arg;
    assert_int_equal(leash_run(leave_all, 5, NULL), 5);
    return NULL;
}

static void make_input(int pair[2])
{
    assert_int_equal(pipe(pair), 0);
    input = pair[0];
}

static void test_rerun__left_behind(void **state)
{
    int pair[2];

    (void)state;
    make_input(pair);
    for (int i = 0; i < RUNS; i++) {
        pthread_t thread;
        assert_int_equal(leash_run(leave_all, i, NULL), i);
        assert_int_equal(pthread_create(&thread, NULL, run_elsewhere, NULL), 0);
        pthread_join(thread, NULL);
        assert_int_equal(leash_run(use_all, i, NULL), i);
    }
    close(pair[0]);
    close(pair[1]);
}

/* The thread's own settings are those from before. */
static void test_rerun__signals(void **state)
{
    struct sigaction before;
    struct sigaction after;
    sigset_t mask_before;
    sigset_t mask_after;
    stack_t stack_before;
    stack_t stack_after;
    int pair[2];

    (void)state;
    make_input(pair);
    sigaction(SIGSEGV, NULL, &before);
    sigaltstack(NULL, &stack_before);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    assert_int_equal(leash_run(leave_all, 1, NULL), 1);
    sigaction(SIGSEGV, NULL, &after);
    sigaltstack(NULL, &stack_after);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    assert_ptr_equal(before.sa_sigaction, after.sa_sigaction);
    assert_int_equal(stack_before.ss_flags, stack_after.ss_flags);
    if (!(stack_before.ss_flags & SS_DISABLE))
        assert_ptr_equal(stack_before.ss_sp, stack_after.ss_sp);
    for (int number = 1; number < NSIG; number++)
        assert_int_equal(sigismember(&mask_before, number), sigismember(&mask_after, number));
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rerun__left_behind),
        cmocka_unit_test(test_rerun__signals),
    };

    return CHECK_ALL(tests);
}
