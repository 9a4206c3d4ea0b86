/*
 * compile_commands.h - the compilation database that build systems write.
 */
#ifndef LEASH_COMPILE_COMMANDS_H
#define LEASH_COMPILE_COMMANDS_H

#include "project/unit.h"

enum { COMPILE_COMMANDS_BYTES_MAX = 100 << 20 };

struct compile_commands {
    const char *path;  /* absolute, of the JSON file */
    unit_list units;   /* in the order of the file, each file and set of flags once */
    problems problems; /* entries that say nothing useful, by their index */
    size_t repeated;   /* entries that were left out because an equal one came before */
};

/*
 * Reads the database at `path`.  false: there is nothing to read, or it is no JSON array; then
 * problems holds why, with line and column.  Units that are not C are there and marked as skipped;
 * steps inside of the compiler (-cc1) are left out.  O(size).
 */
bool compile_commands_load(struct arena *, const char *path, struct compile_commands *);

/* The nearest compile_commands.json: in `directory` (absolute), its build/, and so on upwards.
 * NULL: none. */
const char *compile_commands_find(struct arena *, const char *directory);

/* The first unit made from `file` (absolute); NULL: none. */
struct unit *compile_commands_unit(const struct compile_commands *, const char *file);

#endif
