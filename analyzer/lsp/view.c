#include "lsp/view.h"

#include "base/uri.h"
#include "report/value.h"

json_t *view_position(const struct view *view, const char *path, uint32_t line, uint32_t column)
{
    size_t length = 0;
    uint64_t character = 0;
    const char *text = line ? sources_line(view->sources, path, line, &length) : NULL;
    if (text && column)
        character = position_units(view->client->encoding, text, length, column - 1);
    json_t *object = json_object();
    value_set(object, "line", value_number(line ? line - 1 : 0));
    value_set(object, "character", value_number(character));
    return object;
}

static uint32_t end_column(const struct place *place)
{
    if (place->end_line > place->line)
        return UINT32_MAX;
    return place->end_line == place->line && place->end_column > place->column ? place->end_column
                                                                               : place->column;
}

json_t *view_range(const struct view *view, const struct place *place)
{
    json_t *object = json_object();
    value_set(object, "start", view_position(view, place->path, place->line, place->column));
    value_set(object, "end", view_position(view, place->path, place->line, end_column(place)));
    return object;
}

json_t *view_uri(const struct view *view, const char *path)
{
    const struct document *document = documents_find_path(view->documents, path);
    if (document)
        return value_text(document->uri);
    struct text uri = {0};
    text_add(&uri, "file://");
    uri_add_path(&uri, path);
    json_t *value = value_text(uri.at);
    text_release(&uri);
    return value;
}
