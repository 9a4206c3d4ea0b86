/*
 * base.h - what every layer stands on: our own mistakes, memory, strings, vectors, maps, files.
 *
 * Nothing here knows about C code, tasks or findings.
 */
#ifndef LEASH_BASE_H
#define LEASH_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A mistake of ours, never of the input: says where, then aborts. */
#define BUG(...) base_bug(__FILE__, __LINE__, __VA_ARGS__)
#define BUG_ON(condition)                                                                          \
    do {                                                                                           \
        if (condition)                                                                             \
            BUG("must not hold: %s", #condition);                                                  \
    } while (0)
_Noreturn void base_bug(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"

#endif
