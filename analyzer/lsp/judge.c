#include "lsp/server.h"

#include "report/value.h"

#include <errno.h>
#include <string.h>

/* ---- what is to be done ---------------------------------------------------------------------- */

/* A job that works on what is no longer so is stopped. */
void judge_later(struct server *server, struct workspace *workspace, uint64_t pause_ms)
{
    if (server->job.workspace == workspace)
        judge_stop(server);
    workspace->is_stale = true;
    workspace->due_ms = server_now_ms() + pause_ms;
}

void judge_readers(struct server *server, const struct document *document, uint64_t pause_ms)
{
    struct arena scratch = {0};
    const char *real = real_path(&scratch, document->path);
    for (size_t i = 0; i < server->workspaces.count; i++) {
        struct workspace *workspace = server->workspaces.at[i];
        if (workspace == document->home || workspace_reads(workspace, document->path) ||
            workspace_reads(workspace, real))
            judge_later(server, workspace, pause_ms);
    }
    arena_release(&scratch);
}

void judge_all(struct server *server, uint64_t pause_ms)
{
    for (size_t i = 0; i < server->workspaces.count; i++)
        judge_later(server, server->workspaces.at[i], pause_ms);
}

static struct workspace *first_due(const struct server *server)
{
    struct workspace *first = NULL;
    for (size_t i = 0; i < server->workspaces.count; i++) {
        struct workspace *workspace = server->workspaces.at[i];
        if (workspace->is_stale && (!first || workspace->due_ms < first->due_ms))
            first = workspace;
    }
    return first;
}

int judge_wait_ms(const struct server *server)
{
    bool is_free = server->lifecycle == RUNNING && !server->job.workspace;
    const struct workspace *next = is_free ? first_due(server) : NULL;
    uint64_t now = server_now_ms();
    if (!next)
        return -1;
    return next->due_ms > now ? (int)(next->due_ms - now) : 0;
}

/* ---- progress -------------------------------------------------------------------------------- */

/* Gives `value` away. */
static void tell_progress(struct server *server, json_t *value)
{
    server_notify(
        server, "$/progress",
        json_pack("{s:I, s:o}", "token", (json_int_t)server->progress.request, "value", value));
}

static void ask_for_progress(struct server *server)
{
    server->progress.request = server->last_request + 1;
    server_request(server, "window/workDoneProgress/create",
                   json_pack("{s:I}", "token", (json_int_t)server->progress.request));
    server->progress.state = PROGRESS_ASKED;
}

void judge_progress_answered(struct server *server, bool agreed)
{
    server->progress.state = agreed ? PROGRESS_SHOWN : PROGRESS_NONE;
    if (agreed)
        tell_progress(server, json_pack("{s:s, s:s, s:i}", "kind", "begin", "title", "leash",
                                        "percentage", 0));
}

static void report_progress(struct server *server, const struct job_news *news)
{
    if (server->progress.state != PROGRESS_SHOWN)
        return;
    struct text text = {0};
    if (news->done < news->total)
        text_printf(&text, "%llu of %llu files", (unsigned long long)news->done,
                    (unsigned long long)news->total);
    else
        text_add(&text, "judging");
    tell_progress(server, json_pack("{s:s, s:s, s:I}", "kind", "report", "message", text.at,
                                    "percentage", (json_int_t)(news->done * 100 / news->total)));
    text_release(&text);
}

static void end_progress(struct server *server)
{
    if (server->progress.state == PROGRESS_SHOWN)
        tell_progress(server, json_pack("{s:s}", "kind", "end"));
    server->progress.state = PROGRESS_NONE;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

void judge_begin_due(struct server *server)
{
    struct workspace *workspace = server->job.workspace ? NULL : first_due(server);
    if (!workspace || workspace->due_ms > server_now_ms())
        return;
    workspace->is_stale = false;
    workspace_check_database(workspace);
    if (!job_start(&server->job, workspace, &server->documents, &server->client,
                   &server->settings)) {
        struct text text = {0};
        text_printf(&text, "leash cannot start a process: %s", strerror(errno));
        server_log(server, MESSAGE_ERROR, text.at);
        text_release(&text);
        return;
    }
    server->job.started_ms = server_now_ms();
    for (size_t i = 0; i < server->documents.count; i++)
        server->documents.at[i]->is_current = true;
    if (server->client.has_progress && !workspace->is_known)
        ask_for_progress(server);
}

void judge_stop(struct server *server)
{
    struct arena scratch = {0};
    if (!server->job.workspace)
        return;
    job_kill(&server->job);
    job_end(&server->job, &scratch);
    end_progress(server);
    arena_release(&scratch);
}

static bool is_among(const json_t *list, const json_t *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), text))
            return true;
    return false;
}

/* What was not said the last time. */
static void tell_new(struct server *server, const json_t *texts, json_t **before,
                     void (*tell)(struct server *, enum message_type, const char *),
                     enum message_type type)
{
    for (size_t i = 0; i < json_array_size(texts); i++)
        if (!is_among(*before, json_array_get(texts, i)))
            tell(server, type, json_string_value(json_array_get(texts, i)));
    json_decref(*before);
    *before = json_incref((json_t *)texts);
}

/* What is said of these does not fit their text. */
static void set_aside_broken(struct server *server, const json_t *broken)
{
    for (size_t i = 0; i < json_array_size(broken); i++) {
        struct document *document =
            documents_find_path(&server->documents, json_string_value(json_array_get(broken, i)));
        if (document)
            document->is_current = false;
    }
}

/* A file that changed meanwhile, of which nobody knew that it is read. */
static bool is_overtaken(const struct server *server, const struct workspace *workspace)
{
    for (size_t i = 0; i < server->documents.count; i++)
        if (!server->documents.at[i]->is_current &&
            workspace_reads(workspace, server->documents.at[i]->path))
            return true;
    return false;
}

static void take_result(struct server *server, const json_t *result)
{
    struct workspace *workspace = server->job.workspace;
    json_t *before = json_incref(workspace->files);
    workspace->has_died = false;
    workspace->cost_ms = server_now_ms() - server->job.started_ms;
    workspace_take(workspace, result);
    workspace->is_stale |= is_overtaken(server, workspace);
    set_aside_broken(server, json_object_get(result, "broken"));
    publish_files(server, workspace, before);
    json_decref(before);
    tell_new(server, json_object_get(result, "messages"), &workspace->messages, server_show,
             MESSAGE_ERROR);
    tell_new(server, json_object_get(result, "notes"), &workspace->notes, server_log, MESSAGE_INFO);
}

/* The user hears of it once: it may well happen again with every key. */
static void tell_death(struct server *server, struct workspace *workspace, const char *why)
{
    struct text text = {0};
    text_printf(&text,
                "leash's analysis of %s %s; what it found before stays shown, and the next change "
                "begins another one",
                workspace->database ? workspace->database : workspace->file, why);
    if (workspace->has_died)
        server_log(server, MESSAGE_ERROR, text.at);
    else
        server_show(server, MESSAGE_ERROR, text.at);
    workspace->has_died = true;
    text_release(&text);
}

static void take_end(struct server *server)
{
    struct arena scratch = {0};
    struct workspace *workspace = server->job.workspace;
    const char *why = job_end(&server->job, &scratch);
    end_progress(server);
    if (why)
        tell_death(server, workspace, why);
    arena_release(&scratch);
}

void judge_listen(struct server *server)
{
    job_read(&server->job);
    for (;;) {
        struct job_news news = {0};
        switch (job_next(&server->job, &news)) {
        case JOB_WAITING:
            return;
        case JOB_PROGRESS:
            report_progress(server, &news);
            break;
        case JOB_RESULT:
            take_result(server, news.result);
            json_decref(news.result);
            break;
        case JOB_ENDED:
            take_end(server);
            return;
        }
    }
}
