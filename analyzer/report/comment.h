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

#endif
