/*
 * cv-never-signalled: a condition is waited for that nobody signals any more.
 *
 * What executions show; the explorer has the argument.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_CV_NEVER_SIGNALLED);
}

const struct rule rule_cv_never_signalled = {
    .id = "cv-never-signalled",
    .group = GROUP_LEAK,
    .summary = "a condition is waited for that nobody signals any more",
    .check_program = check_program,
};
