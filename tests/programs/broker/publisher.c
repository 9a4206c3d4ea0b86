/* publisher.c - see publisher.h. */
#include "publisher.h"

enum { RECEIPT_MS = 3, PAUSE_MS = 1 };

/* Publishes with a receipt, and waits a moment for that.  0, or the end of the context. */
static int publish_confirmed(ctx_t *ctx, struct publisher *publisher, struct topic *topic,
                             struct message *message)
{
    chan_t *receipt = chan_make(int, 1);
    defer_free(receipt);
    int reached;

    message->receipt = chan_ref(receipt);
    int error = topic_publish(ctx, topic, message);
    if (error) {
        chan_free(message->receipt);
        return error;
    }
    switch (chan_select(RECV(receipt, &reached), AFTER_MS(RECEIPT_MS), DONE(ctx))) {
    case 0:
        publisher->confirmed += reached > 0;
        return 0;
    case 1:
        return 0;
    default:
        return ECANCELED;
    }
}

void publisher_run(ctx_t *ctx, struct publisher *publisher)
{
    broker_await_subscribers(publisher->broker);
    for (int i = 0; i < publisher->messages; i++) {
        struct topic *topic = &publisher->broker->topics[(publisher->number + i) % TOPICS];
        struct message message = {
            .kind = MESSAGE_DATA, .publisher = publisher->number, .sequence = i};
        int error = i % 2 ? topic_publish(ctx, topic, &message)
                          : publish_confirmed(ctx, publisher, topic, &message);
        if (error)
            return;
        publisher->published++;
        if (task_sleep_ctx(ctx, PAUSE_MS) != 0)
            return;
    }
}
