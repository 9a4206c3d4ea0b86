/*
 * Contexts: trees of work that can be called off.
 *
 * A child holds a reference on its parent, and stands in the parent's list until the parent ends or
 * its maker gives it up.  A context ends once, by whoever sets `error` under its lock.  From then
 * on the list belongs to that one alone, who ends the children in it, not recursively, since trees
 * may be deep.
 *
 * What others see of an end is the close of the done channel, and the channels are closed from the
 * leaves up: whoever sees that a context has ended finds all below it ended too.  That holds for
 * who ends a context that another thread is about to end as well: it waits for the close.  It waits
 * for that thread and not for its task, since the steps in between never park; and it waits
 * downwards in the tree alone, so no two wait for each other.
 *
 * The memory goes with the done channel, which others may hold references on or stand at.
 */
#include "ctx.h"
#include "chan.h"
#include "io.h"
#include "scheduler.h"
#include "timer.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

struct leash_ctx {
    struct lock lock;         /* of children, their places in the list, and the setting of error */
    _Atomic int error;        /* 0 while it goes on; counts once the done channel is closed */
    _Atomic uint32_t holders; /* its maker, ctx_ref, its children, a running timer, a watch */
    bool is_child;            /* it stands in the parent's list; guarded by the parent's lock */
    bool has_timer;           /* it was made with an end in time of its own */
    bool has_hangup;          /* it was made to watch a peer */
    struct leash_ctx *parent; /* NULL: the background */
    struct leash_ctx *children;
    struct leash_ctx *next;  /* in the parent's list */
    struct leash_ctx **link; /* what leads to it in the parent's list */
    int64_t deadline_ms;     /* INT64_MAX: none */
    const void *key;
    void *value;
    struct timer timer;
    struct hangup hangup;
    struct leash_chan done;
};

/* The background is known by its address alone. */
static struct leash_ctx background;

/* The key of a context that carries no value; NULL is a key like any other. */
static const char no_key;

static bool is_background(const leash_ctx_t *ctx)
{
    return !ctx || ctx == &background;
}

/* ---- holders --------------------------------------------------------------------------------- */

static void hold(struct leash_ctx *ctx)
{
    atomic_fetch_add_explicit(&ctx->holders, 1, memory_order_relaxed);
}

static void free_ctx(struct leash_chan *done)
{
    free(container_of(done, struct leash_ctx, done));
}

/* Gives one hold up; with the last, the hold on the parent too, and so on upwards. */
static void let_go(struct leash_ctx *ctx)
{
    while (ctx && atomic_fetch_sub_explicit(&ctx->holders, 1, memory_order_acq_rel) == 1) {
        struct leash_ctx *parent = ctx->parent;
        leash_chan_free(&ctx->done);
        ctx = parent;
    }
}

/* ---- ending ---------------------------------------------------------------------------------- */

static bool is_closed(const struct leash_ctx *ctx)
{
    return atomic_load_explicit(&ctx->done.closed, memory_order_acquire);
}

/* Until another thread has ended it, which is about to. */
static void await_end(const struct leash_ctx *ctx)
{
    while (!is_closed(ctx))
        sched_yield();
}

/* Makes the list of children the caller's, held.  With the lock held. */
static void take_children(struct leash_ctx *ctx)
{
    for (struct leash_ctx *child = ctx->children; child; child = child->next) {
        child->is_child = false;
        hold(child);
    }
}

/* Has the caller be the one who ends it, and takes its children.  False: somebody else is. */
static bool begin_end(struct leash_ctx *ctx, int error)
{
    lock_acquire(&ctx->lock);
    bool begins = !atomic_load_explicit(&ctx->error, memory_order_relaxed);
    if (begins) {
        atomic_store_explicit(&ctx->error, error, memory_order_release);
        take_children(ctx);
    }
    lock_release(&ctx->lock);
    if (!begins)
        return false;
    if (ctx->has_timer && timer_stop(&ctx->timer))
        let_go(ctx);
    if (ctx->has_hangup && hangup_unwatch(&ctx->hangup))
        let_go(ctx);
    return true;
}

/* The first of the children that were taken, to be ended; NULL: none is left. */
static struct leash_ctx *next_child(struct leash_ctx *ctx)
{
    struct leash_ctx *child = ctx->children;

    if (child)
        ctx->children = child->next;
    return child;
}

/* All below it has ended, so it does.  Returns the parent, where the walk goes on, or NULL at the
 * root. */
static struct leash_ctx *finish_end(struct leash_ctx *ctx, const struct leash_ctx *root)
{
    struct leash_ctx *parent = ctx->parent;

    chan_close_quietly(&ctx->done);
    if (ctx == root)
        return NULL;
    let_go(ctx);
    return parent;
}

void ctx_end(leash_ctx_t *root, int error)
{
    struct leash_ctx *ctx = root;

    if (!begin_end(root, error)) {
        await_end(root);
        return;
    }
    while (ctx) {
        struct leash_ctx *child = next_child(ctx);
        if (!child) {
            ctx = finish_end(ctx, root);
        } else if (begin_end(child, error)) {
            ctx = child;
        } else {
            await_end(child);
            let_go(child);
        }
    }
}

static void end_in_time(struct timer *timer)
{
    struct leash_ctx *ctx = container_of(timer, struct leash_ctx, timer);

    ctx_end(ctx, ETIMEDOUT);
    let_go(ctx);
}

/* The runtime ends before the time comes. */
static void drop_timer(struct timer *timer)
{
    let_go(container_of(timer, struct leash_ctx, timer));
}

static void end_by_hangup(struct hangup *hangup)
{
    struct leash_ctx *ctx = container_of(hangup, struct leash_ctx, hangup);

    ctx_end(ctx, ECANCELED);
    let_go(ctx);
}

/* ---- making ---------------------------------------------------------------------------------- */

static struct leash_ctx *make(leash_ctx_t *parent, const char *site)
{
    struct leash_ctx *ctx = allocate_zeroed(1, sizeof(*ctx), site);

    atomic_init(&ctx->holders, 1);
    chan_init(&ctx->done, 0, 0, NULL, free_ctx, site);
    ctx->deadline_ms = leash_ctx_deadline_ms(parent);
    ctx->key = &no_key;
    if (!is_background(parent)) {
        hold(parent);
        ctx->parent = parent;
    }
    return ctx;
}

/* Puts a context into its parent's list, or ends it where the parent has ended.  The last step of
 * making it, since from here on others may end it. */
static struct leash_ctx *attach(struct leash_ctx *ctx)
{
    struct leash_ctx *parent = ctx->parent;

    if (!parent)
        return ctx;
    lock_acquire(&parent->lock);
    int error = atomic_load_explicit(&parent->error, memory_order_relaxed);
    if (!error) {
        ctx->is_child = true;
        ctx->link = &parent->children;
        ctx->next = parent->children;
        if (ctx->next)
            ctx->next->link = &ctx->next;
        parent->children = ctx;
    }
    lock_release(&parent->lock);
    if (error)
        ctx_end(ctx, error);
    return ctx;
}

static void detach(struct leash_ctx *ctx)
{
    struct leash_ctx *parent = ctx->parent;

    if (!parent)
        return;
    lock_acquire(&parent->lock);
    if (ctx->is_child) {
        *ctx->link = ctx->next;
        if (ctx->next)
            ctx->next->link = ctx->link;
        ctx->is_child = false;
    }
    lock_release(&parent->lock);
}

leash_ctx_t *leash_ctx_background(void)
{
    return &background;
}

leash_ctx_t *leash_ctx_with_cancel(leash_ctx_t *parent, const char *site)
{
    schedule_point();
    return attach(make(parent, site));
}

/* Ends at `when_tick` unless the parent does so earlier. */
static leash_ctx_t *with_time(leash_ctx_t *parent, int64_t when_tick, int64_t deadline_ms,
                              const char *site)
{
    struct leash_ctx *ctx = make(parent, site);

    if (deadline_ms >= ctx->deadline_ms)
        return attach(ctx);
    ctx->deadline_ms = deadline_ms;
    ctx->has_timer = true;
    ctx->timer.fire = end_in_time;
    ctx->timer.drop = drop_timer;
    hold(ctx);
    timer_start(&ctx->timer, when_tick, site);
    return attach(ctx);
}

leash_ctx_t *leash_ctx_with_deadline_ms(leash_ctx_t *parent, int64_t when_ms, const char *site)
{
    schedule_point();
    return with_time(parent, timer_tick_at_ms(when_ms), when_ms, site);
}

leash_ctx_t *leash_ctx_with_timeout_ms(leash_ctx_t *parent, int64_t ms, const char *site)
{
    int64_t when_tick = timer_tick_after_ms(ms);
    int64_t deadline_ms = when_tick == NEVER ? INT64_MAX : when_tick / TICKS_PER_MS;

    schedule_point();
    if (when_tick != NEVER && when_tick % TICKS_PER_MS)
        deadline_ms++;
    return with_time(parent, when_tick, deadline_ms, site);
}

leash_ctx_t *leash_ctx_with_hangup(leash_ctx_t *parent, int fd, const char *site)
{
    schedule_point();
    struct leash_ctx *ctx = make(parent, site);
    ctx->has_hangup = true;
    ctx->hangup.fire = end_by_hangup;
    hold(ctx);
    bool gone = hangup_watch(&ctx->hangup, fd, site) != 0;
    if (gone) {
        ctx->has_hangup = false;
        let_go(ctx);
    }
    attach(ctx);
    /* Who has hung up already, or never was a peer, ends it as well. */
    if (gone)
        ctx_end(ctx, ECANCELED);
    return ctx;
}

leash_ctx_t *leash_ctx_with_value(leash_ctx_t *parent, const void *key, void *value)
{
    schedule_point();
    struct leash_ctx *ctx = make(parent, NULL);
    ctx->key = key;
    ctx->value = value;
    return attach(ctx);
}

/* ---- asking ---------------------------------------------------------------------------------- */

void *leash_ctx_value(leash_ctx_t *ctx, const void *key)
{
    if (is_background(ctx))
        return NULL;
    while (ctx && ctx->key != key)
        ctx = ctx->parent;
    return ctx ? ctx->value : NULL;
}

leash_chan_t *leash_ctx_done(leash_ctx_t *ctx)
{
    return is_background(ctx) ? NULL : &ctx->done;
}

int64_t leash_ctx_deadline_ms(leash_ctx_t *ctx)
{
    return is_background(ctx) ? INT64_MAX : ctx->deadline_ms;
}

int ctx_error(const leash_ctx_t *ctx)
{
    if (is_background(ctx))
        return 0;
    int error = atomic_load_explicit(&ctx->error, memory_order_acquire);
    return error && is_closed(ctx) ? error : 0;
}

int leash_ctx_err(leash_ctx_t *ctx)
{
    poll_point();
    return ctx_error(ctx);
}

void ctx_source(struct source *source, leash_ctx_t *ctx)
{
    chan_source(source, leash_ctx_done(ctx));
}

/* ---- the end --------------------------------------------------------------------------------- */

void leash_ctx_cancel(leash_ctx_t *ctx)
{
    schedule_point();
    if (!is_background(ctx))
        ctx_end(ctx, ECANCELED);
}

void leash_ctx_free(leash_ctx_t *ctx)
{
    schedule_point();
    if (is_background(ctx))
        return;
    ctx_end(ctx, ECANCELED);
    detach(ctx);
    let_go(ctx);
}

leash_ctx_t *leash_ctx_ref(leash_ctx_t *ctx)
{
    if (!is_background(ctx))
        hold(ctx);
    return ctx;
}

void leash_ctx_unref(leash_ctx_t *ctx)
{
    if (!is_background(ctx))
        let_go(ctx);
}
