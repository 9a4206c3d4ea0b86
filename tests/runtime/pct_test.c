/*
 * LEASH_SCHEDULE=pct: who runs follows from priorities, which change DEPTH - 1 times.
 */
#include "check.h"

enum { TASKS = 3, TURNS = 40, SEEDS = 300 };

/* The letters of the tasks, in the order of their turns. */
static char trace[TASKS * TURNS + 1];
static int traced;

/* Each lock is a task's own: a step, and nothing to wait for. */
static void take_turns(int letter)
{
    mu_t mu = {0};

    for (int i = 0; i < TURNS; i++) {
        mu_lock(&mu);
        trace[traced++] = (char)letter;
        mu_unlock(&mu);
    }
}

static void trace_all(void)
{
    wg_t wg = {0};

    traced = 0;
    for (int i = 0; i < TASKS; i++)
        wg_spawn(&wg, take_turns, 'a' + i);
    wg_wait(&wg);
    trace[traced] = '\0';
}

static void run_seeded(int seed, int depth, void (*body)(void))
{
    char schedule[40];

    snprintf(schedule, sizeof(schedule), "pct:%d:%d", seed, depth);
    setenv("LEASH_SCHEDULE", schedule, 1);
    check_run(body);
}

/* How often the trace goes from one letter to another. */
static int count_switches(void)
{
    int count = 0;

    for (int i = 1; i < traced; i++)
        count += trace[i] != trace[i - 1];
    return count;
}

/* The letters in the order in which they come first. */
static int order_of_first_turns(void)
{
    int order = 0;

    for (int i = 0; i < traced; i++)
        if (i == 0 || !memchr(trace, trace[i], (size_t)i))
            order = order * TASKS + trace[i] - 'a';
    return order;
}

/* Without a change each task runs to its end, though one with a higher priority may be spawned in
 * the middle of another's turns; all orders come up. */
static void test_pct__depth_1(void **state)
{
    enum { ORDERS = 27 };
    bool seen[ORDERS] = {false};
    int orders = 0;

    (void)state;
    for (int seed = 0; seed < SEEDS; seed++) {
        run_seeded(seed, 1, trace_all);
        assert_int_equal(traced, TASKS * TURNS);
        assert_int_equal(count_switches(), TASKS - 1);
        seen[order_of_first_turns()] = true;
    }
    for (int i = 0; i < ORDERS; i++)
        orders += seen[i];
    assert_int_equal(orders, 6);
}

/* Each change breaks the turns of one task in two at most. */
static void test_pct__deeper(void **state)
{
    (void)state;
    for (int depth = 2; depth <= 4; depth++) {
        int changed = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            run_seeded(seed, depth, trace_all);
            assert_int_equal(traced, TASKS * TURNS);
            assert_true(count_switches() <= TASKS - 1 + depth - 1);
            changed += count_switches() > TASKS - 1;
        }
        /* About 240 steps lie in the first 8 of 20 octaves. */
        assert_in_range(changed, SEEDS / 10, SEEDS);
    }
}

static void test_pct__same_seed_same_order(void **state)
{
    char former[sizeof(trace)];

    (void)state;
    for (int seed = 0; seed < 50; seed++) {
        run_seeded(seed, 3, trace_all);
        memcpy(former, trace, sizeof(trace));
        run_seeded(seed, 3, trace_all);
        assert_string_equal(trace, former);
    }
}

/* An error of depth 2: one task must stop in the middle of the other's forty turns, between two
 * given ones, until the other has had all of its own. */
static bool stopped_in_the_middle(void)
{
    const char *b = strchr(trace, 'b');
    int before = (int)(b - trace);

    return before == TURNS / 2 && b[TURNS - 1] == 'b' && b[TURNS] == 'a';
}

static void trace_two(void)
{
    wg_t wg = {0};

    traced = 0;
    wg_spawn(&wg, take_turns, 'a');
    wg_spawn(&wg, take_turns, 'b');
    wg_wait(&wg);
    trace[traced] = '\0';
}

static void test_pct__finds_a_place(void **state)
{
    enum { MANY = 3000 };
    int found = 0;

    (void)state;
    for (int seed = 0; seed < MANY; seed++) {
        run_seeded(seed, 2, trace_two);
        found += stopped_in_the_middle();
    }
    assert_in_range(found, 1, MANY / 20);
}

/* ---- loops that wait ------------------------------------------------------------------------- */

static int flag;
static mu_t mu;

static void raise_flag(void)
{
    mu_lock(&mu);
    flag = 1;
    mu_unlock(&mu);
}

static bool is_raised(void)
{
    mu_lock(&mu);
    bool raised = flag;
    mu_unlock(&mu);
    return raised;
}

static void wait_by_yields(void)
{
    flag = 0;
    spawn(raise_flag);
    while (!__atomic_load_n(&flag, __ATOMIC_SEQ_CST))
        task_yield();
}

static void wait_by_looks(void)
{
    flag = 0;
    spawn(raise_flag);
    while (!is_raised())
        ;
}

/* The priority of who waits is the higher one under every second seed. */
static void test_pct__nobody_starves(void **state)
{
    (void)state;
    for (int seed = 0; seed < 20; seed++) {
        run_seeded(seed, 1, wait_by_yields);
        run_seeded(seed, 1, wait_by_looks);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pct__depth_1),
        cmocka_unit_test(test_pct__deeper),
        cmocka_unit_test(test_pct__same_seed_same_order),
        cmocka_unit_test(test_pct__finds_a_place),
        cmocka_unit_test(test_pct__nobody_starves),
    };

    setenv("LEASH_THREADS", "1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
