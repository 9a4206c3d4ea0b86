/*
 * verdict.h - what executions say, as findings of the rule that names the cause.
 */
#ifndef LEASH_VERDICT_H
#define LEASH_VERDICT_H

#include "explore/explore.h"
#include "rules/rule.h"

/* Reports the verdicts of that cause, but for places at which the pass has reported already. */
void verdict_report(struct pass *, enum cause);

#endif
