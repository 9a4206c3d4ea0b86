/* executor.c - the workers. */
#include "internal.h"

#include <stdlib.h>

struct executor {
    struct backlog backlog;
    struct timers timers;
    unsigned count;
    thrd_t workers[];
};

static int worker_main(void *arg)
{
    executor *ex = arg;
    future *f;

    while ((f = backlog_pop(&ex->backlog)) != NULL) {
        if (future_begin(f)) {
            void *value = f->job(f, f->user);
            future_end(f, FUTURE_DONE, value);
        }
        future_put(f);
        backlog_job_ended(&ex->backlog);
    }
    return 0;
}

static void stop_workers(executor *ex)
{
    backlog_close(&ex->backlog);
    for (unsigned i = 0; i < ex->count; i++)
        thrd_join(ex->workers[i], NULL);
}

executor *executor_new(unsigned threads, size_t backlog)
{
    if (threads == 0 || backlog == 0)
        return NULL;
    executor *ex = calloc(1, sizeof *ex + threads * sizeof ex->workers[0]);
    if (!ex)
        return NULL;
    if (!backlog_init(&ex->backlog, backlog))
        goto no_backlog;
    while (ex->count < threads) {
        if (thrd_create(&ex->workers[ex->count], worker_main, ex) != thrd_success)
            goto stop;
        ex->count++;
    }
    if (!timers_start(&ex->timers, &ex->backlog))
        goto stop;
    return ex;

stop:
    stop_workers(ex);
    backlog_destroy(&ex->backlog);
no_backlog:
    free(ex);
    return NULL;
}

void executor_shutdown(executor *ex)
{
    timers_stop(&ex->timers);
    stop_workers(ex);
    backlog_destroy(&ex->backlog);
    free(ex);
}

static future *refuse(future *f)
{
    future_end(f, FUTURE_CANCELLED, NULL);
    future_put(f);
    future_put(f);
    return NULL;
}

future *executor_submit(executor *ex, executor_job job, void *user)
{
    future *f = future_new(job, user);

    if (f && !backlog_push(&ex->backlog, f))
        return refuse(f);
    return f;
}

future *executor_submit_later(executor *ex, unsigned delay_ms, executor_job job, void *user)
{
    future *f = future_new(job, user);

    if (f && !timers_add(&ex->timers, f, delay_ms))
        return refuse(f);
    return f;
}

void executor_drain(executor *ex)
{
    backlog_wait_idle(&ex->backlog);
}
