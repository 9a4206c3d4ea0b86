/*
 * wg-count: the count that a wait group is raised by and the tasks that lower it do not agree.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_WG_COUNT);
}

const struct rule rule_wg_count = {
    .id = "wg-count",
    .group = GROUP_MISUSE,
    .summary = "the count that a wait group is raised by and the tasks that lower it do not agree",
    .check_program = check_program,
};
