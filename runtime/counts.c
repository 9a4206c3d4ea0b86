#include "counts.h"
#include "scheduler.h"
#include "stack.h"

#include <time.h>

void counts_set_lost(uint64_t count)
{
    atomic_store(&runtime.lost, count);
    atomic_store(&runtime.searched_s, (int64_t)time(NULL));
}

/* The ended first: a task that ends in between is counted as alive. */
static struct counts count_spawned(void)
{
    struct counts counts = {0};

    for (uint32_t i = 0; i < runtime.worker_count; i++)
        counts.finished += atomic_load(&runtime.workers[i]->ended);
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        counts.spawned += atomic_load(&runtime.workers[i]->spawned);
    return counts;
}

size_t leash_task_count(void)
{
    struct counts counts = count_spawned();

    return counts.spawned - counts.finished;
}

static void count_state(struct task *task, void *arg)
{
    struct counts *counts = arg;

    switch (atomic_load_explicit(&task->state, memory_order_relaxed)) {
    case TASK_READY:
        counts->runnable++;
        break;
    case TASK_RUNNING:
        counts->running++;
        break;
    case TASK_PARKED:
        counts->parked++;
        break;
    default:
        break;
    }
}

static void add_up(struct counts *counts, struct worker *worker)
{
    counts->switches += atomic_load_explicit(&worker->ticks, memory_order_relaxed);
    for (int i = 0; i < COUNT_KINDS; i++)
        counts->total[i] += atomic_load_explicit(&worker->counts[i], memory_order_relaxed);
}

struct counts counts_read(void)
{
    struct counts counts = count_spawned();

    for (uint32_t i = 0; i < runtime.worker_count; i++)
        add_up(&counts, runtime.workers[i]);
    stack_each(count_state, &counts);
    counts.searched = atomic_load(&runtime.searched_s);
    counts.lost = atomic_load(&runtime.lost);
    return counts;
}
