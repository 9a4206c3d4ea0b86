/*
 * server.h - the parts of the language server, and what they share.
 *
 *     server.c     messages in and out, dispatch, the loop
 *     lifecycle.c  from initialize to exit, settings
 *     sync.c       documents come, change and go; which workspace is theirs
 *     judge.c      which workspace is analysed when, and what comes of it
 *     publish.c    diagnostics to the client
 *     assist.c     code actions, hover
 *
 * One process, one thread; analysis runs in another one (job.h).
 */
#ifndef LEASH_SERVER_H
#define LEASH_SERVER_H

#include "lsp/frame.h"
#include "lsp/job.h"
#include "lsp/lsp.h"

/* JSON-RPC's and LSP's codes of errors. */
enum {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_NOT_INITIALIZED = -32002,
};

enum message_type { MESSAGE_ERROR = 1, MESSAGE_WARNING, MESSAGE_INFO, MESSAGE_LOG };

enum lifecycle { BEFORE_INITIALIZE, RUNNING, AFTER_SHUTDOWN, EXITED };

struct workspaces {
    struct workspace **at;
    size_t count, capacity;
};

/* The line in the client's status bar that counts files. */
struct progress_line {
    enum { PROGRESS_NONE, PROGRESS_ASKED, PROGRESS_SHOWN } state;
    int64_t request; /* the token too */
};

struct server {
    enum lifecycle lifecycle;
    int status; /* to exit with */
    struct frame_reader input;
    struct text output; /* not yet written */
    size_t written;     /* of it */
    int64_t last_request;

    struct client client;
    struct arena settings_arena;
    struct lsp_settings settings;
    struct arena arena; /* of folders */
    name_list folders;  /* of the client's workspace, absolute */

    struct documents documents;
    struct workspaces workspaces;
    struct job job;
    struct progress_line progress;
    json_t *published; /* path → {"uri", "diagnostics"} as sent last; empty ones are left out */
};

/* ---- server.c -------------------------------------------------------------------------------- */

/* Each gives `params` away. */
void server_notify(struct server *, const char *method, json_t *params);
int64_t server_request(struct server *, const char *method, json_t *params);
/* window/showMessage and window/logMessage. */
void server_show(struct server *, enum message_type, const char *text);
void server_log(struct server *, enum message_type, const char *text);
uint64_t server_now_ms(void);

/* ---- lifecycle.c ----------------------------------------------------------------------------- */

json_t *lifecycle_initialize(struct server *, const json_t *params);
json_t *lifecycle_shutdown(struct server *, const json_t *params);
void lifecycle_initialized(struct server *, const json_t *params);
void lifecycle_exit(struct server *, const json_t *params);
void lifecycle_configure(struct server *, const json_t *params);
/* A folder of the client's workspace, by its URI. */
void lifecycle_add_folder(struct server *, const json_t *uri);

/* ---- sync.c ---------------------------------------------------------------------------------- */

void sync_open(struct server *, const json_t *params);
void sync_change(struct server *, const json_t *params);
void sync_save(struct server *, const json_t *params);
void sync_close(struct server *, const json_t *params);
void sync_watched(struct server *, const json_t *params);
void sync_folders(struct server *, const json_t *params);
/* Looks again where each document is at home.  New workspaces are analysed soon; those of files
 * that nobody has open any more go. */
void sync_find_homes(struct server *);

/* ---- judge.c --------------------------------------------------------------------------------- */

/* Something changed in the workspace, at most `pause_ms` ago. */
void judge_later(struct server *, struct workspace *, uint64_t pause_ms);
/* The same for each that has read the file, and for its home. */
void judge_readers(struct server *, const struct document *, uint64_t pause_ms);
void judge_all(struct server *, uint64_t pause_ms);
/* Milliseconds until there is something to do; -1: never. */
int judge_wait_ms(const struct server *);
void judge_begin_due(struct server *);
/* When the job's pipe has something to read. */
void judge_listen(struct server *);
/* Ends the job there is, and tells nobody. */
void judge_stop(struct server *);
void judge_progress_answered(struct server *, bool agreed);

/* ---- publish.c ------------------------------------------------------------------------------- */

/* What has changed of the files in `before` and in the workspace's files now. */
void publish_files(struct server *, const struct workspace *, const json_t *before);
/* The items of one file, from all workspaces (see diagnostics_of); the caller gives them back. */
json_t *publish_items(const struct server *, const char *path);

/* ---- assist.c -------------------------------------------------------------------------------- */

json_t *assist_actions(struct server *, const json_t *params);
json_t *assist_hover(struct server *, const json_t *params);

#endif
