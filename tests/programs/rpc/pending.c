/* pending.c */
#include "internal.h"

static struct pending **find(struct rpc *rpc, unsigned id)
{
    struct pending **place = &rpc->pending;

    while (*place && (*place)->id != id)
        place = &(*place)->next;
    return place;
}

void pending_add(struct rpc *rpc, struct pending *pending)
{
    mu_lock(&rpc->lock);
    pending->id = ++rpc->last_id;
    pending->next = rpc->pending;
    rpc->pending = pending;
    mu_unlock(&rpc->lock);
}

void pending_remove(struct rpc *rpc, struct pending *pending)
{
    mu_lock(&rpc->lock);
    struct pending **place = find(rpc, pending->id);
    if (*place)
        *place = pending->next;
    mu_unlock(&rpc->lock);
}

/* Under the lock, so that the call cannot leave with its channel meanwhile; a second reply to it
 * finds it no longer. */
void pending_reply(struct rpc *rpc, const struct rpc_frame *frame)
{
    mu_lock(&rpc->lock);
    struct pending **place = find(rpc, frame->id);
    if (*place) {
        struct pending *pending = *place;
        *place = pending->next;
        chan_send(pending->reply, frame);
    }
    mu_unlock(&rpc->lock);
}
