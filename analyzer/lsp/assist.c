/*
 * assist.c - what can be done about a diagnostic, and what its rule is about.
 */
#include "lsp/server.h"

#include "project/catalog.h"
#include "report/value.h"

#include <string.h>

/* ---- the diagnostics that are asked about ---------------------------------------------------- */

struct point {
    json_int_t line, character;
};

static struct point point_of(const json_t *position)
{
    return (struct point){json_integer_value(json_object_get(position, "line")),
                          json_integer_value(json_object_get(position, "character"))};
}

static bool is_after(struct point a, struct point b)
{
    return a.line > b.line || (a.line == b.line && a.character > b.character);
}

/* Ends that touch count: a cursor stands between two characters. */
static bool overlap(const json_t *a, const json_t *b)
{
    return !is_after(point_of(json_object_get(a, "start")), point_of(json_object_get(b, "end"))) &&
           !is_after(point_of(json_object_get(b, "start")), point_of(json_object_get(a, "end")));
}

static const struct document *document_of(const struct server *server, const json_t *params)
{
    const json_t *uri = json_object_get(json_object_get(params, "textDocument"), "uri");
    return json_is_string(uri) ? documents_find(&server->documents, json_string_value(uri)) : NULL;
}

/* The items of a document that a range touches, of rules alone. */
static json_t *items_at(const struct server *server, const struct document *document,
                        const json_t *range)
{
    struct arena scratch = {0};
    json_t *all = publish_items(server, document->path), *list = json_array();
    if (json_array_size(all) == 0) {
        json_decref(all);
        all = publish_items(server, real_path(&scratch, document->path));
    }
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *item = json_array_get(all, i);
        const json_t *diagnostic = json_object_get(item, "diagnostic");
        if (json_object_get(diagnostic, "code") &&
            overlap(json_object_get(diagnostic, "range"), range))
            value_append(list, json_incref(item));
    }
    json_decref(all);
    arena_release(&scratch);
    return list;
}

static const char *rule_of(const json_t *item)
{
    return json_string_value(json_object_get(json_object_get(item, "diagnostic"), "code"));
}

/* ---- code actions ---------------------------------------------------------------------------- */

static json_t *workspace_edit(const struct server *server, const struct document *document,
                              json_t *edit)
{
    json_t *edits = json_pack("[O]", edit);
    if (server->client.has_versioned)
        return json_pack("{s:[{s:{s:s, s:I}, s:o}]}", "documentChanges", "textDocument", "uri",
                         document->uri, "version", (json_int_t)document->version, "edits", edits);
    return json_pack("{s:{s:o}}", "changes", document->uri, edits);
}

static json_t *code_action(const struct server *server, const struct document *document,
                           const json_t *item)
{
    const json_t *action = json_object_get(item, "action");
    json_t *object = json_object();
    value_set(object, "title", json_incref(json_object_get(action, "title")));
    value_set(object, "kind", value_text("quickfix"));
    value_set(object, "diagnostics", json_pack("[O]", json_object_get(item, "diagnostic")));
    value_set(object, "edit", workspace_edit(server, document, json_object_get(action, "edit")));
    return object;
}

static bool wants_quickfix(const json_t *only)
{
    for (size_t i = 0; i < json_array_size(only); i++) {
        const char *kind = json_string_value(json_array_get(only, i));
        if (text_is(kind, "quickfix") || text_is(kind, ""))
            return true;
    }
    return !json_is_array(only);
}

/* None while what is shown does not fit the text: the edit would land somewhere else. */
json_t *assist_actions(struct server *server, const json_t *params)
{
    const struct document *document = document_of(server, params);
    const json_t *range = json_object_get(params, "range");
    json_t *actions = json_array();
    if (!document || !document->is_shown ||
        !wants_quickfix(json_object_get(json_object_get(params, "context"), "only")))
        return actions;
    json_t *items = items_at(server, document, range);
    for (size_t i = 0; i < json_array_size(items); i++)
        if (json_object_get(json_array_get(items, i), "action"))
            value_append(actions, code_action(server, document, json_array_get(items, i)));
    json_decref(items);
    return actions;
}

/* ---- hover ----------------------------------------------------------------------------------- */

static void add_rule(struct text *out, const struct report_rule *rule)
{
    size_t length = 0;
    const char *fix = page_section(rule->page, "How to fix", &length);
    text_printf(out, "%s**%s**: %s\n\n", out->length ? "\n---\n\n" : "", rule->id, rule->summary);
    if (fix)
        text_printf(out, "%.*s\n\n", (int)length, fix);
    text_printf(out, "`leash explain %s` tells more.\n", rule->id);
}

/* Each rule once. */
static void add_rules(struct text *out, const json_t *items)
{
    struct arena scratch = {0};
    struct report_rules rules = catalog_report_rules(&scratch);
    for (size_t i = 0; i < rules.count; i++)
        for (size_t k = 0; k < json_array_size(items); k++)
            if (text_is(rule_of(json_array_get(items, k)), rules.at[i].id)) {
                add_rule(out, &rules.at[i]);
                break;
            }
    arena_release(&scratch);
}

json_t *assist_hover(struct server *server, const json_t *params)
{
    const struct document *document = document_of(server, params);
    json_t *position = json_object_get(params, "position");
    if (!document || !json_is_object(position))
        return json_null();
    json_t *range = json_pack("{s:O, s:O}", "start", position, "end", position);
    json_t *items = items_at(server, document, range);
    struct text text = {0};
    add_rules(&text, items);
    json_t *hover = json_null();
    if (text.length) {
        const json_t *first = json_object_get(json_array_get(items, 0), "diagnostic");
        hover = json_object();
        value_set(hover, "contents", json_pack("{s:s, s:s}", "kind", "markdown", "value", text.at));
        value_set(hover, "range", json_incref(json_object_get(first, "range")));
    }
    text_release(&text);
    json_decref(items);
    json_decref(range);
    return hover;
}
