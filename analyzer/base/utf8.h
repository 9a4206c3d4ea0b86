/*
 * utf8.h - reading text of which nobody promises that it is UTF-8.
 */
#ifndef LEASH_UTF8_H
#define LEASH_UTF8_H

#include "base/base.h"

#define UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
enum { UTF8_BAD = -1 };

/* The bytes of the character at `at` (before `end`), and what it is; a byte that begins none counts
 * as one character, UTF8_BAD. */
size_t utf8_next(const char *at, const char *end, int32_t *character);
/* Cells that it fills on a terminal: 0, 1 or 2. */
uint32_t utf8_cells(int32_t character);
/* Controls and the marks that turn the direction of writing: never shown as they are. */
bool utf8_is_unprintable(int32_t character);
bool utf8_is_valid(const char *text, size_t length);
/* Cells that `text` fills once it was added as printable. */
size_t utf8_width(const char *text, size_t length);
/* Adds `text` with every bad byte replaced; unprintable characters too, where asked. */
void utf8_add(struct text *out, const char *text, size_t length, bool printable);

#endif
