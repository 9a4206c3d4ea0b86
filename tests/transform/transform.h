/*
 * transform.h - three ways to write the same program differently.
 *
 * None of them may change what is found, and where: a rule that goes by names, that depends on
 * what stands in one file, or that sees an API call only where it is written, is found out by them.
 */
#ifndef LEASH_TEST_TRANSFORM_H
#define LEASH_TEST_TRANSFORM_H

#include "parsed.h"
#include "report/report.h"

/* Where the text of a file comes from. */
struct origin {
    const char *path;      /* the fixture's own file */
    const uint32_t *lines; /* by line, from 1: the line over there; NULL: the same */
    uint32_t line_count;
};

struct transformed {
    struct fixture program;
    VEC(struct origin) origins; /* one for each file of the program */
    size_t done;                /* names changed, definitions moved, calls wrapped */
    size_t left;                /* what had to stay as it is */
};

/* false: this program cannot be transformed, and `out` says why. */
typedef bool transform(struct parsed *, struct transformed *, struct text *out);

/* rename.c: every name that the program declares becomes a meaningless one. */
bool transform_rename(struct parsed *, struct transformed *, struct text *out);
/* split.c: the definitions of every .c file are spread over two. */
bool transform_split(struct parsed *, struct transformed *, struct text *out);
/* wrap.c: every call of the API goes through a function of its own. */
bool transform_wrap(struct parsed *, struct transformed *, struct text *out);

/* Adds a file to the program; its origin, with the same line numbers, is returned to be changed. */
struct origin *transformed_add(struct parsed *, struct transformed *, const char *path,
                               const char *text, size_t length, const char *origin);

/* The differences in rule and line, each with a line in `out`, paths as seen from `root`; how many
 * there are. */
size_t transformed_compare(struct arena *, const findings *before, const findings *after,
                           const struct transformed *, const char *root, struct text *out);

#endif
