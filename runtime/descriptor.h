/*
 * descriptor.h - what the runtime knows of a file descriptor, between io.c and poll.c.
 *
 * A descriptor is registered with epoll once, for both directions and edge-triggered, when the
 * first call on it has to wait.  From then on each change of its readiness is one event, counted
 * in `events`.  The rule that no wake-up is lost by:
 *
 *     read `events`; make the system call; when it says EAGAIN, take the lock, and park only while
 *     `events` is what it was.
 *
 * What became ready after the system call counts `events` up under the lock, so it is either seen
 * before the task parks or finds the task in the queue.
 *
 * An event lets one reader, one writer and all who wait by io_wait go.  A task that was let go and
 * leaves something for others passes the event on to the next one (descriptor_pass_on).
 */
#ifndef LEASH_RT_DESCRIPTOR_H
#define LEASH_RT_DESCRIPTOR_H

#include "base.h"
#include "io.h"
#include "lock.h"
#include "wait.h"

#include <stdalign.h>

/* Whether O_NONBLOCK is set, as far as somebody asked. */
enum mode { MODE_UNKNOWN, MODE_NONBLOCK, MODE_NONBLOCK_OURS /* to be taken back */ };

struct descriptor {
    alignas(64) struct lock lock;
    _Atomic uint32_t generation; /* goes up when the number is given up */
    _Atomic uint64_t events;     /* counts up from 1, with each event and each closing */
    _Atomic uint64_t drained;    /* a read left nothing behind when `events` had this value */
    _Atomic uint8_t kind;        /* enum kind in sys.h */
    _Atomic uint8_t streak;      /* calls since one of them parked or yielded */
    _Atomic bool registered;     /* with epoll */
    _Atomic bool ended;          /* the peer hung up, or an error came; stays */
    _Atomic uint32_t unblocked;  /* calls between descriptor_unblock and descriptor_unblock_end */
    _Atomic uint32_t closing;    /* calls of io_close that have not come to their end */
    _Atomic bool must_block;     /* the kind of file cannot be asked not to block */
    _Atomic uint8_t mode;        /* enum mode */
    struct waitq readers;        /* of io_read and io_accept */
    struct waitq writers;        /* of io_write and io_connect */
    struct waitq watchers;       /* of io_wait: let go by every event */
    struct hangup *hangups;      /* who is told when the peer hangs up */
};

/* The state of the number; NULL: no descriptor can have it. */
struct descriptor *descriptor_get(int fd, const char *site);

/* Something is known of the number. */
bool descriptor_is_used(const struct descriptor *descriptor);

/* Has epoll watch it.  0, or an errno: with EPERM epoll has no use for it, and its kind is
 * KIND_FILE from now on.  `generation` is what the caller saw first. */
int descriptor_register(struct descriptor *descriptor, int fd, uint32_t generation);

/* What the descriptor leads to (enum kind); a negative errno on a bad one. */
int descriptor_kind(struct descriptor *descriptor, int fd);

/* Has its calls return at once: sets O_NONBLOCK until the descriptor is given up.  0, and then the
 * caller says when its call is over; or an errno. */
int descriptor_unblock(struct descriptor *descriptor, int fd);
static inline void descriptor_unblock_end(struct descriptor *descriptor)
{
    atomic_fetch_sub(&descriptor->unblocked, 1);
}

/* The number is about to lead elsewhere: whoever waits gets ECANCELED, and the next one of the
 * number starts afresh. */
void descriptor_give_up(struct descriptor *descriptor, int fd);

/* Closes it and gives the number up.  0 or a negative errno. */
int descriptor_close(struct descriptor *descriptor, int fd);

/* Before a call: as soon as the number is free another file may have it, whose calls must not be
 * taken for those that the close ends. */
static inline void descriptor_begin(const struct descriptor *descriptor)
{
    while (unlikely(atomic_load_explicit(&descriptor->closing, memory_order_acquire)))
        leash_task_yield();
}

/* Lets the first one of the queue go, as an event does. */
void descriptor_pass_on(struct descriptor *descriptor, struct waitq *queue);

#endif
