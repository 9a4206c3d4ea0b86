/*
 * explain.h - why a place where a task can wait is not reported: what the search saw there.
 *
 * The search is watched while it runs.  Of each step it takes from a state in which a task stands
 * at one of the watched operations it is noted what the step did for that task: met it, woke it, or
 * made what it waits for ready.  Nothing here is guessed from the code, only names are looked up.
 *
 *     explain_find(explain, units, unit_count, path, line);
 *     ... explore_prepare with it, explore_program ...
 *     explain_write(&out, flow, &explain->at.at[i], directory);
 */
#ifndef LEASH_EXPLAIN_H
#define LEASH_EXPLAIN_H

#include "explore/explore.h"
#include "explore/machine.h"

struct search;

enum end_kind {
    END_BY_OTHER,   /* op of func, by another task */
    END_BY_RETURN,  /* the task that runs func has ended */
    END_BY_TIME,    /* its own time limit; with op, that of the context made there */
    END_GIVES_UP,   /* the operation does not wait */
    END_OUTSIDE,    /* somebody out of sight */
    END_OF_PROCESS, /* op of func, or a call of func that does not come back */
    END_OF_SEARCH,  /* op of func is a mistake, behind which nothing is searched */
};

/* Something that ended a wait, or made it one that ends. */
struct explain_end {
    enum end_kind kind;
    const struct ir_func *func;
    const struct ir_op *op;
};

/* An operation that can wait, and what was seen of it in all scopes. */
struct explained {
    const struct ir_func *func;
    const struct ir_op *op;
    bool is_run;      /* by a function that was searched from */
    bool is_followed; /* there, it is one that the search looks at */
    bool is_reached;  /* a task stood there */
    bool waits;       /* and could not go on at once */
    bool is_stuck;    /* and for ever */
    bool is_silent;   /* stuck, but a task that still moves may end it */
    bool is_fed;      /* what it waits for is fed by the system */
    unsigned bounds;  /* enum bound, of the scopes that run it */
    unsigned tries;   /* stuck states that were looked into */
    struct explain_end
        held_by; /* stuck behind another stuck task, which stands there; op NULL: no */
    VEC(struct explain_end) ends;
};

/* Where a task stands before a step. */
struct explain_task {
    struct explained *at;        /* NULL: at nothing that is watched */
    const struct ir_func *func;  /* of op */
    const struct ir_op *op;      /* NULL: it stands before none */
    const struct ir_func *entry; /* what it runs */
    bool is_counted;             /* by a wait group */
    uint8_t phase;
    unsigned outlook;
};

struct explain {
    struct arena *arena;
    VEC(struct explained) at;
    struct explain_task before[TASKS_MAX];
    bool is_watching; /* one of them is */
};

/* Is it an operation that a task can wait in, or would if it did not only try? */
bool explain_is_wait(const struct ir_op *);
/* Adds the waits that stand on the line of the file with this absolute path. */
void explain_find(struct explain *, struct ir_unit *const *units, size_t unit_count,
                  const char *path, uint32_t line);

/* What the search tells; nothing where its `explain` is NULL. */
void explain_state(struct search *, uint32_t state);
void explain_step(struct search *);
void explain_scope(struct search *);
/* There was nothing left to spend on what `root` runs. */
void explain_left_out(struct explain *, struct flow *, const struct ir_func *root);

/* The id of the rule that reports it. */
const char *explain_rule(enum cause);
/* Why no verdict stands there, and what ends the wait, in lines that begin with four blanks.  Files
 * below `directory` are named as seen from there. */
void explain_write(struct text *, struct flow *, const struct explained *, const char *directory);
/* "chan_send(ch)" */
const char *explain_name(struct arena *, const struct ir_func *, const struct ir_op *);

#endif
