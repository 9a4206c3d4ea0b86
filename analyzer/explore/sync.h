/*
 * sync.h - what the files share that tell what tasks do to each other.
 *
 *   sync.c      where a task stands, what objects are, one step
 *   options.c   which operations can be fired now
 *   fire.c      what is done when one is
 *   local.c     operations that need nobody else
 */
#ifndef LEASH_SYNC_H
#define LEASH_SYNC_H

#include "explore/machine.h"

enum { OPTIONS_MAX = 96 };

/* One thing that can happen next. */
struct option {
    uint8_t task;
    uint8_t partner; /* + 1: the receiver of a rendezvous, the waiter that a signal wakes */
    int8_t arm, partner_arm;
    uint8_t result;
    bool is_guess;
    bool is_enlisting; /* parks where others count who waits: moves nobody on */
    bool is_time;      /* a context's time runs out; object */
    uint16_t object;
};

struct options {
    struct option at[OPTIONS_MAX];
    size_t count;
};

/* ---- sync.c ---------------------------------------------------------------------------------- */

/* Is it something, or in the hands of somebody, out of sight? */
bool sync_is_outside(const struct machine *, struct value handle);
/* What the object is kept as; NULL: it is nothing of that kind, or was not used yet. */
struct value *sync_cell(struct machine *, struct value handle, enum value_kind);
/* The cell of a lock, a wait group or a condition, which need not be made. */
struct value *sync_cell_made(struct machine *, struct value handle, enum value_kind);
bool sync_is_context(struct machine *, struct value handle);

/* Does the operation take the lock as a reader? */
bool sync_is_shared(const struct act *);
void sync_lock(struct machine *, uint8_t task, const struct act *, struct value handle);
void sync_unlock(struct machine *, uint8_t task, const struct ir_func *, const struct ir_op *,
                 struct value handle);

/* Where the message lies that the operation sends, or is to come to. */
struct lvalue sync_message_place(struct context *, const struct ir_expr *value);
/* NULL: not known. */
const struct ir_type *sync_message_type(const struct ir_expr *value);

/* ---- options.c ------------------------------------------------------------------------------- */

/* All that can happen next. */
void sync_find_options(struct machine *, struct options *);
/* What the option of a task that stands before `op` has come by: bits of enum outlook. */
unsigned sync_outlook_of(struct machine *, const struct option *, const struct ir_op *op);

/* ---- fire.c ---------------------------------------------------------------------------------- */

/* Has it happen, and the tasks that it moved go on to where others can see them again. */
void sync_fire(struct machine *, const struct option *);

#endif
