/*
 * verdict.h - what executions say, as findings of the rule that names the cause.
 */
#ifndef LEASH_VERDICT_H
#define LEASH_VERDICT_H

#include "explore/explore.h"
#include "rules/rule.h"

/* Reports the verdicts of that cause, but for places at which the pass has reported already. */
void verdict_report(struct pass *, enum cause);
/* Do executions tell of a task stuck at that operation, for another cause? */
bool verdict_has_other(struct pass *, const struct ir_op *park, enum cause);
/* Do executions, all of them, tell that no task stays at that operation? */
bool verdict_is_clear(struct pass *, const struct ir_op *wait);
/* Were all executions of the program looked at?  What they do not show does not happen. */
bool verdict_is_whole(struct pass *);

#endif
