/* queue.c */
#include "queue.h"

int queue_init(struct queue *queue, unsigned room)
{
    int err = pthread_mutex_init(&queue->lock, NULL);
    if (err)
        return err;
    err = pthread_cond_init(&queue->not_empty, NULL);
    if (err)
        goto no_empty;
    err = pthread_cond_init(&queue->not_full, NULL);
    if (err)
        goto no_full;
    list_init(&queue->items);
    queue->length = 0;
    queue->room = room;
    queue->is_closed = false;
    return 0;

no_full:
    pthread_cond_destroy(&queue->not_empty);
no_empty:
    pthread_mutex_destroy(&queue->lock);
    return err;
}

void queue_destroy(struct queue *queue)
{
    pthread_cond_destroy(&queue->not_full);
    pthread_cond_destroy(&queue->not_empty);
    pthread_mutex_destroy(&queue->lock);
}

bool queue_put(struct queue *queue, struct list_node *item)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->length == queue->room && !queue->is_closed)
        pthread_cond_wait(&queue->not_full, &queue->lock);
    if (queue->is_closed) {
        pthread_mutex_unlock(&queue->lock);
        return false;
    }
    list_add_before(&queue->items, item);
    queue->length++;
    pthread_cond_signal(&queue->not_empty);
    pthread_mutex_unlock(&queue->lock);
    return true;
}

struct list_node *queue_get(struct queue *queue)
{
    struct list_node *item = NULL;

    pthread_mutex_lock(&queue->lock);
    while (list_is_empty(&queue->items) && !queue->is_closed)
        pthread_cond_wait(&queue->not_empty, &queue->lock);
    if (!list_is_empty(&queue->items)) {
        item = queue->items.next;
        list_remove(item);
        queue->length--;
        pthread_cond_signal(&queue->not_full);
    }
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_closed = true;
    pthread_cond_broadcast(&queue->not_empty);
    pthread_cond_broadcast(&queue->not_full);
    pthread_mutex_unlock(&queue->lock);
}
