/*
 * rpc.h - calls to a server over one connection, many at a time.
 *
 * A connection has a window: so many calls are on their way at most, further ones wait.  Once it
 * breaks, all calls fail with its error; there is no way back but a new connection.
 */
#ifndef RPC_H
#define RPC_H

#include <leash.h>

enum { RPC_BODY = 32 };

enum rpc_kind { RPC_CALL, RPC_REPLY, RPC_EVENT, RPC_PING, RPC_PONG };

struct rpc_frame {
    enum rpc_kind kind;
    unsigned id;
    int status;
    char body[RPC_BODY];
};

/* What carries the frames.  `send` and `receive` may park; `shut` makes both return an error, those
 * too that are under way.  One task sends, another receives. */
struct rpc_transport {
    int (*send)(void *user, const struct rpc_frame *frame);
    int (*receive)(void *user, struct rpc_frame *frame);
    void (*shut)(void *user);
    void *user;
};

struct rpc_options {
    int window;
    int ping_ms;
    int pings_lost_max; /* so many without an answer break the connection */
    void (*on_event)(void *user, const char *body); /* or NULL */
    void *user;
};

typedef struct rpc rpc_t;

/* 0 or an errno. */
int rpc_connect(const struct rpc_transport *transport, const struct rpc_options *options,
                rpc_t **connected);

/* Parks until the reply is there or the context ends.  0 or an errno; `reply` has RPC_BODY bytes.
 */
int rpc_call(rpc_t *rpc, ctx_t *ctx, const char *body, char *reply);

/* The same in a task of its own, for `timeout_ms` at most; `then` is called in it, exactly once. */
typedef void (*rpc_then)(void *user, int error, const char *reply);
int rpc_call_later(rpc_t *rpc, int timeout_ms, const char *body, rpc_then then, void *user);

/* Waits for a moment without a call under way. */
void rpc_flush(rpc_t *rpc);

/* The error of a broken connection, else 0. */
int rpc_error(rpc_t *rpc);

/* Breaks the connection, waits for all that goes on by itself, and frees it.  Nobody is within
 * rpc_call any more. */
void rpc_close(rpc_t *rpc);

#endif
