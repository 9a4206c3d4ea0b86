/*
 * workspace.h - what is judged together: the programs of a compile_commands.json, or a file that
 * has none.
 */
#ifndef LEASH_WORKSPACE_H
#define LEASH_WORKSPACE_H

#include "project/store.h"

#include <jansson.h>

struct workspace {
    struct arena arena;
    const char *directory; /* settings are looked for from here */
    const char *database;  /* of a compile_commands.json; NULL: of one file */
    const char *file;      /* that one */
    struct unit_store *store;
    uint64_t database_hash; /* of the content, when the store was last used */

    /* Of the last analysis that came to its end. */
    json_t *files;    /* path → its items, see diagnostics_of */
    json_t *reads;    /* path → true */
    json_t *messages; /* what the user was told */
    json_t *notes;    /* the same in his log */
    bool is_known;    /* there was one */
    bool has_died;    /* one since then did not come to its end, which was told */

    bool is_stale;    /* something changed since the last one began */
    uint64_t due_ms;  /* of the monotonic clock: not to begin before */
    uint64_t cost_ms; /* what the last one took */
};

/* A stale one, to be analysed at once.  One of the two is NULL. */
struct workspace *workspace_new(const char *directory, const char *database, const char *file);
void workspace_free(struct workspace *);

bool workspace_reads(const struct workspace *, const char *path);
/* Where flags changed, units of before are of no use: forgets them. */
void workspace_check_database(struct workspace *);

/* Takes over what diagnostics_of gave, but keeps what was before of files whose text that does not
 * fit, or of all where nothing could be analysed. */
void workspace_take(struct workspace *, const json_t *result);

#endif
