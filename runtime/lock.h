/*
 * lock.h - the spin lock inside every object of the runtime.
 *
 * Held for a few dozen instructions, never across a call of the user's code.  The one who parks
 * holds the lock of what it waits for until its context is saved: the next context on the thread
 * releases it (park in scheduler.h), so whoever wakes a task finds it parked in full.
 *
 * Lock order, outermost first:
 *
 *   1. a context's tree lock, the parent's before the child's; a ticker's lock
 *   2. the locks of what a task can wait for (channel, wait group, lock, descriptor, timer wheel);
 *      several at a time in the order of their addresses, and only by the task that waits; after
 *      them that of the mutex which a condition wait gives up, whatever its address
 *   3. the scheduler's: injected tasks, the pool of stacks
 *
 * Nothing of 1 is taken under 2, and nothing at all under 3.  A task that was claimed under a lock
 * of 2 is made ready after the lock is released.
 */
#ifndef LEASH_RT_LOCK_H
#define LEASH_RT_LOCK_H

#include "base.h"

struct lock {
    _Atomic uint32_t word; /* 1 while held */
};

/* One thread runs all tasks, so the locks that only tasks and that thread take need no locked
 * instruction, which would cost more than all else in most operations.  Set while no task runs. */
extern bool lock_alone;

/* A step of waiting for another thread: a pause, and after many steps others get the core. */
void spin(int spins);

/* The slow half of the two below: spins, then lets other threads run. */
void lock_contend(struct lock *lock);

/* For a lock that other threads take too: those that run no tasks. */
static inline void lock_acquire_among_threads(struct lock *lock)
{
    if (unlikely(atomic_exchange_explicit(&lock->word, 1, memory_order_acquire)))
        lock_contend(lock);
}

static inline void lock_acquire(struct lock *lock)
{
    if (lock_alone)
        atomic_store_explicit(&lock->word, 1, memory_order_relaxed);
    else
        lock_acquire_among_threads(lock);
}

static inline bool lock_try(struct lock *lock)
{
    return atomic_load_explicit(&lock->word, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&lock->word, 1, memory_order_acquire) == 0;
}

static inline void lock_release(struct lock *lock)
{
    atomic_store_explicit(&lock->word, 0, memory_order_release);
}

#endif
