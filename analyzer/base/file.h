/*
 * file.h - reading and writing whole files, and paths.
 */
#ifndef LEASH_FILE_H
#define LEASH_FILE_H

#include "base/arena.h"

#include <stdbool.h>

/* The whole file, NUL-terminated behind its `length` bytes (which may hold NULs).
 * NULL with errno set: cannot be read, is no regular file (EISDIR for a directory), or is larger
 * than `limit` bytes (EFBIG). */
char *file_read(struct arena *arena, const char *path, size_t limit, size_t *length);

/* What an editor holds in place of a file on disk. */
struct file_buffer {
    const char *path; /* absolute */
    const char *text; /* any bytes, NUL-terminated behind `length` of them */
    size_t length;
};
/* The buffer of that very path; NULL: none. */
const struct file_buffer *file_buffer_find(const struct file_buffer *buffers, size_t count,
                                           const char *path);

/* To a descriptor, however many writes it takes.  false with errno set. */
bool fd_write_all(int fd, const void *data, size_t length);
/* Write all of it or nothing: a temporary beside `path`, then rename.  false with errno set. */
bool file_write(const char *path, const void *data, size_t length);

/* Textual paths: joins, folds "." and "..", does not ask the disk. */
char *path_join(struct arena *arena, const char *directory, const char *path);
char *path_clean(struct arena *arena, const char *path);
const char *path_base(const char *path);
char *path_directory(struct arena *arena, const char *path);
/* `path` as seen from the absolute `root`: without it where it lies below, else unchanged. */
const char *path_below(const char *path, const char *root);

#endif
