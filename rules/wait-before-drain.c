/*
 * wait-before-drain: a task waits for others that still wait for what it does afterwards.
 *
 * Judged on executions: the waiter stands at a wait group or a join, those that it waits for are
 * stuck as well, and what would let them on stands in the waiter's own code, behind the wait.  Fine
 * is enough room for all that is sent, and another task that may come to it.
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
