/*
 * The defer_* declarations: what each calls, when, and in which order.
 */
#include "check.h"

/* ---- order ----------------------------------------------------------------------------------- */

static char trace[32];

static void note(void *text)
{
    strcat(trace, text);
}

/* Literals are not void *. */
static char a[] = "a";
static char b[] = "b";
static char c[] = "c";
static char d[] = "d";

static bool trace_is(const char *expected)
{
    bool same = strcmp(trace, expected) == 0;

    trace[0] = '\0';
    return same;
}

static int last_first(void)
{
    defer_call(note, a);
    defer_call(note, b);
    {
        defer_call(note, c);
    }
    defer_call(note, d);
    /* What is returned is evaluated before. */
    return trace_is("c") ? 5 : 0;
}

static int early(int when)
{
    defer_call(note, a);
    if (when == 0)
        return 0;
    defer_call(note, b);
    for (int i = 0; i < 3; i++) {
        defer_call(note, c);
        if (when == 1)
            break;
        if (when == 2)
            continue;
        return 3;
    }
    defer_call(note, d);
    return when;
}

static void order(void)
{
    CHECK(last_first() == 5 && trace_is("dba"));
    CHECK(early(0) == 0 && trace_is("a"));
    CHECK(early(1) == 1 && trace_is("cdba"));
    CHECK(early(2) == 2 && trace_is("cccdba"));
    CHECK(early(3) == 3 && trace_is("cba"));
}

static int leave_by_break(bool leaves)
{
    defer_call(note, a);
    do {
        defer_call(note, b);
        if (leaves)
            break;
        note(c);
    } while (false);
    note(d);
    return 1;
}

static int leave_by_goto(bool leaves)
{
    {
        defer_call(note, a);
        if (leaves)
            goto out;
        note(b);
    }
    note(c);
out:
    note(d);
    return 1;
}

static void ways_out(void)
{
    CHECK(leave_by_break(true) && trace_is("bda"));
    CHECK(leave_by_break(false) && trace_is("cbda"));
    CHECK(leave_by_goto(true) && trace_is("ad"));
    CHECK(leave_by_goto(false) && trace_is("bacd"));
}

static void argument_at_once(void)
{
    {
        char *text = a;
        defer_call(note, text);
        text = b;
        CHECK(*text == 'b');
    }
    CHECK(trace_is("a"));
    /* Several on one line. */
    {
        // clang-format off
        defer_call(note, a); defer_call(note, b);
        // clang-format on
    }
    CHECK(trace_is("ba"));
}

static void in_a_task(bool early_return)
{
    defer_call(note, a);
    task_yield();
    if (early_return)
        return;
    defer_call(note, b);
}

/* When the task returns, before those who wait for it go on. */
static void tasks(void)
{
    wg_t wg = {0};

    wg_spawn(&wg, in_a_task, true);
    wg_wait(&wg);
    CHECK(trace_is("a"));
    wg_spawn(&wg, in_a_task, false);
    wg_wait(&wg);
    CHECK(trace_is("ba"));
}

/* ---- each of them ---------------------------------------------------------------------------- */

static void send_all(chan_t *out, int count)
{
    defer_close(out);
    for (int i = 0; i < count; i++)
        if (!chan_send(out, &i))
            return;
}

static void closes(void)
{
    chan_t *ch = chan_make(int, 0);
    defer_free(ch);
    int value;
    int count = 0;

    spawn(send_all, ch, 5);
    while (chan_recv(ch, &value))
        CHECK(value == count++);
    CHECK(count == 5);
}

static void free_one(chan_t *ch)
{
    defer_free(ch);
    defer_free(NULL);
    CHECK(chan_send(ch, &(int){1}));
}

static void frees(void)
{
    chan_t *ch = chan_make(int, 1);

    free_one(chan_ref(ch));
    CHECK(chan_len(ch) == 1);
    chan_free(ch);
    free_one(chan_make(int, 1));
}

static void count_off(wg_t *wg, int *count)
{
    defer_wg_done(wg);
    check_add(count, 1);
    task_yield();
}

static void spawn_and_wait(int *count)
{
    wg_t wg = {0};
    defer_wg_wait(&wg);

    for (int i = 0; i < 10; i++) {
        wg_add(&wg, 1);
        spawn(count_off, &wg, count);
    }
}

static void wait_groups(void)
{
    int count = 0;

    spawn_and_wait(&count);
    CHECK(count == 10);
}

static bool is_free(mu_t *mu)
{
    bool taken = mu_trylock(mu);

    if (taken)
        mu_unlock(mu);
    return taken;
}

static int with_lock(mu_t *mu)
{
    mu_lock(mu);
    defer_unlock(mu);
    return is_free(mu) ? 0 : 1;
}

static void locks(void)
{
    mu_t mu = {0};

    for (int i = 0; i < 3; i++)
        CHECK(with_lock(&mu) == 1 && is_free(&mu));
}

static void read_locked(rw_t *rw)
{
    rw_rlock(rw);
    defer_rw_runlock(rw);
    task_yield();
}

static void write_locked(rw_t *rw)
{
    rw_lock(rw);
    defer_rw_unlock(rw);
    task_yield();
}

/* Each would park for ever if the one before had kept the lock. */
static void read_write_locks(void)
{
    rw_t rw = {0};

    for (int i = 0; i < 3; i++) {
        write_locked(&rw);
        read_locked(&rw);
    }
    write_locked(&rw);
}

static void cancel_at_end(ctx_t *ctx)
{
    defer_cancel(ctx);
    CHECK(!ctx_err(ctx));
}

static ctx_t *free_at_end(ctx_t *parent)
{
    ctx_t *ctx = ctx_with_cancel(parent);
    defer_ctx_free(ctx);

    CHECK(!ctx_err(ctx));
    return ctx_ref(ctx);
}

static void contexts(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);
    defer_ctx_free(ctx);
    ctx_t *child = free_at_end(ctx);

    CHECK(ctx_err(child) == ECANCELED && !ctx_err(ctx));
    ctx_unref(child);
    cancel_at_end(ctx);
    CHECK(ctx_err(ctx) == ECANCELED);
}

#define TEST(name)                                                                                 \
    static void test_defer__##name(void **state)                                                   \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }

TEST(order)
TEST(ways_out)
TEST(argument_at_once)
TEST(tasks)
TEST(closes)
TEST(frees)
TEST(wait_groups)
TEST(locks)
TEST(read_write_locks)
TEST(contexts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defer__order),
        cmocka_unit_test(test_defer__ways_out),
        cmocka_unit_test(test_defer__argument_at_once),
        cmocka_unit_test(test_defer__tasks),
        cmocka_unit_test(test_defer__closes),
        cmocka_unit_test(test_defer__frees),
        cmocka_unit_test(test_defer__wait_groups),
        cmocka_unit_test(test_defer__locks),
        cmocka_unit_test(test_defer__read_write_locks),
        cmocka_unit_test(test_defer__contexts),
    };
    return CHECK_ALL(tests);
}
