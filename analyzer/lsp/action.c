#include "lsp/action.h"

#include "base/comment.h"
#include "report/value.h"

#include <string.h>

/* Both columns on that line, from 1. */
struct stretch {
    uint32_t line, end_line, column, end_column;
};

static json_t *action(const struct view *view, const char *path, const char *title,
                      struct stretch stretch, const char *text)
{
    json_t *range = json_object(), *edit = json_object(), *object = json_object();
    value_set(range, "start", view_position(view, path, stretch.line, stretch.column));
    value_set(range, "end", view_position(view, path, stretch.end_line, stretch.end_column));
    value_set(edit, "range", range);
    value_set(edit, "newText", value_text(text));
    value_set(object, "title", value_text(title));
    value_set(object, "edit", edit);
    return object;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ---- a new comment --------------------------------------------------------------------------- */

/* Does the line before continue in this one, as those of a macro do?  A comment between them would
 * cut it in two. */
static bool is_continuation(const struct view *view, const struct place *place)
{
    size_t length = 0;
    const char *before = sources_line(view->sources, place->path, place->line - 1, &length);
    return before && length && before[length - 1] == '\\';
}

/* On a line of its own above the finding. */
static json_t *suppress(const struct view *view, const struct finding *finding)
{
    const struct place *place = &finding->place;
    size_t length = 0, indent = 0;
    const char *line = sources_line(view->sources, place->path, place->line, &length);
    if (!line)
        return NULL;
    while (indent < length && is_blank(line[indent]))
        indent++;
    struct text title = {0}, text = {0};
    text_printf(&title, "Suppress %s here, with a reason", finding->rule);
    text_printf(&text, "%.*s// leash:ignore %s -- reason%s\n", (int)indent, line, finding->rule,
                line[length] == '\r' ? "\r" : "");
    json_t *object = action(view, place->path, title.at,
                            (struct stretch){place->line, place->line, 1, 1}, text.at);
    text_release(&title);
    text_release(&text);
    return object;
}

/* ---- a comment that is of no use ------------------------------------------------------------- */

/* The comment at the place, if it stands on one line and names one rule; NULL: it does not. */
static const struct comment *find_comment(const struct place *place, const comments *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct comment *comment = &list->at[i];
        struct marker marker;
        struct marker_name name;
        if (comment->line != place->line || comment->column > place->column ||
            place->column >= comment->column + comment->length)
            continue;
        bool is_one = !memchr(comment->text, '\n', comment->length) &&
                      comment_read_marker(comment, &marker) && marker_next_name(&marker, &name) &&
                      !marker_next_name(&marker, &name);
        return is_one ? comment : NULL;
    }
    return NULL;
}

/* The comment with the blanks before it; at the start of a line, with those behind it; alone on its
 * line, the line. */
static struct stretch stretch_of(const struct comment *comment, const char *line, size_t length)
{
    uint32_t opening = comment->column - 1 - 2, start = opening;
    uint32_t end = comment->column - 1 + (uint32_t)comment->length;
    if (line[opening + 1] == '*')
        end += 2; /* its closing */
    uint32_t behind = end;
    while (start > 0 && is_blank(line[start - 1]))
        start--;
    while (behind < length && is_blank(line[behind]))
        behind++;
    if (start > 0)
        return (struct stretch){comment->line, comment->line, start + 1, end + 1};
    if (behind < length)
        return (struct stretch){comment->line, comment->line, opening + 1, behind + 1};
    return (struct stretch){comment->line, comment->line + 1, 1, 1};
}

static json_t *remove_comment(const struct view *view, const struct finding *finding)
{
    const struct place *place = &finding->place;
    struct arena scratch = {0};
    comments list = {0};
    json_t *object = NULL;
    size_t length = 0;
    const char *text = sources_text(view->sources, place->path, &length);
    if (text)
        comments_scan(&scratch, text, length, &list);
    const struct comment *comment = find_comment(place, &list);
    if (comment) {
        const char *line = sources_line(view->sources, place->path, place->line, &length);
        object = action(view, place->path, "Remove this suppression",
                        stretch_of(comment, line, length), "");
    }
    arena_release(&scratch);
    return object;
}

json_t *action_for(const struct view *view, const struct finding *finding)
{
    if (text_is(finding->rule, UNUSED_SUPPRESSION))
        return remove_comment(view, finding);
    return is_continuation(view, &finding->place) ? NULL : suppress(view, finding);
}
