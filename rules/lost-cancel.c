/*
 * lost-cancel: a derived context that tasks wait for and some path leaves without cancel or free.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_LOST_CANCEL);
}

const struct rule rule_lost_cancel = {
    .id = "lost-cancel",
    .group = GROUP_LEAK,
    .summary = "a derived context that tasks wait for and some path leaves without cancel or free",
    .check_program = check_program,
};
