/*
 * fetch.h - a dump by HTTP.
 *
 * libcurl is loaded when the first URL is opened: linked, it and its thirty libraries would add 4
 * ms to every start of leash.
 */
#ifndef LEASH_TASKS_FETCH_H
#define LEASH_TASKS_FETCH_H

#include "tasks/source.h"

struct fetch;

/* NULL: `error` says why. */
struct fetch *fetch_open(struct arena *, const char *url, const struct source_options *,
                         const char **error);
/* The body of the answer, added to `out`; the connection is kept for the next time. */
bool fetch_read(struct fetch *, struct arena *arena, struct text *out, const char **error);
void fetch_close(struct fetch *);

/* The address that is asked for what the user gave: that of the dump where it names none. */
const char *fetch_address(struct arena *, const char *url);

#endif
