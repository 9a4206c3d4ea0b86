/*
 * suppress.c - comments that take findings away.
 *
 *     // leash:ignore rule-id, other-id -- reason      this line, or alone: the next line of code
 *     // leash:ignore-file rule-id -- reason           the whole file
 *     // NOLINT  NOLINT(leash-rule-id)                 this line, as clang-tidy has it
 *     // NOLINTNEXTLINE(leash-rule-id)                 the next line
 *
 * A finding is taken away by its first line, or by the last of its construct, where a comment
 * behind a call over several lines stands.  Files are searched for the two words first and scanned
 * for comments only when one is there.
 */
#include "base/comment.h"
#include "report/report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "leash-" /* of our rules where other tools' rules are named as well */

enum scope { SCOPE_LINE, SCOPE_FILE };

struct suppression {
    enum scope scope;
    uint32_t target;     /* SCOPE_LINE: the line it is for; 0: none */
    const char *pattern; /* a rule's id; "" where it is missing; with is_glob, PREFIX and all */
    bool is_glob;
    struct place place; /* of the id, or of the marker where it has none */
    bool is_named;      /* names one rule of ours: worth a word when it is unused */
    bool is_conditional;
    bool is_used;
};
typedef VEC(struct suppression) suppressions;

struct scan {
    struct arena *run;
    const char *path;
    const struct comment *comment;
    size_t length; /* of its first line: further ones are prose, and may show suppressions */
    suppressions *out;
};

/* ---- reading comments ------------------------------------------------------------------------ */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The `length` bytes at `offset` of the comment's text. */
static struct place place_at(const struct scan *scan, size_t offset, size_t length)
{
    uint32_t line = scan->comment->line;
    struct place place = {.path = scan->path, .line = line, .end_line = line};

    place.column = scan->comment->column + (uint32_t)offset;
    place.end_column = place.column + (uint32_t)length;
    return place;
}

static struct suppression *add(const struct scan *scan, enum scope scope, const char *pattern,
                               size_t length, struct place place)
{
    struct suppression *suppression = vec_add(scan->run, scan->out);

    suppression->scope = scope;
    suppression->pattern = arena_strndup(scan->run, pattern, length);
    suppression->place = place;
    suppression->is_conditional = scan->comment->is_conditional;
    return suppression;
}

/* Each id of the list is a suppression of its own. */
static void read_ids(const struct scan *scan, enum scope scope, struct marker *marker)
{
    size_t start = (size_t)(marker->word - scan->comment->text);
    struct marker_name name;
    bool has_any = false;

    for (; marker_next_name(marker, &name); has_any = true) {
        struct place place = place_at(scan, (size_t)(name.text - scan->comment->text), name.length);
        struct suppression *suppression = add(scan, scope, name.text, name.length, place);
        suppression->target = scan->comment->target;
        suppression->is_named = true;
    }
    if (!has_any)
        add(scan, scope, "", 0, place_at(scan, start, marker->word_length))->is_named = true;
}

static void read_ignore(const struct scan *scan)
{
    struct marker marker;

    if (!comment_read_marker(scan->comment, &marker))
        return;
    if (marker_is(&marker, "leash:ignore"))
        read_ids(scan, SCOPE_LINE, &marker);
    else if (marker_is(&marker, "leash:ignore-file"))
        read_ids(scan, SCOPE_FILE, &marker);
}

static struct suppression *add_nolint(const struct scan *scan, const char *pattern, size_t length,
                                      struct place place, uint32_t target)
{
    struct suppression *suppression = add(scan, SCOPE_LINE, pattern, length, place);

    suppression->target = target;
    return suppression;
}

/* One entry of NOLINT(...): "leash-rule-id", or with a '*' for more than one. */
static void read_nolint_entry(const struct scan *scan, size_t start, size_t end, uint32_t target)
{
    const char *text = scan->comment->text;

    while (start < end && isspace((unsigned char)text[start]))
        start++;
    while (end > start && isspace((unsigned char)text[end - 1]))
        end--;
    size_t length = end - start, skip = strlen(PREFIX);
    struct place place = place_at(scan, start, length);
    if (memchr(text + start, '*', length)) {
        add_nolint(scan, text + start, length, place, target)->is_glob = true;
    } else if (length > skip && !memcmp(text + start, PREFIX, skip)) {
        add_nolint(scan, text + start + skip, length - skip, place, target)->is_named = true;
    }
}

/* A list holds no '(' and is short: without that, a line full of them would take its length
 * squared. */
static void read_nolint_list(const struct scan *scan, size_t at, uint32_t target)
{
    enum { LIST_BYTES_MAX = 4096 };
    const char *text = scan->comment->text;
    size_t end = scan->length - at < LIST_BYTES_MAX ? scan->length : at + LIST_BYTES_MAX;

    for (size_t start = at; at < end && text[at] != '('; at++) {
        if (text[at] != ',' && text[at] != ')')
            continue;
        read_nolint_entry(scan, start, at, target);
        start = at + 1;
        if (text[at] == ')')
            return;
    }
}

/* NOLINT anywhere in a comment, as clang-tidy reads it; at is behind those letters. */
static void read_nolint(const struct scan *scan, size_t at)
{
    static const char next_line[] = "NEXTLINE";
    const char *text = scan->comment->text;
    size_t length = scan->length, marker = at - strlen("NOLINT");
    uint32_t target = scan->comment->line;

    if (marker > 0 && is_word(text[marker - 1]))
        return;
    if (length - at >= strlen(next_line) && !memcmp(text + at, next_line, strlen(next_line))) {
        at += strlen(next_line);
        target++;
    }
    if (at < length && is_word(text[at]))
        return;
    if (at < length && text[at] == '(')
        read_nolint_list(scan, at + 1, target);
    else
        add_nolint(scan, "*", 1, place_at(scan, marker, at - marker), target)->is_glob = true;
}

static void read_line(const struct scan *scan)
{
    const char *text = scan->comment->text, *end = text + scan->length;

    read_ignore(scan);
    for (const char *at = text;
         (at = memmem(at, (size_t)(end - at), "NOLINT", strlen("NOLINT")));) {
        at += strlen("NOLINT");
        read_nolint(scan, (size_t)(at - text));
    }
}

/* The text of a file, read past the cache: most files are looked at only this once. */
static const char *read_text(struct arena *scratch, const struct report_job *job, const char *path,
                             size_t *length)
{
    const struct file_buffer *buffer =
        file_buffer_find(job->sources->buffers, job->sources->buffer_count, path);
    if (buffer)
        *length = buffer->length;
    return buffer ? buffer->text : file_read(scratch, path, SOURCE_BYTES_MAX, length);
}

static void read_file(struct arena *run, const struct report_job *job, const char *path,
                      suppressions *out)
{
    struct arena scratch = {0};
    size_t length = 0;
    const char *text = read_text(&scratch, job, path, &length);
    comments found = {0};

    if (text && (memmem(text, length, "leash:ignore", 12) || memmem(text, length, "NOLINT", 6)))
        comments_scan(&scratch, text, length, &found);
    for (size_t i = 0; i < found.count; i++) {
        const struct comment *comment = &found.at[i];
        const char *newline = memchr(comment->text, '\n', comment->length);
        size_t first_line = newline ? (size_t)(newline - comment->text) : comment->length;
        read_line(&(struct scan){
            .run = run, .path = path, .comment = comment, .length = first_line, .out = out});
    }
    arena_release(&scratch);
}

/* ---- using them ------------------------------------------------------------------------------ */

/* Is `text` what `pattern` stands for?  '*' is any text. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool names(const struct suppression *suppression, const char *rule)
{
    char full[128];

    if (!suppression->is_glob)
        return text_is(suppression->pattern, rule);
    snprintf(full, sizeof full, PREFIX "%s", rule);
    return matches(suppression->pattern, full);
}

static bool covers(const struct suppression *suppression, const struct finding *finding)
{
    const struct place *place = &finding->place;
    bool is_here = suppression->scope == SCOPE_FILE ||
                   (suppression->target &&
                    (suppression->target == place->line || suppression->target == place->end_line));

    return is_here && names(suppression, finding->rule);
}

static bool is_suppressed(const struct finding *finding, suppressions *known)
{
    bool suppressed = false;

    for (size_t i = 0; i < known->count; i++) {
        if (!covers(&known->at[i], finding))
            continue;
        known->at[i].is_used = true;
        suppressed = true;
    }
    return suppressed;
}

static bool is_listed(const char *id, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_is(list[i], id))
            return true;
    return false;
}

/* Why the suppression is of no use; NULL: it may be of use. */
static const char *complaint(struct arena *run, const struct suppression *suppression,
                             const struct report_job *job)
{
    const char *id = suppression->pattern;

    if (!*id)
        return "this suppression names no rule; write 'leash:ignore rule-id -- reason'";
    if (!is_listed(id, job->known_rules, job->known_rule_count) &&
        !text_is(id, UNUSED_SUPPRESSION)) {
        const char *near = text_nearest(id, job->known_rules, job->known_rule_count);
        return near ? arena_printf(run, "no rule is named '%s'; did you mean '%s'?", id, near)
                    : arena_printf(run, "no rule is named '%s'", id);
    }
    if (suppression->is_conditional || !is_listed(id, job->rules_run, job->rules_run_count))
        return NULL;
    return arena_printf(run, "nothing here is reported by '%s'; remove this suppression", id);
}

static void report_unused(struct arena *run, const suppressions *known,
                          const struct report_job *job, findings *out)
{
    for (size_t i = 0; i < known->count; i++) {
        const struct suppression *suppression = &known->at[i];
        if (suppression->is_used || !suppression->is_named)
            continue;
        const char *message = complaint(run, suppression, job);
        if (!message)
            continue;
        struct finding *finding = arena_new(run, struct finding);
        finding->rule = UNUSED_SUPPRESSION;
        finding->group = GROUP_CONVENTION;
        finding->severity = SEVERITY_WARNING;
        finding->confidence = CONFIDENCE_LIKELY;
        finding->place = suppression->place;
        finding->function = "";
        finding->message = message;
        *vec_add(run, out) = finding;
    }
}

/* ---- file by file ---------------------------------------------------------------------------- */

typedef VEC(const char *) paths;

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_paths(paths *list)
{
    size_t kept = 0;

    if (list->count)
        qsort(list->at, list->count, sizeof *list->at, compare_paths);
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || !text_is(list->at[kept - 1], list->at[i]))
            list->at[kept++] = list->at[i];
    list->count = kept;
}

/* Each file once: the analysed ones, and those with findings. */
static paths all_paths(struct arena *run, const findings *found, const struct report_job *job)
{
    paths list = {0};

    for (size_t i = 0; i < job->file_count; i++)
        *vec_add(run, &list) = job->files[i];
    for (size_t i = 0; i < found->count; i++)
        if (i == 0 || !text_is(found->at[i - 1]->place.path, found->at[i]->place.path))
            *vec_add(run, &list) = found->at[i]->place.path;
    sort_paths(&list);
    return list;
}

static paths analysed_paths(struct arena *run, const struct report_job *job)
{
    paths list = {0};

    for (size_t i = 0; i < job->file_count; i++)
        *vec_add(run, &list) = job->files[i];
    sort_paths(&list);
    return list;
}

static bool holds(const paths *list, const char *path)
{
    return list->count &&
           bsearch(&path, list->at, list->count, sizeof *list->at, compare_paths) != NULL;
}

/* Findings of one file lie side by side, in the order of paths, as report_finish sorted them. */
size_t suppress_apply(struct arena *run, findings *found, const struct report_job *job)
{
    paths list = all_paths(run, found, job), analysed = analysed_paths(run, job);
    findings kept = {0}, unused = {0};
    size_t next = 0;

    for (size_t i = 0; i < list.count; i++) {
        suppressions known = {0};
        read_file(run, job, list.at[i], &known);
        for (; next < found->count && text_is(found->at[next]->place.path, list.at[i]); next++)
            if (!is_suppressed(found->at[next], &known))
                *vec_add(run, &kept) = found->at[next];
        if (holds(&analysed, list.at[i]) && !job->keep_quiet_about_unused)
            report_unused(run, &known, job, &unused);
    }
    BUG_ON(next != found->count);
    size_t suppressed = found->count - kept.count;
    for (size_t i = 0; i < unused.count; i++)
        *vec_add(run, &kept) = unused.at[i];
    *found = kept;
    return suppressed;
}
