/* topic.c - see topic.h. */
#include "topic.h"

/* Those who want messages now.  Their structs stay: see subscriber.h. */
static int copy_subscribers(struct topic *topic, struct subscriber **copy)
{
    int count = 0;

    rw_rlock(&topic->lock);
    for (int i = 0; i < topic->count; i++)
        if (subscriber_is_active(topic->subscribers[i]))
            copy[count++] = topic->subscribers[i];
    rw_runlock(&topic->lock);
    return count;
}

static bool give(struct subscriber *subscriber, const struct message *message)
{
    return chan_select(SEND(subscriber->queue, message), DONE(subscriber->gone)) == 0;
}

/* Whoever published may no longer wait for the receipt. */
static void acknowledge(struct message *message, int reached)
{
    if (!message->receipt)
        return;
    chan_send(message->receipt, &reached);
    chan_free(message->receipt);
    message->receipt = NULL;
}

static void deliver(struct topic *topic, struct message *message)
{
    struct subscriber *subscribers[SUBSCRIBERS_MAX];
    struct message copy = *message;
    int reached = 0;

    copy.receipt = NULL;
    int count = copy_subscribers(topic, subscribers);
    for (int i = 0; i < count; i++)
        reached += give(subscribers[i], &copy);
    acknowledge(message, reached);
}

static void dispatch(struct topic *topic)
{
    struct message message;

    while (chan_recv(topic->inbox, &message))
        deliver(topic, &message);
}

void topic_start(struct topic *topic, int number)
{
    *topic = (struct topic){.number = number, .inbox = chan_make(struct message, INBOX_ROOM)};
    wg_spawn(&topic->dispatcher, dispatch, topic);
}

bool topic_add(struct topic *topic, struct subscriber *subscriber)
{
    rw_lock(&topic->lock);
    if (topic->count == SUBSCRIBERS_MAX) {
        rw_unlock(&topic->lock);
        return false;
    }
    topic->subscribers[topic->count++] = subscriber;
    rw_unlock(&topic->lock);
    return true;
}

void topic_remove(struct topic *topic, struct subscriber *subscriber)
{
    int at = 0;

    rw_lock(&topic->lock);
    while (at < topic->count && topic->subscribers[at] != subscriber)
        at++;
    if (at == topic->count) {
        rw_unlock(&topic->lock);
        return;
    }
    topic->subscribers[at] = topic->subscribers[--topic->count];
    rw_unlock(&topic->lock);
}

int topic_publish(ctx_t *ctx, struct topic *topic, const struct message *message)
{
    return chan_send_ctx(ctx, topic->inbox, message);
}

void topic_stop(struct topic *topic)
{
    chan_close(topic->inbox);
    wg_wait(&topic->dispatcher);
    chan_free(topic->inbox);
}
