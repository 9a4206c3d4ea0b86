#include "report/report.h"

#include <string.h>

static void index_lines(struct source_file *file)
{
    const char *end = file->text + file->length;

    for (const char *at = file->text; at < end;) {
        *vec_add(&file->arena, &file->lines) = (size_t)(at - file->text);
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
}

static void load(struct sources *sources, struct source_file *file, const char *path)
{
    const struct file_buffer *buffer =
        file_buffer_find(sources->buffers, sources->buffer_count, path);

    arena_release(&file->arena);
    *file = (struct source_file){0};
    file->path = arena_strdup(&file->arena, path);
    if (buffer) {
        file->text = buffer->text;
        file->length = buffer->length;
    } else {
        file->text = file_read(&file->arena, path, SOURCE_BYTES_MAX, &file->length);
    }
    if (file->text)
        index_lines(file);
}

/* The slot that holds `path`, in place of the one unused for longest. */
static struct source_file *find(struct sources *sources, const char *path)
{
    struct source_file *oldest = &sources->kept[0];

    sources->counter++;
    for (size_t i = 0; i < SOURCES_KEPT; i++) {
        struct source_file *file = &sources->kept[i];
        if (text_is(file->path, path)) {
            file->used = sources->counter;
            return file;
        }
        if (file->used < oldest->used)
            oldest = file;
    }
    load(sources, oldest, path);
    oldest->used = sources->counter;
    return oldest;
}

const char *sources_text(struct sources *sources, const char *path, size_t *length)
{
    const struct source_file *file = find(sources, path);

    *length = file->length;
    return file->text;
}

const char *sources_line(struct sources *sources, const char *path, uint32_t line, size_t *length)
{
    const struct source_file *file = find(sources, path);

    if (!file->text || line == 0 || line > file->lines.count)
        return NULL;
    const char *start = file->text + file->lines.at[line - 1];
    const char *end = file->text + file->length;
    if (line < file->lines.count)
        end = file->text + file->lines.at[line];
    while (end > start && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    *length = (size_t)(end - start);
    return start;
}

void sources_release(struct sources *sources)
{
    for (size_t i = 0; i < SOURCES_KEPT; i++)
        arena_release(&sources->kept[i].arena);
    *sources = (struct sources){0};
}
