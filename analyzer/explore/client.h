/*
 * client.h - made-up programs that use a library, where nobody in sight does.
 *
 * For a type of the library a client makes an object, has two tasks call one function on it each,
 * waits for both, and calls the functions that end it.  The clients are functions of a unit of
 * their own, in a program of their own, so everything else sees them as it sees any program.
 *
 * A client proves less than a program: what it waits for itself may never come because it did not
 * ask for it.  So only some of its stuck tasks count.
 */
#ifndef LEASH_CLIENT_H
#define LEASH_CLIENT_H

#include "explore/blame.h"

typedef VEC(const struct ir_func *) client_funcs;

struct clients {
    struct flow *flow;    /* of the library and its clients; NULL: there are no clients */
    client_funcs roots;   /* one of each client */
    client_funcs entries; /* what others may call of the library */
    void **facts;         /* of the library's functions, in their order */
};

/* The clients of a program without a main.  Then the facts of its functions are those of the new
 * flow, until clients_leave. */
void clients_make(struct flow *library, struct clients *);
/* The facts are those of the library alone again. */
void clients_leave(struct flow *library, struct clients *);

/* Is it one of a client's own functions? */
bool client_has(const struct ir_func *);
/* The one function of the library that a client's function calls; NULL: it is none, or calls
 * several. */
const struct ir_func *client_calls(const struct ir_func *);
/* What the task runs; of a client's, what that calls. */
const struct ir_func *client_entry(const struct machine *, uint8_t task);
/* Has the client no more to do with its object, but for what waits of those tasks (bits)? */
bool client_is_ended(const struct machine *, uint16_t stuck);
/* Is it the library's fault that the task is stuck, as others (bits) are, in the state that
 * search.machine.world is in? */
bool client_counts(struct search *, const struct clients *, const struct blame *, uint16_t stuck);

#endif
