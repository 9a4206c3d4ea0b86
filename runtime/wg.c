/* Wait groups: a count, and who waits for it to be zero. */
#include "ctx.h"
#include "leash.h"
#include "scheduler.h"
#include "wait.h"

/* What a leash_wg_t holds. */
struct wg {
    struct lock lock;
    int32_t count;
    struct waitq waiters; /* empty while the count is zero, but for records that were passed over */
};

_Static_assert(sizeof(struct wg) <= sizeof(leash_wg_t), "a wait group fits its opaque words");

static struct wg *wg_of(leash_wg_t *wg)
{
    return (struct wg *)wg;
}

static _Noreturn __attribute__((cold)) void refuse_count(int32_t count, int n, const char *site)
{
    if (n < 0)
        fatal(site, "the count of a wait group goes below zero (%d, then %d more)", count, n);
    fatal(site, "the count of a wait group overflows (%d, then %d more)", count, n);
}

void leash_wg_add(leash_wg_t *group, int n, const char *site)
{
    struct wg *wg = wg_of(group);
    struct task *woken = NULL;
    int32_t count;

    schedule_point();
    lock_acquire(&wg->lock);
    int32_t before = wg->count;
    if (unlikely(__builtin_add_overflow(before, n, &count) || count < 0)) {
        lock_release(&wg->lock);
        refuse_count(before, n, site);
    }
    wg->count = count;
    if (count == 0 && waitq_head(&wg->waiters))
        woken = waitq_pop_all(&wg->waiters);
    /* The last touch: who finds zero may end the frame that the wait group lives in. */
    lock_release(&wg->lock);
    if (woken)
        ready_list(woken);
}

void leash_wg_done(leash_wg_t *wg, const char *site)
{
    leash_wg_add(wg, -1, site);
}

void leash_wg_wait(leash_wg_t *group, const char *site)
{
    struct wg *wg = wg_of(group);

    schedule_point();
    /* Not without the lock: whoever made it zero may still hold it. */
    lock_acquire(&wg->lock);
    if (wg->count == 0) {
        lock_release(&wg->lock);
        return;
    }
    struct waiter waiter;
    park_in(&wg->waiters, &waiter, NULL, &wg->lock, "wait group", group, site);
}

int leash_wg_wait_ctx(leash_ctx_t *ctx, leash_wg_t *group, const char *site)
{
    struct wg *wg = wg_of(group);
    struct source source[2];
    struct source *ordered[2];
    struct sources sources = {source, ordered, 2};

    schedule_point();
    source_set(&source[0], &wg->lock, &wg->waiters, NULL);
    ctx_source(&source[1], ctx);
    sources_lock(&sources);
    int error = wg->count ? ctx_error(ctx) : 0;
    if (error || wg->count == 0) {
        sources_unlock(&sources);
        return error;
    }
    return sources_park(&sources, "wait group", group, site) ? ctx_error(ctx) : 0;
}
