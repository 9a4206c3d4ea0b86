/*
 * model.h - API models: YAML files that say what calls, types, cleanups and annotations mean.
 *
 * No function name is built into the analyzer.  The grammar is documented in rules/models/README.md
 * and checked on load; rules/models/model.schema.json says the same to editors.
 */
#ifndef LEASH_MODEL_H
#define LEASH_MODEL_H

#include "model/act.h"

/* A mistake in a YAML file: where, and what was expected. */
struct model_problem {
    const char *file;
    uint32_t line, column;
    const char *message;
};
typedef VEC(struct model_problem) model_problems;

struct model_set;

struct model_set *model_set_new(struct arena *);
/* Adds the models bundled with leash. */
void model_set_add_bundled(struct model_set *);
/* Adds one file.  Later files win over earlier ones for the same function.  false: it has mistakes,
 * all of which are added to `problems`, and nothing of it is used. */
bool model_set_add(struct model_set *, const char *file, const char *text, size_t length,
                   model_problems *problems);

/* Types the calls of a unit: fills in ir_op.act, in the unit's arena.  Models whose headers the
 * unit does not see, and functions that the program defines itself with another meaning (a body for
 * the name in own code), stay out. */
void model_apply(const struct model_set *, struct ir_unit *);

/* What a type stands for, by its name or that of a typedef on the way; looks at the type itself,
 * not through pointers. */
enum object_kind model_type_kind(const struct model_set *, const struct ir_type *);
const char *object_kind_word(enum object_kind); /* "channel", "wait group" */

/* ---- notes: what annotations and comments say of functions, parameters and spawns ------------ */

/* Is the function a task that is meant to stay as long as the program? */
bool model_is_daemon(const struct model_set *, const struct ir_symbol *function);
/* Does the comment at this spawn say so of the task it starts? */
bool model_spawns_daemon(const struct model_set *, const struct ir_unit *, const struct ir_op *);
/* Does the function take over what it is given as parameter `param`: does it close, free, finish or
 * cancel it, or have somebody do it? */
bool model_takes(const struct model_set *, const struct ir_symbol *function, size_t param);

enum note_meaning { NOTE_UNKNOWN, NOTE_DAEMON, NOTE_TAKES };
enum note_meaning model_note_meaning(const struct model_set *, const char *note);
/* All notes there are, in the order of the models. */
const char *const *model_notes(const struct model_set *, size_t *count);

#endif
