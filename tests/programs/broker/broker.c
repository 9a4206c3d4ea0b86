/*
 * broker.c - see broker.h.
 *
 * The order of the end: nobody publishes; the topics deliver what they have, for which subscribers
 * must still receive; the heartbeat, which sends to the queues too; the queues; the subscribers.
 */
#include "broker.h"

/* Each subscriber is on two topics. */
static int subscribe_all(struct broker *broker)
{
    for (int i = 0; i < SUBSCRIBERS; i++) {
        struct subscriber *subscriber = &broker->subscribers[i];
        subscriber_init(subscriber, broker, i);
        subscriber->silent = i == 1;
        subscriber->work_ms = i % 4 ? 1 : 0;
        subscriber->enough = i > 2 ? 4 * (i - 2) : 0;
    }
    for (int i = 0; i < SUBSCRIBERS; i++)
        for (int k = 0; k < 2; k++)
            if (!topic_add(&broker->topics[(i + k) % TOPICS], &broker->subscribers[i]))
                return ENOSPC;
    return 0;
}

static void stop_topics(struct broker *broker)
{
    for (int i = 0; i < TOPICS; i++)
        topic_stop(&broker->topics[i]);
}

static void release_subscribers(struct broker *broker)
{
    for (int i = 0; i < SUBSCRIBERS; i++)
        subscriber_release(&broker->subscribers[i]);
}

int broker_start(struct broker *broker)
{
    *broker = (struct broker){0};
    for (int i = 0; i < TOPICS; i++)
        topic_start(&broker->topics[i], i);
    int error = subscribe_all(broker);
    if (error) {
        stop_topics(broker);
        release_subscribers(broker);
        return error;
    }
    heartbeat_start(&broker->heartbeat, broker->subscribers, SUBSCRIBERS);
    wg_add(&broker->subscribers_running, SUBSCRIBERS);
    for (int i = 0; i < SUBSCRIBERS; i++)
        spawn(subscriber_run, &broker->subscribers[i]);
    return 0;
}

void broker_join(struct broker *broker)
{
    mu_lock(&broker->lock);
    if (++broker->joined == SUBSCRIBERS)
        cv_broadcast(&broker->joined_all);
    mu_unlock(&broker->lock);
}

void broker_await_subscribers(struct broker *broker)
{
    mu_lock(&broker->lock);
    while (broker->joined < SUBSCRIBERS)
        cv_wait(&broker->joined_all, &broker->lock);
    mu_unlock(&broker->lock);
}

void broker_stop(struct broker *broker)
{
    stop_topics(broker);
    heartbeat_stop(&broker->heartbeat);
    for (int i = 0; i < SUBSCRIBERS; i++)
        chan_close(broker->subscribers[i].queue);
    wg_wait(&broker->subscribers_running);
    heartbeat_release(&broker->heartbeat);
    release_subscribers(broker);
}
