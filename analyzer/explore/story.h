/*
 * story.h - how it came to that: the steps on the way to a stuck task or a misuse, in words.
 */
#ifndef LEASH_STORY_H
#define LEASH_STORY_H

#include "explore/blame.h"

/* Fills in the verdict's words, place, certainty and steps.  `state` is where the others rest. */
void story_tell(struct arena *, struct search *, uint32_t state, const struct blame *,
                struct verdict *);
/* The same of what must not happen.  false: no rule is about that. */
bool story_tell_misuse(struct arena *, struct search *, const struct search_misuse *,
                       struct verdict *);

#endif
