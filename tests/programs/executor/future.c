/* future.c */
#include "internal.h"

#include <stdlib.h>

future *future_new(executor_job job, void *user)
{
    future *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    if (mtx_init(&f->lock, mtx_plain) != thrd_success)
        goto no_lock;
    if (cnd_init(&f->ended) != thrd_success)
        goto no_condition;
    atomic_init(&f->refs, 2);
    f->job = job;
    f->user = user;
    f->state = FUTURE_PENDING;
    return f;

no_condition:
    mtx_destroy(&f->lock);
no_lock:
    free(f);
    return NULL;
}

void future_put(future *f)
{
    if (atomic_fetch_sub(&f->refs, 1) != 1)
        return;
    cnd_destroy(&f->ended);
    mtx_destroy(&f->lock);
    free(f);
}

static bool has_ended(const future *f)
{
    return f->state == FUTURE_DONE || f->state == FUTURE_CANCELLED;
}

bool future_begin(future *f)
{
    mtx_lock(&f->lock);
    bool begins = f->state == FUTURE_PENDING;
    if (begins)
        f->state = FUTURE_RUNNING;
    mtx_unlock(&f->lock);
    return begins;
}

/* The callback is called without the lock, so that it may ask the future things. */
void future_end(future *f, enum future_state state, void *value)
{
    mtx_lock(&f->lock);
    if (has_ended(f)) {
        mtx_unlock(&f->lock);
        return;
    }
    f->state = state;
    f->value = value;
    future_callback callback = f->callback;
    cnd_broadcast(&f->ended);
    mtx_unlock(&f->lock);
    if (callback)
        callback(f, state, f->callback_user);
}

enum future_state future_wait(future *f, void **value)
{
    mtx_lock(&f->lock);
    while (!has_ended(f))
        cnd_wait(&f->ended, &f->lock);
    enum future_state state = f->state;
    if (value)
        *value = f->value;
    mtx_unlock(&f->lock);
    return state;
}

enum future_state future_wait_ms(future *f, unsigned ms, void **value)
{
    struct timespec until = time_in_ms(ms);

    mtx_lock(&f->lock);
    while (!has_ended(f))
        if (cnd_timedwait(&f->ended, &f->lock, &until) == thrd_timedout)
            break;
    enum future_state state = f->state;
    if (value)
        *value = f->value;
    mtx_unlock(&f->lock);
    return state;
}

bool future_cancel(future *f)
{
    mtx_lock(&f->lock);
    bool never_begins = f->state == FUTURE_PENDING;
    f->is_unwanted = true;
    mtx_unlock(&f->lock);
    if (never_begins)
        future_end(f, FUTURE_CANCELLED, NULL);
    return never_begins;
}

bool future_is_cancelled(future *f)
{
    mtx_lock(&f->lock);
    bool is_unwanted = f->is_unwanted;
    mtx_unlock(&f->lock);
    return is_unwanted;
}

void future_on_end(future *f, future_callback fn, void *user)
{
    mtx_lock(&f->lock);
    if (!has_ended(f)) {
        f->callback = fn;
        f->callback_user = user;
        mtx_unlock(&f->lock);
        return;
    }
    enum future_state state = f->state;
    mtx_unlock(&f->lock);
    fn(f, state, user);
}
