/* batch.c - the stage that makes batches, by number and by time. */
#include "internal.h"

static void drop_batch(struct stream *stream, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        stream_discard(stream, batch->items[i]);
    batch->count = 0;
}

/* Sends the batch on, unless it is empty.  false: the stream was called off. */
static bool flush(struct stream *stream, struct batch *batch)
{
    if (batch->count == 0)
        return true;
    if (chan_send_ctx(stream->ctx, stream->batches, batch) != 0) {
        drop_batch(stream, batch);
        return false;
    }
    batch->count = 0;
    return true;
}

/* Adds the next item, or sends the batch on when none comes in time.  false: that was all. */
static bool extend(struct stream *stream, struct batch *batch, ticker_t *ticker)
{
    void *item;
    int64_t now_ms;
    bool came;

    switch (chan_select(RECV_OK(stream->mapped, &item, &came), RECV(ticker_chan(ticker), &now_ms),
                        DONE(stream->ctx))) {
    case 0:
        if (!came)
            return false;
        batch->items[batch->count++] = item;
        return batch->count < stream->options.batch_max || flush(stream, batch);
    case 1:
        return flush(stream, batch);
    default:
        drop_batch(stream, batch);
        return false;
    }
}

static void run(struct stream *stream)
{
    defer_close(stream->batches);
    ticker_t *ticker = ticker_start_ms(stream->options.batch_ms);
    struct batch batch = {.count = 0};

    while (extend(stream, &batch, ticker))
        continue;
    ticker_stop(ticker);
    flush(stream, &batch);
}

void batcher_start(struct stream *stream)
{
    stream->batches = chan_make(struct batch, 1);
    wg_spawn(&stream->batcher, run, stream);
}
