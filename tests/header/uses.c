/*
 * uses.c - every name of leash.h as users write it, nested in each other and in all their own
 * constructs.  It must compile without a warning; it is never run.
 */
#include <leash.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A user's own macros and variables, named as those who write a header might name theirs. */
#define START(fn, arg) spawn(fn, arg)
#define START_ALL(wg, fn, cases, count)                                                            \
    do {                                                                                           \
        for (int site = 0; site < (count); site++)                                                 \
            if ((cases)[site])                                                                     \
                wg_spawn(wg, fn, (cases)[site]);                                                   \
    } while (0)
#define FIRST_OF(a, b) chan_select(RECV(a, NULL), RECV(b, NULL))
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int err = (call);                                                                          \
        if (err)                                                                                   \
            return err;                                                                            \
    } while (0)

struct point {
    int x, y;
};

struct job {
    chan_t *done;
    chan_t *results;
    int64_t deadline;
    int fd;
};

enum color { RED, GREEN };

static const char *const names[] = {"one", "two"};

static void nothing(void)
{
}

static int with_context(ctx_t *ctx)
{
    return ctx_err(ctx);
}

static void *with_two(chan_t *done, const char *name)
{
    (void)name;
    return done;
}

static void with_three(ctx_t *ctx, struct job *job, int index)
{
    (void)index;
    (void)chan_send_ctx(ctx, job->results, &(struct point){.x = 1, .y = 2});
}

static long with_four(chan_t *done, long a, unsigned b, size_t c)
{
    (void)done;
    return a + (long)b + (long)c;
}

static void with_five(chan_t *done, uint64_t a, void *p, enum color color, const char *name)
{
    (void)done;
    (void)a;
    (void)p;
    (void)color;
    (void)name;
}

static void with_six(ctx_t *ctx, const struct job *job, int a, const char *name,
                     void (*callback)(void *), long b)
{
    (void)ctx;
    (void)job;
    (void)name;
    (void)a;
    (void)b;
    (void)callback;
}

static void on_event(void *arg)
{
    chan_close(arg);
}

static void *resolve(void *arg)
{
    return arg;
}

static void spawns(ctx_t *ctx, struct job *jobs, int count)
{
    wg_t wg = {0};
    defer_wg_wait(&wg);
    chan_t *done = done_make();
    /* clang-format off */
    defer_free(done); defer_close(done);
    /* clang-format on */
    void (*chosen)(void) = count > 1 ? nothing : NULL;
    chan_t *cases[] = {done, NULL};

    spawn(nothing);
    spawn(with_context, ctx);
    spawn(&with_two, done, "name");
    spawn(with_three, ctx, &jobs[0], 0);
    spawn(with_four, done, -1L, 2U, sizeof(struct job));
    spawn(with_five, done, UINT64_C(1), NULL, GREEN, "five");
    spawn(with_six, NULL, jobs, count, names[1], on_event, -6L);
    if (chosen)
        spawn(chosen);
    else
        START(with_context, ctx);
    if (count > 0) {
        for (int i = 0; i < count;)
            wg_spawn(&wg, with_three, ctx, jobs, i++);
    }
    for (int i = 0; i < count; i++)
        if (jobs[i].fd >= 0)
            wg_spawn(&wg, with_two, jobs[i].done, i % 2 ? "odd" : "even");
    START_ALL(&wg, chan_free, cases, 2);
    wg_spawn(&wg, nothing);
    wg_spawn(&wg, with_four, done, 1L, 2U, (size_t)3);
    wg_spawn(&wg, with_five, done, 1U, &wg, RED, names[0]);
    wg_spawn(&wg, with_six, ctx, &jobs[0], 4, "six", on_event, 5L);
    if (try_spawn(nothing) || try_spawn(with_two, done, names[0]) == ENOMEM)
        task_yield();
    int err = try_spawn(with_six, ctx, jobs, 1, names[0], NULL, 2L);
    while (err == EAGAIN)
        err = try_spawn(with_context, ctx);
}

static int tasks(ctx_t *ctx, char *host)
{
    int64_t start = task_now_ms();
    if (task_id() == 1)
        task_sleep_ms(10);
    TRY(task_sleep_ctx(ctx, task_now_ms() - start));
    void *address = task_blocking(resolve, host);
    return address ? 0 : ENOENT;
}

static bool channels(ctx_t *ctx, size_t room)
{
    chan_t *points = chan_make(struct point, room);
    chan_t *texts = chan_make(const char *, 0);
    chan_t *extra = chan_ref(points);
    chan_t *stop = done_make();
    struct point origin = {0, 0};
    const char *text = NULL;
    bool sent = chan_send(points, &(struct point){1, 2}) && chan_send(points, &origin);

    if (chan_send(texts, &names[0]))
        sent = chan_recv(texts, &text);
    while (chan_recv(points, &origin))
        if (chan_recv(points, NULL) && chan_len(points) == chan_cap(points))
            break;
    switch (chan_send_ctx(ctx, points, &(struct point){.y = 3})) {
    case 0:
        break;
    case EPIPE:
        sent = false;
        break;
    default:
        return false;
    }
    if (chan_recv_ctx(ctx, texts, &text) == EPIPE || chan_recv_ctx(NULL, texts, NULL))
        sent = !sent;
    chan_t *any = chan_or(stop, ctx_done(ctx));
    chan_t *one = chan_or(stop);
    chan_free(one);
    chan_free(any);
    chan_close(points);
    chan_close(stop);
    void (*release)(chan_t *) = chan_free;
    release(extra);
    chan_free(points);
    chan_free(texts);
    chan_free(stop);
    return sent;
}

static int selects(ctx_t *ctx, chan_t **inputs, size_t count, chan_t *out)
{
    int value = 0;
    int total = 0;
    bool ok = false;
    size_t next = 0;

    while (total < 100) {
        switch (chan_select(RECV(inputs[next++ % count], &value), RECV_OK(inputs[0], &value, &ok),
                            DONE(ctx))) {
        case 0:
            total += value;
            break;
        case 1:
            switch (chan_select(SEND(out, &(struct point){value, 2}), SEND_OK(out, &ok, &value),
                                DONE(inputs[1]), AFTER_MS(100))) {
            case 0:
            case 1:
                continue;
            default:
                break;
            }
            break;
        default:
            return ctx_err(ctx);
        }
        if (chan_select(RECV(inputs[0], NULL), DEFAULT()) == 1 && FIRST_OF(inputs[0], out))
            break;
    }
    int64_t until = ctx_deadline_ms(ctx);
    return chan_select(DONE(ctx_done(ctx)), UNTIL_MS(until - 10),
                       SEND_OK(out, &ok, &(struct point){1, chan_select(DONE(ctx), DEFAULT())}));
}

struct store {
    mu_t lock;
    rw_t table_lock;
    cv_t filled;
    once_t once;
    int items;
};

static void prepare(void *arg)
{
    struct store *store = arg;
    store->items = 1;
}

static int locks(ctx_t *ctx, struct store *store, wg_t *wg)
{
    once_do(&store->once, prepare, store);
    wg_add(wg, 2);
    wg_done(wg);
    {
        defer_wg_done(wg);
        mu_lock(&store->lock);
        defer_unlock(&store->lock);
        while (store->items == 0)
            TRY(cv_wait_ctx(ctx, &store->filled, &store->lock));
        while (store->items < 2)
            cv_wait(&store->filled, &store->lock);
    }
    if (mu_trylock(&store->lock)) {
        cv_signal(&store->filled);
        cv_broadcast(&store->filled);
        mu_unlock(&store->lock);
    }
    rw_rlock(&store->table_lock);
    rw_runlock(&store->table_lock);
    rw_lock(&store->table_lock);
    rw_unlock(&store->table_lock);
    if (store->items > 1) {
        rw_lock(&store->table_lock);
        defer_rw_unlock(&store->table_lock);
        store->items--;
    }
    for (int i = 0; i < store->items; i++) {
        rw_rlock(&store->table_lock);
        defer_rw_runlock(&store->table_lock);
        if (i == 3)
            break;
    }
    wg_wait(wg);
    return wg_wait_ctx(ctx, wg);
}

static void contexts(ctx_t *parent, int fd)
{
    static const char key;
    int value = 7;
    ctx_t *root = ctx_background();
    ctx_t *request = ctx_with_cancel(parent ? parent : root);
    defer_ctx_free(request);
    defer_cancel(request);
    /* clang-format off */
    ctx_t *timed = ctx_with_timeout_ms(request, 500); defer_ctx_free(timed); defer_cancel(timed);
    /* clang-format on */
    ctx_t *dated = ctx_with_deadline_ms(timed, task_now_ms() + 100);
    defer_ctx_free(dated);
    ctx_t *peer = ctx_with_hangup(dated, fd);
    defer_ctx_free(peer);
    ctx_t *named = ctx_with_value(peer, &key, &value);
    if (ctx_value(named, &key) == &value)
        ctx_cancel(named);
    ctx_unref(ctx_ref(named));
    ctx_free(named);
}

static void timers(chan_t *done)
{
    ticker_t *ticker = ticker_start_ms(1000);
    alarm_t *alarm = alarm_after_ms(50, on_event, done);
    int64_t when = 0;

    for (;;) {
        int which = chan_select(RECV(ticker_chan(ticker), &when), DONE(done));
        if (which == 1)
            break;
    }
    ticker_stop(ticker);
    if (!alarm_stop(alarm))
        alarm_detach(alarm_after_ms(0, on_event, done));
}

static ssize_t files(ctx_t *ctx, int listener, const struct sockaddr_in *peer)
{
    char buffer[64];
    int fd = io_accept(ctx, listener, NO_TIMEOUT);
    if (fd < 0)
        return -1;
    ssize_t length = io_read(ctx, fd, buffer, sizeof buffer, 1000);
    if (length > 0)
        length = io_write(ctx, fd, buffer, (size_t)length, 1000);
    if (io_wait(ctx, fd, IO_READ | IO_WRITE | IO_HANGUP, 10) == IO_HANGUP)
        length = 0;
    if (io_connect(ctx, fd, peer, sizeof *peer, 1000) != 0)
        length = -1;
    io_close(fd);

    chan_t *signals = signal_notify(SIGINT, SIGTERM);
    chan_t *hangup = signal_notify(SIGHUP);
    signal_stop(hangup);
    signal_stop(signals);
    return length;
}

static void free_text(void *text)
{
    free(text);
}

/* A defer in a block that is the body of the user's own macro, among others on the same line. */
#define LOCKED(store, body)                                                                        \
    do {                                                                                           \
        mu_lock(&(store)->lock);                                                                   \
        defer_unlock(&(store)->lock);                                                              \
        body                                                                                       \
    } while (0)

static int defers(struct store *store, chan_t *out)
{
    char *text = malloc(10);
    /* clang-format off */
    defer_call(free_text, text); defer_close(out);
    /* clang-format on */
    LOCKED(store, {
        char *inner = malloc(5);
        defer_call(free_text, inner);
        LOCKED(store, store->items++;);
        if (!inner)
            return -1;
    });
    return text ? 0 : -1;
}

LEASH_DAEMON static void reaper(LEASH_TAKES chan_t *done)
{
    defer_free(done);
    (void)chan_select(DONE(done));
}

static void tell(const task_news_t *news, void *out)
{
    (void)task_dump(out);
    (void)news;
}

static size_t leaks(FILE *out)
{
    leak_check_scope();
    leak_mark_t mark = leak_mark();
    leak_ignore("uses.c:*");
    debug_stacks();
    if (debug_serve("127.0.0.1:6060") == 0)
        debug_stop();
    if (task_watch(1000, 60000, tell, out) == 0)
        task_watch_stop();
    if (task_count() > 1 && (task_dump_as(out, "tree") || task_dump_json(out)))
        return leak_find(out) + leak_find_json(out);
    return leak_report(out, mark, 100);
}

static int entry(int argc, char **argv)
{
    ctx_t *ctx = ctx_background();
    struct store store = {0};
    struct job jobs[2] = {{.fd = -1}, {.fd = 3}};
    chan_t *inputs[2] = {0};
    const struct sockaddr_in peer = {0};
    wg_t wg = {0};

    spawns(ctx, jobs, argc);
    contexts(ctx, 3);
    spawn(reaper, done_make());
    spawn(timers, inputs[0]);
    if (!channels(ctx, 4) || files(ctx, 3, &peer) < 0)
        return 1;
    return tasks(ctx, argv[0]) + selects(ctx, inputs, 2, NULL) + locks(ctx, &store, &wg) +
           defers(&store, NULL) + (int)leaks(stderr);
}

int main(int argc, char **argv)
{
    puts(leash_version());
    return leash_run(entry, argc, argv);
}
