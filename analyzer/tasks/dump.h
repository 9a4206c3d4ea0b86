/*
 * dump.h - the tasks of a program at one moment, as libleash's JSON dump tells of them:
 *
 *     {"tasks": [
 *     {"id": 2, "parent": 1, "state": "chan receive", "function": "worker",
 *      "parked": "server.c:41", "spawned": "server.c:88", "object": "0x5581c0de",
 *      "parked_ms": 1200, "created_by": "serve",
 *      "stack": [{"function": "worker", "at": "server.c:41"}]},
 *     ...
 *     ]}
 *
 * id, state and function must be there, the others may be absent or null.  Members of other names
 * are passed over, so that a newer library can be read.  A "reason" beside "tasks" that is a text
 * says why the tasks asked for are not known, as leak_find_json has it.
 */
#ifndef LEASH_TASKS_DUMP_H
#define LEASH_TASKS_DUMP_H

#include "base/base.h"

/* One call on a task's stack. */
struct frame {
    const char *function; /* NULL: not known */
    const char *at;       /* "file.c:41"; NULL: not known */
};

struct stack {
    const struct frame *frames; /* innermost first */
    size_t count;
};

/* Equal texts of one dump are equal pointers, and so are equal stacks. */
struct task {
    uint64_t id;     /* from 1; who is spawned later has a higher one */
    uint64_t parent; /* the task that spawned it; 0: none did, or it is not known */
    const char *state;
    const char *function;
    const char *parked;        /* where it waits; NULL: it does not, or that is not known */
    const char *spawned;       /* where it was spawned; NULL: not known */
    const char *created_by;    /* the function that spawned it; NULL: not known */
    const char *object;        /* what it waits for; NULL: nothing, several things, or time */
    const struct stack *stack; /* NULL: not known */
    int64_t parked_ms;         /* how long it has waited; -1: it does not, or that is not known */
    uint32_t line;             /* of the dump, from 1 */
};
typedef VEC(struct task) task_list;

struct dump {
    task_list tasks; /* by id */
};

/* Whatever the bytes, it ends, with memory in proportion to them.  All of `dump` lies in `arena`.
 * false: `error` says what is wrong, in which line, and what would be right. */
bool dump_parse(struct arena *arena, const char *text, size_t length, struct dump *dump,
                const char **error);

/* The task of that number, or NULL. */
const struct task *dump_find(const struct dump *, uint64_t id);

#endif
