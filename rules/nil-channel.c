/*
 * nil-channel: a send, receive or select on a channel that is NULL there.
 *
 * An execution gets to the operation with NULL for its channel: of a select, for all of its cases,
 * none of which is a default or a time.  Nobody can wake the task, so it does not matter who else
 * lives.
 *
 * Fine: a case that is off beside one that can go, and pointers that callers out of sight pass.
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
