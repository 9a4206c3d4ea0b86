/*
 * missing-close: a loop receives until the channel is closed, and the one who feeds the channel can
 * end without closing it.
 *
 * Judged are channels all of whose holders are in sight.  A receive is until closed when no other
 * way leads out behind it (flow/waits.h).  Either nothing closes the channel: then the producer
 * ends without it, and the finding stands at its end, or at the receive where there is no producer.
 * Or one party closes it: then every way through that party has to, from where the channel and its
 * receiver exist.
 *
 * Fine: a closer that is not known for certain, or more than one; a producer that never ends; ways
 * on which the process ends; a receiver marked as a daemon.
 */
#include "flow/parties.h"
#include "flow/waits.h"
#include "rules/rule.h"
#include "rules/verdict.h"

/* One receive, in one frame. */
struct drain {
    struct pass *pass;
    const struct flow_use *receive; /* in a loop that ends when the channel is closed */
    const struct frame *frame;
    struct flow_channel channel;
};

/* ---- the finding ----------------------------------------------------------------------------- */

static void tell_story(const struct drain *drain, struct finding *finding)
{
    struct pass *pass = drain->pass;
    pass_note(pass, finding, drain->channel.maker_func, drain->channel.maker->pos,
              "the channel is made here");
    pass_note(pass, finding, drain->receive->func, drain->receive->op->pos,
              "%s receives here until the channel is closed, and then waits for ever",
              drain->receive->func->symbol->name);
    pass_note_task(pass, finding, drain->frame);
}

static void report_exit(const struct drain *drain, const struct flow_party *party,
                        const struct flow_lack *lack, const struct walk_exit *exit)
{
    struct pass *pass = drain->pass;
    const struct ir_func *func = lack->home->func;
    const char *name = flow_party_name(pass->flow, party);
    const char *how = lack->doer ? arena_printf(pass->arena, "starting '%s', which closes '%s'",
                                                lack->doer->symbol->name, name)
                                 : arena_printf(pass->arena, "closing '%s'", name);
    const char *remedy =
        lack->doer ? "close the channel" : "close it on this way too, or defer the close";
    struct finding *finding =
        pass_report(pass, func, exit->pos, CONFIDENCE_LIKELY, "'%s' can end here without %s; %s%s",
                    func->symbol->name, how, remedy, lack->doer ? " on this way" : "");
    pass_note(pass, finding, party->use->func, party->use->op->pos,
              "on other ways it is closed here");
    tell_story(drain, finding);
}

static void report_never(const struct drain *drain, const struct flow_party *producer,
                         const struct walk_exit *exit)
{
    struct pass *pass = drain->pass;
    const struct ir_func *func = producer->home->func;
    struct finding *finding =
        pass_report(pass, func, exit->pos, CONFIDENCE_LIKELY,
                    "'%s' ends without closing '%s', and nothing else closes it",
                    func->symbol->name, flow_party_name(pass->flow, producer));
    pass_note(pass, finding, producer->use->func, producer->use->op->pos, "it sends here");
    tell_story(drain, finding);
}

static void report_receive(const struct drain *drain)
{
    struct pass *pass = drain->pass;
    const struct flow_use *receive = drain->receive;
    struct finding *finding =
        pass_report(pass, receive->func, receive->op->pos, CONFIDENCE_LIKELY,
                    "this loop ends when '%s' is closed, and nothing closes it or sends on it",
                    flow_text(pass->arena, receive->func, receive->object));
    pass_note(pass, finding, drain->channel.maker_func, drain->channel.maker->pos,
              "the channel is made here");
    pass_note_task(pass, finding, drain->frame);
}

/* ---- judging --------------------------------------------------------------------------------- */

/* The last line of those on which a producer ends: where it ends when all goes well. */
static const struct walk_exit *last_exit(const struct walk_result *ways)
{
    const struct walk_exit *last = NULL;
    for (size_t i = 0; i < ways->exits.count; i++) {
        const struct walk_exit *exit = &ways->exits.at[i];
        if (!exit->is_idle && (!last || exit->pos.line > last->pos.line))
            last = exit;
    }
    return last;
}

static const enum act_kind closes[] = {ACT_CLOSE}, sends[] = {ACT_SEND};

static struct flow_wanted wanted_close(const struct drain *drain)
{
    return (struct flow_wanted){.object = drain->channel.object,
                                .kinds = closes,
                                .kind_count = COUNT_OF(closes),
                                .waiter = drain->receive->func};
}

/* One party closes the channel on some ways; on which does it not? */
static void judge_closer(const struct drain *drain, const struct flow_party *closer)
{
    struct flow_wanted wanted = wanted_close(drain);
    struct flow_lack lack = flow_party_lack(drain->pass->flow, closer->home, &wanted);
    for (size_t i = 0; i < lack.exits.count; i++)
        report_exit(drain, closer, &lack, &lack.exits.at[i]);
}

/* Nobody closes it: the first producer that ends is where the close is missing. */
static void judge_producers(const struct drain *drain, const struct flow_parties *producers)
{
    struct flow_wanted wanted = wanted_close(drain);
    const struct flow_party *first = NULL;
    const struct walk_exit *exit = NULL;
    for (size_t i = 0; i < producers->at.count; i++) {
        const struct flow_party *producer = &producers->at.at[i];
        if (flow_task_has(drain->frame, producer->home->func))
            continue;
        struct walk_result ways = flow_party_ways(drain->pass->flow, producer->home, &wanted);
        const struct walk_exit *last = last_exit(&ways);
        if (ways.is_incomplete || !last || flow_is_main(producer->home->func))
            return; /* it may go on sending for ever */
        if (!first) {
            first = producer;
            exit = arena_copy(drain->pass->arena, last, sizeof *last);
        }
    }
    if (first)
        report_never(drain, first, exit);
    else
        report_receive(drain);
}

static void judge(const struct drain *drain)
{
    struct flow *flow = drain->pass->flow;
    struct flow_parties closers =
        flow_parties(flow, closes, COUNT_OF(closes), drain->channel.object);
    if (closers.at.count > 1 || closers.is_cut || closers.has_several)
        return; /* the last one may close for all */
    if (closers.at.count == 1) {
        if (!flow_task_has(drain->frame, closers.at.at[0].home->func))
            judge_closer(drain, &closers.at.at[0]);
        return;
    }
    struct flow_parties producers =
        flow_parties(flow, sends, COUNT_OF(sends), drain->channel.object);
    judge_producers(drain, &producers);
}

static void check_receive(struct pass *pass, const struct flow_use *receive)
{
    struct flow_use_frames frames = flow_use_frames(pass->flow, receive);
    for (size_t i = 0; i < frames.at.count; i++) {
        struct drain drain = {.pass = pass, .receive = receive, .frame = frames.at.at[i]};
        if (flow_find_channel(pass->flow, frames.at.at[i], receive->object, &drain.channel) &&
            !flow_in_daemon(pass->flow, frames.at.at[i]) &&
            flow_receives_until(pass->flow, frames.at.at[i], receive->op) == FLOW_UNTIL_CLOSED)
            judge(&drain);
    }
}

static void check_program(struct pass *pass)
{
    size_t count;
    const struct flow_use *receives = flow_uses(pass->flow, ACT_RECV, &count);
    for (size_t i = 0; i < count; i++)
        if (receives[i].object && !receives[i].arm && !verdict_is_clear(pass, receives[i].op))
            check_receive(pass, &receives[i]);
    verdict_report(pass, CAUSE_MISSING_CLOSE);
}

const struct rule rule_missing_close = {
    .id = "missing-close",
    .group = GROUP_LEAK,
    .summary = "a channel is received from until it is closed, and its producer can end without "
               "closing it",
    .check_program = check_program,
};
