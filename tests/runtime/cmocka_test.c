/*
 * leash/cmocka.h: which tests pass, and what those that do not are told.
 *
 * With an argument the program runs the samples below, some of which must fail; without one it runs
 * itself and reads what cmocka said of each.
 */
#include <leash/cmocka.h>

/* ---- samples --------------------------------------------------------------------------------- */

static void add_one(int *number, wg_t *wg)
{
    ++*number;
    wg_done(wg);
}

static void waits_for_its_task(void **state)
{
    int number = 1;
    wg_t wg = {0};

    (void)state;
    wg_add(&wg, 1);
    spawn(add_one, &number, &wg);
    wg_wait(&wg);
    assert_int_equal(number, 2);
}

static void wait_for_close(chan_t *ch)
{
    chan_recv(ch, NULL);
}

static void leaves_a_task(void **state)
{
    static chan_t *volatile never_closed; /* no leaked memory, where the task is meant to stay */

    (void)state;
    never_closed = done_make();
    spawn(wait_for_close, never_closed);
    task_yield();
}

static void sleep_a_little(void)
{
    task_sleep_ms(20);
}

static void task_ends_in_time(void **state)
{
    (void)state;
    spawn(sleep_a_little);
}

static void fail_in_task(wg_t *wg)
{
    assert_int_equal(1, 2);
    wg_done(wg);
}

static void asserts_in_a_task(void **state)
{
    wg_t wg = {0};

    (void)state;
    wg_add(&wg, 1);
    spawn(fail_in_task, &wg);
    wg_wait(&wg);
}

static void gets_stuck(void **state)
{
    (void)state;
    chan_recv(NULL, NULL);
}

static void leaves_the_process(void **state)
{
    (void)state;
    _exit(3);
}

static int make_number(void **state)
{
    static int number = 41;

    if (*state)
        return -1;
    *state = &number;
    return 0;
}

static int number_is_42(void **state)
{
    return *(int *)*state == 42 ? 0 : -1;
}

static void raises_number(void **state)
{
    ++*(int *)*state;
}

static void leaves_number(void **state)
{
    (void)state;
}

/* A reader that may ask before the writer came.
 * NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static void write_number(int *number)
{
    __atomic_store_n(number, 1, __ATOMIC_SEQ_CST);
}

static void read_number(const int *number, wg_t *wg)
{
    task_yield();
    assert_int_equal(__atomic_load_n(number, __ATOMIC_SEQ_CST), 1);
    wg_done(wg);
}

static void fails_in_rare_orders(void **state)
{
    int number = 0;
    wg_t wg = {0};

    (void)state;
    spawn(write_number, &number);
    wg_add(&wg, 1);
    spawn(read_number, &number, &wg);
    wg_wait(&wg);
}

static int run_samples(void)
{
    static char state[] = "set";
    const struct CMUnitTest tests[] = {
        leash_unit_test(waits_for_its_task),
        leash_unit_test(leaves_a_task),
        leash_unit_test(task_ends_in_time),
        leash_unit_test(asserts_in_a_task),
        leash_unit_test(gets_stuck),
        leash_unit_test(leaves_the_process),
        leash_unit_test_setup_teardown(raises_number, make_number, number_is_42),
        leash_unit_test_setup_teardown(leaves_number, make_number, number_is_42),
        leash_unit_test_prestate_setup_teardown(leaves_number, make_number, NULL, state),
        leash_explore_schedules(waits_for_its_task, 20),
        leash_explore_schedules(fails_in_rare_orders, 200),
    };

    return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}

/* The same test, where its task is meant to stay. */
static int run_ignoring(const char *pattern)
{
    const struct CMUnitTest tests[] = {leash_unit_test(leaves_a_task)};

    leak_ignore(pattern);
    return cmocka_run_group_tests_name("ignoring", tests, NULL, NULL);
}

/* ---- samples in a group ---------------------------------------------------------------------- */

struct doubler {
    chan_t *numbers, *doubled; /* int */
};

static void double_them(struct doubler *doubler)
{
    int number;

    while (chan_recv(doubler->numbers, &number)) {
        number *= 2;
        chan_send(doubler->doubled, &number);
    }
}

static int start_doubler(void **state)
{
    static struct doubler doubler;

    doubler = (struct doubler){chan_make(int, 0), chan_make(int, 1)};
    *state = &doubler;
    spawn(double_them, &doubler);
    return 0;
}

static int stop_doubler(void **state)
{
    struct doubler *doubler = *state;

    chan_close(doubler->numbers);
    return 0;
}

static void is_doubled(void **state)
{
    struct doubler *doubler = *state;
    int number = 21;

    assert_true(chan_send(doubler->numbers, &number));
    assert_true(chan_recv(doubler->doubled, &number));
    assert_int_equal(number, 42);
}

static int leave_doubler(void **state)
{
    (void)state;
    return 0;
}

static int refuse(void **state)
{
    (void)state;
    return -1;
}

/* The group once as it should be, and once for each way to set it up wrongly. */
static int run_groups(void)
{
    static int number = 41;
    const struct CMUnitTest sound[] = {
        cmocka_unit_test(is_doubled),
        leash_unit_test(is_doubled),
        leash_explore_schedules(is_doubled, 20),
        cmocka_unit_test_prestate_setup_teardown(raises_number, NULL, number_is_42, &number),
        cmocka_unit_test(leaves_a_task),
        cmocka_unit_test(asserts_in_a_task),
    };
    const struct CMUnitTest one[] = {cmocka_unit_test(is_doubled)};

    return (leash_run_group_tests(sound, start_doubler, stop_doubler) == 2 &&
            leash_run_group_tests_name("left", one, start_doubler, leave_doubler) == 1 &&
            leash_run_group_tests_name("setup", one, refuse, NULL) == 1 &&
            leash_run_group_tests_name("teardown", one, start_doubler, refuse) == 1)
               ? 0
               : 1;
}

/* ---- what was said of them ------------------------------------------------------------------- */

enum { SAID_MAX = 64 * 1024 };

/* Runs this program with the settings and the argument, and puts all that it prints into `said`.
 * Whether its exit status was 0. */
static bool run_self(const char *settings, const char *argument, char *said)
{
    char command[512];
    char self[256];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    assert_true(length > 0);
    self[length] = '\0';
    snprintf(command, sizeof command, "%s CMOCKA_MESSAGE_OUTPUT=TAP '%s' '%s' 2>&1", settings, self,
             argument);
    FILE *stream = popen(command, "r"); /* NOLINT(bugprone-command-processor): our own constants */
    assert_non_null(stream);
    size_t size = fread(said, 1, SAID_MAX - 1, stream);
    said[size] = '\0';
    return pclose(stream) == 0;
}

static void expect(const char *said, const char *text)
{
    if (!strstr(said, text))
        fail_msg("'%s' is missing in:\n%s", text, said);
}

static void test_cmocka__samples(void **state)
{
    static char said[SAID_MAX];

    (void)state;
    assert_false(run_self("LEASH_THREADS=2", "samples", said));
    expect(said, "\nok 1 - waits_for_its_task");
    expect(said, "\nnot ok 2 - leaves_a_task");
    expect(said, "[chan receive]: wait_for_close, parked at ");
    expect(said, "left the tasks above behind");
    expect(said, "\nok 3 - task_ends_in_time");
    expect(said, "1 != 0x2");
    expect(said, "\nnot ok 4 - asserts_in_a_task");
    expect(said, "aborted: see above");
    expect(said, "\nnot ok 5 - gets_stuck");
    expect(said, "all its tasks were parked");
    expect(said, "\nnot ok 6 - leaves_the_process");
    expect(said, "ended the process (exit status 3)");
    expect(said, "\nok 7 - raises_number");
    expect(said, "\nnot ok 8 - leaves_number");
    expect(said, "its teardown failed");
    expect(said, "\nnot ok 9 - leaves_number");
    expect(said, "its setup failed");
    expect(said, "\nok 10 - waits_for_its_task (20 schedules)");
    expect(said, "\nnot ok 11 - fails_in_rare_orders (200 schedules)");
}

/* The seed that is named brings the failure about again, and is the first that does. */
static void test_cmocka__replay(void **state)
{
    static char said[SAID_MAX];
    static const char lead[] = "again with ";
    char again[128];

    (void)state;
    assert_false(run_self("", "samples", said));
    char *named = strstr(said, lead);
    assert_non_null(named);
    int length = (int)strcspn(named + sizeof lead - 1, "\n");
    snprintf(again, sizeof again, "%.*s", length, named + sizeof lead - 1);
    expect(again, "LEASH_THREADS=1 LEASH_SCHEDULE=random:");
    assert_false(run_self(again, "samples", said));
    expect(said, "not ok 11 - fails_in_rare_orders");
    expect(said, "ok 10 - waits_for_its_task");
}

/* Each test of a group is run as one of ours, between the group's setup and teardown. */
static void test_cmocka__group(void **state)
{
    static char said[SAID_MAX];

    (void)state;
    assert_true(run_self("LEASH_THREADS=2", "groups", said));
    expect(said, "\nok 1 - is_doubled");
    expect(said, "\nok 2 - is_doubled");
    expect(said, "\nok 3 - is_doubled (20 schedules)");
    expect(said, "\nok 4 - raises_number");
    expect(said, "\nnot ok 5 - leaves_a_task");
    expect(said, "[chan receive]: wait_for_close, parked at ");
    expect(said, "\nnot ok 6 - asserts_in_a_task");
    expect(said, "[chan receive]: double_them, parked at ");
    expect(said, "the setup of its group failed");
    expect(said, "the teardown of its group failed");
}

static void test_cmocka__ignored(void **state)
{
    static char said[SAID_MAX];

    (void)state;
    assert_true(run_self("", "cmocka_test.c:*", said));
    assert_true(run_self("", "*/cmocka_test.c:[0-9]*", said));
    assert_false(run_self("", "other.c:*", said));
    assert_false(run_self("", "mocka_test.c:*", said));
    expect(said, "left the tasks above behind");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cmocka__samples),
        cmocka_unit_test(test_cmocka__replay),
        cmocka_unit_test(test_cmocka__group),
        cmocka_unit_test(test_cmocka__ignored),
    };

    if (argc > 1 && strcmp(argv[1], "samples") == 0)
        return run_samples();
    if (argc > 1 && strcmp(argv[1], "groups") == 0)
        return run_groups();
    if (argc > 1)
        return run_ignoring(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
