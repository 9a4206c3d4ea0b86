/*
 * close-by-receiver: a receiver closes the channel while others still send on it.
 *
 * An execution in which a task that only receives from a channel closes it, and another then sends
 * there without asking whether the value was sent.  The finding stands at the close.
 *
 * Fine: a receiver that closes when no sender is left; senders that ask, since the close is then an
 * answer; and channels that only callers out of sight send on.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_CLOSE_BY_RECEIVER);
}

const struct rule rule_close_by_receiver = {
    .id = "close-by-receiver",
    .group = GROUP_MISUSE,
    .summary = "a receiver closes the channel while others still send on it",
    .check_program = check_program,
};
