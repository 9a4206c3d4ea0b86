/*
 * lock-cycle: a lock is taken that is already held by who waits for it, or two locks in two orders.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_LOCK_CYCLE);
}

const struct rule rule_lock_cycle = {
    .id = "lock-cycle",
    .group = GROUP_LEAK,
    .summary = "a lock is taken that is already held by who waits for it, or two locks in two orders",
    .check_program = check_program,
};
