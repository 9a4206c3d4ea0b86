/* Something done a single time, and waited for by whoever comes meanwhile. */
#include "leash.h"
#include "scheduler.h"
#include "wait.h"

enum once_state { ONCE_NEW, ONCE_RUNS, ONCE_DONE };

/* What a leash_once_t holds. */
struct once {
    struct lock lock;
    _Atomic uint32_t state; /* enum once_state */
    struct task *waiters;   /* linked by next, the latest first */
};

_Static_assert(sizeof(struct once) <= sizeof(leash_once_t), "a once fits its opaque words");

/* Turns the list around: the first who came goes on first. */
static struct task *oldest_first(struct task *latest)
{
    struct task *list = NULL;

    while (latest) {
        struct task *task = latest;
        latest = task->next;
        task->next = list;
        list = task;
    }
    return list;
}

/* The calling task runs the function; the others go on after it. */
static void run_once(struct once *once, void (*fn)(void *), void *arg)
{
    fn(arg);
    lock_acquire(&once->lock);
    struct task *woken = once->waiters;
    once->waiters = NULL;
    atomic_store_explicit(&once->state, ONCE_DONE, memory_order_release);
    lock_release(&once->lock);
    ready_list(oldest_first(woken));
}

void leash_once_do(leash_once_t *object, void (*fn)(void *), void *arg, const char *site)
{
    struct once *once = (struct once *)object;

    schedule_point();
    if (likely(atomic_load_explicit(&once->state, memory_order_acquire) == ONCE_DONE))
        return;
    struct task *task = worker_of_task("once_do", site)->task;
    lock_acquire(&once->lock);
    uint32_t state = atomic_load_explicit(&once->state, memory_order_relaxed);
    if (state == ONCE_RUNS) {
        task->next = once->waiters;
        once->waiters = task;
        park(&once->lock, "once", object, site);
        return;
    }
    if (state == ONCE_NEW)
        atomic_store_explicit(&once->state, ONCE_RUNS, memory_order_relaxed);
    lock_release(&once->lock);
    if (state == ONCE_NEW)
        run_once(once, fn, arg);
}
