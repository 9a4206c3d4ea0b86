/*
 * check.h - a whole run of `leash check`: collect, give calls their meaning, link, rules, report.
 *
 *     struct check_result result = {0};
 *     check_run(&options, &result);
 *     ... print result.errors, result.output, result.summary; exit with result.status ...
 *     check_result_release(&result);
 */
#ifndef LEASH_CHECK_H
#define LEASH_CHECK_H

#include "project/collect.h"
#include "project/inputs.h"
#include "project/store.h"
#include "report/finding.h"

enum { STATUS_CLEAN, STATUS_FINDINGS, STATUS_TROUBLE };

enum output_format { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_SARIF };
enum { CHECK_BUDGET_MS_MAX = 10 * 60 * 1000 };

struct sources;

/* What a run came to, for who shows it in a way of his own. */
struct check_outcome {
    bool is_begun;            /* else the problems say why nothing could be analysed */
    const findings *found;    /* finished */
    const problems *problems; /* what could not be done, the errors of units among it */
    const unit_list *units;   /* of the run */
    const name_list *broken;  /* see unit_store_restore */
    const char *database;     /* the compile_commands.json in use; NULL: none */
    struct sources *sources;  /* of the run, buffers included */
};
typedef void check_take(void *context, const struct check_outcome *);

struct check_options {
    struct input_options input;
    const char *rules;          /* --rules; NULL: as the settings say */
    const char *min_confidence; /* a word, or NULL */
    const char *fail_on;        /* a word, or NULL */
    const char *config;         /* a settings file, or NULL: the nearest */
    name_list models;           /* more model files */
    unsigned jobs;              /* 0: one for each processor */
    enum output_format format;
    bool lists_units;        /* print the units instead of findings */
    bool dumps_ir;           /* print the IR instead of findings */
    bool shows_config;       /* print the settings and stop */
    unsigned budget_ms;      /* for the search in one scope, at most CHECK_BUDGET_MS_MAX; 0: 250 */
    const char *silent_file; /* why nothing is said of silent_line there; NULL: not asked */
    uint32_t silent_line;
    bool has_stats; /* counts and times in the summary */
    bool colour;
    const char *directory;             /* NULL: the working directory */
    const struct file_buffer *buffers; /* what an editor holds in place of files */
    size_t buffer_count;
    const struct unit_store *store; /* units of earlier runs; NULL: none */
    collect_keep *keep;             /* gets those that this run parsed; NULL: none */
    check_take *take;               /* gets the outcome, and no output is made; NULL: none */
    collect_progress *progress;     /* NULL: none */
    void *context;                  /* for the three */
};

struct check_result {
    struct text output;  /* for stdout or a file */
    struct text errors;  /* what could not be done: for stderr, first */
    struct text summary; /* for stderr, last */
    int status;          /* STATUS_... */
};

void check_run(const struct check_options *, struct check_result *);
void check_result_release(struct check_result *);

/* One unit file's bytes from one file: `leash collect`.  The same errors and status; output holds
 * the bytes. */
void collect_run(const struct input_options *, struct check_result *);

#endif
