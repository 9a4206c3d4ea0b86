/*
 * pass.c - running rules over a program, and what they report through.
 */
#include "rules/rule.h"

#include "flow/parties.h"

#include <string.h>

static size_t option_count(const struct rule *rule)
{
    size_t count = 0;

    while (rule->options && rule->options[count].name)
        count++;
    return count;
}

static const bool *options_of(struct arena *arena, const struct rule_choice *choice)
{
    size_t count = option_count(choice->rule);

    if (choice->options)
        return choice->options;
    bool *options = arena_array(arena, bool, count + 1);
    for (size_t i = 0; i < count; i++)
        options[i] = choice->rule->options[i].fallback;
    return options;
}

/* ---- one stuck task is one finding ----------------------------------------------------------- */

/* The rules of the leak group, from the most specific one to the most general. */
static const char *const leaks[] = {
    "nil-channel",          "background-wait",   "missing-unlock", "lock-cycle",
    "blocked-while-locked", "missing-wg-done",   "wg-count",       "wait-before-drain",
    "missing-close",        "done-never-closed", "lost-cancel",    "abandoned-send",
    "cv-never-signalled",   "closed-spin",       "done-ignored",   "unbounded-send",
    "unbounded-receive",    "endless-task",      "orphan-task",
};

static size_t rank_of(const struct finding *finding)
{
    size_t rank = 0;
    while (rank < COUNT_OF(leaks) && !text_is(leaks[rank], finding->rule))
        rank++;
    return rank;
}

static bool is_same_place(const struct place *a, const struct place *b)
{
    return a->line == b->line && a->column == b->column && text_is(a->path, b->path);
}

static bool names_place(const struct finding *finding, const struct place *place)
{
    bool names = is_same_place(&finding->place, place);
    for (size_t i = 0; i < finding->stuck_at.count && !names; i++)
        names = is_same_place(&finding->stuck_at.at[i], place);
    for (size_t i = 0; i < finding->notes.count && !names; i++) {
        const struct note *note = &finding->notes.at[i];
        names = note->place.path && !note->is_step && is_same_place(&note->place, place);
    }
    return names;
}

/* Does a more specific finding, among those from `first` on, stand for the same stuck task? */
static bool is_told(const findings *found, size_t first, const struct finding *finding)
{
    for (size_t i = 0; i < finding->stuck_at.count; i++)
        for (size_t k = first; k < found->count; k++)
            if (rank_of(found->at[k]) < rank_of(finding) &&
                names_place(found->at[k], &finding->stuck_at.at[i]))
                return true;
    return false;
}

static void keep_most_specific(struct arena *arena, findings *found, size_t first)
{
    bool *goes = arena_array(arena, bool, found->count + 1);
    size_t kept = first;
    for (size_t i = first; i < found->count; i++)
        goes[i] = is_told(found, first, found->at[i]);
    for (size_t i = first; i < found->count; i++)
        if (!goes[i])
            found->at[kept++] = found->at[i];
    found->count = kept;
}

/* ---- running --------------------------------------------------------------------------------- */

void rules_run(struct arena *arena, struct flow *flow, const struct rule_choice *choices,
               size_t count, struct map *judged, findings *out)
{
    size_t first = out->count;

    for (size_t i = 0; i < count; i++) {
        struct pass pass = {
            .rule = choices[i].rule,
            .flow = flow,
            .arena = arena,
            .out = out,
            .severity = choices[i].severity,
            .options = options_of(arena, &choices[i]),
            .judged = judged,
        };
        pass.rule->check_program(&pass);
    }
    keep_most_specific(arena, out, first);
}

/* The unit's arena goes before the findings do: paths and names are copied. */
static struct place place_of(struct arena *arena, const struct ir_func *function,
                             const struct ir_pos *pos)
{
    struct place place = {0};

    if (pos->file >= function->unit->file_count)
        return place;
    place.path = arena_strdup(arena, ir_pos_path(function->unit, pos));
    place.line = pos->line;
    place.column = pos->column;
    place.end_line = pos->end_line;
    place.end_column = pos->end_column;
    return place;
}

__attribute__((format(printf, 2, 0))) static const char *print(struct arena *arena,
                                                               const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    BUG_ON(length < 0);
    char *message = arena_push(arena, (size_t)length + 1);
    vsnprintf(message, (size_t)length + 1, format, again);
    va_end(again);
    return message;
}

struct finding *pass_report(struct pass *pass, const struct ir_func *function, struct ir_pos pos,
                            enum confidence confidence, const char *format, ...)
{
    struct finding *finding = arena_new(pass->arena, struct finding);
    va_list args;

    finding->rule = pass->rule->id;
    finding->group = pass->rule->group;
    finding->severity = pass->severity;
    finding->confidence = confidence;
    finding->place = place_of(pass->arena, function, &pos);
    if (!finding->place.path)
        BUG("%s reports at no file", pass->rule->id);
    finding->function = function->symbol ? arena_strdup(pass->arena, function->symbol->name) : "";
    va_start(args, format);
    finding->message = print(pass->arena, format, args);
    va_end(args);
    *vec_add(pass->arena, pass->out) = finding;
    return finding;
}

void pass_note(struct pass *pass, struct finding *finding, const struct ir_func *function,
               struct ir_pos pos, const char *format, ...)
{
    struct note *note = vec_add(pass->arena, &finding->notes);
    va_list args;

    note->place = place_of(pass->arena, function, &pos);
    va_start(args, format);
    note->message = print(pass->arena, format, args);
    va_end(args);
}

void pass_note_task(struct pass *pass, struct finding *finding, const struct frame *frame)
{
    while (!flow_starts_task(frame))
        frame = frame->parent;
    if (frame->parent)
        pass_note(pass, finding, frame->parent->func, frame->op->pos,
                  "the task that waits is spawned here, to run '%s'", frame->func->symbol->name);
}

void pass_step(struct pass *pass, struct finding *finding, const struct ir_func *function,
               struct ir_pos pos, const char *text)
{
    pass_note(pass, finding, function, pos, "%s", text);
    finding->notes.at[finding->notes.count - 1].is_step = true;
}

void pass_note_inner(struct pass *pass, struct finding *finding, const struct ir_op *call)
{
    const struct act *act = call->act;
    if (act && act->inner)
        pass_note(pass, finding, act->forwarder, act->inner->pos, "%s is called here, by '%s'",
                  act->word, act->forwarder->symbol->name);
}

void pass_stuck_at(struct pass *pass, struct finding *finding, const struct ir_func *function,
                   struct ir_pos pos)
{
    *vec_add(pass->arena, &finding->stuck_at) = place_of(pass->arena, function, &pos);
}

bool pass_was_judged(struct pass *pass, const struct frame *frame, const struct ir_op *op,
                     const struct ir_func *func)
{
    enum { PROGRAMS_MAX = 4, KEY_MAX = 24 };
    const void *key[KEY_MAX] = {pass->rule, op, func};
    size_t count = 3;

    if (!pass->judged)
        return false;
    for (; frame; frame = frame->parent)
        if (count < KEY_MAX)
            key[count++] = frame->op;
    void **slot = map_put(pass->judged, key, count * sizeof *key);
    uintptr_t programs = (uintptr_t)*slot;
    *slot = (void *)(programs + 1);
    return programs >= PROGRAMS_MAX;
}

bool pass_option(const struct pass *pass, const char *name)
{
    const struct rule_option *options = pass->rule->options;

    for (size_t i = 0; options && options[i].name; i++)
        if (text_is(options[i].name, name))
            return pass->options[i];
    BUG("%s has no option '%s'", pass->rule->id, name);
}
