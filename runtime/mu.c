/* Locks.  An unlock hands the lock to the first who waits, so nobody is overtaken for ever. */
#include "mu.h"
#include "scheduler.h"
#include "wait.h"

/* What a leash_mu_t holds. */
struct mu {
    struct lock lock;
    bool held;
    struct waitq waiters;
};

_Static_assert(sizeof(struct mu) <= sizeof(leash_mu_t), "a lock fits its opaque words");

static struct mu *mu_of(leash_mu_t *mu)
{
    return (struct mu *)mu;
}

void leash_mu_lock(leash_mu_t *object, const char *site)
{
    struct mu *mu = mu_of(object);

    schedule_point();
    lock_acquire(&mu->lock);
    if (likely(!mu->held)) {
        mu->held = true;
        lock_release(&mu->lock);
        return;
    }
    struct waiter waiter;
    park_in(&mu->waiters, &waiter, NULL, &mu->lock, "mutex lock", object, site);
}

bool leash_mu_trylock(leash_mu_t *object, const char *site)
{
    struct mu *mu = mu_of(object);

    (void)site;
    schedule_point();
    lock_acquire(&mu->lock);
    bool taken = !mu->held;
    mu->held = true;
    lock_release(&mu->lock);
    /* Who tries until it succeeds must let the holder run. */
    if (!taken)
        poll_point();
    return taken;
}

struct task *mu_release(leash_mu_t *object, const char *call, const char *site)
{
    struct mu *mu = mu_of(object);
    struct task *next = NULL;

    lock_acquire(&mu->lock);
    if (unlikely(!mu->held)) {
        lock_release(&mu->lock);
        fatal(site, "%s a lock that is not locked (%p)", call, (void *)object);
    }
    struct waiter *waiter = waitq_pop(&mu->waiters);
    if (waiter)
        next = waiter->task;
    else
        mu->held = false;
    lock_release(&mu->lock);
    return next;
}

void leash_mu_unlock(leash_mu_t *mu)
{
    schedule_point();
    struct task *next = mu_release(mu, "mu_unlock of", NULL);
    if (next)
        ready(next);
}
