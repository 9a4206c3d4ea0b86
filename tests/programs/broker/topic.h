/*
 * topic.h - messages of one kind, and who wants them.
 *
 * A task of the topic takes what is published and gives it to each subscriber in turn, so that all
 * see the messages in the same order.
 */
#ifndef BROKER_TOPIC_H
#define BROKER_TOPIC_H

#include "message.h"
#include "subscriber.h"

#include <leash.h>

enum { INBOX_ROOM = 2, SUBSCRIBERS_MAX = 8 };

struct topic {
    int number;
    chan_t *inbox; /* of struct message; closed by topic_stop */
    wg_t dispatcher;
    rw_t lock; /* before that of a subscriber */
    struct subscriber *subscribers[SUBSCRIBERS_MAX];
    int count;
};

void topic_start(struct topic *topic, int number);
/* false: it has too many already. */
bool topic_add(struct topic *topic, struct subscriber *subscriber);
/* Nothing happens where the subscriber is not on the topic. */
void topic_remove(struct topic *topic, struct subscriber *subscriber);
/* Gives the message to the topic.  Parks while it has enough to do.  0, or ECANCELED or ETIMEDOUT
 * and the message is still the caller's. */
int topic_publish(ctx_t *ctx, struct topic *topic, const struct message *message);
/* When nobody publishes any more: delivers what is left. */
void topic_stop(struct topic *topic);

#endif
