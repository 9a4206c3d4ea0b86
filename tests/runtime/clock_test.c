/*
 * The virtual clock: long times pass at once, exactly, and in order.
 */
#include "check.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, REAL_SECONDS_MAX = 20 };

/* ---- exact times ----------------------------------------------------------------------------- */

static void sleep_exactly(void)
{
    static const int64_t ms[] = {1, 7, MINUTE_MS, 100 * (int64_t)HOUR_MS};

    for (size_t i = 0; i < sizeof(ms) / sizeof(*ms); i++) {
        int64_t start_ms = task_now_ms();
        task_sleep_ms(ms[i]);
        CHECK(task_now_ms() == start_ms + ms[i]);
    }
}

/* Computing takes no time. */
static void stands_still(void)
{
    struct timespec moment = {.tv_nsec = 3 * 1000 * 1000};
    int64_t start_ms = task_now_ms();

    CHECK(nanosleep(&moment, NULL) == 0);
    CHECK(task_now_ms() == start_ms);
}

static void wait_for_close(chan_t *done)
{
    chan_recv(done, NULL);
}

/* The dump says it of a task that has been parked for so long. */
static void check_parked_for(int64_t ms, int (*write)(FILE *out), const char *words)
{
    chan_t *done = done_make();
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    spawn(wait_for_close, done);
    task_sleep_ms(ms);
    CHECK(out && write(out) == 0);
    CHECK(fclose(out) == 0 && strstr(text, words));
    free(text);
    chan_close(done);
    while (task_count() > 1)
        task_yield();
    chan_free(done);
}

static void parked_in_virtual_time(void)
{
    const int64_t day_ms = 24 * (int64_t)HOUR_MS;

    /* To the hundredth of a second. */
    check_parked_for(990, leash_task_dump, " [chan receive]: wait_for_close, parked at ");
    check_parked_for(1000, leash_task_dump, " [chan receive, 1.0s]: wait_for_close, ");
    check_parked_for(59990, leash_task_dump, " [chan receive, 59.9s]: wait_for_close, ");
    check_parked_for(MINUTE_MS, leash_task_dump, " [chan receive, 1m00s]: wait_for_close, ");
    check_parked_for(HOUR_MS + 7 * MINUTE_MS, leash_task_dump, " [chan receive, 1h07m]: ");
    check_parked_for(60 * day_ms + 4 * HOUR_MS, leash_task_dump, " [chan receive, 60d04h]: ");
    check_parked_for(MINUTE_MS + 10, leash_task_dump_json, "\"parked_ms\": 60010, ");
}

static void note_order(chan_t *order, int number)
{
    task_sleep_ms(number * (int64_t)MINUTE_MS);
    CHECK(chan_send(order, &number));
}

static void one_after_the_other(void)
{
    enum { COUNT = 50 };
    chan_t *order = chan_make(int, 0);
    int64_t start_ms = task_now_ms();

    for (int i = COUNT; i > 0; i--)
        spawn(note_order, order, i);
    for (int i = 1; i <= COUNT; i++) {
        int number;
        CHECK(chan_recv(order, &number));
        CHECK(number == i);
        CHECK(task_now_ms() == start_ms + i * (int64_t)MINUTE_MS);
    }
    chan_free(order);
}

static void add_one(void *place)
{
    check_add(place, 1);
}

static void timers_of_all_kinds(void)
{
    int rung = 0;
    int64_t tick_ms;
    int64_t start_ms = task_now_ms();
    alarm_t *alarm = alarm_after_ms(HOUR_MS / 2, add_one, &rung);
    ticker_t *ticker = ticker_start_ms(20 * (int64_t)MINUTE_MS);
    ctx_t *ctx = ctx_with_timeout_ms(NULL, HOUR_MS);

    for (int i = 1; i <= 2; i++) {
        CHECK(chan_recv(ticker_chan(ticker), &tick_ms));
        CHECK(tick_ms == start_ms + i * 20 * (int64_t)MINUTE_MS);
    }
    ticker_stop(ticker);
    CHECK(__atomic_load_n(&rung, __ATOMIC_SEQ_CST) == 1);
    CHECK(chan_select(DONE(ctx), AFTER_MS(2 * HOUR_MS)) == 0);
    CHECK(task_now_ms() == start_ms + HOUR_MS);
    CHECK(ctx_err(ctx) == ETIMEDOUT);
    ctx_free(ctx);
    alarm_stop(alarm);
}

/* ---- what comes from outside ----------------------------------------------------------------- */

/* A peer that never answers. */
static void silent_peer(void)
{
    int pair[2];
    char byte;
    int64_t start_ms = task_now_ms();

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK_FAILS(io_read(NULL, pair[0], &byte, 1, HOUR_MS), ETIMEDOUT);
    CHECK(task_now_ms() == start_ms + HOUR_MS);
    CHECK(io_close(pair[0]) == 0);
    CHECK(io_close(pair[1]) == 0);
}

static void answer(int fd)
{
    char byte;

    CHECK(io_read(NULL, fd, &byte, 1, NO_TIMEOUT) == 1);
    CHECK(io_write(NULL, fd, &byte, 1, NO_TIMEOUT) == 1);
}

/* What another task sends is there before the time is up. */
static void peer_that_answers(void)
{
    int pair[2];
    int64_t start_ms = task_now_ms();

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    for (char byte = 0; byte < 20; byte++) {
        char back = -1;
        spawn(answer, pair[1]);
        CHECK(io_write(NULL, pair[0], &byte, 1, NO_TIMEOUT) == 1);
        CHECK(io_read(NULL, pair[0], &back, 1, 1) == 1);
        CHECK(back == byte);
    }
    CHECK(task_now_ms() == start_ms);
    CHECK(io_close(pair[0]) == 0);
    CHECK(io_close(pair[1]) == 0);
}

/* Two bytes at a time. */
static void echo(int fd)
{
    char bytes[2];

    while (io_read(NULL, fd, &bytes[0], 1, NO_TIMEOUT) == 1 &&
           io_read(NULL, fd, &bytes[1], 1, NO_TIMEOUT) == 1)
        if (io_write(NULL, fd, bytes, 2, NO_TIMEOUT) != 2)
            break;
    CHECK(io_close(fd) == 0);
}

/* A listener on a free port of loopback, whose address goes to `address`. */
static int listen_anywhere(struct sockaddr_in *address)
{
    socklen_t size = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0);
    CHECK(bind(fd, (struct sockaddr *)address, sizeof(*address)) == 0);
    CHECK(listen(fd, 1) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)address, &size) == 0);
    return fd;
}

/* Whether each pair of bytes comes back before a timeout in virtual time. */
static bool pairs_come_back(int fd)
{
    enum { ROUNDS = 20 };

    for (int i = 0; i < ROUNDS; i++) {
        char byte = (char)i;
        char back[2];
        CHECK(io_write(NULL, fd, &byte, 1, NO_TIMEOUT) == 1);
        CHECK(io_write(NULL, fd, &byte, 1, NO_TIMEOUT) == 1);
        for (int j = 0; j < 2; j++) {
            if (io_read(NULL, fd, &back[j], 1, 1) != 1)
                return false;
            CHECK(back[j] == byte);
        }
    }
    return true;
}

static bool connection_is_in_time(void)
{
    struct sockaddr_in address;
    int listener = listen_anywhere(&address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    wg_t echoing = {0};

    CHECK(io_connect(NULL, fd, &address, sizeof(address), NO_TIMEOUT) == 0);
    wg_spawn(&echoing, echo, io_accept(NULL, listener, NO_TIMEOUT));
    bool in_time = pairs_come_back(fd);
    CHECK(io_close(fd) == 0);
    CHECK(io_close(listener) == 0);
    wg_wait(&echoing);
    return in_time;
}

/* The machine may be so busy that what comes is late. */
static void comes_in_time(bool (*attempt)(void))
{
    enum { TRIES = 20 };
    bool came = false;

    for (int i = 0; i < TRIES && !came; i++)
        came = attempt();
    CHECK(came);
}

/* The second of two small writes waits until the first was acknowledged, which the kernel puts off.
 */
static void connection_that_answers(void)
{
    comes_in_time(connection_is_in_time);
}

/* On a thread of its own. */
static void *write_in_a_moment(void *end)
{
    struct timespec moment = {.tv_nsec = 5 * 1000 * 1000};

    CHECK(nanosleep(&moment, NULL) == 0);
    CHECK(write(*(const int *)end, "x", 1) == 1);
    return NULL;
}

static bool byte_is_in_time(void)
{
    int ends[2];
    char byte;
    pthread_t writer;

    CHECK(pipe(ends) == 0);
    CHECK(pthread_create(&writer, NULL, write_in_a_moment, &ends[1]) == 0);
    bool came = io_read(NULL, ends[0], &byte, 1, HOUR_MS) == 1;
    CHECK(pthread_join(writer, NULL) == 0);
    CHECK(io_close(ends[0]) == 0);
    CHECK(io_close(ends[1]) == 0);
    return came;
}

static void byte_on_its_way(void)
{
    comes_in_time(byte_is_in_time);
}

/* The moment is for what was sent: a task that only waits for input does not delay each leap. */
static void leaps_beside_a_reader(void)
{
    enum { LEAPS = 2000 };
    int pair[2];
    int64_t start_ms = task_now_ms();

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    spawn(echo, pair[1]);
    for (int i = 0; i < LEAPS; i++)
        task_sleep_ms(MINUTE_MS);
    CHECK(task_now_ms() == start_ms + LEAPS * (int64_t)MINUTE_MS);
    CHECK(io_close(pair[0]) == 0);
}

static void *block_for_a_moment(void *arg)
{
    struct timespec moment = {.tv_nsec = 5 * 1000 * 1000};

    CHECK(nanosleep(&moment, NULL) == 0);
    return arg;
}

static void sleep_and_close(chan_t *done)
{
    task_sleep_ms(1);
    chan_close(done);
}

/* Time waits for a call on a helper thread, and goes on after it. */
static void blocking_call(void)
{
    int64_t start_ms = task_now_ms();
    chan_t *done = done_make();

    spawn(sleep_and_close, done);
    CHECK(task_blocking(block_for_a_moment, done) == done);
    CHECK(task_now_ms() == start_ms);
    CHECK(!chan_recv(done, NULL));
    CHECK(task_now_ms() == start_ms + 1);
    chan_free(done);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void compute_for_ever(const int *stop)
{
    while (!__atomic_load_n(stop, __ATOMIC_SEQ_CST))
        task_yield();
}

/* The grace for leaks ends, though time stands still behind a task that computes. */
static void grace_beside_one_that_computes(void)
{
    leak_mark_t mark = leak_mark();
    FILE *out = fopen("/dev/null", "w");
    int stop = 0;

    CHECK(out);
    spawn(compute_for_ever, &stop);
    CHECK(leak_report(out, mark, 50) == 1);
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    CHECK(leak_report(out, mark, MINUTE_MS) == 0);
    CHECK(fclose(out) == 0);
}

/* A task that ends within the grace is no leak, one that ends after it is. */
static void grace_in_virtual_time(void)
{
    leak_mark_t mark = leak_mark();
    FILE *out = fopen("/dev/null", "w");
    chan_t *done = done_make();

    CHECK(out);
    spawn(sleep_and_close, done);
    CHECK(leak_report(out, mark, HOUR_MS) == 0);
    chan_free(done);
    done = chan_make(int, 1);
    // leash:ignore spawn-without-done -- there is room for what it sends
    spawn(note_order, done, 2);
    CHECK(leak_report(out, mark, 100) == 1);
    CHECK(leak_report(out, mark, HOUR_MS) == 0);
    chan_free(done);
    CHECK(fclose(out) == 0);
}

#define TEST(name)                                                                                 \
    static void test_clock__##name(void **state)                                                   \
    {                                                                                              \
        struct timespec start, end;                                                                \
                                                                                                   \
        (void)state;                                                                               \
        clock_gettime(CLOCK_MONOTONIC, &start);                                                    \
        check_run(name);                                                                           \
        clock_gettime(CLOCK_MONOTONIC, &end);                                                      \
        CHECK(end.tv_sec - start.tv_sec < REAL_SECONDS_MAX);                                       \
    }

TEST(sleep_exactly)
TEST(stands_still)
TEST(parked_in_virtual_time)
TEST(one_after_the_other)
TEST(timers_of_all_kinds)
TEST(silent_peer)
TEST(peer_that_answers)
TEST(connection_that_answers)
TEST(byte_on_its_way)
TEST(leaps_beside_a_reader)
TEST(blocking_call)
TEST(grace_beside_one_that_computes)
TEST(grace_in_virtual_time)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock__sleep_exactly),
        cmocka_unit_test(test_clock__stands_still),
        cmocka_unit_test(test_clock__parked_in_virtual_time),
        cmocka_unit_test(test_clock__one_after_the_other),
        cmocka_unit_test(test_clock__timers_of_all_kinds),
        cmocka_unit_test(test_clock__silent_peer),
        cmocka_unit_test(test_clock__peer_that_answers),
        cmocka_unit_test(test_clock__connection_that_answers),
        cmocka_unit_test(test_clock__byte_on_its_way),
        cmocka_unit_test(test_clock__leaps_beside_a_reader),
        cmocka_unit_test(test_clock__blocking_call),
        cmocka_unit_test(test_clock__grace_beside_one_that_computes),
        cmocka_unit_test(test_clock__grace_in_virtual_time),
    };
    setenv("LEASH_CLOCK", "virtual", 1);
    return CHECK_ALL(tests);
}
