/*
 * action.h - what an editor can do about a finding by itself.
 */
#ifndef LEASH_ACTION_H
#define LEASH_ACTION_H

#include "lsp/view.h"

/*
 * {"title": TEXT, "edit": TextEdit} in the finding's file: a comment that suppresses it, or of one
 * that suppresses nothing, that it goes.  NULL: it cannot be done.
 */
json_t *action_for(const struct view *, const struct finding *);

#endif
