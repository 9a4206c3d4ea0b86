#include "rules/verdict.h"

#include <string.h>

static enum confidence confidence_of(enum certainty certainty)
{
    switch (certainty) {
    case CERTAINTY_PROVEN:
        return CONFIDENCE_PROVEN;
    case CERTAINTY_LIKELY:
        return CONFIDENCE_LIKELY;
    default:
        return CONFIDENCE_POSSIBLE;
    }
}

static bool is_at(const struct place *place, const char *path, const struct ir_pos *pos)
{
    return place->line == pos->line && place->column == pos->column &&
           strcmp(place->path, path) == 0;
}

/* Does a finding of a rule already tell of that place, itself or in a note? */
static bool is_reported(const struct pass *pass, const struct ir_func *func,
                        const struct ir_pos *pos)
{
    const char *path = ir_pos_path(func->unit, pos);
    for (size_t i = 0; i < pass->out->count; i++) {
        const struct finding *finding = pass->out->at[i];
        if (finding->group != GROUP_LEAK && finding->group != GROUP_MISUSE)
            continue;
        /* What must not happen there is another matter than who is stuck. */
        if (finding->group == GROUP_MISUSE && finding->stuck_at.count == 0)
            continue;
        /* Of these two, the more specific one is kept in the end. */
        if (finding->stuck_at.count > 0 && finding->rule != pass->rule->id)
            continue;
        if (is_at(&finding->place, path, pos))
            return true;
        for (size_t k = 0; k < finding->notes.count; k++)
            if (is_at(&finding->notes.at[k].place, path, pos) &&
                finding->confidence != CONFIDENCE_PROVEN)
                return true;
    }
    return false;
}

static bool is_misuse_reported(const struct pass *pass, const struct ir_func *func,
                               const struct ir_pos *pos)
{
    const char *path = ir_pos_path(func->unit, pos);
    for (size_t i = 0; i < pass->out->count; i++)
        if (pass->out->at[i]->group == GROUP_MISUSE && is_at(&pass->out->at[i]->place, path, pos))
            return true;
    return false;
}

static void report(struct pass *pass, const struct verdict *verdict)
{
    const char *word = "";
    if (verdict->park && verdict->park->act)
        word = verdict->park->act->word ? verdict->park->act->word : verdict->park->act->function;
    const char *message = verdict->message;
    if (!message)
        message = arena_printf(pass->arena, "task '%s' waits here for ever in %s(%s): %s",
                               verdict->task, word, verdict->object, verdict->why);
    struct finding *finding = pass_report(pass, verdict->func, verdict->pos,
                                          confidence_of(verdict->certainty), "%s", message);
    if (verdict->park)
        pass_stuck_at(pass, finding, verdict->park_func, verdict->park->pos);
    for (size_t i = 0; i < verdict->steps.count; i++) {
        const struct explore_step *step = &verdict->steps.at[i];
        pass_note(pass, finding, step->func, step->pos, "%zu. %s", i + 1, step->text);
    }
    if (verdict->park)
        pass_note(pass, finding, verdict->park_func, verdict->park->pos, "%zu. '%s' waits here: %s",
                  verdict->steps.count + 1, verdict->task, verdict->why);
}

/* Tests by the dozen link one library: the first programs of a run get all they may need, the
 * others a little. */
static size_t budget_of(struct pass *pass)
{
    enum { PROGRAMS = 6, STATES_OF_OTHERS = 3000 };
    size_t programs = 0;
    const char key[] = "explored";
    if (pass->judged && !explore_is_done(pass->flow)) {
        void **slot = map_put(pass->judged, key, sizeof key);
        *slot = (void *)((uintptr_t)*slot + 1);
        programs = (uintptr_t)*slot;
    }
    return programs <= PROGRAMS ? EXPLORE_PROGRAM_STATES : STATES_OF_OTHERS;
}

void verdict_report(struct pass *pass, enum cause cause)
{
    const struct verdicts *verdicts = explore_program(pass->flow, budget_of(pass));
    for (size_t i = 0; i < verdicts->at.count; i++) {
        const struct verdict *verdict = &verdicts->at.at[i];
        bool is_told = verdict->park ? is_reported(pass, verdict->func, &verdict->pos)
                                     : is_misuse_reported(pass, verdict->func, &verdict->pos);
        if (verdict->cause == cause && !is_told)
            report(pass, verdict);
    }
}

bool verdict_has_other(struct pass *pass, const struct ir_op *park, enum cause cause)
{
    const struct verdicts *verdicts = explore_program(pass->flow, budget_of(pass));
    for (size_t i = 0; i < verdicts->at.count; i++)
        if (verdicts->at.at[i].park == park && verdicts->at.at[i].cause != cause)
            return true;
    return false;
}

bool verdict_is_clear(struct pass *pass, const struct ir_op *wait)
{
    explore_program(pass->flow, budget_of(pass));
    return explore_is_clear(pass->flow, wait);
}
