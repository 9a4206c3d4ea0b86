/*
 * change.h - how much groups have grown since an earlier dump of the same program.
 */
#ifndef LEASH_TASKS_CHANGE_H
#define LEASH_TASKS_CHANGE_H

#include "tasks/group.h"

/* How many tasks were in each group.  It needs nothing of the dump that it was taken of. */
struct group_counts {
    struct map groups; /* from what is alike in a group to how many they were */
    size_t total;
};

struct group_counts counts_take(struct arena *, const struct dump *);
/* 0: there was no such group. */
size_t counts_of(const struct group_counts *, const struct group *);

#endif
