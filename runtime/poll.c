/*
 * poll.c - the table of descriptors, and epoll.
 *
 * The table has two levels: chunks are made when a number of theirs is first used and stay until
 * the runtime stops, so looking up takes no lock.
 */
#include "descriptor.h"
#include "fiber.h"
#include "scheduler.h"
#include "signals.h"
#include "sys.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_SIZE = 256, CHUNK_COUNT = 16384, EVENTS_MAX = 256 };

/* What epoll hands back: the number and the generation; numbers that no descriptor has stand for
 * the runtime's own. */
#define MARK_INTERRUPT UINT32_MAX
#define MARK_SIGNAL    (UINT32_MAX - 1)

static struct {
    _Atomic(struct descriptor *) chunk[CHUNK_COUNT];
    int epoll;
    int interrupt;     /* an eventfd */
    _Atomic bool used; /* something was registered */
    bool only_ms;      /* the system knows epoll_wait alone */
    struct epoll_event event[EVENTS_MAX];
} poller;

/* ---- the table ------------------------------------------------------------------------------- */

static struct descriptor *chunk_make(size_t number, const char *site)
{
    struct descriptor *none = NULL;
    size_t size = CHUNK_SIZE * sizeof(struct descriptor);
    struct descriptor *made = allocate_aligned(alignof(struct descriptor), size, site);

    for (size_t i = 0; i < CHUNK_SIZE; i++)
        atomic_init(&made[i].events, 1);
    if (atomic_compare_exchange_strong_explicit(&poller.chunk[number], &none, made,
                                                memory_order_acq_rel, memory_order_acquire))
        return made;
    free(made);
    return none;
}

struct descriptor *descriptor_get(int fd, const char *site)
{
    if (unlikely((uint32_t)fd >= CHUNK_SIZE * CHUNK_COUNT))
        return NULL;
    size_t number = (uint32_t)fd / CHUNK_SIZE;
    struct descriptor *chunk = atomic_load_explicit(&poller.chunk[number], memory_order_acquire);
    if (unlikely(!chunk))
        chunk = chunk_make(number, site);
    return &chunk[(uint32_t)fd % CHUNK_SIZE];
}

/* ---- one descriptor -------------------------------------------------------------------------- */

static bool is_current(const struct descriptor *descriptor, uint32_t generation)
{
    return atomic_load_explicit(&descriptor->generation, memory_order_relaxed) == generation;
}

/* The kind is kept only while the number still leads to what was looked at. */
static void kind_set(struct descriptor *descriptor, enum kind kind, uint32_t generation)
{
    lock_acquire(&descriptor->lock);
    if (is_current(descriptor, generation))
        atomic_store_explicit(&descriptor->kind, (uint8_t)kind, memory_order_relaxed);
    lock_release(&descriptor->lock);
}

int descriptor_kind(struct descriptor *descriptor, int fd)
{
    int kind = atomic_load_explicit(&descriptor->kind, memory_order_relaxed);
    if (kind != KIND_UNKNOWN)
        return kind;
    uint32_t generation = atomic_load_explicit(&descriptor->generation, memory_order_acquire);
    kind = sys_kind(fd);
    if (kind > 0)
        kind_set(descriptor, (enum kind)kind, generation);
    return kind;
}

/* 0 or an errno.  The same file may still be registered under this number, by a duplicate that
 * outlived a close. */
static RT_OPAQUE int epoll_watch(int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};

    if (epoll_ctl(poller.epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    if (errno == EEXIST && epoll_ctl(poller.epoll, EPOLL_CTL_MOD, fd, &event) == 0)
        return 0;
    return errno;
}

int descriptor_register(struct descriptor *descriptor, int fd, uint32_t generation)
{
    if (atomic_load_explicit(&descriptor->registered, memory_order_acquire))
        return 0;
    int kind = descriptor_kind(descriptor, fd);
    if (kind < 0)
        return -kind;
    atomic_store_explicit(&poller.used, true, memory_order_relaxed);
    int error = epoll_watch(fd, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                            (uint64_t)generation << 32 | (uint32_t)fd);
    if (error == EPERM)
        kind_set(descriptor, KIND_FILE, generation);
    if (error)
        return error;
    lock_acquire(&descriptor->lock);
    if (is_current(descriptor, generation))
        atomic_store_explicit(&descriptor->registered, true, memory_order_release);
    lock_release(&descriptor->lock);
    return 0;
}

/* 0 or an errno. */
static int mode_set(struct descriptor *descriptor, int fd)
{
    if (atomic_load_explicit(&descriptor->mode, memory_order_relaxed) != MODE_UNKNOWN)
        return 0;
    int changed = sys_nonblock(fd, true);
    if (changed < 0)
        return -changed;
    /* Of two tasks at it, the one that changed the flag knows better. */
    uint8_t unknown = MODE_UNKNOWN;
    if (changed)
        atomic_store_explicit(&descriptor->mode, MODE_NONBLOCK_OURS, memory_order_relaxed);
    else
        atomic_compare_exchange_strong_explicit(&descriptor->mode, &unknown, MODE_NONBLOCK,
                                                memory_order_relaxed, memory_order_relaxed);
    return 0;
}

int descriptor_unblock(struct descriptor *descriptor, int fd)
{
    atomic_fetch_add(&descriptor->unblocked, 1);
    int error = mode_set(descriptor, fd);
    if (error)
        descriptor_unblock_end(descriptor);
    return error;
}

static void mode_restore(struct descriptor *descriptor, int fd)
{
    if (atomic_exchange_explicit(&descriptor->mode, MODE_UNKNOWN, memory_order_relaxed) ==
        MODE_NONBLOCK_OURS)
        sys_nonblock(fd, false);
}

bool descriptor_is_used(const struct descriptor *descriptor)
{
    return atomic_load_explicit(&descriptor->registered, memory_order_relaxed) ||
           atomic_load_explicit(&descriptor->kind, memory_order_relaxed) != KIND_UNKNOWN ||
           atomic_load_explicit(&descriptor->mode, memory_order_relaxed) != MODE_UNKNOWN;
}

/* Takes the first one out who can go, and adds its task at the tail. */
static struct task **let_go(struct waitq *queue, struct task **tail)
{
    struct waiter *waiter = waitq_pop(queue);
    if (!waiter)
        return tail;
    waiter->ok = true;
    waiter->task->next = NULL;
    *tail = waiter->task;
    return &waiter->task->next;
}

void descriptor_pass_on(struct descriptor *descriptor, struct waitq *queue)
{
    struct task *woken = NULL;

    lock_acquire(&descriptor->lock);
    let_go(queue, &woken);
    lock_release(&descriptor->lock);
    if (woken)
        ready_list(woken);
}

/* ---- hang-ups -------------------------------------------------------------------------------- */

/* Takes a record out of its list; the caller holds the lock. */
static void hangup_remove(struct hangup *hangup)
{
    *hangup->link = hangup->next;
    if (hangup->next)
        hangup->next->link = hangup->link;
    hangup->link = NULL;
}

/* All of them, to be told after the lock was released. */
static struct hangup *hangup_take_all(struct descriptor *descriptor)
{
    struct hangup *all = descriptor->hangups;

    for (struct hangup *hangup = all; hangup; hangup = hangup->next)
        hangup->link = NULL;
    descriptor->hangups = NULL;
    return all;
}

static void hangup_tell(struct hangup *all)
{
    while (all) {
        struct hangup *hangup = all;
        all = hangup->next;
        hangup->fire(hangup);
        /* Only now: whom it let go must be seen by those who look for a deadlock. */
        atomic_fetch_sub(&runtime.outside, 1);
    }
}

int hangup_watch(struct hangup *hangup, int fd, const char *site)
{
    struct descriptor *descriptor = descriptor_get(fd, site);
    if (!descriptor)
        return EBADF;
    descriptor_begin(descriptor);
    uint32_t generation = atomic_load_explicit(&descriptor->generation, memory_order_acquire);
    int error = descriptor_register(descriptor, fd, generation);
    if (error)
        return error;
    hangup->descriptor = descriptor;
    atomic_fetch_add_explicit(&runtime.outside, 1, memory_order_relaxed);
    lock_acquire(&descriptor->lock);
    hangup->next = descriptor->hangups;
    hangup->link = &descriptor->hangups;
    if (hangup->next)
        hangup->next->link = &hangup->next;
    descriptor->hangups = hangup;
    lock_release(&descriptor->lock);
    /* It may have happened, and its event come, long before. */
    int events = sys_poll(fd, EPOLLRDHUP);
    if (events > 0 && (events & (EPOLLRDHUP | EPOLLHUP)) && hangup_unwatch(hangup))
        return EPIPE;
    return 0;
}

bool hangup_unwatch(struct hangup *hangup)
{
    struct descriptor *descriptor = hangup->descriptor;

    lock_acquire(&descriptor->lock);
    bool watched = hangup->link != NULL;
    if (watched)
        hangup_remove(hangup);
    lock_release(&descriptor->lock);
    if (watched)
        atomic_fetch_sub_explicit(&runtime.outside, 1, memory_order_relaxed);
    return watched;
}

/* ---- giving a number up ---------------------------------------------------------------------- */

/* Back to what a number starts with; the caller holds the lock.  `events` goes on counting, so
 * that whoever looked at it before does not park. */
static void descriptor_reset(struct descriptor *descriptor)
{
    atomic_fetch_add_explicit(&descriptor->generation, 1, memory_order_release);
    atomic_fetch_add_explicit(&descriptor->events, 1, memory_order_release);
    atomic_store_explicit(&descriptor->drained, 0, memory_order_relaxed);
    atomic_store_explicit(&descriptor->kind, KIND_UNKNOWN, memory_order_relaxed);
    atomic_store_explicit(&descriptor->ended, false, memory_order_relaxed);
    atomic_store_explicit(&descriptor->must_block, false, memory_order_relaxed);
    atomic_store_explicit(&descriptor->registered, false, memory_order_relaxed);
}

static struct task **append(struct task **tail, struct task *list)
{
    *tail = list;
    while (*tail)
        tail = &(*tail)->next;
    return tail;
}

/* Not left to close(2): while a duplicate lives, epoll would go on reporting. */
static void epoll_leave(const struct descriptor *descriptor, int fd)
{
    if (atomic_load_explicit(&descriptor->registered, memory_order_acquire))
        epoll_ctl(poller.epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Forgets all that is known of the number, and lets all go who wait. */
static void descriptor_forget(struct descriptor *descriptor)
{
    struct task *woken = NULL;

    lock_acquire(&descriptor->lock);
    descriptor_reset(descriptor);
    struct task **tail = append(&woken, waitq_pop_all(&descriptor->readers));
    tail = append(tail, waitq_pop_all(&descriptor->writers));
    append(tail, waitq_pop_all(&descriptor->watchers));
    struct hangup *hangups = hangup_take_all(descriptor);
    lock_release(&descriptor->lock);
    if (woken)
        ready_list(woken);
    hangup_tell(hangups);
}

void descriptor_give_up(struct descriptor *descriptor, int fd)
{
    epoll_leave(descriptor, fd);
    mode_restore(descriptor, fd);
    descriptor_forget(descriptor);
}

/*
 * While it closes, calls may be under way.  So the file blocks again only when no call can be in it
 * any more, or that call would block its thread (without a number to spare it stays as it is); and
 * what is known of the number is forgotten last, or what such a call found out, and its wait, would
 * outlive the close.
 */
int descriptor_close(struct descriptor *descriptor, int fd)
{
    bool ours = atomic_load_explicit(&descriptor->mode, memory_order_relaxed) == MODE_NONBLOCK_OURS;

    atomic_fetch_add(&descriptor->closing, 1);
    int copy = ours ? sys_duplicate(fd) : -1;
    epoll_leave(descriptor, fd);
    int result = sys_close(fd);
    if (copy >= 0) {
        while (atomic_load(&descriptor->unblocked))
            sched_yield();
        sys_nonblock(copy, false);
        sys_close(copy);
    }
    atomic_store_explicit(&descriptor->mode, MODE_UNKNOWN, memory_order_relaxed);
    descriptor_forget(descriptor);
    atomic_fetch_sub(&descriptor->closing, 1);
    return result;
}

/* ---- events ---------------------------------------------------------------------------------- */

enum {
    LETS_READ = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR,
    LETS_WRITE = EPOLLOUT | EPOLLHUP | EPOLLERR,
    /* After these a short read does not mean that an event will tell of more: the end of the
     * stream and errors come once, and reading stops short at urgent data. */
    ENDS = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR
};

/* Adds the tasks that the event lets go at the tail; tells who watches for hang-ups. */
static struct task **descriptor_event(uint64_t data, uint32_t bits, struct task **tail)
{
    struct descriptor *descriptor = descriptor_get((int)(uint32_t)data, NULL);
    struct hangup *hangups = NULL;

    lock_acquire(&descriptor->lock);
    if (is_current(descriptor, (uint32_t)(data >> 32))) {
        if (bits & ENDS)
            atomic_store_explicit(&descriptor->ended, true, memory_order_relaxed);
        atomic_fetch_add_explicit(&descriptor->events, 1, memory_order_release);
        if (bits & LETS_READ)
            tail = let_go(&descriptor->readers, tail);
        if (bits & LETS_WRITE)
            tail = let_go(&descriptor->writers, tail);
        while (descriptor->watchers.head) {
            struct task **before = tail;
            tail = let_go(&descriptor->watchers, tail);
            if (tail == before)
                break;
        }
        if (bits & (EPOLLRDHUP | EPOLLHUP))
            hangups = hangup_take_all(descriptor);
    }
    lock_release(&descriptor->lock);
    hangup_tell(hangups);
    return tail;
}

/* ---- for the workers ------------------------------------------------------------------------- */

static void watch_own(int fd, uint32_t mark)
{
    int error = epoll_watch(fd, EPOLLIN | EPOLLET, mark);
    if (error)
        fatal(NULL, "epoll refuses a descriptor of the runtime: %s", strerror(error));
}

void io_start(void)
{
    poller.epoll = epoll_create1(EPOLL_CLOEXEC);
    /* valgrind complains of calls that it does not know. */
    poller.only_ms = fiber_under_valgrind();
    poller.interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller.epoll < 0 || poller.interrupt < 0)
        fatal(NULL, "cannot make descriptors for epoll: %s", strerror(errno));
    watch_own(poller.interrupt, MARK_INTERRUPT);
}

static void chunk_release(struct descriptor *chunk, int first_fd)
{
    for (int i = 0; i < CHUNK_SIZE; i++)
        mode_restore(&chunk[i], first_fd + i);
    free(chunk);
}

void io_stop(void)
{
    for (int i = 0; i < CHUNK_COUNT; i++) {
        struct descriptor *chunk =
            atomic_exchange_explicit(&poller.chunk[i], NULL, memory_order_relaxed);
        if (chunk)
            chunk_release(chunk, i * CHUNK_SIZE);
    }
    close(poller.interrupt);
    close(poller.epoll);
    atomic_store_explicit(&poller.used, false, memory_order_relaxed);
}

bool io_is_poller(int fd)
{
    return fd == poller.epoll;
}

bool io_is_used(void)
{
    return atomic_load_explicit(&poller.used, memory_order_relaxed);
}

void io_watch_signals(int fd)
{
    atomic_store_explicit(&poller.used, true, memory_order_relaxed);
    watch_own(fd, MARK_SIGNAL);
}

/* The eventfd is never read: edge-triggered, each write to it is an event. */
void io_interrupt(void)
{
    uint64_t one = 1;
    while (write(poller.interrupt, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

/* Rounded up, so as not to come early and turn in circles. */
static int wait_ms(int64_t timeout_ns)
{
    if (timeout_ns == NEVER)
        return -1;
    int64_t ms = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* The number of events; an interruption is none. */
static int wait_for_events(int64_t timeout_ns)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
    if (!poller.only_ms && timeout_ns > 0) {
        struct timespec timeout = {.tv_sec = timeout_ns / 1000000000,
                                   .tv_nsec = timeout_ns % 1000000000};
        int count = epoll_pwait2(poller.epoll, poller.event, EVENTS_MAX,
                                 timeout_ns == NEVER ? NULL : &timeout, NULL);
        if (count >= 0 || errno == EINTR)
            return count < 0 ? 0 : count;
        poller.only_ms = true;
    }
#endif
    int count = epoll_wait(poller.epoll, poller.event, EVENTS_MAX, wait_ms(timeout_ns));
    return count < 0 ? 0 : count;
}

void io_poll(int64_t timeout_ns)
{
    struct task *woken = NULL;
    struct task **tail = &woken;

    count_one(COUNT_POLLS);
    int count = wait_for_events(timeout_ns);
    for (int i = 0; i < count; i++) {
        uint64_t data = poller.event[i].data.u64;
        if ((uint32_t)data == MARK_SIGNAL)
            signals_deliver();
        else if ((uint32_t)data != MARK_INTERRUPT)
            tail = descriptor_event(data, poller.event[i].events, tail);
    }
    if (woken)
        ready_list(woken);
}
