/*
 * misuse.h - what must not happen and did: the second close, the send after it, a count that is
 * taken below zero or added to too late; its words, its place, and how it came to that.
 */
#ifndef LEASH_MISUSE_H
#define LEASH_MISUSE_H

#include "explore/search.h"

struct verdict;

/* Fills in the verdict.  false: no rule is about that. */
bool misuse_tell(struct arena *, struct search *, const struct search_misuse *, struct verdict *);

#endif
