/*
 * unused-note: a note for leash that says nothing: a comment `leash:...` or an attribute behind
 * LEASH_DAEMON and LEASH_TAKES that is misspelt, or that stands where it has no meaning.
 *
 * Whoever wrote it believes that leash knows; it does not, and what it then reports, or keeps
 * silent about, surprises.
 *
 * Fine: notes of a user's own model, annotations that are no note of leash, comments below an #if,
 * which another configuration may need.
 *
 * Unseen: a daemon that nobody starts, and a function that does not do what `takes` promises.
 */
#include "rules/rule.h"

#include <string.h>

/* Comments that take findings away are misspelt as easily. */
static const char *const suppressions[] = {"leash:ignore", "leash:ignore-file"};

/* ---- words ----------------------------------------------------------------------------------- */

/* Which of the known words is meant; NULL: none is near. */
static const char *nearest(struct pass *pass, const char *word)
{
    size_t count;
    const char *const *notes = model_notes(flow_models(pass->flow), &count);
    size_t known_count = count + COUNT_OF(suppressions);
    const char **known = arena_array(pass->arena, const char *, known_count);
    for (size_t i = 0; i < known_count; i++)
        known[i] = i < count ? notes[i] : suppressions[i - count];
    return text_nearest(word, known, known_count);
}

static const char *list_of_notes(struct pass *pass)
{
    size_t count;
    const char *const *notes = model_notes(flow_models(pass->flow), &count);
    const char *list = "leash:ignore, leash:ignore-file";
    for (size_t i = 0; i < count; i++)
        list = arena_printf(pass->arena, "%s, %s", list, notes[i]);
    return list;
}

static const char *misspelt(struct pass *pass, const char *word)
{
    const char *near = nearest(pass, word);
    return near ? arena_printf(pass->arena, "leash knows no '%s'; did you mean '%s'?", word, near)
                : arena_printf(pass->arena, "leash knows no '%s'; it knows: %s", word,
                               list_of_notes(pass));
}

/* ---- comments -------------------------------------------------------------------------------- */

static bool can_spawn(struct flow *flow, const struct ir_func *func, const struct ir_op *op)
{
    if (op->act)
        return op->act->kind == ACT_SPAWN;
    struct flow_targets targets = flow_callees(flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (flow_can(flow, targets.bodies.at[i], ACT_SPAWN))
            return true;
    return false;
}

/* Does the code that the remark stands at start a task, itself or in what it calls? */
static bool is_at_spawn(struct pass *pass, const struct ir_unit *unit,
                        const struct ir_remark *remark)
{
    for (size_t i = 0; i < unit->func_count; i++)
        for (const struct ir_op *op = NULL; (op = ir_next_op(unit->funcs[i], IR_OP_CALL, op));)
            if (op->pos.file == remark->pos.file &&
                (op->pos.line == remark->target || op->pos.end_line == remark->target) &&
                can_spawn(pass->flow, unit->funcs[i], op))
                return true;
    return false;
}

static const char *daemon_complaint(struct pass *pass, const struct ir_unit *unit,
                                    const struct ir_remark *remark)
{
    if (remark->at == IR_REMARK_FUNCTION ||
        (remark->at == IR_REMARK_CODE && remark->target && is_at_spawn(pass, unit, remark)))
        return NULL;
    return arena_printf(pass->arena,
                        "'%s' says nothing here: write it above the function of the task, or at "
                        "the call that starts it",
                        remark->text);
}

static const char *takes_complaint(struct pass *pass, const struct ir_remark *remark)
{
    if (remark->unknown)
        return arena_printf(pass->arena, "'%s' has no parameter '%s' that could be taken",
                            remark->symbol->name, remark->unknown);
    if (remark->at == IR_REMARK_PARAM)
        return NULL;
    return remark->at == IR_REMARK_FUNCTION
               ? arena_printf(pass->arena,
                              "'%s' does not tell which parameter of '%s' is taken: write '%s "
                              "NAME', or write it behind the parameter",
                              remark->text, remark->symbol->name, remark->text)
               : arena_printf(pass->arena,
                              "'%s' says nothing here: write it behind a parameter, or above the "
                              "function as '%s NAME'",
                              remark->text, remark->text);
}

static const char *complaint(struct pass *pass, const struct ir_unit *unit,
                             const struct ir_remark *remark)
{
    switch (model_note_meaning(flow_models(pass->flow), remark->text)) {
    case NOTE_UNKNOWN:
        return misspelt(pass, remark->text);
    case NOTE_DAEMON:
        return daemon_complaint(pass, unit, remark);
    case NOTE_TAKES:
        return takes_complaint(pass, remark);
    }
    return NULL;
}

static void check_remarks(struct pass *pass, const struct ir_unit *unit)
{
    for (size_t i = 0; i < unit->remark_count; i++) {
        const struct ir_remark *remark = &unit->remarks[i];
        const char *message = remark->is_conditional ? NULL : complaint(pass, unit, remark);
        if (message)
            pass_report(pass, unit->init, remark->pos, CONFIDENCE_LIKELY, "%s", message);
    }
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* The note came from a comment, which was looked at already. */
static bool is_remark(const struct ir_unit *unit, const struct ir_symbol *symbol, const char *note)
{
    for (size_t i = 0; i < unit->remark_count; i++)
        if (unit->remarks[i].symbol == symbol && text_is(unit->remarks[i].text, note))
            return true;
    return false;
}

/* Other tools have annotations of their own, so an unknown one has to begin as ours do. */
static void check_attribute(struct pass *pass, const struct ir_unit *unit, struct ir_pos pos,
                            const char *note, enum note_meaning wanted, const char *remedy)
{
    enum note_meaning meaning = model_note_meaning(flow_models(pass->flow), note);
    if (meaning == NOTE_UNKNOWN && text_starts(note, "leash:"))
        pass_report(pass, unit->init, pos, CONFIDENCE_LIKELY, "%s", misspelt(pass, note));
    else if (meaning != NOTE_UNKNOWN && meaning != wanted)
        pass_report(pass, unit->init, pos, CONFIDENCE_LIKELY,
                    "the annotation '%s' says nothing here: %s", note, remedy);
}

static const char *remedy_for(enum note_meaning meaning)
{
    return meaning == NOTE_DAEMON ? "write it before the function of the task"
                                  : "write it before a parameter";
}

static enum note_meaning meaning_of(struct pass *pass, const char *note)
{
    return model_note_meaning(flow_models(pass->flow), note);
}

static void check_symbol(struct pass *pass, const struct ir_unit *unit,
                         const struct ir_symbol *symbol)
{
    enum note_meaning wanted = symbol->kind == IR_SYMBOL_FUNCTION ? NOTE_DAEMON : NOTE_UNKNOWN;
    for (size_t i = 0; i < symbol->note_count; i++)
        if (!is_remark(unit, symbol, symbol->notes[i]))
            check_attribute(pass, unit, symbol->pos, symbol->notes[i], wanted,
                            remedy_for(meaning_of(pass, symbol->notes[i])));
    for (size_t i = 0; i < symbol->param_note_count; i++)
        if (!is_remark(unit, symbol, symbol->param_notes[i].text))
            check_attribute(pass, unit, symbol->pos, symbol->param_notes[i].text, NOTE_TAKES,
                            remedy_for(NOTE_DAEMON));
}

/* The variables behind a defer carry a note on what they clean up, for the front end. */
static void check_locals(struct pass *pass, const struct ir_unit *unit, const struct ir_func *func)
{
    for (size_t i = 0; i < func->var_count; i++)
        for (size_t k = 0; !func->vars[i]->cleanup && k < func->vars[i]->note_count; k++)
            check_attribute(pass, unit, func->vars[i]->pos, func->vars[i]->notes[k], NOTE_UNKNOWN,
                            remedy_for(meaning_of(pass, func->vars[i]->notes[k])));
}

static void check_program(struct pass *pass)
{
    size_t count;
    struct ir_unit *const *units = flow_units(pass->flow, &count);
    for (size_t i = 0; i < count; i++) {
        if (!units[i]->init)
            continue; /* findings stand in its name */
        check_remarks(pass, units[i]);
        for (size_t k = 0; k < units[i]->symbol_count; k++)
            check_symbol(pass, units[i], units[i]->symbols[k]);
        for (size_t k = 0; k < units[i]->func_count; k++)
            check_locals(pass, units[i], units[i]->funcs[k]);
    }
}

const struct rule rule_unused_note = {
    .id = "unused-note",
    .group = GROUP_CONVENTION,
    .summary = "a note for leash that says nothing about the code it stands at",
    .check_program = check_program,
};
