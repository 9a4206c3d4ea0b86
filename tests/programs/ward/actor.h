/* actor.h - actors with a mailbox each, and the ward that starts them again when they fail. */
#ifndef ACTOR_H
#define ACTOR_H

#include <leash.h>

struct answer {
    int error;
    long value;
};

struct letter {
    int kind;
    long value;
    chan_t *reply; /* of struct answer, with room for one; NULL: none is wanted */
};

struct actor;

/* Deals with a letter; not 0: the actor has failed. */
typedef int (*actor_fn)(struct actor *self, void *state, const struct letter *letter);

struct actor {
    const char *name;
    actor_fn behave;
    void *state;
    struct ward *ward;
    chan_t *mailbox; /* of struct letter; never closed */
    chan_t *down;    /* closed when it will not be started again */
    int failures;    /* the ward's task alone knows it */
    struct actor *next;
};

struct failure {
    struct actor *actor;
    int error;
};

struct ward {
    int failures_max; /* of one actor */
    chan_t *failures; /* of struct failure; with each goes the actor's place in `living` */
    chan_t *stopping;
    wg_t living; /* actors that work or are to be started again */
    wg_t watching;
    rw_t lock; /* for the list */
    struct actor *actors;
};

void ward_open(struct ward *ward, int failures_max);

/* Starts an actor; NULL: the name is taken. */
struct actor *ward_add(struct ward *ward, const char *name, actor_fn behave, void *state, int room);

/* The actor of that name, or NULL.  It lives as long as the ward. */
struct actor *ward_find(struct ward *ward, const char *name);

/* Tells all actors to stop, waits for them and frees them; what is in their mailboxes is lost. */
void ward_close(struct ward *ward);

/* 0, or ECONNREFUSED when the actor is down, or the context's error. */
int actor_tell(struct actor *actor, ctx_t *ctx, int kind, long value);

/* The same, and waits for the answer; its error. */
int actor_ask(struct actor *actor, ctx_t *ctx, int kind, long value, long *answer);

/* For behaviours: answers a letter. */
void actor_answer(const struct letter *letter, int error, long value);

#endif
