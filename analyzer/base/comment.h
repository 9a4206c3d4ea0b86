/*
 * comment.h - the comments of a C file, told apart from strings, and the code they stand at.
 *
 * It knows as much of C's tokens as that takes: both kinds of comments, strings, character
 * constants, numbers with digit separators, line continuations, and the nesting of #if.
 */
#ifndef LEASH_COMMENT_H
#define LEASH_COMMENT_H

#include "base/base.h"

struct comment {
    const char *text;      /* behind its opening, into the file's text */
    size_t length;         /* without its closing */
    uint32_t line, column; /* of `text`, from 1, columns in bytes */
    /* The line of code it speaks of: its own when it shares a line with code, else the next line
     * that has code.  0: no code follows. */
    uint32_t target;
    bool is_conditional; /* below an #if that is no include guard: may be switched off */
};
typedef VEC(struct comment) comments;

/* All comments in order.  Any bytes will do; O(length). */
void comments_scan(struct arena *, const char *text, size_t length, comments *out);

/* ---- comments that speak to leash ------------------------------------------------------------ */

/*
 *     leash:WORD name, other-name -- reason
 *
 * at the start of a comment, so that prose may speak of it; further lines of the comment are prose.
 * The list ends with the first name that no comma follows.
 */
#define MARKER_START "leash:"

struct marker {
    const struct comment *comment;
    const char *word; /* "leash:ignore", into the comment's text */
    size_t word_length;
    size_t at, end; /* what of the comment's first line is still to be read */
};

/* A part of a comment, into its text. */
struct marker_name {
    const char *text;
    size_t length;
    uint32_t column;
};

/* false: the comment does not speak to leash. */
bool comment_read_marker(const struct comment *, struct marker *);
/* The next name of the list; false: there are no more. */
bool marker_next_name(struct marker *, struct marker_name *name);
bool marker_is(const struct marker *, const char *word);
/* Does it take findings away?  All other markers are notes on code. */
bool marker_is_suppression(const struct marker *);

#endif
