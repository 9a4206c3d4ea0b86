/*
 * A deadlock: all tasks are parked and nothing can wake one.  The program ends with a dump and a
 * status of its own; but while something from outside may wake a task it stays.
 */
// leash:ignore-file spawn-without-done -- tasks that get stuck are what is tested
// leash:ignore-file unbounded-receive -- tasks that get stuck are what is tested
#include "ending.h"

#include <pthread.h>
#include <time.h>

/* ---- what parks for ever -----------------------------------------------------------------------
 */

static void send_to_nobody(void)
{
    chan_send(NULL, &(int){1});
}

static void recv_for_ever(void)
{
    chan_t *ch = chan_make(int, 0);

    spawn(send_to_nobody);
    AT(chan_recv(ch, NULL));
}

static void lock_twice(void)
{
    mu_t mu = {0};

    mu_lock(&mu);
    AT(mu_lock(&mu));
}

static void wait_for_ever(void)
{
    wg_t wg = {0};

    wg_add(&wg, 1);
    task_sleep_ms(2);
    AT(wg_wait(&wg));
}

static void select_for_ever(void)
{
    chan_t *ch = chan_make(int, 0);

    AT(chan_select(RECV(ch, NULL), SEND(ch, &(int){1})));
}

static void select_nothing(void)
{
    AT(chan_select(RECV(NULL, NULL)));
}

static void cancel_never(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);

    AT(chan_recv(ctx_done(ctx), NULL));
}

static void within(void *once)
{
    once_do((once_t *)once, within, once);
}

static void once_within(void)
{
    once_t once = {0};

    AT(once_do(&once, within, &once));
}

static void expect_deadlock(void (*body)(void), bool at_place)
{
    struct ending ending = run_task(body);
    char parked[1100];

    expect_exit(&ending, STATUS_DEADLOCK);
    expect_text(&ending, "all tasks are parked");
    snprintf(parked, sizeof(parked), "main, parked at %s", at_place ? ending.place : "");
    expect_text(&ending, parked);
    free(ending.text);
}

static void test_deadlock__what_parks_for_ever(void **state)
{
    (void)state;
    expect_deadlock(recv_for_ever, true);
    expect_deadlock(lock_twice, true);
    expect_deadlock(wait_for_ever, true);
    expect_deadlock(select_for_ever, true);
    expect_deadlock(select_nothing, true);
    expect_deadlock(cancel_never, true);
    expect_deadlock(once_within, false);
}

/* ---- what keeps a program alive ----------------------------------------------------------------
 */

/* In each of these something happens outside while all tasks are parked.  Afterwards nothing can
 * happen any more. */
static void then_get_stuck(void)
{
    fputs("was woken\n", stderr);
    chan_recv(NULL, NULL);
}

static void wait_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = SOON_MS * 1000 * 1000};

    CHECK(nanosleep(&moment, NULL) == 0);
}

static void close_done(void *done)
{
    chan_close(done);
}

static void alarm_wakes(void)
{
    chan_t *done = done_make();
    alarm_t *alarm = alarm_after_ms(SOON_MS, close_done, done);

    chan_recv(done, NULL);
    alarm_stop(alarm);
    then_get_stuck();
}

static void ticker_wakes(void)
{
    ticker_t *ticker = ticker_start_ms(SOON_MS);

    CHECK(chan_recv(ticker_chan(ticker), NULL));
    ticker_stop(ticker);
    then_get_stuck();
}

static void timeout_wakes(void)
{
    ctx_t *ctx = ctx_with_timeout_ms(NULL, SOON_MS);

    chan_recv(ctx_done(ctx), NULL);
    ctx_free(ctx);
    then_get_stuck();
}

/* On a thread that is none of the runtime's. */
static void *write_soon(void *end)
{
    wait_a_moment();
    CHECK(write(*(const int *)end, "x", 1) == 1);
    return NULL;
}

static void descriptor_wakes(void)
{
    int ends[2];
    char byte;
    pthread_t writer;

    CHECK(pipe(ends) == 0);
    CHECK(pthread_create(&writer, NULL, write_soon, &ends[1]) == 0);
    CHECK(io_read(NULL, ends[0], &byte, 1, NO_TIMEOUT) == 1);
    CHECK(pthread_join(writer, NULL) == 0);
    then_get_stuck();
}

static void *raise_soon(void *unused)
{
    wait_a_moment();
    CHECK(kill(getpid(), SIGUSR1) == 0);
    return unused;
}

static void signal_wakes(void)
{
    chan_t *signals = signal_notify(SIGUSR1);
    pthread_t raiser;
    int number;

    CHECK(pthread_create(&raiser, NULL, raise_soon, NULL) == 0);
    CHECK(chan_recv(signals, &number));
    CHECK(number == SIGUSR1);
    CHECK(pthread_join(raiser, NULL) == 0);
    signal_stop(signals);
    then_get_stuck();
}

static void *block(void *argument)
{
    wait_a_moment();
    return argument;
}

static void blocking_call_wakes(void)
{
    CHECK(task_blocking(block, &(int){1}));
    then_get_stuck();
}

/* The program goes on while there is the source, and ends when it is gone. */
static void expect_kept_alive(void (*body)(void))
{
    struct ending ending = run_task(body);

    expect_text(&ending, "was woken\nleash: all tasks are parked");
    expect_text(&ending, "task 1 [chan receive (NULL)]: main, parked at " __FILE__ ":");
    expect_exit(&ending, STATUS_DEADLOCK);
    free(ending.text);
}

#define TEST_KEPT_ALIVE(source)                                                                    \
    static void test_deadlock__##source(void **state)                                              \
    {                                                                                              \
        (void)state;                                                                               \
        expect_kept_alive(source);                                                                 \
    }

TEST_KEPT_ALIVE(alarm_wakes)
TEST_KEPT_ALIVE(ticker_wakes)
TEST_KEPT_ALIVE(timeout_wakes)
TEST_KEPT_ALIVE(descriptor_wakes)
TEST_KEPT_ALIVE(signal_wakes)
TEST_KEPT_ALIVE(blocking_call_wakes)

/* What nobody waits for does not count: an alarm that was stopped, a descriptor that is only open,
 * a channel of signals that was given back. */
static void sources_not_in_use(void)
{
    int ends[2];
    chan_t *done = done_make();

    CHECK(pipe(ends) == 0);
    alarm_stop(alarm_after_ms(1000 * 1000, close_done, done));
    signal_stop(signal_notify(SIGUSR1));
    AT(chan_recv(done, NULL));
}

static void test_deadlock__sources_not_in_use(void **state)
{
    (void)state;
    expect_deadlock(sources_not_in_use, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlock__what_parks_for_ever),
        cmocka_unit_test(test_deadlock__alarm_wakes),
        cmocka_unit_test(test_deadlock__ticker_wakes),
        cmocka_unit_test(test_deadlock__timeout_wakes),
        cmocka_unit_test(test_deadlock__descriptor_wakes),
        cmocka_unit_test(test_deadlock__signal_wakes),
        cmocka_unit_test(test_deadlock__blocking_call_wakes),
        cmocka_unit_test(test_deadlock__sources_not_in_use),
    };
    return ENDINGS_ALL(tests);
}
