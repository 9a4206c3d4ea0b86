/*
 * position.h - LSP's lines and characters, and our bytes.
 *
 * Both count lines; within a line LSP counts, from 0, in units that client and server agree on.
 */
#ifndef LEASH_POSITION_H
#define LEASH_POSITION_H

#include "base/base.h"

enum encoding { ENCODING_UTF16, ENCODING_UTF8, ENCODING_UTF32 };

/* "utf-8"; false: no encoding is called so. */
bool encoding_of_word(const char *word, enum encoding *);
const char *encoding_word(enum encoding);

/* Units of the first `bytes` bytes of a line; no more than it has. */
uint64_t position_units(enum encoding, const char *line, size_t length, size_t bytes);
/* Offset of a position (both from 0) in a text.  Behind the end of a line it is that end, behind
 * the last line the end of the text, within a character its beginning. */
size_t position_offset(enum encoding, const char *text, size_t length, uint64_t line,
                       uint64_t character);

#endif
