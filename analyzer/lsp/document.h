/*
 * document.h - what the editor has open.
 */
#ifndef LEASH_DOCUMENT_H
#define LEASH_DOCUMENT_H

#include "lsp/position.h"

#include <jansson.h>

struct workspace;

struct document {
    struct arena arena; /* of uri and path */
    const char *uri;    /* as the client writes it */
    const char *path;   /* absolute */
    int64_t version;
    struct text text;       /* never NULL in `at` */
    struct workspace *home; /* where it is judged; NULL: nowhere */
    bool is_current;        /* the last analysis that began sees the text as it is now */
    bool is_shown;          /* what the client was told last fits the text as it is now */
};

struct documents {
    struct document **at;
    size_t count, capacity;
};

/* Takes the document of a didOpen; the one of that URI, if it is open already, is replaced.  NULL:
 * it is no file, or no document. */
struct document *documents_open(struct documents *, const json_t *item);
void documents_close(struct documents *, struct document *);
void documents_release(struct documents *);

/* NULL: none. */
struct document *documents_find(const struct documents *, const char *uri);
/* Symbolic links may lead to the file by another path. */
struct document *documents_find_path(const struct documents *, const char *path);

/* Applies the changes of a didChange in their order; what makes no sense is left out. */
void document_change(struct document *, enum encoding, int64_t version, const json_t *changes);

#endif
