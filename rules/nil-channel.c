/*
 * nil-channel: a send, receive or select on a channel that is NULL there.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_NIL_CHANNEL);
}

const struct rule rule_nil_channel = {
    .id = "nil-channel",
    .group = GROUP_LEAK,
    .summary = "a send, receive or select on a channel that is NULL there",
    .check_program = check_program,
};
