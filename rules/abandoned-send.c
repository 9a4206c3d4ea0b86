/*
 * abandoned-send: a result is sent to a receiver that may have left already.
 *
 * An execution in which a task is parked in the send for good, and who could have received has gone
 * another way: by time, by a context, by another case, by a return.
 *
 * Fine: room for all that is sent, a way out beside the send, a receiver that closes or drains.  A
 * send that never had a receiver, or a stream whose reader has enough, is unbounded-send.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_ABANDONED_SEND);
}

const struct rule rule_abandoned_send = {
    .id = "abandoned-send",
    .group = GROUP_LEAK,
    .summary = "a result is sent to a receiver that may have left already",
    .check_program = check_program,
};
