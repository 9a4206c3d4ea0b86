/*
 * uri.h - paths as URIs (RFC 3986), and file URIs (RFC 8089) as paths.
 */
#ifndef LEASH_URI_H
#define LEASH_URI_H

#include "base/base.h"

/* Adds the path with all escaped but what never means anything else. */
void uri_add_path(struct text *out, const char *path);
/* The absolute path that a file URI names, cleaned; NULL: it is no URI of a file on this machine.
 */
const char *uri_to_path(struct arena *, const char *uri);

#endif
