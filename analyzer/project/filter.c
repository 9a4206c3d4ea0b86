#include "project/run.h"

#include <string.h>

/* What is known of a file that some unit read. */
enum file_mark {
    FILE_IS_MAIN = 1,
    FILE_IS_SYSTEM = 2,
    FILE_IS_PARTIAL = 4, /* in a unit with errors */
    FILE_IS_SEEN = 8,
};

struct files {
    struct map marks; /* path → enum file_mark bits */
    struct map only;  /* paths asked for, as named and as real paths */
};

static void mark(struct files *files, const char *path, uintptr_t bits)
{
    void **place = map_put_str(&files->marks, path);
    *place = (void *)((uintptr_t)*place | bits);
}

static void mark_unit(struct files *files, const struct ir_unit *unit)
{
    bool is_partial = unit->error_count > 0 || unit->is_incomplete;
    for (size_t i = 0; i < unit->file_count; i++) {
        const struct ir_file *file = &unit->files[i];
        mark(files, file->path,
             FILE_IS_SEEN | (i == 0 ? FILE_IS_MAIN : 0) | (file->is_system ? FILE_IS_SYSTEM : 0) |
                 (is_partial ? FILE_IS_PARTIAL : 0));
    }
}

static struct files files_of(struct run *run)
{
    struct files files = {.marks = {.arena = &run->arena}, .only = {.arena = &run->arena}};
    for (size_t i = 0; i < run->inputs.units.count; i++)
        if (run->inputs.units.at[i]->ir)
            mark_unit(&files, run->inputs.units.at[i]->ir);
    for (size_t i = 0; i < run->inputs.only.count; i++) {
        const char *path = run->inputs.only.at[i];
        *map_put_str(&files.only, path) = (void *)path;
        *map_put_str(&files.only, real_path(&run->arena, path)) = (void *)path;
    }
    return files;
}

static bool is_asked_for(const struct files *files, struct arena *arena, const char *path)
{
    return map_get_str(&files->only, path) || map_get_str(&files->only, real_path(arena, path));
}

/* As `headers:` of the settings says. */
static bool is_wanted_header(const struct run *run, const char *path, uintptr_t bits)
{
    if ((bits & FILE_IS_MAIN) || run->settings->headers == HEADERS_ALL)
        return true;
    if (run->settings->headers == HEADERS_NONE || (bits & FILE_IS_SYSTEM))
        return false;
    return !run->settings_path || path_below(path, run->root) != path;
}

static bool is_wanted(struct run *run, const struct files *files, const char *path, uintptr_t bits)
{
    if (!settings_wants_path(run->settings, path))
        return false;
    if (run->inputs.is_restricted)
        return is_asked_for(files, &run->arena, path);
    return is_wanted_header(run, path, bits);
}

void run_filter(struct run *run)
{
    struct files files = files_of(run);
    findings kept = {0};
    for (size_t i = 0; i < run->found.count; i++) {
        const char *path = run->found.at[i]->place.path;
        if (is_wanted(run, &files, path, (uintptr_t)map_get_str(&files.marks, path)))
            *vec_add(&run->arena, &kept) = run->found.at[i];
    }
    run->found = kept;
}

name_list run_complete_files(struct run *run)
{
    struct files files = files_of(run);
    name_list complete = {0};
    for (size_t u = 0; u < run->inputs.units.count; u++) {
        const struct ir_unit *unit = run->inputs.units.at[u]->ir;
        for (size_t i = 0; unit && i < unit->file_count; i++) {
            const char *path = unit->files[i].path;
            uintptr_t bits = (uintptr_t)map_get_str(&files.marks, path);
            if (!(bits & FILE_IS_SEEN) || (bits & (FILE_IS_PARTIAL | FILE_IS_SYSTEM)))
                continue;
            *map_put_str(&files.marks, path) = NULL; /* once */
            if (is_wanted(run, &files, path, bits))
                *vec_add(&run->arena, &complete) = path;
        }
    }
    return complete;
}
