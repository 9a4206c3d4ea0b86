/*
 * watch.h - a picture of a running service that is drawn again and again.
 */
#ifndef LEASH_CLI_WATCH_H
#define LEASH_CLI_WATCH_H

#include "tasks/source.h"

struct watch_options {
    unsigned interval_s;
    bool shows_stacks, colour;
};

/* For source_options.gives_up: whether who watches wants to leave. */
bool watch_gives_up(void);

/* Draws on the terminal at stdout until q, Ctrl-C or a signal that ends programs; keys come from
 * stdin where that is a terminal.  When a later answer fails, the last picture stays, with why.
 * false: already the first failed, `error` (in `arena`) says why, and nothing was drawn. */
bool watch(struct source *, struct arena *arena, const struct watch_options *, const char **error);

#endif
