/*
 * What ends the program: misuse, settings that mean nothing, an overflow of a stack, tasks that are
 * left under LEASH_LEAKS, and SIGQUIT where it does not.  Each runs in a child of its own.
 */
// leash:ignore-file spawn-without-done -- tasks that are left are what is tested
// leash:ignore-file unbounded-receive -- tasks that are left are what is tested
#include "ending.h"

/* Aborted with the line of AT, where there is one, a message and a dump. */
static void expect_abort(void (*body)(void), const char *message)
{
    struct ending ending = run_task(body);
    char start[1100];

    expect_signal(&ending, SIGABRT);
    snprintf(start, sizeof(start), "leash: %s%s", ending.place, *ending.place ? ": " : "");
    expect_text(&ending, start);
    expect_text(&ending, message);
    expect_text(&ending, "task 1 [running]: main");
    free(ending.text);
}

/* ---- misuse ---------------------------------------------------------------------------------- */

static void close_twice(void)
{
    chan_t *ch = chan_make(int, 0);

    chan_close(ch);
    AT(chan_close(ch));
}

static void close_null(void)
{
    chan_t *none = NULL;

    AT(chan_close(none));
}

static void close_twice_deferred(void)
{
    chan_t *ch = chan_make(int, 0);
    defer_close(ch);

    chan_close(ch);
}

static void done_below_zero(void)
{
    wg_t wg = {0};

    AT(wg_done(&wg));
}

static void add_below_zero(void)
{
    wg_t wg = {0};

    wg_add(&wg, 2);
    AT(wg_add(&wg, -3));
}

static void unlock_unlocked(void)
{
    mu_t mu = {0};

    mu_lock(&mu);
    mu_unlock(&mu);
    mu_unlock(&mu);
}

static void unlock_read_locked(void)
{
    rw_t rw = {0};

    rw_rlock(&rw);
    rw_unlock(&rw);
}

static void unlock_unwritten(void)
{
    rw_t rw = {0};

    rw_unlock(&rw);
}

static void runlock_unread(void)
{
    rw_t rw = {0};

    rw_rlock(&rw);
    rw_runlock(&rw);
    rw_runlock(&rw);
}

static void runlock_written(void)
{
    rw_t rw = {0};

    rw_lock(&rw);
    rw_runlock(&rw);
}

static void wait_unlocked(void)
{
    cv_t cv = {0};
    mu_t mu = {0};

    AT(cv_wait(&cv, &mu));
}

static void recv_once(chan_t *ch)
{
    chan_recv(ch, NULL);
}

static void send_once(chan_t *ch)
{
    chan_send(ch, &(int){1});
}

static void select_once(chan_t *ch)
{
    chan_t *other = chan_make(int, 0);

    chan_select(RECV(ch, NULL), RECV(other, NULL));
    chan_free(other);
}

static void free_under_receiver(void)
{
    chan_t *ch = chan_make(int, 0);

    spawn(recv_once, ch);
    check_await_parked(1);
    chan_free(ch);
}

static void free_under_sender(void)
{
    chan_t *ch = chan_make(int, 0);

    spawn(send_once, ch);
    check_await_parked(1);
    chan_free(ch);
}

static void free_under_select(void)
{
    chan_t *ch = chan_make(int, 0);

    spawn(select_once, ch);
    check_await_parked(1);
    chan_free(ch);
}

static int nothing(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 0;
}

static void run_inside(void)
{
    leash_run(nothing, 0, NULL);
}

static void test_misuse__aborts(void **state)
{
    (void)state;
    expect_abort(close_twice, "closed already");
    expect_abort(close_null, "NULL");
    expect_abort(close_twice_deferred, "closed already");
    expect_abort(done_below_zero, "below zero");
    expect_abort(add_below_zero, "below zero");
    expect_abort(unlock_unlocked, "not locked");
    expect_abort(unlock_read_locked, "rw_unlock");
    expect_abort(unlock_unwritten, "rw_unlock");
    expect_abort(runlock_unread, "rw_runlock");
    expect_abort(runlock_written, "rw_runlock");
    expect_abort(wait_unlocked, "not locked");
    expect_abort(run_inside, "leash_run inside leash_run");
}

/* The dump has the task that was parked. */
static void test_misuse__freed_under_a_task(void **state)
{
    (void)state;
    expect_abort(free_under_receiver, "recv_once, parked at " __FILE__ ":");
    expect_abort(free_under_sender, "send_once, parked at " __FILE__ ":");
    expect_abort(free_under_select, "select_once, parked at " __FILE__ ":");
}

/* ---- outside of tasks ------------------------------------------------------------------------ */

static void sleep_outside(void)
{
    AT(task_sleep_ms(1));
}

static void spawn_outside(void)
{
    AT(spawn(recv_once, NULL));
}

static void recv_outside(void)
{
    chan_t *ch = chan_make(int, 0);

    AT(chan_recv(ch, NULL));
}

static void select_outside(void)
{
    chan_t *ch = chan_make(int, 0);

    AT(chan_select(RECV(ch, NULL)));
}

static void wait_outside(void)
{
    wg_t wg = {0};

    wg_add(&wg, 1);
    AT(wg_wait(&wg));
}

static void lock_outside(void)
{
    mu_t mu = {0};

    mu_lock(&mu);
    AT(mu_lock(&mu));
}

static void *sleep_within(void *arg)
{
    AT(task_sleep_ms(1));
    return arg;
}

/* A helper of task_blocking is no task. */
static void sleep_in_helper(void)
{
    task_blocking(sleep_within, NULL);
}

static void expect_abort_outside(void (*program)(void))
{
    struct ending ending = run(program);
    char start[1100];

    expect_signal(&ending, SIGABRT);
    snprintf(start, sizeof(start), "leash: %s: ", ending.place);
    expect_text(&ending, start);
    free(ending.text);
}

static void test_misuse__outside_of_tasks(void **state)
{
    (void)state;
    expect_abort_outside(sleep_outside);
    expect_abort_outside(spawn_outside);
    expect_abort_outside(recv_outside);
    expect_abort_outside(select_outside);
    expect_abort_outside(wait_outside);
    expect_abort_outside(lock_outside);
    task_body = sleep_in_helper;
    expect_abort_outside(run_as_task);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void do_nothing(void)
{
}

/* The program ends before it begins, and the message names the setting and its value. */
static void expect_refused(const char *name, const char *value)
{
    struct ending ending = run_with(name, value, do_nothing);
    char text[200];

    expect_signal(&ending, SIGABRT);
    snprintf(text, sizeof(text), "leash: %s=%s", name, value);
    expect_text(&ending, text);
    free(ending.text);
}

static void expect_taken(const char *name, const char *value)
{
    struct ending ending = run_with(name, value, do_nothing);

    expect_exit(&ending, 0);
    assert_string_equal(ending.text, "");
    free(ending.text);
}

static void test_misuse__settings(void **state)
{
    static const char *const bad_numbers[] = {"0", "-1", "two", "2x", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad_numbers) / sizeof(*bad_numbers); i++) {
        expect_refused("LEASH_THREADS", bad_numbers[i]);
        expect_refused("LEASH_STACK_KIB", bad_numbers[i]);
    }
    expect_refused("LEASH_SCHEDULE", "random");
    expect_refused("LEASH_SCHEDULE", "random:");
    expect_refused("LEASH_SCHEDULE", "random:x");
    expect_refused("LEASH_SCHEDULE", "random:1:2");
    expect_refused("LEASH_SCHEDULE", "pct:1");
    expect_refused("LEASH_SCHEDULE", "pct:1:");
    expect_refused("LEASH_SCHEDULE", "pct::2");
    expect_refused("LEASH_SCHEDULE", "pct:1:0");
    expect_refused("LEASH_SCHEDULE", "pct:1:65");
    expect_refused("LEASH_SCHEDULE", "pct:1:2:3");
    expect_refused("LEASH_SCHEDULE", "fair");
    expect_refused("LEASH_LEAKS", "yes");
    expect_refused("LEASH_CLOCK", "fast");
    expect_refused("LEASH_SIGQUIT", "core");
    expect_taken("LEASH_THREADS", "3");
    expect_taken("LEASH_THREADS", "");
    expect_taken("LEASH_STACK_KIB", "256");
    expect_taken("LEASH_STACK_KIB", "");
    expect_taken("LEASH_SCHEDULE", "random:7");
    expect_taken("LEASH_SCHEDULE", "pct:18446744073709551615:64");
    expect_taken("LEASH_SCHEDULE", "");
    expect_taken("LEASH_LEAKS", "");
    expect_taken("LEASH_CLOCK", "virtual");
    expect_taken("LEASH_CLOCK", "real");
    expect_taken("LEASH_SIGQUIT", "");
}

/* ---- overflow -------------------------------------------------------------------------------- */

/* Compilers warn of calls that never end: this one could. */
static int recurse(volatile int *depth)
{
    volatile char frame[500];

    frame[0] = (char)++*depth;
    if (*depth < 0)
        return 0;
    return recurse(depth) + frame[0];
}

static void overflow(volatile int *depth)
{
    recurse(depth);
}

static void overflow_stack(void)
{
    volatile int depth = 0;
    wg_t wg = {0};

    wg_add(&wg, 1);
    AT(spawn(overflow, &depth));
    wg_wait(&wg);
}

/* It names the function and where its task was spawned. */
static void test_misuse__overflow(void **state)
{
    struct ending ending = run_task(overflow_stack);

    (void)state;
    assert_true(WIFSIGNALED(ending.status));
    expect_text(&ending, "stack overflow in overflow");
    expect_text(&ending, ending.place);
    free(ending.text);
}

/* ---- SIGQUIT --------------------------------------------------------------------------------- */

static const char parked_line[] = "recv_once, parked at " __FILE__ ":";
static const char running_line[] = "[running]: main, spawned at leash_run\n";

/* Without parking: the dump comes from a thread that runs no tasks. */
static void compute_until_dumped(size_t dumps)
{
    bool written = false;

    while (!written) {
        char *text = read_all(STDERR_FILENO);
        written = count_text(text, parked_line) == dumps && count_text(text, running_line) == dumps;
        free(text);
    }
}

static void quit_twice(void)
{
    spawn(recv_once, NULL);
    check_await_parked(1);
    for (size_t dumps = 1; dumps <= 2; dumps++) {
        errno = EDOM;
        raise(SIGQUIT);
        CHECK(errno == EDOM);
        compute_until_dumped(dumps);
    }
}

static void test_misuse__quit_dumps(void **state)
{
    struct ending ending = run_with("LEASH_SIGQUIT", "dump", quit_twice);

    (void)state;
    expect_exit(&ending, 0);
    assert_int_equal(count_text(ending.text, "\n"), 4);
    free(ending.text);
}

static void quit_for_tree(void)
{
    bool written = false;

    spawn(recv_once, NULL);
    check_await_parked(1);
    raise(SIGQUIT);
    while (!written) {
        char *text = read_all(STDERR_FILENO);
        written = count_text(text, "\n    task 2 [chan receive (NULL)]: recv_once, ") == 1;
        free(text);
    }
}

static void test_misuse__quit_dumps_a_tree(void **state)
{
    struct ending ending = run_with("LEASH_SIGQUIT", "tree", quit_for_tree);

    (void)state;
    expect_exit(&ending, 0);
    free(ending.text);
}

static void quit_once(void)
{
    raise(SIGQUIT);
}

static void test_misuse__quit_ends_unless_set(void **state)
{
    struct ending ending = run_with("LEASH_SIGQUIT", "", quit_once);

    (void)state;
    expect_signal(&ending, SIGQUIT);
    free(ending.text);
}

static void quit_afterwards(void)
{
    setenv("LEASH_SIGQUIT", "dump", 1);
    task_body = do_nothing;
    run_as_task();
    raise(SIGQUIT);
}

static void test_misuse__quit_ends_after_the_run(void **state)
{
    struct ending ending = run(quit_afterwards);

    (void)state;
    expect_signal(&ending, SIGQUIT);
    assert_string_equal(ending.text, "");
    free(ending.text);
}

static void keep_quit(void)
{
    chan_t *quit = signal_notify(SIGQUIT);

    raise(SIGQUIT);
    CHECK(chan_recv(quit, NULL));
    signal_stop(quit);
}

static void test_misuse__quit_is_the_programs(void **state)
{
    struct ending ending = run_with("LEASH_SIGQUIT", "dump", keep_quit);

    (void)state;
    expect_exit(&ending, 0);
    assert_string_equal(ending.text, "");
    free(ending.text);
}

/* ---- leaks ----------------------------------------------------------------------------------- */

static void leave_one(void)
{
    AT(spawn(recv_once, NULL));
    check_await_parked(1);
}

static void expect_leak(const char *setting, int status, bool reported)
{
    struct ending ending = run_with("LEASH_LEAKS", setting, leave_one);

    expect_exit(&ending, status);
    if (reported) {
        expect_text(&ending, "recv_once, parked at " __FILE__ ":");
        expect_text(&ending, ending.place);
    } else {
        assert_string_equal(ending.text, "");
    }
    free(ending.text);
}

static void close_soon(chan_t *done)
{
    task_sleep_ms(SOON_MS);
    chan_close(done);
}

static void leave_none(void)
{
    chan_t *done = done_make();
    wg_t wg = {0};

    wg_spawn(&wg, close_soon, done);
    wg_wait(&wg);
    chan_free(done);
}

static void test_misuse__leaks(void **state)
{
    (void)state;
    expect_leak("", 0, false);
    expect_leak("report", 0, true);
    expect_leak("fail", STATUS_LEAKS, true);
}

static void leak_in_scope(void)
{
    leak_check_scope();
    leave_one();
}

static void no_leak_in_scope(void)
{
    spawn(recv_once, NULL);
    leak_check_scope();
    leave_none();
}

/* "Fails the program": no particular status. */
static void test_misuse__leak_check_scope(void **state)
{
    struct ending ending = run_task(leak_in_scope);

    (void)state;
    assert_false(WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == 0);
    expect_text(&ending, "recv_once, parked at " __FILE__ ":");
    free(ending.text);
    ending = run_task(no_leak_in_scope);
    assert_string_equal(ending.text, "");
    free(ending.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_misuse__aborts),
        cmocka_unit_test(test_misuse__freed_under_a_task),
        cmocka_unit_test(test_misuse__outside_of_tasks),
        cmocka_unit_test(test_misuse__settings),
        cmocka_unit_test(test_misuse__overflow),
        cmocka_unit_test(test_misuse__quit_dumps),
        cmocka_unit_test(test_misuse__quit_dumps_a_tree),
        cmocka_unit_test(test_misuse__quit_ends_unless_set),
        cmocka_unit_test(test_misuse__quit_ends_after_the_run),
        cmocka_unit_test(test_misuse__quit_is_the_programs),
        cmocka_unit_test(test_misuse__leaks),
        cmocka_unit_test(test_misuse__leak_check_scope),
    };
    return ENDINGS_ALL(tests);
}
