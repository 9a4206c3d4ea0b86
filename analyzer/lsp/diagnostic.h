/*
 * diagnostic.h - what a run came to, in LSP's words.
 */
#ifndef LEASH_DIAGNOSTIC_H
#define LEASH_DIAGNOSTIC_H

#include "lsp/document.h"
#include "project/check.h"

/* What a client understands. */
struct client {
    enum encoding encoding;
    bool has_related;   /* relatedInformation of diagnostics; else the message tells the story */
    bool has_tags;      /* tags of diagnostics */
    bool has_progress;  /* window/workDoneProgress */
    bool has_watching;  /* workspace/didChangeWatchedFiles can be registered */
    bool has_versioned; /* documentChanges in a WorkspaceEdit */
};

/*
 * {"isBegun": BOOL, "files": {PATH: [ITEM...]}, "broken": [PATH...], "reads": [PATH...],
 *  "messages": [TEXT...], "notes": [TEXT...]}
 *
 * An ITEM is {"diagnostic": Diagnostic, "suppress": TextEdit}, the edit where there is one. broken:
 * see unit_store_restore; what is said of these files does not fit their text.  reads: the files
 * that the units were made from.  messages are for the user, notes for his log.
 *
 * `home`: documents at home there are told when no unit reads them.
 */
json_t *diagnostics_of(const struct client *, const struct documents *,
                       const struct workspace *home, const struct check_outcome *);

#endif
