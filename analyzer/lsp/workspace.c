#include "lsp/workspace.h"

#include "report/value.h"

#include <stdlib.h>

enum { DATABASE_BYTES_MAX = 1 << 30 };

struct workspace *workspace_new(const char *directory, const char *database, const char *file)
{
    struct workspace *workspace = xmalloc(sizeof *workspace);
    *workspace = (struct workspace){
        .store = unit_store_new(),
        .files = json_object(),
        .reads = json_object(),
        .messages = json_array(),
        .notes = json_array(),
        .is_stale = true,
    };
    workspace->directory = arena_strdup(&workspace->arena, directory);
    if (database)
        workspace->database = arena_strdup(&workspace->arena, database);
    else
        workspace->file = arena_strdup(&workspace->arena, file);
    return workspace;
}

void workspace_free(struct workspace *workspace)
{
    json_decref(workspace->files);
    json_decref(workspace->reads);
    json_decref(workspace->messages);
    json_decref(workspace->notes);
    unit_store_free(workspace->store);
    arena_release(&workspace->arena);
    free(workspace);
}

bool workspace_reads(const struct workspace *workspace, const char *path)
{
    return json_object_get(workspace->reads, path);
}

void workspace_check_database(struct workspace *workspace)
{
    struct arena scratch = {0};
    size_t length = 0;
    const char *text = workspace->database
                           ? file_read(&scratch, workspace->database, DATABASE_BYTES_MAX, &length)
                           : NULL;
    uint64_t hash = text ? hash_bytes(text, length) : 0;
    arena_release(&scratch);
    if (hash == workspace->database_hash)
        return;
    workspace->database_hash = hash;
    unit_store_free(workspace->store);
    workspace->store = unit_store_new();
}

static bool lists(const json_t *list, const char *path)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (text_is(json_string_value(json_array_get(list, i)), path))
            return true;
    return false;
}

/* The new items; the old ones stay of broken files, and where nothing could be analysed of all but
 * those that tell why. */
static json_t *merge_files(const struct workspace *workspace, const json_t *result)
{
    json_t *files = json_object();
    const json_t *broken = json_object_get(result, "broken");
    bool is_begun = json_is_true(json_object_get(result, "isBegun"));
    const char *path;
    json_t *items;
    json_object_foreach(workspace->files, path, items) if (!is_begun || lists(broken, path))
        value_set(files, path, json_incref(items));
    json_object_foreach(json_object_get(result, "files"), path, items) if (!lists(broken, path))
        value_set(files, path, json_incref(items));
    return files;
}

static void replace(json_t **value, json_t *by)
{
    json_decref(*value);
    *value = by;
}

static json_t *reads_of(const json_t *result)
{
    json_t *reads = json_object();
    const json_t *list = json_object_get(result, "reads");
    for (size_t i = 0; i < json_array_size(list); i++)
        value_set(reads, json_string_value(json_array_get(list, i)), json_true());
    return reads;
}

void workspace_take(struct workspace *workspace, const json_t *result)
{
    replace(&workspace->files, merge_files(workspace, result));
    if (!json_is_true(json_object_get(result, "isBegun")))
        return;
    replace(&workspace->reads, reads_of(result));
    workspace->is_known = true;
}
