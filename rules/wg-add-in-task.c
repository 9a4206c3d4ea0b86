/*
 * wg-add-in-task: a task adds to a wait group that may be found at zero before.
 *
 * An execution in which the count goes up from zero while another task stands before the wait: it
 * might as well have gone on, and then waits for nobody.
 *
 * Fine: a count that something else holds above zero until then, and a wait that only comes after
 * the task is known to have added.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_WG_ADD_IN_TASK);
}

const struct rule rule_wg_add_in_task = {
    .id = "wg-add-in-task",
    .group = GROUP_MISUSE,
    .summary = "a task adds to a wait group that may be found at zero before",
    .check_program = check_program,
};
