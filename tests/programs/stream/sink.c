/* sink.c - the stage that consumes. */
#include "internal.h"

/* Batches that came too late: nobody wants them. */
static void discard_rest(struct stream *stream)
{
    struct batch batch;

    while (chan_recv(stream->batches, &batch))
        for (size_t i = 0; i < batch.count; i++)
            stream_discard(stream, batch.items[i]);
}

static void run(struct stream *stream)
{
    defer_close(stream->finished);
    const struct stream_options *options = &stream->options;
    struct batch batch;

    while (chan_recv(stream->batches, &batch)) {
        int error = options->consume(options->user, batch.items, batch.count);
        stream_settle(stream, batch.count);
        if (error) {
            stream_fail(stream, error);
            discard_rest(stream);
            return;
        }
        stream_count(stream, &stream->numbers.consumed, batch.count);
        stream_count(stream, &stream->numbers.batches, 1);
    }
}

void sink_start(struct stream *stream)
{
    stream->finished = done_make();
    wg_spawn(&stream->sink, run, stream);
}
