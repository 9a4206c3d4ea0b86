/*
 * subscriber.h - a task that gets the messages of some topics.
 *
 * It ends when its queue is closed, when it has had enough, or when it is thrown out.  The struct
 * outlives the task: topics may still know it for a moment.
 */
#ifndef BROKER_SUBSCRIBER_H
#define BROKER_SUBSCRIBER_H

#include "message.h"

#include <leash.h>

struct broker;

enum { QUEUE_ROOM = 2 };

struct subscriber {
    struct broker *broker;
    int number;
    int enough;    /* messages, after which it leaves by itself; 0: never */
    bool silent;   /* does not answer pings */
    int work_ms;   /* for one message */
    chan_t *queue; /* of struct message; closed by the broker when no topic sends any more */
    chan_t *gone;  /* a done channel, closed when it leaves: nobody receives from then on */
    mu_t lock;     /* after the lock of a topic */
    int received;  /* under lock */
    bool left;     /* under lock */
};

void subscriber_init(struct subscriber *subscriber, struct broker *broker, int number);
/* The task.  Counted by broker->subscribers_running. */
void subscriber_run(struct subscriber *subscriber);
/* Takes it off its topics and ends it, unless that has been done.  Any task's to call. */
void subscriber_leave(struct subscriber *subscriber);
bool subscriber_is_active(struct subscriber *subscriber);
void subscriber_release(struct subscriber *subscriber);

#endif
