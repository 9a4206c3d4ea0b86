#include "queue.h"
#include "scheduler.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- injected tasks -------------------------------------------------------------------------- */

/*
 * An array and not a list through the tasks: where there are many, their control blocks are cold,
 * and a walk from one to the next would wait for memory at each step.
 */

/* The place of the index-th oldest. */
static inline struct task **inject_place(uint32_t index)
{
    return &runtime.inject_ring[(runtime.inject_head + index) & (runtime.inject_room - 1)];
}

static void inject_grow(void)
{
    enum { FIRST_ROOM = 1024 };
    uint32_t count = atomic_load(&runtime.injected);
    uint32_t room = runtime.inject_room ? runtime.inject_room * 2 : FIRST_ROOM;
    struct task **grown = allocate(room * sizeof(*grown), NULL);

    for (uint32_t i = 0; i < count; i++)
        grown[i] = *inject_place(i);
    free(runtime.inject_ring);
    runtime.inject_ring = grown;
    runtime.inject_room = room;
    runtime.inject_head = 0;
}

/* With the lock held. */
static void note_highest(struct task **added, uint32_t count)
{
    uint64_t highest = atomic_load(&runtime.highest_ready);

    for (uint32_t i = 0; i < count; i++)
        if (added[i]->priority > highest)
            highest = added[i]->priority;
    atomic_store(&runtime.highest_ready, highest);
}

static void inject_append(struct task **tasks, uint32_t count)
{
    lock_acquire_among_threads(&runtime.inject_lock);
    uint32_t present = atomic_load(&runtime.injected);
    while (present + count > runtime.inject_room)
        inject_grow();
    for (uint32_t i = 0; i < count; i++)
        *inject_place(present + i) = tasks[i];
    if (runtime.has_priorities)
        note_highest(tasks, count);
    atomic_store(&runtime.injected, present + count);
    lock_release(&runtime.inject_lock);
}

void inject(struct task **tasks, uint32_t count)
{
    inject_append(tasks, count);
    idle_wake_one();
}

/* The oldest, of `count` that there are. */
static struct task *inject_pop(uint32_t count)
{
    struct task *task = *inject_place(0);

    runtime.inject_head++;
    atomic_store(&runtime.injected, count - 1);
    return task;
}

/* The index of the one with the highest priority, which is about to be taken. */
static uint32_t inject_highest(uint32_t count)
{
    uint32_t best = 0;
    uint64_t second = 0;

    for (uint32_t i = 1; i < count; i++) {
        uint64_t highest = (*inject_place(best))->priority;
        uint64_t priority = (*inject_place(i))->priority;
        uint64_t lower = priority > highest ? highest : priority;
        if (priority > highest)
            best = i;
        if (lower > second)
            second = lower;
    }
    atomic_store(&runtime.highest_ready, second);
    return best;
}

/* With a random schedule: the one whose turn it is changes places with the oldest. */
static void inject_shuffle(struct worker *worker, uint32_t count)
{
    struct task **chosen =
        inject_place(runtime.has_priorities ? inject_highest(count) : random_below(worker, count));
    struct task *task = *chosen;

    *chosen = *inject_place(0);
    *inject_place(0) = task;
}

/* The worker's share of what is injected, as far as its queue has room. */
static uint32_t inject_share(struct worker *worker, uint32_t count)
{
    uint32_t share = count / runtime.worker_count;
    uint32_t room = (RING_SIZE - ring_length(&worker->queue.woken)) / 2;

    if (runtime.random_schedule)
        return 0;
    return share < room ? share : room;
}

struct task *inject_take(struct worker *worker)
{
    struct task *first = NULL;

    if (!atomic_load(&runtime.injected))
        return NULL;
    lock_acquire_among_threads(&runtime.inject_lock);
    uint32_t count = atomic_load(&runtime.injected);
    if (count) {
        if (runtime.random_schedule)
            inject_shuffle(worker, count);
        first = inject_pop(count--);
        for (uint32_t share = inject_share(worker, count); share > 0; share--)
            queue_push(worker, inject_pop(count--));
    }
    lock_release(&runtime.inject_lock);
    return first;
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* A thief is at it: lets it finish.  Returns true, to try again. */
static __attribute__((noinline)) bool await_thief(struct queue *queue)
{
    atomic_store_explicit(&queue->taking, 0, memory_order_release);
    while (atomic_load_explicit(&queue->raided, memory_order_acquire))
        sched_yield();
    return true;
}

static ALWAYS_INLINE void take_begin(struct queue *queue)
{
    if (runtime.worker_count == 1)
        return;
    do {
        if (runtime.has_membarrier)
            atomic_store_explicit(&queue->taking, 1, memory_order_relaxed);
        else
            atomic_exchange(&queue->taking, 1);
        atomic_signal_fence(memory_order_seq_cst);
    } while (unlikely(atomic_load_explicit(&queue->raided, memory_order_acquire)) &&
             await_thief(queue));
}

static ALWAYS_INLINE void take_end(struct queue *queue)
{
    if (runtime.worker_count > 1)
        atomic_store_explicit(&queue->taking, 0, memory_order_release);
}

bool raid_begin(struct queue *victim)
{
    uint32_t none = 0;

    if (!atomic_compare_exchange_strong(&victim->raided, &none, 1))
        return false;
    if (runtime.has_membarrier)
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    for (int spins = 0; atomic_load(&victim->taking); spins++)
        spin(spins);
    return true;
}

void raid_end(struct queue *victim)
{
    atomic_store_explicit(&victim->raided, 0, memory_order_release);
}

/* After the one that was to be next: who was woken, then the latest. */
static ALWAYS_INLINE struct task *take_in_turn(struct queue *queue)
{
    queue->streak = 0;
    struct task *task = ring_shift(&queue->woken);
    return task ? task : ring_pop(&queue->fresh);
}

struct task *queue_take(struct worker *worker)
{
    struct queue *queue = &worker->queue;
    struct task *held_back = NULL;

    take_begin(queue);
    struct task *task = next_take(queue);
    if (task && unlikely(++queue->streak >= NEXT_STREAK)) {
        /* The two that hand each other the thread wait once behind the rest. */
        held_back = task;
        task = NULL;
    }
    if (!task)
        task = take_in_turn(queue);
    take_end(queue);
    if (likely(!held_back))
        return task;
    if (!task)
        return held_back;
    queue_push(worker, held_back);
    return task;
}

struct task *queue_take_overdue(struct worker *worker, int64_t now_ns)
{
    struct queue *queue = &worker->queue;
    struct task *task = NULL;

    if (now_ns - queue->seen_ns < FRESH_WAITS_NS)
        return NULL;
    queue->seen_ns = now_ns;
    take_begin(queue);
    if (queue->seen_head == atomic_load_explicit(&queue->fresh.head, memory_order_relaxed))
        task = ring_shift(&queue->fresh);
    queue->seen_head = atomic_load_explicit(&queue->fresh.head, memory_order_relaxed);
    take_end(queue);
    return task;
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* Moves the older half of a full ring to the injected tasks, so that others see it. */
static __attribute__((noinline)) void spill(struct worker *worker, struct ring *ring)
{
    struct task *tasks[RING_SIZE / 2];
    uint32_t count = 0;

    take_begin(&worker->queue);
    while (count < RING_SIZE / 2 && (tasks[count] = ring_shift(ring)))
        count++;
    take_end(&worker->queue);
    if (count)
        inject(tasks, count);
}

static ALWAYS_INLINE void push(struct worker *worker, struct ring *ring, struct task *task)
{
    if (unlikely(runtime.random_schedule)) {
        inject_append(&task, 1);
        return;
    }
    while (unlikely(!ring_push(ring, task)))
        spill(worker, ring);
}

void queue_push(struct worker *worker, struct task *task)
{
    push(worker, &worker->queue.woken, task);
}

void queue_push_fresh(struct worker *worker, struct task *task)
{
    push(worker, &worker->queue.fresh, task);
}

void queue_push_behind_fresh(struct worker *worker, struct task *task)
{
    struct ring *fresh = &worker->queue.fresh;

    if (runtime.random_schedule || ring_length(fresh) == RING_SIZE) {
        queue_push(worker, task);
        return;
    }
    take_begin(&worker->queue);
    uint32_t head = atomic_load_explicit(&fresh->head, memory_order_relaxed) - 1;
    atomic_store_explicit(&fresh->slot[head % RING_SIZE], task, memory_order_relaxed);
    atomic_store_explicit(&fresh->head, head, memory_order_release);
    take_end(&worker->queue);
}
