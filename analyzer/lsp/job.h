/*
 * job.h - one analysis of a workspace, in a process of its own.
 *
 * So the server always answers, a newer text ends the analysis of an older one, and a crash costs
 * one analysis.  The process is a fork: it sees the documents and kept units as they are now.
 */
#ifndef LEASH_JOB_H
#define LEASH_JOB_H

#include "lsp/diagnostic.h"
#include "lsp/workspace.h"

#include <sys/types.h>

/* What the client sets. */
struct lsp_settings {
    const char *build_dir;      /* where compile_commands.json lies; NULL: the nearest */
    const char *config;         /* a settings file; NULL: the nearest */
    const char *rules;          /* as check --rules takes them, or NULL */
    const char *min_confidence; /* a word, or NULL */
    name_list flags;            /* for files without a compile_commands.json */
};

struct job {
    struct workspace *workspace; /* NULL: there is no job */
    pid_t pid;                   /* leads a process group */
    int answers;
    struct text bytes; /* what came and is not taken yet */
    size_t taken;
    uint64_t started_ms;
};

enum job_state {
    JOB_WAITING,  /* nothing more to tell for now */
    JOB_PROGRESS, /* done and total */
    JOB_RESULT,   /* result, which the caller gives back */
    JOB_ENDED,    /* there will be no more; job_end */
};

struct job_news {
    uint64_t done, total;
    json_t *result;
};

/* false with errno set: there can be no process. */
bool job_start(struct job *, struct workspace *, const struct documents *, const struct client *,
               const struct lsp_settings *);
/* Reads what there is; once, then job_next until it has no more. */
void job_read(struct job *);
/* Units that come are put into the workspace's store. */
enum job_state job_next(struct job *, struct job_news *);
/* Ends it if it has not ended; there is no job then.  Why it died, or NULL. */
const char *job_end(struct job *, struct arena *);
void job_kill(struct job *);

#endif
