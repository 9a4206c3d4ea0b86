/*
 * send-after-close: a send that can run after the channel was closed.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_SEND_AFTER_CLOSE);
}

const struct rule rule_send_after_close = {
    .id = "send-after-close",
    .group = GROUP_MISUSE,
    .summary = "a send that can run after the channel was closed",
    .check_program = check_program,
};
