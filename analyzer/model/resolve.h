/*
 * resolve.h - a model's references as expressions of the calling function.
 *
 * Compound literals and initialised arrays that are built for a call are looked through: the third
 * case of a select is what stands in its initialiser.
 */
#ifndef LEASH_RESOLVE_H
#define LEASH_RESOLVE_H

#include "model/table.h"

/* What is known of one variable: what it is initialised with, and whether that still holds. */
struct known_variable {
    const struct ir_expr *literal;  /* NULL: no list */
    const struct ir_expr *function; /* the symbol; NULL: no function */
    uint32_t assignments;           /* to it or to a part of it */
    uint32_t addresses_taken;
};

/* One function whose calls are being typed. */
struct scene {
    struct arena *arena;
    const struct ir_unit *unit;
    const struct ir_func *func;
    const struct ir_type *number;     /* for constants that a model brings along */
    struct known_variable *variables; /* by id; NULL until asked for */
    const struct ir_op **definitions; /* by temp: its one definition; NULL until asked for */
};

void scene_begin(struct scene *scene, struct arena *arena, const struct ir_func *func);

/* The value of a reference in a call; NULL: the model names none, or the call has no such argument.
 */
const struct ir_expr *resolve(struct scene *scene, const struct ir_op *call,
                              const struct reference *reference);
/* The place that a reference names, to which the call writes. */
const struct ir_expr *resolve_place(struct scene *scene, const struct ir_op *call,
                                    const struct reference *reference);
/* The same as resolve, through `index` and then `field` of what the reference leads to: one more
 * `[i].f`. field == NULL: the element itself. */
const struct ir_expr *resolve_element(struct scene *scene, const struct ir_op *call,
                                      const struct reference *array, int64_t index,
                                      const char *field);
/* The type a reference to an argument or result is declared with; NULL: unknown. */
const struct ir_type *resolve_declared_type(const struct ir_op *call,
                                            const struct reference *reference);
/* The operation that defines a temp, through copies; NULL: several, or none. */
const struct ir_op *resolve_definition(struct scene *scene, const struct ir_expr *temp);
/* What a call runs, as far as that is written down: a variable that holds one function from its
 * initialiser on stands for it, as in what pthread_cleanup_pop comes down to. */
const struct ir_expr *resolve_callee(struct scene *scene, const struct ir_op *call);
/* Without casts that only put the value into a machine word. */
const struct ir_expr *resolve_word(const struct ir_expr *value);

#endif
