/* writer.c - the thread that writes. */
#include "wal_private.h"

#include <stddef.h>

/* Takes as many records as fit into a batch, or one that is larger; NULL: none
 * will come. */
static struct record *take_batch(struct wal *wal, uint64_t *last_lsn, size_t *count)
{
    size_t bytes = 0;

    while (!wal->first && !wal->is_closing)
        pthread_cond_wait(&wal->queued, &wal->lock);
    struct record *batch = wal->first;
    struct record *end = NULL;
    *count = 0;
    while (wal->first && (!end || bytes + wal->first->length <= wal->options.batch_bytes)) {
        end = wal->first;
        bytes += end->length;
        wal->first = end->next;
        ++*count;
    }
    if (!wal->first)
        wal->last = NULL;
    if (end) {
        *last_lsn = end->lsn;
        end->next = NULL;
    }
    return batch;
}

/* Without the lock: the appenders of the batch wait meanwhile. */
static int write_out(struct wal *wal, const struct record *batch)
{
    for (; batch; batch = batch->next) {
        int error = wal->device.write(wal->device.device, batch->bytes, batch->length);
        if (error)
            return error;
    }
    return wal->device.sync(wal->device.device);
}

static void *writer_main(void *arg)
{
    struct wal *wal = arg;
    struct record *batch;
    uint64_t last_lsn = 0;
    size_t count;

    pthread_mutex_lock(&wal->lock);
    while ((batch = take_batch(wal, &last_lsn, &count)) != NULL) {
        pthread_mutex_unlock(&wal->lock);
        int error = write_out(wal, batch);
        pthread_mutex_lock(&wal->lock);
        wal->pending -= count;
        if (error) {
            wal_fail(wal, error);
            break;
        }
        wal->safe_lsn = last_lsn;
        pthread_cond_broadcast(&wal->safe);
        pthread_cond_broadcast(&wal->room);
    }
    pthread_mutex_unlock(&wal->lock);
    return NULL;
}

int wal_writer_start(struct wal *wal)
{
    return pthread_create(&wal->writer, NULL, writer_main, wal);
}

void wal_writer_stop(struct wal *wal)
{
    pthread_mutex_lock(&wal->lock);
    wal->is_closing = true;
    pthread_cond_signal(&wal->queued);
    pthread_mutex_unlock(&wal->lock);
    pthread_join(wal->writer, NULL);
}
