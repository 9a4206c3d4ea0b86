#include "wait.h"
#include "chan.h"
#include "park.h"
#include "scheduler.h"
#include "timer.h"

struct task *waitq_pop_all(struct waitq *queue)
{
    struct task *list = NULL;
    struct task **end = &list;
    struct waiter *next;

    for (struct waiter *waiter = waitq_head(queue); waiter; waiter = next) {
        next = waiter->next;
        if (!waiter_claim(waiter))
            continue;
        waitq_remove(waiter);
        waiter->ok = false;
        *end = waiter->task;
        end = &waiter->task->next;
    }
    *end = NULL;
    return list;
}

bool waitq_has_open(const struct waitq *queue)
{
    for (const struct waiter *waiter = waitq_head(queue); waiter; waiter = waiter->next)
        if (!waiter->shared || !atomic_load_explicit(&waiter->task->claimed, memory_order_acquire))
            return true;
    return false;
}

/* ---- several sources ------------------------------------------------------------------------- */

/* Insertion sort: there are few, and sources of a program tend to be in order already. */
static void sort_by_lock(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct source *source = &sources->source[i];
        size_t place = i;
        while (place > 0 &&
               (uintptr_t)sources->ordered[place - 1]->lock > (uintptr_t)source->lock) {
            sources->ordered[place] = sources->ordered[place - 1];
            place--;
        }
        sources->ordered[place] = source;
    }
}

void sources_lock_in_order(struct sources *sources)
{
    struct lock *held = NULL;

    sort_by_lock(sources);
    for (size_t i = 0; i < sources->count; i++) {
        struct lock *lock = sources->ordered[i]->lock;
        if (lock != held)
            lock_acquire(lock);
        held = lock;
    }
}

/*
 * The task may be parked and get claimed as soon as the first lock is free.  It then goes for the
 * locks of its other sources, so its frame, where all this lies, lives until the last is released;
 * after that nothing of it is read.
 */
void sources_unlock_in_order(struct sources *sources)
{
    struct source **ordered = sources->ordered;
    size_t count = sources->count;
    struct lock *held = NULL;

    for (size_t i = 0; i < count; i++) {
        struct lock *lock = ordered[i]->lock;
        if (held && lock != held)
            lock_release(held);
        held = lock;
    }
    if (held)
        lock_release(held);
}

/* Stands in line for one source.  Its lock is held. */
static ALWAYS_INLINE void enlist(struct source *source, struct task *task, bool shared,
                                 const char *site)
{
    struct waiter *waiter = &source->waiter;

    waiter->task = task;
    waiter->shared = shared;
    waiter->ok = false;
    waiter->queue = NULL;
    if (source->queue)
        waitq_push(source->queue, waiter);
    else if (source->timer)
        timer_start_locked(container_of(source->lock, struct wheel, lock), source->timer,
                           source->timer->when_tick, site);
}

/* Takes the record of a source that did not come out again. */
static ALWAYS_INLINE void withdraw(struct source *source)
{
    if (!source->lock)
        return;
    lock_acquire(source->lock);
    if (source->timer)
        timer_stop_locked(source->timer);
    else if (source->waiter.queue)
        waitq_remove(&source->waiter);
    if (source->ch)
        chan_unlock(source->ch);
    else
        lock_release(source->lock);
}

void sources_enlist(struct sources *sources, struct task *task, const char *site)
{
    bool shared = sources->count > 1;

    task->fired = shared ? NULL : &sources->source[0].waiter;
    atomic_store_explicit(&task->claimed, 0, memory_order_relaxed);
    for (size_t i = 0; i < sources->count; i++)
        if (sources->source[i].lock)
            enlist(&sources->source[i], task, shared, site);
}

size_t sources_withdraw(struct sources *sources, struct task *task)
{
    struct source *fired = container_of(task->fired, struct source, waiter);

    for (size_t i = 0; i < sources->count; i++)
        if (&sources->source[i] != fired)
            withdraw(&sources->source[i]);
    return (size_t)(fired - sources->source);
}

size_t sources_park(struct sources *sources, const char *state, const void *object,
                    const char *site)
{
    return park_in_sources(sources, state, object, site);
}
