/*
 * The heap is read while no thread changes it.  Which lock guards it is not to be known, but where
 * threads stand is: the allocator runs in the C library's own code, and so does a handler's way
 * back.  A thread there counts as in its midst, but where it waits in a system call that the
 * allocator does not use to get memory; one that waits for the allocator's lock has not begun.
 */
#include "heap.h"
#include "world.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

enum { CHUNK_UNIT = 16, HEADER_BYTES = 16, CHUNK_MIN = 32, CALL_BYTES = 2 };

#if defined(__x86_64__) && defined(__GLIBC__)

/* ---- whether it is quiet --------------------------------------------------------------------- */

static bool gets_memory(long long number)
{
    return number == SYS_brk || number == SYS_mmap || number == SYS_munmap ||
           number == SYS_mremap || number == SYS_mprotect || number == SYS_madvise;
}

/* The number that a move just before the call puts into its register; -1: there is none. */
static long long number_before(uintptr_t call, struct range code)
{
    enum { MOVE = 0xb8, MOVE_BYTES = 5 };
    const unsigned char *move = (const unsigned char *)call - MOVE_BYTES;
    int number;

    if (call - MOVE_BYTES < code.low || *move != MOVE)
        return -1;
    memcpy(&number, move + 1, sizeof(number));
    return number;
}

static bool is_system_call(uintptr_t place, struct range code)
{
    static const unsigned char call[CALL_BYTES] = {0x0f, 0x05};

    return place >= code.low && place + CALL_BYTES <= code.high &&
           !memcmp((const void *)place, call, CALL_BYTES);
}

/* In a system call that gets no memory.  It begins anew after the signal, was ended by it, or has
 * just returned. */
static bool is_in_system(const ucontext_t *context, struct range code)
{
    uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    long long result = context->uc_mcontext.gregs[REG_RAX];

    if (is_system_call(pc, code))
        return !gets_memory(result);
    if (!is_system_call(pc - CALL_BYTES, code))
        return false;
    long long number = number_before(pc - CALL_BYTES, code);
    return number < 0 ? result == -EINTR : !gets_memory(number);
}

static bool may_allocate(const ucontext_t *context, struct range code)
{
    return range_holds(code, (uintptr_t)context->uc_mcontext.gregs[REG_RIP]) &&
           !is_in_system(context, code);
}

/* Where a handler of the program returns to; what it has interrupted lies behind that. */
static uintptr_t way_back(const struct stopped *thread)
{
    return ((const uintptr_t *)thread->context)[-1];
}

/* Whether what a handler on the thread's stack has interrupted may allocate.  An old frame of one
 * does no more harm than a doubt. */
static bool interrupted_one_may(const struct stopped *thread, struct range code, uintptr_t end)
{
    enum { WORDS = 512 };
    uintptr_t words[WORDS];
    uintptr_t place = (uintptr_t)thread->sp & ~(sizeof(place) - 1);

    while (place < end) {
        size_t wanted = end - place < sizeof(words) ? end - place : sizeof(words);
        size_t got = peek(place, words, wanted) / sizeof(*words);
        if (!got)
            break;
        for (size_t i = 0; i < got; i++) {
            ucontext_t context;
            uintptr_t frame = place + (i + 1) * sizeof(*words);
            if (words[i] == way_back(thread) &&
                (peek(frame, &context, sizeof(context)) < sizeof(context) ||
                 may_allocate(&context, code)))
                return true;
        }
        place += got * sizeof(*words);
    }
    return false;
}

bool heap_may_be_changed_by(const struct stopped *thread, struct range code, uintptr_t stack_end)
{
    return !range_holds(code, way_back(thread)) || may_allocate(thread->context, code) ||
           interrupted_one_may(thread, code, stack_end);
}

/* The system says how long what it has saved is in a part that the processor does not use. */
struct range heap_dead_registers(const struct stopped *thread, struct range code)
{
    const ucontext_t *context = thread->context;
    const char *saved = (const char *)context->uc_mcontext.fpregs;
    struct range none = {(uintptr_t)context, (uintptr_t)context};

    if (!saved || !range_holds(code, (uintptr_t)context->uc_mcontext.gregs[REG_RIP]) ||
        !is_in_system(context, code))
        return none;
    const struct _fpx_sw_bytes *said =
        (const void *)(saved + sizeof(struct _fpstate) - sizeof(*said));
    size_t bytes = said->magic1 == FP_XSTATE_MAGIC1 ? said->extended_size : sizeof(struct _fpstate);
    return (struct range){(uintptr_t)saved, (uintptr_t)saved + bytes};
}

uintptr_t heap_code(void)
{
    const struct stopped *thread = world_stopped(0);

    return thread ? way_back(thread) : 0;
}

#else

bool heap_may_be_changed_by(const struct stopped *thread, struct range code, uintptr_t stack_end)
{
    (void)thread, (void)code, (void)stack_end;
    return true;
}

struct range heap_dead_registers(const struct stopped *thread, struct range code)
{
    (void)code;
    return (struct range){(uintptr_t)thread->context, (uintptr_t)thread->context};
}

uintptr_t heap_code(void)
{
    return 0;
}

#endif

/* ---- its chunks ------------------------------------------------------------------------------ */

/* In the low bits of a header's size. */
enum { FORMER_IN_USE = 1, IS_MAPPING = 2, SIZE_FLAGS = 7 };

/* What glibc keeps of a heap: of the one that grows by brk in its own data, of others at the
 * beginning of the mapping. */
struct arena {
    int flags[4];
    uintptr_t fast[10];
    uintptr_t last; /* the last chunk */
    uintptr_t remainder;
    uintptr_t bins[2 * 127]; /* the first and the last chunk of rings of free ones */
    char rest[56];
};
_Static_assert(sizeof(struct arena) == 2200, "as glibc 2.27 and later have it");

/* How a mapping begins that an arena has; the arena itself follows, where it is the first. */
struct arena_head {
    uintptr_t arena;
    uintptr_t former; /* mapping of the same arena */
    size_t bytes;     /* in use of it */
};

/* The beginning of a mapping may be a guard, which the list of mappings does not tell. */
bool heap_in_mapping(struct range mapping, bool grows_by_brk, struct heap *heap)
{
    enum { ALIGNED = 64 * 1024 * 1024, HEAD_MAX = 48 };
    struct arena_head head;
    struct arena arena;

    *heap = (struct heap){.chunks = mapping};
    if (grows_by_brk)
        return true;
    if (mapping.low % ALIGNED || peek(mapping.low, &head, sizeof(head)) != sizeof(head) ||
        head.arena <= mapping.low || head.arena > mapping.low + HEAD_MAX || head.former ||
        head.bytes > mapping.high - mapping.low ||
        peek(head.arena, &arena, sizeof(arena)) != sizeof(arena))
        return false;
    uintptr_t end = head.arena + sizeof(arena);
    heap->last = arena.last;
    heap->arena = (struct range){mapping.low, end};
    heap->chunks.low = (end + CHUNK_UNIT - 1) / CHUNK_UNIT * CHUNK_UNIT;
    heap->chunks.high = mapping.low + head.bytes;
    return heap->chunks.low < heap->chunks.high;
}

/* Each ring leads into the heap or, where it is empty, to a place as if a chunk began two words
 * before it. */
static bool is_arena(const struct heap *heap, uintptr_t address)
{
    struct arena arena;

    if (peek(address, &arena, sizeof(arena)) != sizeof(arena) || arena.last != heap->last)
        return false;
    for (size_t i = 0; i < sizeof(arena.bins) / sizeof(*arena.bins); i++) {
        uintptr_t ring = address + offsetof(struct arena, bins) + i / 2 * HEADER_BYTES;
        if (arena.bins[i] != ring - HEADER_BYTES && !range_holds(heap->chunks, arena.bins[i]))
            return false;
    }
    return true;
}

bool heap_find_arena(struct heap *heap, struct range data)
{
    enum { WORDS = 512 };
    uintptr_t words[WORDS];
    uintptr_t place = data.low;
    size_t got;

    for (; place < data.high && (got = peek(place, words, sizeof(words)) / sizeof(*words));
         place += got * sizeof(*words)) {
        for (size_t i = 0; i < got; i++) {
            uintptr_t arena = place + i * sizeof(*words) - offsetof(struct arena, last);
            if (words[i] != heap->last || !is_arena(heap, arena))
                continue;
            heap->arena = (struct range){arena, arena + sizeof(struct arena)};
            return true;
        }
    }
    return false;
}

static size_t size_of(uintptr_t chunk)
{
    return ((const size_t *)chunk)[1];
}

/* What goes before in memory says its size there where it is free. */
static size_t former_size_of(uintptr_t chunk)
{
    return *(const size_t *)chunk;
}

size_t heap_map_bytes(struct range chunks)
{
    return (chunks.high - chunks.low) / CHUNK_UNIT / 8 + sizeof(uint64_t);
}

static void set_bit(uint64_t *map, size_t index)
{
    map[index / 64] |= (uint64_t)1 << index % 64;
}

static bool has_bit(const uint64_t *map, size_t index)
{
    return map[index / 64] >> index % 64 & 1;
}

static size_t index_of(const struct heap *heap, uintptr_t chunk)
{
    return (chunk - heap->chunks.low) / CHUNK_UNIT;
}

/* Whether a chunk may have the size that its header says, and what lies behind agrees. */
static bool fits(uintptr_t chunk, size_t bytes, uintptr_t end)
{
    if (size_of(chunk) & IS_MAPPING || bytes < CHUNK_MIN || bytes % CHUNK_UNIT ||
        bytes > end - chunk)
        return false;
    uintptr_t next = chunk + bytes;
    return next == end || (end - next >= CHUNK_MIN &&
                           (size_of(next) & FORMER_IN_USE || former_size_of(next) == bytes));
}

/* The last chunk is what was not handed out yet. */
bool heap_read(struct heap *heap)
{
    uintptr_t chunk = heap->chunks.low;
    uintptr_t end = heap->chunks.high;

    if (end - chunk < CHUNK_MIN || !(size_of(chunk) & FORMER_IN_USE))
        return false;
    for (;;) {
        size_t bytes = size_of(chunk) & ~(size_t)SIZE_FLAGS;
        if (!fits(chunk, bytes, end))
            return false;
        uintptr_t next = chunk + bytes;
        heap->count++;
        set_bit(heap->starts, index_of(heap, chunk));
        if (next == end || !(size_of(next) & FORMER_IN_USE))
            set_bit(heap->reached, index_of(heap, chunk));
        if (next == end)
            break;
        chunk = next;
    }
    bool is_last = !heap->last || heap->last == chunk;
    heap->last = chunk;
    return is_last;
}

/* The last that begins at the bit or before it; false: none. */
static bool find_start(const struct heap *heap, size_t index, size_t *start)
{
    size_t word = index / 64;
    uint64_t bits = heap->starts[word] & ~(uint64_t)0 >> (63 - index % 64);

    while (!bits && word > 0)
        bits = heap->starts[--word];
    *start = word * 64 + 63 - (size_t)__builtin_clzll(bits | 1);
    return bits != 0;
}

bool heap_block(const struct heap *heap, uintptr_t address, struct range *block)
{
    size_t start;

    if (!range_holds(heap->chunks, address) || address - heap->chunks.low < HEADER_BYTES ||
        !find_start(heap, index_of(heap, address - HEADER_BYTES), &start))
        return false;
    uintptr_t chunk = heap->chunks.low + start * CHUNK_UNIT;
    size_t bytes = size_of(chunk) & ~(size_t)SIZE_FLAGS;
    uintptr_t next = chunk + bytes;
    /* The first word of the next header is its own, too. */
    *block = (struct range){chunk + HEADER_BYTES,
                            next < heap->chunks.high ? next + sizeof(size_t) : next};
    return true;
}

bool heap_is_free(const struct heap *heap, struct range block)
{
    return has_bit(heap->reached, index_of(heap, block.low - HEADER_BYTES));
}

bool heap_reach(struct heap *heap, struct range block)
{
    size_t index = index_of(heap, block.low - HEADER_BYTES);

    if (has_bit(heap->reached, index))
        return false;
    set_bit(heap->reached, index);
    return true;
}
