/* scheduler.c - see scheduler.h. */
#include "scheduler.h"

/* Under the lock. */
static void make_ready(struct scheduler *scheduler, struct job *job)
{
    job->state = JOB_READY;
    job->next_ready = scheduler->ready;
    scheduler->ready = job;
    cv_signal(&scheduler->changed);
}

/* What needs a job that was not built is not built either.  Under the lock. */
static void skip_dependents(struct scheduler *scheduler, const struct job *job)
{
    for (size_t i = 0; i < job->dependent_count; i++) {
        struct job *dependent = &scheduler->graph->jobs[job->dependents[i]];
        if (dependent->state != JOB_WAITS)
            continue;
        dependent->state = JOB_SKIPPED;
        scheduler->left--;
        skip_dependents(scheduler, dependent);
    }
}

/* Under the lock. */
static void release_dependents(struct scheduler *scheduler, const struct job *job)
{
    for (size_t i = 0; i < job->dependent_count; i++) {
        struct job *dependent = &scheduler->graph->jobs[job->dependents[i]];
        if (--dependent->missing == 0 && dependent->state == JOB_WAITS)
            make_ready(scheduler, dependent);
    }
}

/* The next job to run.  NULL: there will be no more. */
static struct job *take(struct scheduler *scheduler)
{
    struct job *job = NULL;

    mu_lock(&scheduler->lock);
    while (!scheduler->ready && scheduler->left > 0 && !scheduler->halted)
        cv_wait(&scheduler->changed, &scheduler->lock);
    if (scheduler->ready && !scheduler->halted) {
        job = scheduler->ready;
        scheduler->ready = job->next_ready;
        job->state = JOB_RUNS;
        scheduler->running++;
    }
    mu_unlock(&scheduler->lock);
    return job;
}

static void finish(struct scheduler *scheduler, struct job *job, int error)
{
    mu_lock(&scheduler->lock);
    scheduler->running--;
    scheduler->left--;
    if (error) {
        job->state = JOB_FAILED;
        skip_dependents(scheduler, job);
        if (++scheduler->failures >= scheduler->failures_max)
            scheduler->halted = true;
    } else {
        job->state = JOB_BUILT;
        scheduler->built++;
        release_dependents(scheduler, job);
    }
    if (scheduler->left == 0 || scheduler->halted)
        cv_broadcast(&scheduler->changed);
    mu_unlock(&scheduler->lock);
}

static void work(struct scheduler *scheduler, int number)
{
    struct job *job;

    while ((job = take(scheduler))) {
        int error = command_run(scheduler->commands, job);
        finish(scheduler, job, error);
        if (ctx_err(scheduler->commands->ctx) != 0) {
            journal_say(scheduler->journal, "worker %d: called off", number);
            scheduler_halt(scheduler);
            wg_done(&scheduler->workers);
            return;
        }
        journal_say(scheduler->journal, "%s: %s", job->name, error ? "FAILED" : "built");
    }
    wg_done(&scheduler->workers);
}

static void close_when_finished(struct scheduler *scheduler)
{
    wg_wait(&scheduler->workers);
    chan_close(scheduler->finished);
}

void scheduler_start(struct scheduler *scheduler, int workers)
{
    struct graph *graph = scheduler->graph;

    scheduler->finished = done_make();
    scheduler->left = graph->count;
    mu_lock(&scheduler->lock);
    for (size_t i = 0; i < graph->count; i++)
        if (graph->jobs[i].missing == 0)
            make_ready(scheduler, &graph->jobs[i]);
    mu_unlock(&scheduler->lock);
    wg_add(&scheduler->workers, workers);
    for (int i = 0; i < workers; i++)
        spawn(work, scheduler, i);
    wg_spawn(&scheduler->closer, close_when_finished, scheduler);
}

void scheduler_halt(struct scheduler *scheduler)
{
    mu_lock(&scheduler->lock);
    scheduler->halted = true;
    cv_broadcast(&scheduler->changed);
    mu_unlock(&scheduler->lock);
}

struct scheduler_numbers scheduler_numbers(struct scheduler *scheduler)
{
    mu_lock(&scheduler->lock);
    struct scheduler_numbers numbers = {.left = scheduler->left,
                                        .running = scheduler->running,
                                        .built = scheduler->built,
                                        .failures = scheduler->failures,
                                        .waiting_for_memory =
                                            memory_waiting(scheduler->commands->memory)};
    mu_unlock(&scheduler->lock);
    return numbers;
}

void scheduler_release(struct scheduler *scheduler)
{
    wg_wait(&scheduler->closer);
    chan_free(scheduler->finished);
}
