#include "project/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void problem_add(struct arena *arena, problems *list, const char *path, uint32_t line,
                 uint32_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    BUG_ON(length < 0);
    char *message = arena_push(arena, (size_t)length + 1);
    vsnprintf(message, (size_t)length + 1, format, again);
    va_end(again);
    *vec_add(arena, list) =
        (struct problem){.path = path, .line = line, .column = column, .message = message};
}

struct unit *unit_new(struct arena *arena, const char *file, const char *directory)
{
    struct unit *unit = arena_new(arena, struct unit);
    unit->file = file;
    unit->directory = directory;
    return unit;
}

void unit_release(struct unit *unit)
{
    arena_release(&unit->arena);
    unit->ir = NULL;
}

struct frontend_job unit_job(const struct unit *unit)
{
    return (struct frontend_job){
        .file = unit->file,
        .directory = unit->directory,
        .output = unit->outputs.count ? unit->outputs.at[0] : "",
        .flags = unit->flags,
        .flag_count = unit->flag_count,
    };
}

const char *absolute_path(struct arena *arena, const char *directory, const char *path)
{
    return path_join(arena, directory, path);
}

const char *real_path(struct arena *arena, const char *path)
{
    char *resolved = realpath(path, NULL);
    if (!resolved)
        return path;
    const char *copy = arena_strdup(arena, resolved);
    free(resolved);
    return copy;
}

const char *working_directory(struct arena *arena)
{
    char path[PATH_MAX];
    if (!getcwd(path, sizeof path)) {
        fprintf(stderr, "leash: the working directory is gone (%s); cd to another one\n",
                strerror(errno));
        exit(2);
    }
    return arena_strdup(arena, path);
}
