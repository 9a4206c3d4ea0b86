#include "project/compile_commands.h"

#include "frontend/flags.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

/* One database being read. */
struct loading {
    struct arena *arena;
    struct compile_commands *commands;
    struct map seen;       /* file and flags → struct unit */
    const char *directory; /* of the JSON file: what relative directories are seen from */
};

static const char remedy_make[] =
    "write it with cmake -DCMAKE_EXPORT_COMPILE_COMMANDS=ON or with: bear -- make";

/* ---- one entry ------------------------------------------------------------------------------- */

static void complain(struct loading *loading, size_t index, const char *what)
{
    struct compile_commands *commands = loading->commands;
    problem_add(loading->arena, &commands->problems, commands->path, 0, 0,
                "entry %zu (counted from 0) %s", index, what);
}

/* The string under `key`; NULL: missing, or no string, which is complained of. */
static const char *string_of(struct loading *loading, size_t index, json_t *entry, const char *key,
                             bool is_needed)
{
    json_t *value = json_object_get(entry, key);
    if (json_is_string(value))
        return arena_strdup(loading->arena, json_string_value(value));
    if (value || is_needed)
        complain(loading, index,
                 arena_printf(loading->arena, value ? "has no string as '%s'" : "lacks '%s'", key));
    return NULL;
}

static bool take_arguments(struct loading *loading, size_t index, json_t *list, flag_words *words)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        if (!word) {
            complain(loading, index, "has something else than a string in 'arguments'");
            return false;
        }
        *vec_add(loading->arena, words) = arena_strdup(loading->arena, word);
    }
    return true;
}

static bool words_of(struct loading *loading, size_t index, json_t *entry, flag_words *words)
{
    json_t *arguments = json_object_get(entry, "arguments");
    json_t *command = json_object_get(entry, "command");
    if (json_is_array(arguments))
        return take_arguments(loading, index, arguments, words);
    if (json_is_string(command)) {
        flag_words_split(loading->arena, json_string_value(command), json_string_length(command),
                         QUOTING_SHELL, words);
        return true;
    }
    complain(loading, index, "has neither a list 'arguments' nor a string 'command'");
    return false;
}

/* The object file, as the entry or else its compile line names it; NULL: unknown. */
static const char *output_of(struct loading *loading, json_t *entry, const char *directory,
                             const flag_words *words)
{
    const char *output = json_string_value(json_object_get(entry, "output"));
    for (size_t i = 0; !output && i < words->count; i++) {
        const char *word = words->at[i];
        if (text_is(word, "-o") && i + 1 < words->count)
            output = words->at[i + 1];
        else if (text_starts(word, "-o"))
            output = word + 2;
    }
    return output ? path_join(loading->arena, directory, output) : NULL;
}

/* What makes two entries the same work: the real file, and libclang's arguments. */
static struct unit **place_of(struct loading *loading, const struct unit *unit,
                              const struct frontend_flags *clean)
{
    struct text key = {0};
    text_add(&key, real_path(loading->arena, unit->file));
    for (size_t i = 0; i < clean->count; i++) {
        text_add_char(&key, '\0');
        text_add(&key, clean->at[i]);
    }
    if (unit->why) {
        text_add_char(&key, '\0');
        text_add(&key, unit->why);
    }
    struct unit **place = (struct unit **)map_put(&loading->seen, key.at, key.length);
    text_release(&key);
    return place;
}

static void add_unit(struct loading *loading, struct unit *unit, const char *output)
{
    struct frontend_job job = unit_job(unit);
    struct frontend_flags clean = frontend_clean_flags(loading->arena, &job);
    if (clean.skipped && strstr(clean.skipped, "-cc1"))
        return;
    if (clean.problem || clean.skipped) {
        unit->state = clean.problem ? UNIT_FAILED : UNIT_SKIPPED;
        unit->why = clean.problem ? clean.problem : clean.skipped;
    }
    struct unit **place = place_of(loading, unit, &clean);
    if (*place) {
        loading->commands->repeated++;
    } else {
        *place = unit;
        *vec_add(loading->arena, &loading->commands->units) = unit;
    }
    if (output)
        *vec_add(loading->arena, &(*place)->outputs) = output;
}

static void take_entry(struct loading *loading, size_t index, json_t *entry)
{
    if (!json_is_object(entry)) {
        complain(loading, index, "is no object");
        return;
    }
    const char *directory = string_of(loading, index, entry, "directory", true);
    const char *file = string_of(loading, index, entry, "file", true);
    flag_words words = {0};
    if (!directory || !file || !words_of(loading, index, entry, &words))
        return;
    directory = path_join(loading->arena, loading->directory, directory);
    struct unit *unit =
        unit_new(loading->arena, path_join(loading->arena, directory, file), directory);
    unit->flags = words.at;
    unit->flag_count = words.count;
    add_unit(loading, unit, output_of(loading, entry, directory, &words));
}

/* ---- the file -------------------------------------------------------------------------------- */

static void cannot_read(struct arena *arena, struct compile_commands *commands)
{
    int error = errno;
    if (error == EFBIG)
        problem_add(arena, &commands->problems, commands->path, 0, 0,
                    "larger than %d MiB, which no compile_commands.json should be",
                    COMPILE_COMMANDS_BYTES_MAX >> 20);
    else
        problem_add(arena, &commands->problems, commands->path, 0, 0, "cannot be read: %s",
                    strerror(error));
    commands->problems.at[commands->problems.count - 1].remedy = remedy_make;
}

static json_t *parse(struct arena *arena, struct compile_commands *commands, const char *text,
                     size_t length)
{
    json_error_t error;
    json_t *root = json_loadb(text, length, 0, &error);
    if (json_is_array(root))
        return root;
    if (root)
        problem_add(arena, &commands->problems, commands->path, 1, 1,
                    "is no list of compile commands");
    else
        problem_add(arena, &commands->problems, commands->path,
                    error.line > 0 ? (uint32_t)error.line : 1,
                    error.column > 0 ? (uint32_t)error.column : 1, "broken JSON: %s", error.text);
    commands->problems.at[commands->problems.count - 1].remedy = remedy_make;
    json_decref(root);
    return NULL;
}

bool compile_commands_load(struct arena *arena, const char *path, struct compile_commands *commands)
{
    commands->path = path;
    struct arena file = {0};
    size_t length = 0;
    const char *text = file_read(&file, path, COMPILE_COMMANDS_BYTES_MAX, &length);
    if (!text)
        cannot_read(arena, commands);
    json_t *root = text ? parse(arena, commands, text, length) : NULL;
    arena_release(&file);
    if (!root)
        return false;

    struct loading loading = {
        .arena = arena,
        .commands = commands,
        .seen = {.arena = arena},
        .directory = path_directory(arena, path),
    };
    for (size_t i = 0; i < json_array_size(root); i++)
        take_entry(&loading, i, json_array_get(root, i));
    json_decref(root);
    return true;
}

const char *compile_commands_find(struct arena *arena, const char *directory)
{
    static const char *const names[] = {"compile_commands.json", "build/compile_commands.json"};
    for (;;) {
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            const char *path = path_join(arena, directory, names[i]);
            if (access(path, F_OK) == 0)
                return path;
        }
        if (text_is(directory, "/"))
            return NULL;
        directory = path_directory(arena, directory);
    }
}

struct unit *compile_commands_unit(const struct compile_commands *commands, const char *file)
{
    struct arena scratch = {0};
    const char *real = real_path(&scratch, file);
    struct unit *found = NULL;
    for (size_t i = 0; i < commands->units.count && !found; i++)
        if (text_is(commands->units.at[i]->file, file))
            found = commands->units.at[i];
    for (size_t i = 0; i < commands->units.count && !found; i++)
        if (text_is(real_path(&scratch, commands->units.at[i]->file), real))
            found = commands->units.at[i];
    arena_release(&scratch);
    return found;
}
