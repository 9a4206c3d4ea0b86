/*
 * blocked-while-locked: a task waits while it holds a lock that the one who would wake it needs.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_BLOCKED_WHILE_LOCKED);
}

const struct rule rule_blocked_while_locked = {
    .id = "blocked-while-locked",
    .group = GROUP_LEAK,
    .summary = "a task waits while it holds a lock that the one who would wake it needs",
    .check_program = check_program,
};
