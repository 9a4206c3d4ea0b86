/*
 * background-wait: waiting for the end of a context that can never end.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_BACKGROUND_WAIT);
}

const struct rule rule_background_wait = {
    .id = "background-wait",
    .group = GROUP_LEAK,
    .summary = "waiting for the end of a context that can never end",
    .check_program = check_program,
};
