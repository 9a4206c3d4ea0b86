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
    COLLECT_UNITS_A_WORKER = 64,       /* then it is replaced, so that memory stays bounded */
    COLLECT_CPU_SECONDS_MAX = 10 * 60, /* of one unit; then its worker is killed */
};

/* Called in the parent after each unit; `done` of `total`. */
typedef void collect_progress(void *context, size_t done, size_t total);

/*
 * Parses every waiting unit, `jobs` at a time (at least 1), and reads unit files.  Each unit is
 * afterwards analysed or failed; the result does not depend on `jobs`.  Forks, so no other thread
 * may run in this process.  false and *problem: no worker could be started at all.
 */
bool collect_units(struct arena *arena, const unit_list *units, unsigned jobs,
                   collect_progress *progress, void *context, const char **problem);

/* The processors this process may use. */
unsigned collect_default_jobs(void);

#endif
