/* stream.c - the calls of stream.h, and what concerns the stream as a whole. */
#include "internal.h"

#include <stdlib.h>

static void call_off(struct stream *stream)
{
    mu_lock(&stream->lock);
    stream->called_off = true;
    cv_broadcast(&stream->goes_on);
    cv_broadcast(&stream->room);
    mu_unlock(&stream->lock);
    ctx_cancel(stream->ctx);
}

void stream_fail(struct stream *stream, int error)
{
    mu_lock(&stream->lock);
    if (stream->error) {
        mu_unlock(&stream->lock);
        return;
    }
    stream->error = error;
    mu_unlock(&stream->lock);
    call_off(stream);
}

void stream_settle(struct stream *stream, size_t count)
{
    mu_lock(&stream->lock);
    stream->in_work -= count;
    cv_signal(&stream->room);
    mu_unlock(&stream->lock);
}

void stream_count(struct stream *stream, size_t *number, size_t count)
{
    mu_lock(&stream->lock);
    *number += count;
    mu_unlock(&stream->lock);
}

void stream_discard(struct stream *stream, void *item)
{
    stream->options.discard(stream->options.user, item);
    stream_settle(stream, 1);
}

static bool is_complete(const struct stream_options *options)
{
    return options->next && options->map && options->consume && options->discard &&
           options->mappers >= 1 && options->batch_max >= 1 &&
           options->batch_max <= STREAM_BATCH_MAX && options->batch_ms > 0 &&
           options->in_work_max >= options->batch_max;
}

int stream_start(const struct stream_options *options, struct stream **started)
{
    if (!is_complete(options))
        return EINVAL;
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return ENOMEM;
    stream->options = *options;
    stream->ctx = ctx_with_cancel(ctx_background());
    source_start(stream);
    mappers_start(stream);
    batcher_start(stream);
    sink_start(stream);
    *started = stream;
    return 0;
}

void stream_pause(struct stream *stream)
{
    mu_lock(&stream->lock);
    stream->paused = true;
    mu_unlock(&stream->lock);
}

void stream_resume(struct stream *stream)
{
    mu_lock(&stream->lock);
    stream->paused = false;
    cv_broadcast(&stream->goes_on);
    mu_unlock(&stream->lock);
}

static int first_error(struct stream *stream)
{
    mu_lock(&stream->lock);
    int error = stream->error;
    mu_unlock(&stream->lock);
    return error;
}

int stream_wait(struct stream *stream)
{
    chan_recv(stream->finished, NULL);
    return first_error(stream);
}

struct stream_numbers stream_numbers(struct stream *stream)
{
    mu_lock(&stream->lock);
    struct stream_numbers numbers = stream->numbers;
    mu_unlock(&stream->lock);
    return numbers;
}

static void wait_for_tasks(struct stream *stream)
{
    wg_wait(&stream->source);
    wg_wait(&stream->mapped_closer);
    wg_wait(&stream->batcher);
    wg_wait(&stream->sink);
}

int stream_destroy(struct stream *stream)
{
    call_off(stream);
    wait_for_tasks(stream);
    int error = first_error(stream);
    chan_free(stream->raw);
    chan_free(stream->mapped);
    chan_free(stream->batches);
    chan_free(stream->finished);
    ctx_free(stream->ctx);
    free(stream);
    return error;
}
