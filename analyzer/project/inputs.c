#include "project/inputs.h"

#include "frontend/flags.h"
#include "project/compile_commands.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_SCAN_BYTES_MAX = 16 << 20 };

/* One search for units. */
struct search {
    struct arena *arena;
    const char *directory; /* the working directory */
    const struct input_options *options;
    struct inputs *inputs;
    struct map loaded; /* path of a database → struct compile_commands, NULL where broken */
    struct map taken;  /* file as named, absolute → itself */
};

static void remedy(struct search *search, const char *text)
{
    problems *list = &search->inputs->problems;
    list->at[list->count - 1].remedy = text;
}

static void append_problems(struct search *search, const problems *more)
{
    for (size_t i = 0; i < more->count; i++)
        *vec_add(search->arena, &search->inputs->problems) = more->at[i];
}

/* ---- databases ------------------------------------------------------------------------------- */

/* Each is read once; NULL: it is broken, which was told. */
static struct compile_commands *load(struct search *search, const char *path)
{
    void **place = map_put_str(&search->loaded, path);
    if (*place)
        return ((struct compile_commands *)*place)->path ? *place : NULL;
    struct compile_commands *commands = arena_new(search->arena, struct compile_commands);
    *place = commands;
    bool usable = compile_commands_load(search->arena, path, commands);
    append_problems(search, &commands->problems);
    search->inputs->repeated += commands->repeated;
    if (!usable)
        commands->path = NULL;
    else if (!search->inputs->database)
        search->inputs->database = path;
    return usable ? commands : NULL;
}

static const char *database_path(struct search *search)
{
    const char *path = path_join(search->arena, search->directory, search->options->database);
    struct stat status;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
        return path;
    return path_join(search->arena, path, "compile_commands.json");
}

/* ---- flags ----------------------------------------------------------------------------------- */

/* The flags of a unit with --extra-arg-before behind the compiler's name and --extra-arg at the
 * end. */
static void add_extra(struct search *search, struct unit *unit)
{
    const struct input_options *options = search->options;
    if (options->extra_before.count + options->extra.count == 0)
        return;
    name_list flags = {0};
    size_t i = 0;
    if (unit->flag_count && unit->flags[0][0] != '-')
        *vec_add(search->arena, &flags) = unit->flags[i++];
    for (size_t k = 0; k < options->extra_before.count; k++)
        *vec_add(search->arena, &flags) = options->extra_before.at[k];
    for (; i < unit->flag_count && !text_is(unit->flags[i], "--"); i++)
        *vec_add(search->arena, &flags) = unit->flags[i];
    for (size_t k = 0; k < options->extra.count; k++)
        *vec_add(search->arena, &flags) = options->extra.at[k];
    for (; i < unit->flag_count; i++)
        *vec_add(search->arena, &flags) = unit->flags[i];
    unit->flags = flags.at;
    unit->flag_count = flags.count;
}

static void add_unit(struct search *search, struct unit *unit)
{
    for (size_t i = 0; i < search->inputs->units.count; i++)
        if (search->inputs->units.at[i] == unit)
            return;
    *vec_add(search->arena, &search->inputs->units) = unit;
}

/* A unit that is compiled with what stands behind `--`, or with no flags at all. */
static void add_plain(struct search *search, const char *file)
{
    struct unit *unit = unit_new(search->arena, file, search->directory);
    unit->flags = search->options->flags.at;
    unit->flag_count = search->options->flags.count;
    struct frontend_job job = unit_job(unit);
    struct frontend_flags clean = frontend_clean_flags(search->arena, &job);
    if (clean.skipped || clean.problem) {
        unit->state = clean.problem ? UNIT_FAILED : UNIT_SKIPPED;
        unit->why = clean.problem ? clean.problem : clean.skipped;
    }
    for (size_t i = 0; i + 1 < unit->flag_count; i++)
        if (text_is(unit->flags[i], "-o"))
            *vec_add(search->arena, &unit->outputs) =
                path_join(search->arena, search->directory, unit->flags[i + 1]);
    add_unit(search, unit);
}

/* ---- headers --------------------------------------------------------------------------------- */

static bool is_included_by_line(const char *line, size_t length, const char *name)
{
    size_t i = 0, size = strlen(name);
    while (i < length && (line[i] == ' ' || line[i] == '\t'))
        i++;
    if (i == length || line[i] != '#' || length < size)
        return false;
    for (; i + size < length; i++)
        if (memcmp(line + i, name, size) == 0 && strchr("/\"<", line[i - 1]) &&
            strchr("\">", line[i + size]))
            return true;
    return false;
}

static bool includes(const char *file, const char *name)
{
    struct arena scratch = {0};
    size_t length = 0;
    bool found = false;
    const char *text = file_read(&scratch, file, HEADER_SCAN_BYTES_MAX, &length);
    for (size_t at = 0; text && at < length && !found;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t size = end ? (size_t)(end - text) - at : length - at;
        found = is_included_by_line(text + at, size, name);
        at += size + 1;
    }
    arena_release(&scratch);
    return found;
}

/* A header is judged in the first unit whose file includes it. */
static void add_header(struct search *search, const struct compile_commands *commands,
                       const char *file)
{
    for (size_t i = 0; i < commands->units.count; i++) {
        struct unit *unit = commands->units.at[i];
        if (unit->state != UNIT_WAITING || !includes(unit->file, path_base(file)))
            continue;
        add_unit(search, unit);
        search->inputs->is_restricted = true;
        return;
    }
    problem_add(search->arena, &search->inputs->problems, file, 0, 0,
                "no C file of %s includes this header directly", commands->path);
    remedy(search, arena_printf(search->arena,
                                "judge it with the whole program: leash check -p %s "
                                "%s",
                                path_directory(search->arena, commands->path), file));
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Can the file be opened at all?  If not, that is told. */
static bool is_usable(struct search *search, const char *file)
{
    struct stat status;
    if (stat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
        problem_add(search->arena, &search->inputs->problems, file, 0, 0, "is a directory");
        remedy(search, "name C files, or the folder of a compile_commands.json with -p");
        return false;
    }
    if (stat(file, &status) == 0 && !S_ISREG(status.st_mode)) {
        problem_add(search->arena, &search->inputs->problems, file, 0, 0, "is no regular file");
        return false;
    }
    if (access(file, R_OK) == 0)
        return true;
    problem_add(search->arena, &search->inputs->problems, file, 0, 0, "cannot be read: %s",
                strerror(errno));
    return false;
}

static bool is_unit_file(const char *file)
{
    return text_ends(file, ".unit");
}

static void add_unit_file(struct search *search, const char *file)
{
    struct unit *unit = unit_new(search->arena, file, search->directory);
    unit->is_unit_file = true;
    add_unit(search, unit);
}

static const char *find_for(struct search *search, const char *file, struct unit **unit)
{
    const char *starts[] = {search->directory, path_directory(search->arena, file)};
    const char *seen = NULL;
    for (size_t i = 0; i < COUNT_OF(starts) && !*unit; i++) {
        const char *path = compile_commands_find(search->arena, starts[i]);
        struct compile_commands *commands = path ? load(search, path) : NULL;
        if (commands)
            *unit = compile_commands_unit(commands, file);
        if (path && (!seen || *unit))
            seen = path;
    }
    return seen;
}

/* A file whose flags have to come from the nearest database. */
static void add_listed(struct search *search, const char *file)
{
    struct unit *unit = NULL;
    const char *path = find_for(search, file, &unit);
    struct compile_commands *commands = path ? load(search, path) : NULL;
    if (unit) {
        add_unit(search, unit);
    } else if (!path) {
        add_plain(search, file);
    } else if (!commands) {
        return; /* told by load */
    } else if (frontend_is_header(file)) {
        add_header(search, commands, file);
    } else {
        problem_add(search->arena, &search->inputs->problems, file, 0, 0, "is not listed in %s",
                    path);
        remedy(search, "build it, so that it gets there, or give its flags: leash check FILE -- "
                       "FLAG...");
    }
}

static void add_file(struct search *search, const char *name)
{
    const char *file = path_join(search->arena, search->directory, name);
    void **taken = map_put_str(&search->taken, file);
    if (*taken || !is_usable(search, file))
        return;
    *taken = (void *)file;
    if (is_unit_file(file))
        add_unit_file(search, file);
    else if (search->options->has_flags)
        add_plain(search, file);
    else
        add_listed(search, file);
    if (!is_unit_file(file))
        *vec_add(search->arena, &search->inputs->only) = file;
}

/* ---- the whole of a database ----------------------------------------------------------------- */

static void add_wanted(struct search *search, const char *name)
{
    const char *file = path_join(search->arena, search->directory, name);
    struct compile_commands *commands = load(search, search->inputs->database);
    if (!is_usable(search, file))
        return;
    *vec_add(search->arena, &search->inputs->only) = file;
    if (frontend_is_header(file) || compile_commands_unit(commands, file))
        return;
    problem_add(search->arena, &search->inputs->problems, file, 0, 0, "is not listed in %s",
                commands->path);
    remedy(search, "build it, so that it gets there");
}

static bool add_database(struct search *search, const char *path)
{
    struct compile_commands *commands = load(search, path);
    if (!commands)
        return false;
    for (size_t i = 0; i < commands->units.count; i++)
        add_unit(search, commands->units.at[i]);
    if (commands->units.count == 0 && commands->problems.count == 0)
        problem_add(search->arena, &search->inputs->problems, path, 0, 0, "lists no file");
    search->inputs->is_restricted = search->options->files.count > 0;
    for (size_t i = 0; i < search->options->files.count; i++)
        add_wanted(search, search->options->files.at[i]);
    return true;
}

static bool search_nearest(struct search *search)
{
    const char *path = compile_commands_find(search->arena, search->directory);
    if (path)
        return add_database(search, path);
    problem_add(search->arena, &search->inputs->problems, "", 0, 0,
                "nothing to check: no FILE is named, and there is no compile_commands.json in %s, "
                "its build/ or any folder above",
                search->directory);
    remedy(search, "cmake writes one with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, and for make there "
                   "is: bear -- make");
    return false;
}

bool inputs_find(struct arena *arena, const char *working_directory,
                 const struct input_options *options, struct inputs *inputs)
{
    struct search search = {
        .arena = arena,
        .directory = working_directory,
        .options = options,
        .inputs = inputs,
        .loaded = {.arena = arena},
        .taken = {.arena = arena},
    };
    bool found = true;
    if (options->database) {
        found = add_database(&search, database_path(&search));
    } else if (options->files.count == 0) {
        found = search_nearest(&search);
    } else {
        inputs->is_one_program = true;
        for (size_t i = 0; i < options->files.count; i++)
            add_file(&search, options->files.at[i]);
    }
    if (!inputs->is_restricted)
        inputs->only.count = 0;
    for (size_t i = 0; i < inputs->units.count; i++)
        add_extra(&search, inputs->units.at[i]);
    return found;
}
