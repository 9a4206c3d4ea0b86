/*
 * done-never-closed: a done channel that tasks wait for and no path closes.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_DONE_NEVER_CLOSED);
}

const struct rule rule_done_never_closed = {
    .id = "done-never-closed",
    .group = GROUP_LEAK,
    .summary = "a done channel that tasks wait for and no path closes",
    .check_program = check_program,
};
