/*
 * missing-unlock: a task ends, or its function returns, with a lock held that others wait for.
 *
 * Judged on executions: the lock has a holder that is gone, and a task waits for it that nobody can
 * let on.  Leaving with the lock is fine where a caller or another task gives it back, where a
 * condition says that it was never taken, and where nobody wants it again.
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
