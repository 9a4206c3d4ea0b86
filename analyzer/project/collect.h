/*
 * collect.h - phase one: units parsed by worker processes, each of which may die.
 *
 * libclang ends the process on absurdly deep input, and may want more memory than there is.  So
 * every unit is parsed in a forked worker that sends its bytes (ir_unit_write) back.  A worker that
 * dies costs the unit it was on; another one goes on with the rest.
 */
#ifndef LEASH_COLLECT_H
#define LEASH_COLLECT_H

#include "project/unit.h"

enum {
    COLLECT_JOBS_MAX = 256,
    COLLECT_UNITS_A_WORKER = 64, /* then it is replaced, so that memory stays bounded */
};

/* What one unit may cost; beyond, its worker is killed and the unit has failed. */
struct collect_limits {
    unsigned cpu_seconds;
    unsigned seconds;      /* on the clock: a unit may wait for a named pipe it includes */
    uint64_t memory_bytes; /* of the whole worker; not held under sanitizers, which map more */
};
extern const struct collect_limits collect_default_limits;

/* Called in the parent after each unit; `done` of `total`. */
typedef void collect_progress(void *context, size_t done, size_t total);

/* Called in the parent with the bytes of each unit that a worker parsed. */
typedef void collect_keep(void *context, const struct unit *, const char *bytes, size_t length);

/* How units are parsed. */
struct collect_options {
    unsigned jobs; /* workers at a time; 0: one for each processor */
    struct collect_limits limits;
    const struct file_buffer *buffers; /* read in place of files */
    size_t buffer_count;
    collect_progress *progress; /* NULL: none */
    collect_keep *keep;         /* NULL: none */
    void *context;              /* for both */
};

/*
 * Parses every waiting unit and reads unit files.  Each unit is afterwards analysed or failed; the
 * result does not depend on `jobs`.  Forks, so no other thread may run in this process.  false and
 * *problem: no worker could be started at all.
 */
bool collect_units(struct arena *arena, const unit_list *units,
                   const struct collect_options *options, const char **problem);

#endif
