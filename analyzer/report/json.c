#include "report/report.h"
#include "report/value.h"

static json_t *file_name(const char *path, const char *directory)
{
    return value_text(directory ? path_below(path, directory) : path);
}

static json_t *notes_of(const struct finding *finding, const char *directory)
{
    json_t *notes = json_array();

    for (size_t i = 0; i < finding->notes.count; i++) {
        const struct note *note = &finding->notes.at[i];
        json_t *object = json_object();
        value_set(object, "file", file_name(note->place.path ? note->place.path : "", directory));
        value_set(object, "line", value_number(note->place.line));
        value_set(object, "column", value_number(note->place.column));
        value_set(object, "message", value_text(note->message));
        value_append(notes, object);
    }
    return notes;
}

static json_t *edits_of(const struct fix *fix, const char *directory)
{
    json_t *edits = json_array();

    for (size_t i = 0; i < fix->edits.count; i++) {
        const struct edit *edit = &fix->edits.at[i];
        json_t *object = json_object();
        value_set(object, "file", file_name(edit->path, directory));
        value_set(object, "offset", value_number(edit->offset));
        value_set(object, "length", value_number(edit->length));
        value_set(object, "text", value_text(edit->text));
        value_append(edits, object);
    }
    return edits;
}

static json_t *fixes_of(const struct finding *finding, const char *directory)
{
    json_t *fixes = json_array();

    for (size_t i = 0; i < finding->fixes.count; i++) {
        json_t *object = json_object();
        value_set(object, "description", value_text(finding->fixes.at[i].description));
        value_set(object, "edits", edits_of(&finding->fixes.at[i], directory));
        value_append(fixes, object);
    }
    return fixes;
}

static json_t *finding_object(const struct finding *finding, const char *directory)
{
    json_t *object = json_object();

    value_set(object, "rule", value_text(finding->rule));
    value_set(object, "group", value_text(rule_group_word(finding->group)));
    value_set(object, "severity", value_text(severity_word(finding->severity)));
    value_set(object, "confidence", value_text(confidence_word(finding->confidence)));
    value_set(object, "file", file_name(finding->place.path, directory));
    value_set(object, "line", value_number(finding->place.line));
    value_set(object, "column", value_number(finding->place.column));
    value_set(object, "end_line", value_number(finding->place.end_line));
    value_set(object, "end_column", value_number(finding->place.end_column));
    value_set(object, "function", value_text(finding->function));
    value_set(object, "message", value_text(finding->message));
    value_set(object, "notes", notes_of(finding, directory));
    value_set(object, "fixes", fixes_of(finding, directory));
    value_set(object, "fingerprint", value_text(finding->fingerprint ? finding->fingerprint : ""));
    return object;
}

static json_t *failure_object(const struct failure *failure, const char *directory)
{
    json_t *object = json_object();

    value_set(object, "file", file_name(failure->path, directory));
    value_set(object, "line", value_number(failure->line));
    value_set(object, "message", value_text(failure->message));
    return object;
}

static json_t *tool_object(const struct report_tool *tool)
{
    json_t *object = json_object();

    value_set(object, "name", value_text("leash"));
    value_set(object, "version", value_text(tool->version));
    if (tool->frontend)
        value_set(object, "frontend", value_text(tool->frontend));
    return object;
}

static json_t *stats_object(const struct report_stat *stats, size_t count)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++)
        value_set(object, stats[i].name, json_integer(stats[i].value));
    return object;
}

void report_json(struct text *out, const findings *found, const failures *failed,
                 const struct report_tool *tool, const struct report_stat *stats, size_t stat_count,
                 const char *directory)
{
    text_add(out, "{\"version\":1,\"tool\":");
    value_write(out, tool_object(tool));
    text_add(out, ",\n\"findings\":[");
    for (size_t i = 0; i < found->count; i++)
        value_write_element(out, i, finding_object(found->at[i], directory));
    text_add(out, found->count ? "\n],\n\"errors\":[" : "],\n\"errors\":[");
    for (size_t i = 0; i < failed->count; i++)
        value_write_element(out, i, failure_object(&failed->at[i], directory));
    text_add(out, failed->count ? "\n],\n\"stats\":" : "],\n\"stats\":");
    value_write(out, stats_object(stats, stat_count));
    text_add(out, "}\n");
}
