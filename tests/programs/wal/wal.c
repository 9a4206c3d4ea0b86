/* wal.c - appends. */
#define _GNU_SOURCE
#include "wal_private.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

int wal_open(const struct wal_device *device, const struct wal_options *options, wal_t **opened)
{
    if (options->batch_bytes == 0 || options->pending_max == 0)
        return EINVAL;
    struct wal *wal = calloc(1, sizeof *wal);
    if (!wal)
        return ENOMEM;
    wal->device = *device;
    wal->options = *options;
    wal->next_lsn = 1;
    pthread_rwlock_init(&wal->gate, NULL);
    pthread_mutex_init(&wal->lock, NULL);
    pthread_cond_init(&wal->queued, NULL);
    pthread_cond_init(&wal->room, NULL);
    pthread_cond_init(&wal->safe, NULL);
    pthread_cond_init(&wal->closing, NULL);
    int error = wal_writer_start(wal);
    if (error)
        goto no_writer;
    error = wal_checkpointer_start(wal);
    if (error)
        goto no_checkpointer;
    *opened = wal;
    return 0;

no_checkpointer:
    wal_writer_stop(wal);
no_writer:
    pthread_cond_destroy(&wal->closing);
    pthread_cond_destroy(&wal->safe);
    pthread_cond_destroy(&wal->room);
    pthread_cond_destroy(&wal->queued);
    pthread_mutex_destroy(&wal->lock);
    pthread_rwlock_destroy(&wal->gate);
    free(wal);
    return error;
}

void wal_close(wal_t *wal)
{
    wal_checkpointer_stop(wal);
    wal_writer_stop(wal);
    pthread_cond_destroy(&wal->closing);
    pthread_cond_destroy(&wal->safe);
    pthread_cond_destroy(&wal->room);
    pthread_cond_destroy(&wal->queued);
    pthread_mutex_destroy(&wal->lock);
    pthread_rwlock_destroy(&wal->gate);
    free(wal);
}

void wal_fail(struct wal *wal, int error)
{
    if (!wal->error)
        wal->error = error;
    pthread_cond_broadcast(&wal->safe);
    pthread_cond_broadcast(&wal->room);
}

/* With the lock held.  The record is the caller's and is in the queue until it
 * is safe. */
static bool enqueue(struct wal *wal, struct record *record)
{
    while (wal->pending >= wal->options.pending_max && !wal->error)
        pthread_cond_wait(&wal->room, &wal->lock);
    if (wal->error)
        return false;
    record->lsn = wal->next_lsn++;
    if (wal->last)
        wal->last->next = record;
    else
        wal->first = record;
    wal->last = record;
    wal->pending++;
    pthread_cond_signal(&wal->queued);
    return true;
}

uint64_t wal_append(wal_t *wal, const void *bytes, size_t length)
{
    struct record record = {.bytes = bytes, .length = length};

    pthread_rwlock_rdlock(&wal->gate);
    pthread_mutex_lock(&wal->lock);
    if (enqueue(wal, &record))
        while (wal->safe_lsn < record.lsn && !wal->error)
            pthread_cond_wait(&wal->safe, &wal->lock);
    int error = wal->safe_lsn < record.lsn || record.lsn == 0 ? wal->error : 0;
    pthread_mutex_unlock(&wal->lock);
    pthread_rwlock_unlock(&wal->gate);
    if (error) {
        errno = error;
        return 0;
    }
    return record.lsn;
}

static void set_deadline(struct timespec *when, unsigned ms)
{
    clock_gettime(CLOCK_REALTIME, when);
    when->tv_sec += ms / 1000;
    when->tv_nsec += (long)(ms % 1000) * 1000000L;
    if (when->tv_nsec >= 1000000000L) {
        when->tv_sec++;
        when->tv_nsec -= 1000000000L;
    }
}

bool wal_wait(wal_t *wal, uint64_t lsn, unsigned timeout_ms)
{
    struct timespec deadline;
    int timed_out = 0;

    set_deadline(&deadline, timeout_ms);
    pthread_mutex_lock(&wal->lock);
    while (wal->safe_lsn < lsn && !wal->error && !timed_out) {
        if (timeout_ms)
            timed_out = pthread_cond_timedwait(&wal->safe, &wal->lock, &deadline);
        else
            pthread_cond_wait(&wal->safe, &wal->lock);
    }
    bool is_safe = wal->safe_lsn >= lsn;
    pthread_mutex_unlock(&wal->lock);
    return is_safe;
}
