/*
 * done-never-closed: a done channel that tasks wait for and no path closes.
 *
 * An execution in which a task is parked for good at a channel that carries nothing, alone or among
 * the cases of a select, and nobody is left who would close it.  It stands where that is made.
 *
 * Fine: a close that callers out of sight may make, a time beside the wait, ends of the process.
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
