/*
 * abandoned-send: a result is sent to a receiver that may have left already.
 *
 * What executions show; the explorer has the argument.
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
