#include "lsp/server.h"

#include "report/value.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16 };

uint64_t server_now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* ---- out ------------------------------------------------------------------------------------- */

static void send(struct server *server, json_t *message)
{
    struct text body = {0};
    value_set(message, "jsonrpc", value_text("2.0"));
    value_write(&body, message);
    frame_add(&server->output, body.at, body.length);
    text_release(&body);
}

static json_t *call(const char *method, json_t *params)
{
    json_t *message = json_object();
    value_set(message, "method", value_text(method));
    value_set(message, "params", params);
    return message;
}

void server_notify(struct server *server, const char *method, json_t *params)
{
    send(server, call(method, params));
}

int64_t server_request(struct server *server, const char *method, json_t *params)
{
    json_t *message = call(method, params);
    value_set(message, "id", json_integer(++server->last_request));
    send(server, message);
    return server->last_request;
}

static void say(struct server *server, const char *method, enum message_type type, const char *text)
{
    json_t *params = json_object();
    value_set(params, "type", json_integer(type));
    value_set(params, "message", value_text(text));
    server_notify(server, method, params);
}

void server_show(struct server *server, enum message_type type, const char *text)
{
    say(server, "window/showMessage", type, text);
}

void server_log(struct server *server, enum message_type type, const char *text)
{
    say(server, "window/logMessage", type, text);
}

/* `id` is borrowed, `result` given away. */
static void answer(struct server *server, json_t *id, json_t *result)
{
    json_t *message = json_object();
    value_set(message, "id", json_incref(id));
    value_set(message, "result", result);
    send(server, message);
}

/* id NULL: nobody knows to what. */
static void refuse(struct server *server, json_t *id, int code, const char *text)
{
    json_t *message = json_object(), *error = json_object();
    value_set(error, "code", json_integer(code));
    value_set(error, "message", value_text(text));
    value_set(message, "id", id ? json_incref(id) : json_null());
    value_set(message, "error", error);
    send(server, message);
}

/* ---- in -------------------------------------------------------------------------------------- */

static const struct {
    const char *method;
    json_t *(*answer)(struct server *, const json_t *params); /* NULL: the params are wrong */
} requests[] = {
    {"shutdown", lifecycle_shutdown},
    {"textDocument/codeAction", assist_actions},
    {"textDocument/hover", assist_hover},
};

static const struct {
    const char *method;
    void (*take)(struct server *, const json_t *params);
} notifications[] = {
    {"initialized", lifecycle_initialized},
    {"textDocument/didOpen", sync_open},
    {"textDocument/didChange", sync_change},
    {"textDocument/didSave", sync_save},
    {"textDocument/didClose", sync_close},
    {"workspace/didChangeWatchedFiles", sync_watched},
    {"workspace/didChangeWorkspaceFolders", sync_folders},
    {"workspace/didChangeConfiguration", lifecycle_configure},
};

static void take_request(struct server *server, json_t *id, const char *method,
                         const json_t *params)
{
    bool is_initialize = text_is(method, "initialize");
    if (server->lifecycle == AFTER_SHUTDOWN)
        return refuse(server, id, RPC_INVALID_REQUEST, "the server is shut down");
    if (server->lifecycle == BEFORE_INITIALIZE && !is_initialize)
        return refuse(server, id, RPC_NOT_INITIALIZED, "the server waits for initialize");
    if (server->lifecycle != BEFORE_INITIALIZE && is_initialize)
        return refuse(server, id, RPC_INVALID_REQUEST, "the server is initialized already");
    if (is_initialize)
        return answer(server, id, lifecycle_initialize(server, params));
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        if (!text_is(method, requests[i].method))
            continue;
        json_t *result = requests[i].answer(server, params);
        return result ? answer(server, id, result)
                      : refuse(server, id, RPC_INVALID_PARAMS, "the params make no sense");
    }
    refuse(server, id, RPC_METHOD_NOT_FOUND, "leash does not know this method");
}

/* Every request is answered before the next message is read, so there is nothing to cancel. */
static void take_notification(struct server *server, const char *method, const json_t *params)
{
    if (text_is(method, "exit"))
        return lifecycle_exit(server, params);
    for (size_t i = 0; i < COUNT_OF(notifications); i++)
        if (server->lifecycle == RUNNING && text_is(method, notifications[i].method))
            notifications[i].take(server, params);
}

static void take_response(struct server *server, const json_t *id, const json_t *error)
{
    if (server->progress.state == PROGRESS_ASKED &&
        json_integer_value(id) == server->progress.request)
        judge_progress_answered(server, !error);
}

static void take_message(struct server *server, const json_t *message)
{
    json_t *id = json_object_get(message, "id");
    const json_t *method = json_object_get(message, "method");
    const json_t *params = json_object_get(message, "params");
    bool is_call = json_is_string(method);
    if (is_call && (json_is_integer(id) || json_is_string(id)))
        take_request(server, id, json_string_value(method), params);
    else if (is_call && !id)
        take_notification(server, json_string_value(method), params);
    else if (!is_call && json_is_integer(id))
        take_response(server, id, json_object_get(message, "error"));
    else
        refuse(server, NULL, RPC_INVALID_REQUEST, "this is no message of JSON-RPC");
}

static void complain(struct server *server, const char *text)
{
    fprintf(stderr, "leash: lsp: %s\n", text);
    refuse(server, NULL, RPC_PARSE_ERROR, text);
}

static void take_body(struct server *server, const struct frame *frame)
{
    json_error_t error;
    json_t *message =
        json_loadb(frame->body, frame->length, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (message) {
        take_message(server, message);
        json_decref(message);
        return;
    }
    struct text text = {0};
    text_printf(&text, "a message is no JSON: %s (byte %d)", error.text, error.position);
    complain(server, text.at);
    text_release(&text);
}

static void take_frames(struct server *server)
{
    struct frame frame;
    enum frame_state state;
    while (server->lifecycle != EXITED &&
           (state = frame_next(&server->input, &frame)) != FRAME_NONE)
        if (state == FRAME_WHOLE)
            take_body(server, &frame);
        else
            complain(server, frame.problem);
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* A client that is gone without a word. */
static void end_of_input(struct server *server)
{
    if (frame_is_inside(&server->input))
        fprintf(stderr, "leash: lsp: the input ends within a message\n");
    lifecycle_exit(server, NULL);
}

static void read_input(struct server *server, int input)
{
    static char chunk[READ_BYTES];
    ssize_t got = read(input, chunk, sizeof chunk);
    if (got > 0) {
        frame_feed(&server->input, chunk, (size_t)got);
        take_frames(server);
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        end_of_input(server);
    }
}

/* As much as a pipe takes without blocking, once it says that it takes some: a client that does not
 * read must not keep the server from reading. */
static void write_output(struct server *server, int output)
{
    size_t left = server->output.length - server->written;
    ssize_t written =
        write(output, server->output.at + server->written, left < PIPE_BUF ? left : PIPE_BUF);
    if (written < 0 && errno != EINTR && errno != EAGAIN)
        return lifecycle_exit(server, NULL);
    server->written += written > 0 ? (size_t)written : 0;
    if (server->written == server->output.length)
        server->written = server->output.length = 0;
}

static void wait_and_work(struct server *server, int input, int output)
{
    struct pollfd fds[] = {
        {.fd = input, .events = POLLIN},
        {.fd = server->output.length ? output : -1, .events = POLLOUT},
        {.fd = server->job.workspace ? server->job.answers : -1, .events = POLLIN},
    };
    if (poll(fds, COUNT_OF(fds), judge_wait_ms(server)) > 0) {
        if (fds[0].revents)
            read_input(server, input);
        if (fds[1].revents)
            write_output(server, output);
        if (fds[2].revents && server->job.answers == fds[2].fd)
            judge_listen(server);
    }
    if (server->lifecycle == RUNNING)
        judge_begin_due(server);
}

static void release(struct server *server)
{
    judge_stop(server);
    documents_release(&server->documents);
    for (size_t i = 0; i < server->workspaces.count; i++)
        workspace_free(server->workspaces.at[i]);
    free(server->workspaces.at);
    json_decref(server->published);
    frame_release(&server->input);
    text_release(&server->output);
    arena_release(&server->settings_arena);
    arena_release(&server->arena);
}

int lsp_serve(int input, int output)
{
    struct server server = {.status = 1, .published = json_object()};
    signal(SIGPIPE, SIG_IGN);
    while (server.lifecycle != EXITED)
        wait_and_work(&server, input, output);
    /* The last answer, for who still reads it. */
    if (server.output.length > server.written)
        (void)fd_write_all(output, server.output.at + server.written,
                           server.output.length - server.written);
    release(&server);
    return server.status;
}
