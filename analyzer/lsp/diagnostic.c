#include "lsp/diagnostic.h"

#include "base/utf8.h"
#include "frontend/flags.h"
#include "lsp/action.h"
#include "report/report.h"
#include "report/value.h"

#include <string.h>

enum { DIAGNOSTIC_ERROR = 1, DIAGNOSTIC_WARNING, DIAGNOSTIC_INFORMATION };
enum { TAG_UNNECESSARY = 1 };

/* One outcome being told. */
struct telling {
    struct arena arena;
    struct view view;
    const struct check_outcome *outcome;
    struct map is_read; /* path → itself: every file that a unit was made from */
    name_list reads;    /* the same */
    json_t *files, *messages, *notes;
};

/* ---- findings -------------------------------------------------------------------------------- */

static int severity_of(enum severity severity)
{
    switch (severity) {
    case SEVERITY_ERROR:
        return DIAGNOSTIC_ERROR;
    case SEVERITY_WARNING:
        return DIAGNOSTIC_WARNING;
    case SEVERITY_NOTE:
        break;
    }
    return DIAGNOSTIC_INFORMATION;
}

static json_t *related(const struct telling *telling, const struct finding *finding)
{
    json_t *list = json_array();
    for (size_t i = 0; i < finding->notes.count; i++) {
        const struct note *note = &finding->notes.at[i];
        if (!note->place.path)
            continue;
        json_t *location = json_object(), *entry = json_object();
        value_set(location, "uri", view_uri(&telling->view, note->place.path));
        value_set(location, "range", view_range(&telling->view, &note->place));
        value_set(entry, "location", location);
        value_set(entry, "message", value_text(note->message));
        value_append(list, entry);
    }
    return list;
}

/* The message, and in further lines the notes that the client shows nowhere else. */
static json_t *message_of(const struct telling *telling, const struct finding *finding)
{
    struct text message = {0};
    text_add(&message, finding->message);
    for (size_t i = 0; i < finding->notes.count; i++) {
        const struct note *note = &finding->notes.at[i];
        if (!note->place.path)
            text_printf(&message, "\n%s", note->message);
        else if (!telling->view.client->has_related)
            text_printf(&message, "\n%s:%u: %s", path_base(note->place.path), note->place.line,
                        note->message);
    }
    json_t *value = value_text(message.at);
    text_release(&message);
    return value;
}

static json_t *diagnostic(const struct telling *telling, const struct place *place, int severity,
                          json_t *message)
{
    json_t *object = json_object();
    value_set(object, "range", view_range(&telling->view, place));
    value_set(object, "severity", value_number((uint64_t)severity));
    value_set(object, "source", value_text("leash"));
    value_set(object, "message", message);
    return object;
}

static json_t *finding_diagnostic(const struct telling *telling, const struct finding *finding)
{
    json_t *object = diagnostic(telling, &finding->place, severity_of(finding->severity),
                                message_of(telling, finding));
    value_set(object, "code", value_text(finding->rule));
    if (telling->view.client->has_related && finding->notes.count)
        value_set(object, "relatedInformation", related(telling, finding));
    if (telling->view.client->has_tags && text_is(finding->rule, UNUSED_SUPPRESSION))
        value_set(object, "tags", json_pack("[i]", TAG_UNNECESSARY));
    value_set(object, "data", json_pack("{s:s}", "fingerprint", finding->fingerprint));
    return object;
}

/* ---- files ----------------------------------------------------------------------------------- */

static json_t *items_of(struct telling *telling, const char *path)
{
    json_t *items = json_object_get(telling->files, path);
    if (!items) {
        items = json_array();
        value_set(telling->files, path, items);
    }
    return items;
}

static void add_item(struct telling *telling, const char *path, json_t *diagnostic_of,
                     json_t *action)
{
    if (!utf8_is_valid(path, strlen(path))) {
        json_decref(diagnostic_of); /* no URI that a client understands has this path */
        json_decref(action);
        return;
    }
    json_t *item = json_object();
    value_set(item, "diagnostic", diagnostic_of);
    if (action)
        value_set(item, "action", action);
    value_append(items_of(telling, path), item);
}

static void tell_findings(struct telling *telling)
{
    const findings *found = telling->outcome->found;
    for (size_t i = 0; i < found->count; i++)
        add_item(telling, found->at[i]->place.path, finding_diagnostic(telling, found->at[i]),
                 action_for(&telling->view, found->at[i]));
}

static void add_read(struct telling *telling, const char *path)
{
    void **place = map_put_str(&telling->is_read, path);
    if (!*place)
        *vec_add(&telling->arena, &telling->reads) = *place = (void *)path;
}

static void gather_reads(struct telling *telling)
{
    const unit_list *units = telling->outcome->units;
    for (size_t i = 0; i < units->count; i++) {
        const struct ir_unit *ir = units->at[i]->ir;
        add_read(telling, units->at[i]->file);
        for (size_t k = 0; ir && k < ir->file_count; k++)
            add_read(telling, ir->files[k].path);
    }
}

/* ---- problems -------------------------------------------------------------------------------- */

static const char *words_of(struct telling *telling, const struct problem *problem)
{
    return problem->remedy
               ? arena_printf(&telling->arena, "%s; %s", problem->message, problem->remedy)
               : problem->message;
}

static void tell_at(struct telling *telling, const char *path, uint32_t line, uint32_t column,
                    int severity, const char *message)
{
    struct place place = {.path = path, .line = line, .column = column};
    add_item(telling, path, diagnostic(telling, &place, severity, value_text(message)), NULL);
}

/* What keeps a file from being judged in full: of one in the editor said there, once, for clangd
 * says it all; of others in the log. */
static void tell_unit_problem(struct telling *telling, const struct problem *problem,
                              struct map *told)
{
    void **place = map_put_str(told, problem->path);
    if (*place)
        return;
    *place = told;
    const char *words = words_of(telling, problem);
    if (documents_find_path(telling->view.documents, problem->path))
        tell_at(telling, problem->path, problem->line, problem->column, DIAGNOSTIC_INFORMATION,
                arena_printf(&telling->arena, "leash does not judge this file in full: %s", words));
    else
        value_append(telling->notes,
                     value_text(arena_printf(&telling->arena, "%s:%u: not judged in full: %s",
                                             problem->path, problem->line, words)));
}

/* Settings, models, the database: in the file at fault, and for the user to see. */
static void tell_problem(struct telling *telling, const struct problem *problem)
{
    const char *words = words_of(telling, problem);
    if (problem->path[0])
        tell_at(telling, problem->path, problem->line, problem->column, DIAGNOSTIC_ERROR, words);
    const char *line = problem->line ? arena_printf(&telling->arena, ":%u", problem->line) : "";
    value_append(telling->messages,
                 value_text(arena_printf(&telling->arena, "%s%s%s%s", problem->path, line,
                                         problem->path[0] ? ": " : "", words)));
}

static void tell_problems(struct telling *telling)
{
    const problems *list = telling->outcome->problems;
    struct map told = {.arena = &telling->arena};
    for (size_t i = 0; i < list->count; i++)
        if (map_get_str(&telling->is_read, list->at[i].path))
            tell_unit_problem(telling, &list->at[i], &told);
        else
            tell_problem(telling, &list->at[i]);
}

/* ---- documents that no unit reads ------------------------------------------------------------ */

static bool is_read(struct telling *telling, const char *path)
{
    if (map_get_str(&telling->is_read, path))
        return true;
    const char *real = real_path(&telling->arena, path);
    for (size_t i = 0; i < telling->reads.count; i++)
        if (text_is(real_path(&telling->arena, telling->reads.at[i]), real))
            return true;
    return false;
}

static void tell_unread(struct telling *telling, const struct workspace *home)
{
    const char *database = telling->outcome->database;
    for (size_t i = 0; database && i < telling->view.documents->count; i++) {
        const struct document *document = telling->view.documents->at[i];
        bool is_header = frontend_is_header(document->path);
        if (document->home != home || (!is_header && !frontend_is_c_source(document->path)) ||
            is_read(telling, document->path))
            continue;
        const char *words = arena_printf(
            &telling->arena,
            is_header ? "leash does not judge this header: no C file of %s includes it"
                      : "leash does not judge this file: it is not listed in %s; build it, so "
                        "that it gets there",
            database);
        tell_at(telling, document->path, 1, 1, DIAGNOSTIC_INFORMATION, words);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static json_t *paths_value(const name_list *paths)
{
    json_t *list = json_array();
    for (size_t i = 0; i < paths->count; i++)
        value_append(list, value_text(paths->at[i]));
    return list;
}

json_t *diagnostics_of(const struct client *client, const struct documents *documents,
                       const struct workspace *home, const struct check_outcome *outcome)
{
    struct telling telling = {
        .view = {.client = client, .documents = documents, .sources = outcome->sources},
        .outcome = outcome,
        .files = json_object(),
        .messages = json_array(),
        .notes = json_array(),
    };
    telling.is_read.arena = &telling.arena;
    gather_reads(&telling);
    tell_findings(&telling);
    tell_problems(&telling);
    tell_unread(&telling, home);
    json_t *result = json_object();
    value_set(result, "isBegun", json_boolean(outcome->is_begun));
    value_set(result, "files", telling.files);
    value_set(result, "broken", paths_value(outcome->broken));
    value_set(result, "reads", paths_value(&telling.reads));
    value_set(result, "messages", telling.messages);
    value_set(result, "notes", telling.notes);
    arena_release(&telling.arena);
    return result;
}
