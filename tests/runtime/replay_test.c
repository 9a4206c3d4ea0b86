/*
 * Under LEASH_SCHEDULE whatever ends the program says, once, how to bring it about again.
 */
// leash:ignore-file spawn-without-done -- tasks that get stuck are what is tested
#include "ending.h"

static void wait_for_ever(void)
{
    chan_recv(NULL, NULL);
}

static void leave_a_task(void)
{
    spawn(wait_for_ever);
    check_await_parked(1);
}

static void leave_a_task_in_scope(void)
{
    leak_check_scope();
    leave_a_task();
}

static void close_null(void)
{
    chan_t *none = NULL;

    chan_close(none);
}

static void fail_a_check(void)
{
    CHECK(1 == 2);
}

static void divide(void)
{
    raise(SIGFPE);
}

static void touch_nothing(void)
{
    char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(page != MAP_FAILED);
    *(volatile char *)page = 1;
}

/* Compilers warn of calls that never end: this one could. */
static int recurse(volatile int *depth)
{
    volatile char frame[500];

    frame[0] = (char)++*depth;
    if (*depth < 0)
        return 0;
    return recurse(depth) + frame[0];
}

static void overflow(void)
{
    volatile int depth = 0;

    recurse(&depth);
}

static struct ending run_scheduled(const char *schedule, void (*body)(void))
{
    return run_with("LEASH_SCHEDULE", schedule, body);
}

static void expect_replay(const char *schedule, void (*body)(void))
{
    struct ending ending = run_scheduled(schedule, body);
    char line[200];

    snprintf(line, sizeof(line), "leash: again with LEASH_THREADS=%s LEASH_SCHEDULE=%s\n",
             getenv("LEASH_THREADS"), schedule);
    expect_text(&ending, line);
    assert_int_equal(count_text(ending.text, "again with"), 1);
    assert_false(WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == 0);
    free(ending.text);
}

static void test_replay__every_end(void **state)
{
    (void)state;
    expect_replay("random:7", wait_for_ever);
    expect_replay("pct:18446744073709551615:64", wait_for_ever);
    expect_replay("random:0", leave_a_task_in_scope);
    expect_replay("random:0", close_null);
    expect_replay("random:0", fail_a_check);
    expect_replay("random:0", divide);
    expect_replay("random:0", touch_nothing);
    expect_replay("random:0", overflow);
    setenv("LEASH_LEAKS", "fail", 1);
    expect_replay("random:0", leave_a_task);
    unsetenv("LEASH_LEAKS");
}

static void expect_silence(const char *schedule, void (*body)(void))
{
    struct ending ending = run_scheduled(schedule, body);

    assert_int_equal(count_text(ending.text, "again with"), 0);
    free(ending.text);
}

static void end_well(void)
{
    task_yield();
}

/* Afterwards a signal is none of the runtime's business. */
static void abort_after_the_run(void)
{
    setenv("LEASH_SCHEDULE", "random:1", 1);
    task_body = end_well;
    run_as_task();
    abort();
}

static void test_replay__nothing_to_say(void **state)
{
    (void)state;
    expect_silence("", wait_for_ever);
    expect_silence("", fail_a_check);
    expect_silence("random:7", end_well);
    struct ending ending = run(abort_after_the_run);
    expect_signal(&ending, SIGABRT);
    assert_string_equal(ending.text, "");
    free(ending.text);
}

static void end_quietly(int number)
{
    _exit(number);
}

static void abort_with_handler(void)
{
    signal(SIGABRT, end_quietly);
    setenv("LEASH_SCHEDULE", "random:1", 1);
    task_body = fail_a_check;
    run_as_task();
}

static void test_replay__a_handler_of_the_program_stays(void **state)
{
    struct ending ending = run(abort_with_handler);

    (void)state;
    expect_exit(&ending, SIGABRT);
    assert_int_equal(count_text(ending.text, "again with"), 0);
    free(ending.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay__every_end),
        cmocka_unit_test(test_replay__nothing_to_say),
        cmocka_unit_test(test_replay__a_handler_of_the_program_stays),
    };
    return ENDINGS_ALL(tests);
}
