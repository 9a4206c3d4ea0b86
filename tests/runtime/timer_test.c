/*
 * Sleeping, alarms and tickers.
 */
#include "check.h"

enum { SOON_MS = 20, LONG_MS = 20 * 1000 };

static int get(const int *place)
{
    return __atomic_load_n(place, __ATOMIC_SEQ_CST);
}

static void add_one(void *place)
{
    check_add(place, 1);
}

static void cancel_soon(ctx_t *ctx)
{
    task_sleep_ms(SOON_MS);
    ctx_cancel(ctx);
    ctx_unref(ctx);
}

/* ---- sleeping -------------------------------------------------------------------------------- */

static void sleeping(void)
{
    static const int64_t ms[] = {1, 5, SOON_MS, 0, -1, INT64_MIN};

    for (size_t i = 0; i < sizeof(ms) / sizeof(*ms); i++) {
        int64_t start_ms = task_now_ms();
        task_sleep_ms(ms[i]);
        int64_t slept_ms = task_now_ms() - start_ms;
        CHECK(slept_ms >= ms[i] && slept_ms < LONG_MS);
    }
}

enum { SLEEPERS = 500 };

static void sleep_and_check(int number)
{
    int64_t ms = number % 50;
    int64_t start_ms = task_now_ms();

    task_sleep_ms(ms);
    CHECK(task_now_ms() - start_ms >= ms);
}

static void many_sleepers(void)
{
    wg_t wg = {0};

    for (int i = 0; i < SLEEPERS; i++)
        wg_spawn(&wg, sleep_and_check, i);
    wg_wait(&wg);
}

/* Others run meanwhile. */
static void sleep_of_nothing(void)
{
    int ran = 0;
    wg_t wg = {0};

    wg_spawn(&wg, add_one, &ran);
    while (!get(&ran))
        task_sleep_ms(0);
    wg_spawn(&wg, add_one, &ran);
    while (get(&ran) < 2)
        CHECK(task_sleep_ctx(NULL, 0) == 0);
    wg_wait(&wg);
}

static void sleep_with_ctx(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);
    int64_t start_ms = task_now_ms();

    CHECK(task_sleep_ctx(ctx, SOON_MS) == 0 && task_now_ms() - start_ms >= SOON_MS);
    start_ms = task_now_ms();
    CHECK(task_sleep_ctx(NULL, SOON_MS) == 0 && task_now_ms() - start_ms >= SOON_MS);
    CHECK(task_sleep_ctx(ctx, -5) == 0);
    start_ms = task_now_ms();
    spawn(cancel_soon, ctx_ref(ctx));
    CHECK(task_sleep_ctx(ctx, LONG_MS) == ECANCELED && task_now_ms() - start_ms < LONG_MS);
    CHECK(task_sleep_ctx(ctx, LONG_MS) == ECANCELED);
    CHECK(task_sleep_ctx(ctx, 0) == ECANCELED);
    ctx_free(ctx);
    start_ms = task_now_ms();
    ctx = ctx_with_timeout_ms(NULL, SOON_MS);
    CHECK(task_sleep_ctx(ctx, INT64_MAX) == ETIMEDOUT);
    CHECK(task_now_ms() - start_ms >= SOON_MS && task_now_ms() - start_ms < LONG_MS);
    CHECK(task_sleep_ctx(ctx, 0) == ETIMEDOUT);
    ctx_free(ctx);
}

/* ---- alarms ---------------------------------------------------------------------------------- */

struct call {
    alarm_t *alarm;
    chan_t *begun;   /* gets the number of the task */
    chan_t *proceed; /* closed when the call may end */
    int64_t when_ms; /* not before this */
    int ended;
    uint64_t maker; /* the task that set the alarm */
};

static void run_call(void *arg)
{
    struct call *call = arg;
    uint64_t id = task_id();

    CHECK(task_now_ms() >= call->when_ms);
    CHECK(id != call->maker);
    CHECK(chan_send(call->begun, &id));
    CHECK(!chan_recv(call->proceed, NULL));
    check_add(&call->ended, 1);
}

static void set_call(struct call *call, int64_t ms)
{
    *call = (struct call){.begun = chan_make(uint64_t, 1),
                          .proceed = done_make(),
                          .when_ms = task_now_ms() + ms,
                          .maker = task_id()};
    call->alarm = alarm_after_ms(ms, run_call, call);
}

static void release_call(struct call *call)
{
    chan_free(call->begun);
    chan_free(call->proceed);
}

/* In a task of its own, once; the stop afterwards tells that it has run. */
static void alarm_runs(void)
{
    static const int64_t ms[] = {SOON_MS, 0, -3};

    for (size_t i = 0; i < sizeof(ms) / sizeof(*ms); i++) {
        struct call call;
        set_call(&call, ms[i]);
        CHECK(chan_recv(call.begun, NULL));
        chan_close(call.proceed);
        CHECK(!alarm_stop(call.alarm));
        CHECK(call.ended == 1);
        task_sleep_ms(2);
        CHECK(call.ended == 1 && chan_len(call.begun) == 0);
        release_call(&call);
    }
}

static void alarm_stopped_after(void)
{
    int calls = 0;
    alarm_t *alarm = alarm_after_ms(1, add_one, &calls);

    while (!get(&calls))
        task_yield();
    task_sleep_ms(SOON_MS);
    CHECK(!alarm_stop(alarm));
    CHECK(get(&calls) == 1);
}

static void alarm_stopped_before(void)
{
    int calls = 0;

    for (int i = 0; i < 100; i++) {
        alarm_t *alarm = alarm_after_ms(i % 2 ? LONG_MS : INT64_MAX, add_one, &calls);
        if (i % 10 == 0)
            task_yield();
        CHECK(alarm_stop(alarm));
    }
    CHECK(get(&calls) == 0);
    CHECK(!alarm_stop(NULL));
    alarm_detach(NULL);
}

static void close_soon(chan_t *done)
{
    task_sleep_ms(SOON_MS);
    chan_close(done);
}

/* While it runs, the stop waits for its end. */
static void alarm_stopped_while_running(void)
{
    struct call call;

    set_call(&call, 1);
    CHECK(chan_recv(call.begun, NULL));
    spawn(close_soon, call.proceed);
    CHECK(!alarm_stop(call.alarm));
    CHECK(call.ended == 1);
    release_call(&call);
}

/* Either it has not run and will not, or it has run to its end. */
static void alarm_stopped_in_time(void)
{
    for (int i = 0; i < 200; i++) {
        int calls = 0;
        alarm_t *alarm = alarm_after_ms(i % 2, add_one, &calls);
        for (int j = 0; j < i % 5; j++)
            task_yield();
        if (i % 2)
            task_sleep_ms(1);
        CHECK(alarm_stop(alarm) == (get(&calls) == 0));
    }
}

struct own {
    alarm_t *alarm;
    chan_t *made;
    chan_t *ended;
};

static void stop_itself(void *arg)
{
    struct own *own = arg;

    CHECK(!chan_recv(own->made, NULL));
    CHECK(!alarm_stop(own->alarm));
    chan_close(own->ended);
}

static void alarm_stopped_within(void)
{
    struct own own = {.made = done_make(), .ended = done_make()};

    own.alarm = alarm_after_ms(0, stop_itself, &own);
    chan_close(own.made);
    CHECK(!chan_recv(own.ended, NULL));
    chan_free(own.made);
    chan_free(own.ended);
}

static void alarm_detached(void)
{
    struct call call;
    int calls = 0;

    /* Before, while and after it runs. */
    alarm_detach(alarm_after_ms(1, add_one, &calls));
    set_call(&call, 1);
    CHECK(chan_recv(call.begun, NULL));
    alarm_detach(call.alarm);
    chan_close(call.proceed);
    while (!get(&call.ended))
        task_yield();
    release_call(&call);
    alarm_t *alarm = alarm_after_ms(0, add_one, &calls);
    while (get(&calls) < 2)
        task_yield();
    task_sleep_ms(2);
    alarm_detach(alarm);
    CHECK(get(&calls) == 2);
    /* The end of the run frees those whose time has not come. */
    alarm_detach(alarm_after_ms(LONG_MS, add_one, &calls));
    alarm_detach(alarm_after_ms(INT64_MAX, add_one, &calls));
}

/* Those with an earlier time run earlier, as far as threads allow: all run. */
static void many_alarms(void)
{
    enum { ALARMS = 300 };
    alarm_t *alarms[ALARMS];
    int calls = 0;

    for (int i = 0; i < ALARMS; i++)
        alarms[i] = alarm_after_ms(i % 30, add_one, &calls);
    while (get(&calls) < ALARMS)
        task_sleep_ms(1);
    for (int i = 0; i < ALARMS; i++)
        CHECK(!alarm_stop(alarms[i]));
    CHECK(get(&calls) == ALARMS);
}

/* ---- tickers --------------------------------------------------------------------------------- */

static void ticks(void)
{
    enum { PERIOD_MS = 5 };
    int64_t start_ms = task_now_ms();
    ticker_t *ticker = ticker_start_ms(PERIOD_MS);
    chan_t *ch = ticker_chan(ticker);
    int64_t former_ms = start_ms;

    CHECK(ch && ch == ticker_chan(ticker) && chan_cap(ch) == 1 && chan_len(ch) == 0);
    for (int i = 1; i <= 5; i++) {
        int64_t tick_ms;
        CHECK(chan_recv(ch, &tick_ms));
        CHECK(tick_ms >= start_ms + (int64_t)i * PERIOD_MS);
        /* After one that comes late the next may be due within the same millisecond. */
        CHECK(tick_ms >= former_ms && tick_ms <= task_now_ms());
        former_ms = tick_ms;
    }
    CHECK(former_ms < start_ms + LONG_MS);
    ticker_stop(ticker);
}

/* It holds one tick; the others are dropped. */
static void ticks_dropped(void)
{
    ticker_t *ticker = ticker_start_ms(1);
    chan_t *ch = ticker_chan(ticker);
    int64_t first_ms;
    int64_t second_ms;

    while (!chan_len(ch))
        task_yield();
    task_sleep_ms(2 * SOON_MS);
    CHECK(chan_len(ch) == 1);
    CHECK(chan_recv(ch, &first_ms));
    CHECK(chan_recv(ch, &second_ms));
    CHECK(second_ms >= first_ms + SOON_MS);
    ticker_stop(ticker);
}

/* A period is at least a millisecond. */
static void shortest_period(void)
{
    static const int64_t every_ms[] = {0, -1, INT64_MIN};

    for (size_t i = 0; i < sizeof(every_ms) / sizeof(*every_ms); i++) {
        int64_t start_ms = task_now_ms();
        ticker_t *ticker = ticker_start_ms(every_ms[i]);
        for (int j = 0; j < 3; j++)
            CHECK(chan_recv(ticker_chan(ticker), NULL));
        CHECK(task_now_ms() >= start_ms + 3);
        ticker_stop(ticker);
    }
}

/* None comes after the stop, and who holds the channel may go on with it. */
static void stopped(void)
{
    ticker_t *ticker = ticker_start_ms(1);
    chan_t *ch = chan_ref(ticker_chan(ticker));

    CHECK(chan_recv(ch, NULL));
    ticker_stop(ticker);
    while (chan_len(ch))
        CHECK(chan_recv(ch, NULL));
    task_sleep_ms(SOON_MS);
    CHECK(chan_len(ch) == 0);
    /* Never closed. */
    CHECK(chan_select(RECV(ch, NULL), DEFAULT()) == 1);
    chan_free(ch);
    ticker_stop(NULL);
    ticker = ticker_start_ms(INT64_MAX);
    CHECK(chan_select(RECV(ticker_chan(ticker), NULL), AFTER_MS(2)) == 1);
    ticker_stop(ticker);
}

/* Stopped at any moment, by another task. */
static void stop(ticker_t *ticker)
{
    ticker_stop(ticker);
}

static void stopped_amid(void)
{
    wg_t wg = {0};

    for (int i = 0; i < 50; i++) {
        ticker_t *ticker = ticker_start_ms(1);
        if (i % 3)
            task_sleep_ms(i % 3);
        wg_spawn(&wg, stop, ticker);
    }
    wg_wait(&wg);
}

static void tick_until(ctx_t *ctx, int64_t every_ms, chan_t *ticks)
{
    ticker_t *ticker = ticker_start_ms(every_ms);
    int sent = 0;

    while (chan_select(RECV(ticker_chan(ticker), NULL), DONE(ctx)) == 0)
        if (sent++ < 3)
            CHECK(chan_send(ticks, &every_ms));
    ticker_stop(ticker);
}

static void several_tickers(void)
{
    enum { TICKERS = 5 };
    ctx_t *ctx = ctx_with_cancel(NULL);
    chan_t *ticks = chan_make(int64_t, 0);
    int count[TICKERS + 1] = {0};
    wg_t wg = {0};

    for (int i = 1; i <= TICKERS; i++)
        wg_spawn(&wg, tick_until, ctx, (int64_t)i, ticks);
    for (int i = 0; i < 3 * TICKERS; i++) {
        int64_t every_ms;
        CHECK(chan_recv(ticks, &every_ms));
        count[every_ms]++;
    }
    for (int i = 1; i <= TICKERS; i++)
        CHECK(count[i] == 3);
    ctx_cancel(ctx);
    wg_wait(&wg);
    ctx_free(ctx);
    chan_free(ticks);
}

#define TEST(name)                                                                                 \
    static void test_timer__##name(void **state)                                                   \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }

TEST(sleeping)
TEST(many_sleepers)
TEST(sleep_of_nothing)
TEST(sleep_with_ctx)
TEST(alarm_runs)
TEST(alarm_stopped_after)
TEST(alarm_stopped_before)
TEST(alarm_stopped_while_running)
TEST(alarm_stopped_in_time)
TEST(alarm_stopped_within)
TEST(alarm_detached)
TEST(many_alarms)
TEST(ticks)
TEST(ticks_dropped)
TEST(shortest_period)
TEST(stopped)
TEST(stopped_amid)
TEST(several_tickers)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer__sleeping),
        cmocka_unit_test(test_timer__many_sleepers),
        cmocka_unit_test(test_timer__sleep_of_nothing),
        cmocka_unit_test(test_timer__sleep_with_ctx),
        cmocka_unit_test(test_timer__alarm_runs),
        cmocka_unit_test(test_timer__alarm_stopped_after),
        cmocka_unit_test(test_timer__alarm_stopped_before),
        cmocka_unit_test(test_timer__alarm_stopped_while_running),
        cmocka_unit_test(test_timer__alarm_stopped_in_time),
        cmocka_unit_test(test_timer__alarm_stopped_within),
        cmocka_unit_test(test_timer__alarm_detached),
        cmocka_unit_test(test_timer__many_alarms),
        cmocka_unit_test(test_timer__ticks),
        cmocka_unit_test(test_timer__ticks_dropped),
        cmocka_unit_test(test_timer__shortest_period),
        cmocka_unit_test(test_timer__stopped),
        cmocka_unit_test(test_timer__stopped_amid),
        cmocka_unit_test(test_timer__several_tickers),
    };
    return CHECK_ALL(tests);
}
