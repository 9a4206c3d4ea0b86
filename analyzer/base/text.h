/*
 * text.h - building and taking apart text.
 */
#ifndef LEASH_TEXT_H
#define LEASH_TEXT_H

#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* A growing string, always NUL-terminated once something was added.  Zero-initialise, then
 * text_release; what it holds is on the heap, so that it may grow large and be written out. */
struct text {
    char *at;
    size_t length, capacity;
};

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *data, size_t length);
void text_add_char(struct text *text, char c);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_release(struct text *text);

bool text_is(const char *a, const char *b); /* equal; NULL equals only NULL */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
/* A decimal number that is the whole of `text`, within [min, max]. */
bool text_to_int(const char *text, int64_t min, int64_t max, int64_t *value);
/* The candidate nearest to a mistyped `word`, or NULL when none is near: for "did you mean". */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

#endif
