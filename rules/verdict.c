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

/* The findings that already tell of a place, themselves or in a note. */
struct told {
    struct finding *first; /* NULL: none */
    bool has_others;       /* that stand elsewhere */
};

/* Does the finding tell of what is stuck there? */
static bool tells(const struct pass *pass, const struct finding *finding, const char *path,
                  const struct ir_pos *pos)
{
    if (finding->group != GROUP_LEAK && finding->group != GROUP_MISUSE)
        return false;
    /* What must not happen there is another matter than who is stuck. */
    if (finding->group == GROUP_MISUSE && finding->stuck_at.count == 0)
        return false;
    /* Of these two, the more specific one is kept in the end. */
    if (finding->stuck_at.count > 0 && finding->rule != pass->rule->id)
        return false;
    bool tells = is_at(&finding->place, path, pos);
    for (size_t i = 0; i < finding->stuck_at.count && !tells; i++)
        tells = is_at(&finding->stuck_at.at[i], path, pos);
    for (size_t i = 0; i < finding->notes.count && !tells; i++)
        tells = !finding->notes.at[i].is_step && is_at(&finding->notes.at[i].place, path, pos);
    return tells;
}

static struct told who_tells(const struct pass *pass, const struct verdict *verdict)
{
    const char *path = ir_pos_path(verdict->func->unit, &verdict->pos);
    struct told told = {0};
    for (size_t i = 0; i < pass->out->count; i++) {
        struct finding *finding = pass->out->at[i];
        if (!tells(pass, finding, path, &verdict->pos))
            continue;
        if (!told.first)
            told.first = finding;
        told.has_others |= finding->place.line != told.first->place.line ||
                           finding->place.column != told.first->place.column;
    }
    return told;
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

static const char *step_text(struct arena *arena, const struct explore_step *step)
{
    const char *later =
        step->left_out > 0 ? arena_printf(arena, "(%zu steps later) ", step->left_out) : "";
    const char *times = step->times > 1 ? arena_printf(arena, ", %zu times", step->times) : "";
    return arena_printf(arena, "%s%s%s", later, step->text, times);
}

/* The steps of the execution, and where it ends. */
static void note_story(struct pass *pass, struct finding *finding, const struct verdict *verdict)
{
    struct arena *arena = pass->arena;
    if (verdict->park)
        pass_note_inner(pass, finding, verdict->park);
    for (size_t i = 0; i < verdict->steps.count; i++) {
        const struct explore_step *step = &verdict->steps.at[i];
        pass_step(pass, finding, step->func, step->pos,
                  arena_printf(arena, "%zu. %s", i + 1, step_text(arena, step)));
    }
    if (!verdict->park)
        return;
    pass_stuck_at(pass, finding, verdict->park_func, verdict->park->pos);
    const char *number =
        verdict->task_number > 0 ? arena_printf(arena, " #%zu", verdict->task_number) : "";
    pass_step(pass, finding, verdict->park_func, verdict->park->pos,
              arena_printf(arena, "%zu. '%s'%s waits here: %s", verdict->steps.count + 1,
                           verdict->task, number, verdict->why));
}

/* Do the notes of the execution stand there? */
static bool tells_of(const struct verdict *verdict, const struct place *place)
{
    for (size_t i = 0; i < verdict->steps.count; i++) {
        const struct explore_step *step = &verdict->steps.at[i];
        if (is_at(place, ir_pos_path(step->func->unit, &step->pos), &step->pos))
            return true;
    }
    if (!verdict->park)
        return false;
    const struct act *act = verdict->park->act;
    if (act && act->inner &&
        is_at(place, ir_pos_path(act->forwarder->unit, &act->inner->pos), &act->inner->pos))
        return true;
    return is_at(place, ir_pos_path(verdict->park_func->unit, &verdict->park->pos),
                 &verdict->park->pos);
}

/* What the execution tells as well need not be said twice. */
static void drop_told(struct finding *finding, const struct verdict *verdict)
{
    size_t kept = 0;
    for (size_t i = 0; i < finding->notes.count; i++)
        if (!tells_of(verdict, &finding->notes.at[i].place))
            finding->notes.at[kept++] = finding->notes.at[i];
    finding->notes.count = kept;
}

/* What the flow of control tells names the mend best; the execution shows that it happens.  Of
 * several ways that may have led to one wait, it is not known which of them it took. */
static void confirm(struct pass *pass, const struct told *told, const struct verdict *verdict)
{
    struct finding *finding = told->first;
    enum confidence confidence = confidence_of(verdict->certainty);
    if (finding->rule != pass->rule->id || told->has_others || confidence <= finding->confidence)
        return;
    finding->confidence = confidence;
    drop_told(finding, verdict);
    note_story(pass, finding, verdict);
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
    note_story(pass, finding, verdict);
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
        if (verdict->cause != cause)
            continue;
        struct told told = {0};
        if (verdict->park)
            told = who_tells(pass, verdict);
        if (told.first)
            confirm(pass, &told, verdict);
        else if (verdict->park || !is_misuse_reported(pass, verdict->func, &verdict->pos))
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

bool verdict_is_whole(struct pass *pass)
{
    explore_program(pass->flow, budget_of(pass));
    return explore_is_whole(pass->flow);
}
