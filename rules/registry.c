/*
 * registry.c - the table of the rules, made from rules.def, and what is said about each.
 */
#include "base/embed.h"
#include "rules/rule.h"

#include <string.h>

#define RULE(name) extern const struct rule rule_##name;
#include "rules.def"
#undef RULE

#define RULE(name) &rule_##name,
const struct rule *const rules[] = {
#include "rules.def"
    NULL,
};
#undef RULE

const size_t rule_count = COUNT_OF(rules) - 1;

const struct rule *rule_find(const char *id)
{
    for (size_t i = 0; i < rule_count; i++)
        if (text_is(rules[i]->id, id))
            return rules[i];
    return NULL;
}

bool rule_is_default(const struct rule *rule)
{
    return rule->group != GROUP_PEDANTIC;
}

enum severity rule_severity(const struct rule *rule)
{
    static const enum severity severities[] = {
        [GROUP_LEAK] = SEVERITY_ERROR,
        [GROUP_MISUSE] = SEVERITY_ERROR,
        [GROUP_CONVENTION] = SEVERITY_WARNING,
        [GROUP_PEDANTIC] = SEVERITY_NOTE,
    };

    return severities[rule->group];
}

const char *rule_page(const char *id)
{
    static const char suffix[] = ".md";
    size_t length = strlen(id);

    for (size_t i = 0; i < embedded_pages_count; i++) {
        const char *name = embedded_pages[i].name;
        if (strncmp(name, id, length) == 0 && text_is(name + length, suffix))
            return embedded_pages[i].data;
    }
    return NULL;
}
