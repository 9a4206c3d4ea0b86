/* driver.c - a run against a server in the same program, which is slow at times and then gone. */
#include "rpc.h"

#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 5, ROUNDS = 6, LATER = 4 };

/* A connection to the server: frames there and back. */
struct pipe {
    chan_t *there;
    chan_t *back;
    chan_t *shut;
    mu_t lock;
    bool is_shut;
};

static int pipe_send(void *user, const struct rpc_frame *frame)
{
    struct pipe *pipe = user;

    return chan_select(SEND(pipe->there, frame), DONE(pipe->shut)) == 0 ? 0 : EPIPE;
}

static int pipe_receive(void *user, struct rpc_frame *frame)
{
    struct pipe *pipe = user;

    return chan_select(RECV(pipe->back, frame), DONE(pipe->shut)) == 0 ? 0 : EPIPE;
}

static void pipe_shut(void *user)
{
    struct pipe *pipe = user;

    mu_lock(&pipe->lock);
    if (!pipe->is_shut)
        chan_close(pipe->shut);
    pipe->is_shut = true;
    mu_unlock(&pipe->lock);
}

/* Answers, tells an event after each third call and goes mute after `calls_max`. */
static void serve(struct pipe *pipe, int calls_max)
{
    struct rpc_frame frame;
    int calls = 0;

    while (chan_select(RECV(pipe->there, &frame), DONE(pipe->shut)) == 0) {
        struct rpc_frame event = {.kind = RPC_EVENT, .body = "called"};
        if (frame.kind == RPC_CALL && calls++ % 7 == 6)
            continue;
        if (calls > calls_max)
            continue;
        if (calls % 5 == 4)
            task_sleep_ms(5);
        frame.kind = frame.kind == RPC_PING ? RPC_PONG : RPC_REPLY;
        if (chan_select(SEND(pipe->back, &frame), DONE(pipe->shut)) != 0)
            break;
        if (calls % 3 == 0 && chan_select(SEND(pipe->back, &event), DONE(pipe->shut)) != 0)
            break;
    }
}

struct client {
    rpc_t *rpc;
    int failed;
};

static void client_task(struct client *client)
{
    char reply[RPC_BODY];

    for (int i = 0; i < ROUNDS; i++) {
        ctx_t *ctx = ctx_with_timeout_ms(ctx_background(), 4);
        if (rpc_call(client->rpc, ctx, "hello", reply))
            client->failed++;
        ctx_free(ctx);
    }
}

static void on_event(void *user, const char *body)
{
    *(int *)user += strcmp(body, "called") == 0;
    task_sleep_ms(1);
}

static void on_reply(void *user, int error, const char *reply)
{
    (void)reply;
    *(int *)user += error != 0;
}

static int run_against(int calls_max)
{
    struct pipe pipe = {.there = chan_make(struct rpc_frame, 0),
                        .back = chan_make(struct rpc_frame, 0),
                        .shut = done_make()};
    struct rpc_transport transport = {pipe_send, pipe_receive, pipe_shut, &pipe};
    int events = 0;
    int late = 0;
    struct rpc_options options = {3, 2, 4, on_event, &events};
    struct client clients[CLIENTS] = {0};
    wg_t server = {0};
    wg_t running = {0};
    rpc_t *rpc;

    if (rpc_connect(&transport, &(struct rpc_options){3, 0, 4, NULL, NULL}, &rpc) != EINVAL)
        return EXIT_FAILURE;
    wg_spawn(&server, serve, &pipe, calls_max);
    if (rpc_connect(&transport, &options, &rpc))
        return EXIT_FAILURE;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].rpc = rpc;
        wg_spawn(&running, client_task, &clients[i]);
    }
    rpc_flush(rpc);
    wg_wait(&running);
    for (int i = 0; i < LATER; i++)
        if (rpc_call_later(rpc, 50, "later", on_reply, &late))
            return EXIT_FAILURE;
    if (calls_max % 2)
        task_sleep_ms(3);
    else
        rpc_flush(rpc);
    int error = rpc_error(rpc);
    rpc_close(rpc);
    wg_wait(&server);
    chan_free(pipe.there);
    chan_free(pipe.back);
    chan_free(pipe.shut);
    printf("error %d, %d events, %d of %d late ones failed\n", error, events, late, LATER);
    return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
    return run_against(argc > 1 ? atoi(argv[1]) : 1000);
}

int main(int argc, char **argv)
{
    return leash_run(run, argc, argv);
}
