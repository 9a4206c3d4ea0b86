/*
 * inputs.h - from what the user names to the units of the run.
 */
#ifndef LEASH_INPUTS_H
#define LEASH_INPUTS_H

#include "project/unit.h"

/* What the command line says about input. */
struct input_options {
    name_list files;
    const char *database;          /* -p: a folder, or the JSON file itself; NULL: look for one */
    bool has_flags;                /* there was a `--` */
    name_list flags;               /* behind it */
    name_list extra_before, extra; /* --extra-arg-before, --extra-arg */
};

struct inputs {
    unit_list units;
    bool is_one_program;  /* all units belong together; else link groups have to be found */
    bool is_restricted;   /* the units are more than the user asked for: */
    name_list only;       /* findings are wanted in these files (absolute) alone; empty: in all */
    size_t repeated;      /* equal entries of a database */
    const char *database; /* absolute path of the compile_commands.json in use; NULL: none */
    problems problems;    /* files that cannot be used, broken entries */
};

/* false: there is nothing to do, and problems says why. */
bool inputs_find(struct arena *, const char *working_directory, const struct input_options *,
                 struct inputs *);

#endif
