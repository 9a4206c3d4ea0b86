#include "lsp/server.h"

#include "base/uri.h"
#include "report/value.h"

/* Equal ones, which two programs have of a file that both read, once. */
static void add_new(json_t *list, json_t *item)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), item))
            return;
    value_append(list, json_incref(item));
}

json_t *publish_items(const struct server *server, const char *path)
{
    json_t *list = json_array();
    for (size_t i = 0; i < server->workspaces.count; i++) {
        json_t *items = json_object_get(server->workspaces.at[i]->files, path);
        for (size_t k = 0; k < json_array_size(items); k++)
            add_new(list, json_array_get(items, k));
    }
    return list;
}

static json_t *diagnostics_at(const struct server *server, const char *path)
{
    json_t *items = publish_items(server, path), *list = json_array();
    for (size_t i = 0; i < json_array_size(items); i++)
        value_append(list, json_incref(json_object_get(json_array_get(items, i), "diagnostic")));
    json_decref(items);
    return list;
}

/* Gives `diagnostics` away. */
static void publish(struct server *server, const char *uri, const struct document *document,
                    json_t *diagnostics)
{
    json_t *params = json_object();
    value_set(params, "uri", value_text(uri));
    if (document)
        value_set(params, "version", json_integer(document->version));
    value_set(params, "diagnostics", diagnostics);
    server_notify(server, "textDocument/publishDiagnostics", params);
}

static void remember(struct server *server, const char *path, const char *uri, json_t *diagnostics)
{
    if (json_array_size(diagnostics) == 0) {
        json_object_del(server->published, path);
        return;
    }
    json_t *entry = json_object();
    value_set(entry, "uri", value_text(uri));
    value_set(entry, "diagnostics", json_incref(diagnostics));
    value_set(server->published, path, entry);
}

/* A text that the analysis did not see gets its diagnostics from the next one. */
static void publish_path(struct server *server, const char *path)
{
    struct document *document = documents_find_path(&server->documents, path);
    if (document && !document->is_current)
        return;
    struct text own_uri = {0};
    text_add(&own_uri, "file://");
    uri_add_path(&own_uri, path);
    const char *uri = document ? document->uri : own_uri.at;
    json_t *diagnostics = diagnostics_at(server, path);
    const json_t *sent = json_object_get(server->published, path);
    const char *sent_uri = json_string_value(json_object_get(sent, "uri"));
    bool is_same = sent ? json_equal(json_object_get(sent, "diagnostics"), diagnostics)
                        : json_array_size(diagnostics) == 0;
    if (sent && !text_is(sent_uri, uri))
        publish(server, sent_uri, NULL, json_array());
    if (document || !is_same || (sent && !text_is(sent_uri, uri)))
        publish(server, uri, document, json_incref(diagnostics));
    remember(server, path, uri, diagnostics);
    if (document)
        document->is_shown = true;
    json_decref(diagnostics);
    text_release(&own_uri);
}

static void publish_keys(struct server *server, json_t *files, const json_t *but)
{
    const char *path;
    json_t *items;
    json_object_foreach(files, path, items) if (!json_object_get(but, path))
        publish_path(server, path);
}

/* A document that was judged is told so, even that nothing was found. */
static void publish_documents(struct server *server, const struct workspace *workspace,
                              const json_t *before)
{
    for (size_t i = 0; i < server->documents.count; i++) {
        const char *path = server->documents.at[i]->path;
        if (workspace_reads(workspace, path) && !json_object_get(before, path) &&
            !json_object_get(workspace->files, path))
            publish_path(server, path);
    }
}

void publish_files(struct server *server, const struct workspace *workspace, const json_t *before)
{
    publish_keys(server, (json_t *)before, NULL);
    if (!workspace)
        return;
    publish_keys(server, workspace->files, before);
    publish_documents(server, workspace, before);
}
