/*
 * io.c - reading, writing, accepting, connecting, waiting and closing.
 *
 * Every call tries first and parks only when the system says EAGAIN.  On a TCP connection a read
 * that brought less than there was room for has left nothing behind; the next read then parks at
 * once, and a request costs two system calls and its share of epoll_wait.
 *
 * What cannot be waited for, regular files above all, is done on a helper thread (blocking.c).
 */
#include "chan.h"
#include "ctx.h"
#include "descriptor.h"
#include "idle.h"
#include "scheduler.h"
#include "sys.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* Calls on one descriptor in a row that did not park before others have their turn. */
enum { STREAK_MAX = 64 };

/* One call of the user's. */
struct call {
    struct descriptor *descriptor;
    leash_ctx_t *ctx;
    int64_t timeout_ms;
    int64_t when_tick; /* the end of its time, once `timed` */
    const char *name;  /* for dumps */
    const char *site;
    const void *out;     /* what to write */
    void *in;            /* where to read to */
    size_t len;          /* of it */
    uint32_t generation; /* of the descriptor, at the beginning */
    int fd;
    int wanted; /* of io_wait: LEASH_EVENT_READ and so on */
    bool timed;
    bool let_go;       /* by an event, which others may have to hear of */
    bool left_nothing; /* the others need not hear of it */
};

/* ---- beginning and end ----------------------------------------------------------------------- */

/* A task that never has to wait would keep the thread for itself. */
static void give_others_a_turn(struct descriptor *descriptor)
{
    uint8_t streak = atomic_load_explicit(&descriptor->streak, memory_order_relaxed);

    if (streak < STREAK_MAX) {
        atomic_store_explicit(&descriptor->streak, streak + 1, memory_order_relaxed);
        return;
    }
    atomic_store_explicit(&descriptor->streak, 0, memory_order_relaxed);
    leash_task_yield();
}

/* 0, or the errno of a call that ends before it begins.  The fields that differ from call to call
 * are filled in already. */
static int call_begin(struct call *call)
{
    schedule_point();
    idle_note_io();
    call->descriptor = descriptor_get(call->fd, call->site);
    if (!call->descriptor)
        return EBADF;
    descriptor_begin(call->descriptor);
    call->generation = atomic_load_explicit(&call->descriptor->generation, memory_order_acquire);
    give_others_a_turn(call->descriptor);
    return call->ctx ? ctx_error(call->ctx) : 0;
}

/* The result as the user sees it: -1 and errno for a negative one. */
static ssize_t call_end(ssize_t result)
{
    if (result >= 0)
        return result;
    errno_set((int)-result);
    return -1;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static bool may_wait(const struct call *call)
{
    return call->timeout_ms > 0 || call->timeout_ms == LEASH_NO_TIMEOUT;
}

/* Something happened since the caller looked, so it has to look again. */
static bool has_changed(const struct descriptor *descriptor, uint64_t seen)
{
    return atomic_load_explicit(&descriptor->events, memory_order_relaxed) != seen;
}

/* The number was given up: whoever was on it gets ECANCELED.  Else 0: look again. */
static int given_up(const struct call *call)
{
    return atomic_load_explicit(&call->descriptor->generation, memory_order_acquire) ==
                   call->generation
               ? 0
               : ECANCELED;
}

/* For the descriptor alone. */
static int wait_plainly(struct call *call, struct waitq *queue, uint64_t seen)
{
    struct descriptor *descriptor = call->descriptor;
    struct waiter waiter = {.task = task_self()};

    lock_acquire(&descriptor->lock);
    if (has_changed(descriptor, seen)) {
        lock_release(&descriptor->lock);
        return given_up(call);
    }
    waitq_push(queue, &waiter);
    park(&descriptor->lock, call->name, descriptor, call->site);
    call->let_go = waiter.ok;
    return waiter.ok ? 0 : ECANCELED;
}

enum { FROM_DESCRIPTOR, FROM_CTX, FROM_TIMER };

/* For the descriptor, the context and the time. */
static int wait_for_several(struct call *call, struct waitq *queue, uint64_t seen)
{
    struct timer timer = {0};
    struct source source[] = {
        [FROM_DESCRIPTOR] = {.lock = &call->descriptor->lock, .queue = queue},
        [FROM_CTX] = {0},
        [FROM_TIMER] = {0},
    };
    struct source *ordered[3];
    struct sources sources = {source, ordered, call->timed ? 3 : 2};

    ctx_source(&source[FROM_CTX], call->ctx);
    if (call->timed)
        timer_source(&source[FROM_TIMER], &timer, call->when_tick);
    sources_lock(&sources);
    leash_chan_t *done = source[FROM_CTX].ch;
    bool ended = done && done->closed;
    if (ended || has_changed(call->descriptor, seen)) {
        sources_unlock(&sources);
        return ended ? ctx_error(call->ctx) : given_up(call);
    }
    switch (sources_park(&sources, call->name, call->descriptor, call->site)) {
    case FROM_DESCRIPTOR:
        call->let_go = source[FROM_DESCRIPTOR].waiter.ok;
        return call->let_go ? 0 : ECANCELED;
    case FROM_CTX:
        return ctx_error(call->ctx);
    default:
        return ETIMEDOUT;
    }
}

/*
 * Parks until something happened on the descriptor after `events` was `seen`.  0: try again; or the
 * errno that ends the call.
 */
static int call_wait(struct call *call, struct waitq *queue, uint64_t seen)
{
    if (!may_wait(call))
        return ETIMEDOUT;
    worker_of_task(call->name, call->site);
    int error = descriptor_register(call->descriptor, call->fd, call->generation);
    if (error && given_up(call))
        return ECANCELED;
    /* What epoll refuses always counts as ready, so there is nothing to wait for but the end. */
    if (error == EPERM && queue != &call->descriptor->watchers)
        return 0;
    if (error && error != EPERM)
        return error;
    if (call->timeout_ms != LEASH_NO_TIMEOUT && !call->timed) {
        call->when_tick = timer_tick_after_ms(call->timeout_ms);
        call->timed = true;
    }
    atomic_store_explicit(&call->descriptor->streak, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&runtime.outside, 1, memory_order_relaxed);
    error = call->timed || call->ctx ? wait_for_several(call, queue, seen)
                                     : wait_plainly(call, queue, seen);
    atomic_fetch_sub_explicit(&runtime.outside, 1, memory_order_relaxed);
    return error;
}

/* Tries until there is a result other than -EAGAIN: it, or the negative errno that ends the call.
 */
static ssize_t call_repeat(struct call *call, ssize_t (*attempt)(struct call *, uint64_t seen),
                           struct waitq *queue)
{
    struct descriptor *descriptor = call->descriptor;

    for (;;) {
        uint64_t seen = atomic_load_explicit(&descriptor->events, memory_order_acquire);
        ssize_t result = attempt(call, seen);
        if (result != -EAGAIN) {
            if (call->let_go && !call->left_nothing)
                descriptor_pass_on(descriptor, queue);
            return result;
        }
        int error = call_wait(call, queue, seen);
        if (error)
            return -error;
    }
}

/* ---- reading and writing --------------------------------------------------------------------- */

/* Sockets need no further look before the first call that has to wait. */
static bool may_be_socket(int kind)
{
    return kind == KIND_UNKNOWN || kind == KIND_SOCKET || kind == KIND_TCP;
}

/* -ENOTSOCK on something that was a socket: it was closed behind our back, and the number leads
 * elsewhere now. */
static void renew_if_stale(struct call *call, int kind)
{
    if (kind == KIND_UNKNOWN)
        return;
    descriptor_give_up(call->descriptor, call->fd);
    call->generation = atomic_load_explicit(&call->descriptor->generation, memory_order_acquire);
}

static ssize_t read_socket(struct call *call, int kind, uint64_t seen)
{
    struct descriptor *descriptor = call->descriptor;

    if (kind == KIND_TCP && may_wait(call) &&
        atomic_load_explicit(&descriptor->drained, memory_order_relaxed) == seen)
        return -EAGAIN;
    ssize_t result = sys_receive(call->fd, call->in, call->len);
    if (kind == KIND_TCP && result > 0 && (size_t)result < call->len &&
        !atomic_load_explicit(&descriptor->ended, memory_order_relaxed)) {
        atomic_store_explicit(&descriptor->drained, seen, memory_order_relaxed);
        call->left_nothing = true;
    }
    return result;
}

/* A call on a helper thread, with its result. */
struct blocking {
    struct call *call;
    ssize_t result;
};

static void *blocking_read(void *arg)
{
    struct blocking *blocking = arg;
    struct call *call = blocking->call;

    blocking->result = sys_read(call->fd, call->in, call->len);
    return NULL;
}

static void *blocking_write(void *arg)
{
    struct blocking *blocking = arg;
    struct call *call = blocking->call;

    blocking->result = sys_write(call->fd, call->out, call->len);
    return NULL;
}

static ssize_t on_helper(struct call *call, void *(*fn)(void *))
{
    struct blocking blocking = {.call = call};

    leash_task_blocking(fn, &blocking, call->site);
    return blocking.result;
}

/* More at once might block a terminal's writer although there is some room. */
enum { DEVICE_WRITE_MAX = 1024 };

static ssize_t device_is_ready(struct call *call, short event)
{
    int events = sys_poll(call->fd, event);
    if (events < 0)
        return events;
    return events == 0 ? -EAGAIN : 0;
}

static ssize_t read_device(struct call *call)
{
    ssize_t result = device_is_ready(call, POLLIN);
    return result < 0 ? result : sys_read(call->fd, call->in, call->len);
}

static ssize_t write_device(struct call *call)
{
    ssize_t result = device_is_ready(call, POLLOUT);
    size_t len = call->len < DEVICE_WRITE_MAX ? call->len : DEVICE_WRITE_MAX;
    return result < 0 ? result : sys_write(call->fd, call->out, len);
}

/* Whether `result` stands: it came without blocking.  For a file, -EAGAIN is no reason to wait for
 * an event; it will not come. */
static bool was_answered(struct descriptor *descriptor, int kind, ssize_t result)
{
    if (result == -EOPNOTSUPP)
        atomic_store_explicit(&descriptor->must_block, true, memory_order_relaxed);
    return result != -EOPNOTSUPP && !(result == -EAGAIN && kind == KIND_FILE);
}

static ssize_t read_other(struct call *call)
{
    struct descriptor *descriptor = call->descriptor;
    int kind = descriptor_kind(descriptor, call->fd);

    if (kind > 0 && !atomic_load_explicit(&descriptor->must_block, memory_order_relaxed)) {
        ssize_t result = sys_read_now(call->fd, call->in, call->len);
        if (was_answered(descriptor, kind, result))
            return result;
    }
    switch (kind) {
    case KIND_PIPE: {
        int error = descriptor_unblock(descriptor, call->fd);
        if (error)
            return -error;
        ssize_t result = sys_read(call->fd, call->in, call->len);
        descriptor_unblock_end(descriptor);
        return result;
    }
    case KIND_DEVICE:
        return read_device(call);
    case KIND_FILE:
        return on_helper(call, blocking_read);
    default:
        return kind;
    }
}

static ssize_t write_other(struct call *call)
{
    struct descriptor *descriptor = call->descriptor;
    int kind = descriptor_kind(descriptor, call->fd);

    if (kind > 0 && !atomic_load_explicit(&descriptor->must_block, memory_order_relaxed)) {
        ssize_t result = sys_write_now(call->fd, call->out, call->len);
        if (was_answered(descriptor, kind, result))
            return result;
    }
    switch (kind) {
    case KIND_PIPE: {
        int error = descriptor_unblock(descriptor, call->fd);
        if (error)
            return -error;
        ssize_t result = sys_write(call->fd, call->out, call->len);
        descriptor_unblock_end(descriptor);
        return result;
    }
    case KIND_DEVICE:
        return write_device(call);
    case KIND_FILE:
        return on_helper(call, blocking_write);
    default:
        return kind;
    }
}

static ssize_t attempt_read(struct call *call, uint64_t seen)
{
    int kind = atomic_load_explicit(&call->descriptor->kind, memory_order_relaxed);

    if (may_be_socket(kind)) {
        ssize_t result = read_socket(call, kind, seen);
        if (result != -ENOTSOCK)
            return result;
        renew_if_stale(call, kind);
    }
    return read_other(call);
}

static ssize_t attempt_write(struct call *call, uint64_t seen)
{
    int kind = atomic_load_explicit(&call->descriptor->kind, memory_order_relaxed);

    (void)seen;
    if (may_be_socket(kind)) {
        ssize_t result = sys_send(call->fd, call->out, call->len);
        if (result != -ENOTSOCK)
            return result;
        renew_if_stale(call, kind);
    }
    return write_other(call);
}

ssize_t leash_io_read(leash_ctx_t *ctx, int fd, void *buf, size_t len, int64_t timeout_ms,
                      const char *site)
{
    struct call call = {.ctx = ctx,
                        .fd = fd,
                        .in = buf,
                        .len = len,
                        .timeout_ms = timeout_ms,
                        .name = "io read",
                        .site = site};
    int error = call_begin(&call);

    return call_end(error ? -error : call_repeat(&call, attempt_read, &call.descriptor->readers));
}

ssize_t leash_io_write(leash_ctx_t *ctx, int fd, const void *buf, size_t len, int64_t timeout_ms,
                       const char *site)
{
    struct call call = {.ctx = ctx,
                        .fd = fd,
                        .out = buf,
                        .len = len,
                        .timeout_ms = timeout_ms,
                        .name = "io write",
                        .site = site};
    int error = call_begin(&call);

    return call_end(error ? -error : call_repeat(&call, attempt_write, &call.descriptor->writers));
}

/* ---- accepting and connecting ---------------------------------------------------------------- */

/* What is known of the number is of a descriptor that was closed behind our back. */
static void start_afresh(int fd, const char *site)
{
    struct descriptor *descriptor = descriptor_get(fd, site);

    if (descriptor && descriptor_is_used(descriptor))
        descriptor_give_up(descriptor, fd);
}

static ssize_t attempt_accept(struct call *call, uint64_t seen)
{
    (void)seen;
    int error = descriptor_unblock(call->descriptor, call->fd);
    if (error)
        return -error;
    int fd = sys_accept(call->fd);
    descriptor_unblock_end(call->descriptor);
    if (fd >= 0)
        start_afresh(fd, call->site);
    return fd;
}

int leash_io_accept(leash_ctx_t *ctx, int fd, int64_t timeout_ms, const char *site)
{
    struct call call = {
        .ctx = ctx, .fd = fd, .timeout_ms = timeout_ms, .name = "io accept", .site = site};
    int error = call_begin(&call);

    return (int)call_end(error ? -error
                               : call_repeat(&call, attempt_accept, &call.descriptor->readers));
}

/* The connection is being made: done when the socket can be written to.  Asking once more says how
 * it went, and lets the system know that somebody knows. */
static ssize_t attempt_connected(struct call *call, uint64_t seen)
{
    (void)seen;
    int events = sys_poll(call->fd, POLLOUT);
    if (events <= 0)
        return events < 0 ? events : -EAGAIN;
    int result = sys_connect(call->fd, call->out, call->len);
    if (result == -EISCONN)
        return 0;
    return result == -EALREADY ? sys_socket_error(call->fd) : result;
}

/* A local socket whose listener has no room says so with EAGAIN, and no event tells of room. */
enum { CONNECT_RETRY_MS = 2 };

static int connect_retry(struct call *call)
{
    if (!may_wait(call))
        return ETIMEDOUT;
    if (call->timeout_ms != LEASH_NO_TIMEOUT) {
        int64_t left_ms = call->timeout_ms;
        call->timeout_ms = left_ms > CONNECT_RETRY_MS ? left_ms - CONNECT_RETRY_MS : 0;
    }
    return leash_task_sleep_ctx(call->ctx, CONNECT_RETRY_MS, call->site);
}

static int connect_start(struct call *call)
{
    for (;;) {
        int result = sys_connect(call->fd, call->out, call->len);
        if (result != -EAGAIN)
            return result;
        int error = connect_retry(call);
        if (error)
            return -error;
    }
}

int leash_io_connect(leash_ctx_t *ctx, int fd, const void *addr, size_t addrlen, int64_t timeout_ms,
                     const char *site)
{
    struct call call = {.ctx = ctx,
                        .fd = fd,
                        .out = addr,
                        .len = addrlen,
                        .timeout_ms = timeout_ms,
                        .name = "io connect",
                        .site = site};

    start_afresh(fd, site);
    int error = call_begin(&call);
    if (error)
        return (int)call_end(-error);
    int changed = sys_nonblock(fd, true);
    if (changed < 0)
        return (int)call_end(changed);
    ssize_t result = connect_start(&call);
    if (result == -EINPROGRESS || result == -EALREADY || result == -EINTR)
        result = call_repeat(&call, attempt_connected, &call.descriptor->writers);
    if (changed > 0)
        sys_nonblock(fd, false);
    return (int)call_end(result);
}

/* ---- waiting and closing --------------------------------------------------------------------- */

/* An end or an error lets reads and writes return, too. */
enum {
    SAYS_READ = POLLIN | POLLHUP | POLLERR,
    SAYS_WRITE = POLLOUT | POLLHUP | POLLERR,
    SAYS_HANGUP = POLLRDHUP | POLLHUP | POLLERR
};

static short poll_events(int wanted)
{
    return (short)((wanted & LEASH_EVENT_READ ? POLLIN : 0) |
                   (wanted & LEASH_EVENT_WRITE ? POLLOUT : 0) |
                   (wanted & LEASH_EVENT_HANGUP ? POLLRDHUP : 0));
}

static ssize_t attempt_wait(struct call *call, uint64_t seen)
{
    int wanted = call->wanted;
    int events = sys_poll(call->fd, poll_events(wanted));
    int result = 0;

    (void)seen;
    call->let_go = false; /* an event lets all go who wait */
    if (events < 0)
        return events;
    if (events & POLLNVAL)
        return -EBADF;
    if (events & SAYS_READ)
        result |= wanted & LEASH_EVENT_READ;
    if (events & SAYS_WRITE)
        result |= wanted & LEASH_EVENT_WRITE;
    if (events & SAYS_HANGUP)
        result |= wanted & LEASH_EVENT_HANGUP;
    return result ? result : -EAGAIN;
}

int leash_io_wait(leash_ctx_t *ctx, int fd, int events, int64_t timeout_ms, const char *site)
{
    struct call call = {
        .ctx = ctx, .fd = fd, .timeout_ms = timeout_ms, .name = "io wait", .site = site};
    const int all = LEASH_EVENT_READ | LEASH_EVENT_WRITE | LEASH_EVENT_HANGUP;

    if (events == 0 || (events & ~all))
        return (int)call_end(-EINVAL);
    call.wanted = events;
    int error = call_begin(&call);
    return (int)call_end(error ? -error
                               : call_repeat(&call, attempt_wait, &call.descriptor->watchers));
}

int leash_io_close(int fd)
{
    schedule_point();
    idle_note_io();
    struct descriptor *descriptor = descriptor_get(fd, NULL);

    return (int)call_end(descriptor ? descriptor_close(descriptor, fd) : sys_close(fd));
}
