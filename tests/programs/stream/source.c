/* source.c - the stage that reads. */
#include "internal.h"

/* Waits while the stream is paused or has enough in work.  false: it was called off. */
static bool await_turn(struct stream *stream)
{
    mu_lock(&stream->lock);
    defer_unlock(&stream->lock);
    while (stream->paused && !stream->called_off)
        cv_wait(&stream->goes_on, &stream->lock);
    while (stream->in_work >= stream->options.in_work_max && !stream->called_off)
        cv_wait(&stream->room, &stream->lock);
    if (stream->called_off)
        return false;
    stream->in_work++;
    return true;
}

static void run(struct stream *stream)
{
    defer_close(stream->raw);
    const struct stream_options *options = &stream->options;

    while (await_turn(stream)) {
        void *item = options->next(options->user);
        if (!item) {
            stream_settle(stream, 1);
            return;
        }
        stream_count(stream, &stream->numbers.read, 1);
        if (chan_send_ctx(stream->ctx, stream->raw, &item) != 0) {
            stream_discard(stream, item);
            return;
        }
    }
}

void source_start(struct stream *stream)
{
    stream->raw = chan_make(void *, 0);
    wg_spawn(&stream->source, run, stream);
}
