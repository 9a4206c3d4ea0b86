/*
 * Alarms: a call in a task of its own when a time has come.
 *
 * Who frees it: alarm_stop when it stopped the timer, or when the call has ended; the task that
 * made the call, at its end, when the alarm was detached; the runtime's end, when it was detached
 * and the time never came.  The lock decides between the end of the call and the two others.
 */
#include "leash.h"
#include "scheduler.h"
#include "timer.h"

#include <stdlib.h>

struct leash_alarm {
    struct timer timer;
    void (*fn)(void *arg);
    void *arg;
    const char *site;     /* where it was made */
    struct lock lock;     /* of what follows */
    bool detached;        /* nobody comes to ask: frees itself */
    bool ended;           /* the call has returned */
    struct task *runner;  /* makes the call; NULL before it has begun */
    struct task *stopper; /* parked until the call has returned; or NULL */
};

/* The alarm's task. */
static void alarm_run(leash_alarm_t *alarm)
{
    lock_acquire(&alarm->lock);
    alarm->runner = task_self();
    lock_release(&alarm->lock);
    alarm->fn(alarm->arg);
    lock_acquire(&alarm->lock);
    alarm->ended = true;
    bool detached = alarm->detached;
    struct task *stopper = alarm->stopper;
    lock_release(&alarm->lock);
    if (detached)
        free(alarm);
    else if (stopper)
        ready(stopper);
}

static void alarm_fire(struct timer *timer)
{
    leash_alarm_t *alarm = container_of(timer, leash_alarm_t, timer);
    leash_args args = {1, {(uintptr_t)alarm}};

    if (task_spawn((void (*)(void))alarm_run, &args, "alarm", NULL, alarm->site))
        fatal(alarm->site, "no memory for the stack of the task of an alarm");
}

static void alarm_drop(struct timer *timer)
{
    leash_alarm_t *alarm = container_of(timer, leash_alarm_t, timer);

    if (alarm->detached)
        free(alarm);
}

leash_alarm_t *leash_alarm_after_ms(int64_t ms, void (*fn)(void *), void *arg, const char *site)
{
    schedule_point();
    worker_of_task("alarm_after_ms", site);
    leash_alarm_t *alarm = allocate(sizeof(*alarm), site);
    *alarm = (leash_alarm_t){
        .timer = {.fire = alarm_fire, .drop = alarm_drop}, .fn = fn, .arg = arg, .site = site};
    timer_start(&alarm->timer, timer_tick_after_ms(ms), site);
    return alarm;
}

/* After the time has come: parks until the call has returned.  True: the alarm may be freed now. */
static bool wait_for_call(leash_alarm_t *alarm)
{
    struct worker *worker = worker_of_task("alarm_stop", NULL);

    lock_acquire(&alarm->lock);
    if (alarm->ended) {
        lock_release(&alarm->lock);
        return true;
    }
    if (alarm->runner == worker->task) {
        alarm->detached = true;
        lock_release(&alarm->lock);
        return false;
    }
    alarm->stopper = worker->task;
    park(&alarm->lock, "alarm stop", alarm, NULL);
    return true;
}

bool leash_alarm_stop(leash_alarm_t *alarm)
{
    schedule_point();
    if (!alarm)
        return false;
    bool stopped = timer_stop(&alarm->timer);
    if (stopped || wait_for_call(alarm))
        free(alarm);
    return stopped;
}

void leash_alarm_detach(leash_alarm_t *alarm)
{
    schedule_point();
    if (!alarm)
        return;
    lock_acquire(&alarm->lock);
    alarm->detached = true;
    bool ended = alarm->ended;
    lock_release(&alarm->lock);
    if (ended)
        free(alarm);
}
