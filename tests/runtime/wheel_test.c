/*
 * The timing wheel against a model: the timers that run, in the order of their starts.
 *
 * The model fires by looking at every one of them.  Time goes on by small steps and by jumps of up
 * to months, with starts and stops between, and after each step both must have fired the same
 * timers in the same order.
 */
#include "../../runtime/timer.h"
#include "../../runtime/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIMERS = 200, STEPS = 20000 };

/* One timer of both. */
struct probe {
    struct timer timer;
    int64_t when_tick;
    uint64_t started;    /* the number of its start; 0: the model does not run it */
    int64_t again_tick;  /* `fire` starts it again so much later; 0: it does not */
    struct probe *stops; /* `fire` stops that one; or NULL */
    bool stopped;        /* what timer_stop said then */
    int dropped;         /* how often the wheel gave it up */
};

static struct wheel wheel;
static struct probe probes[TIMERS];
static struct probe *fired[TIMERS]; /* by the wheel, in this step */
static size_t fired_count;
static int64_t now_tick;
static uint64_t starts;
static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

/* Up to a random number of bits: near and far ones are equally likely. */
static int64_t random_span(unsigned bits_max)
{
    return (int64_t)random_below(UINT64_C(1) << random_below(bits_max + 1));
}

static void start(struct probe *probe, int64_t when_tick)
{
    probe->when_tick = when_tick;
    probe->started = ++starts;
    timer_start_locked(&wheel, &probe->timer, when_tick, NULL);
}

static void note_fired(struct timer *timer)
{
    struct probe *probe = container_of(timer, struct probe, timer);

    assert_true(fired_count < TIMERS);
    fired[fired_count++] = probe;
    /* The model has to look at the former start still, so it hears of this one later. */
    if (probe->again_tick)
        timer_start_locked(&wheel, timer, now_tick + probe->again_tick, NULL);
    if (probe->stops)
        probe->stopped = timer_stop(&probe->stops->timer);
}

static void note_dropped(struct timer *timer)
{
    container_of(timer, struct probe, timer)->dropped++;
}

static int set_up(void **state)
{
    (void)state;
    memset(probes, 0, sizeof(probes));
    for (size_t i = 0; i < TIMERS; i++)
        probes[i].timer = (struct timer){.fire = note_fired, .drop = note_dropped};
    now_tick = 1000000007;
    starts = 0;
    fired_count = 0;
    random_state = 88172645463325252u;
    wheel_init(&wheel, now_tick * TICK_NS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wheel_release(&wheel);
    return 0;
}

/* Goes on to now_tick, in the middle of the tick. */
static void advance(void)
{
    fired_count = 0;
    bool any = wheel_advance(&wheel, now_tick * TICK_NS + TICK_NS / 2);
    assert_int_equal(any, fired_count > 0);
}

/* The one that the model fires next; NULL: none is due. */
static struct probe *model_due(void)
{
    struct probe *first = NULL;

    for (size_t i = 0; i < TIMERS; i++) {
        struct probe *probe = &probes[i];
        if (!probe->started || probe->when_tick > now_tick)
            continue;
        if (!first || probe->when_tick < first->when_tick ||
            (probe->when_tick == first->when_tick && probe->started < first->started))
            first = probe;
    }
    return first;
}

static void check_fired(void)
{
    struct probe *due;

    for (size_t i = 0; i < fired_count; i++) {
        due = model_due();
        assert_ptr_equal(fired[i], due);
        due->started = 0;
    }
    assert_null(model_due());
    for (size_t i = 0; i < fired_count; i++)
        if (fired[i]->again_tick) {
            fired[i]->when_tick = now_tick + fired[i]->again_tick;
            fired[i]->started = ++starts;
        }
}

/* Nothing fires before the time that the wheel tells. */
static void check_next(void)
{
    int64_t next_tick = NEVER;

    for (size_t i = 0; i < TIMERS; i++)
        if (probes[i].started && probes[i].when_tick < next_tick)
            next_tick = probes[i].when_tick;
    int64_t next_ns = wheel_next_ns(&wheel);
    if (next_tick > NEVER / TICK_NS)
        assert_int_equal(next_ns, NEVER);
    else
        assert_true(next_ns <= next_tick * TICK_NS);
}

static void change_one(void)
{
    struct probe *probe = &probes[random_below(TIMERS)];

    if (probe->started) {
        assert_true(timer_stop(&probe->timer));
        assert_false(timer_stop(&probe->timer));
        probe->started = 0;
        return;
    }
    probe->again_tick = random_below(8) == 0 ? 1 + random_span(20) : 0;
    if (random_below(64) == 0)
        start(probe, NEVER - random_span(50));
    else
        start(probe, now_tick + random_span(36));
}

static void test_wheel__fires_as_the_model_does(void **state)
{
    (void)state;
    for (int step = 0; step < STEPS; step++) {
        for (uint64_t changes = random_below(8); changes > 0; changes--)
            change_one();
        now_tick += random_span(step % 4 ? 12 : 34);
        advance();
        check_fired();
        check_next();
    }
}

static void test_wheel__next_is_exact_without_stops(void **state)
{
    (void)state;
    assert_int_equal(wheel_next_ns(&wheel), NEVER);
    for (int step = 0; step < STEPS; step++) {
        int64_t when_tick = now_tick + 1 + random_span(32);
        start(&probes[0], when_tick);
        assert_int_equal(wheel_next_ns(&wheel), when_tick * TICK_NS);
        now_tick = when_tick - 1;
        advance();
        assert_int_equal(fired_count, 0);
        assert_int_equal(wheel_next_ns(&wheel), when_tick * TICK_NS);
        now_tick = when_tick;
        advance();
        assert_int_equal(fired_count, 1);
        assert_int_equal(wheel_next_ns(&wheel), NEVER);
    }
}

static void test_wheel__what_has_passed_fires_at_once(void **state)
{
    (void)state;
    start(&probes[0], now_tick);
    start(&probes[1], 0);
    advance();
    assert_int_equal(fired_count, 2);
}

static void test_wheel__never_early(void **state)
{
    (void)state;
    start(&probes[0], now_tick + 1);
    assert_false(wheel_advance(&wheel, (now_tick + 1) * TICK_NS - 1));
    assert_true(wheel_advance(&wheel, (now_tick + 1) * TICK_NS));
}

static void test_wheel__more_of_one_tick_than_one_hold_takes(void **state)
{
    (void)state;
    for (size_t i = 0; i < TIMERS; i++)
        start(&probes[i], now_tick + 5000);
    now_tick += 5000;
    advance();
    check_fired();
    assert_int_equal(wheel_next_ns(&wheel), NEVER);
}

static void test_wheel__a_fire_stops_what_is_due_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < TIMERS; i++)
        start(&probes[i], now_tick + 1);
    now_tick++;
    probes[0].stops = &probes[1];          /* of the same hold of the lock */
    probes[1].stops = &probes[TIMERS - 1]; /* of a later one */
    advance();
    assert_false(probes[0].stopped);
    assert_true(probes[1].stopped);
    assert_int_equal(fired_count, TIMERS - 1);
    assert_ptr_equal(fired[1], &probes[1]);
    assert_ptr_equal(fired[TIMERS - 2], &probes[TIMERS - 2]);
}

static void test_wheel__months_later_in_one_step(void **state)
{
    (void)state;
    start(&probes[0], now_tick + 1);
    start(&probes[1], now_tick + (INT64_C(1) << 40));
    now_tick += INT64_C(1) << 41;
    advance();
    assert_int_equal(fired_count, 2);
    assert_ptr_equal(fired[0], &probes[0]);
}

static void test_wheel__never_is_no_time(void **state)
{
    (void)state;
    start(&probes[0], NEVER);
    assert_int_equal(wheel_next_ns(&wheel), NEVER);
    now_tick = INT64_MAX / TICK_NS - 1;
    advance();
    assert_int_equal(fired_count, 0);
    assert_true(timer_stop(&probes[0].timer));
}

static void test_wheel__passes_over_who_was_let_go_already(void **state)
{
    (void)state;
    struct task task = {.claimed = 1};
    struct waiter waiter = {.task = &task, .shared = true};
    struct timer timer = {.waiter = &waiter};

    timer_start_locked(&wheel, &timer, now_tick + 3, NULL);
    now_tick += 3;
    assert_false(wheel_advance(&wheel, now_tick * TICK_NS));
    assert_null(task.fired);
    assert_false(timer_stop(&timer));
}

static void test_wheel__release_drops_what_still_runs(void **state)
{
    (void)state;
    start(&probes[0], now_tick + 1);
    start(&probes[1], now_tick + 100000);
    start(&probes[2], NEVER);
    assert_true(timer_stop(&probes[1].timer));
    wheel_release(&wheel);
    assert_int_equal(probes[0].dropped, 1);
    assert_int_equal(probes[1].dropped, 0);
    assert_int_equal(probes[2].dropped, 1);
    assert_false(timer_stop(&probes[0].timer));
}

static void test_timer__ticks_are_never_early_and_saturate(void **state)
{
    (void)state;
    int64_t before_ns = clock_now_ns();
    int64_t tick = timer_tick_after_ms(7);
    assert_true(tick * TICK_NS >= before_ns + 7000000);
    assert_true((tick - 1) * TICK_NS < clock_now_ns() + 7000000);
    assert_true(timer_tick_after_ms(0) * TICK_NS <= clock_now_ns());
    assert_true(timer_tick_after_ms(INT64_MIN) * TICK_NS <= clock_now_ns());
    assert_int_equal(timer_tick_after_ms(INT64_MAX), NEVER);
    assert_int_equal(timer_tick_after_ms(INT64_MAX / 1000000), NEVER);
    assert_int_equal(timer_tick_at_ms(3), 3 * TICKS_PER_MS);
    assert_int_equal(timer_tick_at_ms(-1), 0);
    assert_int_equal(timer_tick_at_ms(INT64_MIN), 0);
    assert_int_equal(timer_tick_at_ms(INT64_MAX), NEVER);
    assert_int_equal(timer_tick_at_ms(INT64_MAX / TICKS_PER_MS + 1), NEVER);
}

#define WITH_WHEEL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WHEEL(test_wheel__fires_as_the_model_does),
        WITH_WHEEL(test_wheel__next_is_exact_without_stops),
        WITH_WHEEL(test_wheel__what_has_passed_fires_at_once),
        WITH_WHEEL(test_wheel__never_early),
        WITH_WHEEL(test_wheel__more_of_one_tick_than_one_hold_takes),
        WITH_WHEEL(test_wheel__a_fire_stops_what_is_due_too),
        WITH_WHEEL(test_wheel__months_later_in_one_step),
        WITH_WHEEL(test_wheel__never_is_no_time),
        WITH_WHEEL(test_wheel__passes_over_who_was_let_go_already),
        WITH_WHEEL(test_wheel__release_drops_what_still_runs),
        cmocka_unit_test(test_timer__ticks_are_never_early_and_saturate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
