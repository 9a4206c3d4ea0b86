/*
 * chan_select: each kind of case alone and beside others, NULL cases, one channel in several cases,
 * few and many cases, fairness, closing and freeing.
 */
// leash:ignore-file spawn-without-done -- tasks that are left are what is tested
#include "check.h"

enum { SOON_MS = 20, LONG_MS = 20 * 1000 };

static void send_one(chan_t *ch, int value)
{
    CHECK(chan_send(ch, &value));
}

static void recv_one(chan_t *ch, int expected)
{
    int value;

    CHECK(chan_recv(ch, &value) && value == expected);
}

static void close_soon(chan_t *ch)
{
    task_sleep_ms(SOON_MS);
    chan_close(ch);
}

static void send_soon(chan_t *ch, int value)
{
    task_sleep_ms(SOON_MS);
    send_one(ch, value);
}

static void recv_soon(chan_t *ch, int expected)
{
    task_sleep_ms(SOON_MS);
    recv_one(ch, expected);
}

/* ---- the kinds of cases ---------------------------------------------------------------------- */

/* Ready at once: from the buffer, into it, after the close. */
static void at_once(void)
{
    chan_t *ch = chan_make(int, 1);
    bool ok = false;
    int value = 0;

    CHECK(chan_select(SEND(ch, &(int){3})) == 0 && chan_len(ch) == 1);
    CHECK(chan_select(RECV(ch, &value)) == 0 && value == 3);
    CHECK(chan_select(SEND_OK(ch, &ok, &(int){4})) == 0 && ok);
    ok = false;
    CHECK(chan_select(RECV_OK(ch, &value, &ok)) == 0 && ok && value == 4);
    CHECK(chan_select(SEND(ch, &(int){5})) == 0);
    CHECK(chan_select(RECV(ch, NULL)) == 0 && chan_len(ch) == 0);
    CHECK(chan_select(SEND(ch, &(int){6})) == 0);
    chan_close(ch);
    CHECK(chan_select(RECV_OK(ch, &value, &ok)) == 0 && ok && value == 6);
    CHECK(chan_select(RECV_OK(ch, &value, &ok)) == 0 && !ok && value == 0);
    value = ok = true;
    CHECK(chan_select(RECV(ch, &value)) == 0 && value == 0);
    CHECK(chan_select(RECV(ch, NULL)) == 0);
    CHECK(chan_select(SEND_OK(ch, &ok, &(int){7})) == 0 && !ok);
    CHECK(chan_select(SEND(ch, &(int){7})) == 0 && chan_len(ch) == 0);
    chan_free(ch);
}

/* The same with a peer that is parked, without a buffer. */
static void with_parked_peer(void)
{
    chan_t *ch = chan_make(int, 0);
    bool ok = false;
    int value = 0;
    wg_t wg = {0};

    wg_spawn(&wg, send_one, ch, 8);
    check_await_parked(1);
    CHECK(chan_select(RECV_OK(ch, &value, &ok), DEFAULT()) == 0 && ok && value == 8);
    wg_spawn(&wg, recv_one, ch, 9);
    check_await_parked(1);
    ok = false;
    CHECK(chan_select(SEND_OK(ch, &ok, &(int){9}), DEFAULT()) == 0 && ok);
    wg_wait(&wg);
    chan_free(ch);
}

/* The select parks and the peer comes later. */
static void parked(void)
{
    chan_t *ch = chan_make(int, 0);
    chan_t *other = chan_make(int, 0);
    bool ok = false;
    int value = 0;
    wg_t wg = {0};

    wg_spawn(&wg, send_soon, ch, 8);
    CHECK(chan_select(RECV(other, &value), RECV_OK(ch, &value, &ok)) == 1 && ok && value == 8);
    wg_spawn(&wg, recv_soon, ch, 9);
    ok = false;
    CHECK(chan_select(RECV(other, &value), SEND_OK(ch, &ok, &(int){9})) == 1 && ok);
    wg_spawn(&wg, recv_soon, ch, 10);
    CHECK(chan_select(SEND(ch, &(int){10}), SEND(other, &(int){11})) == 0);
    wg_wait(&wg);
    chan_free(ch);
    chan_free(other);
}

/* Parked, and then the channel is closed. */
static void parked_and_closed(void)
{
    chan_t *other = chan_make(int, 0);
    bool ok = true;
    int value = 5;

    chan_t *ch = chan_make(int, 0);
    spawn(close_soon, ch);
    CHECK(chan_select(RECV_OK(other, NULL, &ok), RECV_OK(ch, &value, &ok)) == 1);
    CHECK(!ok && value == 0);
    chan_free(ch);
    ch = chan_make(int, 0);
    spawn(close_soon, ch);
    value = 5;
    ok = true;
    CHECK(chan_select(RECV(other, NULL), SEND_OK(ch, &ok, &value)) == 1 && !ok && value == 5);
    chan_free(ch);
    ch = chan_make(int, 0);
    spawn(close_soon, ch);
    CHECK(chan_select(RECV(ch, &value), RECV(other, NULL)) == 0 && value == 0);
    chan_free(ch);
    chan_free(other);
}

/* Cases that do not go leave their variables alone. */
static void others_untouched(void)
{
    chan_t *ready = chan_make(int, 1);
    chan_t *waiting = chan_make(int, 0);
    bool ok = true;
    int value = 0;
    int kept = 42;

    send_one(ready, 1);
    CHECK(chan_select(RECV_OK(waiting, &kept, &ok), RECV(ready, &value)) == 1);
    CHECK(kept == 42 && ok && value == 1);
    spawn(send_soon, ready, 2);
    CHECK(chan_select(RECV_OK(waiting, &kept, &ok), RECV(ready, &value)) == 1);
    CHECK(kept == 42 && ok && value == 2);
    ok = false;
    CHECK(chan_select(RECV(waiting, &kept), SEND_OK(waiting, &ok, &value), AFTER_MS(1)) == 2);
    CHECK(kept == 42 && !ok && value == 2);
    chan_free(ready);
    chan_free(waiting);
}

static void done(void)
{
    chan_t *stop = done_make();
    ctx_t *ctx = ctx_with_cancel(NULL);

    CHECK(chan_select(DONE(ctx), DONE(stop), DEFAULT()) == 2);
    spawn(close_soon, stop);
    CHECK(chan_select(DONE(ctx), DONE(stop)) == 1);
    CHECK(chan_select(DONE(ctx), DONE(stop), DEFAULT()) == 1);
    chan_free(stop);
    stop = NULL;
    ctx_cancel(ctx);
    CHECK(chan_select(DONE(ctx), DONE(stop)) == 0);
    ctx_free(ctx);
    ctx = ctx_with_timeout_ms(NULL, SOON_MS);
    CHECK(chan_select(DONE(stop), DONE(ctx)) == 1 && ctx_err(ctx) == ETIMEDOUT);
    ctx_free(ctx);
    /* The background never ends. */
    CHECK(chan_select(DONE(ctx_background()), DEFAULT()) == 1);
    ctx = NULL;
    CHECK(chan_select(DONE(ctx), DEFAULT()) == 1);
}

/* ---- DEFAULT --------------------------------------------------------------------------------- */

static void by_default(void)
{
    chan_t *ch = chan_make(int, 1);
    chan_t *none = NULL;
    int value = 4;

    CHECK(chan_select(DEFAULT()) == 0);
    CHECK(chan_select(RECV(ch, &value), DEFAULT()) == 1 && value == 4);
    CHECK(chan_select(DEFAULT(), RECV(ch, &value)) == 0);
    CHECK(chan_select(RECV(none, &value), DEFAULT(), SEND(none, &value)) == 1);
    CHECK(chan_select(AFTER_MS(0), DEFAULT()) == 1);
    CHECK(chan_select(DEFAULT(), UNTIL_MS(0), RECV(ch, &value)) == 0);
    /* Whenever another case can go, it goes. */
    for (int i = 0; i < 50; i++) {
        CHECK(chan_select(DEFAULT(), SEND(ch, &i)) == 1);
        CHECK(chan_select(DEFAULT(), SEND(ch, &i)) == 0);
        CHECK(chan_select(AFTER_MS(0), RECV(ch, &value), DEFAULT()) == 1 && value == i);
    }
    chan_close(ch);
    CHECK(chan_select(DEFAULT(), RECV(ch, &value)) == 1);
    CHECK(chan_select(DEFAULT(), SEND(ch, &value)) == 1);
    chan_free(ch);
}

/* ---- times ----------------------------------------------------------------------------------- */

static void after(void)
{
    chan_t *ch = chan_make(int, 0);
    chan_t *none = NULL;
    int value = 4;
    int64_t start_ms = task_now_ms();

    CHECK(chan_select(AFTER_MS(SOON_MS)) == 0);
    CHECK(task_now_ms() - start_ms >= SOON_MS);
    start_ms = task_now_ms();
    CHECK(chan_select(RECV(ch, &value), AFTER_MS(SOON_MS), SEND(ch, &value)) == 1);
    CHECK(task_now_ms() - start_ms >= SOON_MS && value == 4);
    CHECK(chan_select(RECV(none, &value), AFTER_MS(0)) == 1);
    CHECK(chan_select(AFTER_MS(-7), RECV(none, &value)) == 0);
    /* Nothing of it is left on the channel. */
    CHECK(chan_select(SEND(ch, &value), RECV(ch, &value), DEFAULT()) == 2);
    chan_free(ch);
}

static void until(void)
{
    chan_t *ch = chan_make(int, 0);
    int value = 4;
    int64_t when_ms = task_now_ms() + SOON_MS;

    CHECK(chan_select(UNTIL_MS(when_ms)) == 0 && task_now_ms() >= when_ms);
    when_ms = task_now_ms() + SOON_MS;
    CHECK(chan_select(RECV(ch, &value), UNTIL_MS(when_ms)) == 1 && task_now_ms() >= when_ms);
    CHECK(chan_select(RECV(ch, &value), UNTIL_MS(when_ms)) == 1);
    CHECK(chan_select(RECV(ch, &value), UNTIL_MS(INT64_MIN)) == 1);
    spawn(send_soon, ch, 5);
    CHECK(chan_select(RECV(ch, &value), UNTIL_MS(INT64_MAX)) == 0 && value == 5);
    spawn(send_soon, ch, 6);
    CHECK(chan_select(AFTER_MS(INT64_MAX), RECV(ch, &value)) == 1 && value == 6);
    chan_free(ch);
}

/* Of several the earliest. */
static void several_times(void)
{
    chan_t *none = NULL;
    int64_t start_ms = task_now_ms();

    CHECK(chan_select(AFTER_MS(LONG_MS), AFTER_MS(SOON_MS), RECV(none, NULL), AFTER_MS(LONG_MS)) ==
          1);
    CHECK(task_now_ms() - start_ms >= SOON_MS);
    CHECK(task_now_ms() - start_ms < LONG_MS);
    start_ms = task_now_ms();
    CHECK(chan_select(UNTIL_MS(start_ms + SOON_MS), AFTER_MS(LONG_MS)) == 0);
    CHECK(chan_select(UNTIL_MS(start_ms + LONG_MS), AFTER_MS(SOON_MS)) == 1);
    CHECK(chan_select(AFTER_MS(LONG_MS), UNTIL_MS(start_ms), AFTER_MS(SOON_MS)) == 1);
}

/* A case that can go does not wait for the time. */
static void before_the_time(void)
{
    chan_t *ch = chan_make(int, 0);
    int64_t start_ms = task_now_ms();
    int value;

    spawn(send_soon, ch, 7);
    CHECK(chan_select(AFTER_MS(LONG_MS), RECV(ch, &value)) == 1 && value == 7);
    CHECK(task_now_ms() - start_ms < LONG_MS);
    chan_free(ch);
}

/* ---- NULL cases ------------------------------------------------------------------------------ */

static int gone_on;

static void select_nothing(void)
{
    chan_t *none = NULL;
    int value;

    chan_select(RECV(none, &value), SEND(none, &value));
    __atomic_store_n(&gone_on, 1, __ATOMIC_RELAXED);
}

static void null_cases(void)
{
    chan_t *none = NULL;
    chan_t *ch = chan_make(int, 1);
    int value = 0;

    gone_on = 0;
    spawn(select_nothing);
    CHECK(chan_select(RECV(none, &value), SEND(ch, &(int){2}), SEND(none, &value)) == 1);
    CHECK(chan_select(SEND(none, &value), RECV(none, &value), RECV(ch, &value)) == 2);
    CHECK(value == 2);
    spawn(send_soon, ch, 3);
    CHECK(chan_select(SEND(none, &value), RECV(ch, &value), RECV(none, &value)) == 1);
    CHECK(value == 3);
    check_await_parked(1);
    CHECK(!__atomic_load_n(&gone_on, __ATOMIC_RELAXED));
    chan_free(ch);
}

/* The way to merge: each input is switched off when it is closed. */
static void send_and_close(chan_t *ch, int count)
{
    for (int i = 0; i < count; i++)
        send_one(ch, i);
    chan_close(ch);
}

static void switched_off(void)
{
    chan_t *a = chan_make(int, 0);
    chan_t *b = chan_make(int, 2);
    chan_t *open_a = a;
    chan_t *open_b = b;
    int count[2] = {0, 0};

    spawn(send_and_close, a, 50);
    spawn(send_and_close, b, 70);
    while (open_a || open_b) {
        bool ok;
        int value = 0;
        int index = chan_select(RECV_OK(open_a, &value, &ok), RECV_OK(open_b, &value, &ok));
        if (ok)
            CHECK(value == count[index]++);
        else if (index == 0)
            open_a = NULL;
        else
            open_b = NULL;
    }
    CHECK(count[0] == 50 && count[1] == 70);
    chan_free(a);
    chan_free(b);
}

/* ---- one channel in several cases ------------------------------------------------------------ */

static void same_channel_twice(void)
{
    chan_t *ch = chan_make(int, 0);
    int value[2];

    for (int i = 0; i < 20; i++) {
        value[0] = value[1] = -1;
        spawn(send_one, ch, i);
        if (i % 2)
            check_await_parked(1);
        int index = chan_select(RECV(ch, &value[0]), RECV(ch, &value[1]));
        CHECK(value[index] == i && value[1 - index] == -1);
        spawn(recv_one, ch, i);
        if (i % 2)
            check_await_parked(1);
        index = chan_select(SEND(ch, &i), SEND(ch, &i));
        CHECK(index == 0 || index == 1);
    }
    CHECK(chan_select(RECV(ch, &value[0]), RECV(ch, &value[1]), SEND(ch, &value[0]), DEFAULT()) ==
          3);
    chan_free(ch);
}

/* A task does not meet itself. */
static void both_directions(void)
{
    chan_t *ch = chan_make(int, 0);
    int value = 5;

    CHECK(chan_select(RECV(ch, &value), SEND(ch, &value), AFTER_MS(SOON_MS)) == 2 && value == 5);
    spawn(send_soon, ch, 1);
    CHECK(chan_select(RECV(ch, &value), SEND(ch, &(int){2})) == 0 && value == 1);
    spawn(recv_soon, ch, 2);
    CHECK(chan_select(RECV(ch, &value), SEND(ch, &(int){2})) == 1 && value == 1);
    chan_free(ch);
}

enum { MEETINGS = 300 };

/* Each of the two gives or takes, and never both or neither at one meeting. */
static void meet(chan_t *ch, int own, int *given, int *taken)
{
    for (int i = 0; i < MEETINGS; i++) {
        int value;
        if (chan_select(RECV(ch, &value), SEND(ch, &own)) == 1) {
            ++*given;
            continue;
        }
        CHECK(value == 1 - own);
        ++*taken;
    }
}

static void two_in_both_directions(void)
{
    chan_t *ch = chan_make(int, 0);
    int given[2] = {0, 0};
    int taken[2] = {0, 0};
    wg_t wg = {0};

    for (int i = 0; i < 2; i++)
        wg_spawn(&wg, meet, ch, i, &given[i], &taken[i]);
    wg_wait(&wg);
    CHECK(given[0] == taken[1] && given[1] == taken[0]);
    CHECK(given[0] + taken[0] == MEETINGS);
    chan_free(ch);
}

/* Selects against selects on two channels, named in different orders. */
static void give_and_take(chan_t *a, chan_t *b, int *balance)
{
    for (int i = 0; i < MEETINGS; i++) {
        int value = 0;
        if (chan_select(RECV(a, &value), SEND(b, &i)) == 0)
            check_add(balance, -value);
        else
            check_add(balance, i);
    }
}

/* Takes what is left and gives what is missing. */
static void even_out(chan_t *a, chan_t *b, chan_t *stop, int *balance)
{
    int value;

    for (;;)
        switch (chan_select(RECV(a, &value), RECV(b, &value), SEND(a, &(int){0}),
                            SEND(b, &(int){0}), DONE(stop))) {
        case 0:
        case 1:
            check_add(balance, -value);
            break;
        case 4:
            return;
        default:
            break;
        }
}

static void crosswise(void)
{
    chan_t *a = chan_make(int, 0);
    chan_t *b = chan_make(int, 0);
    chan_t *stop = done_make();
    int balance = 0;
    wg_t wg = {0};
    wg_t last = {0};

    for (int i = 0; i < 6; i++) {
        wg_spawn(&wg, give_and_take, a, b, &balance);
        wg_spawn(&wg, give_and_take, b, a, &balance);
    }
    wg_spawn(&last, even_out, a, b, stop, &balance);
    wg_wait(&wg);
    chan_close(stop);
    wg_wait(&last);
    CHECK(balance == 0);
    chan_free(a);
    chan_free(b);
    chan_free(stop);
}

/* ---- many cases ------------------------------------------------------------------------------ */

enum { CASES_MAX = 70 };

static void make_cases(leash_case *cases, chan_t **channels, int *values, int count)
{
    for (int i = 0; i < count; i++) {
        values[i] = -1;
        cases[i] = (leash_case){.op = LEASH_OP_RECV, .ch = channels[i], .out = &values[i]};
    }
}

/* Each number of cases, with each place that may go. */
static void any_number(void)
{
    chan_t *channels[CASES_MAX];
    leash_case cases[CASES_MAX];
    int values[CASES_MAX];

    for (int i = 0; i < CASES_MAX; i++)
        channels[i] = chan_make(int, 1);
    for (int count = 1; count <= CASES_MAX; count++)
        for (int place = 0; place < count; place += 1 + count / 8) {
            make_cases(cases, channels, values, count);
            if (place % 2)
                send_one(channels[place], place);
            else
                spawn(send_one, channels[place], place);
            CHECK(leash_select(cases, (size_t)count, LEASH_HERE) == place);
            for (int i = 0; i < count; i++)
                CHECK(values[i] == (i == place ? place : -1));
        }
    for (int i = 0; i < CASES_MAX; i++)
        chan_free(channels[i]);
}

static void written_out(void)
{
    chan_t *c = chan_make(int, 0);
    int v;

    spawn(send_one, c, 3);
    CHECK(chan_select(RECV(NULL, &v), RECV(NULL, &v), RECV(NULL, &v), RECV(NULL, &v),
                      RECV(NULL, &v), RECV(NULL, &v), RECV(NULL, &v), RECV(NULL, &v), RECV(c, &v),
                      RECV(NULL, &v), AFTER_MS(LONG_MS)) == 8);
    CHECK(v == 3);
    chan_free(c);
}

/* ---- fairness -------------------------------------------------------------------------------- */

enum { READY = 5, PICKS = 2000, PARKED_PICKS = 200 };

/* Always ready: closed channels.  Each is picked about as often as the others. */
static void fair(void)
{
    chan_t *closed[READY];
    int picked[READY] = {0};

    for (int i = 0; i < READY; i++) {
        closed[i] = chan_make(int, 0);
        chan_close(closed[i]);
    }
    for (int i = 0; i < PICKS; i++)
        picked[chan_select(RECV(closed[0], NULL), RECV(closed[1], NULL), DONE(closed[2]),
                           SEND(closed[3], &i), RECV(closed[4], NULL))]++;
    for (int i = 0; i < READY; i++) {
        CHECK(picked[i] > PICKS / READY / 2);
        chan_free(closed[i]);
    }
}

static void send_until_done(chan_t *ch, chan_t *stop)
{
    while (chan_select(SEND(ch, &(int){1}), DONE(stop)) == 0)
        continue;
}

/* Ready because senders are parked.  Awaited before each pick: where threads share a core, all
 * senders of one channel may be on one that does not run, and then there is nothing to pick. */
static void fair_among_senders(void)
{
    chan_t *ch[2] = {chan_make(int, 0), chan_make(int, 0)};
    chan_t *stop = done_make();
    int picked[2] = {0};
    wg_t wg = {0};

    for (int i = 0; i < 6; i++)
        wg_spawn(&wg, send_until_done, ch[i % 2], stop);
    for (int i = 0; i < PARKED_PICKS; i++) {
        check_await_parked(6);
        picked[chan_select(RECV(ch[0], NULL), RECV(ch[1], NULL))]++;
    }
    chan_close(stop);
    wg_wait(&wg);
    CHECK(picked[0] > PARKED_PICKS / 5 && picked[1] > PARKED_PICKS / 5);
    chan_free(ch[0]);
    chan_free(ch[1]);
    chan_free(stop);
}

/* A done case is seen in spite of data that never ends. */
static void done_beside_data(void)
{
    chan_t *data = chan_make(int, 16);
    chan_t *stop = done_make();
    chan_t *end = done_make();
    wg_t wg = {0};

    wg_spawn(&wg, send_until_done, data, end);
    wg_spawn(&wg, close_soon, stop);
    while (chan_select(RECV(data, NULL), DONE(stop)) == 0)
        continue;
    chan_close(end);
    wg_wait(&wg);
    chan_free(data);
    chan_free(stop);
    chan_free(end);
}

/* ---- closing and freeing --------------------------------------------------------------------- */

static void select_until_closed(chan_t *data, chan_t *stop, int *values)
{
    for (;;) {
        bool ok;
        switch (chan_select(RECV_OK(data, NULL, &ok), DONE(stop))) {
        case 0:
            if (!ok)
                return;
            check_add(values, 1);
            break;
        default:
            return;
        }
    }
}

/* All who wait in a select see the close, of either channel. */
static void closes_wake_all(void)
{
    for (int i = 0; i < 60; i++) {
        chan_t *data = chan_make(int, (size_t)i % 3);
        chan_t *stop = done_make();
        int values = 0;
        wg_t wg = {0};
        for (int j = 0; j < 8; j++)
            wg_spawn(&wg, select_until_closed, data, stop, &values);
        for (int j = 0; j < i; j++)
            send_one(data, j);
        chan_close(i % 2 ? data : stop);
        wg_wait(&wg);
        CHECK((size_t)values + chan_len(data) == (size_t)i);
        chan_free(data);
        chan_free(stop);
    }
}

/* The peer sends on one channel and frees the other, on which the select has not yet taken its
 * record back. */
static void send_and_free(chan_t *data, chan_t *other, int value)
{
    send_one(data, value);
    chan_free(other);
}

static void freed_by_the_peer(void)
{
    for (int i = 0; i < 300; i++) {
        chan_t *data = chan_make(int, 0);
        chan_t *other = chan_make(int, 0);
        int value;
        wg_t wg = {0};
        wg_spawn(&wg, send_and_free, data, other, i);
        if (i % 2)
            task_yield();
        CHECK(chan_select(RECV(other, NULL), RECV(data, &value)) == 1 && value == i);
        wg_wait(&wg);
        chan_free(data);
    }
}

static void close_and_free(chan_t *stop, chan_t *other)
{
    check_await_parked(1);
    chan_close(stop);
    chan_free(other);
}

static void freed_after_close(void)
{
    for (int i = 0; i < 300; i++) {
        chan_t *stop = done_make();
        chan_t *other = chan_make(int, 0);
        spawn(close_and_free, stop, other);
        CHECK(chan_select(SEND(other, &i), DONE(stop), AFTER_MS(LONG_MS)) == 1);
        chan_free(stop);
    }
}

#define TEST(name)                                                                                 \
    static void test_select__##name(void **state)                                                  \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }

TEST(at_once)
TEST(with_parked_peer)
TEST(parked)
TEST(parked_and_closed)
TEST(others_untouched)
TEST(done)
TEST(by_default)
TEST(after)
TEST(until)
TEST(several_times)
TEST(before_the_time)
TEST(null_cases)
TEST(switched_off)
TEST(same_channel_twice)
TEST(both_directions)
TEST(two_in_both_directions)
TEST(crosswise)
TEST(any_number)
TEST(written_out)
TEST(fair)
TEST(fair_among_senders)
TEST(done_beside_data)
TEST(closes_wake_all)
TEST(freed_by_the_peer)
TEST(freed_after_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select__at_once),
        cmocka_unit_test(test_select__with_parked_peer),
        cmocka_unit_test(test_select__parked),
        cmocka_unit_test(test_select__parked_and_closed),
        cmocka_unit_test(test_select__others_untouched),
        cmocka_unit_test(test_select__done),
        cmocka_unit_test(test_select__by_default),
        cmocka_unit_test(test_select__after),
        cmocka_unit_test(test_select__until),
        cmocka_unit_test(test_select__several_times),
        cmocka_unit_test(test_select__before_the_time),
        cmocka_unit_test(test_select__null_cases),
        cmocka_unit_test(test_select__switched_off),
        cmocka_unit_test(test_select__same_channel_twice),
        cmocka_unit_test(test_select__both_directions),
        cmocka_unit_test(test_select__two_in_both_directions),
        cmocka_unit_test(test_select__crosswise),
        cmocka_unit_test(test_select__any_number),
        cmocka_unit_test(test_select__written_out),
        cmocka_unit_test(test_select__fair),
        cmocka_unit_test(test_select__fair_among_senders),
        cmocka_unit_test(test_select__done_beside_data),
        cmocka_unit_test(test_select__closes_wake_all),
        cmocka_unit_test(test_select__freed_by_the_peer),
        cmocka_unit_test(test_select__freed_after_close),
    };
    return CHECK_ALL(tests);
}
