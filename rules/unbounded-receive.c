/*
 * unbounded-receive: a receive that no send and no close is sure to end, with no done channel,
 * context or timeout beside it.
 *
 * Judged are channels all of whose holders are in sight.  The receive waits for ever when nothing
 * sends on the channel or closes it, or when the one party that does can end without either.
 *
 * Fine: loops that receive until closed (missing-close); different functions that send, and sends
 * in loops, whose number is not compared with the receives; several tasks of one function that
 * share what decides; a receive that is not on every way; one at which no execution stays.
 */
#include "flow/parties.h"
#include "flow/waits.h"
#include "rules/rule.h"
#include "rules/verdict.h"

/* One receive, in one frame. */
struct wait {
    struct pass *pass;
    const struct flow_use *receive;
    const struct frame *frame;
    struct flow_channel channel;
};

/* What ends a receive. */
static const enum act_kind ends[] = {ACT_SEND, ACT_CLOSE};

/* ---- the finding ----------------------------------------------------------------------------- */

static struct finding *report(const struct wait *wait, const char *why)
{
    struct pass *pass = wait->pass;
    struct finding *finding =
        pass_report(pass, wait->receive->func, wait->receive->op->pos, CONFIDENCE_LIKELY,
                    "%s(%s) can wait here for ever: %s", wait->receive->op->act->word,
                    flow_text(pass->arena, wait->receive->func, wait->receive->object), why);
    pass_stuck_at(pass, finding, wait->receive->func, wait->receive->op->pos);
    pass_note_inner(pass, finding, wait->receive->op);
    pass_note(pass, finding, wait->channel.maker_func, wait->channel.maker->pos,
              "the channel is made here");
    pass_note_task(pass, finding, wait->frame);
    return finding;
}

/* A way that goes on with the next message has no end to point at: its last branch is shown. */
static struct ir_pos turn_pos(const struct walk_exit *exit)
{
    return exit->turns ? exit->turns->block->pos : exit->pos;
}

static void report_exit(const struct wait *wait, const struct flow_party *party,
                        const struct flow_lack *lack, const struct walk_exit *exit)
{
    struct pass *pass = wait->pass;
    const struct ir_func *func = lack->home->func;
    const char *name = func->symbol->name;
    const char *why = arena_printf(pass->arena, "'%s' can %s without sending on it or closing it",
                                   name, exit->is_over ? "go on to its next message" : "end");
    if (lack->doer)
        why = arena_printf(pass->arena, "'%s' can end without starting '%s'", name,
                           lack->doer->symbol->name);
    struct finding *finding = report(wait, why);
    pass_note(pass, finding, party->use->func, party->use->op->pos,
              "on other ways the wait is ended here");
    pass_note(pass, finding, func, exit->is_over ? turn_pos(exit) : exit->pos,
              exit->is_over ? "but not on every way from here; answer on this one too"
                            : "but this way does not lead there; send or close here too");
}

/* ---- judging --------------------------------------------------------------------------------- */

/* Who sends and closes is one party. */
/* Is the receive on every way through its own party, from where it has spawned the other one? */
static bool is_on_every_way(const struct wait *wait, const struct ir_func *other)
{
    struct flow *flow = wait->pass->flow;
    static const enum act_kind receives[] = {ACT_RECV};
    const struct frame *home = flow_home(flow, wait->frame, wait->receive->object);
    struct flow_wanted wanted = {.object = wait->channel.object,
                                 .kinds = receives,
                                 .kind_count = COUNT_OF(receives),
                                 .waiter = other};
    struct walk_result ways = flow_party_ways(flow, home, &wanted);
    if (ways.is_incomplete)
        return false;
    for (size_t i = 0; i < ways.exits.count; i++) {
        const struct walk_exit *exit = &ways.exits.at[i];
        if (exit->count == 0 && !exit->is_idle && !exit->is_handed_on)
            return false;
    }
    return true;
}

/* Of several that send, each has to fail by itself: the last one may send for all.  Returns whether
 * a finding was reported; one for each receive is enough. */
static bool judge_party(const struct wait *wait, const struct flow_party *party,
                        bool is_one_of_many)
{
    struct flow *flow = wait->pass->flow;
    struct flow_wanted wanted = {.object = wait->channel.object,
                                 .kinds = ends,
                                 .kind_count = COUNT_OF(ends),
                                 .waiter = wait->receive->func,
                                 .message = flow_message_of(flow, party)};
    is_one_of_many |= wanted.message != NULL; /* another message need not want an answer */
    struct flow_lack lack = flow_party_lack(flow, party->home, &wanted);
    if (lack.exits.count == 0 || !is_on_every_way(wait, lack.home->func))
        return false;
    for (size_t i = 0; i < lack.exits.count; i++) {
        const struct walk_exit *exit = &lack.exits.at[i];
        if (is_one_of_many && !flow_went_alone(flow, lack.home, exit, &wanted))
            continue;
        report_exit(wait, party, &lack, exit);
        return true;
    }
    return false;
}

/* A signal without values is done-never-closed's. */
static bool carries_values(const struct flow_channel *channel)
{
    return !ir_is_zero(channel->maker->act->element_size);
}

static bool judge(struct wait *wait)
{
    struct flow_parties parties =
        flow_parties(wait->pass->flow, ends, COUNT_OF(ends), wait->channel.object);
    if (parties.at.count == 0 && !parties.is_cut && carries_values(&wait->channel)) {
        report(wait, "nothing sends on the channel or closes it");
        return true;
    }
    if (parties.at.count != 1 || parties.is_cut)
        return false;
    const struct flow_party *party = &parties.at.at[0];
    if (parties.in_loop && !flow_message_of(wait->pass->flow, party))
        return false;
    return !flow_task_has(wait->frame, party->home->func) &&
           judge_party(wait, party, parties.has_several);
}

/* Nothing beside the channel ends it: no context, no time, no other arm. */
static bool is_unbounded(const struct pass *pass, const struct frame *frame,
                         const struct flow_use *receive)
{
    const struct act *act = receive->op->act;
    if (receive->arm)
        return act->arms_known && act->arm_count == 1;
    return !flow_is_bounded(pass->flow, frame, act);
}

static void check_receive(struct pass *pass, const struct flow_use *receive)
{
    struct flow_use_frames frames = flow_use_frames(pass->flow, receive);
    for (size_t i = 0; i < frames.at.count; i++) {
        struct wait wait = {.pass = pass, .receive = receive, .frame = frames.at.at[i]};
        if (is_unbounded(pass, frames.at.at[i], receive) &&
            flow_find_channel(pass->flow, frames.at.at[i], receive->object, &wait.channel) &&
            !flow_in_daemon(pass->flow, frames.at.at[i]) &&
            flow_receives_until(pass->flow, frames.at.at[i], receive->op) != FLOW_UNTIL_CLOSED &&
            judge(&wait))
            return;
    }
}

static void check_program(struct pass *pass)
{
    size_t count;
    const struct flow_use *receives = flow_uses(pass->flow, ACT_RECV, &count);
    for (size_t i = 0; i < count; i++)
        if (receives[i].object && !verdict_is_clear(pass, receives[i].op) &&
            !verdict_has_other(pass, receives[i].op, CAUSE_UNBOUNDED_RECEIVE))
            check_receive(pass, &receives[i]);
    verdict_report(pass, CAUSE_UNBOUNDED_RECEIVE);
}

const struct rule rule_unbounded_receive = {
    .id = "unbounded-receive",
    .group = GROUP_LEAK,
    .summary = "a receive that no send and no close is sure to end",
    .check_program = check_program,
};
