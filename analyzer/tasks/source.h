/*
 * source.h - where a dump comes from: a running service, a file, or standard input.
 */
#ifndef LEASH_TASKS_SOURCE_H
#define LEASH_TASKS_SOURCE_H

#include "base/base.h"

/* As much as is read: a million tasks without call stacks take two thirds of it. */
enum { SOURCE_BYTES_MAX = 256 << 20 };

struct source_options {
    unsigned timeout_s; /* for the whole answer of a service */
    /* Asked at least once a second while a service is waited for; true: give up.  May be NULL. */
    bool (*gives_up)(void);
};

struct source {
    const char *path; /* NULL: standard input */
    const char *name; /* for messages */
    struct source_options options;
    struct fetch *fetch; /* NULL: it is no URL */
};

bool source_is_url(const char *name);

/* `name` is a URL, a file, or "-" for standard input.  Only with a URL can it fail: `error` then
 * says why.  What is in *source stays where it is until source_close. */
bool source_open(struct source *, struct arena *arena, const char *name,
                 const struct source_options *, const char **error);
/* Adds all of it to `out`; a service can be read again and again.  false: `error` says why, which
 * is in `arena`. */
bool source_read(struct source *, struct arena *arena, struct text *out, const char **error);
void source_close(struct source *);

#endif
