/*
 * close-twice: two paths or tasks that can both close a channel.
 *
 * An execution in which a channel is closed that is closed already: by the same task on the way, by
 * a defer, or by another task.  The finding stands at the second close.
 *
 * Fine: closes that exclude each other, by a once, a flag under a lock, or a count; and the first
 * half that only a caller out of sight would make.
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
