// uses.cpp - every name of leash.h from C++.  It must compile without a warning; it is never run.
#include <leash.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/socket.h>

namespace
{

struct point {
    int x, y;
};

struct store {
    mu_t lock;
    rw_t table_lock;
    cv_t filled;
    once_t once;
    int items;
};

enum color { RED, GREEN };

void nothing()
{
}

int with_context(ctx_t *ctx)
{
    return ctx_err(ctx);
}

void *with_two(chan_t *done, const char *)
{
    return done;
}

long with_six(ctx_t *, const store *, int a, const char *, color, uint64_t b)
{
    return a + static_cast<long>(b);
}

void on_event(void *arg)
{
    chan_close(static_cast<chan_t *>(arg));
}

void *resolve(void *arg)
{
    return arg;
}

void spawns(ctx_t *ctx, const store *data, int count)
{
    wg_t wg = {};
    defer_wg_wait(&wg);
    chan_t *done = done_make();
    // clang-format off
    defer_free(done); defer_close(done);
    // clang-format on

    spawn(nothing);
    spawn(with_context, ctx);
    spawn(&with_two, done, "name");
    for (int i = 0; i < count; i++)
        if (i % 2)
            wg_spawn(&wg, with_six, ctx, data, i, "six", GREEN, uint64_t{7});
        else
            wg_spawn(&wg, with_six, nullptr, nullptr, i, nullptr, RED, 0U);
    if (try_spawn(with_context, ctx) == ENOMEM)
        task_yield();
}

bool channels(ctx_t *ctx)
{
    chan_t *points = chan_make(point, 4);
    chan_t *stop = done_make();
    point origin = {0, 0};
    bool ok = chan_send(points, &origin) && chan_recv(points, &origin);

    if (chan_send_ctx(ctx, points, &origin) || chan_recv_ctx(ctx, points, nullptr) == EPIPE)
        ok = chan_len(points) < chan_cap(points);
    switch (chan_select(RECV(points, &origin), RECV_OK(points, nullptr, &ok), SEND(points, &origin),
                        SEND_OK(points, &ok, &origin), DONE(ctx), DONE(stop), AFTER_MS(10),
                        UNTIL_MS(task_now_ms() + 10))) {
    case 0:
        break;
    default:
        ok = chan_select(DONE(ctx), DEFAULT()) == 0;
        break;
    }
    chan_t *any = chan_or(stop, ctx_done(ctx));
    chan_free(any);
    chan_close(stop);
    chan_free(chan_ref(stop));
    chan_free(stop);
    chan_free(points);
    return ok;
}

void prepare(void *arg)
{
    static_cast<store *>(arg)->items = 1;
}

int locks(ctx_t *ctx, store *data, wg_t *wg)
{
    once_do(&data->once, prepare, data);
    wg_add(wg, 2);
    wg_done(wg);
    {
        defer_wg_done(wg);
        mu_lock(&data->lock);
        defer_unlock(&data->lock);
        while (data->items == 0)
            if (int err = cv_wait_ctx(ctx, &data->filled, &data->lock))
                return err;
        while (data->items == 1)
            cv_wait(&data->filled, &data->lock);
    }
    if (mu_trylock(&data->lock)) {
        cv_signal(&data->filled);
        cv_broadcast(&data->filled);
        mu_unlock(&data->lock);
    }
    rw_rlock(&data->table_lock);
    rw_runlock(&data->table_lock);
    rw_lock(&data->table_lock);
    rw_unlock(&data->table_lock);
    {
        rw_lock(&data->table_lock);
        defer_rw_unlock(&data->table_lock);
    }
    rw_rlock(&data->table_lock);
    defer_rw_runlock(&data->table_lock);
    wg_wait(wg);
    return wg_wait_ctx(ctx, wg);
}

int contexts(ctx_t *parent, int fd)
{
    static char key;
    int value = 7;
    ctx_t *request = ctx_with_cancel(parent ? parent : ctx_background());
    defer_ctx_free(request);
    ctx_t *timed = ctx_with_timeout_ms(request, 500);
    defer_ctx_free(timed);
    defer_cancel(timed);
    ctx_t *dated = ctx_with_deadline_ms(timed, ctx_deadline_ms(timed) - 100);
    defer_ctx_free(dated);
    ctx_t *peer = ctx_with_hangup(dated, fd);
    defer_ctx_free(peer);
    ctx_t *named = ctx_with_value(peer, &key, &value);
    if (ctx_value(named, &key) == &value)
        ctx_cancel(named);
    ctx_unref(ctx_ref(named));
    ctx_free(named);
    task_sleep_ms(1);
    return task_sleep_ctx(request, 5);
}

void timers(chan_t *done)
{
    ticker_t *ticker = ticker_start_ms(1000);
    alarm_t *alarm = alarm_after_ms(50, on_event, done);
    int64_t when = 0;

    while (chan_select(RECV(ticker_chan(ticker), &when), DONE(done)) == 0) {
    }
    ticker_stop(ticker);
    if (!alarm_stop(alarm))
        alarm_detach(alarm_after_ms(0, on_event, done));
}

ssize_t files(ctx_t *ctx, int listener, const sockaddr_in &peer)
{
    char buffer[64];
    int fd = io_accept(ctx, listener, NO_TIMEOUT);
    ssize_t length = io_read(ctx, fd, buffer, sizeof buffer, 1000);
    if (length > 0)
        length = io_write(ctx, fd, buffer, static_cast<size_t>(length), 1000);
    if (io_wait(ctx, fd, IO_READ | IO_WRITE | IO_HANGUP, 10) == IO_HANGUP ||
        io_connect(ctx, fd, &peer, sizeof peer, 1000))
        length = -1;
    io_close(fd);
    chan_t *signals = signal_notify(SIGINT, SIGTERM);
    signal_stop(signals);
    return length;
}

LEASH_DAEMON void reaper(LEASH_TAKES chan_t *done)
{
    defer_close(done);
    char *text = static_cast<char *>(task_blocking(resolve, std::malloc(1)));
    defer_call(std::free, text);
}

void tell(const task_news_t *news, void *out)
{
    (void)task_dump(static_cast<FILE *>(out));
    (void)news;
}

size_t leaks(FILE *out)
{
    leak_check_scope();
    leak_mark_t mark = leak_mark();
    leak_ignore("uses.c:*");
    debug_stacks();
    if (debug_serve("127.0.0.1:6060") == 0)
        debug_stop();
    if (task_watch(1000, 60000, tell, out) == 0)
        task_watch_stop();
    if (task_id() > 1 && task_count() > 1 && (task_dump_as(out, "tree") || task_dump_json(out)))
        return leak_find(out) + leak_find_json(out);
    return leak_report(out, mark, 100);
}

int entry(int argc, char **)
{
    store data = {};
    wg_t wg = {};
    sockaddr_in peer = {};
    ctx_t *ctx = ctx_background();

    spawns(ctx, &data, argc);
    spawn(reaper, done_make());
    spawn(timers, ctx_done(ctx));
    if (!channels(ctx) || files(ctx, 3, peer) < 0)
        return 1;
    return locks(ctx, &data, &wg) + contexts(ctx, 3) + static_cast<int>(leaks(stderr));
}

} // namespace

int main(int argc, char **argv)
{
    puts(leash_version());
    return leash_run(entry, argc, argv);
}
