/*
 * executor.h - runs functions on a few threads, and some of them later.
 *
 * Everything here is for any thread.  Handles are counted: who got one gives it back once.
 */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>

typedef struct executor executor;
typedef struct future future;

/* The result is the future's value.  It may look at `self` to see whether it is still wanted. */
typedef void *(*executor_job)(future *self, void *user);

/* `threads` workers with at most `backlog` jobs that wait.  NULL when that cannot be had. */
executor *executor_new(unsigned threads, size_t backlog);

/* Runs what has been submitted, drops what is due later, waits for all threads. */
void executor_shutdown(executor *ex);

/* Waits for a place in the backlog.  NULL after the shutdown has begun. */
future *executor_submit(executor *ex, executor_job job, void *user);

/* The same in `delay_ms`; a place in the backlog is waited for then. */
future *executor_submit_later(executor *ex, unsigned delay_ms, executor_job job, void *user);

/* Waits until no job waits or runs. */
void executor_drain(executor *ex);

enum future_state { FUTURE_PENDING, FUTURE_RUNNING, FUTURE_DONE, FUTURE_CANCELLED };

/* Waits for the end; FUTURE_DONE with its value, or FUTURE_CANCELLED. */
enum future_state future_wait(future *f, void **value);

/* The same for `ms` at most; then the state it is in. */
enum future_state future_wait_ms(future *f, unsigned ms, void **value);

/* A job that has not begun never will; one that runs is told so.  True in the first case. */
bool future_cancel(future *f);
bool future_is_cancelled(future *f);

/* Calls `fn` once the future has ended, from the thread that ended it; at once when it has. */
typedef void (*future_callback)(future *f, enum future_state state, void *user);
void future_on_end(future *f, future_callback fn, void *user);

void future_put(future *f);

#endif
