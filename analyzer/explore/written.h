/*
 * written.h - which texts the program itself writes, as the mark that ends a stream.
 *
 * A world does not keep what a text is once it was copied.  Where the program asks for a text that
 * only its input can bring, the answer is anybody's; where it asks for one that it writes somewhere
 * itself, it knows the answer.
 */
#ifndef LEASH_WRITTEN_H
#define LEASH_WRITTEN_H

#include "flow/flow.h"

/* Of one program.  All memory is in the arena of `written`; zeroed but for that it is empty. */
struct texts {
    struct map written; /* by content, or by the name of the object that holds it */
    bool is_made;
};

/* Once for each program; more calls do nothing. */
void texts_make(struct texts *, struct flow *);

/* Does the call of something out of sight compare a copy of a text with one that the program
 * writes, be they handed on by the callers of `in`? */
bool text_is_asked_for(struct texts *, struct flow *, const struct ir_func *in,
                       const struct ir_op *);

#endif
