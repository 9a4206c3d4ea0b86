/*
 * view.h - places as one client sees them.
 */
#ifndef LEASH_VIEW_H
#define LEASH_VIEW_H

#include "lsp/document.h"
#include "report/report.h"

/* What a client understands. */
struct client {
    enum encoding encoding;
    bool has_related;   /* relatedInformation of diagnostics; else the message tells the story */
    bool has_tags;      /* tags of diagnostics */
    bool has_progress;  /* window/workDoneProgress */
    bool has_watching;  /* workspace/didChangeWatchedFiles can be registered */
    bool has_versioned; /* documentChanges in a WorkspaceEdit */
};

struct view {
    const struct client *client;
    const struct documents *documents;
    struct sources *sources; /* documents in place of files */
};

/* Position and Range; lines and columns as in struct place.  Of a construct over several lines the
 * first is enough: nobody wants a whole loop underlined. */
json_t *view_position(const struct view *, const char *path, uint32_t line, uint32_t column);
json_t *view_range(const struct view *, const struct place *);
/* The URI of a file; of a document, as the client writes it. */
json_t *view_uri(const struct view *, const char *path);

#endif
