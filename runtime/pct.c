#include "pct.h"
#include "scheduler.h"

enum {
    OCTAVES = 20,   /* a change comes at a step below 2^20 */
    TURN_MAX = 1000 /* steps in a row of one task, before it falls behind */
};

/* From high to low: tasks as they begin; those that fell at a change; those that yielded. */
#define FIRST_PRIORITY  (UINT64_C(1) << 63)
#define FALLEN_PRIORITY (UINT64_C(1) << 62)

static struct {
    uint32_t changes;
    uint64_t change[PCT_DEPTH_MAX]; /* the step of each */
    _Atomic uint64_t steps;         /* counts up */
    _Atomic uint64_t yields;        /* counts up */
} pct;

void pct_start(struct worker *worker, uint32_t depth)
{
    pct.changes = depth - 1;
    for (uint32_t i = 0; i < pct.changes; i++) {
        uint32_t start = UINT32_C(1) << random_below(worker, OCTAVES);
        pct.change[i] = start + random_below(worker, start);
    }
    atomic_store(&pct.steps, 0);
    atomic_store(&pct.yields, 0);
}

void pct_admit(struct worker *worker, struct task *task)
{
    task->priority = FIRST_PRIORITY | random_next(worker);
}

void pct_fall_behind(struct worker *worker, struct task *task)
{
    worker->turn_steps = 0;
    task->priority = FALLEN_PRIORITY - 1 - atomic_fetch_add(&pct.yields, 1);
}

bool pct_step(struct worker *worker)
{
    struct task *task = worker->task;
    uint64_t step = atomic_fetch_add(&pct.steps, 1) + 1;

    if (worker->turn_id != task->id) {
        worker->turn_id = task->id;
        worker->turn_steps = 0;
    }
    if (++worker->turn_steps >= TURN_MAX)
        pct_fall_behind(worker, task);
    for (uint32_t i = 0; i < pct.changes; i++)
        if (pct.change[i] == step && task->priority > FALLEN_PRIORITY + i)
            task->priority = FALLEN_PRIORITY + i;
    return task->priority < atomic_load(&runtime.highest_ready);
}
