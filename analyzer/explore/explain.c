#include "explore/explain.h"

#include "explore/blame.h"
#include "explore/search.h"
#include "flow/points.h"

#include <string.h>

enum { TRIES_MAX = 6 };

/* ---- the operations of a line ---------------------------------------------------------------- */

bool explain_is_wait(const struct ir_op *op)
{
    if (op->kind != IR_OP_CALL || !op->act)
        return false;
    switch (op->act->kind) {
    case ACT_SEND:
    case ACT_RECV:
    case ACT_SELECT:
    case ACT_WAIT:
    case ACT_LOCK:
    case ACT_COND_WAIT:
    case ACT_JOIN:
        return true;
    default:
        return op->act->may_park;
    }
}

static bool is_on(const struct ir_func *func, const struct ir_op *op, const char *path,
                  uint32_t line)
{
    const char *file = op->pos.line ? ir_pos_path(func->unit, &op->pos) : NULL;
    return file && op->pos.line <= line && line <= op->pos.end_line && text_is(file, path);
}

static void find_in(struct explain *explain, const struct ir_func *func, const char *path,
                    uint32_t line)
{
    for (const struct ir_op *op = ir_next_op(func, IR_OP_CALL, NULL); op;
         op = ir_next_op(func, IR_OP_CALL, op))
        if (explain_is_wait(op) && is_on(func, op, path, line))
            *vec_add(explain->arena, &explain->at) = (struct explained){.func = func, .op = op};
}

void explain_find(struct explain *explain, struct ir_unit *const *units, size_t unit_count,
                  const char *path, uint32_t line)
{
    for (size_t i = 0; i < unit_count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++)
            find_in(explain, units[i]->funcs[k], path, line);
}

/* ---- before a step --------------------------------------------------------------------------- */

static struct explained *watched(struct explain *explain, const struct ir_op *op)
{
    for (size_t i = 0; op && i < explain->at.count; i++)
        if (explain->at.at[i].op == op)
            return &explain->at.at[i];
    return NULL;
}

/* A wait for a condition begins when the task has given the lock back, and is over when it has been
 * woken: then it wants a lock.  One at a barrier begins when the task has come. */
static bool is_waiting(const struct explain_task *task)
{
    const struct act *act = task->op->act;
    bool is_listed = (act->kind == ACT_COND_WAIT && act->lock) || act_is_meeting(act);
    return !is_listed || task->phase == 1;
}

static bool is_fed(struct machine *machine, uint8_t task)
{
    struct value handle = blame_handle(machine, task);
    struct value *cell =
        handle.kind == V_PTR ? world_find_cell(&machine->world, handle.id, handle.num) : NULL;
    return cell && cell->kind == V_CHAN && (cell->flags & CHAN_FED);
}

static struct explain_task look_at(struct search *search, uint8_t task)
{
    struct machine *machine = &search->machine;
    const struct world_task *at = &machine->world.tasks[task];
    struct explain_task before = {.phase = at->phase};
    if (at->state == TASK_NONE)
        return before;
    before.op = sync_op(machine, task, &before.func);
    before.entry = blame_entry(machine, task);
    before.is_counted = at->counted_by.kind == V_PTR;
    before.at = watched(search->explain, before.op);
    if (!before.at)
        return before;
    before.outlook = sync_outlook(machine, task);
    before.at->is_reached = true;
    before.at->is_fed |= is_fed(machine, task);
    before.at->waits |= is_waiting(&before) && !(before.outlook & OUTLOOK_GOES);
    return before;
}

void explain_state(struct search *search, uint32_t state)
{
    struct explain *explain = search->explain;
    if (!explain)
        return;
    search_load(search, state);
    explain->is_watching = false;
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        explain->before[task] = look_at(search, task);
        explain->is_watching |= explain->before[task].at != NULL;
    }
    search->machine.traces = explain->is_watching;
}

/* ---- what a step did ------------------------------------------------------------------------- */

static bool is_known(const struct explained *at, struct explain_end end)
{
    for (size_t i = 0; i < at->ends.count; i++) {
        const struct explain_end *known = &at->ends.at[i];
        if (known->kind == end.kind && known->op == end.op && known->func == end.func)
            return true;
    }
    return false;
}

static void add_end(struct explain *explain, struct explained *at, struct explain_end end)
{
    if (!is_known(at, end))
        *vec_add(explain->arena, &at->ends) = end;
}

static bool is_select_with(const struct event *event, enum arm_kind kind)
{
    return event->op->act->kind == ACT_SELECT && event->arm >= 0 &&
           event->op->act->arms[event->arm].kind == kind;
}

/* Is it of the kind that lets such a wait end? */
static bool helps(const struct event *event, const struct act *wait)
{
    enum act_kind kind = event->op->act->kind;
    bool is_channel = wait->kind == ACT_SEND || wait->kind == ACT_RECV || wait->kind == ACT_SELECT;
    if (kind == ACT_CANCEL)
        return is_channel || wait->context;
    switch (wait->kind) {
    case ACT_SEND:
        return kind == ACT_RECV || kind == ACT_CLOSE || is_select_with(event, ARM_RECV);
    case ACT_RECV:
        return kind == ACT_SEND || kind == ACT_CLOSE || is_select_with(event, ARM_SEND);
    case ACT_SELECT:
        return kind == ACT_SEND || kind == ACT_RECV || kind == ACT_CLOSE || kind == ACT_SELECT;
    case ACT_LOCK:
        return kind == ACT_UNLOCK || (kind == ACT_COND_WAIT && event->op->act->lock);
    case ACT_WAIT:
        return act_is_meeting(wait) ? kind == ACT_WAIT : kind == ACT_DONE || kind == ACT_ADD;
    case ACT_COND_WAIT:
        return kind == ACT_SIGNAL;
    default:
        return false;
    }
}

static bool meet(struct flow *flow, const struct explained *at, const struct ir_expr *object,
                 const struct event *event, const struct ir_expr *other)
{
    if (!object || !other)
        return false;
    struct points a = flow_points_in(flow, at->func, object);
    struct points b = flow_points_in(flow, event->func, other);
    return flow_points_meet(flow, &a, &b);
}

/* May it be of what the wait is for? */
static bool is_of_same(struct flow *flow, const struct explained *at, const struct event *event)
{
    const struct act *wait = at->op->act;
    size_t arms = wait->kind == ACT_SELECT ? wait->arm_count : 1;
    const struct ir_expr *other =
        event->op->act->kind == ACT_COND_WAIT
            ? event->op->act->lock
            : blame_object(event->op, event->arm >= 0 ? (size_t)event->arm : 0);
    if (event->op->act->kind == ACT_CANCEL)
        return true; /* of the context, or of one above it */
    for (size_t i = 0; i < arms; i++)
        if (meet(flow, at, blame_object(at->op, i), event, other))
            return true;
    return false;
}

static const struct event *event_at(const struct search *search, size_t index)
{
    return &search->machine.events.at[index];
}

static bool is_op(const struct event *event)
{
    return event->kind == EVENT_OP && event->op && event->op->act;
}

/* The operations of others in the step that fit; only those of the same object where `is_strict`.
 */
static size_t add_helpers(struct search *search, uint8_t task, bool is_strict)
{
    struct explained *at = search->explain->before[task].at;
    size_t found = 0;
    for (size_t i = 0; i < search->machine.events.count; i++) {
        const struct event *event = event_at(search, i);
        struct explain_end end = {END_BY_OTHER, event->func, event->op};
        if (!is_op(event) || event->task == task || !helps(event, at->op->act))
            continue;
        if (is_strict && !is_known(at, end) && !is_of_same(search->machine.flow, at, event))
            continue;
        add_end(search->explain, at, end);
        found++;
    }
    return found;
}

static size_t add_times(struct search *search, struct explained *at)
{
    size_t found = 0;
    for (size_t i = 0; i < search->machine.events.count; i++)
        if (event_at(search, i)->kind == EVENT_TIME) {
            const struct event *event = event_at(search, i);
            add_end(search->explain, at, (struct explain_end){END_BY_TIME, event->func, event->op});
            found++;
        }
    return found;
}

static void add_returns(struct search *search, struct explained *at)
{
    struct explain *explain = search->explain;
    bool is_join = at->op->act->kind == ACT_JOIN;
    if (!is_join && at->op->act->kind != ACT_WAIT)
        return;
    for (size_t i = 0; i < search->machine.events.count; i++) {
        const struct event *event = event_at(search, i);
        const struct explain_task *other = &explain->before[event->task];
        if (event->kind == EVENT_RETURN && other->entry && (is_join || other->is_counted))
            add_end(explain, at, (struct explain_end){END_BY_RETURN, other->entry, NULL});
    }
}

/* The step has made ready what the task waits for. */
static void add_readied(struct search *search, uint8_t task)
{
    struct explained *at = search->explain->before[task].at;
    if (add_times(search, at) == 0 && add_helpers(search, task, true) == 0)
        add_helpers(search, task, false);
    add_returns(search, at);
}

/* The step took the task on: by itself, or with the other half. */
static void add_own(struct search *search, uint8_t task, const struct event *event)
{
    struct explain *explain = search->explain;
    struct explain_task *before = &explain->before[task];
    enum arm_kind arm = event->arm >= 0 ? event->op->act->arms[event->arm].kind : ARM_UNKNOWN;
    bool is_over = event->result == RESULT_ENDED && !(before->outlook & OUTLOOK_TIME);
    struct explain_end end = {.kind = END_OUTSIDE};
    if (event->partner) {
        const struct explain_task *other = &explain->before[event->partner - 1];
        end = (struct explain_end){END_BY_OTHER, other->func, other->op};
    } else if (event->is_guess) {
        end.kind = END_OUTSIDE;
    } else if (arm == ARM_AFTER || (event->result == RESULT_ENDED && !is_over)) {
        end.kind = END_BY_TIME;
    } else if (arm == ARM_DEFAULT || event->result == RESULT_FAILED) {
        end.kind = END_GIVES_UP;
    } else {
        return; /* it was ready: who made it so is told of the step that did */
    }
    if (end.kind != END_BY_OTHER || end.op)
        add_end(explain, before->at, end);
}

static bool is_fired(const struct search *search, uint8_t task)
{
    const struct explain_task *before = &search->explain->before[task];
    for (size_t i = 0; i < search->machine.events.count; i++) {
        const struct event *event = event_at(search, i);
        if (event->kind == EVENT_OP && event->task == task && event->op == before->op)
            return true;
    }
    return false;
}

static void add_fired(struct search *search, uint8_t task)
{
    const struct explain_task *before = &search->explain->before[task];
    for (size_t i = 0; i < search->machine.events.count; i++) {
        const struct event *event = event_at(search, i);
        if (event->kind == EVENT_OP && event->task == task && event->op == before->op) {
            add_own(search, task, event);
            return;
        }
    }
}

/* Another task took it along: received what it sends, woke it. */
static void add_taken_along(struct search *search, uint8_t task)
{
    struct explained *at = search->explain->before[task].at;
    for (size_t i = 0; i < search->machine.events.count; i++) {
        const struct event *event = event_at(search, i);
        bool wakes_all = is_op(event) && event->op->act->wakes_all;
        if (!is_op(event) || event->op->act->kind == ACT_SPAWN ||
            (event->partner != task + 1 && !wakes_all))
            continue;
        add_end(search->explain, at, (struct explain_end){END_BY_OTHER, event->func, event->op});
    }
}

static void add_exit(struct search *search, struct explained *at)
{
    for (size_t i = 0; i < search->machine.events.count; i++) {
        const struct event *event = event_at(search, i);
        if (event->kind == EVENT_EXIT)
            add_end(search->explain, at,
                    (struct explain_end){END_OF_PROCESS, event->func, event->op});
    }
}

static void explain_task(struct search *search, uint8_t task)
{
    struct machine *machine = &search->machine;
    struct explain_task *before = &search->explain->before[task];
    bool goes = before->outlook & OUTLOOK_GOES;
    if (!is_waiting(before))
        return;
    if (is_fired(search, task))
        add_fired(search, task);
    else if (machine->moved >> task & 1)
        add_taken_along(search, task);
    else if (machine->world.has_ended && !goes)
        add_exit(search, before->at);
    else if (!goes && !machine->world.has_ended && !machine->world.is_full &&
             (sync_outlook(machine, task) & OUTLOOK_GOES))
        add_readied(search, task);
}

void explain_step(struct search *search)
{
    struct explain *explain = search->explain;
    const struct machine *machine = &search->machine;
    if (!explain || !explain->is_watching)
        return;
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        struct explain_task *before = &explain->before[task];
        if (!before->at || machine->is_pruned)
            continue;
        if (!machine->misuse.is_end)
            explain_task(search, task);
        else if (!(before->outlook & OUTLOOK_GOES))
            add_end(explain, before->at,
                    (struct explain_end){END_OF_SEARCH, machine->misuse.func, machine->misuse.op});
    }
}

/* ---- a scope --------------------------------------------------------------------------------- */

static unsigned bounds_of(const struct search *search)
{
    unsigned bounds = search->machine.bounds;
    if (!search->is_cut)
        return 0;
    return bounds ? bounds : BOUND_SIZE;
}

static void note_blame(struct explained *at, const struct blames *blames)
{
    for (size_t i = 0; i < blames->count; i++) {
        const struct blame *blame = &blames->at[i];
        if (blame->op != at->op)
            continue;
        at->is_silent |= blame->is_silent;
        for (size_t k = 0; k < blames->count; k++)
            if (blame->would >> blames->at[k].task & 1)
                at->held_by =
                    (struct explain_end){END_BY_OTHER, blames->at[k].func, blames->at[k].op};
    }
}

static void look_into(struct search *search, uint32_t state, struct explained *at)
{
    bool is_at_rest;
    struct blames blames;
    uint32_t rest = search_rest(search, state, &is_at_rest);
    const struct search_state *there = &search->states.at[rest];
    search_load(search, rest);
    blame_state(search, there->present & (uint16_t)~there->alive, there->ends, &blames);
    note_blame(at, &blames);
}

static void find_stuck(struct search *search, uint32_t state)
{
    uint16_t stuck = search->states.at[state].present & (uint16_t)~search->states.at[state].alive;
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        if (!(stuck >> task & 1))
            continue;
        search_load(search, state);
        struct explained *at = watched(search->explain, sync_op(&search->machine, task, NULL));
        if (!at)
            continue;
        at->is_stuck = true;
        if (at->tries++ < TRIES_MAX)
            look_into(search, state, at);
    }
}

void explain_scope(struct search *search)
{
    struct explain *explain = search->explain;
    if (!explain)
        return;
    search->machine.traces = false;
    search->machine.events.count = 0;
    for (size_t i = 0; i < explain->at.count; i++) {
        struct explained *at = &explain->at.at[i];
        const struct slice_func *in = slice_find(search->machine.slice, at->func);
        at->is_run |= in != NULL;
        at->is_followed |= in && in->is_in_scope[at->op->id];
        at->bounds |= in ? bounds_of(search) : 0;
    }
    for (uint32_t i = 0; i < search->states.count; i++)
        if (search->states.at[i].present & (uint16_t)~search->states.at[i].alive)
            find_stuck(search, i);
}

void explain_left_out(struct explain *explain, struct flow *flow, const struct ir_func *root)
{
    for (size_t i = 0; explain && i < explain->at.count; i++) {
        struct explained *at = &explain->at.at[i];
        if (!flow_runs(flow, root, at->func))
            continue;
        at->is_run = true;
        at->bounds |= BOUND_PROGRAM;
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

struct writer {
    struct text *out;
    struct flow *flow;
    struct arena *arena;
    const struct explained *at;
    const char *directory;
    const struct ir_func *main; /* NULL: a library */
};

static const struct ir_func *find_main(const struct flow *flow)
{
    size_t count;
    struct ir_unit *const *units = flow_units(flow, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++)
            if (text_is(units[i]->funcs[k]->symbol->name, "main"))
                return units[i]->funcs[k];
    return NULL;
}

const char *explain_name(struct arena *arena, const struct ir_func *func, const struct ir_op *op)
{
    const struct act *act = op->act;
    const char *word = act->word ? act->word : act->function;
    const struct ir_expr *object = blame_object(op, 0);
    if (act->kind == ACT_SELECT || !object)
        return word;
    return arena_printf(arena, "%s(%s)", word, flow_text(arena, func, object));
}

static const char *name_of(const struct ir_func *func)
{
    return func && func->symbol ? func->symbol->name : "the initialisers";
}

static const char *place_of(const struct writer *writer, const struct ir_func *func,
                            const struct ir_pos *pos)
{
    const char *path = pos->line ? ir_pos_path(func->unit, pos) : NULL;
    if (!path)
        return "a place not known";
    return arena_printf(writer->arena, "%s:%u", path_below(path, writer->directory), pos->line);
}

__attribute__((format(printf, 2, 3))) static void say(const struct writer *writer,
                                                      const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    BUG_ON(length < 0);
    char *line = arena_push(writer->arena, (size_t)length + 1);
    vsnprintf(line, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    text_printf(writer->out, "    %s\n", line);
}

/* ---- who is out of sight --------------------------------------------------------------------- */

static const struct ir_expr *base_of(const struct ir_expr *expr)
{
    while (expr->a && expr->kind != IR_BINARY && expr->kind != IR_UNARY)
        expr = expr->a;
    return expr;
}

static const char *object_text(const struct writer *writer, const struct ir_expr *object)
{
    return base_of(object)->kind == IR_TEMP ? "what it waits for"
                                            : ir_expr_text(writer->arena, object);
}

/* What was handed in by a caller of the outermost function. */
static bool say_parameter(const struct writer *writer, const struct ir_expr *object)
{
    size_t count;
    const struct frame *const *frames = flow_frames(writer->flow, writer->at->func, &count);
    for (size_t i = 0; i < count; i++) {
        const struct ir_expr *base = base_of(flow_resolve(writer->flow, frames[i], object));
        const struct frame *outer = frames[i];
        while (outer->parent)
            outer = outer->parent;
        if (base->kind != IR_VAR || base->var->kind != IR_VAR_PARAM ||
            base->var->id >= outer->func->param_count ||
            outer->func->vars[base->var->id] != base->var)
            continue;
        say(writer,
            "%s comes from a caller that is not in sight: parameter '%s' of '%s', which may "
            "end the wait",
            object_text(writer, object), base->var->name, name_of(outer->func));
        return true;
    }
    return false;
}

/* Do they lead to the same object, whatever part of it? */
static bool share_object(const struct points *a, const struct points *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count; k++)
            if (a->at[i] >> 32 == b->at[k] >> 32)
                return true;
    return false;
}

static bool is_handed_by(const struct writer *writer, const struct points *wanted,
                         const struct ir_func *func, const struct ir_op *op)
{
    if (!flow_call_is_opaque(writer->flow, func, op))
        return false;
    for (size_t i = 0; i < op->arg_count; i++) {
        if (op->args[i]->type->kind != IR_TYPE_POINTER)
            continue;
        struct points points = flow_points_in(writer->flow, func, op->args[i]);
        if (share_object(&points, wanted))
            return true;
    }
    return false;
}

static bool say_handed_in(const struct writer *writer, const struct ir_expr *object,
                          const struct points *wanted, const struct ir_func *func)
{
    for (const struct ir_op *op = ir_next_op(func, IR_OP_CALL, NULL); op;
         op = ir_next_op(func, IR_OP_CALL, op)) {
        if (!is_handed_by(writer, wanted, func, op))
            continue;
        const struct ir_symbol *callee = ir_callee(op);
        say(writer, "%s is handed to %s at %s, which is not in the program and may end the wait",
            object_text(writer, object),
            callee ? arena_printf(writer->arena, "'%s'", callee->name) : "a function",
            place_of(writer, func, &op->pos));
        return true;
    }
    return false;
}

static bool say_handed(const struct writer *writer, const struct ir_expr *object)
{
    size_t count;
    struct ir_unit *const *units = flow_units(writer->flow, &count);
    struct points wanted = flow_points_in(writer->flow, writer->at->func, object);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++)
            if (say_handed_in(writer, object, &wanted, units[i]->funcs[k]))
                return true;
    return false;
}

static bool say_made_outside(const struct writer *writer, const struct ir_expr *object)
{
    const struct ir_func *func = NULL;
    struct frame *frame = flow_frame(writer->flow, writer->at->func, NULL, NULL);
    const struct ir_op *op = flow_made_by(flow_resolve(writer->flow, frame, object), &func);
    const struct ir_symbol *callee = op && !op->act ? ir_callee(op) : NULL;
    if (!callee || flow_body(writer->flow, callee))
        return false;
    say(writer, "%s comes from '%s' at %s, which is not in the program and may end the wait",
        object_text(writer, object), callee->name, place_of(writer, func, &op->pos));
    return true;
}

/* In a library, statics hold what other calls have left there. */
static bool say_static(const struct writer *writer, const struct ir_expr *object)
{
    struct frame *frame = flow_frame(writer->flow, writer->at->func, NULL, NULL);
    const struct ir_expr *base = base_of(flow_resolve(writer->flow, frame, object));
    if (base->kind != IR_SYMBOL || writer->main)
        return false;
    say(writer,
        "%s is what other calls into this code have left in '%s', and callers may end the "
        "wait",
        object_text(writer, object), base->symbol->name);
    return true;
}

/* Made here, but not only for here. */
static bool say_shared(const struct writer *writer, const struct ir_expr *object)
{
    struct points points = flow_points_in(writer->flow, writer->at->func, object);
    if (!points.count || flow_points_seen_whole(writer->flow, &points))
        return false;
    say(writer,
        "%s is returned to callers, or stored where they can get at it, and they may end the "
        "wait",
        object_text(writer, object));
    return true;
}

static bool say_holder(const struct writer *writer, const struct ir_expr *object)
{
    if (!object || ir_is_zero(object))
        return false;
    return say_parameter(writer, object) || say_made_outside(writer, object) ||
           say_handed(writer, object) || say_static(writer, object) || say_shared(writer, object);
}

static void say_outside(const struct writer *writer)
{
    const struct act *act = writer->at->op->act;
    bool is_told = false;
    if (writer->at->is_fed) {
        say(writer, "the system sends on it: ticks or signals");
        return;
    }
    for (size_t i = 0; i < act->arm_count && !is_told; i++)
        is_told =
            say_holder(writer, act->arms[i].context ? act->arms[i].context : act->arms[i].channel);
    is_told = is_told || say_holder(writer, act->object) || say_holder(writer, act->context);
    if (!is_told)
        say(writer, "code out of sight can get at what it waits for, and may end the wait");
}

/* ---- why nothing is said --------------------------------------------------------------------- */

static const char *what_it_does(const struct act *act)
{
    switch (act->kind) {
    case ACT_RECV:
        return "receives";
    case ACT_SEND:
        return "sends";
    case ACT_CLOSE:
        return "closes it";
    case ACT_UNLOCK:
        return "unlocks it";
    case ACT_SIGNAL:
        return "signals it";
    case ACT_CANCEL:
        return "cancels";
    case ACT_COND_WAIT:
        return "gives the lock back while it waits";
    case ACT_SELECT:
        return "has a case for it";
    case ACT_DONE:
    case ACT_ADD:
        return "lowers the count";
    default:
        return act->word ? act->word : act->function;
    }
}

static void say_end(const struct writer *writer, const struct explain_end *end)
{
    switch (end->kind) {
    case END_BY_OTHER:
        say(writer, "ended by '%s', which %s at %s", name_of(end->func), what_it_does(end->op->act),
            place_of(writer, end->func, &end->op->pos));
        break;
    case END_BY_RETURN:
        say(writer, "ended when task '%s' ends", name_of(end->func));
        break;
    case END_BY_TIME:
        if (end->op)
            say(writer, "ended when the time of the context made at %s runs out",
                place_of(writer, end->func, &end->op->pos));
        else
            say(writer, "ended by its own time limit");
        break;
    case END_GIVES_UP:
        say(writer, "it does not wait: where it would have to, it goes on without");
        break;
    case END_OUTSIDE:
        say_outside(writer);
        break;
    case END_OF_SEARCH:
        say(writer, "not searched any further where '%s' does what it must not, at %s",
            name_of(end->func), place_of(writer, end->func, &end->op->pos));
        break;
    case END_OF_PROCESS:
        say(writer, "ended with the process, which '%s' ends%s%s", name_of(end->func),
            end->op ? " at " : "", end->op ? place_of(writer, end->func, &end->op->pos) : "");
        break;
    }
}

static void say_ends(const struct writer *writer)
{
    enum { ENDS_MAX = 5 };
    const struct explained *at = writer->at;
    for (size_t i = 0; i < at->ends.count && i < ENDS_MAX; i++)
        say_end(writer, &at->ends.at[i]);
    if (at->ends.count > ENDS_MAX)
        say(writer, "and by %zu more", at->ends.count - ENDS_MAX);
}

static void say_bounds(const struct writer *writer)
{
    static const struct {
        enum bound bound;
        const char *text;
    } words[] = {
        {BOUND_STATES, "more states than the budget allows (--budget=MS)"},
        {BOUND_TASKS, "too many tasks at once"},
        {BOUND_DEPTH, "calls or a recursion too deep"},
        {BOUND_SIZE, "a state that is too large"},
        {BOUND_MEMORY, "the states take more memory than a part may have (--budget=MS)"},
        {BOUND_PROGRAM, "other parts took up what the program, or the run, may cost (--budget=MS)"},
        {BOUND_HANDLERS, "handlers that run at the end of a task"},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (writer->at->bounds & words[i].bound)
            say(writer, "not everything was searched: %s", words[i].text);
}

const char *explain_rule(enum cause cause)
{
    static const char *const ids[CAUSE_COUNT] = {
        [CAUSE_NIL_CHANNEL] = "nil-channel",
        [CAUSE_BACKGROUND_WAIT] = "background-wait",
        [CAUSE_MISSING_UNLOCK] = "missing-unlock",
        [CAUSE_LOCK_CYCLE] = "lock-cycle",
        [CAUSE_BLOCKED_WHILE_LOCKED] = "blocked-while-locked",
        [CAUSE_MISSING_WG_DONE] = "missing-wg-done",
        [CAUSE_WG_COUNT] = "wg-count",
        [CAUSE_WAIT_BEFORE_DRAIN] = "wait-before-drain",
        [CAUSE_ENDLESS_TASK] = "endless-task",
        [CAUSE_MISSING_CLOSE] = "missing-close",
        [CAUSE_DONE_NEVER_CLOSED] = "done-never-closed",
        [CAUSE_LOST_CANCEL] = "lost-cancel",
        [CAUSE_ABANDONED_SEND] = "abandoned-send",
        [CAUSE_CV_NEVER_SIGNALLED] = "cv-never-signalled",
        [CAUSE_UNBOUNDED_SEND] = "unbounded-send",
        [CAUSE_UNBOUNDED_RECEIVE] = "unbounded-receive",
        [CAUSE_CLOSE_TWICE] = "close-twice",
        [CAUSE_SEND_AFTER_CLOSE] = "send-after-close",
        [CAUSE_CLOSE_BY_RECEIVER] = "close-by-receiver",
        [CAUSE_WG_ADD_IN_TASK] = "wg-add-in-task",
    };
    return ids[cause] ? ids[cause] : "";
}

static bool has_verdict(const struct writer *writer)
{
    const struct verdicts *verdicts = explore_program(writer->flow, EXPLORE_PROGRAM_STATES);
    for (size_t i = 0; i < verdicts->at.count; i++)
        if (verdicts->at.at[i].park == writer->at->op)
            return true;
    return false;
}

static void say_unreached(const struct writer *writer)
{
    const char *from = writer->main ? "main" : "a function that other files can call";
    if (writer->at->func->incomplete)
        say(writer, "'%s' could not be read in full: %s", name_of(writer->at->func),
            writer->at->func->incomplete);
    if (writer->at->is_run && writer->at->bounds)
        say(writer, "the search did not come here");
    else
        say(writer, "no execution from %s reaches it", from);
}

/* What is known without any search; false: nothing. */
static bool say_what_it_is(const struct writer *writer)
{
    const struct act *act = writer->at->op->act;
    switch (act->kind) {
    case ACT_SEND:
    case ACT_RECV:
    case ACT_SELECT:
    case ACT_WAIT:
    case ACT_LOCK:
    case ACT_COND_WAIT:
    case ACT_JOIN:
        return false;
    case ACT_SLEEP:
        say(writer, "ended by its own time limit");
        return true;
    case ACT_IO:
        say(writer, "it waits for what comes from outside of the program, which is not searched");
        return true;
    default:
        say(writer, "it is no wait of its own: it lasts as long as what it runs");
        return true;
    }
}

/* What has always happened by then.  Steps without a wait in between are one, so a lock that is
 * given back in such a one is free. */
static const char *why_free(enum act_kind kind)
{
    switch (kind) {
    case ACT_LOCK:
        return "whoever holds the lock gives it back without waiting for anything meanwhile";
    case ACT_SEND:
        return "there is always room in the channel, or it is closed";
    case ACT_RECV:
        return "there is always something to receive, or the channel is closed";
    case ACT_WAIT:
        return "the count is always down to zero when a task comes here";
    case ACT_JOIN:
        return "that task has always ended when this one comes here";
    default:
        return "what it waits for has always happened when a task comes here";
    }
}

static void say_stuck(const struct writer *writer)
{
    const struct explained *at = writer->at;
    if (at->held_by.op)
        say(writer,
            "a task can wait here for ever, behind '%s', which waits at %s: that is the cause",
            name_of(at->held_by.func), place_of(writer, at->held_by.func, &at->held_by.op->pos));
    else if (at->is_silent)
        say(writer, "a task can wait here for ever, but one that still runs might end the wait");
    else
        say(writer, "a task can wait here for ever, as part of what is told elsewhere");
}

void explain_write(struct text *out, struct flow *flow, const struct explained *at,
                   const char *directory)
{
    struct writer writer = {out, flow, flow_arena(flow), at, directory, find_main(flow)};
    if (say_what_it_is(&writer))
        return;
    bool is_told = has_verdict(&writer);
    if (!is_told && at->is_stuck)
        say_stuck(&writer);
    if (!at->is_reached)
        say_unreached(&writer);
    say_ends(&writer);
    bool is_open = at->is_reached && !at->ends.count && !at->is_stuck && !is_told;
    if (is_open && at->waits)
        say(&writer, "no end was seen in what was searched");
    else if (is_open)
        say(&writer, "%s", why_free(at->op->act->kind));
    say_bounds(&writer);
}
