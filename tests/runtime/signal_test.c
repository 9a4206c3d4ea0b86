/* Signals as values of a channel, and what remains when it has ended. */
#include "check.h"

#include <signal.h>
#include <unistd.h>

enum { SOON_MS = 10, ROOM = 16 };

static _Atomic int handled;

static void former_handler(int number)
{
    handled = number;
}

static void raise_soon(int number)
{
    task_sleep_ms(SOON_MS);
    kill(getpid(), number);
}

static void expect(chan_t *ch, int number)
{
    int value = 0;

    CHECK(chan_recv(ch, &value) && value == number);
}

static void several(void)
{
    chan_t *both = signal_notify(SIGUSR1, SIGUSR2);
    chan_t *one = signal_notify(SIGUSR1, SIGUSR1);

    spawn(raise_soon, SIGUSR1);
    expect(both, SIGUSR1);
    expect(one, SIGUSR1);
    spawn(raise_soon, SIGUSR2);
    expect(both, SIGUSR2);
    signal_stop(both);
    spawn(raise_soon, SIGUSR1);
    expect(one, SIGUSR1);
    CHECK(chan_len(one) == 0);
    signal_stop(one);
}

static void overflow(void)
{
    chan_t *ch = signal_notify(SIGUSR1);

    CHECK(chan_cap(ch) == ROOM);
    for (size_t i = 0; i < 2 * ROOM; i++) {
        size_t wanted = i < ROOM ? i + 1 : ROOM;
        kill(getpid(), SIGUSR1);
        for (int tries = 0; tries < 1000 && chan_len(ch) < wanted; tries++)
            task_sleep_ms(1);
        CHECK(chan_len(ch) == wanted);
    }
    signal_stop(ch);
    signal_stop(NULL);
}

static void restored(void)
{
    chan_t *ch = signal_notify(SIGUSR1);

    signal_stop(ch);
    kill(getpid(), SIGUSR1);
    for (int tries = 0; tries < 1000 && !handled; tries++)
        task_sleep_ms(1);
    CHECK(handled == SIGUSR1);
}

static chan_t *left;

static void left_behind(void)
{
    left = signal_notify(SIGUSR1);
}

static void test_signal__several_channels(void **state)
{
    (void)state;
    check_run(several);
}

static void test_signal__more_than_there_is_room(void **state)
{
    (void)state;
    /* The last one may come after the channel has gone. */
    signal(SIGUSR1, SIG_IGN);
    check_run(overflow);
    signal(SIGUSR1, SIG_DFL);
}

static void test_signal__former_behaviour(void **state)
{
    (void)state;
    handled = 0;
    signal(SIGUSR1, former_handler);
    check_run(restored);
}

static void test_signal__end_of_the_run(void **state)
{
    struct sigaction action;

    (void)state;
    signal(SIGUSR1, SIG_IGN);
    check_run(left_behind);
    assert_int_equal(sigaction(SIGUSR1, NULL, &action), 0);
    assert_ptr_equal(action.sa_handler, SIG_IGN);
    chan_free(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signal__several_channels),
        cmocka_unit_test(test_signal__more_than_there_is_room),
        cmocka_unit_test(test_signal__former_behaviour),
        cmocka_unit_test(test_signal__end_of_the_run),
    };
    return CHECK_ALL(tests);
}
