/*
 * lower.h - what the files of the front end share: one unit being lowered, one function being
 * built.
 *
 * A `struct source` holds all there is to know about one translation unit while it is lowered:
 * tables from libclang's declarations and types to ours, the files, the stack of children.  A
 * `struct build` is one function under construction; there are two per source, one for the function
 * at hand and one for the initialisers of static objects (ir_unit.init).
 *
 * Memory: what the unit keeps goes to source.arena, a function's vars, operations and expressions
 * to build.arena, which is the same or lives only until the function was handed over: nothing that
 * outlives the function may point there.  Tables and half-built functions go to source.scratch,
 * released when the unit is done.
 */
#ifndef LEASH_FRONTEND_LOWER_H
#define LEASH_FRONTEND_LOWER_H

#include "base/comment.h"
#include "frontend/frontend.h"

#include <clang-c/Index.h>

/* ---- what declarations became ---------------------------------------------------------------- */

/* Built-in functions that leave no call behind. */
enum builtin {
    BUILTIN_NONE,
    BUILTIN_FIRST_ARG, /* __builtin_expect and its like: the first argument's value */
    BUILTIN_CONSTANT,  /* __builtin_constant_p and its like: does not evaluate its operands */
    BUILTIN_UNREACHABLE,
    BUILTIN_SHORT_CIRCUIT_NOTHING, /* __builtin_assume and its like: operands have no effects */
};

enum decl_kind { DECL_UNKNOWN, DECL_VAR, DECL_SYMBOL, DECL_BUILTIN, DECL_LABEL, DECL_RECORD };

struct label {
    uint32_t block;
    struct live *live; /* the variables alive where it stands */
    bool is_placed;    /* its statement was reached */
    bool is_taken;     /* &&label */
};

struct decl {
    enum decl_kind kind : 8;
    enum builtin builtin : 8;
    bool is_lowered;            /* DECL_SYMBOL: its initialiser or body was */
    const struct ir_expr *expr; /* see expr_of */
    union {
        struct ir_var *var;
        struct ir_symbol *symbol;
        struct label *label;
        struct ir_record *record;
    };
};

struct decl_entry {
    CXCursor cursor;
    struct decl *decl;
};

struct decl_slot {
    uint32_t hash;
    uint32_t number; /* of the entry + 1, 0: free */
};

/* Open addressing over entries; zero-initialised but for `arena` is an empty table. */
struct decl_table {
    struct arena *arena; /* holds the decls; the rest is on the heap */
    VEC(struct decl_entry) entries;
    struct decl_slot *slots;
    size_t capacity; /* of slots: 0 or a power of two */
};

/* A type with what only the front end wants to know. */
struct own_type {
    struct ir_type type; /* first, so that a pointer to one is a pointer to the other */
    bool is_noreturn;    /* a function type that says so */
    struct ir_type *with_volatile;
};

struct type_slot {
    const void *key; /* libclang's pointer, qualifiers in its low bits; NULL: free */
    struct ir_type *type;
};

struct pending_record {
    struct ir_record *record;
    CXType type;
};

struct own_file {
    CXFile file;
    const char *text; /* NULL: could not be had */
    size_t length;
};

/* A remark on its way to its place. */
struct own_remark {
    struct ir_remark ir;
    struct marker marker; /* into the file's text */
    bool is_placed;
};

/* ---- a function under construction ----------------------------------------------------------- */

#define NO_BLOCK UINT32_MAX
#define NO_ITEM  UINT32_MAX

/* Variables alive at a point, innermost first; a tree, since points share what is around them. */
struct live {
    struct live *up;
    struct ir_var *var;
    uint32_t depth;    /* of the root: 1 */
    struct live *skip; /* the nearest above that an exit must mention, where it is known */
    bool has_skip;
};

struct raw_op {
    struct ir_op op;
    uint32_t next;  /* in the block, NO_ITEM: last */
    bool is_exit;   /* stands for the cleanups and ends of from ... to (exclusive) */
    bool is_return; /* an exit before the end of a block that returns a value */
    struct live *from, *to;
};

struct raw_edge {
    struct ir_edge edge;
    uint32_t next;
};

struct raw_block {
    uint32_t first_op, last_op, first_edge, last_edge; /* NO_ITEM: none */
    uint32_t edge_count, incoming;
    bool is_sealed;
    bool is_kept; /* a loop's head */
    bool is_dead; /* nothing led to it when it was begun, and it has no label */
    enum ir_end end;
    struct ir_pos pos;
    const struct ir_expr *value;
};

struct pending_goto {
    uint32_t op; /* the exit to complete, NO_ITEM: it leaves nothing */
    struct label *label;
};

struct raw_loop {
    uint32_t head;
    uint32_t source; /* the block of a backward goto; NO_BLOCK: a loop as written */
    uint32_t since;  /* edges to the head with this number and above lead back */
    struct ir_pos pos;
};

/* Where break and continue lead. */
struct target {
    uint32_t block; /* NO_BLOCK: nowhere */
    struct live *live;
};

/* The switch whose cases are being met. */
struct switch_state {
    uint32_t block;
    uint32_t default_block; /* NO_BLOCK: none yet */
};

struct build {
    struct source *source;
    struct arena *arena; /* holds the finished function and its expressions */
    struct ir_func *func;
    struct build *labels; /* who owns the labels: the function, for a static local's initialiser */
    CXCursor cursor;      /* the function's declaration */
    VEC(struct raw_block) blocks; /* on the heap, as begun to out: they may grow large */
    VEC(uint32_t) begun;          /* blocks in the order in which they got their content */
    VEC(struct raw_op) ops;
    VEC(struct raw_edge) edges;
    VEC(struct ir_op) out; /* of the block that is being finished */
    VEC(struct ir_var *) vars;
    VEC(struct raw_loop) loops;
    VEC(struct pending_goto) gotos;
    VEC(uint32_t) computed;           /* blocks that end in a computed goto */
    VEC(uint32_t) asm_gotos;          /* blocks that end in an asm goto: to any label */
    VEC(struct label *) taken_labels; /* &&label */
    VEC(struct label *) all_labels;
    uint32_t current; /* NO_BLOCK: what follows cannot be reached */
    uint32_t temp_count, literal_count, for_count, ends_spelt;
    unsigned depth; /* of nesting, bounded */
    struct live *live;
    struct target break_to, continue_to;
    struct switch_state *in_switch;
    struct ir_pos exit_pos; /* the closing brace of the body */
    bool is_static;         /* builds ir_unit.init */
    char *printed;          /* the pretty-printed body, made when a `for` needs it */
};

/* Where a macro call begins and ends in the source. */
struct macro_call {
    CXFile file;
    unsigned offset, end_line, end_column, end_offset;
};

/* ---- a unit under construction --------------------------------------------------------------- */

struct source {
    struct arena *arena;
    struct arena scratch;
    struct arena brief;  /* released after each function */
    frontend_take *take; /* NULL: bodies stay with the unit; else they go to source.body, to be
                            released when `take` has seen them */
    void *take_context;
    struct arena body;
    struct ir_unit *unit;
    CXTranslationUnit tu;
    struct intern names;
    VEC(struct ir_file) files;
    VEC(struct own_file) own_files;
    struct map file_index; /* CXFile → index + 1 */
    struct map path_index; /* path → index + 1 */
    struct macro_call last_macro;
    CXFile last_file;
    uint32_t last_index;
    VEC(struct ir_type *) types;
    VEC(struct ir_record *) records;
    VEC(struct ir_symbol *) symbols;
    VEC(struct ir_func *) funcs;
    VEC(struct ir_enumerator) enumerators;
    VEC(struct ir_error) errors;
    VEC(struct own_remark) remarks;
    VEC(struct pending_record) pending_records;
    size_t records_done;
    struct type_slot *type_slots;
    size_t type_count, type_capacity;
    struct decl_table globals; /* records, functions, objects with static storage */
    struct decl_table locals;  /* variables and labels of the function at hand */
    struct map named_symbols;  /* symbols without a declaration: atomic builtins */
    struct map function_names; /* name → struct named_function, filled when a cleanup asks */
    bool has_function_names;
    VEC(CXCursor) kids; /* a stack: children of the cursors being lowered */
    const struct ir_type *int_type, *void_type, *unknown_type;
    const struct ir_expr *nothing; /* what a call of type void is worth */
    uint64_t pointer_size;         /* bytes, of the target */
    struct build function, init;
};

/* ---- cursor.c: cursors, text, positions ------------------------------------------------------ */

/* The children of a cursor, on source.kids until kids_drop. */
struct kids {
    size_t at, count;
};
struct kids kids_of(struct source *source, CXCursor cursor);
void kids_drop(struct source *source, struct kids kids);
CXCursor kid(const struct source *source, struct kids kids, size_t i);

/* libclang's string, interned; the CXString is disposed of. */
const char *own_string(struct source *source, CXString string);
uint32_t file_index(struct source *source, CXFile file);
struct ir_pos pos_of(struct source *source, CXCursor cursor);
struct ir_pos pos_of_range(struct source *source, CXSourceRange range);
/* Of the name in a declaration. */
struct ir_pos pos_of_name(struct source *source, CXCursor cursor, const char *name);
/* The last byte of a construct: a closing brace. */
struct ir_pos pos_of_end(struct source *source, CXCursor cursor);
struct ir_pos end_of(struct ir_pos pos);
/* The text that stands at a token, in a macro's body where it comes from there; NULL: none. */
const char *text_at(struct source *source, CXSourceLocation location, size_t *length);
const char *text_of_start(struct source *source, CXCursor cursor, size_t *length);
/* The constant a cursor evaluates to. */
bool evaluate(CXCursor cursor, int64_t *value);
/* From `text` past white space and comments. */
const char *skip_blank(const char *text, const char *end);
/* One token or bracketed group further: strings and comments are stepped over as one. */
const char *skip_piece(const char *text, const char *end);

/* ---- types.c --------------------------------------------------------------------------------- */

void types_begin(struct source *source);
const struct ir_type *type_of(struct source *source, CXType type);
const struct ir_type *type_at(struct source *source, CXCursor cursor);
const struct ir_type *pointer_to(struct source *source, const struct ir_type *target);
bool is_noreturn_type(const struct ir_type *type);
/* Fills in the fields of all records met so far. */
void complete_records(struct source *source);
bool holds_pointer(struct source *source, const struct ir_type *type);

/* ---- frontend.c ------------------------------------------------------------------------------ */

/* The message of the first error within an extent, or NULL. */
const char *error_within(const struct source *source, const struct ir_pos *extent);

/* ---- decl.c ---------------------------------------------------------------------------------- */

struct decl *decl_get(struct source *source, CXCursor cursor);
void decls_clear(struct decl_table *table);
void decls_release(struct decl_table *table);
struct decl *decl_put(struct source *source, CXCursor cursor, enum decl_kind kind);
/* What a function, or an object with static storage, became. */
struct decl *symbol_of(struct source *source, CXCursor cursor);
/* The expression that names a variable or symbol; NULL: it is neither. */
const struct ir_expr *expr_of(struct source *source, struct decl *decl);
struct ir_symbol *symbol_named(struct source *source, const char *name);
struct ir_symbol *static_literal(struct source *source, const struct ir_type *type,
                                 struct ir_pos pos);
struct ir_var *add_var(struct build *build, enum ir_var_kind kind, const char *name,
                       const struct ir_type *type, struct ir_pos pos);
void read_attributes(struct build *build, CXCursor cursor, struct ir_var *var);
void lower_local(struct build *build, CXCursor cursor);
void lower_global(struct source *source, CXCursor cursor);
void lower_function(struct source *source, CXCursor cursor);

/* ---- remark.c ---------------------------------------------------------------------------------
 */

/* Finds the remarks in the unit's own files. */
void collect_remarks(struct source *source);
/* Gives those that stand at the function's declaration to its symbol. */
void place_remarks(struct source *source, CXCursor cursor);
void note_param(struct source *source, struct ir_symbol *symbol, uint32_t param, const char *text);

/* ---- graph.c --------------------------------------------------------------------------------- */

/* Like vec_add, but grows in place on the heap; what is added holds what it held. */
#define heap_add(vec)                                                                              \
    ((vec)->at = heap_grow((vec)->at, sizeof *(vec)->at, (vec)->count, &(vec)->capacity),          \
     &(vec)->at[(vec)->count++])
void *heap_grow(void *at, size_t size, size_t count, size_t *capacity);

void build_begin(struct build *build, struct source *source, struct arena *arena,
                 struct ir_func *func);
void build_release(struct build *build);
void build_end(struct build *build);
void build_incomplete(struct build *build, const char *why);

uint32_t new_block(struct build *build);
/* What follows goes into `block`; the block before falls into it. */
void start_block(struct build *build, uint32_t block);
void add_edge(struct build *build, uint32_t from, struct ir_edge edge);
void jump(struct build *build, uint32_t to);
void branch(struct build *build, const struct ir_expr *value, struct ir_pos pos, uint32_t then,
            uint32_t otherwise);
void end_block(struct build *build, enum ir_end end, const struct ir_expr *value,
               struct ir_pos pos);
bool has_incoming(const struct build *build, uint32_t block);
uint32_t current_block(struct build *build);

struct ir_op *emit(struct build *build, enum ir_op_kind kind, struct ir_pos pos);
void emit_assign(struct build *build, const struct ir_expr *place, const struct ir_expr *value,
                 struct ir_pos pos);
void emit_unknown(struct build *build, const char *text, struct ir_pos pos);
/* The variables between build->live and `to` end here. */
uint32_t emit_exit(struct build *build, struct live *to, struct ir_pos pos);
void push_live(struct build *build, struct ir_var *var);
const struct ir_expr *new_temp(struct build *build, const struct ir_type *type);

/* ---- expr.c, init.c, atomic.c ---------------------------------------------------------------- */

/* The value, or the place, of an expression; its effects become operations.  Never NULL. */
const struct ir_expr *lower_expr(struct build *build, CXCursor cursor);
/* The effects alone. */
void lower_effect(struct build *build, CXCursor cursor);
void lower_condition(struct build *build, CXCursor cursor, uint32_t then, uint32_t otherwise);
const struct ir_expr *convert(struct build *build, const struct ir_expr *value,
                              const struct ir_type *type);
const struct ir_expr *new_string(struct build *build, const struct ir_type *type, const char *text);
bool is_place(const struct ir_expr *expr);
CXCursor strip_parens(struct source *source, CXCursor cursor);
/* The value that initialises an object of `type`. */
const struct ir_expr *lower_initialiser(struct build *build, CXCursor cursor,
                                        const struct ir_type *type);
/* An object of that type, all bytes zero. */
const struct ir_expr *zero_of(struct build *build, const struct ir_type *type);
const struct ir_expr *lower_compound_literal(struct build *build, CXCursor cursor, bool as_object);
/* __atomic_* and the like, which libclang shows without a name; NULL: it is none. */
const struct ir_expr *lower_atomic(struct build *build, CXCursor cursor, struct kids kids);
const struct ir_expr *emit_call(struct build *build, const struct ir_expr *callee,
                                const struct ir_expr **args, size_t arg_count,
                                const struct ir_type *result, struct ir_pos pos);

/* ---- generic.c ------------------------------------------------------------------------------- */

/* Which child of a _Generic is the branch that is taken; 0: none fits.  !*is_sure: a guess. */
size_t choose_association(struct source *source, CXCursor cursor, struct kids kids, bool *is_sure);

/* ---- stmt.c ---------------------------------------------------------------------------------- */

void lower_stmt(struct build *build, CXCursor cursor);
/* `({ ... })`: the value of its last expression; NULL: it has none. */
const struct ir_expr *lower_stmt_expr(struct build *build, CXCursor cursor, bool is_used);
struct label *label_of(struct build *build, CXCursor cursor);
/* One level deeper; false: too deep, and the function is marked. */
bool enter_depth(struct build *build);

#endif
