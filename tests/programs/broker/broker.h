/*
 * broker.h - topics, subscribers and the heartbeat, as one.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "heartbeat.h"
#include "subscriber.h"
#include "topic.h"

#include <leash.h>

enum { TOPICS = 3, SUBSCRIBERS = 5 };

struct broker {
    struct topic topics[TOPICS];
    struct subscriber subscribers[SUBSCRIBERS];
    wg_t subscribers_running;
    struct heartbeat heartbeat;
    mu_t lock;
    cv_t joined_all;
    int joined; /* under lock: subscribers whose tasks have begun */
};

/* 0, or ENOSPC with nothing started. */
int broker_start(struct broker *broker);
/* A subscriber says that it listens. */
void broker_join(struct broker *broker);
/* Parks until all subscribers listen. */
void broker_await_subscribers(struct broker *broker);
/* When nobody publishes any more: delivers what is left and ends all tasks. */
void broker_stop(struct broker *broker);

#endif
