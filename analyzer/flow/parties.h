/*
 * parties.h - who makes an object, who does what to it, and who can fail to.
 *
 * Those who use an object are parties: a party is the function that has the object as its own, by
 * making it or by being handed it as a task, with all that it calls.  What a helper does to its
 * argument is its caller's doing.
 *
 *     struct flow_parties closers = flow_parties(flow, &closes, 1, channel);
 *     if (closers.at.count == 1 && !closers.is_cut)
 *         lack = flow_party_lack(flow, closers.at.at[0].home, &wanted);    on which ways it does
 * not
 *
 * All that is returned is in the arena of the flow.
 */
#ifndef LEASH_PARTIES_H
#define LEASH_PARTIES_H

#include "flow/walk.h"

/* ---- tasks ----------------------------------------------------------------------------------- */

/* Is it a root, or the function of a task? */
bool flow_starts_task(const struct frame *);
/* Is `func` one of the functions that run in this frame and above it in the same task? */
bool flow_task_has(const struct frame *, const struct ir_func *func);
/* Is the task marked as a daemon: by its function, or by a comment at the spawn or at a call that
 * leads there?  Of a frame inside of a task, only its function's mark counts. */
bool flow_is_daemon(struct flow *, const struct frame *task);
/* Does the frame run in a task that is marked as a daemon, or below one? */
bool flow_in_daemon(struct flow *, const struct frame *);
/* Is it the program's main? */
bool flow_is_main(const struct ir_func *);

/* ---- makers ---------------------------------------------------------------------------------- */

/* The operation that made the resolved object, and its function (`func` may be NULL); NULL: not
 * known, or more than one. */
const struct ir_op *flow_maker(struct flow *, const struct ir_expr *object,
                               const struct ir_func **func);

struct flow_channel {
    const struct ir_expr *object; /* resolved */
    const struct ir_op *maker;
    const struct ir_func *maker_func;
};
/* Fills in the channel that an operand of frame->func names; false: it is not one that the program
 * made itself, not fed by the system, all of whose holders are in sight. */
bool flow_find_channel(struct flow *, const struct frame *, const struct ir_expr *handle,
                       struct flow_channel *);

/* ---- parties --------------------------------------------------------------------------------- */

struct flow_party {
    const struct frame *home;   /* of the function that has the object */
    const struct frame *frame;  /* of its first use, */
    const struct flow_use *use; /* which is this */
};

struct flow_parties {
    VEC(struct flow_party) at; /* one of each function */
    bool is_cut;               /* there may be more */
    bool has_several;          /* more than one run of a party may have the object */
    bool in_loop;              /* some use of the object is in a loop */
};

/* All who do one of the kinds to the resolved object.  Looks at every such use in the program. */
struct flow_parties flow_parties(struct flow *, const enum act_kind *kinds, size_t kind_count,
                                 const struct ir_expr *object);
/* The frame, this one or above it in the same task, whose function has the object of the operand
 * `handle` as its own: it made it, or it is the task's own function. */
const struct frame *flow_home(struct flow *, const struct frame *, const struct ir_expr *handle);
/* What the party's own function calls the object. */
const char *flow_party_name(struct flow *, const struct flow_party *);
/* The variable of the party's function into which it received the message that names the object;
 * NULL: it has it from elsewhere. */
const struct ir_var *flow_message_of(struct flow *, const struct flow_party *);

/* ---- what they do, and fail to do ------------------------------------------------------------ */

/* What somebody waits for a party to do. */
struct flow_wanted {
    const struct ir_expr *object; /* resolved */
    const enum act_kind *kinds;   /* any of these */
    size_t kind_count;
    const struct ir_func *waiter; /* the function that waits */
    const struct ir_func *doer;   /* or to start this task, which is sure to do it; NULL: none */
    const struct ir_var *message; /* for each message that the party receives into it; NULL: once */
};

/* The ways through a party's function, counted by how often it does what is wanted on them. Nothing
 * counts before the party has the object and, where it spawns a task in which the waiter runs,
 * before that. */
struct walk_result flow_party_ways(struct flow *, const struct frame *home,
                                   const struct flow_wanted *);

/* The ends of those ways on which the party does none of that, though it does on others.  None
 * where the ways could not all be followed, and where the process ends with them. */
struct flow_lack {
    const struct frame *home;   /* the party: the one asked about, or who starts it */
    const struct ir_func *doer; /* the task that is not started then; NULL: it is its own doing */
    VEC(struct walk_exit) exits;
};
/* Of the party, or else of the first of those who start it, each as a task, that can fail to. */
struct flow_lack flow_party_lack(struct flow *, const struct frame *home,
                                 const struct flow_wanted *);
/* Did the party go that way for a reason of its own: a call of its own that failed, say, and not
 * for what it shares with other parties or was handed as one of several? */
bool flow_went_alone(struct flow *, const struct frame *home, const struct walk_exit *,
                     const struct flow_wanted *);

#endif
