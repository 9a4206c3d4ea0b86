/*
 * explore.h - what executions say of a program: which task is stuck for good, where, and how it
 * came to that.
 *
 * The tasks of a scope are run against each other, every interleaving up to a bound; what a rule
 * gets is one verdict for each stuck place, with the cause that explains it best and the steps that
 * lead there.
 */
#ifndef LEASH_EXPLORE_H
#define LEASH_EXPLORE_H

#include "flow/flow.h"

struct explain;

/* Why a task is stuck, or what must not happen: in the words of the rules. */
enum cause {
    CAUSE_NIL_CHANNEL,
    CAUSE_BACKGROUND_WAIT,
    CAUSE_MISSING_UNLOCK,
    CAUSE_LOCK_CYCLE,
    CAUSE_BLOCKED_WHILE_LOCKED,
    CAUSE_MISSING_WG_DONE,
    CAUSE_WG_COUNT,
    CAUSE_WAIT_BEFORE_DRAIN,
    CAUSE_ENDLESS_TASK,
    CAUSE_MISSING_CLOSE,
    CAUSE_DONE_NEVER_CLOSED,
    CAUSE_LOST_CANCEL,
    CAUSE_ABANDONED_SEND,
    CAUSE_CV_NEVER_SIGNALLED,
    CAUSE_UNBOUNDED_SEND,
    CAUSE_UNBOUNDED_RECEIVE,
    CAUSE_CLOSE_TWICE,
    CAUSE_SEND_AFTER_CLOSE,
    CAUSE_CLOSE_BY_RECEIVER,
    CAUSE_WG_ADD_IN_TASK,
    CAUSE_COUNT, /* how many there are */
};

enum certainty { CERTAINTY_POSSIBLE, CERTAINTY_LIKELY, CERTAINTY_PROVEN };

/* One thing that happens on the way. */
struct explore_step {
    const struct ir_func *func; /* whose unit `pos` belongs to */
    struct ir_pos pos;
    const char *text; /* "task 'worker' sends on results" */
    size_t times;     /* that it happens, one right after the other */
    size_t left_out;  /* steps before this one that are not told */
};

struct verdict {
    enum cause cause;
    enum certainty certainty;
    const struct ir_func *func; /* where the finding stands */
    struct ir_pos pos;
    const struct ir_func *park_func; /* where the task is stuck; NULL for what is no wait */
    const struct ir_op *park;
    const struct ir_op *misused; /* what must not happen as it does; NULL: a wait */
    const char *object;          /* what it waits for, as the code says it there */
    const char *task;            /* the function that the task runs */
    size_t task_number;          /* which of the tasks that run it, from 1; 0: the only one */
    const char *why;             /* the end of a sentence: "nobody receives from it any more" */
    bool is_of_part;             /* a bound was hit in the search that found it */
    const char *message;         /* what the finding says, where it does not stand at the park */
    VEC(struct explore_step) steps;
};

struct verdicts {
    VEC(struct verdict) at;
};

/* How much is looked at. */
struct explore_options {
    size_t
        states_max; /* of a scope, see EXPLORE_STATES_A_MS; 0: as many as EXPLORE_BUDGET_MS buys */
    struct explain *explain; /* watches the search, see explain.h; NULL: nobody does */
    size_t *allowance; /* the effort that this and later programs may cost; NULL: without end */
};

/* Time is turned into a number of states, so that every run looks at the same ones. */
enum { EXPLORE_BUDGET_MS = 250, EXPLORE_STATES_A_MS = 100, EXPLORE_PROGRAM_STATES = 60000 };
/* Bytes that the search in one scope may take, and as many times more as there are more states. */
enum { EXPLORE_MEMORY = 64 << 20 };
/* The effort that all programs of a run may cost: as much for each unit as makes it a small part of
 * what parsing cost, and what one program may need where there are few.  As many times more where a
 * scope may cost more than EXPLORE_BUDGET_MS. */
enum { EXPLORE_EFFORT_OF_UNIT = 1200, EXPLORE_EFFORT_MIN = 100000 };
size_t explore_allowance(size_t unit_count, const struct explore_options *);

/* What the search had to do. */
struct explore_stats {
    size_t scopes, states, cut_scopes; /* cut: a bound was hit, all states were not seen */
    size_t effort;    /* in states, or what costs as much; the same on every machine */
    size_t allowance; /* of the run, where it adds up the programs */
    uint64_t nanoseconds;
    VEC(const struct ir_func *) cut_roots; /* those of cut scopes, but for made-up callers */
};

/* To be called, if at all, before the first verdict is asked for. */
void explore_prepare(struct flow *, const struct explore_options *);
/* Of the whole program; computed when first asked for, and kept as long as the flow.  `budget`: how
 * many states are looked at, of all scopes together, where each may cost EXPLORE_BUDGET_MS; as many
 * times more where they may cost more. */
const struct verdicts *explore_program(struct flow *, size_t budget);
bool explore_is_done(struct flow *);
/* Is it certain that nobody stays at this operation?  The program has a main and was looked at in
 * full, tasks came to the operation, and none of them waited for somebody out of sight or stayed.
 * Of a wait to which nobody comes at all, because all stay elsewhere, nothing is said.  To be asked
 * after `explore_program`. */
bool explore_is_clear(struct flow *, const struct ir_op *wait);
/* Has the program a main, and were all its executions looked at?  What they do not show does not
 * happen. */
bool explore_is_whole(struct flow *);
/* All zero where nobody asked for a verdict. */
const struct explore_stats *explore_stats(struct flow *);

#endif
