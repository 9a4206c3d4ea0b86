/*
 * unit_format.h - the unit file, byte by byte; what the writer and the reader agree on.
 *
 * A head of fixed size, then the payload:
 *
 *     8 bytes   magic
 *     4 bytes   version, little-endian
 *     8 bytes   XXH3 of the payload, little-endian
 *
 * The payload is a sequence of varints (LEB128: seven bits a byte, low bits first; signed numbers
 * zigzag) and, where noted, raw bytes, in this order:
 *
 *   - strings: their count; each: length, bytes without NUL.  Everywhere else a string is its index
 *     here + 1, and 0 is NULL.
 *   - the unit: main file, directory, output, flags.
 *   - the counts of files, types, records and symbols, which refer to each other; then each of them
 * in that order.  A file's hash is 8 raw bytes, little-endian.
 *   - errors, enumerators and remarks: count, then each.
 *   - functions: their count; each: symbol + 1 (0: the initialisers, which come last), positions,
 *     reason of incompleteness, variables, highest temp, expressions, blocks, loops.
 *
 * A function's expressions are one table, children before parents, so that a reader needs no
 * recursion and sharing stays sharing.  A reference is the index; where there may be none, index
 * + 1.  What can be computed (preds, ids, address-taken marks) is not stored.
 *
 * Any change to this form, to an enum of ir.h, or to what a field means raises UNIT_VERSION.
 */
#ifndef LEASH_UNIT_FORMAT_H
#define LEASH_UNIT_FORMAT_H

#define UNIT_MAGIC "leashIR\n"

enum {
    UNIT_MAGIC_BYTES = 8,
    UNIT_VERSION = 3,
    UNIT_VERSION_AT = UNIT_MAGIC_BYTES,
    UNIT_CHECKSUM_AT = UNIT_VERSION_AT + 4,
    UNIT_HEAD_BYTES = UNIT_CHECKSUM_AT + 8,
};

/* Bits of the flag fields. */
enum {
    UNIT_IS_INCOMPLETE = 1,

    TYPE_IS_SIGNED = 1,
    TYPE_IS_VOLATILE = 2,
    TYPE_IS_ATOMIC = 4,
    TYPE_IS_VARIADIC = 8,

    SYMBOL_IS_DEFINED = 1,
    SYMBOL_IS_NORETURN = 2,
    SYMBOL_IS_WEAK = 4,
    SYMBOL_IS_INLINE = 8,
    SYMBOL_IS_THREAD_LOCAL = 16,
    SYMBOL_IS_IN_SYSTEM_HEADER = 32,
};

#endif
