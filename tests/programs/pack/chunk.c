/* chunk.c */
#include "chunk.h"

#include <errno.h>
#include <stdlib.h>

int chunk_store_init(struct chunk_store *store, int count)
{
    store->chunks = calloc(count, sizeof *store->chunks);
    if (!store->chunks)
        return ENOMEM;
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->returned, NULL);
    list_init(&store->spare);
    for (int i = 0; i < count; i++)
        list_add_before(&store->spare, &store->chunks[i].link);
    store->out = 0;
    store->is_cancelled = false;
    return 0;
}

void chunk_store_destroy(struct chunk_store *store)
{
    pthread_cond_destroy(&store->returned);
    pthread_mutex_destroy(&store->lock);
    free(store->chunks);
}

struct chunk *chunk_take(struct chunk_store *store)
{
    struct chunk *chunk = NULL;

    pthread_mutex_lock(&store->lock);
    while (list_is_empty(&store->spare) && !store->is_cancelled)
        pthread_cond_wait(&store->returned, &store->lock);
    if (!store->is_cancelled) {
        chunk = list_entry(store->spare.next, struct chunk, link);
        list_remove(&chunk->link);
        store->out++;
    }
    pthread_mutex_unlock(&store->lock);
    return chunk;
}

/* Who takes a chunk and who waits for all of them wait for the same condition. */
void chunk_give(struct chunk_store *store, struct chunk *chunk)
{
    pthread_mutex_lock(&store->lock);
    list_add_before(&store->spare, &chunk->link);
    store->out--;
    pthread_cond_broadcast(&store->returned);
    pthread_mutex_unlock(&store->lock);
}

void chunk_store_settle(struct chunk_store *store)
{
    pthread_mutex_lock(&store->lock);
    while (store->out > 0)
        pthread_cond_wait(&store->returned, &store->lock);
    pthread_mutex_unlock(&store->lock);
}

void chunk_store_cancel(struct chunk_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->is_cancelled = true;
    pthread_cond_broadcast(&store->returned);
    pthread_mutex_unlock(&store->lock);
}
