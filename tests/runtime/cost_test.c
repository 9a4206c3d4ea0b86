/*
 * What tasks cost: memory while they are parked and after they have ended, and no CPU at rest.
 */
#include "check.h"

#include <time.h>
#include <unistd.h>

/* Pages that a parked task uses of its stack (CMakeLists.txt). */
#ifndef TASK_PAGES
#define TASK_PAGES 1
#endif

enum { SETTLE_MS = 50, LONG_MS = 20 * 1000, HOUR_MS = 3600 * 1000 };

/* ---- memory ---------------------------------------------------------------------------------- */

enum {
    TASKS = 30000,
    BYTES_MAX = 4505 + (TASK_PAGES - 1) * 4096, /* for a parked one: 4.4 KiB */
    ROUND_PERCENT = 5,
    REST_KIB = 16 * 1024 /* may stay in use when all have ended */
};

/* A field of /proc/self/status. */
static long status_kib(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    size_t length = strlen(field);
    char line[256];
    long kib = -1;

    CHECK(file);
    while (kib < 0 && fgets(line, sizeof(line), file))
        if (strncmp(line, field, length) == 0)
            kib = strtol(line + length, NULL, 10);
    fclose(file);
    CHECK(kib >= 0);
    return kib;
}

/* What the process has in memory, its page tables included, which it keeps. */
static long memory_kib(void)
{
    return status_kib("VmRSS:") + status_kib("VmPTE:");
}

static void park_once(chan_t *gate, wg_t *arrived, wg_t *left)
{
    wg_done(arrived);
    CHECK(!chan_recv(gate, NULL));
    wg_done(left);
}

/* Parks the tasks and lets them end.  Returns what the process has in memory in between. */
static long play_round(void)
{
    chan_t *gate = chan_make(int, 0);
    wg_t arrived = {0};
    wg_t left = {0};

    wg_add(&arrived, TASKS);
    wg_add(&left, TASKS);
    for (int i = 0; i < TASKS; i++)
        spawn(park_once, gate, &arrived, &left);
    wg_wait(&arrived);
    task_sleep_ms(SETTLE_MS); /* the last to arrive go on to park */
    long kib = memory_kib();
    chan_close(gate);
    wg_wait(&left);
    chan_free(gate);
    return kib;
}

static void parked(void)
{
    long start_kib = memory_kib();
    long resident_kib = status_kib("VmRSS:");
    long first_kib = play_round();
    long second_kib = play_round();
    int64_t until_ms = task_now_ms() + LONG_MS;

    CHECK((first_kib - start_kib) * 1024 <= (long)TASKS * BYTES_MAX);
    CHECK(second_kib <= first_kib + first_kib * ROUND_PERCENT / 100);
    while (status_kib("VmRSS:") > resident_kib + REST_KIB) {
        CHECK(task_now_ms() < until_ms);
        task_sleep_ms(10);
    }
    CHECK(task_count() == 1);
}

/* Sanitizers have more in memory than the program. */
static void test_cost__parked(void **state)
{
    (void)state;
    if (SANITIZED)
        skip();
    check_run(parked);
}

static void end_at_once(int *ended)
{
    check_add(ended, 1);
}

/* Who spawns and never parks needs few stacks, where tasks are short. */
static void spawned(void)
{
    size_t most = 0;
    int ended = 0;

    for (int i = 0; i < TASKS; i++) {
        spawn(end_at_once, &ended);
        size_t count = task_count();
        most = count > most ? count : most;
    }
    CHECK(most < TASKS / 4);
    while (check_add(&ended, 0) < TASKS)
        task_yield();
}

static void test_cost__spawned(void **state)
{
    (void)state;
    check_run(spawned);
}

enum { GIVEN_UP = 20000, GROWTH_KIB = 4 * 1024 };

static void ignore(void *arg)
{
    (void)arg;
}

static void give_up(chan_t *closed)
{
    ctx_t *parent = ctx_with_cancel(NULL);
    ctx_t *child = ctx_with_timeout_ms(parent, HOUR_MS);

    ctx_free(parent);
    CHECK(task_sleep_ctx(child, HOUR_MS) == ECANCELED);
    ctx_free(child);
    CHECK(alarm_stop(alarm_after_ms(HOUR_MS, ignore, NULL)));
    ticker_stop(ticker_start_ms(HOUR_MS));
    CHECK(chan_select(AFTER_MS(HOUR_MS), DONE(closed)) == 1);
}

/* What would end in an hour and was given up before is gone at once. */
static void given_up(void)
{
    chan_t *closed = done_make();

    chan_close(closed);
    for (int i = 0; i < GIVEN_UP; i++)
        give_up(closed);
    long start_kib = memory_kib();
    for (int i = 0; i < GIVEN_UP; i++)
        give_up(closed);
    CHECK(memory_kib() < start_kib + GROWTH_KIB);
    chan_free(closed);
}

static void test_cost__given_up(void **state)
{
    (void)state;
    if (SANITIZED)
        skip();
    check_run(given_up);
}

/* ---- CPU ------------------------------------------------------------------------------------- */

enum { REST_MS = 300, BUSY_ROUNDS = 2000 };

static int64_t cpu_ms(void)
{
    struct timespec used;

    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0);
    return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void answer(chan_t *question, chan_t *back)
{
    int value;

    while (chan_recv(question, &value))
        CHECK(chan_send(back, &value));
    chan_free(question);
    chan_free(back);
}

/* Threads that had much to do a moment ago rest all the same. */
static void be_busy(void)
{
    enum { PAIRS = 8 };
    chan_t *question[PAIRS];
    chan_t *back[PAIRS];

    for (int i = 0; i < PAIRS; i++) {
        question[i] = chan_make(int, 0);
        back[i] = chan_make(int, 0);
        spawn(answer, chan_ref(question[i]), chan_ref(back[i]));
    }
    for (int i = 0; i < BUSY_ROUNDS * PAIRS; i++)
        CHECK(chan_send(question[i % PAIRS], &i) && chan_recv(back[i % PAIRS], NULL));
    for (int i = 0; i < PAIRS; i++) {
        chan_close(question[i]);
        chan_free(question[i]);
        chan_free(back[i]);
    }
}

static void wait_for_input(int fd, wg_t *wg)
{
    char byte;

    CHECK_FAILS(io_read(NULL, fd, &byte, 1, LONG_MS), ECANCELED);
    wg_done(wg);
}

/* Whether or not there are descriptors and timers to wait for; a thread that turned in circles
 * would use twice as much at least. */
static void at_rest(void)
{
    wg_t wg = {0};
    int fd[2];

    be_busy();
    int64_t start_ms = cpu_ms();
    task_sleep_ms(REST_MS);
    CHECK(cpu_ms() - start_ms < REST_MS / 2);
    CHECK(pipe(fd) == 0);
    wg_add(&wg, 1);
    spawn(wait_for_input, fd[0], &wg);
    start_ms = cpu_ms();
    task_sleep_ms(REST_MS);
    CHECK(cpu_ms() - start_ms < REST_MS / 2);
    CHECK(io_close(fd[0]) == 0 && io_close(fd[1]) == 0);
    wg_wait(&wg);
}

static void test_cost__at_rest(void **state)
{
    (void)state;
    check_run(at_rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost__parked),
        cmocka_unit_test(test_cost__spawned),
        cmocka_unit_test(test_cost__given_up),
        cmocka_unit_test(test_cost__at_rest),
    };

    return CHECK_ALL(tests);
}
