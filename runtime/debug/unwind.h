/*
 * unwind.h - from where a task is set aside back through the calls that led there.
 *
 * By the same tables as exceptions, so it takes neither debug information nor frame pointers.  On
 * x86-64 alone: elsewhere no calls are known.
 */
#ifndef LEASH_RT_UNWIND_H
#define LEASH_RT_UNWIND_H

#include "symbols.h"

enum { UNWIND_MAX = 256 };

/* The places that the calls of a task return to, innermost first, up to task_main. */
struct trace {
    bool is_cut; /* the calls go on */
    size_t count;
    const struct place *places[UNWIND_MAX];
};

/* False: it runs, has not run yet, went on meanwhile, or a call is in code without such a table.
 * Keeps nothing of what is on the stack: leak_find would take it for a pointer of the program. */
bool unwind(const struct task *task, struct trace *trace);

#endif
