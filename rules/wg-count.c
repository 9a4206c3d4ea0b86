/*
 * wg-count: the count that a wait group is raised by and the tasks that lower it do not agree.
 *
 * Judged on executions: somebody waits for the group, the tasks that were started for it have all
 * lowered it and ended, and it is still above zero; or it goes below zero.  Fine are numbers that
 * are equal without being known, counts that are taken back, and groups that callers may lower.
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
