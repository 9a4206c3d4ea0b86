/*
 * table.h - models as tables: what load.c makes of the files and apply.c looks things up in.
 */
#ifndef LEASH_MODEL_TABLE_H
#define LEASH_MODEL_TABLE_H

#include "model/model.h"

/* ---- references: how a model names a value of a call ----------------------------------------- */

enum reference_base {
    REFERENCE_NONE, /* the model names none */
    REFERENCE_ARG,
    REFERENCE_RETURN,
    REFERENCE_INTEGER, /* `null` is 0 */
    REFERENCE_UNKNOWN, /* there is one, out of sight */
};

enum reference_step_kind { STEP_ARROW, STEP_DOT, STEP_INDEX, STEP_STAR };

struct reference_step {
    enum reference_step_kind kind;
    const char *field; /* STEP_ARROW, STEP_DOT */
    int64_t index;     /* STEP_INDEX */
};

struct reference {
    enum reference_base base;
    int64_t number; /* REFERENCE_ARG: from 0; REFERENCE_INTEGER: the value */
    const struct reference_step *steps;
    size_t step_count;
};

/* A comparison that tells how the call went, or for which calls an entry is. */
struct condition {
    enum act_result result;
    struct reference what;
    enum ir_operator compare; /* IR_EQ … IR_GE; IR_AND: it has all the bits of the value */
    int64_t value;
    const char *enumerator; /* a constant of the unit, in place of `value`; NULL: none */
};

/* NULL, and *reference is filled in; else what is wrong with `text`, for a message. */
const char *reference_parse(struct arena *arena, const char *text, struct reference *reference);
const char *condition_parse(struct arena *arena, const char *text, struct condition *condition);

/* Several values: written out, or an array and how many of it count. */
struct reference_list {
    bool is_given;
    const struct reference *at;
    size_t count;
    struct reference array, array_count; /* where `at` is NULL */
};

/* ---- what a function means ------------------------------------------------------------------- */

struct select_operation {
    const char *name; /* the value of the operation field: an enumerator; NULL: `value` */
    int64_t value;
    enum arm_kind arm;
    bool is_point_in_time; /* the field of the time holds a point, not a duration */
};

struct select_layout {
    struct reference cases, count;
    const char *operation, *channel, *into, *value, *ok, *timeout_ms; /* fields; NULL: none */
    const struct select_operation *operations;
    size_t operation_count;
};

enum parks { PARKS_BY_KIND, PARKS_NEVER, PARKS_MAYBE };

struct library {
    const char *name;
    const char **headers; /* none: always active */
    size_t header_count;
};

struct entry {
    const char *function, *word;
    const struct library *library;
    const struct condition *when; /* it is for calls where all of these hold, */
    size_t when_count;
    const struct entry *otherwise; /* and this for others; NULL: they mean nothing */
    const struct entry *earlier;   /* of the same function in a library that was added before */
    bool is_nothing;               /* explicitly without meaning */
    bool is_daemon;      /* about the function itself, not about its calls: a task that stays */
    const size_t *takes; /* likewise: the numbers of the parameters that it takes over;
                            NULL: it is not about that */
    size_t take_count;
    enum act_kind kind;
    enum object_kind object_kind; /* OBJECT_NONE: by the type of the object, or by the act */
    struct reference object, value, entry, counted_by, once, count, capacity, element_size, context;
    struct reference timeout_ms, deadline, lock, index, attributes;
    enum act_attribute attribute;
    struct reference_list args, sources;
    struct select_layout select;
    enum act_mode mode;
    enum parks parks;
    bool wakes_all, tries, is_fed_from_outside, is_never_closed, is_zeroed, is_resumed,
        begins_later;
    const struct condition *conditions;
    size_t condition_count;
};

struct model_set {
    struct arena *arena;
    struct map functions; /* name → struct entry: direct calls, cleanup calls too */
    struct map cleanups; /* name → struct entry: calls made by a cleanup attribute, first choice */
    struct map types;    /* name → struct model_type */
    struct map notes;    /* text → its enum note_meaning */
    VEC(const char *) note_texts; /* in the order of the models */
};

struct model_type {
    enum object_kind kind;
    const char *word;
};

/* OBJECT_OTHER for a word that is none of ours. */
enum object_kind object_kind_of_word(const char *word);

#endif
