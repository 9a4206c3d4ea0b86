/*
 * Condition variables.
 *
 * The waiter stands in line before it gives the lock up, and the line's own lock is held until it
 * is parked, so a signal that follows the unlock finds it.
 */
#include "ctx.h"
#include "mu.h"
#include "scheduler.h"
#include "wait.h"

/* What a leash_cv_t holds. */
struct cv {
    struct lock lock;
    struct waitq waiters;
};

_Static_assert(sizeof(struct cv) <= sizeof(leash_cv_t), "a condition fits its opaque words");

static struct cv *cv_of(leash_cv_t *cv)
{
    return (struct cv *)cv;
}

static void give_up(leash_mu_t *mu, const char *site)
{
    struct task *next = mu_release(mu, "cv_wait with", site);

    if (next)
        ready(next);
}

void leash_cv_wait(leash_cv_t *object, leash_mu_t *mu, const char *site)
{
    struct cv *cv = cv_of(object);

    schedule_point();
    lock_acquire(&cv->lock);
    struct waiter waiter = {.task = task_self()};
    waitq_push(&cv->waiters, &waiter);
    give_up(mu, site);
    park(&cv->lock, "condition wait", object, site);
    leash_mu_lock(mu, site);
}

int leash_cv_wait_ctx(leash_ctx_t *ctx, leash_cv_t *object, leash_mu_t *mu, const char *site)
{
    struct cv *cv = cv_of(object);
    struct source source[2];
    struct source *ordered[2];
    struct sources sources = {source, ordered, 2};

    schedule_point();
    source_set(&source[0], &cv->lock, &cv->waiters, NULL);
    ctx_source(&source[1], ctx);
    sources_lock(&sources);
    int error = ctx_error(ctx);
    if (error) {
        sources_unlock(&sources);
        return error;
    }
    give_up(mu, site);
    bool ended = sources_park(&sources, "condition wait", object, site) != 0;
    leash_mu_lock(mu, site);
    return ended ? ctx_error(ctx) : 0;
}

void leash_cv_signal(leash_cv_t *object)
{
    struct cv *cv = cv_of(object);

    schedule_point();
    lock_acquire(&cv->lock);
    struct waiter *waiter = waitq_pop(&cv->waiters);
    lock_release(&cv->lock);
    if (waiter)
        ready(waiter->task);
}

void leash_cv_broadcast(leash_cv_t *object)
{
    struct cv *cv = cv_of(object);

    schedule_point();
    lock_acquire(&cv->lock);
    struct task *woken = waitq_pop_all(&cv->waiters);
    lock_release(&cv->lock);
    ready_list(woken);
}
