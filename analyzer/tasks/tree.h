/*
 * tree.h - who spawned whom.
 */
#ifndef LEASH_TASKS_TREE_H
#define LEASH_TASKS_TREE_H

#include "tasks/group.h"

/* A line of the tree: a task, several that are alike and have spawned none that lives, or a task
 * that has ended and of which only what it spawned is there. */
struct tree_row {
    size_t depth;       /* 0: spawned by none, or by one that is not known */
    bool is_last;       /* no other row of the same parent follows */
    struct group group; /* count 0: it has ended */
    uint64_t id;        /* of the first of them */
};
typedef VEC(struct tree_row) tree_rows;

/* Every task is in one row; those that a task spawned follow its row, by id. */
tree_rows tree_of(struct arena *, const struct dump *);

#endif
