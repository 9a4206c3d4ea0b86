/*
 * close-twice: two paths or tasks that can both close a channel.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_CLOSE_TWICE);
}

const struct rule rule_close_twice = {
    .id = "close-twice",
    .group = GROUP_MISUSE,
    .summary = "two paths or tasks that can both close a channel",
    .check_program = check_program,
};
