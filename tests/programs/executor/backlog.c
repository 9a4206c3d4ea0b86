/* backlog.c - the jobs that wait for a worker. */
#include "internal.h"

bool backlog_init(struct backlog *b, size_t room)
{
    if (mtx_init(&b->lock, mtx_plain) != thrd_success)
        return false;
    if (cnd_init(&b->has_job) != thrd_success)
        goto no_job;
    if (cnd_init(&b->has_room) != thrd_success)
        goto no_room;
    if (cnd_init(&b->is_idle) != thrd_success)
        goto no_idle;
    b->first = NULL;
    b->last = &b->first;
    b->length = 0;
    b->room = room;
    b->running = 0;
    b->is_closed = false;
    return true;

no_idle:
    cnd_destroy(&b->has_room);
no_room:
    cnd_destroy(&b->has_job);
no_job:
    mtx_destroy(&b->lock);
    return false;
}

void backlog_destroy(struct backlog *b)
{
    cnd_destroy(&b->is_idle);
    cnd_destroy(&b->has_room);
    cnd_destroy(&b->has_job);
    mtx_destroy(&b->lock);
}

bool backlog_push(struct backlog *b, future *f)
{
    bool is_open;

    mtx_lock(&b->lock);
    while (b->length >= b->room && !b->is_closed)
        cnd_wait(&b->has_room, &b->lock);
    is_open = !b->is_closed;
    if (is_open) {
        f->next = NULL;
        *b->last = f;
        b->last = &f->next;
        b->length++;
        cnd_signal(&b->has_job);
    }
    mtx_unlock(&b->lock);
    return is_open;
}

/* The job counts as running from here on. */
future *backlog_pop(struct backlog *b)
{
    future *f;

    mtx_lock(&b->lock);
    while (!b->first && !b->is_closed)
        cnd_wait(&b->has_job, &b->lock);
    f = b->first;
    if (f) {
        b->first = f->next;
        if (!b->first)
            b->last = &b->first;
        b->length--;
        b->running++;
        cnd_signal(&b->has_room);
    }
    mtx_unlock(&b->lock);
    return f;
}

void backlog_job_ended(struct backlog *b)
{
    mtx_lock(&b->lock);
    b->running--;
    if (b->running == 0 && b->length == 0)
        cnd_broadcast(&b->is_idle);
    mtx_unlock(&b->lock);
}

void backlog_wait_idle(struct backlog *b)
{
    mtx_lock(&b->lock);
    while (b->length > 0 || b->running > 0)
        cnd_wait(&b->is_idle, &b->lock);
    mtx_unlock(&b->lock);
}

void backlog_close(struct backlog *b)
{
    mtx_lock(&b->lock);
    b->is_closed = true;
    cnd_broadcast(&b->has_job);
    cnd_broadcast(&b->has_room);
    mtx_unlock(&b->lock);
}
