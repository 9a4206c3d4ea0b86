/* rpc.c - a connection's beginning and end, and the calls. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

void rpc_break(struct rpc *rpc, int error)
{
    mu_lock(&rpc->lock);
    bool is_first = !rpc->error;
    if (is_first)
        rpc->error = error;
    cv_broadcast(&rpc->window_moved);
    mu_unlock(&rpc->lock);
    if (is_first) {
        chan_close(rpc->broken);
        rpc->transport.shut(rpc->transport.user);
    }
}

int rpc_error(rpc_t *rpc)
{
    mu_lock(&rpc->lock);
    int error = rpc->error;
    mu_unlock(&rpc->lock);
    return error;
}

int rpc_connect(const struct rpc_transport *transport, const struct rpc_options *options,
                rpc_t **connected)
{
    if (options->window < 1 || options->ping_ms < 1)
        return EINVAL;
    struct rpc *rpc = calloc(1, sizeof *rpc);
    if (!rpc)
        return ENOMEM;
    rpc->transport = *transport;
    rpc->options = *options;
    rpc->outgoing = chan_make(struct rpc_frame, 0);
    rpc->events = chan_make(struct rpc_frame, 2);
    rpc->broken = done_make();
    wire_start(rpc);
    *connected = rpc;
    return 0;
}

void rpc_close(rpc_t *rpc)
{
    rpc_break(rpc, ECANCELED);
    wg_wait(&rpc->tasks);
    chan_free(rpc->outgoing);
    chan_free(rpc->events);
    chan_free(rpc->broken);
    free(rpc);
}

/* The reply to a call that is on its way. */
static int wait_for_reply(struct rpc *rpc, ctx_t *ctx, struct pending *pending, char *reply)
{
    struct rpc_frame frame;

    switch (chan_select(RECV(pending->reply, &frame), DONE(rpc->broken), DONE(ctx))) {
    case 0:
        memcpy(reply, frame.body, RPC_BODY);
        return frame.status;
    case 1:
        return rpc_error(rpc);
    default:
        return ctx_err(ctx);
    }
}

int rpc_call(rpc_t *rpc, ctx_t *ctx, const char *body, char *reply)
{
    struct pending pending = {0};
    struct rpc_frame frame = {.kind = RPC_CALL};

    if (strlen(body) >= RPC_BODY)
        return EMSGSIZE;
    int error = window_enter(rpc, ctx);
    if (error)
        return error;
    pending.reply = chan_make(struct rpc_frame, 1);
    pending_add(rpc, &pending);
    frame.id = pending.id;
    strcpy(frame.body, body);
    error = rpc_put(rpc, ctx, &frame);
    if (!error)
        error = wait_for_reply(rpc, ctx, &pending, reply);
    pending_remove(rpc, &pending);
    chan_free(pending.reply);
    window_leave(rpc);
    return error;
}

struct later {
    rpc_t *rpc;
    int timeout_ms;
    rpc_then then;
    void *user;
    char body[RPC_BODY];
};

static void call_later(struct later *later)
{
    rpc_t *rpc = later->rpc;
    char reply[RPC_BODY] = "";
    ctx_t *ctx = ctx_with_timeout_ms(ctx_background(), later->timeout_ms);

    int error = rpc_call(rpc, ctx, later->body, reply);
    later->then(later->user, error, reply);
    ctx_free(ctx);
    free(later);
    wg_done(&rpc->tasks);
}

int rpc_call_later(rpc_t *rpc, int timeout_ms, const char *body, rpc_then then, void *user)
{
    if (strlen(body) >= RPC_BODY)
        return EMSGSIZE;
    struct later *later = malloc(sizeof *later);
    if (!later)
        return ENOMEM;
    *later = (struct later){rpc, timeout_ms, then, user, ""};
    strcpy(later->body, body);
    wg_add(&rpc->tasks, 1);
    int error = try_spawn(call_later, later);
    if (error) {
        wg_done(&rpc->tasks);
        free(later);
    }
    return error;
}
