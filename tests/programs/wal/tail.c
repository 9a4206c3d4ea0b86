/* tail.c - readers of the log's end. */
#include "wal_private.h"

#include <stdlib.h>

wal_tail_t *wal_tail_open(wal_t *wal)
{
    struct wal_tail *tail = calloc(1, sizeof *tail);

    if (!tail)
        return NULL;
    tail->wal = wal;
    pthread_mutex_lock(&wal->lock);
    tail->seen = wal->safe_lsn;
    tail->next = wal->tails;
    wal->tails = tail;
    pthread_mutex_unlock(&wal->lock);
    return tail;
}

uint64_t wal_tail_next(wal_tail_t *tail)
{
    struct wal *wal = tail->wal;
    uint64_t lsn = 0;

    pthread_mutex_lock(&wal->lock);
    while (wal->safe_lsn <= tail->seen && !wal->error && !tail->is_shut)
        pthread_cond_wait(&wal->safe, &wal->lock);
    if (wal->safe_lsn > tail->seen && !tail->is_shut)
        lsn = ++tail->seen;
    pthread_mutex_unlock(&wal->lock);
    return lsn;
}

void wal_tail_shut(wal_tail_t *tail)
{
    pthread_mutex_lock(&tail->wal->lock);
    tail->is_shut = true;
    pthread_cond_broadcast(&tail->wal->safe);
    pthread_mutex_unlock(&tail->wal->lock);
}

void wal_tail_close(wal_tail_t *tail)
{
    struct wal *wal = tail->wal;

    pthread_mutex_lock(&wal->lock);
    for (struct wal_tail **place = &wal->tails; *place; place = &(*place)->next)
        if (*place == tail) {
            *place = tail->next;
            break;
        }
    pthread_mutex_unlock(&wal->lock);
    free(tail);
}
