#include "explore/misuse.h"

#include "explore/ahead.h"
#include "explore/story.h"

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
        const struct event *event = story_event_at(story, i);
        if (event->kind == EVENT_OP && event->partner && event->entry) {
            entry_of[event->partner - 1] = event->entry;
            receives[event->partner - 1] = false;
        }
        if (event->kind != EVENT_OP || !event->op || !event->op->act)
            continue;
        const struct ir_expr *object =
            blame_object(event->op, event->arm >= 0 ? (size_t)event->arm : 0);
        if (!story_concerns(story, event->func, object))
            continue;
        if (story_is_act(event, ACT_CLOSE)) {
            closer.is_one_of_many |= closer.event && closer.event->op != event->op;
            closer.event = event;
            closer.entry = entry_of[event->task];
            closer.has_received = receives[event->task];
        } else if (story_is_act(event, ACT_SEND) && event->partner) {
            receives[event->partner - 1] = true;
        } else if (story_is_act(event, ACT_RECV)) {
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
    if (ahead_does(&search->machine, closer->entry, send, misuse->func, channel))
        return false;
    search_load(search, at->state);
    uint8_t task = closer->event->task;
    const struct ir_op *op = sync_op(&search->machine, task, NULL);
    bool receives = op && op->act && (op->act->kind == ACT_RECV || op->act->kind == ACT_SELECT);
    return !receives && !ahead_can_still(&search->machine, task, receive, misuse->func, channel,
                                         (struct value){0});
}

static const char *text_of_closer(struct story *story, const struct misuse *misuse,
                                  const struct closer *closer)
{
    if (!closer->event || closer->event->task == misuse->task)
        return "it has closed it before";
    bool is_alike = closer->entry == story->entry_of[misuse->task];
    return arena_printf(story->arena, "%s'%s' has closed it", is_alike ? "another " : "",
                        story_name_of(closer->entry));
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
    story_stand_at(story, misuse->func, pos_of(misuse),
                   arena_printf(story->arena, "task '%s' closes %s a second time: %s",
                                story->verdict->task, story->verdict->object,
                                text_of_closer(story, misuse, &closer)));
    if (misuse->op->is_cleanup)
        story_add_step(
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
        story_add_step(
            story, misuse->func, misuse->op->pos,
            arena_printf(story->arena, "'%s': sends on %s, and nobody gets it", task, object));
        object = story_object_text(story, closer.event->func, closer.event->op, -1);
        story_stand_at(
            story, closer.event->func, closer.event->pos,
            arena_printf(story->arena,
                         "'%s' receives from %s and closes it while '%s' still sends: what "
                         "is sent is lost",
                         story_name_of(closer.entry), object, task));
        return;
    }
    story->verdict->cause = CAUSE_SEND_AFTER_CLOSE;
    story_stand_at(story, misuse->func, misuse->op->pos,
                   arena_printf(story->arena,
                                "task '%s' sends here on %s after it was closed, and does not ask "
                                "whether it was sent: %s",
                                task, object, text_of_closer(story, misuse, &closer)));
}

static void say_negative(struct story *story, const struct misuse *misuse)
{
    story->verdict->cause = CAUSE_WG_COUNT;
    story_stand_at(
        story, misuse->func, misuse->op->pos,
        arena_printf(story->arena,
                     "the count of %s goes below zero here, for task '%s': more is taken off "
                     "than was added",
                     story->verdict->object, story->verdict->task));
}

static void say_add_late(struct story *story, const struct misuse *misuse)
{
    const char *waiter = story_name_of(story->entry_of[misuse->waiter]);
    const char *object = story->verdict->object, *task = story->verdict->task;
    story->verdict->cause = CAUSE_WG_ADD_IN_TASK;
    story_add_step(story, misuse->wait_func, misuse->wait->pos,
                   arena_printf(story->arena,
                                "'%s': waits here, and goes on at once while nothing is counted",
                                waiter));
    story_stand_at(
        story, misuse->func, misuse->op->pos,
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
        return story_object_text(story, misuse->func, misuse->op, -1);
    return flow_text(story->arena, misuse->func, misuse->op->act->counted_by);
}

/* Callers end a context when they like; all else that somebody out of sight might do may be just
 * what keeps it from happening. */
static bool rests_on_others(const struct story *story)
{
    for (size_t i = 0; i < story->search->machine.events.count; i++) {
        const struct event *event = story_event_at(story, i);
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
        story_tell_event(story, story_event_at(story, i));
        if (closer.event == story_event_at(story, i))
            story->key_step = story->verdict->steps.count;
    }
    story_shorten(story);
}

bool misuse_tell(struct arena *arena, struct search *search, const struct search_misuse *at,
                 struct verdict *verdict)
{
    const struct misuse *misuse = &at->misuse;
    struct machine *machine = &search->machine;
    struct story story = {.arena = arena, .search = search, .verdict = verdict};
    const struct ir_expr *object = misused_object(misuse->op);
    if (misuse->kind == MISUSE_NOT_OWNED || misuse->kind == MISUSE_UNSURE || !object)
        return false;
    verdict->misused = misuse->op;
    story.wanted = story_points_of(&story, misuse->func, object);
    verdict->object = misused_text(&story, misuse);
    story_begin_replay(machine);
    search_replay_misuse(search, at);
    size_t count = machine->misuse.event_count;
    const struct event *last = count ? &machine->events.at[count - 1] : NULL;
    machine->events.count = count - (last && last->op == misuse->op); /* stands for itself */
    story_end_replay(&story);
    verdict->certainty = rests_on_others(&story) ? CERTAINTY_POSSIBLE : story_certainty_of(&story);
    tell_way(&story, machine->events.count);
    verdict->task = story_name_of(story.entry_of[misuse->task]);
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
