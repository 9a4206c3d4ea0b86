/* window.c */
#include "internal.h"

int window_enter(struct rpc *rpc, ctx_t *ctx)
{
    int error = 0;

    mu_lock(&rpc->lock);
    while (!rpc->error && rpc->in_flight >= rpc->options.window && !error)
        error = cv_wait_ctx(ctx, &rpc->window_moved, &rpc->lock);
    if (rpc->error)
        error = rpc->error;
    if (!error)
        rpc->in_flight++;
    mu_unlock(&rpc->lock);
    return error;
}

void window_leave(struct rpc *rpc)
{
    mu_lock(&rpc->lock);
    rpc->in_flight--;
    cv_broadcast(&rpc->window_moved);
    mu_unlock(&rpc->lock);
}

void rpc_flush(rpc_t *rpc)
{
    mu_lock(&rpc->lock);
    while (rpc->in_flight > 0)
        cv_wait(&rpc->window_moved, &rpc->lock);
    mu_unlock(&rpc->lock);
}
