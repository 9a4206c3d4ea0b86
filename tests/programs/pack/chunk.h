/* chunk.h - pieces of the input, from a store of a fixed number of them. */
#ifndef CHUNK_H
#define CHUNK_H

#include "list.h"

#include <pthread.h>

enum { CHUNK_BYTES = 512 };

struct chunk {
    struct list_node link; /* in the store, or where it is worked on */
    unsigned long number;  /* its place in the file */
    size_t raw_length;
    size_t packed_length;
    unsigned char raw[CHUNK_BYTES];
    unsigned char packed[2 * CHUNK_BYTES];
};

struct chunk_store {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct list_node spare;
    struct chunk *chunks;
    int out; /* chunks that are not in the store */
    bool is_cancelled;
};

int chunk_store_init(struct chunk_store *store, int count);

/* All chunks must be back. */
void chunk_store_destroy(struct chunk_store *store);

/* Waits for a spare one; NULL once cancelled. */
struct chunk *chunk_take(struct chunk_store *store);
void chunk_give(struct chunk_store *store, struct chunk *chunk);

/* Waits until all chunks are back. */
void chunk_store_settle(struct chunk_store *store);

/* Nobody waits for a spare chunk any more. */
void chunk_store_cancel(struct chunk_store *store);

#endif
