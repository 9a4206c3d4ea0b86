#include "lsp/server.h"

#include "base/uri.h"
#include "report/value.h"

/* ---- what the client understands ------------------------------------------------------------- */

/* The value under "a.b.c"; NULL: there is none. */
static const json_t *value_at(const json_t *value, const char *path)
{
    struct text key = {0};
    for (const char *at = path; value; at++) {
        if (*at && *at != '.') {
            text_add_char(&key, *at);
            continue;
        }
        value = json_object_get(value, key.at);
        key.length = 0;
        if (!*at)
            break;
    }
    text_release(&key);
    return value;
}

static bool is_true_at(const json_t *value, const char *path)
{
    return json_is_true(value_at(value, path));
}

/* Ours is bytes, so where the client offers it, nothing has to be counted. */
static enum encoding choose_encoding(const json_t *capabilities)
{
    const json_t *offered = value_at(capabilities, "general.positionEncodings");
    for (size_t i = 0; i < json_array_size(offered); i++)
        if (text_is(json_string_value(json_array_get(offered, i)), encoding_word(ENCODING_UTF8)))
            return ENCODING_UTF8;
    return ENCODING_UTF16;
}

static void read_client(struct client *client, const json_t *capabilities)
{
    const json_t *publish = value_at(capabilities, "textDocument.publishDiagnostics");
    *client = (struct client){
        .encoding = choose_encoding(capabilities),
        .has_related = is_true_at(publish, "relatedInformation"),
        .has_tags = json_is_object(value_at(publish, "tagSupport")),
        .has_progress = is_true_at(capabilities, "window.workDoneProgress"),
        .has_watching =
            is_true_at(capabilities, "workspace.didChangeWatchedFiles.dynamicRegistration"),
        .has_versioned = is_true_at(capabilities, "workspace.workspaceEdit.documentChanges"),
    };
}

void lifecycle_add_folder(struct server *server, const json_t *uri)
{
    const char *text = json_string_value(uri);
    const char *path = text ? uri_to_path(&server->arena, text) : NULL;
    if (path)
        *vec_add(&server->arena, &server->folders) = path;
}

static void read_folders(struct server *server, const json_t *params)
{
    const json_t *folders = json_object_get(params, "workspaceFolders");
    for (size_t i = 0; i < json_array_size(folders); i++)
        lifecycle_add_folder(server, json_object_get(json_array_get(folders, i), "uri"));
    if (server->folders.count == 0)
        lifecycle_add_folder(server, json_object_get(params, "rootUri"));
}

/* ---- settings -------------------------------------------------------------------------------- */

static void wrong_setting(struct server *server, const char *key, const char *wanted)
{
    struct text text = {0};
    if (wanted)
        text_printf(&text, "leash: the setting '%s' is %s", key, wanted);
    else
        text_printf(&text,
                    "leash: there is no setting '%s'; there are buildDir, config, rules, "
                    "minConfidence and flags",
                    key);
    server_show(server, MESSAGE_WARNING, text.at);
    text_release(&text);
}

static void read_flags(struct server *server, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *flag = json_string_value(json_array_get(value, i));
        if (!flag)
            return wrong_setting(server, "flags", "a list of strings");
        *vec_add(&server->settings_arena, &server->settings.flags) =
            arena_strdup(&server->settings_arena, flag);
    }
}

static void read_setting(struct server *server, const char *key, const json_t *value)
{
    struct lsp_settings *settings = &server->settings;
    struct {
        const char *key, **place;
    } words[] = {
        {"buildDir", &settings->build_dir},
        {"config", &settings->config},
        {"rules", &settings->rules},
        {"minConfidence", &settings->min_confidence},
    };
    if (json_is_null(value))
        return; /* as if it were not there */
    if (text_is(key, "flags"))
        return json_is_array(value) ? read_flags(server, value)
                                    : wrong_setting(server, key, "a list of strings");
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!text_is(key, words[i].key))
            continue;
        if (!json_is_string(value))
            return wrong_setting(server, key, "a string");
        *words[i].place = arena_strdup(&server->settings_arena, json_string_value(value));
        return;
    }
    wrong_setting(server, key, NULL);
}

/* Of a client that sends all its settings, ours are below "leash". */
static void read_settings(struct server *server, const json_t *all)
{
    const json_t *own = json_object_get(all, "leash");
    const json_t *object = json_is_object(own) ? own : all;
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return;
    server->settings = (struct lsp_settings){0};
    arena_reset(&server->settings_arena);
    json_object_foreach((json_t *)object, key, value) read_setting(server, key, value);
}

void lifecycle_configure(struct server *server, const json_t *params)
{
    read_settings(server, json_object_get(params, "settings"));
    sync_find_homes(server);
    judge_all(server, 0);
}

/* ---- from the first message to the last ------------------------------------------------------ */

static json_t *capabilities(const struct client *client)
{
    enum { SYNC_INCREMENTAL = 2 };
    return json_pack("{s:s, s:{s:b, s:i, s:{s:b}}, s:{s:[s]}, s:b, s:{s:{s:b, s:b}}}",
                     "positionEncoding", encoding_word(client->encoding), /* */
                     "textDocumentSync", "openClose", 1, "change", SYNC_INCREMENTAL, "save",
                     "includeText", 0,                                    /* */
                     "codeActionProvider", "codeActionKinds", "quickfix", /* */
                     "hoverProvider", 1,                                  /* */
                     "workspace", "workspaceFolders", "supported", 1, "changeNotifications", 1);
}

json_t *lifecycle_initialize(struct server *server, const json_t *params)
{
    read_client(&server->client, json_object_get(params, "capabilities"));
    read_folders(server, params);
    server->lifecycle = RUNNING;
    read_settings(server, json_object_get(params, "initializationOptions"));
    json_t *result = json_object();
    value_set(result, "capabilities", capabilities(&server->client));
    value_set(result, "serverInfo",
              json_pack("{s:s, s:s}", "name", "leash", "version", LEASH_VERSION));
    return result;
}

/* So that changes by others than the editor are seen: of headers, flags, settings, models. */
void lifecycle_initialized(struct server *server, const json_t *params)
{
    (void)params;
    if (!server->client.has_watching)
        return;
    json_t *watchers =
        json_pack("[{s:s}, {s:s}, {s:s}]", "globPattern", "**/*.{c,h,i}", "globPattern",
                  "**/compile_commands.json", "globPattern", "**/*.yaml");
    server_request(server, "client/registerCapability",
                   json_pack("{s:[{s:s, s:s, s:{s:o}}]}", "registrations", "id", "watch", "method",
                             "workspace/didChangeWatchedFiles", "registerOptions", "watchers",
                             watchers));
}

json_t *lifecycle_shutdown(struct server *server, const json_t *params)
{
    (void)params;
    judge_stop(server);
    server->lifecycle = AFTER_SHUTDOWN;
    return json_null();
}

void lifecycle_exit(struct server *server, const json_t *params)
{
    (void)params;
    server->status = server->lifecycle == AFTER_SHUTDOWN ? 0 : 1;
    server->lifecycle = EXITED;
}
