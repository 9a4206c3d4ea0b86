/*
 * table.h - text in columns.
 */
#ifndef LEASH_TASKS_TABLE_H
#define LEASH_TASKS_TABLE_H

#include "tasks/line.h"

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

/* Once all cells are there. */
void table_measure(struct table *);
void table_add_titles(struct text *out, const struct table *, struct line_style);
/* The row with that number, from 0. */
void table_add_row(struct text *out, const struct table *, size_t row, struct line_style);

#endif
