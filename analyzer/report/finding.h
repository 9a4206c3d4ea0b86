/*
 * finding.h - findings as data, and the ways they are shown.
 */
#ifndef LEASH_FINDING_H
#define LEASH_FINDING_H

#include "base/base.h"

enum rule_group { GROUP_LEAK, GROUP_MISUSE, GROUP_CONVENTION, GROUP_PEDANTIC };
enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
enum confidence { CONFIDENCE_POSSIBLE, CONFIDENCE_LIKELY, CONFIDENCE_PROVEN };

const char *rule_group_word(enum rule_group);
const char *severity_word(enum severity);
const char *confidence_word(enum confidence);

/* Absolute path, lines and columns from 1, columns in bytes, the end one past the last byte. */
struct place {
    const char *path;
    uint32_t line, column, end_line, end_column;
};

struct note {
    struct place place;
    const char *message;
    bool is_step; /* of an execution that ends where the task stays */
};

struct edit {
    const char *path;
    uint64_t offset, length; /* bytes */
    const char *text;
};

struct fix {
    const char *description;
    VEC(struct edit) edits;
};

struct finding {
    const char *rule;
    enum rule_group group;
    enum severity severity;
    enum confidence confidence;
    struct place place;
    const char *function; /* "" outside of any */
    const char *message;
    VEC(struct note) notes;
    VEC(struct place) stuck_at; /* where the task stays; see pass_stuck_at */
    VEC(struct fix) fixes;
    const char *fingerprint; /* stable when code moves; set by report_finish */
};
typedef VEC(struct finding *) findings;

/* A unit or file that could not be analysed (in full).  line 0: the whole file. */
struct failure {
    const char *path;
    uint32_t line;
    const char *message;
};
typedef VEC(struct failure) failures;

#endif
