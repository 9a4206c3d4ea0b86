/* map.c - the stage that maps, with several tasks. */
#include "internal.h"

/* false: the stream was called off. */
static bool map_one(struct stream *stream, void *item)
{
    const struct stream_options *options = &stream->options;
    void *result = NULL;
    int error = options->map(options->user, item, &result);

    if (error) {
        stream_settle(stream, 1);
        stream_fail(stream, error);
        return false;
    }
    if (!result) {
        stream_count(stream, &stream->numbers.dropped, 1);
        stream_settle(stream, 1);
        return true;
    }
    stream_count(stream, &stream->numbers.mapped, 1);
    if (chan_send_ctx(stream->ctx, stream->mapped, &result) != 0) {
        stream_discard(stream, result);
        return false;
    }
    return true;
}

static void run(struct stream *stream)
{
    void *item;

    while (chan_recv(stream->raw, &item)) {
        if (map_one(stream, item))
            continue;
        wg_done(&stream->mappers);
        return;
    }
    wg_done(&stream->mappers);
}

static void close_mapped(struct stream *stream)
{
    wg_wait(&stream->mappers);
    chan_close(stream->mapped);
}

void mappers_start(struct stream *stream)
{
    stream->mapped = chan_make(void *, 0);
    wg_add(&stream->mappers, stream->options.mappers);
    for (int i = 0; i < stream->options.mappers; i++)
        spawn(run, stream);
    wg_spawn(&stream->mapped_closer, close_mapped, stream);
}
