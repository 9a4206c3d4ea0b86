/*
 * flow.h - facts about one program: who calls whom, what a pointer may point to, who holds which
 * object, and what a function does to what it is handed.
 *
 * Flow reports nothing; rules ask it.
 */
#ifndef LEASH_FLOW_H
#define LEASH_FLOW_H

#include "model/model.h"

struct flow;

/* The facts of a program: the units of one link group, to which model_apply was done.  They are
 * computed here, once, in time near linear in the size of the units; all memory is in `arena`. */
struct flow *flow_new(struct arena *arena, const struct model_set *models,
                      struct ir_unit *const *units, size_t unit_count);

/* Every function with a body, in the order of units and source. */
struct ir_func *const *flow_funcs(const struct flow *, size_t *count);
const struct model_set *flow_models(const struct flow *);

#endif
