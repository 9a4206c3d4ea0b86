/* ctx.h - contexts, for the files whose waits a context ends. */
#ifndef LEASH_RT_CTX_H
#define LEASH_RT_CTX_H

#include "leash.h"
#include "wait.h"

/* ctx_err for callers that hold locks: it lets nobody else run, and says 0 until the end is over.
 */
int ctx_error(const leash_ctx_t *ctx);

/* Makes `source` the end of the context; of NULL and the background: never. */
void ctx_source(struct source *source, leash_ctx_t *ctx);

/* Ends it with `error` (ECANCELED or ETIMEDOUT) and all below it.  Outside of tasks too. */
void ctx_end(leash_ctx_t *ctx, int error);

#endif
