/*
 * wait-before-drain: a task waits for others that still wait for what it does afterwards.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_WAIT_BEFORE_DRAIN);
}

const struct rule rule_wait_before_drain = {
    .id = "wait-before-drain",
    .group = GROUP_LEAK,
    .summary = "a task waits for others that still wait for what it does afterwards",
    .check_program = check_program,
};
