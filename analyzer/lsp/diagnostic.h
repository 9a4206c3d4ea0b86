/*
 * diagnostic.h - what a run came to, in LSP's words.
 */
#ifndef LEASH_DIAGNOSTIC_H
#define LEASH_DIAGNOSTIC_H

#include "lsp/view.h"
#include "project/check.h"

/*
 * {"isBegun": BOOL, "files": {PATH: [ITEM...]}, "broken": [PATH...], "reads": [PATH...],
 *  "messages": [TEXT...], "notes": [TEXT...]}
 *
 * An ITEM is {"diagnostic": Diagnostic, "action": see action_for}, this where there is one. broken:
 * see unit_store_restore; what is said of these files does not fit their text.  reads: the files
 * that the units were made from.  messages are for the user, notes for his log.
 *
 * `home`: documents at home there are told when no unit reads them.
 */
json_t *diagnostics_of(const struct client *, const struct documents *,
                       const struct workspace *home, const struct check_outcome *);

#endif
