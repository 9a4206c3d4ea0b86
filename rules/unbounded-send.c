/*
 * unbounded-send: a send that waits for ever once nobody receives any more.
 *
 * An execution in which a task is parked in the send for good, as nobody receives: there is no
 * receiver on this way, or it waits for the sender, or it has had enough of a stream without end.
 *
 * Fine: room for all that is sent, a way out beside the send, a channel that the receiver closes,
 * and one from which somebody out of sight may receive.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_UNBOUNDED_SEND);
}

const struct rule rule_unbounded_send = {
    .id = "unbounded-send",
    .group = GROUP_LEAK,
    .summary = "a send that waits for ever once nobody receives any more",
    .check_program = check_program,
};
