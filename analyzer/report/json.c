#include "base/utf8.h"
#include "report/report.h"

#include <jansson.h>
#include <string.h>

/* jansson takes only UTF-8, and source files hold anything. */
static json_t *string(const char *text)
{
    struct text clean = {0};

    utf8_add(&clean, text, strlen(text), false);
    json_t *value = json_stringn(clean.at ? clean.at : "", clean.length);
    BUG_ON(!value);
    text_release(&clean);
    return value;
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static void set(json_t *object, const char *key, json_t *value)
{
    BUG_ON(json_object_set_new(object, key, value) != 0);
}

static json_t *file_name(const char *path, const char *directory)
{
    return string(directory ? path_below(path, directory) : path);
}

static json_t *notes_of(const struct finding *finding, const char *directory)
{
    json_t *notes = json_array();

    for (size_t i = 0; i < finding->notes.count; i++) {
        const struct note *note = &finding->notes.at[i];
        json_t *object = json_object();
        set(object, "file", file_name(note->place.path ? note->place.path : "", directory));
        set(object, "line", number(note->place.line));
        set(object, "column", number(note->place.column));
        set(object, "message", string(note->message));
        json_array_append_new(notes, object);
    }
    return notes;
}

static json_t *edits_of(const struct fix *fix, const char *directory)
{
    json_t *edits = json_array();

    for (size_t i = 0; i < fix->edits.count; i++) {
        const struct edit *edit = &fix->edits.at[i];
        json_t *object = json_object();
        set(object, "file", file_name(edit->path, directory));
        set(object, "offset", number(edit->offset));
        set(object, "length", number(edit->length));
        set(object, "text", string(edit->text));
        json_array_append_new(edits, object);
    }
    return edits;
}

static json_t *fixes_of(const struct finding *finding, const char *directory)
{
    json_t *fixes = json_array();

    for (size_t i = 0; i < finding->fixes.count; i++) {
        json_t *object = json_object();
        set(object, "description", string(finding->fixes.at[i].description));
        set(object, "edits", edits_of(&finding->fixes.at[i], directory));
        json_array_append_new(fixes, object);
    }
    return fixes;
}

static json_t *finding_object(const struct finding *finding, const char *directory)
{
    json_t *object = json_object();

    set(object, "rule", string(finding->rule));
    set(object, "group", string(rule_group_word(finding->group)));
    set(object, "severity", string(severity_word(finding->severity)));
    set(object, "confidence", string(confidence_word(finding->confidence)));
    set(object, "file", file_name(finding->place.path, directory));
    set(object, "line", number(finding->place.line));
    set(object, "column", number(finding->place.column));
    set(object, "end_line", number(finding->place.end_line));
    set(object, "end_column", number(finding->place.end_column));
    set(object, "function", string(finding->function));
    set(object, "message", string(finding->message));
    set(object, "notes", notes_of(finding, directory));
    set(object, "fixes", fixes_of(finding, directory));
    set(object, "fingerprint", string(finding->fingerprint ? finding->fingerprint : ""));
    return object;
}

static json_t *failure_object(const struct failure *failure, const char *directory)
{
    json_t *object = json_object();

    set(object, "file", file_name(failure->path, directory));
    set(object, "line", number(failure->line));
    set(object, "message", string(failure->message));
    return object;
}

static json_t *tool_object(const struct report_tool *tool)
{
    json_t *object = json_object();

    set(object, "name", string("leash"));
    set(object, "version", string(tool->version));
    if (tool->frontend)
        set(object, "frontend", string(tool->frontend));
    return object;
}

static json_t *stats_object(const struct report_stat *stats, size_t count)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++)
        set(object, stats[i].name, json_integer(stats[i].value));
    return object;
}

static int add_bytes(const char *data, size_t length, void *out)
{
    text_add_bytes(out, data, length);
    return 0;
}

/* Writes and gives back `value`: one object at a time, so that a large report stays small in
 * memory. */
static void put(struct text *out, json_t *value)
{
    BUG_ON(json_dump_callback(value, add_bytes, out, JSON_COMPACT) != 0);
    json_decref(value);
}

/* Between elements: each stands on a line of its own. */
static void separate(struct text *out, size_t index)
{
    text_add(out, index ? ",\n" : "\n");
}

void report_json(struct text *out, const findings *found, const failures *failed,
                 const struct report_tool *tool, const struct report_stat *stats, size_t stat_count,
                 const char *directory)
{
    text_add(out, "{\"version\":1,\"tool\":");
    put(out, tool_object(tool));
    text_add(out, ",\n\"findings\":[");
    for (size_t i = 0; i < found->count; i++) {
        separate(out, i);
        put(out, finding_object(found->at[i], directory));
    }
    text_add(out, found->count ? "\n],\n\"errors\":[" : "],\n\"errors\":[");
    for (size_t i = 0; i < failed->count; i++) {
        separate(out, i);
        put(out, failure_object(&failed->at[i], directory));
    }
    text_add(out, failed->count ? "\n],\n\"stats\":" : "],\n\"stats\":");
    put(out, stats_object(stats, stat_count));
    text_add(out, "}\n");
}
