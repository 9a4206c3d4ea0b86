/*
 * story.h - how it came to that: the steps on the way to a stuck task, in words.
 */
#ifndef LEASH_STORY_H
#define LEASH_STORY_H

#include "explore/blame.h"

/* Fills in the verdict's words, place, certainty and steps.  `state` is where the others rest. */
void story_tell(struct arena *, struct search *, uint32_t state, const struct blame *,
                struct verdict *);

#endif
