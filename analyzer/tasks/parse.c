/*
 * parse.c - the JSON of a dump.
 *
 * The outer object and its array are read here, and each task by jansson.  So a dump of a million
 * tasks needs the memory of one in JSON, and each complaint has its line.
 */
#include "base/utf8.h"
#include "tasks/dump.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The JSON of a task, and of a member that is passed over: what jansson makes of the worst of it is
 * a hundred times as large. */
enum { TASK_BYTES_MAX = 1 << 20, OTHER_BYTES_MAX = 1 << 22 };

#define WANTED "wanted is the JSON that task_dump_json writes and /debug/tasks?format=json answers"

struct reader {
    struct arena *arena;
    struct intern texts;
    struct map stacks; /* from frames to their struct stack */
    struct dump *dump;
    const char *at, *end;    /* what is still to be read */
    const char *line_start;  /* somewhere in the line with the number `line`, before `at` */
    uint32_t line;           /* from 1 */
    const struct task *task; /* the one being read, for complaints; NULL: none */
    bool has_tasks;          /* "tasks" was met */
    const char *error;       /* the first complaint */
};

/* ---- complaints ------------------------------------------------------------------------------ */

static uint32_t line_at(struct reader *reader)
{
    const char *newline;

    while (
        (newline = memchr(reader->line_start, '\n', (size_t)(reader->at - reader->line_start)))) {
        reader->line_start = newline + 1;
        reader->line++;
    }
    return reader->line;
}

static bool complain_of_line(struct reader *reader, uint32_t line, const char *what)
{
    if (!reader->error)
        reader->error = arena_printf(reader->arena, "line %u: %s", line, what);
    return false;
}

static bool complain(struct reader *reader, const char *what)
{
    return complain_of_line(reader, line_at(reader), what);
}

/* What is wrong with the member `key` of the task being read. */
static bool complain_of_member(struct reader *reader, const char *key, const char *what)
{
    const struct task *task = reader->task;
    const char *who = task->id ? arena_printf(reader->arena, "task %" PRIu64, task->id) : "a task";

    return complain_of_line(reader, task->line,
                            arena_printf(reader->arena, "%s: \"%s\" %s", who, key, what));
}

/* ---- what jansson reads ---------------------------------------------------------------------- */

static bool complain_of_json(struct reader *reader, const json_error_t *error, bool is_cut)
{
    enum json_error_code code = json_error_code(error);
    uint32_t line = line_at(reader) + (error->line > 0 ? (uint32_t)error->line - 1 : 0);

    if (code == json_error_premature_end_of_input && is_cut)
        return complain(reader, "what begins here is longer than anything in a dump; " WANTED);
    if (code == json_error_premature_end_of_input)
        return complain_of_line(reader, line, "it ends early; was it cut off?");
    return complain_of_line(
        reader, line,
        arena_printf(reader->arena, "%s; this is no JSON as libleash writes it", error->text));
}

/* The value that begins here, of at most `limit` bytes; NULL: complained of. */
static json_t *read_value(struct reader *reader, size_t limit)
{
    size_t left = (size_t)(reader->end - reader->at);
    json_error_t error;
    json_t *value =
        json_loadb(reader->at, left < limit ? left : limit,
                   JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);

    if (value)
        reader->at += error.position;
    else
        complain_of_json(reader, &error, left > limit);
    return value;
}

/* ---- the members of a task ------------------------------------------------------------------- */

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "is an object";
    case JSON_ARRAY:
        return "is an array";
    case JSON_STRING:
        return "is a string";
    case JSON_INTEGER:
        return "is a whole number";
    case JSON_REAL:
        return "is a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "is true or false";
    case JSON_NULL:
        return "is null";
    }
    return "is something else";
}

static bool complain_of_kind(struct reader *reader, const char *key, const json_t *value,
                             const char *wanted)
{
    const char *is = !value                   ? "is missing"
                     : json_is_integer(value) ? arena_printf(reader->arena, "is %" PRId64,
                                                             (int64_t)json_integer_value(value))
                                              : kind_of(value);

    return complain_of_member(reader, key,
                              arena_printf(reader->arena, "%s; it has to be %s", is, wanted));
}

/* A text, or with `may_lack` NULL for null and for none. */
static bool take_text(struct reader *reader, const json_t *object, const char *key, bool may_lack,
                      const char **text)
{
    const json_t *value = json_object_get(object, key);

    *text = NULL;
    if (json_is_string(value))
        *text = intern_str(&reader->texts, json_string_value(value));
    else if (!may_lack || (value && !json_is_null(value)))
        return complain_of_kind(reader, key, value, may_lack ? "a string or null" : "a string");
    return true;
}

/* A number from `least`; without one *number stays. */
static bool take_number(struct reader *reader, const json_t *object, const char *key, int64_t least,
                        int64_t *number)
{
    const json_t *value = json_object_get(object, key);

    if (!value || json_is_null(value))
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < least)
        return complain_of_kind(reader, key, value,
                                least ? "a number from 1" : "a number from 0 or null");
    *number = json_integer_value(value);
    return true;
}

static const struct stack *intern_stack(struct reader *reader, const struct frame *frames,
                                        size_t count)
{
    void **place = map_put(&reader->stacks, frames, count * sizeof *frames);

    if (!*place) {
        struct stack *stack = arena_new(reader->arena, struct stack);
        stack->frames = arena_copy(reader->arena, frames, count * sizeof *frames);
        stack->count = count;
        *place = stack;
    }
    return *place;
}

static bool take_frames(struct reader *reader, const json_t *list, struct frame *frames)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *frame = json_array_get(list, i);
        if (!json_is_object(frame))
            return complain_of_kind(reader, "stack", list, "an array of objects");
        if (!take_text(reader, frame, "function", true, &frames[i].function) ||
            !take_text(reader, frame, "at", true, &frames[i].at))
            return false;
    }
    return true;
}

static bool take_stack(struct reader *reader, const json_t *object, struct task *task)
{
    const json_t *list = json_object_get(object, "stack");
    size_t count = json_array_size(list);

    if (!list || json_is_null(list))
        return true;
    if (!json_is_array(list))
        return complain_of_kind(reader, "stack", list, "an array or null");
    if (count == 0)
        return true;
    struct frame *frames = xmalloc(count * sizeof *frames);
    bool done = take_frames(reader, list, frames);
    if (done)
        task->stack = intern_stack(reader, frames, count);
    free(frames);
    return done;
}

static bool take_numbers(struct reader *reader, const json_t *object, struct task *task)
{
    int64_t id = 0, parent = 0;

    task->parked_ms = -1;
    if (!take_number(reader, object, "id", 1, &id))
        return false;
    if (id == 0)
        return complain_of_kind(reader, "id", json_object_get(object, "id"), "a number from 1");
    task->id = (uint64_t)id;
    if (!take_number(reader, object, "parent", 1, &parent) ||
        !take_number(reader, object, "parked_ms", 0, &task->parked_ms))
        return false;
    task->parent = (uint64_t)parent;
    if (parent >= id)
        return complain_of_member(reader, "parent",
                                  arena_printf(reader->arena,
                                               "is task %" PRIu64 ", which did not begin before it",
                                               task->parent));
    return true;
}

static bool take_task(struct reader *reader, const json_t *object, struct task *task)
{
    reader->task = task;
    return take_numbers(reader, object, task) &&
           take_text(reader, object, "state", false, &task->state) &&
           take_text(reader, object, "function", false, &task->function) &&
           take_text(reader, object, "parked", true, &task->parked) &&
           take_text(reader, object, "spawned", true, &task->spawned) &&
           take_text(reader, object, "created_by", true, &task->created_by) &&
           take_text(reader, object, "object", true, &task->object) &&
           take_stack(reader, object, task);
}

/* ---- the dump around them -------------------------------------------------------------------- */

/* The next character that means something; '\0' at the end. */
static char look(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at)
        reader->at++;
    return reader->at < reader->end ? *reader->at : '\0';
}

static bool expect(struct reader *reader, char wanted)
{
    if (look(reader) == wanted) {
        reader->at++;
        return true;
    }
    if (reader->at == reader->end)
        return complain(reader, "it ends early; was it cut off?");
    return complain(reader, arena_printf(reader->arena, "'%c' has to come here, not '%.*s'", wanted,
                                         (int)strnlen(reader->at, 1), reader->at));
}

/* The list that begins behind its first bracket, up to `closing`: calls `read_one` for each. */
static bool read_list(struct reader *reader, char closing, bool (*read_one)(struct reader *))
{
    if (look(reader) == closing) {
        reader->at++;
        return true;
    }
    do {
        if (!read_one(reader))
            return false;
        if (look(reader) == closing) {
            reader->at++;
            return true;
        }
    } while (expect(reader, ','));
    return false;
}

static bool read_task(struct reader *reader)
{
    struct task task = {.line = 0};

    look(reader);
    task.line = line_at(reader);
    json_t *value = read_value(reader, TASK_BYTES_MAX);
    if (!value)
        return false;
    bool done = json_is_object(value)
                    ? take_task(reader, value, &task)
                    : complain_of_line(reader, task.line, "each of \"tasks\" has to be an object");
    json_decref(value);
    if (done)
        *vec_add(reader->arena, &reader->dump->tasks) = task;
    return done;
}

static bool read_tasks(struct reader *reader)
{
    if (look(reader) != '[')
        return complain(reader, "\"tasks\" has to be an array");
    reader->at++;
    return read_list(reader, ']', read_task);
}

static bool pass_over(struct reader *reader)
{
    json_t *value = read_value(reader, OTHER_BYTES_MAX);

    json_decref(value);
    return value != NULL;
}

/* Why the program does not know what it was asked for; the tasks beside it say nothing then. */
static bool read_reason(struct reader *reader)
{
    json_t *value = read_value(reader, OTHER_BYTES_MAX);
    const char *says = json_string_value(value);

    if (says)
        complain(reader, arena_printf(reader->arena, "the program cannot tell: %s", says));
    json_decref(value);
    return value && !says;
}

static bool read_member(struct reader *reader)
{
    if (look(reader) != '"')
        return complain(reader, "a name in quotes has to come here; " WANTED);
    json_t *key = read_value(reader, OTHER_BYTES_MAX);
    if (!key)
        return false;
    bool is_tasks = text_is(json_string_value(key), "tasks");
    bool is_reason = text_is(json_string_value(key), "reason");
    json_decref(key);
    if (!expect(reader, ':'))
        return false;
    look(reader);
    if (is_reason)
        return read_reason(reader);
    if (!is_tasks)
        return pass_over(reader);
    if (reader->has_tasks)
        return complain(reader, "\"tasks\" comes twice");
    reader->has_tasks = true;
    return read_tasks(reader);
}

/* "task 7 [chan receive]: ..." */
static bool is_text_dump(const char *at, const char *end)
{
    static const char word[] = "task ";
    const size_t length = sizeof word - 1;

    while ((at = memmem(at, (size_t)(end - at), word, length))) {
        at += length;
        if (at < end && isdigit((unsigned char)*at))
            return true;
    }
    return false;
}

/* What people take for it more often than something that is nearly right. */
static bool is_no_json(struct reader *reader)
{
    char first = look(reader);

    if (reader->at == reader->end)
        complain(reader, "it is empty; " WANTED);
    else if (first == '<')
        complain(reader, "it is a page of the web, no dump; " WANTED);
    else if (first != '{' && is_text_dump(reader->at, reader->end))
        complain(reader, "it is text, as a dump for people has it; " WANTED);
    else if (first != '{')
        complain(reader, "it is no dump; " WANTED);
    return reader->error != NULL;
}

static bool read_dump(struct reader *reader)
{
    if (is_no_json(reader))
        return false;
    reader->at++;
    if (!read_list(reader, '}', read_member))
        return false;
    if (!reader->has_tasks)
        return complain(reader, "it has no \"tasks\"; " WANTED);
    if (look(reader) == '{')
        return complain(reader, "another dump begins here; give one at a time");
    return reader->at == reader->end || complain(reader, "something follows the dump");
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int compare_id(const void *a, const void *b)
{
    const struct task *left = a, *right = b;

    return (left->id > right->id) - (left->id < right->id);
}

static int compare_id_and_line(const void *a, const void *b)
{
    const struct task *left = a, *right = b;
    int order = compare_id(left, right);

    return order ? order : (left->line > right->line) - (left->line < right->line);
}

static bool sort(struct reader *reader)
{
    task_list *tasks = &reader->dump->tasks;

    if (tasks->count)
        qsort(tasks->at, tasks->count, sizeof *tasks->at, compare_id_and_line);
    for (size_t i = 1; i < tasks->count; i++) {
        const struct task *task = &tasks->at[i];
        if (task->id == tasks->at[i - 1].id)
            return complain_of_line(reader, task->line,
                                    arena_printf(reader->arena,
                                                 "task %" PRIu64 " comes twice, first in line %u",
                                                 task->id, tasks->at[i - 1].line));
    }
    return true;
}

/* Names of files may hold any bytes, and jansson takes only UTF-8: the others are replaced. */
static void make_utf8(struct text *clean, const char **text, size_t *length)
{
    if (utf8_is_valid(*text, *length))
        return;
    utf8_add(clean, *text, *length, false);
    *text = clean->at;
    *length = clean->length;
}

bool dump_parse(struct arena *arena, const char *text, size_t length, struct dump *dump,
                const char **error)
{
    struct text clean = {0};
    make_utf8(&clean, &text, &length);
    struct reader reader = {
        .arena = arena,
        .texts.map.arena = arena,
        .stacks.arena = arena,
        .dump = dump,
        .at = text,
        .end = text + length,
        .line_start = text,
        .line = 1,
    };

    *dump = (struct dump){0};
    bool done = read_dump(&reader) && sort(&reader);
    *error = reader.error;
    text_release(&clean);
    return done;
}

const struct task *dump_find(const struct dump *dump, uint64_t id)
{
    struct task key = {.id = id};

    if (!dump->tasks.count)
        return NULL;
    return bsearch(&key, dump->tasks.at, dump->tasks.count, sizeof *dump->tasks.at, compare_id);
}
