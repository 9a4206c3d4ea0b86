/*
 * stream.h - items from a source through some tasks that map them, in batches to a sink.
 *
 *     source -> mappers -> batcher -> sink
 *
 * Each stage is one or more tasks of the stream; what they do, the owner's functions say.  The
 * first error ends the stream.
 */
#ifndef STREAM_H
#define STREAM_H

#include <leash.h>
#include <stddef.h>

struct stream;

struct stream_options {
    /* The next item, which is the stream's from then on; NULL at the end.  Called by one task. */
    void *(*next)(void *user);
    /* Makes another item of one: 0 and *result, NULL to drop it; or an errno value.  Owns `item` in
     * every case.  Called by `mappers` tasks at the same time. */
    int (*map)(void *user, void *item, void **result);
    /* Takes a batch of mapped items: 0 or an errno value.  Owns the items in every case.  Called by
     * one task. */
    int (*consume)(void *user, void *const *items, size_t count);
    void (*discard)(void *user, void *item); /* an item that nobody wants any more */
    void *user;
    int mappers;        /* at least 1 */
    size_t batch_max;   /* items in one batch; 1 to STREAM_BATCH_MAX */
    int64_t batch_ms;   /* a batch that is not full is sent after so long */
    size_t in_work_max; /* items read and not yet consumed; at least batch_max */
};

enum { STREAM_BATCH_MAX = 16 };

struct stream_numbers {
    size_t read, mapped, dropped, consumed, batches;
};

/* Begins to work.  0 and the stream, for stream_destroy; or EINVAL or ENOMEM. */
int stream_start(const struct stream_options *options, struct stream **started);
/* Holds the source up and lets it go on again. */
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);
/* Parks until all is consumed, or until the first error, and returns that. */
int stream_wait(struct stream *stream);
/* Calls the stream off and waits for its tasks; then frees it.  The first error, or 0. */
int stream_destroy(struct stream *stream);
struct stream_numbers stream_numbers(struct stream *stream);

#endif
