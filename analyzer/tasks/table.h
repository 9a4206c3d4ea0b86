/*
 * table.h - text in columns, for a terminal or a file.  Nothing in it can steer a terminal.
 */
#ifndef LEASH_TASKS_TABLE_H
#define LEASH_TASKS_TABLE_H

#include "base/base.h"

#define BOLD      "\033[1m"
#define YELLOW    "\033[33m"
#define CYAN      "\033[36m"
#define NO_COLOUR "\033[0m"

struct column {
    const char *title;
    bool is_right;      /* aligned to the right */
    const char *colour; /* of its cells, where there are colours; NULL: as all text */
    size_t width;       /* set by table_measure */
};

/* Zero-initialised but for `arena` is an empty table; first come its columns, then its cells. */
struct table {
    struct arena *arena;
    VEC(struct column) columns;
    VEC(const char *) cells; /* row by row; NULL: nothing is known */
};

/* How lines are written. */
struct line_style {
    bool colour;
    size_t width; /* cells that a line may fill; 0: as many as it takes */
};

/* Once all cells are there. */
void table_measure(struct table *);
void table_add_titles(struct text *out, const struct table *, struct line_style);
/* The row with that number, from 0. */
void table_add_row(struct text *out, const struct table *, size_t row, struct line_style);

/* A line of text, cut where it is too long. */
void line_add(struct text *out, const char *line, const char *colour, struct line_style);

#endif
