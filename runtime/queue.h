/*
 * queue.h - the tasks that are ready, worker by worker.
 *
 * A worker has two rings.  In `woken` stand tasks that ran before, first come, first served.  In
 * `fresh` stand tasks that never ran, and the worker takes the latest: a task that spawns and then
 * waits for what it spawned so goes down one branch after the other, and a tree of tasks needs as
 * many stacks as it is deep, not as it is wide.  (R. Blumofe, C. Leiserson, "Scheduling
 * multithreaded computations by work stealing", 1999.)  One that has waited for a while has its
 * turn all the same.  One more place is for the task that is to run next.
 *
 * Thieves take the oldest of a ring.
 *
 * Taking excludes others by a lock that is free of charge for the worker itself and dear for
 * thieves: it says that it is at it and then looks for a thief, the thief says so and then looks
 * whether the worker is at it.  What keeps each from looking before the other can see what it said
 * is a barrier; the thief makes all threads pass one (membarrier(2)), so the worker needs none.
 * (D. Dice, H. Huang, M. Yang, "Asymmetric Dekker synchronization", 2001.)  Adding at the end needs
 * no lock.
 */
#ifndef LEASH_RT_QUEUE_H
#define LEASH_RT_QUEUE_H

#include "base.h"

#include <stdalign.h>

struct task;
struct worker;

enum {
    CACHE_LINE = 64,
    RING_SIZE = 1024, /* a power of two */
    FRESH_WAITS_NS = 10000000,
    FRESH_MAX = 512, /* fresh tasks from which on a spawn lets them run first */
    NEXT_STREAK = 32 /* hand-offs in a row before others have their turn */
};

struct ring {
    alignas(CACHE_LINE) _Atomic uint32_t tail; /* counts up where tasks are added: by the worker */
    alignas(CACHE_LINE) _Atomic uint32_t head; /* counts up where the oldest is taken */
    _Atomic(struct task *) slot[RING_SIZE];
};

/* The ready tasks of a worker. */
struct queue {
    _Atomic(struct task *) next; /* to run next; filled by the worker */
    _Atomic uint32_t taking;     /* 1 while the worker takes */
    uint32_t streak;             /* taken from next since the others had their turn */
    uint32_t seen_head;          /* of fresh, at seen_ns */
    int64_t seen_ns;             /* when it was last looked whether the oldest waits */
    alignas(CACHE_LINE) _Atomic uint32_t raided; /* 1 while a thief takes */
    struct ring woken;
    struct ring fresh;
};

/* The number of tasks in a ring, already outdated. */
static inline uint32_t ring_length(const struct ring *ring)
{
    return atomic_load_explicit(&ring->tail, memory_order_relaxed) -
           atomic_load_explicit(&ring->head, memory_order_relaxed);
}

/* Adds one as the latest; false: full.  The worker's alone. */
static inline bool ring_push(struct ring *ring, struct task *task)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    if (unlikely(tail - atomic_load_explicit(&ring->head, memory_order_acquire) == RING_SIZE))
        return false;
    atomic_store_explicit(&ring->slot[tail % RING_SIZE], task, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

/* The three below only while taking, or within a raid. */

/* Takes the oldest, or NULL. */
static inline struct task *ring_shift(struct ring *ring)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    if (head == atomic_load_explicit(&ring->tail, memory_order_acquire))
        return NULL;
    struct task *task = atomic_load_explicit(&ring->slot[head % RING_SIZE], memory_order_relaxed);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return task;
}

/* Takes the latest, or NULL.  The worker's alone. */
static inline struct task *ring_pop(struct ring *ring)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    if (tail == atomic_load_explicit(&ring->head, memory_order_relaxed))
        return NULL;
    atomic_store_explicit(&ring->tail, tail - 1, memory_order_relaxed);
    return atomic_load_explicit(&ring->slot[(tail - 1) % RING_SIZE], memory_order_relaxed);
}

/* The task that is to run next, or NULL. */
static inline struct task *next_take(struct queue *queue)
{
    struct task *task = atomic_load_explicit(&queue->next, memory_order_acquire);

    if (task)
        atomic_store_explicit(&queue->next, NULL, memory_order_relaxed);
    return task;
}

/* Whether a task stands anywhere, already outdated. */
static inline bool queue_has_task(const struct queue *queue)
{
    return ring_length(&queue->woken) || ring_length(&queue->fresh) ||
           atomic_load_explicit(&queue->next, memory_order_relaxed);
}

/* Adds a task at the end of the worker's woken or fresh ones. */
void queue_push(struct worker *worker, struct task *task);
void queue_push_fresh(struct worker *worker, struct task *task);
/* Adds one that is to run when the fresh ones have run. */
void queue_push_behind_fresh(struct worker *worker, struct task *task);

/* The next task of the worker's own, or NULL. */
struct task *queue_take(struct worker *worker);

/* The oldest fresh task, where it has waited for FRESH_WAITS_NS, else NULL. */
struct task *queue_take_overdue(struct worker *worker, int64_t now_ns);

/* Keeps the worker from taking tasks of its own until raid_end; for microseconds.  False: another
 * thief is at it. */
bool raid_begin(struct queue *victim);
void raid_end(struct queue *victim);

/* ---- injected tasks --------------------------------------------------------------------------
 * From threads that run none, and what did not fit into a ring: one list for all workers.
 */

void inject(struct task **tasks, uint32_t count);
/* The oldest, or NULL; a share of the others goes to the worker's queue. */
struct task *inject_take(struct worker *worker);

#endif
