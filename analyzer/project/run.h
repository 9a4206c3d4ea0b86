/*
 * run.h - what the stages of one run share.
 */
#ifndef LEASH_RUN_H
#define LEASH_RUN_H

#include "explore/explore.h"
#include "project/check.h"
#include "project/link.h"
#include "project/settings.h"
#include "report/report.h"

enum stage { STAGE_COLLECT, STAGE_MODEL, STAGE_LINK, STAGE_RULES, STAGE_REPORT, STAGE_COUNT };

/* Why nothing is said of an operation, or what is. */
struct reason {
    const char *title, *text;
    findings found; /* that stand there, before any were taken away */
};

struct run {
    struct arena arena; /* of the run: options, findings, messages */
    const struct check_options *options;
    struct check_result *result;
    const char *directory; /* the working directory */
    const char *root;      /* of the project: names in fingerprints are seen from here */
    struct settings *settings;
    const char *settings_path; /* NULL: no file */
    bool hides_unused;         /* unused-suppression is switched off */
    struct model_set *models;
    struct inputs inputs;
    program_list programs;
    findings found;
    problems problems;
    name_list broken; /* see unit_store_restore */
    struct report_tally tally;
    struct explore_stats explored; /* of all programs */
    const char *silent_path;       /* of the file asked about, as the units name it; NULL: none */
    VEC(struct reason) reasons;
    uint64_t nanoseconds[STAGE_COUNT];
};

/* The sources as this run sees them; the caller releases them. */
struct sources run_sources(const struct run *);

/* ---- options.c: settings, rules and models --------------------------------------------------- */

/* Reads the settings and applies the command line; false: problems says why not. */
bool run_settings(struct run *);
bool run_models(struct run *);
void run_show_config(struct run *);

/* ---- filter.c: which findings are wanted ----------------------------------------------------- */

/* Takes away findings in files that nobody asked for. */
void run_filter(struct run *);
/* The files of which all is known, for unused suppressions. */
name_list run_complete_files(struct run *);

/* ---- silence.c: why nothing is said of a line ------------------------------------------------ */

/* Is the file read by one of the units?  Else it is a problem. */
bool run_knows_silent_file(struct run *);
/* Before and after the rules run on a program: what to watch, and what was seen.  `first`: of the
 * program's findings in run->found. */
struct explain *run_watch(struct run *, struct arena *facts, struct ir_unit *const *, size_t count);
void run_keep_reasons(struct run *, struct flow *, const struct explain *, size_t first);
/* When the findings are finished. */
void run_show_reasons(struct run *);

/* ---- show.c: what is printed ----------------------------------------------------------------- */

/* Adds what went wrong with units to run->problems. */
void run_gather_problems(struct run *);
void run_show_problems(struct run *);
void run_list_units(struct run *);
void run_dump(struct run *);
void run_show_findings(struct run *);
void run_summary(struct run *);

#endif
