#include "explore/story.h"

#include <string.h>

enum { STEPS_MAX = 14 };

struct story {
    struct arena *arena;
    struct search *search;
    const struct blame *blame;
    struct verdict *verdict;
    const struct ir_func *entry_of[TASKS_MAX]; /* what runs in each slot, as the story goes on */
    bool is_guess;    /* it rests on what only somebody out of sight would do */
};

static const char *name_of(const struct ir_func *func)
{
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

static const char *object_text(struct arena *arena, const struct ir_op *op, int8_t arm)
{
    const struct ir_expr *object = blame_object(op, arm >= 0 ? (size_t)arm : 0);
    return object ? ir_expr_text(arena, object) : "it";
}

static const char *what_happens(struct story *story, const struct event *event)
{
    struct arena *arena = story->arena;
    const struct ir_op *op = event->op;
    const struct act *act = op->act;
    const char *object = object_text(arena, op, event->arm);
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
        return false;
    case ACT_SELECT:
        return true;
    case ACT_UNLOCK:
        return story->verdict->cause == CAUSE_CV_NEVER_SIGNALLED;
    default:
        return true;
    }
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
    if (is_about(story, event))
        add_step(story, event->func, event->pos,
                 arena_printf(arena, "'%s': %s", who, what_happens(story, event)));
}

/* Rounds of a loop look alike: the first and the last are enough. */
static void shorten(struct story *story)
{
    size_t count = story->verdict->steps.count;
    if (count <= STEPS_MAX)
        return;
    size_t first = STEPS_MAX / 2, last = STEPS_MAX - first;
    memmove(story->verdict->steps.at + first, story->verdict->steps.at + count - last,
            last * sizeof *story->verdict->steps.at);
    story->verdict->steps.count = STEPS_MAX;
}

/* ---- why nobody helps ------------------------------------------------------------------------ */

static const char *why_stuck(struct story *story)
{
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
        return "those it waits for wait for what it does afterwards";
    case CAUSE_MISSING_CLOSE:
        return "nobody is left who would close it";
    case CAUSE_DONE_NEVER_CLOSED:
        return "nobody is left who would close it";
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

/* Has a task that could receive from it gone another way: by time, by a context, by a return? */
static bool receiver_left(const struct story *story)
{
    const struct machine *machine = &story->search->machine;
    bool received = false, gave_up = false;
    for (size_t i = 0; i < machine->events.count; i++) {
        const struct event *event = &machine->events.at[i];
        const struct act *act = event->op ? event->op->act : NULL;
        if (event->kind == EVENT_TIME)
            gave_up = true;
        if (event->kind != EVENT_OP || !act)
            continue;
        received |= act->kind == ACT_RECV && event->result == RESULT_OK;
        gave_up |= event->result == RESULT_ENDED;
        if (act->kind == ACT_SELECT && event->arm >= 0)
            gave_up |= act->arm_count > 1 && act->arms[event->arm].kind != ARM_SEND;
    }
    return gave_up || !received;
}

static bool somebody_receives(struct story *story)
{
    struct flow *flow = story->search->machine.flow;
    const struct blame *blame = story->blame;
    struct frame *frame = flow_frame(flow, blame->func, NULL, NULL);
    const struct ir_expr *object = blame_object(blame->op, 0);
    return object &&
           flow_next_use(flow, ACT_RECV, flow_resolve(flow, frame, object), NULL) != NULL;
}

static void refine_cause(struct story *story)
{
    struct verdict *verdict = story->verdict;
    if (verdict->cause == CAUSE_UNBOUNDED_SEND && somebody_receives(story) && receiver_left(story))
        verdict->cause = CAUSE_ABANDONED_SEND;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void replay(struct story *story, uint32_t state)
{
    struct search *search = story->search;
    struct machine *machine = &search->machine;
    machine->events.count = 0;
    machine->traces = true;
    search_replay(search, state);
    machine->traces = false;
    story->entry_of[0] = machine->slice->scope->root;
    for (size_t i = 0; i < machine->events.count; i++)
        story->is_guess |= machine->events.at[i].kind == EVENT_OP && machine->events.at[i].is_guess;
}

void story_tell(struct arena *arena, struct search *search, uint32_t state,
                const struct blame *blame, struct verdict *verdict)
{
    struct story story = {arena, search, blame, verdict, {0}, false};
    verdict->task = name_of(blame_entry(&search->machine, blame->task));
    verdict->object = object_text(arena, blame->op, -1);
    replay(&story, state);
    refine_cause(&story);
    verdict->why = why_stuck(&story);
    verdict->certainty = story.is_guess ? CERTAINTY_LIKELY : CERTAINTY_PROVEN;
    for (size_t i = 0; i < search->machine.events.count; i++)
        tell_event(&story, &search->machine.events.at[i]);
    shorten(&story);
}
