/*
 * ir_sample.h - small units built by hand, for the tests of the ir layer.
 */
#ifndef LEASH_IR_SAMPLE_H
#define LEASH_IR_SAMPLE_H

#include "ir/ir.h"

/* Types as a front end would make them, registered in a unit. */
struct sample {
    struct arena arena;
    struct ir_unit *unit;
    struct ir_type *void_, *int_, *unsigned_, *char_, *uchar, *long_, *ulong_, *bool_, *double_;
    struct ir_type *int_pointer, *char_pointer, *void_pointer, *void_pointer_pointer;
    struct ir_type *int_array;           /* int[4] */
    struct ir_type *int_matrix;          /* int[3][4] */
    struct ir_type *node, *node_pointer; /* struct node: see sample_init */
    struct ir_type *alias;               /* node_t, a typedef of struct node */
    struct ir_type *function;            /* int (int, ...) */
    struct ir_type *function_pointer;
};

/*
 * struct node {
 *     int value;                              at 0
 *     struct node *next;                      at 8
 *     union { int small; long large; };       at 16
 *     int cells[4];                           at 24
 * };                                          40 bytes
 */
void sample_init(struct sample *sample);
void sample_release(struct sample *sample);

struct ir_symbol *sample_symbol(struct sample *sample, enum ir_symbol_kind kind, const char *name,
                                const struct ir_type *type);
struct ir_func *sample_func(struct sample *sample, const char *name, size_t block_count);
struct ir_var *sample_var(struct sample *sample, struct ir_func *func, enum ir_var_kind kind,
                          const char *name, const struct ir_type *type);
/* Fills in block `id` of a function that is not finished yet. */
void sample_end(struct ir_func *func, uint32_t id, enum ir_end end, const struct ir_expr *value,
                const struct ir_edge *edges, size_t edge_count);
struct ir_op *sample_op(struct sample *sample, struct ir_func *func, uint32_t block,
                        enum ir_op_kind kind);
void sample_assign(struct sample *sample, struct ir_func *func, uint32_t block,
                   const struct ir_expr *place, const struct ir_expr *value);
void sample_call(struct sample *sample, struct ir_func *func, uint32_t block, uint32_t temp,
                 const struct ir_expr *callee, const struct ir_expr *arg);

/* A unit that holds every kind of type, symbol, variable, expression, operation and block end. */
void sample_fill(struct sample *sample);

#endif
