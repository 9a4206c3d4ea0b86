/*
 * render.h - a dump as people read it.
 */
#ifndef LEASH_TASKS_RENDER_H
#define LEASH_TASKS_RENDER_H

#include "tasks/change.h"
#include "tasks/table.h"

struct render_style {
    struct line_style line;
    size_t height;                    /* lines that top may fill; 0: as many as it takes */
    bool shows_stacks;                /* below each task or group, where the dump has them */
    const struct group_counts *since; /* top tells what has changed since; NULL: nothing of it */
};

/* Groups of tasks that are alike, most first, with how many there are in all. */
void render_top(struct text *out, const struct dump *, const struct render_style *);
/* A task a line, by id. */
void render_list(struct text *out, const struct dump *, const struct render_style *);
/* Who spawned whom. */
void render_tree(struct text *out, const struct dump *, const struct render_style *);
/* Who waits for what. */
void render_objects(struct text *out, const struct dump *, const struct render_style *);

#endif
