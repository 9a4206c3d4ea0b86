/* What the defer_* macros run when their block is left. */
#include "leash.h"

/* The line of the defer is not known here: its cleanup gets the variable alone. */
static const char site[] = "defer";

void leash_defer_call(leash_deferred_call *call)
{
    call->fn(call->arg);
}

void leash_defer_close(leash_chan_t **ch)
{
    leash_chan_close(*ch, site);
}

void leash_defer_free(leash_chan_t **ch)
{
    leash_chan_free(*ch);
}

void leash_defer_wg_done(leash_wg_t **wg)
{
    leash_wg_done(*wg, site);
}

void leash_defer_wg_wait(leash_wg_t **wg)
{
    leash_wg_wait(*wg, site);
}

void leash_defer_unlock(leash_mu_t **mu)
{
    leash_mu_unlock(*mu);
}

void leash_defer_rw_unlock(leash_rw_t **rw)
{
    leash_rw_unlock(*rw);
}

void leash_defer_rw_runlock(leash_rw_t **rw)
{
    leash_rw_runlock(*rw);
}

void leash_defer_cancel(leash_ctx_t **ctx)
{
    leash_ctx_cancel(*ctx);
}

void leash_defer_ctx_free(leash_ctx_t **ctx)
{
    leash_ctx_free(*ctx);
}
