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
    struct report_tally tally;
    struct explore_stats explored; /* of all programs */
    uint64_t nanoseconds[STAGE_COUNT];
};

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

/* ---- show.c: what is printed ----------------------------------------------------------------- */

/* Adds what went wrong with units to run->problems. */
void run_gather_problems(struct run *);
void run_show_problems(struct run *);
void run_list_units(struct run *);
void run_dump(struct run *);
void run_show_findings(struct run *);
void run_summary(struct run *);

#endif
