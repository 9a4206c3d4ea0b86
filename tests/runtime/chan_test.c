/*
 * Channels: values of all sizes in order, many to many, closing, NULL channels, owners, the calls
 * with a context, and or-channels.
 */
// leash:ignore-file spawn-without-done -- tasks that are left are what is tested
#include "check.h"

enum { SOON_MS = 20, LONG_MS = 20 * 1000 };

/* ---- values ---------------------------------------------------------------------------------- */

enum { VALUE_BYTES_MAX = 100, VALUES = 300 };

/* The bytes of the value of this number. */
static void make_value(unsigned char *value, size_t size, int number)
{
    for (size_t i = 0; i < size; i++)
        value[i] = (unsigned char)((size_t)number * 7 + i);
}

static void send_values(chan_t *ch, size_t size)
{
    unsigned char value[VALUE_BYTES_MAX];

    for (int i = 0; i < VALUES; i++) {
        make_value(value, size, i);
        CHECK(chan_send(ch, value));
    }
    chan_close(ch);
}

/* Nothing beyond the value's size is written. */
static void recv_values(chan_t *ch, size_t size)
{
    unsigned char expected[VALUE_BYTES_MAX + 1];
    unsigned char value[VALUE_BYTES_MAX + 1];

    for (int i = 0; i < VALUES; i++) {
        memset(value, 0xee, sizeof(value));
        memset(expected, 0xee, sizeof(expected));
        make_value(expected, size, i);
        CHECK(chan_recv(ch, value));
        CHECK(memcmp(value, expected, sizeof(value)) == 0);
    }
    memset(expected, 0xee, sizeof(expected));
    memset(value, 0xee, sizeof(value));
    memset(expected, 0, size);
    CHECK(!chan_recv(ch, value));
    CHECK(memcmp(value, expected, sizeof(value)) == 0);
}

static chan_t *make_of_size(size_t size, size_t capacity)
{
    switch (size) {
    case 0:
        return leash_chan_make(0, capacity, LEASH_HERE);
    case 1:
        return chan_make(char, capacity);
    case 4:
        return chan_make(int, capacity);
    case 8:
        return chan_make(void *, capacity);
    case 16:
        return chan_make(
            struct {
                int64_t a;
                int64_t b;
            },
            capacity);
    default:
        return chan_make(char[VALUE_BYTES_MAX], capacity);
    }
}

static void sizes(void)
{
    static const size_t size[] = {0, 1, 4, 8, 16, VALUE_BYTES_MAX};
    static const size_t capacity[] = {0, 1, 3, 1000};

    for (size_t i = 0; i < sizeof(size) / sizeof(*size); i++)
        for (size_t j = 0; j < sizeof(capacity) / sizeof(*capacity); j++) {
            chan_t *ch = make_of_size(size[i], capacity[j]);
            CHECK(chan_cap(ch) == capacity[j] && chan_len(ch) == 0);
            spawn(send_values, ch, size[i]);
            recv_values(ch, size[i]);
            chan_free(ch);
        }
}

struct point {
    int x;
    int y;
};

static void literals(void)
{
    chan_t *points = chan_make(struct point, 1);
    struct point point;

    CHECK(chan_send(points, &(struct point){1, 2}));
    CHECK(chan_recv(points, &point) && point.x == 1 && point.y == 2);
    CHECK(chan_send_ctx(NULL, points, &(struct point){3, 4}) == 0);
    CHECK(chan_recv_ctx(NULL, points, &point) == 0 && point.x == 3 && point.y == 4);
    chan_free(points);
}

/* The value is copied: what becomes of the sender's does not matter. */
static void copied(void)
{
    chan_t *ch = chan_make(int, 2);
    int value = 1;

    CHECK(chan_send(ch, &value));
    value = 2;
    CHECK(chan_send(ch, &value));
    value = 3;
    CHECK(chan_len(ch) == 2);
    CHECK(chan_recv(ch, &value) && value == 1);
    CHECK(chan_recv(ch, &value) && value == 2);
    chan_free(ch);
}

static void dropped(void)
{
    chan_t *ch = chan_make(int, 2);
    int value = 1;

    CHECK(chan_send(ch, &value) && chan_recv(ch, NULL));
    value = 2;
    CHECK(chan_send(ch, &value) && chan_recv_ctx(NULL, ch, NULL) == 0);
    CHECK(chan_len(ch) == 0);
    chan_close(ch);
    CHECK(!chan_recv(ch, NULL) && chan_recv_ctx(NULL, ch, NULL) == EPIPE);
    chan_free(ch);
}

static void send_numbers(chan_t *ch, int from, int to)
{
    for (int i = from; i < to; i++)
        CHECK(chan_send(ch, &i));
}

/* What a parked sender holds counts as later than what is in the buffer. */
static void behind_the_buffer(void)
{
    chan_t *ch = chan_make(int, 4);
    int value;

    spawn(send_numbers, ch, 0, 10);
    check_await_parked(1);
    CHECK(chan_len(ch) == 4 && chan_cap(ch) == 4);
    for (int i = 0; i < 10; i++)
        CHECK(chan_recv(ch, &value) && value == i);
    CHECK(chan_len(ch) == 0);
    chan_free(ch);
}

static void send_flagged(chan_t *ch, int *sent)
{
    CHECK(chan_send(ch, &(int){5}));
    check_add(sent, 1);
}

/* Without room a send waits for its receive. */
static void rendezvous(void)
{
    chan_t *ch = chan_make(int, 0);
    int sent = 0;
    int value;
    wg_t wg = {0};

    wg_spawn(&wg, send_flagged, ch, &sent);
    check_await_parked(1);
    CHECK(!__atomic_load_n(&sent, __ATOMIC_SEQ_CST));
    CHECK(chan_len(ch) == 0 && chan_cap(ch) == 0);
    CHECK(chan_recv(ch, &value) && value == 5);
    wg_wait(&wg);
    CHECK(sent == 1);
    chan_free(ch);
}

static void recv_in_turn(chan_t *ch, int turn)
{
    int value;

    CHECK(chan_recv(ch, &value) && value == turn);
}

/* Who waits longest is served first. */
static void receivers_in_turn(void)
{
    chan_t *ch = chan_make(int, 0);
    wg_t wg = {0};

    for (int i = 0; i < 5; i++) {
        wg_spawn(&wg, recv_in_turn, ch, i);
        check_await_parked((size_t)i + 1);
    }
    send_numbers(ch, 0, 5);
    wg_wait(&wg);
    chan_free(ch);
}

/* ---- many to many ---------------------------------------------------------------------------- */

enum { SENDERS = 20, RECEIVERS = 13, EACH = 200 };

static void send_marked(chan_t *ch, int sender)
{
    for (int i = 0; i < EACH; i++)
        CHECK(chan_send(ch, &(struct point){sender, i}));
}

/* Of each sender a receiver sees rising numbers. */
static void recv_marked(chan_t *ch, int *sum)
{
    int last[SENDERS];
    struct point point;

    for (int i = 0; i < SENDERS; i++)
        last[i] = -1;
    while (chan_recv(ch, &point)) {
        CHECK(point.y > last[point.x]);
        last[point.x] = point.y;
        check_add(sum, point.x * EACH + point.y);
    }
}

static void many_to_many_through(size_t capacity)
{
    const int total = SENDERS * EACH;
    chan_t *ch = chan_make(struct point, capacity);
    int sum = 0;
    wg_t senders = {0};
    wg_t receivers = {0};

    for (int i = 0; i < RECEIVERS; i++)
        wg_spawn(&receivers, recv_marked, ch, &sum);
    for (int i = 0; i < SENDERS; i++)
        wg_spawn(&senders, send_marked, ch, i);
    wg_wait(&senders);
    chan_close(ch);
    wg_wait(&receivers);
    CHECK(sum == total * (total - 1) / 2);
    chan_free(ch);
}

static void many_to_many(void)
{
    many_to_many_through(0);
    many_to_many_through(1);
    many_to_many_through(64);
}

/* ---- closing --------------------------------------------------------------------------------- */

static void drained(void)
{
    chan_t *ch = chan_make(int, 3);
    int value;

    send_numbers(ch, 1, 4);
    chan_close(ch);
    CHECK(!chan_send(ch, &value));
    CHECK(chan_len(ch) == 3);
    for (int i = 1; i < 4; i++)
        CHECK(chan_recv(ch, &value) && value == i);
    for (int i = 0; i < 3; i++) {
        value = 9;
        CHECK(!chan_recv(ch, &value) && value == 0);
        CHECK(!chan_send(ch, &value));
    }
    chan_free(ch);
}

static void send_refused(chan_t *ch)
{
    int value = 4;

    CHECK(!chan_send(ch, &value) && value == 4);
}

static void send_ctx_refused(chan_t *ch)
{
    CHECK(chan_send_ctx(NULL, ch, &(int){5}) == EPIPE);
}

static void recv_refused(chan_t *ch)
{
    int value = 7;

    CHECK(!chan_recv(ch, &value) && value == 0);
}

static void recv_ctx_refused(chan_t *ch)
{
    int value = 7;

    CHECK(chan_recv_ctx(NULL, ch, &value) == EPIPE && value == 0);
}

static void close_on_senders(void)
{
    chan_t *ch = chan_make(int, 1);
    int value = 3;
    wg_t wg = {0};

    CHECK(chan_send(ch, &value));
    for (int i = 0; i < 5; i++) {
        wg_spawn(&wg, send_refused, ch);
        wg_spawn(&wg, send_ctx_refused, ch);
    }
    check_await_parked(10);
    chan_close(ch);
    wg_wait(&wg);
    CHECK(chan_recv(ch, &value) && value == 3 && !chan_recv(ch, &value));
    chan_free(ch);
}

static void close_on_receivers(void)
{
    chan_t *ch = chan_make(int, 1);
    wg_t wg = {0};

    for (int i = 0; i < 5; i++) {
        wg_spawn(&wg, recv_refused, ch);
        wg_spawn(&wg, recv_ctx_refused, ch);
    }
    check_await_parked(10);
    chan_close(ch);
    wg_wait(&wg);
    chan_free(ch);
}

/* What was written before the close is there after the receive that saw it. */
static void write_and_close(chan_t *ch, int *number)
{
    *number = 77;
    chan_close(ch);
}

static void free_after_close(void)
{
    for (int i = 0; i < 300; i++) {
        chan_t *ch = chan_make(int, 0);
        int number = 0;
        int value;
        spawn(write_and_close, ch, &number);
        CHECK(!chan_recv(ch, &value) && number == 77);
        chan_free(ch);
    }
}

static void send_one(chan_t *ch, int value)
{
    CHECK(chan_send(ch, &value));
}

/* The hand-over of the last value lets the channel go, too. */
static void free_after_value(void)
{
    for (int i = 0; i < 300; i++) {
        chan_t *ch = chan_make(int, (size_t)i % 2);
        int value;
        spawn(send_one, ch, i);
        CHECK(chan_recv(ch, &value) && value == i);
        chan_free(ch);
    }
}

/* ---- NULL channels --------------------------------------------------------------------------- */

static int gone_on;

static void recv_from_nothing(void)
{
    int value;

    chan_recv(NULL, &value);
    __atomic_store_n(&gone_on, 1, __ATOMIC_RELAXED);
}

static void send_to_nothing(void)
{
    chan_send(NULL, &(int){1});
    __atomic_store_n(&gone_on, 1, __ATOMIC_RELAXED);
}

static void null_channels(void)
{
    ctx_t *ctx = ctx_with_timeout_ms(NULL, SOON_MS);
    int value = 1;

    gone_on = 0;
    spawn(recv_from_nothing);
    spawn(send_to_nothing);
    CHECK(chan_recv_ctx(ctx, NULL, &value) == ETIMEDOUT && value == 1);
    CHECK(chan_send_ctx(ctx, NULL, &value) == ETIMEDOUT);
    ctx_free(ctx);
    CHECK(chan_len(NULL) == 0 && chan_cap(NULL) == 0);
    chan_free(NULL);
    CHECK(!chan_ref(NULL));
    CHECK(!__atomic_load_n(&gone_on, __ATOMIC_RELAXED));
    CHECK(task_count() == 3);
}

/* ---- owners ---------------------------------------------------------------------------------- */

static void count_and_free(chan_t *ch, int *sum)
{
    int value;

    while (chan_recv(ch, &value))
        check_add(sum, value);
    chan_free(ch);
}

static void owners(void)
{
    chan_t *ch = chan_make(int, 2);
    int sum = 0;
    wg_t wg = {0};

    CHECK(chan_ref(ch) == ch);
    chan_free(ch);
    for (int i = 0; i < 10; i++)
        wg_spawn(&wg, count_and_free, chan_ref(ch), &sum);
    send_numbers(ch, 0, 100);
    chan_close(ch);
    chan_free(ch);
    wg_wait(&wg);
    CHECK(sum == 99 * 100 / 2);
}

/* Freeing does not close, and gives back the values' bytes. */
static void free_with_values(void)
{
    chan_t *ch = chan_make(int, 10);
    int value;

    send_numbers(ch, 0, 10);
    chan_ref(ch);
    chan_free(ch);
    CHECK(chan_recv(ch, &value) && value == 0);
    CHECK(chan_send(ch, &value));
    chan_free(ch);
}

/* ---- with a context -------------------------------------------------------------------------- */

static void send_with_ctx(ctx_t *ctx, chan_t *ch, int expected)
{
    CHECK(chan_send_ctx(ctx, ch, &(int){6}) == expected);
}

static void recv_with_ctx(ctx_t *ctx, chan_t *ch, int expected)
{
    int value = 8;

    CHECK(chan_recv_ctx(ctx, ch, &value) == expected);
    CHECK(value == (expected ? 8 : 6));
}

static void ctx_goes_on(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);
    chan_t *ch = chan_make(int, 0);
    wg_t wg = {0};

    for (int i = 0; i < 20; i++) {
        wg_spawn(&wg, send_with_ctx, ctx, ch, 0);
        wg_spawn(&wg, recv_with_ctx, ctx, ch, 0);
    }
    wg_wait(&wg);
    chan_close(ch);
    int value = 2;
    CHECK(chan_send_ctx(ctx, ch, &value) == EPIPE);
    CHECK(chan_recv_ctx(ctx, ch, &value) == EPIPE && value == 0);
    ctx_free(ctx);
    chan_free(ch);
}

/* Waits are given up, and leave nothing behind on the channel. */
static void ctx_ends(ctx_t *ctx, int expected)
{
    chan_t *empty = chan_make(int, 1);
    chan_t *full = chan_make(int, 1);
    int value = 1;
    wg_t wg = {0};

    CHECK(chan_send(full, &value));
    for (int i = 0; i < 5; i++) {
        wg_spawn(&wg, send_with_ctx, ctx, full, expected);
        wg_spawn(&wg, recv_with_ctx, ctx, empty, expected);
    }
    task_sleep_ms(SOON_MS);
    if (expected == ECANCELED)
        ctx_cancel(ctx);
    wg_wait(&wg);
    CHECK(chan_len(full) == 1 && chan_recv(full, &value) && value == 1);
    CHECK(chan_len(full) == 0);
    chan_free(empty);
    chan_free(full);
}

/* What has ended comes before what could go. */
static void after_the_end(ctx_t *ctx, int expected)
{
    chan_t *ch = chan_make(int, 2);
    int value = 1;

    CHECK(chan_send(ch, &value));
    value = 2;
    CHECK(chan_send_ctx(ctx, ch, &value) == expected && chan_len(ch) == 1);
    CHECK(chan_recv_ctx(ctx, ch, &value) == expected && chan_len(ch) == 1 && value == 2);
    chan_free(ch);
}

static void ctx_cancelled(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);

    ctx_ends(ctx, ECANCELED);
    after_the_end(ctx, ECANCELED);
    ctx_free(ctx);
}

static void ctx_timed_out(void)
{
    ctx_t *ctx = ctx_with_timeout_ms(NULL, 2 * SOON_MS);
    int64_t start_ms = task_now_ms();

    ctx_ends(ctx, ETIMEDOUT);
    CHECK(task_now_ms() - start_ms >= SOON_MS);
    after_the_end(ctx, ETIMEDOUT);
    ctx_free(ctx);
}

static void send_all_with_ctx(ctx_t *ctx, chan_t *ch, int *sent)
{
    while (chan_send_ctx(ctx, ch, &(int){1}) == 0)
        check_add(sent, 1);
}

static void recv_all_counted(chan_t *ch, int *received)
{
    while (chan_recv(ch, NULL))
        check_add(received, 1);
}

/* A send that says it was cancelled has not been received, whenever the context ends. */
static void cancelled_amid(void)
{
    for (int i = 0; i < 20; i++) {
        ctx_t *ctx = ctx_with_cancel(NULL);
        chan_t *ch = chan_make(int, (size_t)i % 3);
        int sent = 0;
        int received = 0;
        wg_t senders = {0};
        wg_t receivers = {0};
        for (int j = 0; j < 4; j++)
            wg_spawn(&senders, send_all_with_ctx, ctx, ch, &sent);
        for (int j = 0; j < 3; j++)
            wg_spawn(&receivers, recv_all_counted, ch, &received);
        for (int j = 0; j < i; j++)
            task_yield();
        ctx_cancel(ctx);
        wg_wait(&senders);
        chan_close(ch);
        wg_wait(&receivers);
        CHECK(sent == received);
        ctx_free(ctx);
        chan_free(ch);
    }
}

/* ---- or-channels ----------------------------------------------------------------------------- */

static bool is_closed(chan_t *done)
{
    return chan_select(DONE(done), DEFAULT()) == 0;
}

static void close_soon(chan_t *done)
{
    task_sleep_ms(SOON_MS);
    chan_close(done);
}

static void or_channels(void)
{
    chan_t *done[3] = {done_make(), done_make(), done_make()};
    chan_t *either = chan_or(done[0], NULL, done[1], done[2]);

    CHECK(either && !is_closed(either));
    spawn(close_soon, done[1]);
    CHECK(!chan_recv(either, NULL));
    CHECK(is_closed(either) && is_closed(done[1]) && !is_closed(done[0]) && !is_closed(done[2]));
    /* A second close among the inputs changes nothing. */
    chan_close(done[0]);
    CHECK(is_closed(either));
    chan_free(either);
    for (int i = 0; i < 3; i++)
        chan_free(done[i]);
}

static void or_of_none(void)
{
    chan_t *none = NULL;
    chan_t *done = done_make();

    CHECK(!chan_or(none));
    CHECK(!chan_or(NULL, NULL, NULL));
    chan_t *one = chan_or(NULL, done, NULL);
    CHECK(one && !is_closed(one));
    chan_close(done);
    CHECK(is_closed(one));
    chan_free(one);
    /* Closed already. */
    one = chan_or(done, none);
    CHECK(is_closed(one));
    chan_free(one);
    chan_free(done);
}

static void or_of_the_same(void)
{
    chan_t *done = done_make();
    chan_t *twice = chan_or(done, done);

    CHECK(!is_closed(twice));
    chan_close(done);
    CHECK(is_closed(twice));
    chan_free(twice);
    chan_free(done);
}

/* Either may be freed first: the or-channel holds on to its inputs. */
static void or_freed_in_any_order(void)
{
    chan_t *a = done_make();
    chan_t *b = done_make();
    chan_t *first = chan_or(a, b);
    chan_t *second = chan_or(a, b);

    chan_free(first);
    chan_free(b);
    CHECK(!is_closed(second));
    chan_close(a);
    chan_free(a);
    CHECK(is_closed(second));
    chan_free(second);
}

static void or_nested(void)
{
    chan_t *done[4] = {done_make(), done_make(), done_make(), done_make()};
    chan_t *low = chan_or(done[0], done[1]);
    chan_t *high = chan_or(done[2], done[3]);
    chan_t *top = chan_or(low, high);

    chan_free(low);
    chan_free(high);
    CHECK(!is_closed(top));
    chan_close(done[3]);
    CHECK(is_closed(top) && !is_closed(done[0]));
    chan_free(top);
    for (int i = 0; i < 4; i++)
        chan_free(done[i]);
}

enum { FOLDED = 100 * 1000 };

/* One after the other, as a loop makes them; closing the first input goes through all. */
static void or_folded(void)
{
    chan_t *first = done_make();
    chan_t *all = chan_or(first);

    for (int i = 1; i < FOLDED; i++) {
        chan_t *done = done_make();
        chan_t *more = chan_or(all, done);
        chan_free(done);
        chan_free(all);
        all = more;
    }
    CHECK(!is_closed(all));
    chan_close(first);
    CHECK(is_closed(all));
    chan_free(all);
    chan_free(first);
}

static void wait_for_done(chan_t *done)
{
    CHECK(!chan_recv(done, NULL));
    chan_free(done);
}

/* Closes and frees from all sides at once. */
static void or_amid(void)
{
    for (int i = 0; i < 100; i++) {
        chan_t *a = done_make();
        chan_t *b = done_make();
        wg_t wg = {0};
        for (int j = 0; j < 4; j++)
            wg_spawn(&wg, wait_for_done, chan_or(a, b));
        for (int j = 0; j < i % 4; j++)
            task_yield();
        chan_close(i % 2 ? a : b);
        chan_free(a);
        chan_free(b);
        wg_wait(&wg);
    }
}

#define TEST(name)                                                                                 \
    static void test_chan__##name(void **state)                                                    \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }

TEST(sizes)
TEST(literals)
TEST(copied)
TEST(dropped)
TEST(behind_the_buffer)
TEST(rendezvous)
TEST(receivers_in_turn)
TEST(many_to_many)
TEST(drained)
TEST(close_on_senders)
TEST(close_on_receivers)
TEST(free_after_close)
TEST(free_after_value)
TEST(null_channels)
TEST(owners)
TEST(free_with_values)
TEST(ctx_goes_on)
TEST(ctx_cancelled)
TEST(ctx_timed_out)
TEST(cancelled_amid)
TEST(or_channels)
TEST(or_of_none)
TEST(or_of_the_same)
TEST(or_freed_in_any_order)
TEST(or_nested)
TEST(or_folded)
TEST(or_amid)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chan__sizes),
        cmocka_unit_test(test_chan__literals),
        cmocka_unit_test(test_chan__copied),
        cmocka_unit_test(test_chan__dropped),
        cmocka_unit_test(test_chan__behind_the_buffer),
        cmocka_unit_test(test_chan__rendezvous),
        cmocka_unit_test(test_chan__receivers_in_turn),
        cmocka_unit_test(test_chan__many_to_many),
        cmocka_unit_test(test_chan__drained),
        cmocka_unit_test(test_chan__close_on_senders),
        cmocka_unit_test(test_chan__close_on_receivers),
        cmocka_unit_test(test_chan__free_after_close),
        cmocka_unit_test(test_chan__free_after_value),
        cmocka_unit_test(test_chan__null_channels),
        cmocka_unit_test(test_chan__owners),
        cmocka_unit_test(test_chan__free_with_values),
        cmocka_unit_test(test_chan__ctx_goes_on),
        cmocka_unit_test(test_chan__ctx_cancelled),
        cmocka_unit_test(test_chan__ctx_timed_out),
        cmocka_unit_test(test_chan__cancelled_amid),
        cmocka_unit_test(test_chan__or_channels),
        cmocka_unit_test(test_chan__or_of_none),
        cmocka_unit_test(test_chan__or_of_the_same),
        cmocka_unit_test(test_chan__or_freed_in_any_order),
        cmocka_unit_test(test_chan__or_nested),
        cmocka_unit_test(test_chan__or_folded),
        cmocka_unit_test(test_chan__or_amid),
    };
    return CHECK_ALL(tests);
}
