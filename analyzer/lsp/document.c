#include "lsp/document.h"

#include "base/uri.h"
#include "project/unit.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list -------------------------------------------------------------------------------- */

static void document_free(struct document *document)
{
    text_release(&document->text);
    arena_release(&document->arena);
    free(document);
}

static void set_text(struct document *document, const json_t *text)
{
    document->text.length = 0;
    text_add_bytes(&document->text, json_string_value(text), json_string_length(text));
}

static void add(struct documents *documents, struct document *document)
{
    if (documents->count == documents->capacity) {
        documents->capacity = documents->capacity ? documents->capacity * 2 : 16;
        documents->at = xrealloc(documents->at, documents->capacity * sizeof *documents->at);
    }
    documents->at[documents->count++] = document;
}

struct document *documents_open(struct documents *documents, const json_t *item)
{
    const char *uri = json_string_value(json_object_get(item, "uri"));
    const json_t *text = json_object_get(item, "text");
    struct arena arena = {0};
    const char *path = uri ? uri_to_path(&arena, uri) : NULL;
    if (!path || !json_is_string(text)) {
        arena_release(&arena);
        return NULL;
    }
    struct document *open = documents_find(documents, uri);
    if (open)
        documents_close(documents, open);
    struct document *document = xmalloc(sizeof *document);
    *document = (struct document){
        .arena = arena,
        .path = path,
        .version = json_integer_value(json_object_get(item, "version")),
    };
    document->uri = arena_strdup(&document->arena, uri);
    set_text(document, text);
    add(documents, document);
    return document;
}

void documents_close(struct documents *documents, struct document *document)
{
    size_t i = 0;
    while (documents->at[i] != document)
        i++;
    documents->at[i] = documents->at[--documents->count];
    document_free(document);
}

void documents_release(struct documents *documents)
{
    for (size_t i = 0; i < documents->count; i++)
        document_free(documents->at[i]);
    free(documents->at);
    *documents = (struct documents){0};
}

struct document *documents_find(const struct documents *documents, const char *uri)
{
    for (size_t i = 0; i < documents->count; i++)
        if (text_is(documents->at[i]->uri, uri))
            return documents->at[i];
    return NULL;
}

struct document *documents_find_path(const struct documents *documents, const char *path)
{
    struct arena scratch = {0};
    struct document *found = NULL;
    for (size_t i = 0; i < documents->count && !found; i++)
        if (text_is(documents->at[i]->path, path))
            found = documents->at[i];
    const char *real = found ? NULL : real_path(&scratch, path);
    for (size_t i = 0; i < documents->count && !found; i++)
        if (text_is(real_path(&scratch, documents->at[i]->path), real))
            found = documents->at[i];
    arena_release(&scratch);
    return found;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* false: it is no position. */
static bool read_offset(const struct document *document, enum encoding encoding,
                        const json_t *position, size_t *offset)
{
    const json_t *line = json_object_get(position, "line");
    const json_t *character = json_object_get(position, "character");
    if (!json_is_integer(line) || !json_is_integer(character) || json_integer_value(line) < 0 ||
        json_integer_value(character) < 0)
        return false;
    *offset = position_offset(encoding, document->text.at, document->text.length,
                              (uint64_t)json_integer_value(line),
                              (uint64_t)json_integer_value(character));
    return true;
}

static void replace(struct text *text, size_t start, size_t end, const json_t *by)
{
    struct text changed = {0};
    text_add_bytes(&changed, text->at, start);
    text_add_bytes(&changed, json_string_value(by), json_string_length(by));
    text_add_bytes(&changed, text->at + end, text->length - end);
    text_release(text);
    *text = changed;
}

static void change(struct document *document, enum encoding encoding, const json_t *change)
{
    const json_t *text = json_object_get(change, "text");
    const json_t *range = json_object_get(change, "range");
    size_t start, end;
    if (!json_is_string(text))
        return;
    if (!json_is_object(range))
        set_text(document, text);
    else if (read_offset(document, encoding, json_object_get(range, "start"), &start) &&
             read_offset(document, encoding, json_object_get(range, "end"), &end) && start <= end)
        replace(&document->text, start, end, text);
}

void document_change(struct document *document, enum encoding encoding, int64_t version,
                     const json_t *changes)
{
    document->version = version;
    document->is_current = document->is_shown = false;
    for (size_t i = 0; i < json_array_size(changes); i++)
        change(document, encoding, json_array_get(changes, i));
}
