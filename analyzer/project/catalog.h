/*
 * catalog.h - what leash knows of its rules, as text.
 */
#ifndef LEASH_CATALOG_H
#define LEASH_CATALOG_H

#include "report/report.h"

enum catalog_format { CATALOG_TEXT, CATALOG_JSON, CATALOG_MARKDOWN };

/* Every rule: id, group, whether it is on by default, summary. */
void catalog_rules(struct text *, enum catalog_format);

enum catalog_style {
    CATALOG_PAGE,   /* the Markdown as it is */
    CATALOG_PLAIN,  /* for a terminal */
    CATALOG_COLOUR, /* for a terminal with colours */
};

/* The same for a report that carries its rules along: each with its page. */
struct report_rules catalog_report_rules(struct arena *);

/* The page of one rule, or of "all".  false: there is none of that name; then `nearest`, if not
 * NULL, is what was perhaps meant. */
bool catalog_explain(struct text *, const char *id, enum catalog_style, const char **nearest);

/* "leash 0.1.0 (libclang 19.1.7)" */
void catalog_version(struct text *);

#endif
