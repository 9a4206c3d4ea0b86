/*
 * unbounded-send: a send that waits for ever once nobody receives any more.
 *
 * What executions show; the explorer has the argument.
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
