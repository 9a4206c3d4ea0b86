/*
 * keys.h - what memory is to a slice: a member of a record type, an object of a scalar type behind
 * a pointer, a static variable.
 *
 * Each such thing has a number, the same in all slices of a program: names are looked at once, and
 * what a place or a type comes to is kept.
 */
#ifndef LEASH_KEYS_H
#define LEASH_KEYS_H

#include "base/map.h"
#include "ir/ir.h"

/* Zero-initialised but for the arenas of the maps is without keys. */
struct keys {
    struct map ids;      /* by name and offset → number, from 1 */
    struct map by_place; /* by operand → number, from 1 */
    struct map by_whole; /* by type → struct key_list */
    uint32_t count;      /* numbers are below */
};

struct key_list {
    VEC(uint32_t) at;
};

/* Of an operand of the program's functions; it is not an aggregate. */
uint32_t keys_of_place(struct keys *, const struct ir_expr *place);
/* Of the member at `offset` of an object of that type. */
uint32_t keys_of_part(struct keys *, const struct ir_type *, int64_t offset);
/* Of objects of a scalar type behind pointers. */
uint32_t keys_of_scalar(struct keys *, const struct ir_type *);
uint32_t keys_of_field(struct keys *, const struct ir_record *, const struct ir_field *);
/* Of all that an object of the type holds. */
const struct key_list *keys_of_whole(struct keys *, const struct ir_type *);

#endif
