/*
 * wait.h - queues of parked tasks, and waiting for several things at once.
 *
 * A task that waits stands in a queue by a record on its own stack, a waiter.  Whoever can let it
 * go takes the record out under the queue's lock, stores what the task will find, releases the
 * lock, and makes the task ready.
 *
 * A task may stand in several queues (a select, or a wait that a context or a time ends early).
 * Then its records are `shared`, and the first to claim the task decides; the others find the claim
 * taken and pass the record over.  A record that was passed over stays where it is until its own
 * task takes it out, which is the first thing the task does when it goes on; so an object must live
 * while a record stands in one of its queues (chan_unlock in chan.h sees to it for channels).
 *
 * One thing to wait for:
 *
 *     lock_acquire(&wg->lock);
 *     struct waiter waiter = {.task = task_self()};
 *     waitq_push(&wg->waiters, &waiter);
 *     park(&wg->lock, "wait group", wg, site);        // returns after somebody made it ready
 *
 * Several: a struct source for each, see below.
 */
#ifndef LEASH_RT_WAIT_H
#define LEASH_RT_WAIT_H

#include "base.h"
#include "lock.h"
#include "task.h"

struct waitq;

struct waiter {
    struct waiter *next; /* in the queue */
    struct waiter *prev; /* in the queue */
    struct task *task;   /* who waits */
    struct waitq *queue; /* where it stands; NULL when it was taken out */
    void *data;          /* for the object: a channel's place of the value, ... */
    bool shared;         /* one of several: claim the task first */
    bool ok;             /* set by the one who lets it go: for a channel a value, not the close */
};

/* First come, first served.  All zero is empty.  Guarded by the lock of the object it is in; the
 * head is atomic for those who only want to know whether somebody may stand there. */
struct waitq {
    _Atomic(struct waiter *) head;
    struct waiter *tail;
};

static inline struct waiter *waitq_head(const struct waitq *queue)
{
    return atomic_load_explicit(&queue->head, memory_order_relaxed);
}

static inline void waitq_push(struct waitq *queue, struct waiter *waiter)
{
    waiter->queue = queue;
    waiter->next = NULL;
    if (waitq_head(queue)) {
        waiter->prev = queue->tail;
        queue->tail->next = waiter;
    } else {
        waiter->prev = NULL;
        atomic_store_explicit(&queue->head, waiter, memory_order_relaxed);
    }
    queue->tail = waiter;
}

static inline void waitq_remove(struct waiter *waiter)
{
    struct waitq *queue = waiter->queue;

    if (waiter->prev)
        waiter->prev->next = waiter->next;
    else
        atomic_store_explicit(&queue->head, waiter->next, memory_order_relaxed);
    if (waiter->next)
        waiter->next->prev = waiter->prev;
    else
        queue->tail = waiter->prev;
    waiter->queue = NULL;
}

/* Decides that this record is the one that lets its task go.  False: another one is. */
static inline bool waiter_claim(struct waiter *waiter)
{
    if (!waiter->shared)
        return true;
    uint32_t open = 0;
    if (!atomic_compare_exchange_strong_explicit(&waiter->task->claimed, &open, 1,
                                                 memory_order_acq_rel, memory_order_relaxed))
        return false;
    waiter->task->fired = waiter;
    return true;
}

/* Takes the first one out that can be let go; NULL: nobody.  The caller holds the queue's lock,
 * fills in the waiter, and makes waiter->task ready after releasing the lock.  Constant time but
 * for the records that have been passed over and still stand there. */
static inline struct waiter *waitq_pop(struct waitq *queue)
{
    struct waiter *waiter = waitq_head(queue);

    while (waiter && !waiter_claim(waiter))
        waiter = waiter->next;
    if (waiter)
        waitq_remove(waiter);
    return waiter;
}

/* Takes all of them out that can be let go, with `ok` false: a list of their tasks linked by
 * `next`, in their order, for ready_list() after the lock is released. */
struct task *waitq_pop_all(struct waitq *queue);

/* True when somebody stands there who waits still.  The caller holds the lock. */
bool waitq_has_open(const struct waitq *queue);

/* ---- several things at once ------------------------------------------------------------------ */

struct timer;

/* One of the things that a task waits for. */
struct source {
    struct lock *lock;   /* guards it; NULL: it never comes */
    struct waitq *queue; /* where to stand; NULL for a timer */
    leash_chan_t *ch;    /* when it is a channel's queue: kept alive by the record */
    struct timer *timer; /* the timer to start, made by timer_source(); or NULL */
    uint32_t index;      /* the caller's to use: a select's case */
    uint32_t size;       /* the caller's to use: of a value */
    struct waiter waiter;
};

/* Field by field: clearing the whole costs more than the rest of a quick wait. */
static inline void source_set(struct source *source, struct lock *lock, struct waitq *queue,
                              leash_chan_t *ch)
{
    source->lock = lock;
    source->queue = queue;
    source->ch = ch;
    source->timer = NULL;
    source->waiter.data = NULL;
}

/* Sources and their locking order. */
struct sources {
    struct source *source;   /* `count` of them */
    struct source **ordered; /* room for as many */
    size_t count;
};

/* The two below where there is more than one thread. */
void sources_lock_in_order(struct sources *sources);
void sources_unlock_in_order(struct sources *sources);

/* Takes the locks of all sources, in the order of their addresses.  Between this and sources_park
 * or sources_unlock nothing changes in any of them, so the caller looks whether one has come. */
static inline void sources_lock(struct sources *sources)
{
    if (!lock_alone)
        sources_lock_in_order(sources);
}

static inline void sources_unlock(struct sources *sources)
{
    if (!lock_alone)
        sources_unlock_in_order(sources);
}

/* The steps of sources_park before and after the parking. */
void sources_enlist(struct sources *sources, struct task *task, const char *site);
size_t sources_withdraw(struct sources *sources, struct task *task);

/* With the locks held: stands in all queues, parks, and returns the index of the source that came.
 * Its waiter's `ok` is what the waker said.  The locks are released. */
size_t sources_park(struct sources *sources, const char *state, const void *object,
                    const char *site);

#endif
