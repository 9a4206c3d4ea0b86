/*
 * sarif.c - SARIF 2.1.0, as code scanning services and editors read it.
 *
 * Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
 *
 * The steps of an execution are one thread flow, in the order in which they happen.  The standard
 * has a thread flow for each thread; but readers show the first alone, and a story of which every
 * other line is missing tells nothing.  Each step names its task instead.
 */
#include "base/file.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "report/report.h"
#include "report/value.h"

#include <string.h>

static json_t *text_object(const char *text)
{
    json_t *object = json_object();

    value_set(object, "text", value_text(text));
    return object;
}

/* ---- places ---------------------------------------------------------------------------------- */

static json_t *uri_of(const char *scheme, const char *path, const char *end)
{
    struct text uri = {0};

    text_add(&uri, scheme);
    uri_add_path(&uri, path);
    text_add(&uri, end);
    json_t *value = value_text(uri.at);
    text_release(&uri);
    return value;
}

/* Files below the working directory are named as seen from it: a service takes that for the
 * repository's root. */
static json_t *artifact(const char *path, const struct report_style *style)
{
    const char *below = style->directory ? path_below(path, style->directory) : path;
    bool is_below = below[0] != '/';
    json_t *object = json_object();

    value_set(object, "uri", uri_of(is_below ? "" : "file://", below, ""));
    if (is_below)
        value_set(object, "uriBaseId", value_text("SRCROOT"));
    return object;
}

/* Our columns count bytes, SARIF's characters. */
static json_t *column(const struct report_style *style, const char *path, uint32_t line,
                      uint32_t bytes)
{
    size_t length = 0;
    const char *at = style->sources ? sources_line(style->sources, path, line, &length) : NULL;
    uint32_t characters = 1;

    if (!at || bytes - 1 > length)
        return value_number(bytes);
    for (const char *end = at + bytes - 1; at < end; characters++) {
        int32_t ignored;
        at += utf8_next(at, end, &ignored);
    }
    return value_number(characters);
}

static json_t *region(const struct place *place, const struct report_style *style)
{
    json_t *object = json_object();

    value_set(object, "startLine", value_number(place->line));
    if (!place->column)
        return object;
    value_set(object, "startColumn", column(style, place->path, place->line, place->column));
    if (place->end_line && place->end_column) {
        value_set(object, "endLine", value_number(place->end_line));
        value_set(object, "endColumn",
                  column(style, place->path, place->end_line, place->end_column));
    }
    return object;
}

static json_t *location(const struct place *place, const char *message,
                        const struct report_style *style)
{
    json_t *physical = json_object(), *object = json_object();

    value_set(physical, "artifactLocation", artifact(place->path, style));
    if (place->line)
        value_set(physical, "region", region(place, style));
    value_set(object, "physicalLocation", physical);
    if (message)
        value_set(object, "message", text_object(message));
    return object;
}

/* ---- results --------------------------------------------------------------------------------- */

static const char *level(enum severity severity)
{
    return severity_word(severity); /* note, warning and error, as here */
}

static json_t *related_locations(const struct finding *finding, const struct report_style *style)
{
    json_t *related = json_array();

    for (size_t i = 0; i < finding->notes.count; i++) {
        const struct note *note = &finding->notes.at[i];
        if (!note->is_step && note->place.path)
            value_append(related, location(&note->place, note->message, style));
    }
    return related;
}

static json_t *steps(const struct finding *finding, const struct report_style *style)
{
    json_t *list = json_array();

    for (size_t i = 0; i < finding->notes.count; i++) {
        const struct note *note = &finding->notes.at[i];
        if (!note->is_step || !note->place.path)
            continue;
        json_t *step = json_object();
        value_set(step, "location", location(&note->place, note->message, style));
        value_set(step, "executionOrder", value_number(json_array_size(list) + 1));
        value_append(list, step);
    }
    return list;
}

static json_t *in_array(json_t *value)
{
    json_t *array = json_array();

    value_append(array, value);
    return array;
}

static json_t *code_flows(json_t *list)
{
    json_t *thread = json_object(), *flow = json_object();

    value_set(thread, "locations", list);
    value_set(flow, "threadFlows", in_array(thread));
    return in_array(flow);
}

static json_t *replacement(const struct edit *edit)
{
    json_t *region = json_object(), *object = json_object();

    value_set(region, "byteOffset", value_number(edit->offset));
    value_set(region, "byteLength", value_number(edit->length));
    value_set(object, "deletedRegion", region);
    value_set(object, "insertedContent", text_object(edit->text));
    return object;
}

static json_t *fix_object(const struct fix *fix, const struct report_style *style)
{
    json_t *changes = json_array(), *object = json_object();

    for (size_t i = 0; i < fix->edits.count; i++) {
        json_t *change = json_object();
        value_set(change, "artifactLocation", artifact(fix->edits.at[i].path, style));
        value_set(change, "replacements", in_array(replacement(&fix->edits.at[i])));
        value_append(changes, change);
    }
    value_set(object, "description", text_object(fix->description));
    value_set(object, "artifactChanges", changes);
    return object;
}

static json_t *fixes(const struct finding *finding, const struct report_style *style)
{
    json_t *list = json_array();

    for (size_t i = 0; i < finding->fixes.count; i++)
        value_append(list, fix_object(&finding->fixes.at[i], style));
    return list;
}

static void set_unless_empty(json_t *object, const char *key, json_t *array)
{
    if (json_array_size(array))
        value_set(object, key, array);
    else
        json_decref(array);
}

static json_t *location_of_finding(const struct finding *finding, const struct report_style *style)
{
    json_t *object = location(&finding->place, NULL, style), *function = json_object();

    if (!finding->function[0]) {
        json_decref(function);
        return object;
    }
    value_set(function, "name", value_text(finding->function));
    value_set(function, "kind", value_text("function"));
    value_set(object, "logicalLocations", in_array(function));
    return object;
}

static json_t *result(const struct finding *finding, const struct report_rules *known,
                      const struct report_style *style)
{
    json_t *object = json_object(), *properties = json_object(), *prints = json_object();
    json_t *story = steps(finding, style);

    value_set(object, "ruleId", value_text(finding->rule));
    for (size_t i = 0; i < known->count; i++)
        if (text_is(known->at[i].id, finding->rule))
            value_set(object, "ruleIndex", value_number(i));
    value_set(object, "level", value_text(level(finding->severity)));
    value_set(object, "message", text_object(finding->message));
    value_set(object, "locations", in_array(location_of_finding(finding, style)));
    set_unless_empty(object, "relatedLocations", related_locations(finding, style));
    if (json_array_size(story))
        value_set(object, "codeFlows", code_flows(story));
    else
        json_decref(story);
    set_unless_empty(object, "fixes", fixes(finding, style));
    /* The one name under which services follow a finding from run to run. */
    value_set(prints, "primaryLocationLineHash",
              value_text(finding->fingerprint ? finding->fingerprint : ""));
    value_set(object, "partialFingerprints", prints);
    value_set(properties, "confidence", value_text(confidence_word(finding->confidence)));
    value_set(object, "properties", properties);
    return object;
}

/* ---- the tool -------------------------------------------------------------------------------- */

static json_t *help(const char *page)
{
    struct text plain = {0};

    page_render(&plain, page, false);
    json_t *object = text_object(plain.at ? plain.at : "");
    value_set(object, "markdown", value_text(page));
    text_release(&plain);
    return object;
}

static json_t *rule_object(const struct report_rule *rule)
{
    json_t *object = json_object(), *properties = json_object(), *configuration = json_object();
    json_t *tags = in_array(value_text(rule_group_word(rule->group)));
    bool is_note = rule->severity == SEVERITY_NOTE;

    value_set(object, "id", value_text(rule->id));
    value_set(object, "shortDescription", text_object(rule->summary));
    value_set(object, "fullDescription", text_object(rule->summary));
    value_set(object, "help", help(rule->page));
    value_set(configuration, "level", value_text(level(rule->severity)));
    value_set(object, "defaultConfiguration", configuration);
    value_append(tags, value_text("concurrency"));
    value_set(properties, "tags", tags);
    value_set(properties, "precision", value_text("high"));
    value_set(properties, "problem.severity",
              value_text(is_note ? "recommendation" : severity_word(rule->severity)));
    value_set(object, "properties", properties);
    return object;
}

static json_t *driver(const struct report_tool *tool, const struct report_rules *known)
{
    json_t *object = json_object(), *list = json_array();

    value_set(object, "name", value_text("leash"));
    value_set(object, "version", value_text(tool->version));
    value_set(object, "semanticVersion", value_text(tool->version));
    for (size_t i = 0; i < known->count; i++)
        value_append(list, rule_object(&known->at[i]));
    value_set(object, "rules", list);
    return object;
}

static json_t *notification(const struct failure *failure, const struct report_style *style)
{
    json_t *object = json_object();
    struct place place = {.path = failure->path, .line = failure->line};

    value_set(object, "level", value_text("error"));
    value_set(object, "message", text_object(failure->message));
    if (failure->path[0])
        value_set(object, "locations", in_array(location(&place, NULL, style)));
    return object;
}

static json_t *invocation(const failures *failed, const struct report_style *style)
{
    json_t *object = json_object(), *list = json_array();

    value_set(object, "executionSuccessful", json_boolean(failed->count == 0));
    for (size_t i = 0; i < failed->count; i++)
        value_append(list, notification(&failed->at[i], style));
    set_unless_empty(object, "toolExecutionNotifications", list);
    return object;
}

static json_t *base_ids(const char *directory)
{
    json_t *root = json_object(), *object = json_object();

    value_set(root, "uri", uri_of("file://", directory, "/"));
    value_set(object, "SRCROOT", root);
    return object;
}

void report_sarif(struct text *out, const findings *found, const failures *failed,
                  const struct report_tool *tool, const struct report_rules *known,
                  const struct report_style *style)
{
    text_add(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
                  "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":");
    value_write(out, driver(tool, known));
    text_add(out, "},\n\"columnKind\":\"unicodeCodePoints\",\"invocations\":[");
    value_write(out, invocation(failed, style));
    if (style->directory) {
        text_add(out, "],\n\"originalUriBaseIds\":");
        value_write(out, base_ids(style->directory));
        text_add(out, ",\n\"results\":[");
    } else {
        text_add(out, "],\n\"results\":[");
    }
    for (size_t i = 0; i < found->count; i++)
        value_write_element(out, i, result(found->at[i], known, style));
    text_add(out, found->count ? "\n]}]}\n" : "]}]}\n");
}
