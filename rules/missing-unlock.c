/*
 * missing-unlock: a task ends, or its function returns, with a lock held that others wait for.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_MISSING_UNLOCK);
}

const struct rule rule_missing_unlock = {
    .id = "missing-unlock",
    .group = GROUP_LEAK,
    .summary = "a task ends, or its function returns, with a lock held that others wait for",
    .check_program = check_program,
};
