#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* Chunks grow from small (a rule page) to large (a program), so both stay cheap. */
enum { CHUNK_MIN = 16 * 1024, CHUNK_MAX = 1024 * 1024 };

/* Half of max_align_t's, which only long double and vectors want: small things are most of it. */
enum { ALIGNMENT = 8 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t used, size; /* bytes of data */
    _Alignas(max_align_t) char data[];
};

static _Noreturn void out_of_memory(size_t bytes)
{
    fprintf(stderr, "leash: out of memory (%zu bytes wanted); fewer --jobs need less\n", bytes);
    exit(2);
}

void *xmalloc(size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory)
        out_of_memory(bytes);
    return memory;
}

void *xrealloc(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes ? bytes : 1);
    if (!memory)
        out_of_memory(bytes);
    return memory;
}

static void add_chunk(struct arena *arena, size_t bytes)
{
    size_t size = arena->last ? arena->last->size * 2 : CHUNK_MIN;
    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    if (size < bytes)
        size = bytes;
    if (arena->spare && arena->spare->size >= size) {
        struct arena_chunk *spare = arena->spare;
        arena->spare = spare->older;
        spare->older = arena->last;
        arena->last = spare;
        return;
    }
    struct arena_chunk *chunk = xmalloc(sizeof *chunk + size);
    *chunk = (struct arena_chunk){.older = arena->last, .size = size};
    arena->last = chunk;
    arena->bytes += size;
}

/* Not zeroed. */
static void *push_raw(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - CHUNK_MAX)
        out_of_memory(bytes);
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!arena->last || arena->last->size - arena->last->used < bytes)
        add_chunk(arena, bytes);
    void *memory = arena->last->data + arena->last->used;
    arena->last->used += bytes;
    return memory;
}

void *arena_push(struct arena *arena, size_t bytes)
{
    return memset(push_raw(arena, bytes), 0, bytes);
}

void *arena_copy(struct arena *arena, const void *data, size_t bytes)
{
    void *copy = push_raw(arena, bytes);
    return bytes ? memcpy(copy, data, bytes) : copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_push(arena, length + 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    BUG_ON(length < 0);
    char *text = arena_push(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void arena_reset(struct arena *arena)
{
    while (arena->last && arena->last->older) {
        struct arena_chunk *older = arena->last->older;
        free(arena->last);
        arena->last = older;
    }
    if (!arena->last)
        return;
    arena->last->used = 0;
    arena->bytes = arena->last->size;
}

void arena_recycle(struct arena *arena)
{
    while (arena->last) {
        struct arena_chunk *chunk = arena->last;
        arena->last = chunk->older;
        chunk->older = arena->spare;
        chunk->used = 0;
        arena->spare = chunk;
    }
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

void arena_release(struct arena *arena)
{
    free_chunks(arena->last);
    free_chunks(arena->spare);
    *arena = (struct arena){0};
}

void base_bug(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "leash: a mistake in leash itself, at %s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nleash: please report it with the input that shows it\n");
    va_end(args);
    abort();
}
