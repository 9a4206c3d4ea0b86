/* internal.h - what the parts of the executor share. */
#ifndef INTERNAL_H
#define INTERNAL_H

#include "executor.h"

#include <stdatomic.h>
#include <threads.h>
#include <time.h>

struct future {
    atomic_uint refs;
    executor_job job;
    void *user;
    future *next;        /* in the backlog or among the delayed; under that one's lock */
    struct timespec due; /* of a delayed one */

    mtx_t lock; /* for what follows */
    cnd_t ended;
    enum future_state state;
    bool is_unwanted;
    void *value;
    future_callback callback;
    void *callback_user;
};

/* With two references: the caller's and the executor's. */
future *future_new(executor_job job, void *user);

/* From pending to running; false when it has been cancelled. */
bool future_begin(future *f);

/* Ends it, wakes who waits and calls back.  Gives no reference back. */
void future_end(future *f, enum future_state state, void *value);

struct backlog {
    mtx_t lock;
    cnd_t has_job;
    cnd_t has_room;
    cnd_t is_idle;
    future *first;
    future **last;
    size_t length;
    size_t room;
    unsigned running;
    bool is_closed;
};

bool backlog_init(struct backlog *b, size_t room);
void backlog_destroy(struct backlog *b);
bool backlog_push(struct backlog *b, future *f);
future *backlog_pop(struct backlog *b);
void backlog_job_ended(struct backlog *b);
void backlog_wait_idle(struct backlog *b);
void backlog_close(struct backlog *b);

struct timers {
    mtx_t lock;
    cnd_t changed;
    future *first; /* the one that is due next */
    bool is_closed;
    struct backlog *backlog;
    thrd_t thread;
};

bool timers_start(struct timers *t, struct backlog *b);
bool timers_add(struct timers *t, future *f, unsigned delay_ms);
void timers_stop(struct timers *t);

/* The time on the wall `ms` from now. */
static inline struct timespec time_in_ms(unsigned ms)
{
    struct timespec when;

    timespec_get(&when, TIME_UTC);
    when.tv_nsec += (long)(ms % 1000) * 1000000L;
    when.tv_sec += ms / 1000 + when.tv_nsec / 1000000000L;
    when.tv_nsec %= 1000000000L;
    return when;
}

static inline bool time_is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

#endif
