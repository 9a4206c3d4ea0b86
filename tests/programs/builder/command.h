/* command.h - runs the command of one job. */
#ifndef BUILDER_COMMAND_H
#define BUILDER_COMMAND_H

#include "graph.h"
#include "journal.h"
#include "memory.h"

#include <leash.h>

struct commands {
    ctx_t *ctx; /* of the build; the caller's */
    struct journal *journal;
    struct memory *memory;
    int64_t limit_ms; /* for one command */
};

/* 0; EIO when the command failed, ETIMEDOUT when it took too long; ECANCELED or ETIMEDOUT with the
 * build, which ctx_err then tells. */
int command_run(struct commands *commands, const struct job *job);

#endif
