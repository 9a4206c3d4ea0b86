/*
 * embed.h - the texts that the tool carries inside: rule pages and API models.
 *
 * The build turns the files into these tables, sorted by name; the data are constant and live as
 * long as the program.  A table ends with an entry whose name is NULL.
 */
#ifndef LEASH_EMBED_H
#define LEASH_EMBED_H

#include <stddef.h>

struct embedded_file {
    const char *name; /* without folder: "missing-wg-done.md", "pthread.yaml" */
    const char *data; /* the bytes of the file, and a NUL behind them */
    size_t length;    /* bytes, without that NUL */
};

extern const struct embedded_file embedded_pages[]; /* rules/(rule id).md */
extern const size_t embedded_pages_count;
extern const struct embedded_file embedded_models[]; /* rules/models/(library).yaml */
extern const size_t embedded_models_count;

#endif
