/*
 * signal.c - signals as values of a channel.
 *
 * The handler writes the number to a pipe and does nothing else.  The worker that polls descriptors
 * reads it there and offers it to the channels that want it.
 */
#include "chan.h"
#include "io.h"
#include "scheduler.h"
#include "signals.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS_MAX = 64, CHANNEL_ROOM = 16 };

/* A channel and what it wants: bit n - 1 stands for signal n. */
struct subscription {
    struct subscription *next;
    leash_chan_t *ch;
    uint64_t wanted;
};

static struct {
    /* Guards all of it.  Taken before a channel's lock, and never by the handler. */
    struct lock lock;
    struct subscription *first;
    uint32_t users[SIGNALS_MAX + 1];          /* subscriptions to each signal */
    struct sigaction former[SIGNALS_MAX + 1]; /* behaviour, while there are any */
    bool has_pipe;
    int read_fd;
} signals;

/* For the handler. */
static _Atomic int write_fd;

static uint64_t bit_of(int number)
{
    return UINT64_C(1) << (number - 1);
}

/* When the pipe is full the signal is dropped, as where a channel is full. */
static void handle(int number)
{
    int kept = errno;
    unsigned char byte = (unsigned char)number;

    (void)!write(atomic_load_explicit(&write_fd, memory_order_relaxed), &byte, 1);
    errno = kept;
}

/* ---- one signal ------------------------------------------------------------------------------ */

static RT_OPAQUE void make_pipe(const char *site)
{
    int fd[2];

    if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
        fatal(site, "signal_notify: no descriptors for a pipe: %s", strerror(errno));
    signals.read_fd = fd[0];
    atomic_store_explicit(&write_fd, fd[1], memory_order_relaxed);
    signals.has_pipe = true;
    io_watch_signals(fd[0]);
}

/* TSan puts signals off until the thread makes a call that it knows, so a thread that sleeps must
 * come out of its sleep. */
enum { GO_ON_AFTER = RT_TSAN ? 0 : SA_RESTART };

/* On the alternative stack: a task's own may be too small.  False: it cannot be caught. */
static bool signal_take(int number)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = GO_ON_AFTER | SA_ONSTACK};

    if (signals.users[number]++ > 0)
        return true;
    return sigaction(number, &action, &signals.former[number]) == 0;
}

static void signal_give_back(int number)
{
    if (--signals.users[number] == 0)
        sigaction(number, &signals.former[number], NULL);
}

/* ---- for tasks ------------------------------------------------------------------------------- */

static void subscribe(struct subscription *subscription, const int *numbers, const char *site)
{
    for (; *numbers; numbers++) {
        int number = *numbers;
        if (number < 1 || number > SIGNALS_MAX)
            fatal(site, "signal_notify: %d is no signal", number);
        if (subscription->wanted & bit_of(number))
            continue;
        if (!signal_take(number))
            fatal(site, "signal_notify: signal %d cannot be caught", number);
        subscription->wanted |= bit_of(number);
    }
}

leash_chan_t *leash_signal_notify(const int *numbers, const char *site)
{
    schedule_point();
    worker_of_task("signal_notify", site);
    struct subscription *subscription = allocate_zeroed(1, sizeof(*subscription), site);

    subscription->ch = leash_chan_make(sizeof(int), CHANNEL_ROOM, site);
    atomic_fetch_add_explicit(&runtime.outside, 1, memory_order_relaxed);
    lock_acquire(&signals.lock);
    if (!signals.has_pipe)
        make_pipe(site);
    subscribe(subscription, numbers, site);
    subscription->next = signals.first;
    signals.first = subscription;
    lock_release(&signals.lock);
    return subscription->ch;
}

static void unsubscribe(const struct subscription *subscription)
{
    for (int number = 1; number <= SIGNALS_MAX; number++)
        if (subscription->wanted & bit_of(number))
            signal_give_back(number);
}

void leash_signal_stop(leash_chan_t *ch)
{
    if (!ch)
        return;
    schedule_point();
    lock_acquire(&signals.lock);
    struct subscription **place = &signals.first;
    while (*place && (*place)->ch != ch)
        place = &(*place)->next;
    struct subscription *subscription = *place;
    if (subscription) {
        *place = subscription->next;
        unsubscribe(subscription);
    }
    lock_release(&signals.lock);
    if (!subscription)
        fatal(NULL, "signal_stop: the channel is not one of signal_notify");
    atomic_fetch_sub_explicit(&runtime.outside, 1, memory_order_relaxed);
    free(subscription);
    leash_chan_free(ch);
}

/* ---- for the poller and the end -------------------------------------------------------------- */

static void deliver(int number)
{
    lock_acquire(&signals.lock);
    for (struct subscription *to = signals.first; to; to = to->next)
        if (to->wanted & bit_of(number))
            chan_offer(to->ch, &number);
    lock_release(&signals.lock);
}

void signals_deliver(void)
{
    unsigned char bytes[256];
    ssize_t length;

    while ((length = sys_read(signals.read_fd, bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < length; i++)
            deliver(bytes[i]);
}

void signals_restore(void)
{
    lock_acquire(&signals.lock);
    while (signals.first) {
        struct subscription *subscription = signals.first;
        signals.first = subscription->next;
        unsubscribe(subscription);
        free(subscription);
    }
    lock_release(&signals.lock);
}

void signals_stop(void)
{
    if (!signals.has_pipe)
        return;
    signals.has_pipe = false;
    close(signals.read_fd);
    close(atomic_load_explicit(&write_fd, memory_order_relaxed));
}
