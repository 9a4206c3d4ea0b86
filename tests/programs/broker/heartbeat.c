/* heartbeat.c - see heartbeat.h. */
#include "heartbeat.h"

enum { BEAT_MS = 1, SILENT_BEATS_MAX = 10 };

/* One whose queue is full is not asked: when that lasts, it is as good as silent. */
static void ping(struct subscriber *subscriber)
{
    struct message message = {.kind = MESSAGE_PING};

    chan_select(SEND(subscriber->queue, &message), DEFAULT());
}

static void beat(struct heartbeat *heartbeat)
{
    for (int i = 0; i < heartbeat->count; i++) {
        struct subscriber *subscriber = &heartbeat->subscribers[i];
        if (!subscriber_is_active(subscriber))
            continue;
        ping(subscriber);
        if (++heartbeat->silence[i] > SILENT_BEATS_MAX) {
            subscriber_leave(subscriber);
            heartbeat->thrown_out++;
        }
    }
}

static void watch(struct heartbeat *heartbeat)
{
    ticker_t *ticker = ticker_start_ms(BEAT_MS);
    bool goes_on = true;

    while (goes_on) {
        int64_t now_ms;
        int number;
        switch (chan_select(RECV(ticker_chan(ticker), &now_ms), RECV(heartbeat->answers, &number),
                            DONE(heartbeat->done))) {
        case 0:
            beat(heartbeat);
            break;
        case 1:
            heartbeat->silence[number] = 0;
            break;
        default:
            goes_on = false;
            break;
        }
    }
    ticker_stop(ticker);
}

void heartbeat_start(struct heartbeat *heartbeat, struct subscriber *subscribers, int count)
{
    *heartbeat = (struct heartbeat){.done = done_make(),
                                    .answers = chan_make(int, 0),
                                    .subscribers = subscribers,
                                    .count = count};
    wg_spawn(&heartbeat->task, watch, heartbeat);
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
    chan_close(heartbeat->done);
    wg_wait(&heartbeat->task);
}

void heartbeat_release(struct heartbeat *heartbeat)
{
    chan_free(heartbeat->done);
    chan_free(heartbeat->answers);
}
