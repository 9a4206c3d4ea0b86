/*
 * background-wait: waiting for the end of a context that can never end.
 *
 * Judged on executions: the task stands at the done channel of the background, alone or in a select
 * whose other arms nobody lets go any more.  Fine are contexts of callers, arms that can still go,
 * and calls that take a context beside what they wait for.
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
