/* subscriber.c - see subscriber.h. */
#include "subscriber.h"

#include "broker.h"

void subscriber_init(struct subscriber *subscriber, struct broker *broker, int number)
{
    *subscriber = (struct subscriber){.broker = broker,
                                      .number = number,
                                      .queue = chan_make(struct message, QUEUE_ROOM),
                                      .gone = done_make()};
}

void subscriber_release(struct subscriber *subscriber)
{
    chan_free(subscriber->queue);
    chan_free(subscriber->gone);
}

bool subscriber_is_active(struct subscriber *subscriber)
{
    mu_lock(&subscriber->lock);
    defer_unlock(&subscriber->lock);
    return !subscriber->left;
}

void subscriber_leave(struct subscriber *subscriber)
{
    struct broker *broker = subscriber->broker;

    mu_lock(&subscriber->lock);
    bool left = subscriber->left;
    subscriber->left = true;
    mu_unlock(&subscriber->lock);
    if (left)
        return;
    for (int i = 0; i < TOPICS; i++)
        topic_remove(&broker->topics[i], subscriber);
    chan_close(subscriber->gone);
}

/* Whoever collects the answers may have ended by now. */
static void answer(struct subscriber *subscriber)
{
    struct heartbeat *heartbeat = &subscriber->broker->heartbeat;

    if (subscriber->silent)
        return;
    chan_select(SEND(heartbeat->answers, &subscriber->number), DONE(heartbeat->done));
}

/* Whether that was enough. */
static bool take_in(struct subscriber *subscriber)
{
    task_sleep_ms(subscriber->work_ms);
    mu_lock(&subscriber->lock);
    defer_unlock(&subscriber->lock);
    subscriber->received++;
    return subscriber->received == subscriber->enough;
}

void subscriber_run(struct subscriber *subscriber)
{
    wg_t *running = &subscriber->broker->subscribers_running;
    struct message message;
    bool more;

    broker_join(subscriber->broker);
    while (chan_select(RECV_OK(subscriber->queue, &message, &more), DONE(subscriber->gone)) == 0) {
        if (!more)
            break;
        if (message.kind == MESSAGE_PING) {
            answer(subscriber);
        } else if (take_in(subscriber)) {
            subscriber_leave(subscriber);
            wg_done(running);
            return;
        }
    }
    wg_done(running);
}
