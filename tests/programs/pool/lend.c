/* lend.c - who has which connection, and who waits for one. */
#include "internal.h"

#include <stdlib.h>

void *connection_handle(struct connection *connection)
{
    return connection->handle;
}

/* Under the lock. */
static void append(struct pool *pool, struct waiter *waiter)
{
    waiter->next = NULL;
    if (pool->last)
        pool->last->next = waiter;
    else
        pool->first = waiter;
    pool->last = waiter;
    pool->waiting++;
}

/* Under the lock. */
static struct waiter *take_waiter(struct pool *pool)
{
    struct waiter *waiter = pool->first;

    if (!waiter)
        return NULL;
    pool->first = waiter->next;
    if (!pool->first)
        pool->last = NULL;
    pool->waiting--;
    return waiter;
}

/* Takes the waiter off the list.  false: it is not there, so that its gift is on the way. */
static bool withdraw(struct pool *pool, struct waiter *waiter)
{
    struct waiter *before = NULL;

    mu_lock(&pool->lock);
    defer_unlock(&pool->lock);
    for (struct waiter *at = pool->first; at; before = at, at = at->next) {
        if (at != waiter)
            continue;
        if (before)
            before->next = at->next;
        else
            pool->first = at->next;
        if (pool->last == at)
            pool->last = before;
        pool->waiting--;
        return true;
    }
    return false;
}

/* Under the lock: whether one more is to be opened; it counts already then. */
static bool claim_order(struct pool *pool)
{
    if (pool->draining || pool->total == pool->options.size)
        return false;
    pool->total++;
    return true;
}

static void order(struct pool *pool)
{
    static const int one = 1;

    chan_send(pool->orders, &one);
}

static void push_idle(struct pool *pool, struct connection *connection)
{
    connection->next = pool->idle;
    pool->idle = connection;
    pool->idle_count++;
}

void hand_out(struct pool *pool, struct connection *connection)
{
    mu_lock(&pool->lock);
    struct waiter *waiter = take_waiter(pool);
    if (!waiter) {
        push_idle(pool, connection);
        mu_unlock(&pool->lock);
        return;
    }
    pool->lent++;
    chan_t *gift = chan_ref(waiter->gift);
    mu_unlock(&pool->lock);
    chan_send(gift, &connection);
    chan_free(gift);
}

void forget_order(struct pool *pool)
{
    mu_lock(&pool->lock);
    defer_unlock(&pool->lock);
    pool->total--;
}

void discard(struct pool *pool, struct connection *connection)
{
    pool->options.close(pool->options.user, connection->handle);
    free(connection);
    tell(pool, POOL_CLOSED);
    mu_lock(&pool->lock);
    pool->total--;
    bool wanted = pool->first && claim_order(pool);
    mu_unlock(&pool->lock);
    if (wanted)
        order(pool);
}

struct connection *take_idle(struct pool *pool, int *count)
{
    mu_lock(&pool->lock);
    defer_unlock(&pool->lock);
    struct connection *idle = pool->idle;
    *count = pool->idle_count;
    pool->idle = NULL;
    pool->idle_count = 0;
    return idle;
}

/* Waits for the gift, by its coming or for so many milliseconds; a negative time is none. */
static int wait_for_gift(struct pool *pool, struct waiter *waiter, int64_t ms,
                         struct connection **acquired)
{
    bool came = true;

    if (ms < 0)
        return chan_recv(waiter->gift, acquired) ? 0 : ESHUTDOWN;
    if (chan_select(RECV_OK(waiter->gift, acquired, &came), AFTER_MS(ms)) == 0)
        return came ? 0 : ESHUTDOWN;
    if (withdraw(pool, waiter))
        return ETIMEDOUT;
    return chan_recv(waiter->gift, acquired) ? 0 : ESHUTDOWN;
}

static int acquire(struct pool *pool, int64_t ms, struct connection **acquired)
{
    mu_lock(&pool->lock);
    if (pool->draining) {
        mu_unlock(&pool->lock);
        return ESHUTDOWN;
    }
    if (pool->idle) {
        *acquired = pool->idle;
        pool->idle = pool->idle->next;
        pool->idle_count--;
        pool->lent++;
        mu_unlock(&pool->lock);
        return 0;
    }
    struct waiter waiter = {.gift = chan_make(struct connection *, 1)};
    defer_free(waiter.gift);
    append(pool, &waiter);
    bool wanted = claim_order(pool);
    mu_unlock(&pool->lock);
    if (wanted)
        order(pool);
    return wait_for_gift(pool, &waiter, ms, acquired);
}

int pool_acquire(struct pool *pool, struct connection **acquired)
{
    return acquire(pool, -1, acquired);
}

int pool_acquire_within(struct pool *pool, int64_t ms, struct connection **acquired)
{
    return acquire(pool, ms > 0 ? ms : 0, acquired);
}

/* The count goes down last: then pool_drain may return, and the pool go away. */
void pool_release(struct pool *pool, struct connection *connection, bool broken)
{
    if (broken)
        discard(pool, connection);
    else
        hand_out(pool, connection);
    mu_lock(&pool->lock);
    pool->lent--;
    if (pool->lent == 0)
        cv_broadcast(&pool->returned);
    mu_unlock(&pool->lock);
}

/* Takes all who wait off the list and tells them that nothing will come. */
static void send_away(struct pool *pool)
{
    struct waiter *waiter;

    mu_lock(&pool->lock);
    while ((waiter = take_waiter(pool)))
        chan_close(waiter->gift);
    mu_unlock(&pool->lock);
}

void pool_drain(struct pool *pool)
{
    mu_lock(&pool->lock);
    bool first = !pool->draining;
    pool->draining = true;
    mu_unlock(&pool->lock);
    if (first) {
        chan_close(pool->closing);
        send_away(pool);
    }
    mu_lock(&pool->lock);
    while (pool->lent > 0)
        cv_wait(&pool->returned, &pool->lock);
    mu_unlock(&pool->lock);
}

struct pool_numbers pool_numbers(struct pool *pool)
{
    mu_lock(&pool->lock);
    defer_unlock(&pool->lock);
    return (struct pool_numbers){.total = pool->total,
                                 .idle = pool->idle_count,
                                 .lent = pool->lent,
                                 .waiting = pool->waiting,
                                 .told = pool->told};
}
