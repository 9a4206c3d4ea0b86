/*
 * shape.h - what a YAML file may hold, as data: it is checked against a tree, and printed as a JSON
 * Schema for editors.  One description serves both, so they cannot disagree.
 */
#ifndef LEASH_SHAPE_H
#define LEASH_SHAPE_H

#include "model/yaml.h"

enum shape_kind {
    SHAPE_TEXT,    /* pattern, refuses, may_be */
    SHAPE_WORD,    /* one of `words` */
    SHAPE_INTEGER, /* min … max */
    SHAPE_LIST,    /* of `item` */
    SHAPE_MAP,     /* free keys, each of the shape `key`, to values of `item` */
    SHAPE_RECORD,  /* `keys` */
    SHAPE_EITHER,  /* one of `either`, which are of different kinds of YAML */
};

/* What a plain text may also be for readers of YAML that know types: 8, null. */
enum { MAY_BE_INTEGER = 1, MAY_BE_NULL = 2 };

struct shape {
    enum shape_kind kind;
    const char *name;     /* in the schema's "$defs"; NULL: written out where it stands */
    const char *expected; /* ends "expected …", where its kind does not say enough */
    const char *pattern;  /* SHAPE_TEXT: a regular expression as JSON Schema has them, NULL: any */
    /* SHAPE_TEXT: what is wrong with the text, for a message, or NULL. */
    const char *(*refuses)(struct arena *, const char *text);
    int may_be;
    const char *const *words; /* SHAPE_WORD: ends with NULL.  "true" and "false" are booleans. */
    int64_t min, max;
    const struct shape *key, *item;
    const struct shape_key *keys;      /* ends with a NULL name */
    const struct shape *const *either; /* ends with NULL */
};

struct shape_key {
    const char *name;
    const struct shape *shape;
    const char *summary;
    const char *with; /* "make derive": stands only beside one of these keys; NULL: always */
    bool is_required;
    bool is_choice;      /* of all keys with this mark, a record holds exactly one */
    const char *refusal; /* a key that is known but may not be used: why */
};

/* Tells every way in which the tree is not of that shape. */
void shape_check(struct yaml_source *source, const struct yaml *node, const struct shape *shape);

/* Adds the JSON Schema (draft 2020-12) of a file of that shape. */
void shape_print_schema(struct text *out, const struct shape *shape, const char *title);

/* Is `word` one of the words of a text with blanks in between? */
bool shape_has_word(const char *words, const char *word);

#endif
