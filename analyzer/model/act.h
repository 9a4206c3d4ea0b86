/*
 * act.h - what a call does to tasks: the meaning that a model gives to an operation.
 *
 * Expressions are those of the calling function's IR.  `object` is always the expression whose
 * value is the handle: the pointer to a channel, wait group, lock or context, or a thread's id. For
 * what makes a handle (ACT_MAKE, ACT_DERIVE, ACT_DONE_CHANNEL, and ACT_SPAWN where threads have
 * ids) it is the place that receives it: the call's temp for a returned handle, `*arg` for an
 * out-parameter. NULL means that the model names none, or that the argument was missing in the
 * call.
 */
#ifndef LEASH_ACT_H
#define LEASH_ACT_H

#include "ir/ir.h"

enum object_kind {
    OBJECT_NONE,
    OBJECT_CHAN,
    OBJECT_WG,
    OBJECT_MUTEX,
    OBJECT_RWLOCK,
    OBJECT_COND,
    OBJECT_CONTEXT,
    OBJECT_ONCE,
    OBJECT_THREAD,
    OBJECT_TIMER,
    OBJECT_BARRIER,
    OBJECT_OTHER, /* a word of the model's own, in model_type.word */
};

enum act_kind {
    ACT_MAKE,         /* object, object_kind, capacity, element_size */
    ACT_SPAWN,        /* entry, args; counted_by: wg_add before and wg_done when the task returns */
    ACT_INVOKE,       /* calls entry(args) here and now: a deferred call, a once */
    ACT_SEND,         /* object, value (a pointer to it) */
    ACT_RECV,         /* object, value (where it goes, may be the null constant) */
    ACT_CLOSE,        /* object */
    ACT_SELECT,       /* arms; index: the expression that tells which arm went */
    ACT_ADD,          /* object (a wait group), count */
    ACT_DONE,         /* object, count (NULL: one) */
    ACT_WAIT,         /* object: until the count is zero; of a barrier, until enough have come */
    ACT_LOCK,         /* object, mode */
    ACT_UNLOCK,       /* object, mode */
    ACT_COND_WAIT,    /* object, lock */
    ACT_SIGNAL,       /* object; wakes_all */
    ACT_DERIVE,       /* object: the new context; context: the parent */
    ACT_CANCEL,       /* object: a context, or a thread told to stop */
    ACT_DONE_CHANNEL, /* object: the channel; context: what closes it when it ends; NULL context:
                         the arguments in `sources` are channels of which any closes it */
    ACT_CHECK_CONTEXT, /* context: asks without waiting whether it has ended */
    ACT_JOIN,          /* object: until that task has ended */
    ACT_DETACH,        /* object: nobody will join it */
    ACT_SLEEP,         /* timeout_ms */
    ACT_YIELD,
    ACT_IO,       /* object: the descriptor */
    ACT_FREE,     /* object, object_kind */
    ACT_REF,      /* object: one more holder; the result is the same handle */
    ACT_EXIT,     /* ends the process, or control does not come back: exit, abort */
    ACT_END_TASK, /* ends the calling task: pthread_exit */
    ACT_AT_END, /* has a handler run when the calling task ends: pthread_cleanup_push; object: what
                   takes it back, value: what the handler gets; NULL: not known */
    ACT_NOT_AT_END, /* object: takes the handler back */
    ACT_LIMIT,      /* object: waits for it end by themselves from now on: a timeout was set, or it
                       no longer waits at all */
    ACT_SET,        /* object: what other calls take as their attributes; attribute */
    ACT_WATCH,      /* asks whether the task was told to stop: a flag, pthread_testcancel */
};

/* What an attribute makes of the object or task that is made with it. */
enum act_attribute {
    ATTRIBUTE_NONE,
    ATTRIBUTE_DETACHED,  /* a task that nobody will join */
    ATTRIBUTE_RECURSIVE, /* a lock that its owner may take again */
};

enum act_mode { MODE_EXCLUSIVE, MODE_SHARED };

enum arm_kind { ARM_UNKNOWN, ARM_RECV, ARM_SEND, ARM_AFTER, ARM_DEFAULT };

/* One case of a select. */
struct act_arm {
    enum arm_kind kind;
    const struct ir_expr *channel; /* ARM_RECV, ARM_SEND; the null constant: never ready */
    const struct ir_expr *context; /* the context whose done channel `channel` is, where the case is
                                      made from one directly; else NULL */
    const struct ir_expr *value;
    const struct ir_expr *ok; /* a pointer to where it is told whether it succeeded: received or
                                 sent, the channel not closed; NULL: nowhere */
    const struct ir_expr *timeout_ms;
};

enum act_result {
    RESULT_OK,     /* it happened: received, sent, locked, spawned */
    RESULT_CLOSED, /* the channel is closed */
    RESULT_ENDED,  /* gave up: the context ended or time ran out */
    RESULT_FAILED, /* did not happen: lock not free, no memory */
};

/* How the caller can tell: `what` compared with `value` means `result`. */
struct act_outcome {
    enum act_result result;
    const struct ir_expr *what;
    enum ir_operator compare; /* IR_EQ … IR_GE */
    int64_t value;
};

struct act {
    enum act_kind kind;
    enum object_kind object_kind;    /* of `object` */
    const char *function;            /* the model's function, for messages: "leash_chan_recv" */
    const char *word;                /* what users call it: "chan_recv" */
    const struct ir_func *forwarder; /* the call names a function that only hands it on, perhaps */
    const struct ir_op *inner; /* through others, to this call in this one; NULL: it does not */
    const struct ir_expr *object;
    const struct ir_expr *value;
    const struct ir_expr *entry; /* a function's address */
    const struct ir_expr **args; /* of the entry function */
    size_t arg_count;
    bool args_known; /* false: the call's arguments could not be read off */
    const struct ir_expr *counted_by;
    const struct ir_expr *once; /* ACT_INVOKE: only the first call for it calls, and the others wait
                                   until that has returned */
    const struct ir_expr *count, *capacity, *element_size;
    const struct ir_expr *context; /* what can end the wait early; the null constant: nothing */
    const struct ir_expr
        *timeout_ms; /* how long it may wait at most; a negative constant: for ever */
    const struct ir_expr *lock;
    const struct ir_expr **sources;
    size_t source_count;
    const struct ir_expr *attributes; /* ACT_MAKE, ACT_SPAWN: a pointer to what ACT_SET was done
                                         to; the null constant: none */
    enum act_attribute attribute;     /* ACT_SET; ACT_MAKE, ACT_SPAWN: in any case */
    enum act_mode mode;
    bool may_park;     /* the call can wait for another task or the outside */
    bool wakes_all;    /* ACT_SIGNAL: broadcast */
    bool tries;        /* ACT_LOCK and the like: may give up at once */
    bool is_resumed;   /* ACT_END_TASK: the end began elsewhere: it was cancelled, or called
                          pthread_exit */
    bool begins_later; /* ACT_SPAWN: when its time comes; a join before then calls it off, and
                          says so as RESULT_FAILED */
    bool is_zeroed;    /* ACT_MAKE: all bytes of what is made are zero */
    bool is_fed_from_outside; /* ACT_MAKE: the system sends on the channel: ticks, signals; */
    bool is_never_closed;     /* and nobody closes it */
    const struct act_arm *arms;
    size_t arm_count;
    bool arms_known; /* false: the cases could not all be read off */
    const struct ir_expr *index;
    const struct act_outcome *outcomes;
    size_t outcome_count;
};

/* How the caller can tell that this was the result: the first way there is; NULL: there is none, or
 * the act is NULL. */
const struct act_outcome *act_outcome_of(const struct act *, enum act_result);

/* Do tasks wait for each other there, until enough have come? */
static inline bool act_is_meeting(const struct act *act)
{
    return act->kind == ACT_WAIT && act->object_kind == OBJECT_BARRIER;
}

#endif
