/*
 * group.h - tasks that are alike: same state, function, place, place of the spawn, and stack.
 */
#ifndef LEASH_TASKS_GROUP_H
#define LEASH_TASKS_GROUP_H

#include "tasks/dump.h"

typedef VEC(const struct task *) task_refs;

struct group {
    const struct task *first; /* the one with the lowest id */
    size_t count;
    int64_t longest_ms; /* the longest wait among them; -1: none is known */
};
typedef VEC(struct group) group_list;

/* Tasks that wait for the same thing. */
struct waiting {
    const char *object; /* NULL: for time, for one of several objects, or that is not known */
    size_t count;
    group_list groups;
};
typedef VEC(struct waiting) waiting_list;

/* All tasks of a dump, by id. */
task_refs dump_refs(struct arena *, const struct dump *);

/* Of tasks that come by id.  Most first; of as many the ones that wait longest, then by id. */
group_list group_tasks(struct arena *, const task_refs *);

/* How many are in each state, most first: groups in which only the state is alike. */
group_list count_states(struct arena *, const struct dump *);

/* Parked tasks by what they wait for: most first, then by name; those without an object at the
 * end. */
waiting_list group_waiting(struct arena *, const struct dump *);

#endif
