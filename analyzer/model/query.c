/*
 * What types, annotations and notes in comments stand for, and what acts tell of themselves.
 */
#include "model/table.h"

static const struct {
    const char *word, *shown;
} words[] = {
    [OBJECT_NONE] = {"", "nothing"},
    [OBJECT_CHAN] = {"chan", "channel"},
    [OBJECT_WG] = {"wg", "wait group"},
    [OBJECT_MUTEX] = {"mutex", "lock"},
    [OBJECT_RWLOCK] = {"rwlock", "read-write lock"},
    [OBJECT_COND] = {"cond", "condition"},
    [OBJECT_CONTEXT] = {"context", "context"},
    [OBJECT_ONCE] = {"once", "once"},
    [OBJECT_THREAD] = {"thread", "thread"},
    [OBJECT_TIMER] = {"timer", "timer"},
    [OBJECT_BARRIER] = {"barrier", "barrier"},
};

enum object_kind object_kind_of_word(const char *word)
{
    for (size_t kind = OBJECT_CHAN; kind < COUNT_OF(words); kind++)
        if (text_is(words[kind].word, word))
            return (enum object_kind)kind;
    return OBJECT_OTHER;
}

const char *object_kind_word(enum object_kind kind)
{
    return kind < COUNT_OF(words) ? words[kind].shown : "object";
}

enum object_kind model_type_kind(const struct model_set *set, const struct ir_type *type)
{
    for (; type; type = type->alias_of) {
        const struct model_type *found = type->name ? map_get_str(&set->types, type->name) : NULL;
        if (found)
            return found->kind;
    }
    return OBJECT_NONE;
}

/* ---- notes ----------------------------------------------------------------------------------- */

enum note_meaning model_note_meaning(const struct model_set *set, const char *note)
{
    return (enum note_meaning)(uintptr_t)map_get_str(&set->notes, note);
}

const char *const *model_notes(const struct model_set *set, size_t *count)
{
    *count = set->note_texts.count;
    return set->note_texts.at;
}

bool model_is_daemon(const struct model_set *set, const struct ir_symbol *function)
{
    for (size_t i = 0; i < function->note_count; i++)
        if (model_note_meaning(set, function->notes[i]) == NOTE_DAEMON)
            return true;
    const struct entry *entry = map_get_str(&set->functions, function->name);
    return entry && entry->is_daemon;
}

bool model_spawns_daemon(const struct model_set *set, const struct ir_unit *unit,
                         const struct ir_op *spawn)
{
    for (size_t i = 0; unit->remark_count && i < set->note_texts.count; i++)
        if (model_note_meaning(set, set->note_texts.at[i]) == NOTE_DAEMON &&
            ir_has_remark(unit, &spawn->pos, set->note_texts.at[i]))
            return true;
    return false;
}

bool model_takes(const struct model_set *set, const struct ir_symbol *function, size_t param)
{
    for (size_t i = 0; i < function->param_note_count; i++)
        if (function->param_notes[i].param == param &&
            model_note_meaning(set, function->param_notes[i].text) == NOTE_TAKES)
            return true;
    const struct entry *entry = map_get_str(&set->functions, function->name);
    for (size_t i = 0; entry && i < entry->take_count; i++)
        if (entry->takes[i] == param)
            return true;
    return false;
}

const struct act_outcome *act_outcome_of(const struct act *act, enum act_result result)
{
    for (size_t i = 0; act && i < act->outcome_count; i++)
        if (act->outcomes[i].result == result)
            return &act->outcomes[i];
    return NULL;
}
