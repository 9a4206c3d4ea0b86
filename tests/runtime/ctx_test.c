/*
 * Contexts: how they end and with what, trees wide and deep, values, holders, and hang-ups.
 */
#include "check.h"

#include <sys/socket.h>
#include <unistd.h>

enum { SOON_MS = 20, LONG_MS = 20 * 1000 };

static const char key[] = "key";

static bool is_done(ctx_t *ctx)
{
    bool done = chan_select(DONE(ctx), DEFAULT()) == 0;

    CHECK(done == (ctx_err(ctx) != 0));
    return done;
}

static void wait_for(ctx_t *ctx)
{
    CHECK(!chan_recv(ctx_done(ctx), NULL));
}

static void cancel_soon(ctx_t *ctx)
{
    task_sleep_ms(SOON_MS);
    ctx_cancel(ctx);
    ctx_unref(ctx);
}

/* ---- each kind ------------------------------------------------------------------------------- */

static void background(void)
{
    ctx_t *root = ctx_background();

    CHECK(root && root == ctx_background());
    CHECK(!ctx_done(root) && !ctx_done(NULL));
    CHECK(ctx_err(root) == 0 && ctx_err(NULL) == 0);
    CHECK(ctx_deadline_ms(root) == INT64_MAX && ctx_deadline_ms(NULL) == INT64_MAX);
    CHECK(!ctx_value(root, key) && !ctx_value(NULL, key) && !ctx_value(root, NULL));
    CHECK(ctx_ref(root) == root && !ctx_ref(NULL));
    ctx_unref(root);
    ctx_unref(NULL);
    ctx_cancel(root);
    ctx_cancel(NULL);
    ctx_free(root);
    ctx_free(NULL);
    CHECK(ctx_err(root) == 0);
    ctx_t *child = ctx_with_cancel(root);
    CHECK(!is_done(child));
    ctx_free(child);
}

static void cancel(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);

    CHECK(ctx_done(ctx) && ctx_done(ctx) == ctx_done(ctx));
    CHECK(!is_done(ctx) && ctx_err(ctx) == 0 && ctx_deadline_ms(ctx) == INT64_MAX);
    for (int i = 0; i < 3; i++) {
        ctx_cancel(ctx);
        CHECK(is_done(ctx) && ctx_err(ctx) == ECANCELED);
    }
    ctx_free(ctx);
    ctx = ctx_with_cancel(NULL);
    spawn(cancel_soon, ctx_ref(ctx));
    wait_for(ctx);
    CHECK(ctx_err(ctx) == ECANCELED);
    ctx_free(ctx);
}

static void timeout(void)
{
    int64_t start_ms = task_now_ms();
    ctx_t *ctx = ctx_with_timeout_ms(NULL, SOON_MS);

    CHECK(ctx_deadline_ms(ctx) >= start_ms + SOON_MS);
    CHECK(ctx_deadline_ms(ctx) <= task_now_ms() + SOON_MS + 1);
    wait_for(ctx);
    CHECK(task_now_ms() - start_ms >= SOON_MS && task_now_ms() - start_ms < LONG_MS);
    CHECK(ctx_err(ctx) == ETIMEDOUT);
    /* It stays what it was. */
    ctx_cancel(ctx);
    CHECK(ctx_err(ctx) == ETIMEDOUT);
    ctx_free(ctx);
    ctx = ctx_with_timeout_ms(NULL, LONG_MS);
    ctx_cancel(ctx);
    CHECK(ctx_err(ctx) == ECANCELED);
    ctx_free(ctx);
    ctx = ctx_with_timeout_ms(NULL, INT64_MAX);
    CHECK(!is_done(ctx) && ctx_deadline_ms(ctx) == INT64_MAX);
    ctx_free(ctx);
}

static void deadline(void)
{
    int64_t when_ms = task_now_ms() + SOON_MS;
    ctx_t *ctx = ctx_with_deadline_ms(NULL, when_ms);

    CHECK(ctx_deadline_ms(ctx) == when_ms);
    wait_for(ctx);
    CHECK(task_now_ms() >= when_ms && ctx_err(ctx) == ETIMEDOUT);
    ctx_free(ctx);
    ctx = ctx_with_deadline_ms(NULL, INT64_MAX);
    CHECK(!is_done(ctx));
    ctx_free(ctx);
}

/* A time that has passed ends it at the next scheduling. */
static void passed(void)
{
    static const int64_t past_ms[] = {0, -1, INT64_MIN};

    for (size_t i = 0; i < sizeof(past_ms) / sizeof(*past_ms); i++) {
        ctx_t *after = ctx_with_timeout_ms(NULL, past_ms[i]);
        ctx_t *until = ctx_with_deadline_ms(NULL, past_ms[i]);
        wait_for(after);
        wait_for(until);
        CHECK(ctx_err(after) == ETIMEDOUT && ctx_err(until) == ETIMEDOUT);
        ctx_free(after);
        ctx_free(until);
    }
}

/* A loop that computes sees the end, without parking. */
static void seen_by_a_loop(void)
{
    ctx_t *ctx = ctx_with_timeout_ms(NULL, SOON_MS);

    while (!ctx_err(ctx))
        continue;
    CHECK(ctx_err(ctx) == ETIMEDOUT);
    ctx_free(ctx);
}

static void values(void)
{
    static const char other[] = "other";
    int one = 1;
    int two = 2;
    ctx_t *top = ctx_with_value(NULL, key, &one);
    ctx_t *middle = ctx_with_cancel(top);
    ctx_t *low = ctx_with_value(middle, other, &two);
    ctx_t *lowest = ctx_with_value(low, key, &two);

    CHECK(ctx_value(top, key) == &one && !ctx_value(top, other));
    CHECK(ctx_value(middle, key) == &one && !ctx_value(middle, other));
    CHECK(ctx_value(low, key) == &one && ctx_value(low, other) == &two);
    CHECK(ctx_value(lowest, key) == &two && ctx_value(lowest, other) == &two);
    /* Keys are compared by address; NULL is one as well. */
    char copy[] = "key";
    CHECK(!ctx_value(low, copy) && !ctx_value(low, NULL));
    ctx_t *unnamed = ctx_with_value(low, NULL, &one);
    CHECK(ctx_value(unnamed, NULL) == &one && ctx_value(unnamed, key) == &one);
    /* A value NULL hides the ancestor's. */
    ctx_t *hidden = ctx_with_value(low, key, NULL);
    CHECK(!ctx_value(hidden, key));
    /* It ends with its parent, and its own end is not the parent's. */
    ctx_cancel(lowest);
    CHECK(is_done(lowest) && !is_done(low));
    ctx_cancel(middle);
    CHECK(is_done(low) && is_done(unnamed) && !is_done(top) && ctx_value(low, other) == &two);
    ctx_t *all[] = {top, middle, low, lowest, unnamed, hidden};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        ctx_free(all[i]);
}

/* ---- trees ----------------------------------------------------------------------------------- */

static void parent_ends_children(void)
{
    ctx_t *parent = ctx_with_cancel(NULL);
    ctx_t *child = ctx_with_timeout_ms(parent, LONG_MS);
    ctx_t *grandchild = ctx_with_value(child, key, NULL);
    ctx_t *brother = ctx_with_cancel(parent);

    ctx_cancel(brother);
    CHECK(is_done(brother) && !is_done(parent) && !is_done(child));
    spawn(cancel_soon, ctx_ref(parent));
    wait_for(grandchild);
    CHECK(ctx_err(parent) == ECANCELED);
    CHECK(ctx_err(child) == ECANCELED && ctx_err(grandchild) == ECANCELED);
    ctx_free(child);
    ctx_free(parent);
    ctx_free(brother);
    ctx_free(grandchild);
    /* The parent's time is the child's. */
    parent = ctx_with_timeout_ms(NULL, SOON_MS);
    child = ctx_with_cancel(parent);
    wait_for(child);
    CHECK(ctx_err(child) == ETIMEDOUT && ctx_err(parent) == ETIMEDOUT);
    ctx_free(parent);
    ctx_free(child);
}

/* Never later than the parent. */
static void earliest_time(void)
{
    int64_t when_ms = task_now_ms() + SOON_MS;
    ctx_t *parent = ctx_with_deadline_ms(NULL, when_ms);
    ctx_t *later = ctx_with_timeout_ms(parent, LONG_MS);
    ctx_t *plain = ctx_with_cancel(parent);
    ctx_t *value = ctx_with_value(plain, key, NULL);
    ctx_t *earlier = ctx_with_deadline_ms(later, when_ms - 1);

    CHECK(ctx_deadline_ms(later) == when_ms && ctx_deadline_ms(plain) == when_ms);
    CHECK(ctx_deadline_ms(value) == when_ms && ctx_deadline_ms(earlier) == when_ms - 1);
    wait_for(earlier);
    wait_for(later);
    CHECK(task_now_ms() >= when_ms && task_now_ms() < when_ms + LONG_MS - SOON_MS);
    wait_for(value);
    CHECK(ctx_err(later) == ETIMEDOUT && ctx_err(value) == ETIMEDOUT);
    ctx_free(parent);
    ctx_free(later);
    ctx_free(plain);
    ctx_free(value);
    ctx_free(earlier);
}

static void child_of_ended(void)
{
    ctx_t *parent = ctx_with_cancel(NULL);

    ctx_cancel(parent);
    ctx_t *children[] = {ctx_with_cancel(parent), ctx_with_timeout_ms(parent, LONG_MS),
                         ctx_with_deadline_ms(parent, INT64_MAX),
                         ctx_with_value(parent, key, NULL)};
    for (size_t i = 0; i < sizeof(children) / sizeof(*children); i++) {
        CHECK(is_done(children[i]) && ctx_err(children[i]) == ECANCELED);
        ctx_free(children[i]);
    }
    ctx_free(parent);
    parent = ctx_with_timeout_ms(NULL, 0);
    wait_for(parent);
    ctx_t *child = ctx_with_cancel(parent);
    CHECK(ctx_err(child) == ETIMEDOUT);
    ctx_free(child);
    ctx_free(parent);
}

/* Freeing a parent ends its children, which may be used on. */
static void freed_parent(void)
{
    ctx_t *parent = ctx_with_value(NULL, key, NULL);
    ctx_t *child = ctx_with_cancel(parent);
    ctx_t *grandchild = ctx_with_cancel(child);

    ctx_free(parent);
    CHECK(is_done(child) && ctx_err(grandchild) == ECANCELED);
    ctx_free(child);
    CHECK(!ctx_value(grandchild, key) && is_done(grandchild));
    ctx_free(grandchild);
}

/* Freeing a child leaves the others as they are. */
static void freed_children(void)
{
    ctx_t *parent = ctx_with_cancel(NULL);
    ctx_t *child[3];

    for (int i = 0; i < 3; i++)
        child[i] = ctx_with_cancel(parent);
    ctx_free(child[1]);
    CHECK(!is_done(child[0]) && !is_done(child[2]) && !is_done(parent));
    ctx_free(child[2]);
    ctx_cancel(parent);
    CHECK(is_done(child[0]));
    ctx_free(child[0]);
    ctx_free(parent);
}

enum { DEEP = 100 * 1000, WIDE = 10 * 1000 };

/* A chain, ended at its top. */
static void deep(bool from_the_top)
{
    ctx_t **chain = malloc(DEEP * sizeof(ctx_t *));

    CHECK(chain);
    for (int i = 0; i < DEEP; i++)
        chain[i] = ctx_with_cancel(i ? chain[i - 1] : NULL);
    ctx_cancel(chain[DEEP / 2]);
    CHECK(is_done(chain[DEEP - 1]) && !is_done(chain[DEEP / 2 - 1]));
    ctx_cancel(chain[0]);
    CHECK(is_done(chain[DEEP / 2 - 1]));
    for (int i = 0; i < DEEP; i++)
        ctx_free(chain[from_the_top ? i : DEEP - 1 - i]);
    free(chain);
}

static void deep_from_the_top(void)
{
    deep(true);
}

static void deep_from_the_bottom(void)
{
    deep(false);
}

static void wide(void)
{
    ctx_t **children = malloc(WIDE * sizeof(ctx_t *));
    ctx_t *parent = ctx_with_cancel(NULL);

    CHECK(children);
    for (int i = 0; i < WIDE; i++)
        children[i] = i % 2 ? ctx_with_cancel(parent) : ctx_with_timeout_ms(parent, LONG_MS);
    ctx_cancel(parent);
    for (int i = 0; i < WIDE; i++)
        CHECK(is_done(children[i]));
    for (int i = 0; i < WIDE; i++)
        ctx_free(children[(i * 7) % WIDE]);
    ctx_free(parent);
    free(children);
}

/* ---- holders --------------------------------------------------------------------------------- */

static void use_and_unref(ctx_t *ctx, int *ended)
{
    wait_for(ctx);
    CHECK(ctx_err(ctx) == ECANCELED);
    ctx_unref(ctx);
    check_add(ended, 1);
}

/* Who outlives the maker's ctx_free holds a reference. */
static void holders(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);
    int ended = 0;
    wg_t wg = {0};

    CHECK(ctx_ref(ctx) == ctx);
    ctx_unref(ctx);
    CHECK(!is_done(ctx));
    for (int i = 0; i < 20; i++)
        wg_spawn(&wg, use_and_unref, ctx_ref(ctx), &ended);
    task_yield();
    ctx_free(ctx);
    wg_wait(&wg);
    CHECK(ended == 20);
}

/* The done channel may be held beyond the context. */
static void done_held(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);
    chan_t *done = chan_ref(ctx_done(ctx));
    chan_t *either = chan_or(done, NULL);

    ctx_free(ctx);
    CHECK(!chan_recv(done, NULL) && !chan_recv(either, NULL));
    chan_free(done);
    chan_free(either);
}

/* ---- much at once ---------------------------------------------------------------------------- */

static void grow(ctx_t *parent, int depth, wg_t *wg)
{
    ctx_t *ctx = depth % 2 ? ctx_with_cancel(parent) : ctx_with_timeout_ms(parent, depth);

    ctx_unref(parent);
    for (int i = 0; depth && i < 2; i++)
        wg_spawn(wg, grow, ctx_ref(ctx), depth - 1, wg);
    if (!depth)
        wait_for(ctx);
    ctx_free(ctx);
}

/* A tree that is made, ended and freed from all sides. */
static void amid(void)
{
    for (int i = 0; i < 10; i++) {
        ctx_t *root = ctx_with_cancel(NULL);
        wg_t wg = {0};
        wg_spawn(&wg, grow, ctx_ref(root), 6, &wg);
        for (int j = 0; j < i; j++)
            task_yield();
        ctx_cancel(root);
        ctx_free(root);
        wg_wait(&wg);
    }
}

/* The time comes while it is cancelled and freed. */
static void time_against_free(void)
{
    for (int i = 0; i < 100; i++) {
        ctx_t *ctx = ctx_with_timeout_ms(NULL, 1);
        ctx_t *child = ctx_with_cancel(ctx);
        if (i % 2)
            task_sleep_ms(1);
        ctx_free(i % 3 ? ctx : child);
        ctx_free(i % 3 ? child : ctx);
    }
}

/* ---- hang-ups -------------------------------------------------------------------------------- */

static void close_soon(int fd)
{
    task_sleep_ms(SOON_MS);
    CHECK(close(fd) == 0);
}

static void hangup(void)
{
    int end[2];
    char byte = 'x';

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
    ctx_t *parent = ctx_with_value(NULL, key, &byte);
    ctx_t *ctx = ctx_with_hangup(parent, end[0]);
    ctx_t *child = ctx_with_timeout_ms(ctx, LONG_MS);
    CHECK(!is_done(ctx) && ctx_value(ctx, key) == &byte);
    /* Data is no hang-up. */
    CHECK(write(end[1], &byte, 1) == 1);
    task_sleep_ms(SOON_MS);
    CHECK(!is_done(ctx));
    spawn(close_soon, end[1]);
    wait_for(child);
    CHECK(ctx_err(ctx) == ECANCELED && ctx_err(child) == ECANCELED && !is_done(parent));
    /* Who has hung up before. */
    ctx_t *late = ctx_with_hangup(parent, end[0]);
    wait_for(late);
    CHECK(ctx_err(late) == ECANCELED);
    ctx_free(late);
    ctx_free(ctx);
    ctx_free(child);
    ctx_free(parent);
    CHECK(io_close(end[0]) == 0);
}

/* It ends as any other, too, and then does not watch any more. */
static void hangup_ended_otherwise(void)
{
    int end[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
    ctx_t *parent = ctx_with_timeout_ms(NULL, SOON_MS);
    ctx_t *ctx = ctx_with_hangup(parent, end[0]);
    ctx_t *cancelled = ctx_with_hangup(NULL, end[0]);
    CHECK(ctx_deadline_ms(ctx) == ctx_deadline_ms(parent));
    ctx_cancel(cancelled);
    CHECK(ctx_err(cancelled) == ECANCELED);
    wait_for(ctx);
    CHECK(ctx_err(ctx) == ETIMEDOUT);
    CHECK(close(end[1]) == 0);
    task_sleep_ms(SOON_MS);
    CHECK(ctx_err(ctx) == ETIMEDOUT);
    ctx_free(ctx);
    ctx_free(cancelled);
    ctx_free(parent);
    CHECK(io_close(end[0]) == 0);
}

#define TEST(name)                                                                                 \
    static void test_ctx__##name(void **state)                                                     \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }

TEST(background)
TEST(cancel)
TEST(timeout)
TEST(deadline)
TEST(passed)
TEST(seen_by_a_loop)
TEST(values)
TEST(parent_ends_children)
TEST(earliest_time)
TEST(child_of_ended)
TEST(freed_parent)
TEST(freed_children)
TEST(deep_from_the_top)
TEST(deep_from_the_bottom)
TEST(wide)
TEST(holders)
TEST(done_held)
TEST(amid)
TEST(time_against_free)
TEST(hangup)
TEST(hangup_ended_otherwise)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ctx__background),
        cmocka_unit_test(test_ctx__cancel),
        cmocka_unit_test(test_ctx__timeout),
        cmocka_unit_test(test_ctx__deadline),
        cmocka_unit_test(test_ctx__passed),
        cmocka_unit_test(test_ctx__seen_by_a_loop),
        cmocka_unit_test(test_ctx__values),
        cmocka_unit_test(test_ctx__parent_ends_children),
        cmocka_unit_test(test_ctx__earliest_time),
        cmocka_unit_test(test_ctx__child_of_ended),
        cmocka_unit_test(test_ctx__freed_parent),
        cmocka_unit_test(test_ctx__freed_children),
        cmocka_unit_test(test_ctx__deep_from_the_top),
        cmocka_unit_test(test_ctx__deep_from_the_bottom),
        cmocka_unit_test(test_ctx__wide),
        cmocka_unit_test(test_ctx__holders),
        cmocka_unit_test(test_ctx__done_held),
        cmocka_unit_test(test_ctx__amid),
        cmocka_unit_test(test_ctx__time_against_free),
        cmocka_unit_test(test_ctx__hangup),
        cmocka_unit_test(test_ctx__hangup_ended_otherwise),
    };
    return CHECK_ALL(tests);
}
