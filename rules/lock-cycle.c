/*
 * lock-cycle: a lock is taken that is already held by who waits for it, or two locks in two orders.
 *
 * Judged on executions: a circle of tasks, each of which waits for a lock that the next one holds;
 * a task that waits for itself is the smallest.  Once, and both sides of a read-write lock, count
 * as locks.  Fine are orders that never meet, what only tries, and holders that can still move.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_LOCK_CYCLE);
}

const struct rule rule_lock_cycle = {
    .id = "lock-cycle",
    .group = GROUP_LEAK,
    .summary =
        "a lock is taken that is already held by who waits for it, or two locks in two orders",
    .check_program = check_program,
};
