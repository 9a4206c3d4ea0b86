/*
 * client.h - made-up programs that use a library, where nobody in sight does.
 *
 * For a type of the library a client makes an object, has two tasks call one function on it each,
 * waits for both, and calls the functions that end it.  What a call gives, the task gives back. The
 * clients are functions of a unit of their own, in a program of their own, so everything else sees
 * them as it sees any program.
 */
#ifndef LEASH_CLIENT_H
#define LEASH_CLIENT_H

#include "explore/machine.h"

typedef VEC(const struct ir_func *) client_funcs;

/* The blocks of a client, one after the other. */
enum { CLIENT_MAKING, CLIENT_USING, CLIENT_ENDING, CLIENT_LEAVING };

struct clients {
    struct flow *flow;    /* of the library and its clients; NULL: there are no clients */
    client_funcs roots;   /* one of each client */
    client_funcs entries; /* what others may call of the library */
    bool in_any_state;    /* their objects are: only a lock that a call keeps counts */
    void **facts;         /* of the library's functions, in their order */
};

/* The clients of a program without a main: those that make their objects, or those that are handed
 * one in any state.  Then the facts of its functions are those of the new flow, until
 * clients_leave. */
void clients_make(struct flow *library, bool in_any_state, struct clients *);
/* The facts are those of the library alone again. */
void clients_leave(struct flow *library, struct clients *);

/* Is it one of a client's own functions? */
bool client_has(const struct ir_func *);
/* The one function of the library that a client's function calls; NULL: it is none, or calls
 * several. */
const struct ir_func *client_calls(const struct ir_func *);
/* What the task runs; of a client's, what that calls. */
const struct ir_func *client_entry(const struct machine *, uint8_t task);

#endif
