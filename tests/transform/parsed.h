/*
 * parsed.h - a fixture's files as libclang sees them, and changes to their text.
 *
 * The transforms work on the text, so that all that is not their matter (comments, layout, macros)
 * stays as it was written; libclang says what a piece of the text is.
 */
#ifndef LEASH_TEST_PARSED_H
#define LEASH_TEST_PARSED_H

#include "fixture.h"

#include <clang-c/Index.h>

struct token {
    enum CXTokenKind kind;
    uint32_t offset, length;
};

struct parsed_file {
    const char *path;
    const char *text;
    uint32_t length;
    VEC(struct token) tokens; /* comments included; of a header, as the first unit sees it */
    VEC(uint32_t) lines;      /* offset of each line's first byte */
};

struct parsed {
    struct arena *arena;
    const struct fixture *fixture;
    const char *only; /* wrap: which functions, see transform_test.c; NULL: all */
    CXIndex index;
    VEC(CXTranslationUnit) units; /* one for each .c file */
    struct parsed_file *files;    /* as many as the fixture has, in its order */
};

/* Parses all files.  false: libclang would not, and `out` says so.  parsed_close in every case. */
bool parsed_open(struct parsed *, struct arena *, const struct fixture *, const char *root,
                 const struct expected *, struct text *out);
void parsed_close(struct parsed *);

/* Sees the cursors of all units that stand in the fixture's own files, from the top; what it
 * returns is as for clang_visitChildren. */
typedef enum CXChildVisitResult parsed_see(void *context, CXCursor);
void parsed_visit(struct parsed *, parsed_see *, void *context);

/* Where a location is written: what a macro's argument brings stands at the argument, what its body
 * brings at the macro's name.  NULL: in none of the fixture's files. */
struct parsed_file *parsed_where(struct parsed *, CXSourceLocation, uint32_t *offset);
struct parsed_file *parsed_at(struct parsed *, CXCursor, uint32_t *offset);
/* A cursor's spelling, in the arena. */
const char *parsed_name(struct parsed *, CXCursor);
const char *parsed_string(struct parsed *, CXString);

/* The identifier that is written there; "": none. */
const char *word_at(struct arena *, const struct parsed_file *, uint32_t offset);
/* The line of an offset, from 1. */
uint32_t line_at(const struct parsed_file *, uint32_t offset);
/* The first token that ends behind the offset; its index may be tokens.count. */
size_t token_at(const struct parsed_file *, uint32_t offset);
bool token_is(const struct parsed_file *, size_t token, const char *text);
const char *token_text(struct arena *, const struct parsed_file *, size_t token);

/* ---- changes --------------------------------------------------------------------------------- */

struct change {
    uint32_t offset, length; /* what goes */
    const char *text;        /* what comes */
};
typedef VEC(struct change) changes;

/* The same change may be added several times; others must not overlap. */
void change_add(struct arena *, changes *, uint32_t offset, uint32_t length, const char *text);
/* Spaces in place of all but the line ends, so that nothing behind it moves. */
void change_blank(struct arena *, changes *, const struct parsed_file *, uint32_t from,
                  uint32_t to);
/* The file's text with all changes made. */
const char *changes_apply(struct arena *, changes *, const struct parsed_file *, size_t *length);

#endif
