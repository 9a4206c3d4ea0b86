/*
 * flags.h - from a compile line as the build gives it to the arguments that libclang takes.
 *
 * Most of a compile line says what to write and where, how to optimise, and what to warn of.  Only
 * what changes the meaning of the source stays: language, target, macros, where headers lie, and
 * the few -f and -m flags that a parser cares for.  Nothing that writes a file or loads code gets
 * through, so that a hostile compile_commands.json can do neither.
 */
#ifndef LEASH_FLAGS_H
#define LEASH_FLAGS_H

#include "frontend/frontend.h"

struct frontend_flags {
    const char *const *at; /* libclang's arguments, without the file; count of them */
    size_t count;
    const char *skipped; /* why the file is none of ours: "C++", "assembler", ...; NULL: it is C */
    const char *problem; /* why the line cannot be used, and what to do: a response file is missing
                            or endless; NULL: it can */
};

/*
 * Reads job->flags and what it names; all memory is in `arena`.
 *
 * Response files are read relative to job->directory, at most 10 deep and 1 MiB each.  O(length).
 */
struct frontend_flags frontend_clean_flags(struct arena *arena, const struct frontend_job *job);

/* The words of a command line. */
typedef VEC(const char *) flag_words;

enum flag_quoting {
    QUOTING_SHELL,    /* as a POSIX shell takes it apart, expanding nothing */
    QUOTING_RESPONSE, /* as gcc reads @files: a backslash counts inside single quotes too */
};

/* Adds the words of `text` to `words`; an unfinished quote ends with the text. */
void flag_words_split(struct arena *arena, const char *text, size_t length, enum flag_quoting,
                      flag_words *words);

/* Is this how a C source file's name ends (.c, .i), or a header's (.h)? */
bool frontend_is_c_source(const char *path);
bool frontend_is_header(const char *path);

#endif
