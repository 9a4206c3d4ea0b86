/*
 * line.h - lines of text, for a terminal or a file.  Nothing that stands in them steers a terminal.
 */
#ifndef LEASH_TASKS_LINE_H
#define LEASH_TASKS_LINE_H

#include "base/base.h"

#define BOLD      "\033[1m"
#define YELLOW    "\033[33m"
#define CYAN      "\033[36m"
#define NO_COLOUR "\033[0m"

/* How lines are written. */
struct line_style {
    bool colour;
    size_t width; /* cells that a line may fill; what is longer is cut.  0: no limit */
};

/* A line being written. */
struct line {
    struct text *out;
    size_t room; /* cells that may still be filled */
    bool colour;
};

struct line line_begin(struct text *out, struct line_style);
/* `colour` is one of the above, or NULL. */
void line_part(struct line *, const char *text, const char *colour);
void line_blanks(struct line *, size_t count);
void line_end(struct line *);

/* A line that is one part. */
void line_add(struct text *out, const char *text, const char *colour, struct line_style);

#endif
