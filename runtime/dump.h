/* dump.h - what is said of tasks when something went wrong. */
#ifndef LEASH_RT_DUMP_H
#define LEASH_RT_DUMP_H

#include "task.h"

#include <signal.h>
#include <stdio.h>

/* ---- the calls on a task's stack ------------------------------------------------------------- */

struct call {
    const char *function;
    const char *at; /* "server.c:41"; NULL: not known */
};

/* Where a task that does not run has got to. */
struct calls {
    bool is_cut; /* there are more, outside of these */
    size_t count;
    struct call at[]; /* innermost first */
};

/* Who can tell of calls, which takes more than libc: libleash-debug.  Called by any thread. */
struct teller {
    /* NULL: not known.  Calls that are alike are the same pointer, valid as long as the program. */
    const struct calls *(*calls_of)(const struct task *task);
    /* The function that the line is in, valid likewise; NULL: not known.  The site, too, is there
     * as long as the program. */
    const char *(*function_at)(const char *site);
};

/* From now on dumps ask it; it stays there. */
void dump_set_teller(const struct teller *teller);

/* ---- a task ---------------------------------------------------------------------------------- */

/* A task as it is told of: read once, so that all of a line belongs to the same state. */
struct view {
    uint64_t id;
    uint64_t parent_id; /* 0: none */
    const char *state;
    const char *name;
    const char *parked; /* the line of the call; NULL: it is not parked, or the line is not known */
    const char *spawn;  /* NULL: not known */
    const char *creator; /* the function that spawned it; NULL: not known */
    const void *object;  /* what it is parked on; NULL: not parked, or several things, or time */
    int64_t parked_ms;   /* how long; -1: it is not parked */
    const struct calls *calls; /* NULL: not known */
};

struct view dump_look_at(const struct task *task);

/* A line about a task that is alive, and its calls below it. */
void dump_task(struct task *task, FILE *out);

/* The same as an element of a JSON array, of which others were written before where it has `begun`;
 * returns whether it has now. */
bool dump_task_json(struct task *task, FILE *out, bool begun);

/* "[chan receive, 3.1s]: worker, parked at server.c:41, spawned at server.c:88": of a task, or of
 * `count` that are alike and have been parked for up to `longest_ms`. */
void dump_write_what(const struct view *view, size_t count, int64_t longest_ms, FILE *out);

/* A line for each call, and who spawned the task, after so many blanks; nothing where it is not
 * known. */
void dump_write_calls(const struct view *view, int indent, FILE *out);

/* ---- all tasks ------------------------------------------------------------------------------- */

/* stack_each() for a visit that writes to `out`: what others write there does not come in between.
 */
void dump_each(void (*visit)(struct task *task, void *arg), void *arg, FILE *out);

/* Whether task_dump_as knows the word. */
bool dump_knows_view(const char *view);

/* What the writing of `out` came to, all of it included: 0 or an errno.  errno was 0 before it. */
int dump_finish(FILE *out);

/* ---- overflow.c ------------------------------------------------------------------------------ */

/* Writes the text to stderr by what a signal handler may call alone. */
void dump_say(const char *text);

/* Makes an overflow of a task's stack end with a message: for the process, and for the thread whose
 * worker is given (from its memory `signal_stack` of DUMP_SIGNAL_STACK bytes).  What the thread had
 * for signals before is kept in `former` and given back. */
enum { DUMP_SIGNAL_STACK = 64 * 1024 };
void overflow_start(void);
void overflow_stop(void);
void overflow_enter(void *signal_stack, stack_t *former);
void overflow_leave(const stack_t *former);

#endif
