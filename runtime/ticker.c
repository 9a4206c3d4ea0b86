/*
 * Tickers: a timer that starts itself again, and a channel with room for one tick.
 *
 * The lock stands outside the wheel's and the channel's (rank 1 in lock.h).  Under it the timer
 * either runs, or is on its way to ticker_fire, which then waits for the lock.  So ticker_stop
 * knows whether a call of ticker_fire is still to come, and leaves the memory to it in that case.
 */
#include "chan.h"
#include "leash.h"
#include "scheduler.h"
#include "timer.h"

#include <stdlib.h>

struct leash_ticker {
    struct timer timer;
    struct lock lock; /* of what follows */
    bool stopped;     /* no tick any more; ch is given up */
    int64_t when_tick;
    int64_t period_ticks;
    leash_chan_t *ch;
};

/* The next tick of the row that lies ahead: those that were missed are left out. */
static int64_t tick_after(const leash_ticker_t *ticker, int64_t now_tick)
{
    int64_t next_tick;
    int64_t late_ticks = now_tick - ticker->when_tick;
    int64_t skip_ticks = late_ticks - late_ticks % ticker->period_ticks;

    if (__builtin_add_overflow(ticker->when_tick + skip_ticks, ticker->period_ticks, &next_tick))
        return NEVER;
    return next_tick;
}

static void ticker_fire(struct timer *timer)
{
    leash_ticker_t *ticker = container_of(timer, leash_ticker_t, timer);

    lock_acquire(&ticker->lock);
    if (ticker->stopped) {
        lock_release(&ticker->lock);
        free(ticker);
        return;
    }
    int64_t now_ms = leash_task_now_ms();
    chan_offer(ticker->ch, &now_ms);
    ticker->when_tick = tick_after(ticker, timer_tick_after_ms(0));
    timer_start(timer, ticker->when_tick, NULL);
    lock_release(&ticker->lock);
}

leash_ticker_t *leash_ticker_start_ms(int64_t every_ms, const char *site)
{
    schedule_point();
    worker_of_task("ticker_start_ms", site);
    if (every_ms < 1)
        every_ms = 1;
    leash_ticker_t *ticker = allocate(sizeof(*ticker), site);
    *ticker = (leash_ticker_t){.timer = {.fire = ticker_fire},
                               .when_tick = timer_tick_after_ms(every_ms),
                               .period_ticks = timer_tick_at_ms(every_ms),
                               .ch = leash_chan_make(sizeof(int64_t), 1, site)};
    timer_start(&ticker->timer, ticker->when_tick, site);
    return ticker;
}

leash_chan_t *leash_ticker_chan(leash_ticker_t *ticker)
{
    return ticker->ch;
}

void leash_ticker_stop(leash_ticker_t *ticker)
{
    schedule_point();
    if (!ticker)
        return;
    lock_acquire(&ticker->lock);
    ticker->stopped = true;
    leash_chan_t *ch = ticker->ch;
    bool ran = timer_stop(&ticker->timer);
    lock_release(&ticker->lock);
    if (ran)
        free(ticker);
    leash_chan_free(ch);
}
