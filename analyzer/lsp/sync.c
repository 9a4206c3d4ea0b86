#include "lsp/server.h"

#include "base/uri.h"
#include "frontend/flags.h"
#include "project/compile_commands.h"

#include <stdlib.h>
#include <unistd.h>

/* After a key the next one comes soon: an analysis is begun when none came for half the time that
 * the last one took, within these bounds. */
enum { PAUSE_MS_MIN = 50, PAUSE_MS_MAX = 500 };

/* ---- homes ----------------------------------------------------------------------------------- */

static const char *folder_of(const struct server *server, const char *path)
{
    for (size_t i = 0; i < server->folders.count; i++)
        if (path_below(path, server->folders.at[i]) != path)
            return server->folders.at[i];
    return server->folders.count ? server->folders.at[0] : NULL;
}

/* The compile_commands.json for a file, and from where its project is seen; false: there is none.
 */
static bool find_database(const struct server *server, struct arena *arena, const char *path,
                          const char **database, const char **directory)
{
    const char *folder = folder_of(server, path);
    if (server->settings.build_dir) {
        *directory = folder ? folder : path_directory(arena, path);
        *database =
            path_join(arena, *directory,
                      path_join(arena, server->settings.build_dir, "compile_commands.json"));
        return true;
    }
    *database = compile_commands_find(arena, path_directory(arena, path));
    if (!*database)
        return false;
    *directory = path_directory(arena, *database);
    if (text_is(path_base(*directory), "build"))
        *directory = path_directory(arena, *directory);
    return true;
}

static struct workspace *find_workspace(const struct server *server, const char *database,
                                        const char *file)
{
    for (size_t i = 0; i < server->workspaces.count; i++) {
        struct workspace *workspace = server->workspaces.at[i];
        if (database ? text_is(workspace->database, database) : text_is(workspace->file, file))
            return workspace;
    }
    return NULL;
}

static struct workspace *add_workspace(struct server *server, struct workspace *workspace)
{
    struct workspaces *list = &server->workspaces;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 8;
        list->at = xrealloc(list->at, list->capacity * sizeof *list->at);
    }
    return list->at[list->count++] = workspace;
}

/* NULL: it is no C, or a header of no program, which alone says nothing, or a file that nobody has
 * saved yet. */
static struct workspace *home_of(struct server *server, const char *path)
{
    struct arena scratch = {0};
    const char *database = NULL, *directory = NULL;
    struct workspace *home = NULL;
    bool is_source = frontend_is_c_source(path);
    if ((is_source || frontend_is_header(path)) &&
        find_database(server, &scratch, path, &database, &directory)) {
        home = find_workspace(server, database, NULL);
        if (!home)
            home = add_workspace(server, workspace_new(directory, database, NULL));
    } else if (is_source && access(path, F_OK) == 0) {
        home = find_workspace(server, NULL, path);
        if (!home)
            home = add_workspace(server, workspace_new(path_directory(&scratch, path), NULL, path));
    }
    arena_release(&scratch);
    return home;
}

static bool is_home(const struct server *server, const struct workspace *workspace)
{
    for (size_t i = 0; i < server->documents.count; i++)
        if (server->documents.at[i]->home == workspace)
            return true;
    return false;
}

/* What was said of its files is taken back. */
static void remove_workspace(struct server *server, size_t index)
{
    struct workspace *workspace = server->workspaces.at[index];
    if (server->job.workspace == workspace)
        judge_stop(server);
    server->workspaces.at[index] = server->workspaces.at[--server->workspaces.count];
    publish_files(server, NULL, workspace->files);
    workspace_free(workspace);
}

/* A program is still one when nobody looks at it: only files that were judged alone, and programs
 * whose compile_commands.json is gone, are forgotten. */
static bool is_needed(const struct server *server, const struct workspace *workspace)
{
    return (workspace->database && workspace->database_hash) || is_home(server, workspace);
}

void sync_find_homes(struct server *server)
{
    for (size_t i = 0; i < server->documents.count; i++) {
        struct document *document = server->documents.at[i];
        document->home = home_of(server, document->path);
    }
    for (size_t i = server->workspaces.count; i-- > 0;)
        if (!is_needed(server, server->workspaces.at[i]))
            remove_workspace(server, i);
}

/* ---- documents ------------------------------------------------------------------------------- */

static struct document *document_of(const struct server *server, const json_t *params)
{
    const json_t *uri = json_object_get(json_object_get(params, "textDocument"), "uri");
    return json_is_string(uri) ? documents_find(&server->documents, json_string_value(uri)) : NULL;
}

/* Files may be there now that units lacked. */
static void doubt_incomplete(struct server *server)
{
    for (size_t i = 0; i < server->workspaces.count; i++)
        unit_store_doubt(server->workspaces.at[i]->store);
}

void sync_open(struct server *server, const json_t *params)
{
    struct document *document =
        documents_open(&server->documents, json_object_get(params, "textDocument"));
    if (!document)
        return;
    doubt_incomplete(server);
    sync_find_homes(server);
    judge_readers(server, document, 0);
}

static uint64_t pause_for(const struct document *document)
{
    uint64_t half_ms = document->home ? document->home->cost_ms / 2 : 0;
    if (half_ms < PAUSE_MS_MIN)
        return PAUSE_MS_MIN;
    return half_ms < PAUSE_MS_MAX ? half_ms : PAUSE_MS_MAX;
}

void sync_change(struct server *server, const json_t *params)
{
    struct document *document = document_of(server, params);
    if (!document)
        return;
    const json_t *version = json_object_get(json_object_get(params, "textDocument"), "version");
    document_change(document, server->client.encoding, json_integer_value(version),
                    json_object_get(params, "contentChanges"));
    judge_readers(server, document, pause_for(document));
}

/* Files on disk changed, nobody says for sure which. */
static void look_at_all(struct server *server, uint64_t pause_ms)
{
    doubt_incomplete(server);
    sync_find_homes(server);
    judge_all(server, pause_ms);
}

/* Whatever else was saved with it, or changed meanwhile, is looked at too. */
void sync_save(struct server *server, const json_t *params)
{
    (void)params;
    look_at_all(server, 0);
}

void sync_close(struct server *server, const json_t *params)
{
    struct document *document = document_of(server, params);
    if (!document)
        return;
    judge_readers(server, document, 0);
    documents_close(&server->documents, document);
    sync_find_homes(server);
}

/* They come in swarms, as builds write. */
void sync_watched(struct server *server, const json_t *params)
{
    (void)params;
    look_at_all(server, PAUSE_MS_MIN);
}

static bool names(const json_t *folders, const char *path)
{
    struct arena scratch = {0};
    bool found = false;
    for (size_t i = 0; i < json_array_size(folders) && !found; i++) {
        const char *uri = json_string_value(json_object_get(json_array_get(folders, i), "uri"));
        found = uri && text_is(uri_to_path(&scratch, uri), path);
    }
    arena_release(&scratch);
    return found;
}

void sync_folders(struct server *server, const json_t *params)
{
    const json_t *event = json_object_get(params, "event");
    const json_t *added = json_object_get(event, "added");
    name_list kept = {0};
    for (size_t i = 0; i < server->folders.count; i++)
        if (!names(json_object_get(event, "removed"), server->folders.at[i]))
            *vec_add(&server->arena, &kept) = server->folders.at[i];
    server->folders = kept;
    for (size_t i = 0; i < json_array_size(added); i++)
        lifecycle_add_folder(server, json_object_get(json_array_get(added, i), "uri"));
    look_at_all(server, 0);
}
