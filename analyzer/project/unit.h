/*
 * unit.h - the translation units of a run, and what went wrong with them.
 */
#ifndef LEASH_PROJECT_UNIT_H
#define LEASH_PROJECT_UNIT_H

#include "frontend/frontend.h"

enum unit_state {
    UNIT_WAITING,
    UNIT_ANALYSED,
    UNIT_SKIPPED, /* not C */
    UNIT_FAILED,  /* could not be parsed or read at all */
};

struct unit {
    const char *file;          /* absolute and cleaned; of a unit file: its path as given */
    const char *directory;     /* absolute; where the compiler is started */
    VEC(const char *) outputs; /* the object files that the build makes of it */
    const char *const *flags;  /* as the build gives them */
    size_t flag_count;
    bool is_unit_file; /* `file` is to be read, not to be compiled */
    enum unit_state state;
    const char *why;    /* UNIT_SKIPPED, UNIT_FAILED */
    struct ir_unit *ir; /* UNIT_ANALYSED */
    struct arena arena; /* holds ir and what later layers add to it */
};
typedef VEC(struct unit *) unit_list;
typedef VEC(const char *) name_list;

/* Something that kept us from doing the job in full. */
struct problem {
    const char *path;      /* "": of no file */
    uint32_t line, column; /* 0: the whole file */
    const char *message;
    const char *remedy; /* what to do; NULL: the message says it */
};
typedef VEC(struct problem) problems;

void problem_add(struct arena *, problems *, const char *path, uint32_t line, uint32_t column,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));

struct unit *unit_new(struct arena *, const char *file, const char *directory);
/* Drops what the unit's own arena holds. */
void unit_release(struct unit *);

/* The job that the front end gets for it, without buffers. */
struct frontend_job unit_job(const struct unit *);

/* Absolute, cleaned, seen from `directory`. */
const char *absolute_path(struct arena *, const char *directory, const char *path);
/* With symbolic links resolved; unchanged where the file is not there. */
const char *real_path(struct arena *, const char *path);
/* The working directory; ends the program with a message where there is none. */
const char *working_directory(struct arena *);

#endif
