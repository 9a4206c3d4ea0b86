/*
 * yaml.h - YAML files as small trees that know where they stand, and the problems found in them.
 *
 * What people write: mappings, lists and scalars, one document.  Aliases, anchors and tags are
 * refused, so a tree is never larger than its text; size and depth are bounded.  A key that stands
 * twice is a mistake.
 */
#ifndef LEASH_YAML_H
#define LEASH_YAML_H

#include "model/model.h"

enum {
    YAML_BYTES_MAX = 1024 * 1024,
    YAML_DEPTH_MAX = 24,
    YAML_PROBLEMS_MAX = 50, /* of one file; more are left out */
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    uint32_t line, column; /* from 1; columns count characters */
    const char *text;      /* YAML_SCALAR: without quotes, free of NULs */
    bool is_plain;         /* YAML_SCALAR: written without quotes */
    struct yaml **keys;    /* YAML_MAP: scalars, as many as items */
    struct yaml **items;
    size_t count;
};

/* One file being read: where its trees go and where its mistakes are told. */
struct yaml_source {
    struct arena *arena;
    const char *file; /* as messages name it */
    model_problems *problems;
    size_t mistakes; /* told so far */
};

/* The tree of the one document in `text`; an empty document is an empty mapping.  NULL when it
 * cannot be read, which is then told. */
struct yaml *yaml_parse(struct yaml_source *source, const char *text, size_t length);

/* The value of `key` in a mapping, NULL: there is none (or it is no mapping). */
const struct yaml *yaml_get(const struct yaml *map, const char *key);
/* A node as a message shows it: "the list", "'word'", "nothing". */
const char *yaml_show(struct arena *arena, const struct yaml *node);

/* Tells a mistake at `node`. */
void yaml_problem(struct yaml_source *source, const struct yaml *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
