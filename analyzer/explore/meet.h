/*
 * meet.h - where the ways from a branch meet again.
 */
#ifndef LEASH_MEET_H
#define LEASH_MEET_H

#include "ir/ir.h"

/* By block: its immediate post-dominator, UINT32_MAX: only the end of the function (Cooper, Harvey
 * and Kennedy, "A Simple, Fast Dominance Algorithm", 2001, on the graph turned round).  Ways that
 * never reach the end do not count, unless there are no others. */
uint32_t *meet_find(struct arena *, const struct ir_func *);

#endif
