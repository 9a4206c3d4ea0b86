/*
 * send-after-close: a send that can run after the channel was closed.
 *
 * An execution in which a task sends on a channel that is closed already, and does not ask whether
 * the value was sent.
 *
 * Fine: a send whose result is asked, since the close is then an answer; a case of a select; a
 * close behind a wait for all senders; and a close that only callers out of sight would make.
 */
#include "rules/verdict.h"

static void check_program(struct pass *pass)
{
    verdict_report(pass, CAUSE_SEND_AFTER_CLOSE);
}

const struct rule rule_send_after_close = {
    .id = "send-after-close",
    .group = GROUP_MISUSE,
    .summary = "a send that can run after the channel was closed",
    .check_program = check_program,
};
