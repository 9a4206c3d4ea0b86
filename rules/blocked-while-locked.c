/*
 * blocked-while-locked: a task waits while it holds a lock that the one who would wake it needs.
 *
 * Judged on executions: a circle with at least one lock in it and at least one other wait: for a
 * channel, a wait group, a thread, a condition.  The lock that a condition gives back does not
 * count. Fine are waits that end by their time, and locks that nobody wants who could end the wait.
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
