/*
 * vec.h - growing arrays in an arena.
 *
 *     struct { struct ir_op *at; size_t count, capacity; } ops = {0};    or VEC(struct ir_op)
 *     *vec_add(arena, &ops) = op;
 *
 * A grown array moves, so keep indices, not pointers, while it grows.  Adding is O(1) amortised;
 * the old copy stays in the arena (at most as much again).
 */
#ifndef LEASH_VEC_H
#define LEASH_VEC_H

#include <stddef.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t count, capacity;                                                                    \
    }

/* A pointer to one more, zeroed element at the end. */
#define vec_add(arena, vec)                                                                        \
    ((vec)->at = vec_grow_((arena), (vec)->at, sizeof *(vec)->at, (vec)->count, &(vec)->capacity), \
     &(vec)->at[(vec)->count++])

void *vec_grow_(struct arena *arena, void *at, size_t size, size_t count, size_t *capacity);

#endif
