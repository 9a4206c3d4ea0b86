/*
 * internal.h - what the stages share.
 *
 * Each channel between two stages is closed by the stage that sends, after its last task.  Whoever
 * sends also watches `ctx`, since the stage behind may have ended by an error.
 */
#ifndef STREAM_INTERNAL_H
#define STREAM_INTERNAL_H

#include "stream.h"

struct batch {
    void *items[STREAM_BATCH_MAX];
    size_t count;
};

struct stream {
    struct stream_options options;
    ctx_t *ctx;       /* ends at the first error, or by stream_destroy */
    chan_t *raw;      /* of void *: from the source */
    chan_t *mapped;   /* of void *: from the mappers */
    chan_t *batches;  /* of struct batch: from the batcher */
    chan_t *finished; /* a done channel: the sink has ended, and with it the stream */
    wg_t source, mappers, mapped_closer, batcher, sink;

    mu_t lock;    /* for all below */
    cv_t goes_on; /* `paused` or `called_off` has changed */
    cv_t room;    /* `in_work` went down, or `called_off` has changed */
    bool paused;  /* the source is to wait */
    bool called_off;
    size_t in_work; /* items that are somewhere between source and sink */
    int error;      /* the first */
    struct stream_numbers numbers;
};

/* stream.c: what concerns the stream as a whole. */
/* Keeps the first error and calls the stream off. */
void stream_fail(struct stream *stream, int error);
/* So many items are no longer in work. */
void stream_settle(struct stream *stream, size_t count);
void stream_count(struct stream *stream, size_t *number, size_t count);
/* Discards the item, which was in work. */
void stream_discard(struct stream *stream, void *item);

/* source.c, map.c, batch.c, sink.c */
void source_start(struct stream *stream);
void mappers_start(struct stream *stream);
void batcher_start(struct stream *stream);
void sink_start(struct stream *stream);

#endif
