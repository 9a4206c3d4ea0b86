#include "project/catalog.h"

#include "frontend/frontend.h"
#include "report/report.h"
#include "rules/rule.h"

#include <jansson.h>
#include <stdlib.h>

/* A line of the list: a rule of the table, or what the report itself finds. */
struct entry {
    struct report_rule rule;
    const char *group, *severity;
    bool is_default;
};

static size_t entry_count(void)
{
    return rule_count + 1;
}

static struct entry own_entry(void)
{
    return (struct entry){
        .rule =
            {
                .id = UNUSED_SUPPRESSION,
                .summary = "a comment that suppresses a finding suppresses none",
                .page = rule_page(UNUSED_SUPPRESSION),
                .group = GROUP_CONVENTION,
                .severity = SEVERITY_WARNING,
            },
        .is_default = true,
    };
}

static struct entry entry_of(const struct rule *rule)
{
    return (struct entry){
        .rule =
            {
                .id = rule->id,
                .summary = rule->summary,
                .page = rule_page(rule->id),
                .group = rule->group,
                .severity = rule_severity(rule),
            },
        .is_default = rule_is_default(rule),
    };
}

static struct entry entry_at(size_t index)
{
    struct entry entry = index < rule_count ? entry_of(rules[index]) : own_entry();
    entry.group = rule_group_word(entry.rule.group);
    entry.severity = severity_word(entry.rule.severity);
    return entry;
}

static void list_text(struct text *out)
{
    for (size_t i = 0; i < entry_count(); i++) {
        struct entry entry = entry_at(i);
        text_printf(out, "%-26s %-11s %-4s %s\n", entry.rule.id, entry.group,
                    entry.is_default ? "on" : "off", entry.rule.summary);
    }
}

static void list_markdown(struct text *out)
{
    text_add(out, "| rule | group | default | summary |\n|---|---|---|---|\n");
    for (size_t i = 0; i < entry_count(); i++) {
        struct entry entry = entry_at(i);
        text_printf(out, "| `%s` | %s | %s | %s |\n", entry.rule.id, entry.group,
                    entry.is_default ? "on" : "off", entry.rule.summary);
    }
}

static void list_json(struct text *out)
{
    json_t *list = json_array();
    for (size_t i = 0; i < entry_count(); i++) {
        struct entry entry = entry_at(i);
        json_t *object = json_pack("{s:s, s:s, s:s, s:b, s:s}", "id", entry.rule.id, "group",
                                   entry.group, "severity", entry.severity, "default",
                                   entry.is_default, "summary", entry.rule.summary);
        BUG_ON(!object || json_array_append_new(list, object) != 0);
    }
    char *json = json_dumps(list, JSON_INDENT(1));
    BUG_ON(!json);
    text_add(out, json);
    text_add_char(out, '\n');
    free(json);
    json_decref(list);
}

void catalog_rules(struct text *out, enum catalog_format format)
{
    switch (format) {
    case CATALOG_TEXT:
        list_text(out);
        break;
    case CATALOG_JSON:
        list_json(out);
        break;
    case CATALOG_MARKDOWN:
        list_markdown(out);
        break;
    }
}

struct report_rules catalog_report_rules(struct arena *arena)
{
    struct report_rule *list = arena_array(arena, struct report_rule, entry_count());
    for (size_t i = 0; i < entry_count(); i++)
        list[i] = entry_at(i).rule;
    return (struct report_rules){list, entry_count()};
}

static void add_page(struct text *out, const char *page, enum catalog_style style)
{
    if (out->length)
        text_add_char(out, '\n');
    if (style == CATALOG_PAGE)
        text_add(out, page);
    else
        page_render(out, page, style == CATALOG_COLOUR);
}

bool catalog_explain(struct text *out, const char *id, enum catalog_style style,
                     const char **nearest)
{
    struct arena arena = {0};
    VEC(const char *) ids = {0};
    bool found = false;
    for (size_t i = 0; i < entry_count(); i++) {
        struct entry entry = entry_at(i);
        const char *page = entry.rule.page;
        *vec_add(&arena, &ids) = entry.rule.id;
        if (!page || (!text_is(id, "all") && !text_is(id, entry.rule.id)))
            continue;
        add_page(out, page, style);
        found = true;
    }
    *nearest = text_nearest(id, ids.at, ids.count);
    arena_release(&arena);
    return found;
}

void catalog_version(struct text *out)
{
    text_printf(out, "leash %s (%s)\n", LEASH_VERSION, frontend_version());
}
