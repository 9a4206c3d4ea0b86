/* queue.h - a bounded queue of chunks between threads. */
#ifndef QUEUE_H
#define QUEUE_H

#include "list.h"

#include <pthread.h>

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty;
    pthread_cond_t not_full;
    struct list_node items;
    unsigned length;
    unsigned room;
    bool is_closed;
};

int queue_init(struct queue *queue, unsigned room);
void queue_destroy(struct queue *queue);

/* Waits for room; false when the queue has been closed, and then the item stays the caller's. */
bool queue_put(struct queue *queue, struct list_node *item);

/* Waits for an item; NULL when the queue has been closed and is empty. */
struct list_node *queue_get(struct queue *queue);

/* Nothing more is put.  May be called again. */
void queue_close(struct queue *queue);

#endif
