/*
 * symbols.h - what the program's files say of its code: functions, lines, and where a function
 * keeps what it owes to its caller.
 *
 * All that is found is kept for good, by address: there are only so many places in a program that
 * calls lead back to.  One thread at a time.
 */
#ifndef LEASH_RT_SYMBOLS_H
#define LEASH_RT_SYMBOLS_H

#include "dump.h"
#include "table.h"

#include <elfutils/libdw.h>

enum {
    REGISTERS = 17,      /* of x86-64 in DWARF's order; the last is the place that is returned to */
    REGISTER_SP = 7,     /* the stack pointer */
    REGISTER_PLACE = 16, /* see above */
    OPERATIONS_MAX = 4   /* of an expression; longer ones are in hand-written code alone */
};

/* How an address or a value is computed, in DWARF's stack machine; count 0: not known. */
struct expression {
    size_t count;
    Dwarf_Op operations[OPERATIONS_MAX];
};

/* Where the caller's value of a register is. */
struct saved {
    enum { SAVED_NOWHERE, SAVED_IN_REGISTER, SAVED_AT, SAVED_AS } how;
    struct expression where; /* SAVED_AT: the address; SAVED_AS: the value */
};

/* A place in the code that a call returns to. */
struct place {
    struct entry entry; /* by its address */
    /* The functions that the call is in: more than one where some are inlined; innermost first. */
    size_t call_count;
    struct call *calls;
    struct expression frame; /* the address that the others are told by */
    struct saved saved[REGISTERS];
};

/* NULL: it was not found before. */
const struct place *symbols_known(uintptr_t address);
/* Takes its time.  NULL: there is no code of a file, or no memory.  What is not known of it is
 * empty. */
const struct place *symbols_find(uintptr_t address);

/* The function that the line "server.c:41" is in; NULL: not known. */
const char *symbols_function_at(const char *site);

#endif
