/*
 * Locks for many readers or one writer.
 *
 * A writer that waits holds back new readers, so readers that keep coming do not shut it out.  A
 * writer that unlocks lets the readers go that have waited, so writers that keep coming do not shut
 * those out.
 */
#include "leash.h"
#include "scheduler.h"
#include "wait.h"

enum { WRITER = -1 };

/* What a leash_rw_t holds. */
struct rw {
    struct lock lock;
    int32_t holders; /* readers, or WRITER */
    struct waitq readers;
    struct waitq writers;
};

_Static_assert(sizeof(struct rw) <= sizeof(leash_rw_t), "a lock fits its opaque words");

static struct rw *rw_of(leash_rw_t *rw)
{
    return (struct rw *)rw;
}

void leash_rw_rlock(leash_rw_t *object, const char *site)
{
    struct rw *rw = rw_of(object);

    schedule_point();
    lock_acquire(&rw->lock);
    if (rw->holders != WRITER && !waitq_head(&rw->writers)) {
        rw->holders++;
        lock_release(&rw->lock);
        return;
    }
    struct waiter waiter;
    park_in(&rw->readers, &waiter, NULL, &rw->lock, "read lock", object, site);
}

void leash_rw_lock(leash_rw_t *object, const char *site)
{
    struct rw *rw = rw_of(object);

    schedule_point();
    lock_acquire(&rw->lock);
    if (rw->holders == 0) {
        rw->holders = WRITER;
        lock_release(&rw->lock);
        return;
    }
    struct waiter waiter;
    park_in(&rw->writers, &waiter, NULL, &rw->lock, "write lock", object, site);
}

/* Lets the readers go that wait; they hold the lock then.  With its inner lock held. */
static struct task *admit_readers(struct rw *rw)
{
    struct task *list = waitq_pop_all(&rw->readers);

    for (struct task *task = list; task; task = task->next)
        rw->holders++;
    return list;
}

/* Hands the lock, which nobody holds, to the first writer that waits. */
static struct task *admit_writer(struct rw *rw)
{
    struct waiter *writer = waitq_pop(&rw->writers);

    if (!writer)
        return NULL;
    rw->holders = WRITER;
    writer->task->next = NULL;
    return writer->task;
}

void leash_rw_runlock(leash_rw_t *object)
{
    struct rw *rw = rw_of(object);

    schedule_point();
    lock_acquire(&rw->lock);
    if (unlikely(rw->holders <= 0)) {
        lock_release(&rw->lock);
        fatal(NULL, "rw_runlock of a lock that nobody reads under (%p)", (void *)object);
    }
    rw->holders--;
    struct task *woken = rw->holders == 0 ? admit_writer(rw) : NULL;
    lock_release(&rw->lock);
    ready_list(woken);
}

void leash_rw_unlock(leash_rw_t *object)
{
    struct rw *rw = rw_of(object);

    schedule_point();
    lock_acquire(&rw->lock);
    if (unlikely(rw->holders != WRITER)) {
        lock_release(&rw->lock);
        fatal(NULL, "rw_unlock of a lock that no writer holds (%p)", (void *)object);
    }
    rw->holders = 0;
    struct task *woken = admit_readers(rw);
    if (!woken)
        woken = admit_writer(rw);
    lock_release(&rw->lock);
    ready_list(woken);
}
