/*
 * heap.h - where the blocks of the C library's heap begin and end.
 *
 * Known of glibc's on x86-64, of the part that grows by brk and of the arenas that threads have
 * beside it; not of blocks that are mappings of their own, nor of other allocators.  Each heap is
 * read from its first chunk to its last, and what does not fit together is none.
 *
 * A chunk is a header of two words and a block.  The first word of the next header is the block's
 * too, so a block ends where the second word begins; a pointer to that end is a pointer to it.
 */
#ifndef LEASH_RT_HEAP_H
#define LEASH_RT_HEAP_H

#include "memory.h"

struct stopped;

struct heap {
    struct range chunks;
    uintptr_t last;     /* of them; before heap_read 0, where it is not known */
    struct range arena; /* where the library keeps what it knows of it; empty: unknown */
    uint64_t *starts;   /* a bit for each CHUNK_UNIT bytes of `chunks`: one begins there */
    uint64_t *reached;  /* ... and heap_reach was called for its block, or it is free */
    size_t count;       /* of chunks */
};

/* Whether a thread that stands may be in the midst of changing a heap.  `code` is where the C
 * library's lies.  `stack_end`: so far up to which the frames of the stack that it was on reach; it
 * may be too high. */
bool heap_may_be_changed_by(const struct stopped *thread, struct range code, uintptr_t stack_end);

/* Where on the stack of a thread that stands lie registers with nothing of use: one that is in a
 * system call, called as a function, has no values in those for vectors, and old pointers stay
 * there.  Never outside of what the system has put there; may be empty. */
struct range heap_dead_registers(const struct stopped *thread, struct range code);

/* The address of the C library's code by which `code` is told; 0: no other thread stands. */
uintptr_t heap_code(void);

/* Whether there may be a heap in a mapping that can be read; then sets all but the maps.
 * `grows_by_brk`: the system names it so. */
bool heap_in_mapping(struct range mapping, bool grows_by_brk, struct heap *heap);

/* How many bytes each of `starts` and `reached` takes. */
size_t heap_map_bytes(struct range chunks);

/* Fills the two maps, which were zero.  False: it is no heap of a known form. */
bool heap_read(struct heap *heap);

/* Looks in what may be the library's data for what it keeps of a heap that grows by brk, and sets
 * `arena`.  What lies there leads to free chunks, by addresses that are their neighbours', too. */
bool heap_find_arena(struct heap *heap, struct range data);

/* The block that the address lies in; false: none. */
bool heap_block(const struct heap *heap, uintptr_t address, struct range *block);

/* Only before the first heap_reach. */
bool heap_is_free(const struct heap *heap, struct range block);

/* Notes that the block was reached; false: it was before, or is free. */
bool heap_reach(struct heap *heap, struct range block);

#endif
