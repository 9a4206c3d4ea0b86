/*
 * internal.h - what the files of the pool share.
 *
 * pool.lock is the one lock.  Nothing is sent, opened, probed or closed under it.
 */
#ifndef POOL_INTERNAL_H
#define POOL_INTERNAL_H

#include "pool.h"

enum { EVENTS_WAITING = 2, PAUSE_MS = 2 };

struct connection {
    struct connection *next; /* among the idle ones */
    void *handle;
};

/* A task that waits for a connection; lives in its frame. */
struct waiter {
    struct waiter *next;
    chan_t *gift; /* of struct connection *, with room for one; closed by pool_drain */
};

struct pool {
    struct pool_options options;
    mu_t lock;
    cv_t returned; /* `lent` went down to zero */
    struct connection *idle;
    struct waiter *first, *last; /* the one who waits longest is first */
    int total;                   /* connections there are or that have been ordered */
    int idle_count, lent, waiting;
    int told; /* events */
    bool draining;

    chan_t *closing; /* a done channel, closed by pool_drain */
    chan_t *orders;  /* of int: one to be opened; with room for all there can be */
    chan_t *events;  /* of enum pool_event */
    wg_t openers, health, probers, teller;
};

/* lend.c: who has which connection. */
/* To who waits longest, or to the idle ones. */
void hand_out(struct pool *pool, struct connection *connection);
/* Closes it and orders another one where that is wanted. */
void discard(struct pool *pool, struct connection *connection);
/* Takes all idle ones, as a list; *count of them. */
struct connection *take_idle(struct pool *pool, int *count);
/* An ordered connection will not come. */
void forget_order(struct pool *pool);

/* open.c, health.c, tell.c: the tasks. */
void openers_start(struct pool *pool);
void openers_stop(struct pool *pool);
int health_start(struct pool *pool);
void health_stop(struct pool *pool);
void teller_start(struct pool *pool);
void teller_stop(struct pool *pool);
/* Parks while the owner's function has enough to do. */
void tell(struct pool *pool, enum pool_event event);

#endif
