/* pack.c */
#define _GNU_SOURCE
#include "pack.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* The first error counts, and nobody waits for anything after it. */
static void fail(struct pack *pack, int error)
{
    pthread_mutex_lock(&pack->lock);
    if (!pack->error)
        pack->error = error;
    pthread_cond_broadcast(&pack->packed_one);
    pthread_mutex_unlock(&pack->lock);
    queue_close(&pack->raw);
    chunk_store_cancel(&pack->store);
}

static void *reader_main(void *arg)
{
    struct pack *pack = arg;
    unsigned long number = 0;
    struct chunk *chunk;

    while ((chunk = chunk_take(&pack->store)) != NULL) {
        chunk->raw_length = fread(chunk->raw, 1, sizeof chunk->raw, pack->in);
        if (chunk->raw_length == 0) {
            chunk_give(&pack->store, chunk);
            if (ferror(pack->in))
                fail(pack, EIO);
            break;
        }
        chunk->number = number++;
        if (!queue_put(&pack->raw, &chunk->link)) {
            chunk_give(&pack->store, chunk);
            break;
        }
    }
    queue_close(&pack->raw);
    return NULL;
}

/* Runs of the same byte as the byte and a count. */
static void squeeze(struct chunk *chunk)
{
    size_t length = 0;

    for (size_t i = 0; i < chunk->raw_length;) {
        size_t run = 1;
        while (i + run < chunk->raw_length && run < 255 && chunk->raw[i + run] == chunk->raw[i])
            run++;
        chunk->packed[length++] = (unsigned char)run;
        chunk->packed[length++] = chunk->raw[i];
        i += run;
    }
    chunk->packed_length = length;
}

/* Into its place in the list, and the writer is told. */
static void hand_on(struct pack *pack, struct chunk *chunk)
{
    struct list_node *node;

    pthread_mutex_lock(&pack->lock);
    list_for_each(node, &pack->packed) if (list_entry(node, struct chunk, link)->number >
                                           chunk->number) break;
    list_add_before(node, &chunk->link);
    pthread_cond_signal(&pack->packed_one);
    pthread_mutex_unlock(&pack->lock);
}

static void *worker_main(void *arg)
{
    struct pack *pack = arg;
    struct list_node *item;

    while ((item = queue_get(&pack->raw)) != NULL) {
        struct chunk *chunk = list_entry(item, struct chunk, link);
        squeeze(chunk);
        hand_on(pack, chunk);
    }
    pthread_mutex_lock(&pack->lock);
    if (--pack->busy_workers == 0)
        pthread_cond_signal(&pack->packed_one);
    pthread_mutex_unlock(&pack->lock);
    return NULL;
}

/* The chunk whose turn it is, or NULL when no more will come. */
static struct chunk *next_packed(struct pack *pack)
{
    struct chunk *chunk = NULL;

    pthread_mutex_lock(&pack->lock);
    for (;;) {
        if (!list_is_empty(&pack->packed)) {
            chunk = list_entry(pack->packed.next, struct chunk, link);
            if (chunk->number == pack->written || pack->error) {
                list_remove(&chunk->link);
                break;
            }
            chunk = NULL;
        }
        if (pack->busy_workers == 0)
            break;
        pthread_cond_wait(&pack->packed_one, &pack->lock);
    }
    pthread_mutex_unlock(&pack->lock);
    return chunk;
}

/* After an error the chunks are only given back. */
static void *writer_main(void *arg)
{
    struct pack *pack = arg;
    struct chunk *chunk;

    while ((chunk = next_packed(pack)) != NULL) {
        pthread_mutex_lock(&pack->lock);
        bool has_failed = pack->error != 0;
        pthread_mutex_unlock(&pack->lock);
        if (!has_failed &&
            fwrite(chunk->packed, 1, chunk->packed_length, pack->out) != chunk->packed_length)
            fail(pack, errno);
        pthread_mutex_lock(&pack->lock);
        pack->written++;
        pack->bytes += chunk->packed_length;
        pthread_mutex_unlock(&pack->lock);
        chunk_give(&pack->store, chunk);
    }
    return NULL;
}

static void *progress_main(void *arg)
{
    struct pack *pack = arg;
    struct timespec until;

    pthread_mutex_lock(&pack->progress_lock);
    while (!pack->is_over) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += pack->options->progress_ms * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&pack->progress_end, &pack->progress_lock, &until) == 0)
            continue;
        pthread_mutex_lock(&pack->lock);
        unsigned long written = pack->written;
        size_t bytes = pack->bytes;
        pthread_mutex_unlock(&pack->lock);
        pack->options->progress(pack->options->user, written, bytes);
    }
    pthread_mutex_unlock(&pack->progress_lock);
    return NULL;
}

static void end_progress(struct pack *pack)
{
    pthread_mutex_lock(&pack->progress_lock);
    pack->is_over = true;
    pthread_cond_signal(&pack->progress_end);
    pthread_mutex_unlock(&pack->progress_lock);
}

/* Starts the workers, or fewer of them after an error; their number. */
static int start_workers(struct pack *pack, pthread_t *workers)
{
    int started = 0;

    pack->busy_workers = pack->options->workers;
    while (started < pack->options->workers) {
        int error = pthread_create(&workers[started], NULL, worker_main, pack);
        if (error) {
            pthread_mutex_lock(&pack->lock);
            pack->busy_workers -= pack->options->workers - started;
            pthread_mutex_unlock(&pack->lock);
            fail(pack, error);
            break;
        }
        started++;
    }
    return started;
}

static int pack_init(struct pack *pack, FILE *in, FILE *out, const struct pack_options *options)
{
    memset(pack, 0, sizeof *pack);
    int error = chunk_store_init(&pack->store, options->chunks);
    if (error)
        return error;
    error = queue_init(&pack->raw, options->workers);
    if (error) {
        chunk_store_destroy(&pack->store);
        return error;
    }
    pthread_mutex_init(&pack->lock, NULL);
    pthread_cond_init(&pack->packed_one, NULL);
    pthread_mutex_init(&pack->progress_lock, NULL);
    pthread_cond_init(&pack->progress_end, NULL);
    list_init(&pack->packed);
    pack->options = options;
    pack->in = in;
    pack->out = out;
    return 0;
}

static void pack_release(struct pack *pack)
{
    pthread_cond_destroy(&pack->progress_end);
    pthread_mutex_destroy(&pack->progress_lock);
    pthread_cond_destroy(&pack->packed_one);
    pthread_mutex_destroy(&pack->lock);
    queue_destroy(&pack->raw);
    chunk_store_destroy(&pack->store);
}

int pack_stream(FILE *in, FILE *out, const struct pack_options *options)
{
    struct pack pack;
    pthread_t reader;
    pthread_t writer;
    pthread_t progress;
    pthread_t workers[PACK_WORKERS_MAX];

    if (options->workers < 1 || options->workers > PACK_WORKERS_MAX || options->chunks < 1)
        return EINVAL;
    int error = pack_init(&pack, in, out, options);
    if (error)
        return error;
    bool has_progress =
        options->progress && pthread_create(&progress, NULL, progress_main, &pack) == 0;

    int started = start_workers(&pack, workers);
    error = pthread_create(&writer, NULL, writer_main, &pack);
    if (error) {
        fail(&pack, error);
        goto join_workers;
    }
    error = pthread_create(&reader, NULL, reader_main, &pack);
    if (error)
        fail(&pack, error);
    else
        pthread_join(reader, NULL);
    pthread_join(writer, NULL);
    chunk_store_settle(&pack.store);
join_workers:
    for (int i = 0; i < started; i++)
        pthread_join(workers[i], NULL);
    if (has_progress) {
        end_progress(&pack);
        pthread_join(progress, NULL);
    }
    error = pack.error;
    pack_release(&pack);
    return error;
}
