/*
 * silence.c - why nothing is said of a line.
 */
#include "explore/explain.h"
#include "project/run.h"

#include <string.h>

/* ---- the file -------------------------------------------------------------------------------- */

/* As one of the units names it. */
static const char *find_file(struct run *run, const char *path)
{
    const char *real = real_path(&run->arena, path);
    for (size_t i = 0; i < run->inputs.units.count; i++) {
        const struct ir_unit *unit = run->inputs.units.at[i]->ir;
        for (size_t k = 0; unit && k < unit->file_count; k++) {
            const char *file = unit->files[k].path;
            if (text_is(file, path) || text_is(real_path(&run->arena, file), real))
                return file;
        }
    }
    return NULL;
}

bool run_knows_silent_file(struct run *run)
{
    const char *path = path_join(&run->arena, run->directory, run->options->silent_file);
    run->silent_path = find_file(run, path);
    if (!run->silent_path)
        problem_add(&run->arena, &run->problems, path, 0, 0,
                    "is not part of the program: nothing that was analysed reads it");
    return run->silent_path != NULL;
}

/* ---- one program ----------------------------------------------------------------------------- */

struct explain *run_watch(struct run *run, struct arena *facts, struct ir_unit *const *units,
                          size_t count)
{
    if (!run->silent_path)
        return NULL;
    struct explain *explain = arena_new(facts, struct explain);
    explain->arena = facts;
    explain_find(explain, units, count, run->silent_path, run->options->silent_line);
    return explain;
}

static bool is_at(const struct place *place, const char *path, const struct ir_pos *pos)
{
    return place->line == pos->line && place->column == pos->column && text_is(place->path, path);
}

/* Does it say that a task stays there, or stands there itself? */
static bool stands_at(const struct finding *finding, const char *path, const struct ir_pos *pos)
{
    bool stands = is_at(&finding->place, path, pos);
    for (size_t i = 0; i < finding->stuck_at.count; i++)
        stands |= is_at(&finding->stuck_at.at[i], path, pos);
    return stands;
}

static const char *title_of(struct run *run, const struct explained *at)
{
    const char *path = ir_pos_path(at->func->unit, &at->op->pos);
    return arena_printf(&run->arena, "%s:%u:%u: %s in '%s'", path_below(path, run->directory),
                        at->op->pos.line, at->op->pos.column,
                        explain_name(&run->arena, at->func, at->op), at->func->symbol->name);
}

static bool is_on(const struct run *run, const char *id)
{
    for (size_t i = 0; i < rule_count; i++)
        if (text_is(rules[i]->id, id))
            return run->settings->rule_settings[i].is_on;
    return false;
}

/* A verdict that became no finding of its own. */
static void write_verdict(struct run *run, struct text *text, const struct verdict *verdict)
{
    const char *id = explain_rule(verdict->cause);
    text_printf(text, "    task '%s' waits here for ever: %s (%s, %s)\n", verdict->task,
                verdict->why, id, is_on(run, id) ? "told by another finding" : "switched off");
}

static bool notes(const struct finding *finding, const char *path, const struct ir_pos *pos)
{
    for (size_t i = 0; i < finding->notes.count; i++)
        if (finding->notes.at[i].place.path && is_at(&finding->notes.at[i].place, path, pos))
            return true;
    return false;
}

/* What the search holds against it, and who tells of that. */
static void write_verdicts(struct run *run, struct text *text, struct flow *flow,
                           const struct explained *at, size_t first)
{
    const char *path = ir_pos_path(at->func->unit, &at->op->pos);
    const struct verdicts *verdicts = explore_program(flow, EXPLORE_PROGRAM_STATES);
    for (size_t i = 0; i < verdicts->at.count; i++)
        if (verdicts->at.at[i].park == at->op)
            write_verdict(run, text, &verdicts->at.at[i]);
    for (size_t i = first; i < run->found.count && at->is_stuck; i++) {
        const struct finding *finding = run->found.at[i];
        if (notes(finding, path, &at->op->pos))
            text_printf(text, "    named by the finding of %s at %s:%u\n", finding->rule,
                        path_below(finding->place.path, run->directory), finding->place.line);
    }
}

static void keep_reason(struct run *run, struct flow *flow, const struct explained *at,
                        size_t first)
{
    struct text text = {0};
    struct reason reason = {.title = title_of(run, at)};
    const char *path = ir_pos_path(at->func->unit, &at->op->pos);
    for (size_t i = first; i < run->found.count; i++)
        if (stands_at(run->found.at[i], path, &at->op->pos))
            *vec_add(&run->arena, &reason.found) = run->found.at[i];
    write_verdicts(run, &text, flow, at, first);
    explain_write(&text, flow, at, run->directory);
    reason.text = arena_strdup(&run->arena, text.at ? text.at : "");
    text_release(&text);
    *vec_add(&run->arena, &run->reasons) = reason;
}

void run_keep_reasons(struct run *run, struct flow *flow, const struct explain *explain,
                      size_t first)
{
    if (!explain || !explain->at.count)
        return;
    explore_program(flow, EXPLORE_PROGRAM_STATES); /* whatever rules are on */
    for (size_t i = 0; i < explain->at.count; i++)
        keep_reason(run, flow, &explain->at.at[i], first);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool is_shown(const struct run *run, const struct finding *finding)
{
    for (size_t i = 0; i < run->found.count; i++) {
        const struct finding *shown = run->found.at[i];
        if (text_is(shown->rule, finding->rule) &&
            text_is(shown->place.path, finding->place.path) &&
            shown->place.line == finding->place.line &&
            shown->place.column == finding->place.column)
            return true;
    }
    return false;
}

static void show_finding(struct run *run, const struct finding *finding)
{
    struct text *out = &run->result->output;
    const char *path = path_below(finding->place.path, run->directory);
    if (is_shown(run, finding))
        text_printf(out, "    reported by %s at %s:%u\n", finding->rule, path, finding->place.line);
    else if (finding->confidence < run->settings->min_confidence)
        text_printf(out, "    found by %s at %s:%u, but only as %s (--min-confidence)\n",
                    finding->rule, path, finding->place.line, confidence_word(finding->confidence));
    else
        text_printf(out,
                    "    found by %s at %s:%u, but a comment, the settings or the files asked for "
                    "leave it out\n",
                    finding->rule, path, finding->place.line);
}

static bool is_repeated(const struct run *run, size_t index)
{
    const struct reason *reason = &run->reasons.at[index];
    for (size_t i = 0; i < index; i++)
        if (text_is(run->reasons.at[i].title, reason->title) &&
            text_is(run->reasons.at[i].text, reason->text))
            return true;
    return false;
}

static void show_reason(struct run *run, const struct reason *reason)
{
    struct text *out = &run->result->output;
    text_printf(out, "%s\n", reason->title);
    for (size_t i = 0; i < reason->found.count; i++)
        show_finding(run, reason->found.at[i]);
    if (reason->found.count == 0)
        text_printf(out, "    not reported\n%s", reason->text);
}

/* ---- no wait on the line --------------------------------------------------------------------- */

/* The waits of the file that stand next to the line, before and behind it. */
struct wait_at {
    const struct ir_func *func;
    const struct ir_op *op; /* NULL: none */
};
struct nearest {
    struct wait_at before, behind;
};

static void look_nearby(struct run *run, const struct ir_func *func, struct nearest *nearest)
{
    for (const struct ir_op *op = ir_next_op(func, IR_OP_CALL, NULL); op;
         op = ir_next_op(func, IR_OP_CALL, op)) {
        const char *path = op->pos.line ? ir_pos_path(func->unit, &op->pos) : NULL;
        if (!explain_is_wait(op) || !text_is(path, run->silent_path))
            continue;
        if (op->pos.line < run->options->silent_line &&
            (!nearest->before.op || op->pos.line > nearest->before.op->pos.line))
            nearest->before = (struct wait_at){func, op};
        if (op->pos.line > run->options->silent_line &&
            (!nearest->behind.op || op->pos.line < nearest->behind.op->pos.line))
            nearest->behind = (struct wait_at){func, op};
    }
}

static void add_near(struct run *run, const struct wait_at *wait, const char *lead)
{
    if (wait->op)
        text_printf(&run->result->output, "%s%s on line %u", lead,
                    explain_name(&run->arena, wait->func, wait->op), wait->op->pos.line);
}

static void show_nearest(struct run *run)
{
    struct text *out = &run->result->output;
    struct nearest nearest = {0};
    for (size_t i = 0; i < run->inputs.units.count; i++) {
        const struct ir_unit *unit = run->inputs.units.at[i]->ir;
        for (size_t k = 0; unit && k < unit->func_count; k++)
            look_nearby(run, unit->funcs[k], &nearest);
    }
    text_printf(out, "%s:%u: no task can wait on this line; ",
                path_below(run->silent_path, run->directory), run->options->silent_line);
    add_near(run, &nearest.before,
             nearest.behind.op ? "the nearest waits are " : "the nearest wait is ");
    add_near(run, &nearest.behind, nearest.before.op ? " and " : "the nearest wait is ");
    if (!nearest.before.op && !nearest.behind.op)
        text_add(out, "there is no wait in this file");
    text_add(out, "\n");
}

void run_show_reasons(struct run *run)
{
    for (size_t i = 0; i < run->reasons.count; i++)
        if (!is_repeated(run, i))
            show_reason(run, &run->reasons.at[i]);
    if (run->reasons.count == 0)
        show_nearest(run);
}
