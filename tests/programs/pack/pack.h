/* pack.h - packs a stream on several threads: one reads, some pack, one writes in order. */
#ifndef PACK_H
#define PACK_H

#include "chunk.h"
#include "queue.h"

#include <stdio.h>

enum { PACK_WORKERS_MAX = 8 };

/* What is said of the work while it goes on. */
typedef void (*pack_progress_fn)(void *user, unsigned long chunks, size_t bytes);

struct pack_options {
    int workers;
    int chunks; /* in memory at a time */
    unsigned progress_ms;
    pack_progress_fn progress; /* or NULL */
    void *user;
};

struct pack {
    const struct pack_options *options;
    FILE *in;
    FILE *out;
    struct chunk_store store;
    struct queue raw;

    pthread_mutex_t lock; /* for what follows; comes before no other lock */
    pthread_cond_t packed_one;
    struct list_node packed; /* by number, those that wait for their turn to be written */
    unsigned long written;
    size_t bytes;
    int busy_workers;
    int error; /* the first one */

    pthread_mutex_t progress_lock;
    pthread_cond_t progress_end;
    bool is_over;
};

/* 0, or the errno of what failed first. */
int pack_stream(FILE *in, FILE *out, const struct pack_options *options);

#endif
