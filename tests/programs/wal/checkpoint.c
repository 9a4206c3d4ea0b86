/* checkpoint.c */
#define _GNU_SOURCE
#include "wal_private.h"

#include <errno.h>
#include <time.h>

/* Who has passed the gate holds it until his record is safe, so nothing is
 * pending behind it. */
uint64_t wal_checkpoint(wal_t *wal)
{
    pthread_rwlock_wrlock(&wal->gate);
    pthread_mutex_lock(&wal->lock);
    uint64_t lsn = wal->safe_lsn;
    pthread_mutex_unlock(&wal->lock);
    pthread_rwlock_unlock(&wal->gate);
    if (wal->options.on_checkpoint)
        wal->options.on_checkpoint(wal->options.user, lsn);
    return lsn;
}

/* Sleeps until the next one is due; false at the end. */
static bool sleep_for_a_while(struct wal *wal)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)wal->options.checkpoint_ms * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&wal->lock);
    while (!wal->is_closing && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&wal->closing, &wal->lock, &until);
    bool goes_on = !wal->is_closing;
    pthread_mutex_unlock(&wal->lock);
    return goes_on;
}

static void *checkpointer_main(void *arg)
{
    struct wal *wal = arg;

    while (sleep_for_a_while(wal))
        wal_checkpoint(wal);
    return NULL;
}

int wal_checkpointer_start(struct wal *wal)
{
    if (wal->options.checkpoint_ms == 0)
        return 0;
    int error = pthread_create(&wal->checkpointer, NULL, checkpointer_main, wal);
    wal->has_checkpointer = !error;
    return error;
}

void wal_checkpointer_stop(struct wal *wal)
{
    if (!wal->has_checkpointer)
        return;
    pthread_mutex_lock(&wal->lock);
    wal->is_closing = true;
    pthread_cond_signal(&wal->closing);
    pthread_mutex_unlock(&wal->lock);
    pthread_join(wal->checkpointer, NULL);
}
