/*
 * arena.h - memory that is given back all at once.
 *
 * A unit, a program and a run each own one arena; nothing inside is freed singly.  Pushing always
 * succeeds or ends the program with a message, so callers have no branch to write.  An arena
 * belongs to one thread at a time.
 */
#ifndef LEASH_ARENA_H
#define LEASH_ARENA_H

#include <stddef.h>

struct arena_chunk;

/* Zero-initialised is an empty arena, ready to use. */
struct arena {
    struct arena_chunk *last;  /* the chunk being filled, linked to the older ones */
    struct arena_chunk *spare; /* empty ones, kept by arena_recycle */
    size_t bytes;              /* total reserved from the system */
};

/* `bytes` zeroed bytes, aligned to 8: for any type but long double and vectors.  O(1). */
void *arena_push(struct arena *arena, size_t bytes);
/* Copies of a string, of its first `length` bytes, of any bytes. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
void *arena_copy(struct arena *arena, const void *data, size_t bytes);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forget everything, but keep a little room: for what is filled again and again. */
void arena_reset(struct arena *arena);
/* Forget everything, and keep all the room for as much again. */
void arena_recycle(struct arena *arena);
/* Give back everything; the arena is empty and ready again. */
void arena_release(struct arena *arena);

#define arena_new(arena, type)          ((type *)arena_push((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_push((arena), sizeof(type) * (count)))

/* malloc's family for the few things that outlive no arena; never NULL. */
void *xmalloc(size_t bytes);
void *xrealloc(void *old, size_t bytes);

#endif
