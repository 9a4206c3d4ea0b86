/*
 * heartbeat.h - throws out subscribers that do not answer.
 */
#ifndef BROKER_HEARTBEAT_H
#define BROKER_HEARTBEAT_H

#include "subscriber.h"

#include <leash.h>

enum { WATCHED_MAX = 8 };

struct heartbeat {
    chan_t *done;    /* closed by heartbeat_stop */
    chan_t *answers; /* of int, the number of a subscriber; nobody receives when done is closed */
    wg_t task;
    struct subscriber *subscribers; /* the broker's */
    int count;
    int silence[WATCHED_MAX]; /* beats since the last answer; the task's own */
    int thrown_out;
};

/* Throws out who lets so many beats pass without an answer. */
void heartbeat_start(struct heartbeat *heartbeat, struct subscriber *subscribers, int count);
void heartbeat_stop(struct heartbeat *heartbeat);
void heartbeat_release(struct heartbeat *heartbeat);

#endif
