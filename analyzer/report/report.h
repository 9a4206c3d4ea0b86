/*
 * report.h - finishing findings, and showing them.
 *
 *     report_finish(run, &found, &job);          merge, suppress, filter, sort, fingerprint
 *     report_text(&out, &found, &style);         for people
 *     report_json(&out, &found, &failed, ...);   for programs
 *     report_sarif(&out, &found, &failed, ...);  for code scanning services and editors
 *
 * Everything written goes to a struct text that the caller prints.  No function here fails: a
 * source file that cannot be read only costs the lines that would have been shown.
 */
#ifndef LEASH_REPORT_H
#define LEASH_REPORT_H

#include "report/finding.h"

/* ---- source text (sources.c) ----------------------------------------------------------------- */

enum { SOURCES_KEPT = 8, SOURCE_BYTES_MAX = 256 << 20 };

struct source_file {
    struct arena arena; /* path, text and lines; nothing of the text for a held buffer */
    const char *path;   /* NULL: the slot is free */
    const char *text;   /* NULL: cannot be read */
    size_t length;
    VEC(size_t) lines; /* offset of each line's first byte */
    uint64_t used;     /* when it was last asked for, by the counter below */
};

/* Files as they are on disk, the last few kept.  Zero-initialise, then sources_release. */
struct sources {
    struct source_file kept[SOURCES_KEPT];
    uint64_t counter;
    const struct file_buffer *buffers; /* what an editor holds in place of files; the caller's */
    size_t buffer_count;
};

/* The whole text, NUL-terminated where it comes from disk; NULL: cannot be read.  Valid until
 * SOURCES_KEPT other files were asked for.  A first look costs one read of the file. */
const char *sources_text(struct sources *, const char *path, size_t *length);
/* Line `line` (from 1) without its line end; NULL: there is none.  O(1) after the first look. */
const char *sources_line(struct sources *, const char *path, uint32_t line, size_t *length);
void sources_release(struct sources *);

/* ---- finishing (finish.c, suppress.c) -------------------------------------------------------- */

/* The id of what report_finish itself reports.  It has a page, but is no rule of the table. */
#define UNUSED_SUPPRESSION "unused-suppression"

struct report_job {
    struct sources *sources;
    const char
        *root; /* absolute; fingerprints name files as seen from here, so that clones agree */
    enum confidence min_confidence;
    /* Files analysed in full (absolute): a suppression in them that suppresses nothing is a
     * finding. In other files suppressions work, but are never called unused. */
    const char *const *files;
    size_t file_count;
    const char *const *known_rules; /* every id there is */
    size_t known_rule_count;
    const char *const *rules_run; /* those that ran this time */
    size_t rules_run_count;
    bool keep_quiet_about_unused; /* unused-suppression is switched off */
};

struct report_tally {
    size_t merged;     /* the same finding seen from another unit or link group */
    size_t suppressed; /* by a comment */
    size_t hidden;     /* below the least confidence */
};

/*
 * Turns what the rules found into what is shown: one finding for equal rule, place and message (the
 * one of the highest confidence), without the suppressed ones and those below the least confidence,
 * sorted by file, line, column and rule, each with its fingerprint.
 *
 * A fingerprint is 16 hex digits over rule, relative path, function, message without its numbers,
 * and the text of the source line; equal ones are told apart by their order in the file.  It
 * outlives code that moves.  Memory comes from `run`.  O(n log n) and one look at each file.
 */
struct report_tally report_finish(struct arena *run, findings *, const struct report_job *);

/* The middle part alone: takes away what comments suppress, adds what is unused, in no order. */
size_t suppress_apply(struct arena *run, findings *, const struct report_job *);

/* ---- showing (text.c, json.c, sarif.c, page.c) ----------------------------------------------- */

struct report_style {
    struct sources *sources; /* NULL: no source lines */
    const char *directory; /* absolute; files below it are named as seen from here; NULL: in full */
    bool colour;
    uint32_t width; /* cells of a source line at most; 0: 120 */
};

/* As compilers do: the place and message, the source line with the range underlined, then the notes
 * in the same manner; a blank line between findings. */
void report_text(struct text *out, const findings *, const struct report_style *);
void report_text_finding(struct text *out, const struct finding *, const struct report_style *);

struct report_tool {
    const char *version;  /* "0.1.0" */
    const char *frontend; /* "libclang 19.1.7"; NULL: left out */
};

struct report_stat {
    const char *name;
    int64_t value;
};

/* One JSON document, a line for each finding, with all keys in the same order every time.  Bytes
 * that are no UTF-8 become U+FFFD. */
void report_json(struct text *out, const findings *, const failures *, const struct report_tool *,
                 const struct report_stat *stats, size_t stat_count, const char *directory);

/* What a form that carries its rules along says of one. */
struct report_rule {
    const char *id, *summary, *page; /* the page: Markdown */
    enum rule_group group;
    enum severity severity; /* where no settings change it */
};

struct report_rules {
    const struct report_rule *at;
    size_t count;
};

/* One SARIF 2.1.0 document of one run, a line for each finding: the steps of its execution as a
 * code flow, the other notes as related locations.  Columns count characters, for which the source
 * lines are looked at; files below the style's directory are named as seen from it.  Colour and
 * width mean nothing here. */
void report_sarif(struct text *out, const findings *, const failures *, const struct report_tool *,
                  const struct report_rules *, const struct report_style *);

/* A rule's page for a terminal: headings set off, code indented, marks of Markdown left out.  The
 * page as it is needs no function. */
void page_render(struct text *out, const char *markdown, bool colour);

/* The text of the section with that heading of the second level, without blank lines around it;
 * NULL: there is none.  `length` in bytes. */
const char *page_section(const char *markdown, const char *heading, size_t *length);

/* A fenced block of a page. */
struct page_block {
    const char *text; /* into the page */
    size_t length;
    uint32_t line; /* of the page, from 1: the block's first line */
};
/* The next block whose fence says exactly `info` ("c bad") after `after` (NULL: the first); false:
 * there is none. */
bool page_next_block(const char *markdown, const char *info, struct page_block *block,
                     const struct page_block *after);

#endif
