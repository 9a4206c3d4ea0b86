/*
 * Tasks: what leash_run returns and leaves, the arguments of spawn, that nobody starves, numbers,
 * counts and dumps, what is seen after what, and whose errno it is.
 */
// leash:ignore-file spawn-without-done -- tasks that are left are what is tested
#include "check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SOON_MS = 20, PARKED_MS = 30, LONG_MS = 20 * 1000 };

/* ---- leash_run ------------------------------------------------------------------------------- */

static int count_arguments(int argc, char **argv)
{
    CHECK(strcmp(argv[argc - 1], "last") == 0);
    return argc + 40;
}

static void test_task__run_returns_the_result(void **state)
{
    char first[] = "first";
    char last[] = "last";
    char *argv[] = {first, last, NULL};

    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(leash_run(count_arguments, 2, argv), 42);
    assert_int_equal(leash_run(count_arguments, 1, argv + 1), 41);
}

static int finished;

static void finish_slowly(void)
{
    for (int i = 0; i < 10; i++)
        task_yield();
    __atomic_add_fetch(&finished, 1, __ATOMIC_RELAXED);
}

static void leave_runnable(void)
{
    for (int i = 0; i < 20; i++)
        spawn(finish_slowly);
}

static void test_task__grace(void **state)
{
    (void)state;
    finished = 0;
    check_run(leave_runnable);
    assert_int_equal(finished, 20);
}

static void park_for_ever(void)
{
    int value;

    chan_recv(NULL, &value);
    CHECK(!"goes on after the end");
}

static void leave_parked(void)
{
    for (int i = 0; i < 100; i++)
        spawn(park_for_ever);
    task_sleep_ms(SOON_MS);
}

static void is_alone(void)
{
    CHECK(task_count() == 1);
    CHECK(task_id() > 0);
}

/* The next run has nothing of what the former one left. */
static void test_task__left_behind(void **state)
{
    (void)state;
    check_run(leave_parked);
    check_run(is_alone);
    check_run(leave_parked);
}

static void test_task__version(void **state)
{
    int major = -1;
    int minor = -1;
    int patch = -1;
    char rest;

    (void)state;
    assert_int_equal(sscanf(leash_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest), 3);
    assert_true(major >= 0 && minor >= 0 && patch >= 0);
}

/* ---- spawn ----------------------------------------------------------------------------------- */

enum colour { RED, GREEN, BLUE = 1000 * 1000 };

/* Which of the functions below have run, a bit for each number of arguments. */
static int seen;

static void note_call(int arguments)
{
    __atomic_or_fetch(&seen, 1 << arguments, __ATOMIC_RELAXED);
}

static void take_none(void)
{
    note_call(0);
}

static int take_int(int value)
{
    CHECK(value == -5);
    note_call(1);
    return value;
}

static const char *take_text(const char *text, enum colour colour)
{
    CHECK(strcmp(text, "text") == 0 && colour == BLUE);
    note_call(2);
    return text;
}

static void take_wide(int64_t low, uint64_t high, size_t size)
{
    CHECK(low == INT64_MIN && high == UINT64_MAX && size == SIZE_MAX / 3);
    note_call(3);
}

static void take_narrow(int letter, int flag, unsigned number, long negative)
{
    CHECK(letter == 'x' && flag == 1 && number == UINT32_MAX && negative == -1);
    note_call(4);
}

static void take_five(wg_t *wg, int a, int b, int c, int d)
{
    CHECK(a == 1 && b == -2 && c == 3 && d == -4);
    note_call(5);
    wg_done(wg);
}

static void take_six(int a, const int *b, long c, unsigned d, enum colour e, void *f)
{
    CHECK(a == INT32_MIN && *b == 7 && c == -3 && d == 4 && e == GREEN && !f);
    note_call(6);
}

static void wait_for_calls(int all)
{
    while (__atomic_load_n(&seen, __ATOMIC_RELAXED) != all)
        task_yield();
}

static void arguments(void)
{
    static const int seven = 7;
    const char letter = 'x';
    const bool flag = true;
    const int minus_one = -1;
    wg_t wg = {0};

    seen = 0;
    wg_add(&wg, 1);
    spawn(take_none);
    spawn(take_int, -5);
    spawn(take_text, "text", BLUE);
    spawn(take_wide, INT64_MIN, UINT64_MAX, SIZE_MAX / 3);
    spawn(take_narrow, letter, flag, UINT32_MAX, minus_one);
    spawn(take_five, &wg, 1, -2, 3, -4);
    spawn(take_six, INT32_MIN, &seven, -3L, 4U, GREEN, NULL);
    wg_wait(&wg);
    wait_for_calls(0x7f);
}

static void try_arguments(void)
{
    static const int seven = 7;
    wg_t wg = {0};

    seen = 0;
    wg_add(&wg, 1);
    CHECK(try_spawn(take_none) == 0);
    CHECK(try_spawn(take_int, -5) == 0);
    CHECK(try_spawn(take_five, &wg, 1, -2, 3, -4) == 0);
    CHECK(try_spawn(take_six, INT32_MIN, &seven, -3L, 4U, GREEN, NULL) == 0);
    wg_wait(&wg);
    wait_for_calls(0x63);
}

/* Arguments are evaluated once, and before spawn returns. */
static void evaluated_once(void)
{
    int value = -5;

    seen = 0;
    /* cppcheck-suppress unknownEvaluationOrder ; one branch of _Generic is evaluated */
    spawn(take_int, value++);
    CHECK(value == -4);
    wait_for_calls(1 << 1);
}

static void add_one(int *sum)
{
    check_add(sum, 1);
}

static void spawn_tree(int depth, int *leaves, wg_t *wg)
{
    if (depth == 0) {
        add_one(leaves);
        return;
    }
    wg_spawn(wg, spawn_tree, depth - 1, leaves, wg);
    wg_spawn(wg, spawn_tree, depth - 1, leaves, wg);
}

static void tree(void)
{
    int leaves = 0;
    wg_t wg = {0};

    wg_spawn(&wg, spawn_tree, 9, &leaves, &wg);
    wg_wait(&wg);
    CHECK(leaves == 1 << 9);
}

/* A caller that never parks gets rid of its tasks all the same. */
static void many(void)
{
    int sum = 0;

    for (int i = 0; i < 20000; i++)
        spawn(add_one, &sum);
    /* Their writes come before whatever this frame's memory is used for next. */
    while (__atomic_load_n(&sum, __ATOMIC_ACQUIRE) != 20000)
        task_yield();
}

/* ---- nobody starves -------------------------------------------------------------------------- */

static int stop;

static bool is_stopped(void)
{
    return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static void stop_all(void)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
}

static void yield_until_stop(void)
{
    while (!is_stopped())
        task_yield();
}

static void yielding(void)
{
    wg_t wg = {0};

    stop = 0;
    for (int i = 0; i < 10; i++)
        wg_spawn(&wg, yield_until_stop);
    task_yield();
    wg_spawn(&wg, stop_all);
    wg_wait(&wg);
}

static void answer_until_closed(chan_t *ball, chan_t *back)
{
    int value;

    while (chan_recv(ball, &value))
        CHECK(chan_send(back, &value));
}

static void play_until_stop(chan_t *ball, chan_t *back)
{
    int value = 0;

    while (!is_stopped()) {
        CHECK(chan_send(ball, &value));
        CHECK(chan_recv(back, &value));
    }
    chan_close(ball);
}

enum { PAIRS = 8 };

static void ping_pong(void)
{
    chan_t *channels[2 * PAIRS];
    wg_t wg = {0};

    stop = 0;
    for (int i = 0; i < 2 * PAIRS; i += 2) {
        channels[i] = chan_make(int, 0);
        channels[i + 1] = chan_make(int, 0);
        wg_spawn(&wg, answer_until_closed, channels[i], channels[i + 1]);
        wg_spawn(&wg, play_until_stop, channels[i], channels[i + 1]);
    }
    task_yield();
    wg_spawn(&wg, stop_all);
    wg_wait(&wg);
    for (int i = 0; i < 2 * PAIRS; i++)
        chan_free(channels[i]);
}

/* Timers go on beside tasks that never wait. */
static void sleep_beside_yielding(void)
{
    wg_t wg = {0};

    stop = 0;
    for (int i = 0; i < 10; i++)
        wg_spawn(&wg, yield_until_stop);
    task_sleep_ms(SOON_MS);
    stop_all();
    wg_wait(&wg);
}

/* Polls as leash.h allows it: by DEFAULT and by ctx_err. */
static void poll_channel(chan_t *done)
{
    for (bool ended = false; !ended;)
        ended = chan_select(DONE(done), DEFAULT()) == 0;
}

static void poll_context(ctx_t *ctx)
{
    while (!ctx_err(ctx))
        continue;
    ctx_unref(ctx);
}

static void polling(void)
{
    chan_t *done = done_make();
    ctx_t *ctx = ctx_with_cancel(NULL);
    wg_t wg = {0};

    for (int i = 0; i < 9; i++)
        wg_spawn(&wg, poll_channel, done);
    for (int i = 0; i < 9; i++)
        wg_spawn(&wg, poll_context, ctx_ref(ctx));
    task_sleep_ms(SOON_MS);
    chan_close(done);
    ctx_free(ctx);
    wg_wait(&wg);
    chan_free(done);
}

/* ---- numbers, counts, dumps, time ------------------------------------------------------------ */

static void note_id(chan_t *ids)
{
    uint64_t id = task_id();

    task_yield();
    CHECK(task_id() == id);
    CHECK(chan_send(ids, &id));
}

static void ids(void)
{
    chan_t *numbers = chan_make(uint64_t, 0);
    uint64_t former = task_id();
    uint64_t number;

    for (int i = 0; i < 100; i++) {
        spawn(note_id, numbers);
        CHECK(chan_recv(numbers, &number));
        CHECK(number > former);
        former = number;
    }
    chan_free(numbers);
}

static void wait_for_end(chan_t *done)
{
    int nothing;

    chan_recv(done, &nothing);
}

static void wait_for_count(size_t count)
{
    int64_t until_ms = task_now_ms() + LONG_MS;

    while (task_count() != count) {
        CHECK(task_now_ms() < until_ms);
        task_yield();
    }
}

static void counts(void)
{
    chan_t *done = done_make();
    wg_t wg = {0};

    CHECK(task_count() == 1);
    for (int i = 0; i < 50; i++) {
        wg_spawn(&wg, wait_for_end, done);
        CHECK(task_count() == (size_t)i + 2);
    }
    chan_close(done);
    wg_wait(&wg);
    wait_for_count(1);
    chan_free(done);
}

static char *written_by(int (*write)(FILE *out))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    CHECK(out && write(out) == 0);
    CHECK(fclose(out) == 0 && text);
    return text;
}

static char *dump(void)
{
    return written_by(leash_task_dump);
}

static int count_lines(const char *text)
{
    int lines = 0;

    while ((text = strchr(text, '\n'))) {
        lines++;
        text++;
    }
    return lines;
}

/* The dump has a line with all of these. */
static bool has_line(const char *text, const char *task, const char *state, const char *where)
{
    const char *end;

    for (; (end = strchr(text, '\n')); text = end + 1) {
        char line[1000];
        snprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
        if (strstr(line, task) && strstr(line, state) && strstr(line, where))
            return true;
    }
    return false;
}

static void wait_until_parked(const char *task, const char *where)
{
    for (;;) {
        char *text = dump();
        bool parked = has_line(text, task, "", where);
        free(text);
        if (parked)
            return;
        task_yield();
    }
}

static void dumps(void)
{
    chan_t *done = done_make();
    char line[100];
    wg_t wg = {0};

    snprintf(line, sizeof(line), "task %" PRIu64 " ", task_id());
    wg_spawn(&wg, wait_for_end, done);
    wait_until_parked("wait_for_end", "parked at " __FILE__ ":");
    char *text = dump();
    CHECK(count_lines(text) == 2);
    CHECK(has_line(text, line, "running", ""));
    CHECK(has_line(text, "wait_for_end", "chan receive", "spawned at " __FILE__ ":"));
    free(text);
    chan_close(done);
    wg_wait(&wg);
    chan_free(done);
}

/* On a line of a file with a name that has to be escaped. */
static void receive_oddly(chan_t *ch, _Atomic uint64_t *id)
{
    *id = task_id();
    leash_chan_recv(ch, NULL, "odd \"name\"\\\t.c:7");
}

/* Of the only parked task in a dump as JSON. */
static long parked_ms_in(const char *text)
{
    static const char member[] = "\"parked_ms\": ";

    for (; (text = strstr(text, member)); text += sizeof(member) - 1)
        if (strncmp(text + sizeof(member) - 1, "null", 4) != 0)
            return strtol(text + sizeof(member) - 1, NULL, 10);
    return -1;
}

/* Both tasks, in either order, and nothing else. */
static void dumps_json(void)
{
    chan_t *done = done_make();
    wg_t wg = {0};
    _Atomic uint64_t id = 0;
    char own[500];
    char other[500];
    char document[1200];

    leash_wg_spawn(&wg, LEASH_CALL_(receive_oddly, done, &id), "spawner.c:3");
    wait_until_parked("receive_oddly", "parked at odd");
    task_sleep_ms(PARKED_MS);
    char *text = written_by(leash_task_dump_json);
    snprintf(own, sizeof(own),
             "{\"id\": %" PRIu64 ", \"parent\": null, \"state\": \"running\", \"function\": "
             "\"main\", \"parked\": null, \"parked_ms\": null, \"spawned\": \"leash_run\", "
             "\"object\": null}",
             task_id());
    long parked_ms = parked_ms_in(text);
    CHECK(parked_ms >= PARKED_MS - 10 && parked_ms < LONG_MS);
    snprintf(other, sizeof(other),
             "{\"id\": %" PRIu64 ", \"parent\": %" PRIu64 ", \"state\": \"chan receive\", "
             "\"function\": \"receive_oddly\", \"parked\": \"odd \\\"name\\\"\\\\\\u0009.c:7\", "
             "\"parked_ms\": %ld, \"spawned\": \"spawner.c:3\", \"object\": \"%p\"}",
             id, task_id(), parked_ms, (void *)done);
    snprintf(document, sizeof(document), "{\"tasks\": [\n%s,\n%s\n]}\n", own, other);
    if (strcmp(text, document)) {
        snprintf(document, sizeof(document), "{\"tasks\": [\n%s,\n%s\n]}\n", other, own);
        CHECK(!strcmp(text, document));
    }
    free(text);
    chan_close(done);
    wg_wait(&wg);
    chan_free(done);
}

static void dump_fails_by(int (*write)(FILE *out))
{
    FILE *full = fopen("/dev/full", "w");

    CHECK(full && write(full) == ENOSPC);
    CHECK(fclose(full) == 0 || errno == ENOSPC);
    full = fopen("/dev/full", "w");
    CHECK(full && setvbuf(full, NULL, _IONBF, 0) == 0);
    CHECK(write(full) == ENOSPC);
    CHECK(fclose(full) == 0);
}

/* The errno of the writing, whenever it happens. */
static void dump_fails(void)
{
    dump_fails_by(leash_task_dump);
    dump_fails_by(leash_task_dump_json);
}

/* What a thread without tasks writes, as that of LEASH_SIGQUIT does. */
static void *write_dump(void *out)
{
    CHECK(task_dump(out) == 0);
    CHECK(fclose(out) == 0);
    return NULL;
}

/* Until all is written. */
static int count_newlines(int fd)
{
    char text[4096];
    ssize_t bytes;
    int lines = 0;

    while ((bytes = read(fd, text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < bytes; i++)
            lines += text[i] == '\n';
    CHECK(bytes == 0);
    return lines;
}

/* Spawns go on while nobody reads the dump: more than there are free stacks at hand. */
static void dump_waits_alone(void)
{
    enum { BEFORE = 300, AFTER = 2000 };
    chan_t *done = done_make();
    wg_t wg = {0};
    pthread_t writer;
    int ends[2];

    for (int i = 0; i < BEFORE; i++)
        wg_spawn(&wg, wait_for_end, done);
    CHECK(pipe(ends) == 0 && fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 0);
    FILE *out = fdopen(ends[1], "w");
    CHECK(out && pthread_create(&writer, NULL, write_dump, out) == 0);
    for (int full = 0; full < 4096;) {
        CHECK(ioctl(ends[0], FIONREAD, &full) == 0);
        task_yield();
    }
    for (int i = 0; i < AFTER; i++)
        wg_spawn(&wg, wait_for_end, done);
    CHECK(count_newlines(ends[0]) > BEFORE);
    CHECK(pthread_join(writer, NULL) == 0 && close(ends[0]) == 0);
    chan_close(done);
    wg_wait(&wg);
    chan_free(done);
}

static void clock_goes_on(void)
{
    int64_t former_ms = task_now_ms();

    for (int i = 0; i < 5; i++) {
        task_sleep_ms(2);
        int64_t now_ms = task_now_ms();
        CHECK(now_ms >= former_ms + 2);
        former_ms = now_ms;
    }
}

/* ---- order of happenings --------------------------------------------------------------------- */

struct page {
    int number;
    int copy;
};

static void check_page(const struct page *page, int number)
{
    CHECK(page->number == number && page->copy == number);
}

/* Plain memory handed over from spawn to task, from wg_done to wg_wait. */
static void fill_page(struct page *page, int number)
{
    check_page(page, number);
    page->number = page->copy = -number;
}

static void order(void)
{
    for (int i = 0; i < 300; i++) {
        struct page page = {i, i};
        wg_t wg = {0};
        wg_spawn(&wg, fill_page, &page, i);
        wg_wait(&wg);
        check_page(&page, -i);
    }
}

/* ---- errno ----------------------------------------------------------------------------------- */

enum { ERRNO_TASKS = 20, ERRNO_ROUNDS = 200 };

static void keep_errno(int number, chan_t *pass)
{
    errno = number;
    for (int i = 0; i < ERRNO_ROUNDS; i++) {
        task_yield();
        CHECK(errno == number);
        int value = i;
        CHECK(chan_send(pass, &value));
        CHECK(errno == number);
        CHECK(chan_recv(pass, &value));
        CHECK(errno == number);
        if (i % 50 == 0)
            task_sleep_ms(1);
        CHECK(errno == number);
    }
}

/* Each task parks and goes on wherever there is a free thread. */
static void own_errno(void)
{
    chan_t *pass = chan_make(int, ERRNO_TASKS);
    wg_t wg = {0};

    for (int i = 1; i <= ERRNO_TASKS; i++)
        wg_spawn(&wg, keep_errno, i, pass);
    errno = 0;
    wg_wait(&wg);
    CHECK(errno == 0);
    chan_free(pass);
}

#define TEST(name)                                                                                 \
    static void test_task__##name(void **state)                                                    \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }

TEST(arguments)
TEST(try_arguments)
TEST(evaluated_once)
TEST(tree)
TEST(many)
TEST(yielding)
TEST(ping_pong)
TEST(sleep_beside_yielding)
TEST(polling)
TEST(ids)
TEST(counts)
TEST(dumps)
TEST(dumps_json)
TEST(dump_fails)
TEST(dump_waits_alone)
TEST(clock_goes_on)
TEST(order)
TEST(own_errno)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_task__run_returns_the_result),
        cmocka_unit_test(test_task__grace),
        cmocka_unit_test(test_task__left_behind),
        cmocka_unit_test(test_task__version),
        cmocka_unit_test(test_task__arguments),
        cmocka_unit_test(test_task__try_arguments),
        cmocka_unit_test(test_task__evaluated_once),
        cmocka_unit_test(test_task__tree),
        cmocka_unit_test(test_task__many),
        cmocka_unit_test(test_task__yielding),
        cmocka_unit_test(test_task__ping_pong),
        cmocka_unit_test(test_task__sleep_beside_yielding),
        cmocka_unit_test(test_task__polling),
        cmocka_unit_test(test_task__ids),
        cmocka_unit_test(test_task__counts),
        cmocka_unit_test(test_task__dumps),
        cmocka_unit_test(test_task__dumps_json),
        cmocka_unit_test(test_task__dump_fails),
        cmocka_unit_test(test_task__dump_waits_alone),
        cmocka_unit_test(test_task__clock_goes_on),
        cmocka_unit_test(test_task__order),
        cmocka_unit_test(test_task__own_errno),
    };
    return CHECK_ALL(tests);
}
