#include "explore/story.h"

#include "explore/client.h"

#include "flow/loops.h"
#include "flow/points.h"

#include <string.h>

enum { STEPS_MAX = 14 };

const char *story_name_of(const struct ir_func *func)
{
    if (client_has(func))
        return client_calls(func) ? client_calls(func)->symbol->name : "caller";
    return func && func->symbol ? func->symbol->name : "main";
}

static bool is_same_step(const struct explore_step *a, const struct explore_step *b)
{
    return a->func == b->func && memcmp(&a->pos, &b->pos, sizeof a->pos) == 0 &&
           text_is(a->text, b->text);
}

void story_add_step(struct story *story, const struct ir_func *func, struct ir_pos pos,
                    const char *text)
{
    struct explore_step step = {.func = func, .pos = pos, .text = text, .times = 1};
    if (!func)
        return;
    size_t count = story->verdict->steps.count;
    if (count > 0 && is_same_step(&story->verdict->steps.at[count - 1], &step))
        story->verdict->steps.at[count - 1].times++;
    else
        *vec_add(story->arena, &story->verdict->steps) = step;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* As the code says it; what a defer keeps, by what it was given. */
const char *story_object_text(struct story *story, const struct ir_func *func,
                              const struct ir_op *op, int8_t arm)
{
    const struct ir_expr *object = blame_object(op, arm >= 0 ? (size_t)arm : 0);
    return object ? flow_text(story->arena, func, flow_written(func, op, object)) : "it";
}

static const char *what_happens(struct story *story, const struct event *event)
{
    struct arena *arena = story->arena;
    const struct ir_op *op = event->op;
    const struct act *act = op->act;
    const char *object = story_object_text(story, event->func, op, event->arm);
    const char *word = act->word ? act->word : act->function;
    switch (act->kind) {
    case ACT_SPAWN:
        if (event->result == RESULT_FAILED)
            return arena_printf(arena, "%s fails: no task is started", word);
        return arena_printf(arena, "a task is spawned to run '%s'", story_name_of(event->entry));
    case ACT_SELECT:
        if (event->arm >= 0 && act->arms[event->arm].kind == ARM_AFTER)
            return "its time is up";
        if (event->arm >= 0 && act->arms[event->arm].kind == ARM_DEFAULT)
            return "no case is ready: the default case is taken";
        if (event->arm >= 0)
            return arena_printf(arena, "the case of %s is taken", object);
        return "one of its cases is taken";
    case ACT_SEND:
        if (event->result == RESULT_ENDED)
            return arena_printf(arena, "gives up sending on %s", object);
        return arena_printf(arena, "sends on %s", object);
    case ACT_RECV:
        if (event->result == RESULT_CLOSED)
            return arena_printf(arena, "learns that %s is closed", object);
        if (event->result == RESULT_ENDED)
            return arena_printf(arena, "gives up receiving from %s", object);
        return arena_printf(arena, "receives from %s", object);
    case ACT_LOCK:
        if (event->result != RESULT_OK)
            return arena_printf(arena, "does not get %s", object);
        return arena_printf(arena, "locks %s", object);
    case ACT_UNLOCK:
        return arena_printf(arena, "unlocks %s", object);
    case ACT_COND_WAIT:
        if (event->result == RESULT_ENDED || event->result == RESULT_FAILED)
            return arena_printf(arena, "gives up waiting on %s", object);
        return act->lock ? arena_printf(arena, "waits on %s", object)
                         : arena_printf(arena, "gets past %s(%s)", word, object);
    case ACT_SIGNAL:
        if (act->object_kind != OBJECT_COND)
            return arena_printf(arena, "%s(%s)", word, object);
        return event->partner || act->wakes_all
                   ? arena_printf(arena, "signals %s", object)
                   : arena_printf(arena, "signals %s, where nobody waits yet", object);
    default:
        return arena_printf(arena, "%s(%s)", word, object);
    }
}

/* ---- which steps are worth telling ----------------------------------------------------------- */

static bool is_about(const struct story *story, const struct event *event)
{
    const struct act *act = event->op->act;
    switch (act->kind) {
    case ACT_SPAWN:
        return true;
    case ACT_MAKE:
    case ACT_DERIVE:
    case ACT_DONE_CHANNEL:
    case ACT_REF:
    case ACT_FREE:
    case ACT_SLEEP:
    case ACT_YIELD:
    case ACT_IO:
    case ACT_INVOKE:
        return false;
    case ACT_SELECT:
        return true;
    case ACT_UNLOCK:
        return story->verdict->cause == CAUSE_CV_NEVER_SIGNALLED;
    default:
        return true;
    }
}

/* Of what a made-up client does, its calls are told. */
static void tell_client(struct story *story, const struct event *event)
{
    const struct ir_func *called = event->entry ? client_calls(event->entry) : NULL;
    if (called)
        story_add_step(story, called, called->pos,
                       arena_printf(story->arena, "a caller calls '%s'", story_name_of(called)));
}

static bool is_spawn(const struct event *event)
{
    return event->kind == EVENT_OP && event->op && event->partner && story_is_act(event, ACT_SPAWN);
}

/* Of the spawned task, see task_number of struct verdict. */
static size_t number_of(const struct story *story, const struct event *spawn)
{
    size_t number = 0, all = 0;
    for (size_t i = 0; i < story->search->machine.events.count; i++) {
        const struct event *event = story_event_at(story, i);
        all += is_spawn(event) && event->entry == spawn->entry;
        if (event == spawn)
            number = all;
    }
    return all > 1 ? number : 0;
}

static const char *name_of_task(const struct story *story, size_t task)
{
    const char *name = story_name_of(story->entry_of[task]);
    size_t number = story->number_of[task];
    return number ? arena_printf(story->arena, "'%s' #%zu", name, number)
                  : arena_printf(story->arena, "'%s'", name);
}

void story_tell_event(struct story *story, const struct event *event)
{
    struct arena *arena = story->arena;
    const char *who = name_of_task(story, event->task);
    if (event->kind == EVENT_TIME) {
        story_add_step(story, event->func, event->pos, "the time of this context runs out");
        return;
    }
    if (event->kind != EVENT_OP || !event->op || !event->op->act)
        return;
    if (is_spawn(event)) {
        story->entry_of[event->partner - 1] = event->entry;
        story->number_of[event->partner - 1] = number_of(story, event);
    }
    if (client_has(event->func))
        tell_client(story, event);
    else if (is_about(story, event))
        story_add_step(story, event->func, event->pos,
                       arena_printf(arena, "%s: %s", who, what_happens(story, event)));
}

/* Rounds of a loop look alike: the first and the last are enough. */
void story_shorten(struct story *story)
{
    struct explore_step *steps = story->verdict->steps.at;
    size_t count = story->verdict->steps.count, key = story->key_step;
    if (count <= STEPS_MAX)
        return;
    size_t first = STEPS_MAX / 2, rest = count - (STEPS_MAX - first), kept = first;
    if (key > first && key <= rest) {
        steps[kept] = steps[key - 1];
        steps[kept++].left_out = key - 1 - first;
        rest++;
    }
    size_t told = kept > first ? key : first;
    for (size_t i = rest; i < count; i++) {
        steps[kept] = steps[i];
        steps[kept++].left_out = i - told;
        told = i + 1;
    }
    story->verdict->steps.count = kept;
}

/* ---- why nobody helps ------------------------------------------------------------------------ */

static const char *why_stuck(struct story *story)
{
    if (story->blame->untold == story->verdict->cause)
        return "those it waits for go on until they are told to stop, and nobody is left who would";
    switch (story->verdict->cause) {
    case CAUSE_NIL_CHANNEL:
        return "the channel is NULL here";
    case CAUSE_BACKGROUND_WAIT:
        return "this context never ends";
    case CAUSE_MISSING_UNLOCK:
        return story->blame->is_own ? "the task has it itself, and went on without unlocking it"
                                    : "who has the lock has ended without unlocking it";
    case CAUSE_LOCK_CYCLE:
        return story->blame->is_own ? "the task has locked it itself, and not unlocked it yet"
                                    : "the lock is held, and its holder waits for this task";
    case CAUSE_BLOCKED_WHILE_LOCKED:
        return "who would end the wait needs a lock that this task holds";
    case CAUSE_MISSING_WG_DONE:
        return "the count is not zero, and nobody is left who would call wg_done";
    case CAUSE_WG_COUNT:
        return act_is_meeting(story->blame->op->act) ? "fewer come than it was made for"
                                                     : "more was added than is ever done";
    case CAUSE_WAIT_BEFORE_DRAIN:
        if (story->blame->tells_later)
            return "those it waits for go on until it tells them to stop, which it does afterwards";
        return "those it waits for wait for what it does afterwards";
    case CAUSE_ENDLESS_TASK:
        return "those it waits for go round for ever, and nothing tells them to stop";
    case CAUSE_MISSING_CLOSE:
        return "nobody is left who would close it";
    case CAUSE_DONE_NEVER_CLOSED:
        return "nobody is left who would close it";
    case CAUSE_LOST_CANCEL:
        return "nobody is left who would cancel or free the context";
    case CAUSE_ABANDONED_SEND:
        return "the receiver has left";
    case CAUSE_CV_NEVER_SIGNALLED:
        return story->blame->op->act->lock ? "nobody is left who would signal it"
                                           : "nobody is left who would post it";
    case CAUSE_UNBOUNDED_SEND:
        return "nobody is left who would receive";
    default:
        return "nobody is left who would send or close it";
    }
}

/* ---- whose operations concern the object ------------------------------------------------------
 */

struct points story_points_of(const struct story *story, const struct ir_func *func,
                              const struct ir_expr *object)
{
    struct flow *flow = story->search->machine.flow;
    return flow_points_in(flow, func, object);
}

bool story_concerns(const struct story *story, const struct ir_func *func,
                    const struct ir_expr *object)
{
    if (!object || !func)
        return false;
    struct points points = story_points_of(story, func, object);
    return flow_points_meet(story->search->machine.flow, &points, &story->wanted);
}

/* ---- a send whose receiver has gone -----------------------------------------------------------
 */

/* Another case than that of the channel was taken where it was one of them. */
static bool turned_away(const struct story *story, const struct event *event)
{
    const struct act *act = event->op->act;
    for (size_t i = 0; i < act->arm_count; i++)
        if (act->arms[i].kind == ARM_RECV && (int8_t)i != event->arm &&
            story_concerns(story, event->func, act->arms[i].channel))
            return true;
    return false;
}

/* Did the task give up to receive: by its time, a context, another case? */
static bool gave_up(const struct story *story, const struct event *event)
{
    const struct act *act = event->op ? event->op->act : NULL;
    if (event->kind != EVENT_OP || !act)
        return false;
    if (act->kind == ACT_SELECT)
        return turned_away(story, event);
    return act->kind == ACT_RECV && event->result == RESULT_ENDED &&
           story_concerns(story, event->func, act->object);
}

/* Does a task that begins with this function receive from it itself? */
static bool is_receiver(const struct story *story, const struct ir_func *entry)
{
    struct flow *flow = story->search->machine.flow;
    size_t count;
    const struct flow_use *uses = flow_uses(flow, ACT_RECV, &count);
    if (!flow_can(flow, entry, ACT_RECV) && !flow_can(flow, entry, ACT_SELECT))
        return false;
    for (size_t i = 0; i < count; i++)
        if (story_concerns(story, uses[i].func, uses[i].object) &&
            flow_runs(flow, entry, uses[i].func))
            return true;
    return false;
}

/* Was there another task to receive from it?  One of the same function takes turns with the sender:
 * what they send and receive is a slot. */
static bool had_receiver(const struct story *story)
{
    const struct machine *machine = &story->search->machine;
    const struct ir_func *sender = blame_entry(machine, story->blame->task);
    const struct ir_func *root = machine->slice->scope->root;
    if (sender != root && is_receiver(story, root))
        return true;
    for (size_t i = 0; i < machine->events.count; i++) {
        const struct event *event = &machine->events.at[i];
        if (event->kind == EVENT_OP && event->partner && event->entry && event->entry != sender &&
            is_receiver(story, event->entry))
            return true;
    }
    return false;
}

/* Has who could receive gone another way?  Not where that one waits itself, nor where a sender that
 * never ends would have outlasted any. */
static bool receiver_left(const struct story *story)
{
    struct machine *machine = &story->search->machine;
    for (size_t i = 0; i < machine->events.count; i++)
        if (gave_up(story, &machine->events.at[i]))
            return true;
    return !story->blame->would && had_receiver(story) &&
           flow_can_end(machine->flow, blame_entry(machine, story->blame->task));
}

/* ---- where the finding stands -----------------------------------------------------------------
 */

const struct event *story_event_at(const struct story *story, size_t index)
{
    return &story->search->machine.events.at[index];
}

bool story_is_act(const struct event *event, enum act_kind kind)
{
    return event->kind == EVENT_OP && event->op && event->op->act && event->op->act->kind == kind;
}

void story_stand_at(struct story *story, const struct ir_func *func, struct ir_pos pos,
                    const char *message)
{
    story->verdict->func = func;
    story->verdict->pos = pos;
    story->verdict->message = message;
}

/* Does the function, or what it calls, unlock at all?  Else it is a wrapper, and its caller owes
 * it.
 */
static bool gives_back(const struct story *story, const struct ir_func *func)
{
    return flow_can(story->search->machine.flow, func, ACT_UNLOCK);
}

/* Does the task unlock again what it took at `from`?  What is between may be locked and unlocked as
 * well: where pointers lead does not always tell locks apart. */
static bool is_given_back(const struct story *story, size_t from)
{
    const struct event *take = story_event_at(story, from);
    size_t depth = 0;
    for (size_t i = from; i < story->search->machine.events.count; i++) {
        const struct event *event = story_event_at(story, i);
        bool is_take = story_is_act(event, ACT_LOCK) && event->result == RESULT_OK;
        if (event->task != take->task || (!is_take && !story_is_act(event, ACT_UNLOCK)) ||
            !story_concerns(story, event->func, event->op->act->object))
            continue;
        depth += is_take ? 1 : (size_t)-1;
        if (depth == 0)
            return true;
    }
    return false;
}

/* Where the lock was taken that is still held; the number of events: not known. */
static size_t last_take(const struct story *story)
{
    size_t count = story->search->machine.events.count;
    for (size_t i = count; i-- > 0;) {
        const struct event *event = story_event_at(story, i);
        if (story_is_act(event, ACT_LOCK) && event->result == RESULT_OK &&
            story_concerns(story, event->func, event->op->act->object) && !is_given_back(story, i))
            return i;
    }
    return count;
}

/* The return with which the task left the function that locked, the lock still held.  `is_owed`:
 * that function unlocks on other ways; NULL: there was no such return. */
static const struct event *exit_with_lock(const struct story *story, bool *is_owed)
{
    size_t count = story->search->machine.events.count, taken = last_take(story);
    *is_owed = false;
    if (taken == count)
        return NULL;
    const struct event *take = story_event_at(story, taken), *first = NULL;
    uint32_t limit = take->frame_depth + 1u; /* what runs deeper was called later */
    for (size_t i = taken + 1; i < count && !*is_owed; i++) {
        const struct event *event = story_event_at(story, i);
        if (event->kind != EVENT_LEAVE || event->task != take->task || event->frame_depth >= limit)
            continue;
        limit = event->frame_depth;
        *is_owed = gives_back(story, event->func);
        if (*is_owed || !first)
            first = event;
    }
    return first;
}

static void stand_at_exit(struct story *story, const struct event *leave)
{
    story_stand_at(story, leave->func, leave->pos,
                   arena_printf(story->arena,
                                "'%s' leaves here with %s locked: task '%s' waits for it for ever",
                                story_name_of(leave->func), story->verdict->object,
                                story->verdict->task));
}

static void stand_at_exit_with_lock(struct story *story)
{
    bool is_owed;
    const struct event *leave = exit_with_lock(story, &is_owed);
    if (leave)
        stand_at_exit(story, leave);
}

/* A task that waits for a lock of its own forgot it where it left the function that took it: what
 * asks for it next is not to blame. */
static void look_for_lost_lock(struct story *story)
{
    bool is_owed;
    const struct event *leave = story->blame->is_own ? exit_with_lock(story, &is_owed) : NULL;
    if (!leave || !is_owed)
        return;
    story->verdict->cause = CAUSE_MISSING_UNLOCK;
    stand_at_exit(story, leave);
}

/* Has the task that ran in the slot done this to the object, from when it was spawned to its end?
 */
static bool has_done(const struct story *story, enum act_kind kind, size_t from, uint8_t slot)
{
    for (size_t i = from; i < story->search->machine.events.count; i++) {
        const struct event *event = story_event_at(story, i);
        if (event->task != slot)
            continue;
        if (story_is_act(event, kind) && story_concerns(story, event->func, event->op->act->object))
            return true;
        if (event->kind == EVENT_RETURN)
            return false;
    }
    return true; /* it has not ended */
}

static const struct event *end_of(const struct story *story, size_t from, uint8_t slot)
{
    const struct event *last = NULL;
    for (size_t i = from; i < story->search->machine.events.count; i++) {
        const struct event *event = story_event_at(story, i);
        if (event->task == slot && event->kind == EVENT_LEAVE)
            last = event;
        if (event->task == slot && event->kind == EVENT_RETURN)
            break;
    }
    return last;
}

static bool could_do(const struct story *story, enum act_kind kind, const struct ir_func *entry)
{
    size_t count;
    struct flow *flow = story->search->machine.flow;
    const struct flow_use *uses = flow_uses(flow, kind, &count);
    for (size_t i = 0; i < count; i++)
        if (story_concerns(story, uses[i].func, uses[i].object) &&
            flow_runs(flow, entry, uses[i].func))
            return true;
    return false;
}

/* The end of a task that was spawned to do this, and ended without. */
static const struct event *end_without(const struct story *story, enum act_kind kind,
                                       const struct ir_func **entry)
{
    for (size_t i = 0; i < story->search->machine.events.count; i++) {
        const struct event *event = story_event_at(story, i);
        if (!story_is_act(event, ACT_SPAWN) || !event->partner ||
            (kind == ACT_DONE && event->op->act->counted_by))
            continue;
        uint8_t slot = (uint8_t)(event->partner - 1);
        *entry = event->entry;
        if (!has_done(story, kind, i + 1, slot) && could_do(story, kind, event->entry))
            return end_of(story, i + 1, slot);
    }
    return NULL;
}

/* The lock was handed to another task, which was to unlock it. */
static bool stand_at_keeper(struct story *story)
{
    const struct ir_func *keeper;
    const struct event *end =
        story->blame->is_handed ? end_without(story, ACT_UNLOCK, &keeper) : NULL;
    if (!end)
        return false;
    story_stand_at(story, end->func, end->pos,
                   arena_printf(story->arena,
                                "task '%s' ends here without unlocking %s, which was left to it: "
                                "task '%s' waits for it for ever",
                                story_name_of(keeper), story->verdict->object,
                                story->verdict->task));
    return true;
}

/* A task that could lower the count and ended without; else more was added than is ever done. */
static void stand_at_missing_done(struct story *story)
{
    const struct ir_func *task;
    const struct event *end = end_without(story, ACT_DONE, &task);
    if (end) {
        story_stand_at(story, end->func, end->pos,
                       arena_printf(story->arena,
                                    "task '%s' ends here without wg_done(%s): task '%s' "
                                    "waits for it for ever",
                                    story_name_of(task), story->verdict->object,
                                    story->verdict->task));
        return;
    }
    for (size_t i = 0; i < story->search->machine.events.count; i++) {
        const struct event *event = story_event_at(story, i);
        if (!story_is_act(event, ACT_ADD) ||
            !story_concerns(story, event->func, event->op->act->object))
            continue;
        story->verdict->cause = CAUSE_WG_COUNT;
        story_stand_at(story, event->func, event->pos,
                       arena_printf(story->arena,
                                    "more is added to %s here than the tasks ever take off: "
                                    "task '%s' waits for ever",
                                    story->verdict->object, story->verdict->task));
        return;
    }
}

static void stand_at_maker(struct story *story)
{
    if (!story->maker)
        return;
    const char *task = story->verdict->task;
    story_stand_at(story, story->maker->func, story->maker->op->pos,
                   story->verdict->cause == CAUSE_LOST_CANCEL
                       ? arena_printf(story->arena,
                                      "this context can be left without a cancel or a free: "
                                      "task '%s' waits for its end for ever",
                                      task)
                       : arena_printf(story->arena,
                                      "this done channel can be left without being closed: "
                                      "task '%s' waits for that for ever",
                                      task));
}

static void refine_cause(struct story *story)
{
    struct verdict *verdict = story->verdict;
    switch (verdict->cause) {
    case CAUSE_UNBOUNDED_SEND:
        if (receiver_left(story))
            verdict->cause = CAUSE_ABANDONED_SEND;
        break;
    case CAUSE_MISSING_UNLOCK:
        if (!stand_at_keeper(story))
            stand_at_exit_with_lock(story);
        break;
    case CAUSE_LOCK_CYCLE:
        look_for_lost_lock(story);
        break;
    case CAUSE_MISSING_WG_DONE:
        stand_at_missing_done(story);
        break;
    case CAUSE_DONE_NEVER_CLOSED:
    case CAUSE_LOST_CANCEL:
        stand_at_maker(story);
        break;
    default:
        break;
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

void story_begin_replay(struct machine *machine)
{
    machine->events.count = 0;
    machine->traces = true;
    machine->asked_opened = machine->asked_link = false;
}

void story_end_replay(struct story *story)
{
    struct machine *machine = &story->search->machine;
    machine->traces = false;
    story->entry_of[0] = machine->slice->scope->root;
    for (size_t i = 0; i < machine->events.count; i++)
        story->is_guess |= machine->events.at[i].kind == EVENT_OP && machine->events.at[i].is_guess;
}

/* A client looks whether it was given anything.  Where a world does not keep that, the library
 * knows better than a throw that it gave nothing. */
static bool denies_what_was_given(const struct story *story)
{
    const struct machine *machine = &story->search->machine;
    for (size_t i = 0; i < machine->events.count; i++) {
        const struct event *event = &machine->events.at[i];
        if (event->kind == EVENT_BRANCH && event->is_guess && !event->taken &&
            client_has(event->func))
            return true;
    }
    return false;
}

/* At scale, numbers that belong together may no longer fit.  Who holds a lock, and who wants it,
 * goes by none. */
static bool may_not_fit(const struct story *story)
{
    const struct machine *machine = &story->search->machine;
    enum cause cause = story->verdict->cause;
    bool is_of_locks = cause == CAUSE_LOCK_CYCLE || cause == CAUSE_MISSING_UNLOCK ||
                       cause == CAUSE_BLOCKED_WHILE_LOCKED;
    return machine->is_scaled && slice_scales_apart(machine->slice) && !is_of_locks;
}

enum certainty story_certainty_of(const struct story *story)
{
    const struct machine *machine = &story->search->machine;
    if (machine->asked_opened || denies_what_was_given(story) || may_not_fit(story))
        return CERTAINTY_POSSIBLE;
    return story->is_guess || machine->is_scaled ? CERTAINTY_LIKELY : CERTAINTY_PROVEN;
}

/* The room was counted for a list, and whether it is enough goes by how long the list is: the
 * program knows that the two agree. */
static bool goes_by_list(struct story *story)
{
    struct machine *machine = &story->search->machine;
    struct value handle = blame_handle(machine, story->blame->task);
    const struct value *cell =
        handle.kind == V_PTR ? world_find_cell(&machine->world, handle.id, handle.num) : NULL;
    return machine->asked_link && cell && cell->kind == V_CHAN && (cell->flags & CHAN_COUNTED);
}

void story_tell(struct arena *arena, struct search *search, uint32_t state,
                const struct blame *blame, struct verdict *verdict)
{
    struct story story = {.arena = arena, .search = search, .blame = blame, .verdict = verdict};
    bool is_untold = blame->untold != CAUSE_COUNT; /* it waits for tasks then */
    const struct site *maker = is_untold ? NULL : blame_maker(&search->machine, blame);
    struct site kept = maker ? *maker : (struct site){0}; /* sites move when there are more */
    story.maker = maker ? &kept : NULL;
    const struct ir_expr *object = blame_object(blame->op, 0);
    if (blame->op->act->kind == ACT_COND_WAIT && verdict->cause == CAUSE_MISSING_UNLOCK)
        object = blame->op->act->lock;
    if (object)
        story.wanted = story_points_of(&story, blame->func, object);
    verdict->task = story_name_of(client_entry(&search->machine, blame->task));
    verdict->object = story_object_text(&story, blame->func, blame->op, -1);
    story_begin_replay(&search->machine);
    search_replay(search, state);
    story_end_replay(&story);
    refine_cause(&story);
    verdict->why = why_stuck(&story);
    verdict->certainty = goes_by_list(&story) ? CERTAINTY_POSSIBLE : story_certainty_of(&story);
    for (size_t i = 0; i < search->machine.events.count; i++)
        story_tell_event(&story, &search->machine.events.at[i]);
    verdict->task_number = story.number_of[blame->task];
    story_shorten(&story);
}
