#include "explore/story.h"

#include "explore/client.h"

#include "flow/loops.h"
#include "flow/points.h"

#include <string.h>

enum { STEPS_MAX = 14 };

struct story {
    struct arena *arena;
    struct search *search;
    const struct blame *blame;
    struct verdict *verdict;
    const struct ir_func *entry_of[TASKS_MAX]; /* what runs in each slot, as the story goes on */
    struct points wanted;                      /* what the task waits for */
    const struct site *maker;                  /* of that; NULL: not made by a call */
    bool is_guess;   /* it rests on what only somebody out of sight would do */
    size_t key_step; /* that must be told, + 1; 0: none */
};

static const char *name_of(const struct ir_func *func)
{
    if (client_has(func))
        return client_calls(func) ? client_calls(func)->symbol->name : "caller";
    return func && func->symbol ? func->symbol->name : "main";
}

static void add_step(struct story *story, const struct ir_func *func, struct ir_pos pos,
                     const char *text)
{
    if (!func)
        return;
    *vec_add(story->arena, &story->verdict->steps) = (struct explore_step){func, pos, text};
}

/* ---- words ----------------------------------------------------------------------------------- */

/* As the code says it; what a defer keeps, by what it was given. */
static const char *object_text(struct story *story, const struct ir_func *func,
                               const struct ir_op *op, int8_t arm)
{
    struct arena *arena = story->arena;
    struct flow *flow = story->search->machine.flow;
    const struct ir_expr *object = blame_object(op, arm >= 0 ? (size_t)arm : 0);
    if (object && op->is_cleanup)
        object = flow_resolve(flow, flow_frame(flow, func, NULL, NULL), object);
    return object ? ir_expr_text(arena, object) : "it";
}

static const char *what_happens(struct story *story, const struct event *event)
{
    struct arena *arena = story->arena;
    const struct ir_op *op = event->op;
    const struct act *act = op->act;
    const char *object = object_text(story, event->func, op, event->arm);
    const char *word = act->word ? act->word : act->function;
    switch (act->kind) {
    case ACT_SPAWN:
        if (event->result == RESULT_FAILED)
            return arena_printf(arena, "%s fails: no task is started", word);
        return arena_printf(arena, "a task is spawned to run '%s'", name_of(event->entry));
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
        return arena_printf(arena, "waits on %s", object);
    case ACT_SIGNAL:
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
        add_step(story, called, called->pos,
                 arena_printf(story->arena, "a caller calls '%s'", name_of(called)));
}

static void tell_event(struct story *story, const struct event *event)
{
    struct arena *arena = story->arena;
    const char *who = name_of(story->entry_of[event->task]);
    if (event->kind == EVENT_TIME) {
        add_step(story, event->func, event->pos, "the time of this context runs out");
        return;
    }
    if (event->kind != EVENT_OP || !event->op || !event->op->act)
        return;
    if (event->op->act->kind == ACT_SPAWN && event->partner)
        story->entry_of[event->partner - 1] = event->entry;
    if (client_has(event->func))
        tell_client(story, event);
    else if (is_about(story, event))
        add_step(story, event->func, event->pos,
                 arena_printf(arena, "'%s': %s", who, what_happens(story, event)));
}

/* Rounds of a loop look alike: the first and the last are enough. */
static void shorten(struct story *story)
{
    size_t count = story->verdict->steps.count;
    if (count <= STEPS_MAX)
        return;
    size_t first = STEPS_MAX / 2, last = STEPS_MAX - first, key = story->key_step;
    if (key > first && key <= count - last)
        story->verdict->steps.at[count - last] = story->verdict->steps.at[key - 1];
    memmove(story->verdict->steps.at + first, story->verdict->steps.at + count - last,
            last * sizeof *story->verdict->steps.at);
    story->verdict->steps.count = STEPS_MAX;
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
        return "who has the lock has ended without unlocking it";
    case CAUSE_LOCK_CYCLE:
        return "the lock is held, and its holder waits for this task";
    case CAUSE_BLOCKED_WHILE_LOCKED:
        return "who would end the wait needs a lock that this task holds";
    case CAUSE_MISSING_WG_DONE:
        return "the count is not zero, and nobody is left who would call wg_done";
    case CAUSE_WG_COUNT:
        return "more was added than is ever done";
    case CAUSE_WAIT_BEFORE_DRAIN:
        if (story->blame->tells_later)
            return "those it waits for go on until it tells them to stop, which it does afterwards";
        return "those it waits for wait for what it does afterwards";
    case CAUSE_MISSING_CLOSE:
        return "nobody is left who would close it";
    case CAUSE_DONE_NEVER_CLOSED:
        return "nobody is left who would close it";
    case CAUSE_LOST_CANCEL:
        return "nobody is left who would cancel or free the context";
    case CAUSE_ABANDONED_SEND:
        return "the receiver has left";
    case CAUSE_CV_NEVER_SIGNALLED:
        return "nobody is left who would signal it";
    case CAUSE_UNBOUNDED_SEND:
        return "nobody is left who would receive";
    default:
        return "nobody is left who would send or close it";
    }
}

/* ---- whose operations concern the object ------------------------------------------------------
 */

static struct points points_of(const struct story *story, const struct ir_func *func,
                               const struct ir_expr *object)
{
    struct flow *flow = story->search->machine.flow;
    return flow_points_in(flow, func, object);
}

static bool concerns(const struct story *story, const struct ir_func *func,
                     const struct ir_expr *object)
{
    if (!object || !func)
        return false;
    struct points points = points_of(story, func, object);
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
            concerns(story, event->func, act->arms[i].channel))
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
           concerns(story, event->func, act->object);
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
        if (concerns(story, uses[i].func, uses[i].object) && flow_runs(flow, entry, uses[i].func))
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

static const struct event *event_at(const struct story *story, size_t index)
{
    return &story->search->machine.events.at[index];
}

static bool is_act(const struct event *event, enum act_kind kind)
{
    return event->kind == EVENT_OP && event->op && event->op->act && event->op->act->kind == kind;
}

static void stand_at(struct story *story, const struct ir_func *func, struct ir_pos pos,
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

/* The return with which the task left the function that locked, the lock still held. */
static void stand_at_exit_with_lock(struct story *story)
{
    size_t count = story->search->machine.events.count, locked = count;
    for (size_t i = 0; i < count; i++) {
        const struct event *event = event_at(story, i);
        bool is_take = is_act(event, ACT_LOCK) && event->result == RESULT_OK;
        if (is_take && concerns(story, event->func, event->op->act->object))
            locked = i;
    }
    if (locked == count)
        return;
    uint16_t depth = event_at(story, locked)->frame_depth;
    const struct event *last = NULL;
    for (size_t i = locked + 1; i < count; i++) {
        const struct event *event = event_at(story, i);
        if (event->kind != EVENT_LEAVE || event->task != event_at(story, locked)->task ||
            event->frame_depth > depth)
            continue;
        if (!last)
            last = event;
        depth = event->frame_depth;
        if (gives_back(story, event->func)) {
            last = event;
            break;
        }
    }
    if (last)
        stand_at(story, last->func, last->pos,
                 arena_printf(story->arena,
                              "'%s' leaves here with %s locked: task '%s' waits for it "
                              "for ever",
                              name_of(last->func), story->verdict->object, story->verdict->task));
}

/* Has the task that ran in the slot done this to the object, from when it was spawned to its end?
 */
static bool has_done(const struct story *story, enum act_kind kind, size_t from, uint8_t slot)
{
    for (size_t i = from; i < story->search->machine.events.count; i++) {
        const struct event *event = event_at(story, i);
        if (event->task != slot)
            continue;
        if (is_act(event, kind) && concerns(story, event->func, event->op->act->object))
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
        const struct event *event = event_at(story, i);
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
        if (concerns(story, uses[i].func, uses[i].object) && flow_runs(flow, entry, uses[i].func))
            return true;
    return false;
}

/* The end of a task that was spawned to do this, and ended without. */
static const struct event *end_without(const struct story *story, enum act_kind kind,
                                       const struct ir_func **entry)
{
    for (size_t i = 0; i < story->search->machine.events.count; i++) {
        const struct event *event = event_at(story, i);
        if (!is_act(event, ACT_SPAWN) || !event->partner ||
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
    stand_at(story, end->func, end->pos,
             arena_printf(story->arena,
                          "task '%s' ends here without unlocking %s, which was left to it: "
                          "task '%s' waits for it for ever",
                          name_of(keeper), story->verdict->object, story->verdict->task));
    return true;
}

/* A task that could lower the count and ended without; else more was added than is ever done. */
static void stand_at_missing_done(struct story *story)
{
    const struct ir_func *task;
    const struct event *end = end_without(story, ACT_DONE, &task);
    if (end) {
        stand_at(story, end->func, end->pos,
                 arena_printf(story->arena,
                              "task '%s' ends here without wg_done(%s): task '%s' "
                              "waits for it for ever",
                              name_of(task), story->verdict->object, story->verdict->task));
        return;
    }
    for (size_t i = 0; i < story->search->machine.events.count; i++) {
        const struct event *event = event_at(story, i);
        if (!is_act(event, ACT_ADD) || !concerns(story, event->func, event->op->act->object))
            continue;
        story->verdict->cause = CAUSE_WG_COUNT;
        stand_at(story, event->func, event->pos,
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
    stand_at(story, story->maker->func, story->maker->op->pos,
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

static void begin_replay(struct machine *machine)
{
    machine->events.count = 0;
    machine->traces = true;
    machine->asked_opened = machine->asked_link = false;
}

static void end_replay(struct story *story)
{
    struct machine *machine = &story->search->machine;
    machine->traces = false;
    story->entry_of[0] = machine->slice->scope->root;
    for (size_t i = 0; i < machine->events.count; i++)
        story->is_guess |= machine->events.at[i].kind == EVENT_OP && machine->events.at[i].is_guess;
}

static enum certainty certainty_of(const struct story *story)
{
    const struct machine *machine = &story->search->machine;
    if (machine->asked_opened)
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
        story.wanted = points_of(&story, blame->func, object);
    verdict->task = name_of(client_entry(&search->machine, blame->task));
    verdict->object = object_text(&story, blame->func, blame->op, -1);
    begin_replay(&search->machine);
    search_replay(search, state);
    end_replay(&story);
    refine_cause(&story);
    verdict->why = why_stuck(&story);
    verdict->certainty = goes_by_list(&story) ? CERTAINTY_POSSIBLE : certainty_of(&story);
    for (size_t i = 0; i < search->machine.events.count; i++)
        tell_event(&story, &search->machine.events.at[i]);
    shorten(&story);
}

/* ---- what must not happen -------------------------------------------------------------------- */

/* The close that came before. */
struct closer {
    const struct event *event;   /* NULL: none is in the story */
    const struct ir_func *entry; /* of the task that closed */
    bool has_received;           /* that task, from the channel, before */
    bool is_one_of_many;         /* other closes may have been the one */
};

static struct closer find_closer(const struct story *story)
{
    struct closer closer = {0};
    const struct ir_func *entry_of[TASKS_MAX] = {story->entry_of[0]};
    bool receives[TASKS_MAX] = {false};
    for (size_t i = 0; i < story->search->machine.events.count; i++) {
        const struct event *event = event_at(story, i);
        if (event->kind == EVENT_OP && event->partner && event->entry) {
            entry_of[event->partner - 1] = event->entry;
            receives[event->partner - 1] = false;
        }
        if (event->kind != EVENT_OP || !event->op || !event->op->act)
            continue;
        const struct ir_expr *object =
            blame_object(event->op, event->arm >= 0 ? (size_t)event->arm : 0);
        if (!concerns(story, event->func, object))
            continue;
        if (is_act(event, ACT_CLOSE)) {
            closer.is_one_of_many |= closer.event && closer.event->op != event->op;
            closer.event = event;
            closer.entry = entry_of[event->task];
            closer.has_received = receives[event->task];
        } else if (is_act(event, ACT_SEND) && event->partner) {
            receives[event->partner - 1] = true;
        } else if (is_act(event, ACT_RECV)) {
            receives[event->task] = true;
        }
    }
    return closer;
}

/* Has one who only receives closed it, and does not want what is sent any more? */
static bool is_close_by_receiver(const struct story *story, const struct search_misuse *at,
                                 const struct closer *closer)
{
    struct search *search = story->search;
    const struct misuse *misuse = &at->misuse;
    const struct ir_expr *channel = misuse->op->act->object;
    uint64_t receive = (uint64_t)1 << ACT_RECV, send = (uint64_t)1 << ACT_SEND;
    if (!closer->event || closer->is_one_of_many || !closer->has_received ||
        closer->event->task == misuse->task)
        return false;
    if (blame_does(search, closer->entry, send, misuse->func, channel))
        return false;
    search_load(search, at->state);
    uint8_t task = closer->event->task;
    const struct ir_op *op = sync_op(&search->machine, task, NULL);
    bool receives = op && op->act && (op->act->kind == ACT_RECV || op->act->kind == ACT_SELECT);
    return !receives && !blame_can_still(search, task, receive, misuse->func, channel);
}

static const char *text_of_closer(struct story *story, const struct misuse *misuse,
                                  const struct closer *closer)
{
    if (!closer->event || closer->event->task == misuse->task)
        return "it has closed it before";
    bool is_alike = closer->entry == story->entry_of[misuse->task];
    return arena_printf(story->arena, "%s'%s' has closed it", is_alike ? "another " : "",
                        name_of(closer->entry));
}

/* What a defer does is a matter of the defer. */
static struct ir_pos pos_of(const struct misuse *misuse)
{
    const struct ir_op *op = misuse->op;
    return op->is_cleanup && op->var ? op->var->pos : op->pos;
}

static void say_close_twice(struct story *story, const struct misuse *misuse)
{
    struct closer closer = find_closer(story);
    story->verdict->cause = CAUSE_CLOSE_TWICE;
    stand_at(story, misuse->func, pos_of(misuse),
             arena_printf(story->arena, "task '%s' closes %s a second time: %s",
                          story->verdict->task, story->verdict->object,
                          text_of_closer(story, misuse, &closer)));
    if (misuse->op->is_cleanup)
        add_step(
            story, misuse->func, misuse->op->pos,
            arena_printf(story->arena, "'%s': the defer runs at this exit", story->verdict->task));
}

static void say_send_after_close(struct story *story, const struct search_misuse *at)
{
    const struct misuse *misuse = &at->misuse;
    struct closer closer = find_closer(story);
    const char *task = story->verdict->task, *object = story->verdict->object;
    if (is_close_by_receiver(story, at, &closer)) {
        story->verdict->cause = CAUSE_CLOSE_BY_RECEIVER;
        add_step(story, misuse->func, misuse->op->pos,
                 arena_printf(story->arena, "'%s': sends on %s, and nobody gets it", task, object));
        object = object_text(story, closer.event->func, closer.event->op, -1);
        stand_at(story, closer.event->func, closer.event->pos,
                 arena_printf(story->arena,
                              "'%s' receives from %s and closes it while '%s' still sends: what "
                              "is sent is lost",
                              name_of(closer.entry), object, task));
        return;
    }
    story->verdict->cause = CAUSE_SEND_AFTER_CLOSE;
    stand_at(story, misuse->func, misuse->op->pos,
             arena_printf(story->arena,
                          "task '%s' sends here on %s after it was closed, and does not ask "
                          "whether it was sent: %s",
                          task, object, text_of_closer(story, misuse, &closer)));
}

static void say_negative(struct story *story, const struct misuse *misuse)
{
    story->verdict->cause = CAUSE_WG_COUNT;
    stand_at(story, misuse->func, misuse->op->pos,
             arena_printf(story->arena,
                          "the count of %s goes below zero here, for task '%s': more is taken off "
                          "than was added",
                          story->verdict->object, story->verdict->task));
}

static void say_add_late(struct story *story, const struct misuse *misuse)
{
    const char *waiter = name_of(story->entry_of[misuse->waiter]);
    const char *object = story->verdict->object, *task = story->verdict->task;
    story->verdict->cause = CAUSE_WG_ADD_IN_TASK;
    add_step(story, misuse->wait_func, misuse->wait->pos,
             arena_printf(story->arena,
                          "'%s': waits here, and goes on at once while nothing is counted",
                          waiter));
    stand_at(story, misuse->func, misuse->op->pos,
             arena_printf(story->arena,
                          "task '%s' adds to %s here, which may come too late: '%s' may have found "
                          "a count of zero and waits no more",
                          task, object, waiter));
}

/* What it is done to: of a spawn, the group that counts the task. */
static const struct ir_expr *misused_object(const struct ir_op *op)
{
    return op->act->kind == ACT_SPAWN ? op->act->counted_by : blame_object(op, 0);
}

static const char *misused_text(struct story *story, const struct misuse *misuse)
{
    if (misuse->op->act->kind != ACT_SPAWN)
        return object_text(story, misuse->func, misuse->op, -1);
    return ir_expr_text(story->arena, misuse->op->act->counted_by);
}

/* Callers end a context when they like; all else that somebody out of sight might do may be just
 * what keeps it from happening. */
static bool rests_on_others(const struct story *story)
{
    for (size_t i = 0; i < story->search->machine.events.count; i++) {
        const struct event *event = event_at(story, i);
        if (event->kind == EVENT_OP && event->is_guess && event->result != RESULT_ENDED)
            return true;
    }
    return false;
}

/* The steps up to it; the close that came before is among them. */
static void tell_way(struct story *story, size_t count)
{
    struct closer closer = find_closer(story);
    for (size_t i = 0; i < count; i++) {
        tell_event(story, event_at(story, i));
        if (closer.event == event_at(story, i))
            story->key_step = story->verdict->steps.count;
    }
    shorten(story);
}

bool story_tell_misuse(struct arena *arena, struct search *search, const struct search_misuse *at,
                       struct verdict *verdict)
{
    const struct misuse *misuse = &at->misuse;
    struct machine *machine = &search->machine;
    struct story story = {.arena = arena, .search = search, .verdict = verdict};
    const struct ir_expr *object = misused_object(misuse->op);
    if (misuse->kind == MISUSE_NOT_OWNED || misuse->kind == MISUSE_UNSURE || !object)
        return false;
    verdict->misused = misuse->op;
    story.wanted = points_of(&story, misuse->func, object);
    verdict->object = misused_text(&story, misuse);
    begin_replay(machine);
    search_replay_misuse(search, at);
    size_t count = machine->misuse.event_count;
    const struct event *last = count ? &machine->events.at[count - 1] : NULL;
    machine->events.count = count - (last && last->op == misuse->op); /* stands for itself */
    end_replay(&story);
    verdict->certainty = rests_on_others(&story) ? CERTAINTY_POSSIBLE : certainty_of(&story);
    tell_way(&story, machine->events.count);
    verdict->task = name_of(story.entry_of[misuse->task]);
    if (misuse->kind == MISUSE_CLOSE_TWICE)
        say_close_twice(&story, misuse);
    else if (misuse->kind == MISUSE_SEND_CLOSED)
        say_send_after_close(&story, at);
    else if (misuse->kind == MISUSE_ADD_LATE)
        say_add_late(&story, misuse);
    else
        say_negative(&story, misuse);
    return true;
}
