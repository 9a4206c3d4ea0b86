/*
 * ir.h - what the front end makes of C: functions as control-flow graphs of operations.
 *
 * The IR knows C's semantics but no API: a call is a call until the model types it (ir_op.act).  It
 * is built once per translation unit, belongs to one arena, and is read-only afterwards but for the
 * slots that later layers own, which say so.
 *
 * Evaluation.  Everything with an effect is an operation in the order of execution; expressions are
 * trees without effects over constants, places and temps.  `&&`, `||`, `!` in conditions, `?:` and
 * statement expressions are control flow; their value is a temp assigned on each way.  Operands
 * that C does not evaluate (sizeof, typeof, the control of _Generic) leave nothing behind.
 *
 * Places.  Variables, symbols, fields, elements and dereferences are places.  Where a place stands
 * as an operand it means its content; IR_ADDR gives its address.  Arrays never stand as operands:
 * their decay is IR_ADDR of the array.  Normal forms: `p->f` is FIELD(DEREF p), `a[i]` of an array
 * is INDEX(a, i), `p[i]` and `*(p + i)` of a pointer are INDEX(DEREF p, i), `p[0]` is DEREF p, `p +
 * i` is ADDR(INDEX(DEREF p, i)), DEREF(ADDR x) is x, ADDR(DEREF p) is p.  Casts between pointers
 * and between integers that keep the value are left out.
 */
#ifndef LEASH_IR_H
#define LEASH_IR_H

#include "base/base.h"

struct act; /* model/act.h: what a call means */

/* A construct in a file, as an editor shows it: what a macro call expands to stands at the macro
 * call. Lines and columns count from 1, columns in bytes; the end is one past the last byte.  line
 * == 0: no position. */
struct ir_pos {
    uint32_t file; /* index in ir_unit.files */
    uint32_t line, column, end_line, end_column;
};

/* ---- types ----------------------------------------------------------------------------------- */

enum ir_type_kind {
    IR_TYPE_OTHER, /* complex, vector, not understood */
    IR_TYPE_VOID,
    IR_TYPE_BOOL,
    IR_TYPE_INT, /* enums too */
    IR_TYPE_FLOAT,
    IR_TYPE_POINTER,
    IR_TYPE_ARRAY,
    IR_TYPE_RECORD, /* struct or union */
    IR_TYPE_FUNCTION,
};

struct ir_type {
    uint32_t id; /* index in ir_unit.types */
    enum ir_type_kind kind;
    const char *name; /* as C spells it, without qualifiers: "wg_t", "struct worker *" */
    uint64_t size;    /* bytes; 0: incomplete, void, function, or depends on a run-time value */
    uint64_t count;   /* IR_TYPE_ARRAY: elements; 0: unknown */
    bool is_signed;   /* IR_TYPE_INT */
    uint64_t enumerator_count; /* IR_TYPE_INT: of an enum with the values 0 … enumerator_count - 1,
                                  each once; 0: another integer */
    bool is_volatile, is_atomic, is_variadic;
    const struct ir_type *target;   /* pointee, element, a function's result */
    const struct ir_type *alias_of; /* for a typedef's name: the type it names, one step; else NULL.
                                       All other fields are those of the type at the end. */
    const struct ir_record *record;
    const struct ir_type **params; /* IR_TYPE_FUNCTION */
    size_t param_count;
};

struct ir_field {
    const char *name; /* "" for an anonymous member */
    uint64_t offset;  /* bytes from the start of the record (of the storage unit for bit-fields) */
    const struct ir_type *type;
};

struct ir_record {
    uint32_t id;      /* index in ir_unit.records */
    const char *name; /* "struct worker"; a typedef's name for an unnamed one, else "" */
    bool is_union;
    uint64_t size;
    struct ir_field *fields;
    size_t field_count;
};

/* ---- names ----------------------------------------------------------------------------------- */

enum ir_symbol_kind { IR_SYMBOL_FUNCTION, IR_SYMBOL_DATA };

/* What an annotate attribute or a comment says of a parameter. */
struct ir_param_note {
    uint32_t param; /* from 0 */
    const char *text;
};

/* A function or an object with static storage.  Two units mean the same by it when name and scope
 * are equal. */
struct ir_symbol {
    uint32_t id; /* index in ir_unit.symbols */
    enum ir_symbol_kind kind;
    const char *name;
    const char *scope; /* NULL: external linkage.  Else what makes an internal name unique: the
                          file's path, and for a static local the function and position as well. */
    const struct ir_type *type;
    struct ir_pos pos; /* of the definition if this unit has it, else of the first declaration */
    bool is_defined;   /* here */
    bool is_noreturn;
    bool is_weak, is_inline, is_thread_local, is_in_system_header;
    const char **notes; /* annotate attributes and comments, "leash:daemon" */
    size_t note_count;
    struct ir_param_note *param_notes; /* of any declaration of the function */
    size_t param_note_count;
    struct ir_func *func; /* the body, where is_defined and a function; else NULL */
};

enum ir_var_kind {
    IR_VAR_PARAM,
    IR_VAR_LOCAL,
    IR_VAR_LITERAL, /* the object behind a compound literal whose address is used */
};

/* A parameter or an object with automatic storage. */
struct ir_var {
    uint32_t id; /* index in ir_func.vars; parameters come first, in order */
    enum ir_var_kind kind;
    const char *name; /* "" for an unnamed parameter; "literal1" for literals */
    const struct ir_type *type;
    struct ir_pos pos;
    bool is_address_taken;
    const char **notes; /* not of parameters: theirs stand at the function's symbol */
    size_t note_count;
    const struct ir_symbol *cleanup; /* __attribute__((cleanup(f))): f */
};

/* ---- expressions ----------------------------------------------------------------------------- */

enum ir_expr_kind {
    IR_UNKNOWN, /* not understood, or no integer: floats, _Complex, va_arg */
    IR_CONST,   /* value; the null pointer is 0 */
    IR_STRING,  /* text */
    IR_VAR,     /* var */
    IR_SYMBOL,  /* symbol: an object's content; of a function, its address */
    IR_TEMP,  /* temp: the result of a call or a merged value; assigned on every way that leads here
               */
    IR_FIELD, /* a: the record's place; name, value: byte offset */
    IR_INDEX, /* a: the array's place, or DEREF of a pointer; b: index */
    IR_DEREF, /* a: a pointer */
    IR_ADDR,  /* a: a place */
    IR_UNARY, /* op, a */
    IR_BINARY,  /* op, a, b */
    IR_CAST,    /* a; type: a conversion that may change the value */
    IR_LITERAL, /* elements: the value of an initialiser list; elements not named are zero */
};

enum ir_operator {
    IR_OP_NONE,
    IR_NEG,
    IR_BIT_NOT,
    IR_NOT,
    IR_ADD,
    IR_SUB,
    IR_MUL,
    IR_DIV,
    IR_REM,
    IR_SHL,
    IR_SHR,
    IR_AND,
    IR_OR,
    IR_XOR,
    IR_LT,
    IR_LE,
    IR_GT,
    IR_GE,
    IR_EQ,
    IR_NE,
};

/* What a finished function keeps to, so that walks over expressions may recurse. */
enum {
    IR_EXPR_DEPTH_MAX = 500,
    IR_EXPR_NODES_MAX = 100 * 1000, /* of one operand, written out as a tree */
};

struct ir_element {
    uint64_t offset;             /* bytes from the start of the whole literal */
    const struct ir_expr *value; /* never a literal itself: nested lists are flattened */
};

/* Most of a unit's memory is these, so they are laid out to be small. */
struct ir_expr {
    enum ir_expr_kind kind : 8;
    enum ir_operator op : 8;
    bool is_partial; /* IR_LITERAL: elements were left out: a large table of numbers, or an odd
                        designator */
    union {
        uint32_t temp;          /* IR_TEMP */
        uint32_t element_count; /* IR_LITERAL */
    };
    const struct ir_type *type; /* never NULL */
    int64_t value;
    union {
        const char *name; /* IR_FIELD */
        const char *text; /* IR_STRING: the content */
        const struct ir_var *var;
        const struct ir_symbol *symbol;
        const struct ir_element *elements; /* IR_LITERAL */
    };
    const struct ir_expr *a, *b;
};

/* ---- operations ------------------------------------------------------------------------------ */

enum ir_op_kind {
    IR_OP_CALL,   /* temp = callee(args...) */
    IR_OP_ASSIGN, /* place = value; for an IR_TEMP place, a copy or a merge */
    IR_OP_BEGIN,  /* the life of `var` begins, its content undefined (a new object in each round) */
    IR_OP_END,    /* the life of `var` ends; only for variables whose address is taken */
    IR_OP_UNKNOWN, /* something not understood happens here: `text` names it */
};

struct ir_op {
    enum ir_op_kind kind : 8;
    bool is_cleanup; /* a call that a cleanup attribute makes; pos is the exit that runs it */
    uint32_t id;     /* 0 … op_count-1, in the order of blocks */
    uint32_t block;
    uint32_t temp; /* IR_OP_CALL: the result, 0: void */
    struct ir_pos pos;
    uint32_t arg_count;
    const struct ir_expr *callee; /* IR_SYMBOL for a direct call, else the pointer */
    const struct ir_expr **args;
    const struct ir_expr *place, *value;
    const struct ir_var *var; /* IR_OP_BEGIN, IR_OP_END; the guarded variable of a cleanup call */
    const char *text;
    const struct act *act; /* what the call means; filled in by the model layer, NULL: opaque */
};

/* ---- functions ------------------------------------------------------------------------------- */

enum ir_end {
    IR_JUMP,   /* to edges[0] */
    IR_BRANCH, /* value != 0: edges[0], else edges[1] */
    IR_SWITCH, /* value within an edge's low … high, else the default edge (always there, last) */
    IR_COMPUTED, /* goto *value: every edge */
    IR_RETURN,   /* value, NULL: nothing; no edges.  After cleanups and IR_OP_END. */
    IR_STOP,     /* the last operation never returns, or is unreachable; no edges */
};

struct ir_edge {
    uint32_t to; /* block */
    bool is_default;
    int64_t low, high; /* IR_SWITCH, both included */
};

struct ir_block {
    uint32_t id; /* index in ir_func.blocks; 0 is the entry */
    struct ir_op *ops;
    size_t op_count;
    enum ir_end end;
    struct ir_pos
        pos; /* of the condition, the return (for a fall off the end, the closing brace) */
    const struct ir_expr *value;
    struct ir_edge *edges;
    size_t edge_count;
    uint32_t *preds; /* blocks with an edge to here, each once, ascending */
    size_t pred_count;
};

/* A loop as written, or made by goto backwards (a natural loop). */
struct ir_loop {
    uint32_t head;     /* block */
    struct ir_pos pos; /* of the statement's keyword to its end; of the goto for a loop by goto */
};

struct ir_func {
    const struct ir_symbol *symbol;
    const struct ir_unit *unit;
    struct ir_pos pos;  /* of the name in the definition */
    struct ir_pos body; /* from the opening to the closing brace */
    struct ir_var **vars;
    size_t var_count, param_count;
    struct ir_block *blocks; /* only those that can be reached from the entry */
    size_t block_count, op_count;
    uint32_t temp_count; /* temps are 1 … temp_count */
    struct ir_loop *loops;
    size_t loop_count;
    const char *incomplete; /* why it did not compile or lower in full: nothing may rest on an
                               absence in it.  NULL: all of it is here. */
    void *facts;            /* owned by the flow layer */
};

/* ---- units ----------------------------------------------------------------------------------- */

struct ir_file {
    const char *path;    /* absolute and cleaned; as the compiler opened it */
    uint64_t hash, size; /* XXH3 of the content, bytes */
    bool is_system;
};

struct ir_error {
    struct ir_pos pos; /* line 0: about the whole unit or its command line */
    const char *message;
};

struct ir_enumerator {
    const char *name;
    int64_t value;
};

/* What a remark stands at. */
enum ir_remark_at {
    IR_REMARK_CODE,     /* no declaration: if anything, the code on line `target` */
    IR_REMARK_FUNCTION, /* a function's head, from above or behind */
    IR_REMARK_PARAM,    /* one of its parameters, or all those that it names */
};

/* A comment that says something of the code: `leash:WORD name, name -- reason`.  What stands at a
 * declaration is among the notes of its symbol as well. */
struct ir_remark {
    struct ir_pos pos; /* of the word */
    const char *text;  /* the word, "leash:daemon" */
    enum ir_remark_at at;
    uint32_t target;                /* the line of code it speaks of; 0: none follows */
    bool is_conditional;            /* below an #if that is no include guard */
    const struct ir_symbol *symbol; /* the function; NULL: none */
    const char *unknown;            /* the first of its names that no parameter has; NULL: none */
};

/* One translation unit. */
struct ir_unit {
    struct arena *arena;
    const char *main_file; /* absolute path */
    const char *directory; /* where the compiler was started */
    const char *output;    /* the object file's path, as the build names it; "" unknown */
    struct ir_file *files; /* [0] is the main file; every file that was read */
    size_t file_count;
    struct ir_type **types;
    size_t type_count;
    struct ir_record **records;
    size_t record_count;
    struct ir_symbol **symbols;
    size_t symbol_count;
    struct ir_func **funcs; /* in the order of the source; bodies in system headers are left out */
    size_t func_count;
    struct ir_func
        *init; /* a body without symbol: the initialisers of static objects as assignments */
    struct ir_enumerator *enumerators; /* of the unit's own files and headers, by name */
    size_t enumerator_count;
    struct ir_remark *remarks; /* in the order of files and places */
    size_t remark_count;
    struct ir_error *errors; /* what did not compile */
    size_t error_count;
    bool is_incomplete; /* a header was missing or the like: any function may lack something */
};

/* ---- building (ir/build.c) ------------------------------------------------------------------- */

/* Expressions in normal form; constants are folded.  `type` is the type of the result. */
const struct ir_expr *ir_const(struct arena *, const struct ir_type *, int64_t value);
const struct ir_expr *ir_var(struct arena *, const struct ir_var *);
const struct ir_expr *ir_symbol(struct arena *, const struct ir_symbol *);
const struct ir_expr *ir_temp(struct arena *, const struct ir_type *, uint32_t temp);
const struct ir_expr *ir_field(struct arena *, const struct ir_type *, const struct ir_expr *record,
                               const char *name, uint64_t offset);
const struct ir_expr *ir_index(struct arena *, const struct ir_type *, const struct ir_expr *array,
                               const struct ir_expr *index);
const struct ir_expr *ir_deref(struct arena *, const struct ir_type *,
                               const struct ir_expr *pointer);
const struct ir_expr *ir_addr(struct arena *, const struct ir_type *, const struct ir_expr *place);
/* The same, of a type made for it. */
const struct ir_expr *ir_addr_of(struct arena *, const struct ir_expr *place);
const struct ir_expr *ir_unary(struct arena *, const struct ir_type *, enum ir_operator,
                               const struct ir_expr *a);
const struct ir_expr *ir_binary(struct arena *, const struct ir_type *, enum ir_operator,
                                const struct ir_expr *a, const struct ir_expr *b);
const struct ir_expr *ir_unknown(struct arena *, const struct ir_type *);

/* Drop blocks that the entry does not reach, drop BEGIN and END of variables whose address is never
 * taken (BEGIN stays without an initialiser), make expressions of absurd size unknown, mark
 * variables whose address is taken, number blocks and operations, fill in preds.  A second time
 * changes nothing.
 */
void ir_func_finish(struct arena *, struct ir_func *);

/* ---- asking ---------------------------------------------------------------------------------- */

/* The next operation of `kind` after `after` (NULL: the first), in the order of blocks; NULL: none.
 */
const struct ir_op *ir_next_op(const struct ir_func *, enum ir_op_kind, const struct ir_op *after);
bool ir_expr_equal(const struct ir_expr *a, const struct ir_expr *b);
/* Is it the constant 0: false, no bytes, the null pointer?  NULL is not. */
bool ir_is_zero(const struct ir_expr *);
/* A record or an array: an object with parts. */
bool ir_is_aggregate(const struct ir_type *);
/* The variable, symbol or temp that a place or value starts from, through fields, elements and
 * addresses, not through DEREF; NULL for constants and the like. */
const struct ir_expr *ir_expr_root(const struct ir_expr *);
/* Whether an IR_INDEX goes into the array that is its place `a`; else it steps from `a` to a
 * neighbour, as `p[i]` steps from DEREF p. */
bool ir_index_is_inside(const struct ir_expr *index);
/* Does the function read the temp anywhere, be it to hand it on? */
bool ir_reads_temp(const struct ir_func *, uint32_t temp);
/* The function a direct call names, else NULL. */
const struct ir_symbol *ir_callee(const struct ir_op *);
/* The element of a literal at `offset`, NULL: zero (or unknown where the literal is partial). */
const struct ir_expr *ir_literal_at(const struct ir_expr *literal, uint64_t offset);
/* The field of that name, through anonymous members; false: there is none. */
bool ir_record_field(const struct ir_record *, const char *name, struct ir_field *field);
/* Is it that type, by the name of any typedef on the way to it? */
bool ir_type_is(const struct ir_type *, const char *name);
bool ir_has_note(const char *const *notes, size_t count, const char *note);
/* Does a remark at no declaration say so of the code at `pos`, on its first line or its last? */
bool ir_has_remark(const struct ir_unit *, const struct ir_pos *pos, const char *text);
const char *ir_pos_path(const struct ir_unit *, const struct ir_pos *);

/* ---- text (ir/dump.c) ------------------------------------------------------------------------ */

/* As a C programmer would write it: "w->done", "jobs[i].wg", "&wg". */
void ir_expr_print(struct text *, const struct ir_expr *);
const char *ir_expr_text(struct arena *, const struct ir_expr *);
/* The same, with the words of `write` for a temp in place of its number. */
typedef void ir_temp_writer(struct text *, const void *context, uint32_t temp);
void ir_expr_print_as(struct text *, const struct ir_expr *, ir_temp_writer *write,
                      const void *context);
/* The whole unit, or one function, for people and golden tests; docs in ir/README.md. */
void ir_dump_unit(struct text *, const struct ir_unit *);
void ir_dump_func(struct text *, const struct ir_func *);

/* ---- unit files (ir/unit_write.c, ir/unit_read.c; their form: ir/unit_format.h) -------------- */

/* A unit as bytes, the same bytes for the same unit, on any machine. */
void ir_unit_write(struct text *, const struct ir_unit *);
/* The same bytes, for who has not all functions in memory at once: add them in the order of the
 * source, then finish with their unit, whose funcs are not looked at (its `init` is).  What a
 * function refers to must keep its id until then.  Release in any case. */
struct ir_unit_writer;
struct ir_unit_writer *ir_unit_writer_new(void);
void ir_unit_writer_add(struct ir_unit_writer *, const struct ir_func *);
void ir_unit_writer_finish(struct ir_unit_writer *, struct text *, const struct ir_unit *);
void ir_unit_writer_release(struct ir_unit_writer *);
/* Back again.  The bytes are hostile: NULL and *problem (in the arena) when they are damaged, cut,
 * or of another version; never a crash, never more memory than a small multiple of `length`. */
struct ir_unit *ir_unit_read(struct arena *, const void *data, size_t length, const char **problem);

#endif
