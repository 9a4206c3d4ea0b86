/* internal.h - what the parts of a connection share. */
#ifndef RPC_INTERNAL_H
#define RPC_INTERNAL_H

#include "rpc.h"

/* A call that waits for its reply; in the frame of rpc_call. */
struct pending {
    unsigned id;
    chan_t *reply; /* of struct rpc_frame, with room for the only one */
    struct pending *next;
};

struct rpc {
    struct rpc_transport transport;
    struct rpc_options options;
    chan_t *outgoing; /* of struct rpc_frame; never closed: who sends looks at `broken` too */
    chan_t *events;   /* of struct rpc_frame; closed by the receiver */
    chan_t *broken;   /* closed with the first error */
    wg_t tasks;

    mu_t lock;         /* for what follows */
    cv_t window_moved; /* for who wants to enter and for who waits until all have left */
    struct pending *pending;
    int in_flight;
    unsigned last_id;
    int pings_lost;
    int error;
};

/* Begins the end of the connection; the first error counts. */
void rpc_break(struct rpc *rpc, int error);

/* Hands a frame to the sender.  0, the connection's error, or the context's. */
int rpc_put(struct rpc *rpc, ctx_t *ctx, const struct rpc_frame *frame);

/* window.c: a place among the calls under way. */
int window_enter(struct rpc *rpc, ctx_t *ctx);
void window_leave(struct rpc *rpc);

/* pending.c: calls that wait. */
void pending_add(struct rpc *rpc, struct pending *pending);
void pending_remove(struct rpc *rpc, struct pending *pending);
void pending_reply(struct rpc *rpc, const struct rpc_frame *frame);

/* wire.c: the tasks of a connection. */
void wire_start(struct rpc *rpc);

#endif
