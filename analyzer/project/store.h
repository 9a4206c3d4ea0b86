/*
 * store.h - units kept from one run to the next, so that a change costs the parse of what it
 * changed.
 *
 * A unit is kept as the bytes of its unit file.  It is right for as long as its flags and the
 * content of each file it was made from are the same, which is looked at again every time: nobody
 * has to tell the store that a file changed.
 */
#ifndef LEASH_STORE_H
#define LEASH_STORE_H

#include "project/unit.h"

enum unit_quality {
    UNIT_WHOLE,       /* parsed without an error */
    UNIT_WITH_ERRORS, /* in part */
    UNIT_INCOMPLETE,  /* files were missing, which may be there another time */
};

struct unit_store;
struct unit_store *unit_store_new(void);
void unit_store_free(struct unit_store *);

/* What tells this unit from others: file, folder, flags; added to `key`. */
void unit_store_key(struct text *key, const struct unit *);
enum unit_quality unit_quality(const struct ir_unit *);
/* Keeps a copy of the bytes in place of those it has under that key.  The last whole ones are kept
 * beside others. */
void unit_store_put(struct unit_store *, const char *key, size_t key_length, const char *bytes,
                    size_t length, enum unit_quality);
/* Files may be there that were missing: incomplete units are not to be trusted any more. */
void unit_store_doubt(struct unit_store *);

/* Reads those of the waiting units that are kept and right, which are analysed then.  One look at
 * each file that they were made from. */
void unit_store_fetch(const struct unit_store *, const unit_list *,
                      const struct file_buffer *buffers, size_t buffer_count);
/* Somebody is typing in a file, so that for a moment it does not compile: a unit with errors in one
 * of the buffers, or that failed over one, becomes what it was before, if that is kept.  `broken`:
 * gets the paths of those buffers' files, of which nothing is known as they stand now. */
void unit_store_restore(const struct unit_store *, struct arena *, const unit_list *,
                        const struct file_buffer *buffers, size_t buffer_count, name_list *broken);

#endif
