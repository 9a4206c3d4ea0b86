/* wire.c - who sends, who receives, who tells of events, who listens for signs of life. */
#include "internal.h"

int rpc_put(struct rpc *rpc, ctx_t *ctx, const struct rpc_frame *frame)
{
    switch (chan_select(SEND(rpc->outgoing, frame), DONE(rpc->broken), DONE(ctx))) {
    case 0:
        return 0;
    case 1:
        return rpc_error(rpc);
    default:
        return ctx_err(ctx);
    }
}

static void sender(struct rpc *rpc)
{
    struct rpc_frame frame;

    while (chan_select(RECV(rpc->outgoing, &frame), DONE(rpc->broken)) == 0) {
        int error = rpc->transport.send(rpc->transport.user, &frame);
        if (error) {
            rpc_break(rpc, error);
            break;
        }
    }
    wg_done(&rpc->tasks);
}

static void heard(struct rpc *rpc)
{
    mu_lock(&rpc->lock);
    rpc->pings_lost = 0;
    mu_unlock(&rpc->lock);
}

static void receiver(struct rpc *rpc)
{
    struct rpc_frame frame;
    bool goes_on = true;

    while (goes_on) {
        int error = rpc->transport.receive(rpc->transport.user, &frame);
        if (error) {
            rpc_break(rpc, error);
            break;
        }
        switch (frame.kind) {
        case RPC_REPLY:
            pending_reply(rpc, &frame);
            break;
        case RPC_EVENT:
            goes_on = chan_select(SEND(rpc->events, &frame), DONE(rpc->broken)) == 0;
            break;
        case RPC_PONG:
            heard(rpc);
            break;
        default:
            rpc_break(rpc, EPROTO);
            goes_on = false;
        }
    }
    chan_close(rpc->events);
    wg_done(&rpc->tasks);
}

static void teller(struct rpc *rpc)
{
    struct rpc_frame frame;

    while (chan_recv(rpc->events, &frame))
        if (rpc->options.on_event)
            rpc->options.on_event(rpc->options.user, frame.body);
    wg_done(&rpc->tasks);
}

/* Counts a ping that is about to be sent; true when too many have been lost. */
static bool is_silent(struct rpc *rpc)
{
    mu_lock(&rpc->lock);
    bool is_silent = rpc->pings_lost++ >= rpc->options.pings_lost_max;
    mu_unlock(&rpc->lock);
    return is_silent;
}

static void pinger(struct rpc *rpc)
{
    ticker_t *ticker = ticker_start_ms(rpc->options.ping_ms);
    struct rpc_frame ping = {.kind = RPC_PING};

    for (;;) {
        if (chan_select(RECV(ticker_chan(ticker), NULL), DONE(rpc->broken)) == 1)
            break;
        if (is_silent(rpc)) {
            rpc_break(rpc, ETIMEDOUT);
            break;
        }
        if (rpc_put(rpc, ctx_background(), &ping))
            break;
    }
    ticker_stop(ticker);
    wg_done(&rpc->tasks);
}

void wire_start(struct rpc *rpc)
{
    static void (*const tasks[])(struct rpc *) = {sender, receiver, teller, pinger};

    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        wg_add(&rpc->tasks, 1);
        spawn(tasks[i], rpc);
    }
}
