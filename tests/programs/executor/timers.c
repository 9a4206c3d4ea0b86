/* timers.c - one thread that puts the delayed jobs into the backlog when they are due. */
#include "internal.h"

/* Waits until one is due and takes it; NULL after the end. */
static future *next_due(struct timers *t)
{
    future *f = NULL;

    mtx_lock(&t->lock);
    while (!t->is_closed) {
        if (!t->first) {
            cnd_wait(&t->changed, &t->lock);
            continue;
        }
        struct timespec due = t->first->due;
        if (cnd_timedwait(&t->changed, &t->lock, &due) == thrd_timedout && t->first) {
            struct timespec now = time_in_ms(0);
            if (time_is_before(&now, &t->first->due))
                continue;
            f = t->first;
            t->first = f->next;
            break;
        }
    }
    mtx_unlock(&t->lock);
    return f;
}

static void drop(future *f)
{
    future_end(f, FUTURE_CANCELLED, NULL);
    future_put(f);
}

static int timers_main(void *arg)
{
    struct timers *t = arg;
    future *f;

    while ((f = next_due(t)) != NULL)
        if (!backlog_push(t->backlog, f))
            drop(f);
    return 0;
}

bool timers_start(struct timers *t, struct backlog *b)
{
    if (mtx_init(&t->lock, mtx_plain) != thrd_success)
        return false;
    if (cnd_init(&t->changed) != thrd_success)
        goto no_condition;
    t->first = NULL;
    t->is_closed = false;
    t->backlog = b;
    if (thrd_create(&t->thread, timers_main, t) != thrd_success)
        goto no_thread;
    return true;

no_thread:
    cnd_destroy(&t->changed);
no_condition:
    mtx_destroy(&t->lock);
    return false;
}

bool timers_add(struct timers *t, future *f, unsigned delay_ms)
{
    f->due = time_in_ms(delay_ms);
    mtx_lock(&t->lock);
    if (t->is_closed) {
        mtx_unlock(&t->lock);
        return false;
    }
    future **place = &t->first;
    while (*place && !time_is_before(&f->due, &(*place)->due))
        place = &(*place)->next;
    f->next = *place;
    *place = f;
    if (place == &t->first)
        cnd_signal(&t->changed);
    mtx_unlock(&t->lock);
    return true;
}

void timers_stop(struct timers *t)
{
    mtx_lock(&t->lock);
    t->is_closed = true;
    cnd_signal(&t->changed);
    mtx_unlock(&t->lock);
    thrd_join(t->thread, NULL);
    while (t->first) {
        future *f = t->first;
        t->first = f->next;
        drop(f);
    }
    cnd_destroy(&t->changed);
    mtx_destroy(&t->lock);
}
