/*
 * pool.h - a bounded number of connections, lent to whoever needs one.
 *
 * Connections are opened by tasks of the pool when they are wanted, looked after while they are
 * idle, and replaced when they break.  What a connection is, the three functions of the owner say.
 */
#ifndef POOL_H
#define POOL_H

#include <leash.h>
#include <stddef.h>

struct pool;
struct connection;

enum pool_event { POOL_OPENED, POOL_OPEN_FAILED, POOL_CLOSED, POOL_PROBE_FAILED };

struct pool_options {
    /* 0 and the handle, or an errno value: it is tried again after a pause.  May park. */
    int (*open)(void *user, void **handle);
    /* Whether an idle connection still works.  May park. */
    bool (*probe)(void *user, void *handle);
    void (*close)(void *user, void *handle);
    /* Is told what happens, in a task of its own, or NULL.  May park and call pool_numbers. */
    void (*event)(void *user, enum pool_event event);
    void *user;
    int size;         /* connections at most; at least 1 */
    int openers;      /* that open at the same time; at least 1 */
    int64_t probe_ms; /* how often the idle ones are probed, and how long that may take */
};

struct pool_numbers {
    int total, idle, lent, waiting;
    int told; /* events the owner has been told */
};

/* 0 and the pool, for pool_destroy; or EINVAL or ENOMEM. */
int pool_create(const struct pool_options *options, struct pool **created);

/* A connection, for pool_release.  Parks until there is one.  0, or ESHUTDOWN once pool_drain has
 * been called. */
int pool_acquire(struct pool *pool, struct connection **acquired);
/* The same, but ETIMEDOUT after so many milliseconds. */
int pool_acquire_within(struct pool *pool, int64_t ms, struct connection **acquired);
/* Gives it back; one that is broken is closed and, where it is wanted, replaced. */
void pool_release(struct pool *pool, struct connection *connection, bool broken);
void *connection_handle(struct connection *connection);

/* Lends nothing more, sends those who wait away, and parks until all that is lent is back. */
void pool_drain(struct pool *pool);
/* Drains, ends the tasks, closes the connections.  When no other call is under way but
 * pool_release. */
void pool_destroy(struct pool *pool);

struct pool_numbers pool_numbers(struct pool *pool);

#endif
