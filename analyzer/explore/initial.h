/*
 * initial.h - what static objects begin with, by what the program says.
 *
 * Tables of commands and the like are large, and seldom written: so a world keeps what was put into
 * an object, and what was never written is looked up here each time it is read.
 */
#ifndef LEASH_INITIAL_H
#define LEASH_INITIAL_H

#include "flow/flow.h"

/* Of one object. */
struct initial {
    const struct ir_type *type;
    const struct ir_expr *value; /* no temporaries, no variables: it is the same in every context */
    struct ir_element *elements; /* of a literal, by offset; NULL: not looked at yet */
};

/* Of all that the program defines.  All memory is in the arena of `by_symbol`; a zeroed one with
 * that arena is empty. */
struct initials {
    struct map by_symbol; /* by name and scope → struct initial */
    bool is_made;
};

/* Once for each program; more calls do nothing. */
void initials_make(struct initials *, struct flow *);

/* Are the assignments of an ir_unit.init such that they can be looked up?  Else they ask or compute
 * something, and have to be carried out. */
bool initial_is_plain(const struct ir_func *init);

/* Of whatever declaration of the object; NULL: nothing is said, it begins with zeros. */
struct initial *initials_find(struct initials *, const struct ir_symbol *);

/* The value of the part of the object that begins at `offset`: `inside` bytes into a value that is
 * an object itself, as a text is, else at `inside` 0.  NULL: it is not named. */
const struct ir_expr *initial_part(struct initials *, struct initial *, int64_t offset,
                                   int64_t *inside);

#endif
