#include "chan.h"
#include "ctx.h"
#include "scheduler.h"
#include "timer.h"
#include "wait.h"

int64_t leash_task_now_ms(void)
{
    return clock_now_ns() / (TICK_NS * TICKS_PER_MS);
}

void leash_task_sleep_ms(int64_t ms, const char *site)
{
    schedule_point();
    if (ms <= 0) {
        leash_task_yield();
        return;
    }
    struct worker *worker = worker_of_task("task_sleep_ms", site);
    struct waiter waiter = {.task = worker->task};
    struct timer timer = {.waiter = &waiter};
    int64_t when_tick = timer_tick_after_ms(ms);
    lock_acquire(&worker->wheel.lock);
    timer_start_locked(&worker->wheel, &timer, when_tick, site);
    park(&worker->wheel.lock, "sleep", NULL, site);
}

/* Parks until the context ends or the time comes; returns what the context says then, or 0. */
static int sleep_beside(leash_ctx_t *ctx, int64_t when_tick, const char *site)
{
    struct timer timer;
    struct source source[2];
    struct source *ordered[2];
    struct sources sources = {source, ordered, 2};

    ctx_source(&source[0], ctx);
    timer_source(&source[1], &timer, when_tick);
    sources_lock(&sources);
    if (source[0].ch && source[0].ch->closed) {
        sources_unlock(&sources);
        return ctx_error(ctx);
    }
    bool ended = sources_park(&sources, "sleep", NULL, site) == 0;
    return ended ? ctx_error(ctx) : 0;
}

int leash_task_sleep_ctx(leash_ctx_t *ctx, int64_t ms, const char *site)
{
    schedule_point();
    worker_of_task("task_sleep_ctx", site);
    int error = ctx_error(ctx);
    if (error)
        return error;
    if (ms > 0)
        return sleep_beside(ctx, timer_tick_after_ms(ms), site);
    leash_task_yield();
    return 0;
}
