/*
 * cv-never-signalled: a condition is waited for that nobody signals any more.
 *
 * Judged on executions: a task is on the condition and all who could signal it have ended or are
 * stuck themselves.  That takes in the signal that came before the wait and the one that woke
 * somebody else.  Fine are waits that end by a context, and signals that callers may still send.
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
