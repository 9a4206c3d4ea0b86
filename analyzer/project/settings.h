/*
 * settings.h - what a project wants of leash: the file `.leash.yaml`.
 *
 * The nearest one upwards is read, and what it extends.  Each mistake is told with its place; a
 * file with mistakes gives no settings.  The grammar is printed for editors into
 * rules/settings.schema.json.
 */
#ifndef LEASH_SETTINGS_H
#define LEASH_SETTINGS_H

#include "model/shape.h"
#include "rules/rule.h"

enum fail_on { FAIL_ON_ERROR, FAIL_ON_WARNING, FAIL_ON_NEVER };
enum headers_wanted { HEADERS_OWN, HEADERS_ALL, HEADERS_NONE };

/* What is known of one rule; by its index in the table of rules. */
struct rule_setting {
    bool is_on;
    enum severity severity;
    bool *options; /* by index in rule->options */
};

struct settings {
    struct arena *arena;
    const struct rule *const *rules; /* the table that ids were looked up in */
    size_t rule_count;
    struct rule_setting *rule_settings;
    enum confidence min_confidence; /* likely */
    enum fail_on fail_on;           /* warning */
    enum headers_wanted headers;    /* own */
    VEC(const char *) models;       /* absolute paths */
    VEC(const char *) include;      /* absolute patterns for path_matches; empty: everything */
    VEC(const char *) exclude;
    VEC(const char *) files; /* absolute paths of what was read, the most general one first */
};

/* What holds without a file.  `table` must outlive the settings. */
struct settings *settings_new(struct arena *arena, const struct rule *const *table,
                              size_t table_count);

/* The path of the nearest `.leash.yaml` in the absolute folder or above it; NULL: there is none. */
const char *settings_find(struct arena *arena, const char *folder);

/* Reads the file and what it extends, that first, on top of what the settings already say.  false:
 * it cannot be read or has mistakes, all of which are added to `problems`; the settings are then
 * not to be used. */
bool settings_read(struct settings *settings, const char *path, model_problems *problems);

/* Switches rules as a list of ids, groups, `all` and `default` says; "-word" takes away.  A list
 * that begins by taking away starts from the rules that are on now, any other from none.  NULL, or
 * what is wrong with one of the words, in the arena. */
const char *settings_select_rules(struct settings *settings, const char *const *words,
                                  size_t count);

/* The rules that are on, in the order of the table, for rules_run; in the settings' arena. */
struct rule_choice *settings_choices(const struct settings *settings, size_t *count);

/* Whether findings in the file with this absolute path are wanted, as include and exclude say. */
bool settings_wants_path(const struct settings *settings, const char *path);

/* Whether `path` is what the pattern names or lies below it.  `*` and `?` stay within a name, `**`
 * goes over folders.  O(length of path × length of pattern). */
bool path_matches(const char *pattern, const char *path);

/* What the file may hold; all rule ids are accepted where `table` is NULL. */
const struct shape *settings_grammar(struct arena *arena, const struct rule *const *table,
                                     size_t table_count);

#endif
