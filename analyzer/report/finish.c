#include "report/report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- order ----------------------------------------------------------------------------------- */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_places(const struct place *a, const struct place *b)
{
    int order = strcmp(a->path, b->path);

    if (!order)
        order = compare_numbers(a->line, b->line);
    if (!order)
        order = compare_numbers(a->column, b->column);
    if (!order)
        order = compare_numbers(a->end_line, b->end_line);
    if (!order)
        order = compare_numbers(a->end_column, b->end_column);
    return order;
}

static int compare_notes(const struct finding *a, const struct finding *b)
{
    int order = compare_numbers(a->notes.count, b->notes.count);

    for (size_t i = 0; !order && i < a->notes.count; i++) {
        order = compare_places(&a->notes.at[i].place, &b->notes.at[i].place);
        if (!order)
            order = strcmp(a->notes.at[i].message, b->notes.at[i].message);
    }
    return order;
}

/* What makes two findings one: file, line, column, rule, then message and end. */
static int compare_subjects(const struct finding *a, const struct finding *b)
{
    int order = strcmp(a->place.path, b->place.path);

    if (!order)
        order = compare_numbers(a->place.line, b->place.line);
    if (!order)
        order = compare_numbers(a->place.column, b->place.column);
    if (!order)
        order = strcmp(a->rule, b->rule);
    if (!order)
        order = strcmp(a->message, b->message);
    if (!order)
        order = compare_places(&a->place, &b->place);
    return order;
}

/* Among equal subjects the best comes first: the surest, then the shortest story. */
static int compare(const void *left, const void *right)
{
    const struct finding *a = *(struct finding *const *)left;
    const struct finding *b = *(struct finding *const *)right;
    int order = compare_subjects(a, b);

    if (!order)
        order = compare_numbers(b->confidence, a->confidence);
    if (!order)
        order = compare_numbers(b->severity, a->severity);
    if (!order)
        order = compare_notes(a, b);
    if (!order)
        order = strcmp(a->function, b->function);
    return order;
}

static void sort(findings *found)
{
    if (found->count)
        qsort(found->at, found->count, sizeof *found->at, compare);
}

/* Keeps the first of equal ones; they stand side by side. */
static size_t merge(findings *found)
{
    size_t kept = 0;

    for (size_t i = 0; i < found->count; i++)
        if (kept == 0 || compare_subjects(found->at[kept - 1], found->at[i]) != 0)
            found->at[kept++] = found->at[i];
    size_t merged = found->count - kept;
    found->count = kept;
    return merged;
}

/* ---- fingerprints ---------------------------------------------------------------------------- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Numbers that stand alone become '#': lines and counts move, 'worker2' does not. */
static void add_without_numbers(struct text *key, const char *message)
{
    for (const char *at = message; *at;) {
        bool is_number = isdigit((unsigned char)*at) && (at == message || !is_word(at[-1]));
        if (!is_number) {
            text_add_char(key, *at++);
            continue;
        }
        text_add_char(key, '#');
        while (isdigit((unsigned char)*at))
            at++;
    }
}

/* White space shrinks to one blank, so that a new indentation changes nothing. */
static void add_squeezed(struct text *key, const char *line, size_t length)
{
    bool is_gap = false, has_text = false;

    for (size_t i = 0; i < length; i++) {
        if (isspace((unsigned char)line[i])) {
            is_gap = true;
            continue;
        }
        if (is_gap && has_text)
            text_add_char(key, ' ');
        is_gap = false;
        has_text = true;
        text_add_char(key, line[i]);
    }
}

static void build_key(struct text *key, const struct finding *finding, const struct report_job *job)
{
    enum { LINE_BYTES_MAX = 1 << 12 };
    size_t length = 0;
    const char *line =
        sources_line(job->sources, finding->place.path, finding->place.line, &length);

    key->length = 0;
    text_printf(key, "%s\n%s\n%s\n", finding->rule, path_below(finding->place.path, job->root),
                finding->function);
    add_without_numbers(key, finding->message);
    text_add_char(key, '\n');
    if (line)
        add_squeezed(key, line, length < LINE_BYTES_MAX ? length : LINE_BYTES_MAX);
}

static size_t *count_of(struct arena *run, struct map *seen, const struct text *key)
{
    void **value = map_put(seen, key->at, key->length);

    if (!*value)
        *value = arena_new(run, size_t);
    return *value;
}

/* Sorted findings from `first` on. */
static void fill_fingerprints(struct arena *run, findings *found, size_t first,
                              const struct report_job *job)
{
    struct map seen = {.arena = run};
    struct text key = {0};

    for (size_t i = first; i < found->count; i++) {
        build_key(&key, found->at[i], job);
        size_t *count = count_of(run, &seen, &key);
        text_printf(&key, "\n%zu", ++*count);
        found->at[i]->fingerprint =
            arena_printf(run, "%016llx", (unsigned long long)hash_bytes(key.at, key.length));
    }
    text_release(&key);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static size_t hide_unsure(findings *found, enum confidence least)
{
    size_t kept = 0;

    for (size_t i = 0; i < found->count; i++)
        if (found->at[i]->confidence >= least)
            found->at[kept++] = found->at[i];
    size_t hidden = found->count - kept;
    found->count = kept;
    return hidden;
}

/* Fingerprints come before anything is taken away, so that a new suppression renumbers nobody, and
 * suppressions before the confidence, so that one that hides an unsure finding is not called
 * unused. */
struct report_tally report_finish(struct arena *run, findings *found, const struct report_job *job)
{
    struct report_tally tally = {0};

    sort(found);
    tally.merged = merge(found);
    fill_fingerprints(run, found, 0, job);
    size_t before = found->count;
    tally.suppressed = suppress_apply(run, found, job);
    fill_fingerprints(run, found, before - tally.suppressed, job);
    tally.hidden = hide_unsure(found, job->min_confidence);
    sort(found);
    return tally;
}
