#include "stack.h"
#include "fiber.h"
#include "lock.h"
#include "scheduler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13: a guard that costs no mapping */
#endif

enum {
    CHUNK_STACKS = 256,
    PAGE_BYTES = 4096,
    TASK_ROOM = (sizeof(struct task) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE,
    COLOURS = 16, /* control blocks begin at so many different cache lines */
    STACK_KIB_DEFAULT = RT_ASAN || RT_TSAN ? 512 : 128,
    STACK_KIB_MIN = 16,
    STACK_KIB_MAX = 1024 * 1024,
    GUARD_PAGES_MAX = 4,
    /* Guards by mprotect cost two mappings each, and a process has 65,530 by default: the rest is
     * left to the program. */
    MPROTECT_GUARDS_MAX = 24000,
    VALGRIND_GUARDS_MAX = 8000, /* valgrind keeps at most 30,000 mappings */
    VALGRIND_APART_BYTES = 4 * 1024 * 1024,
    POOL_KEPT = 1024,     /* unused stacks that stay resident */
    TRIM_PERIOD_MS = 400, /* what was not used for so long is given back, ... */
    TRIM_SLICE = 32768,   /* ... so many stacks at a time, ... */
    TRIM_SLICE_MS = 2     /* ... with a pause between */
};

/* A mapping with CHUNK_STACKS slots. */
struct chunk {
    char *base;
    unsigned *numbers; /* by which valgrind knows the stacks; NULL without valgrind */
};

/* The pool of free stacks and the chunks they lie in; all guarded by `lock`. */
static struct {
    struct lock lock;
    size_t stack_bytes; /* of a slot, its guard included */
    size_t guard_bytes;
    struct chunk *chunks; /* chunk_count of them, room for chunk_room */
    size_t chunk_count;
    size_t chunk_room;
    struct task **free; /* the latest last; room for all stacks of all chunks */
    size_t free_count;
    size_t free_room;
    size_t clean_count;  /* the first so many of `free` hold no memory */
    size_t unused_count; /* the first so many were not used between the last two looks */
    size_t least_count;  /* the fewest free since the last look */
    size_t guards;       /* made by mprotect */
    size_t guards_max;   /* no more of those */
    bool guard_install;  /* MADV_GUARD_INSTALL works */
    int self;            /* a descriptor of this process, for process_madvise; or -1 */
    bool bare_told;      /* it was said that there are stacks without a guard */
    bool trim_runs;      /* the timer below does */
    struct timer trim;
} pool;

/* ---- a stack's parts ------------------------------------------------------------------------- */

static char *slot_of(const struct task *task)
{
    uintptr_t chunk_bytes = pool.stack_bytes;
    /* Slots are aligned to their size, which is a power of two. */
    return (char *)((uintptr_t)task & ~(chunk_bytes - 1));
}

static struct task *task_of_slot(const char *slot)
{
    size_t colour = (uintptr_t)slot / pool.stack_bytes % COLOURS;

    return (struct task *)(slot + pool.stack_bytes - TASK_ROOM - colour * CACHE_LINE);
}

void *stack_low(const struct task *task)
{
    return slot_of(task) + pool.guard_bytes;
}

struct task *stack_of_guard(const void *address)
{
    const char *place = address;

    for (size_t i = 0; i < pool.chunk_count; i++) {
        const char *base = pool.chunks[i].base;
        if (place < base || place >= base + CHUNK_STACKS * pool.stack_bytes)
            continue;
        const char *slot = base + (size_t)(place - base) / pool.stack_bytes * pool.stack_bytes;
        return place < slot + pool.guard_bytes ? task_of_slot(slot) : NULL;
    }
    return NULL;
}

void stack_hold(void)
{
    lock_acquire_among_threads(&pool.lock);
}

void stack_release(void)
{
    lock_release(&pool.lock);
}

char *stack_chunk(size_t index, size_t *bytes)
{
    *bytes = CHUNK_STACKS * pool.stack_bytes;
    return index < pool.chunk_count ? pool.chunks[index].base : NULL;
}

size_t stack_bytes(void)
{
    return pool.stack_bytes;
}

struct task *stack_task(const void *slot)
{
    return task_of_slot(slot);
}

static char *held_chunk(size_t index, size_t *bytes)
{
    stack_hold();
    char *base = stack_chunk(index, bytes);
    stack_release();
    return base;
}

/* A visit may write for long, and spawns wait for the lock: so it is not held meanwhile. */
void stack_each(void (*visit)(struct task *task, void *arg), void *arg)
{
    char *base;
    size_t bytes;

    for (size_t i = 0; (base = held_chunk(i, &bytes)); i++)
        for (size_t k = 0; k < CHUNK_STACKS; k++)
            visit(task_of_slot(base + k * pool.stack_bytes), arg);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* Without a guard an overflow is silent corruption, so the user is told, once. */
static void tell_bare_stacks(void)
{
    if (pool.bare_told)
        return;
    pool.bare_told = true;
    fprintf(stderr,
            "leash: the system refuses more guard pages (%s); further tasks run without "
            "one, and an overflow of their stacks goes unnoticed\n",
            strerror(errno));
}

static void guard_by_mprotect(char *slot)
{
    if (pool.guards >= pool.guards_max) {
        errno = ENOMEM;
        tell_bare_stacks();
    } else if (mprotect(slot, pool.guard_bytes, PROT_NONE)) {
        tell_bare_stacks();
    } else {
        pool.guards++;
    }
}

/* Guards for all slots of a chunk in one system call: false where that is unknown. */
static bool guard_all(const char *base)
{
    struct iovec guards[CHUNK_STACKS];

    for (size_t k = 0; k < CHUNK_STACKS; k++)
        guards[k] = (struct iovec){(void *)(base + k * pool.stack_bytes), pool.guard_bytes};
    long done =
        syscall(SYS_process_madvise, pool.self, guards, CHUNK_STACKS, MADV_GUARD_INSTALL, 0);
    return done == (long)(CHUNK_STACKS * pool.guard_bytes);
}

static void guard_chunk(char *base)
{
    if (pool.guard_install && guard_all(base))
        return;
    for (size_t k = 0; k < CHUNK_STACKS; k++) {
        char *slot = base + k * pool.stack_bytes;
        pool.guard_install =
            pool.guard_install && !madvise(slot, pool.guard_bytes, MADV_GUARD_INSTALL);
        if (!pool.guard_install)
            guard_by_mprotect(slot);
    }
}

/* Address space for a chunk, aligned to the size of a slot; NULL: none. */
static char *map_chunk(void)
{
    size_t bytes = CHUNK_STACKS * pool.stack_bytes;
    size_t spare = pool.stack_bytes;
    char *map = mmap(NULL, bytes + spare, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

    if (map == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)map & (spare - 1);
    if (before)
        munmap(map, before);
    if (spare - before)
        munmap(map + before + bytes, spare - before);
    /* A huge page would make every parked task cost two megabytes. */
    madvise(map + before, bytes, MADV_NOHUGEPAGE);
    return map + before;
}

/* Whether valgrind is told of each stack.  It knows one current stack, and not for each thread:
 * with several threads it would take the next large frame on the other thread's stack for a switch,
 * and the frame's memory for invalid.  Then the stacks lie so far apart that it sees switches by
 * that. */
static bool valgrind_knows_stacks(void)
{
    return fiber_under_valgrind() && runtime.worker_count == 1;
}

/* Tells sanitizers and valgrind, as far as there is memory. */
static void chunk_register(struct chunk *chunk)
{
    fiber_register_chunk(chunk->base, CHUNK_STACKS * pool.stack_bytes);
    if (!valgrind_knows_stacks())
        return;
    /* Not by allocate(), whose dump would wait for the lock that is held here. */
    chunk->numbers = malloc(CHUNK_STACKS * sizeof(*chunk->numbers));
    for (size_t k = 0; chunk->numbers && k < CHUNK_STACKS; k++) {
        char *slot = chunk->base + k * pool.stack_bytes;
        chunk->numbers[k] = fiber_register_stack(slot + pool.guard_bytes, slot + pool.stack_bytes);
    }
}

static void chunk_unregister(struct chunk *chunk)
{
    fiber_unregister_chunk(chunk->base, CHUNK_STACKS * pool.stack_bytes);
    for (size_t k = 0; chunk->numbers && k < CHUNK_STACKS; k++)
        fiber_unregister_stack(chunk->numbers[k]);
    free(chunk->numbers);
}

static bool grow_array(void **array, size_t *room, size_t needed, size_t element_bytes)
{
    if (needed <= *room)
        return true;
    size_t grown = needed > *room * 2 ? needed : *room * 2;
    void *moved = realloc(*array, grown * element_bytes);
    if (!moved)
        return false;
    *array = moved;
    *room = grown;
    return true;
}

/* Adds a chunk's stacks to the pool; false and ENOMEM: none to be had. */
static bool add_chunk(void)
{
    size_t stacks = (pool.chunk_count + 1) * CHUNK_STACKS;

    if (!grow_array((void **)&pool.chunks, &pool.chunk_room, pool.chunk_count + 1,
                    sizeof(*pool.chunks)) ||
        !grow_array((void **)&pool.free, &pool.free_room, stacks, sizeof(*pool.free)))
        return false;
    char *base = map_chunk();
    if (!base)
        return false;
    guard_chunk(base);
    pool.chunks[pool.chunk_count] = (struct chunk){.base = base};
    chunk_register(&pool.chunks[pool.chunk_count++]);
    /* The first slots are handed out first. */
    for (size_t k = CHUNK_STACKS; k-- > 0;) {
        char *slot = base + k * pool.stack_bytes;
        pool.free[pool.free_count++] = task_of_slot(slot);
    }
    return true;
}

/* ---- giving memory back ---------------------------------------------------------------------- */

static int compare_addresses(const void *left, const void *right)
{
    uintptr_t a = (uintptr_t) * (struct task *const *)left;
    uintptr_t b = (uintptr_t) * (struct task *const *)right;

    return a < b ? -1 : a > b;
}

/* Gives back the pages of the free stacks first .. end, sorted; neighbours in one call. */
static void drop_pages(size_t first, size_t end)
{
    while (first < end) {
        char *slot = slot_of(pool.free[first]);
        size_t run = 1;
        while (first + run < end &&
               slot_of(pool.free[first + run]) == slot + run * pool.stack_bytes)
            run++;
        /* Guards stay where MADV_GUARD_INSTALL made them. */
        madvise(slot, run * pool.stack_bytes, MADV_DONTNEED);
        first += run;
    }
}

/* Trims one slice of what is known to be unused.  The caller holds the lock. */
static void trim_slice(void)
{
    size_t end = pool.clean_count + TRIM_SLICE;

    if (end > pool.unused_count)
        end = pool.unused_count;
    qsort(pool.free + pool.clean_count, end - pool.clean_count, sizeof(*pool.free),
          compare_addresses);
    drop_pages(pool.clean_count, end);
    pool.clean_count = end;
}

static bool has_excess(void)
{
    return pool.free_count > pool.clean_count + POOL_KEPT;
}

static void trim(struct timer *timer)
{
    int64_t pause_ms = TRIM_SLICE_MS;

    lock_acquire_among_threads(&pool.lock);
    if (pool.clean_count < pool.unused_count) {
        trim_slice();
    } else {
        /* The pool is a stack: what lies below its lowest fill since the last look was not used. */
        pool.unused_count = pool.least_count > POOL_KEPT ? pool.least_count - POOL_KEPT : 0;
        pool.least_count = pool.free_count;
        if (pool.clean_count >= pool.unused_count)
            pause_ms = TRIM_PERIOD_MS;
    }
    bool more = has_excess();
    pool.trim_runs = more;
    lock_release(&pool.lock);
    if (more)
        timer_start(timer, timer_tick_after_ms(pause_ms), NULL);
}

/* Starts the timer where there is something to trim.  Called without the lock, on a worker. */
static void trim_later(void)
{
    lock_acquire_among_threads(&pool.lock);
    bool start = !pool.trim_runs && has_excess();
    if (start) {
        pool.trim_runs = true;
        pool.least_count = pool.free_count;
    }
    lock_release(&pool.lock);
    if (start)
        timer_start(&pool.trim, timer_tick_after_ms(TRIM_PERIOD_MS), NULL);
}

/* ---- getting and putting --------------------------------------------------------------------- */

/* Stacks were taken: fewer are clean, unused or untouched since the last look. */
static void pool_taken(void)
{
    if (pool.clean_count > pool.free_count)
        pool.clean_count = pool.free_count;
    if (pool.unused_count > pool.free_count)
        pool.unused_count = pool.free_count;
    if (pool.least_count > pool.free_count)
        pool.least_count = pool.free_count;
}

/* Half a cache of free stacks from the pool, maybe fewer.  False and ENOMEM: none to be had. */
static bool refill(struct stack_cache *cache)
{
    lock_acquire_among_threads(&pool.lock);
    if (!pool.free_count && !add_chunk()) {
        lock_release(&pool.lock);
        errno = ENOMEM;
        return false;
    }
    size_t take = STACK_CACHE / 2 < pool.free_count ? STACK_CACHE / 2 : pool.free_count;
    while (take-- > 0)
        cache->free[cache->count++] = pool.free[--pool.free_count];
    pool_taken();
    lock_release(&pool.lock);
    return true;
}

/* Moves the oldest `count` of the cache to the pool, which has room for all stacks there are. */
static void spill(struct stack_cache *cache, uint32_t count)
{
    lock_acquire_among_threads(&pool.lock);
    memcpy(pool.free + pool.free_count, cache->free, count * sizeof(*cache->free));
    pool.free_count += count;
    lock_release(&pool.lock);
    cache->count -= count;
    memmove(cache->free, cache->free + count, cache->count * sizeof(*cache->free));
}

struct task *stack_get(struct stack_cache *cache)
{
    if (unlikely(!cache->count) && !refill(cache))
        return NULL;
    return cache->free[--cache->count];
}

void stack_put(struct stack_cache *cache, struct task *task)
{
    char *low = stack_low(task);

    fiber_clean(low, (size_t)((char *)task - low));
    if (unlikely(cache->count == STACK_CACHE)) {
        spill(cache, STACK_CACHE / 2);
        trim_later();
    }
    cache->free[cache->count++] = task;
}

void stack_cache_release(struct stack_cache *cache)
{
    spill(cache, cache->count);
}

/* ---- start and stop -------------------------------------------------------------------------- */

static size_t stack_kib(void)
{
    const char *text = getenv("LEASH_STACK_KIB");
    char *end;

    if (!text || !*text)
        return STACK_KIB_DEFAULT;
    errno = 0;
    unsigned long kib = strtoul(text, &end, 10);
    if (errno || *end || *text == '-' || kib < STACK_KIB_MIN || kib > STACK_KIB_MAX)
        fatal(NULL, "LEASH_STACK_KIB=%s: a stack has %d to %d KiB", text, STACK_KIB_MIN,
              STACK_KIB_MAX);
    return kib;
}

void stack_start(void)
{
    size_t wanted = stack_kib() * 1024;
    size_t bytes = STACK_KIB_MIN * (size_t)1024;

    if (fiber_under_valgrind() && !valgrind_knows_stacks())
        bytes = VALGRIND_APART_BYTES;
    while (bytes < wanted)
        bytes *= 2;
    memset(&pool, 0, sizeof(pool));
    pool.stack_bytes = bytes;
    /* An eighth of the stack: a frame that skips one page still meets the guard. */
    size_t pages = bytes / 8 / PAGE_BYTES;
    pool.guard_bytes = (pages < GUARD_PAGES_MAX ? pages : GUARD_PAGES_MAX) * PAGE_BYTES;
    /* The leak sanitizer reads all that is mapped to be read, and valgrind knows no such guards. */
    pool.guard_install = !RT_ASAN && !fiber_under_valgrind();
    pool.guards_max = fiber_under_valgrind() ? VALGRIND_GUARDS_MAX : MPROTECT_GUARDS_MAX;
    pool.self = pool.guard_install ? (int)syscall(SYS_pidfd_open, getpid(), 0) : -1;
    pool.trim.fire = trim;
}

void stack_stop(bool leave)
{
    for (size_t i = 0; i < pool.chunk_count; i++) {
        char *base = pool.chunks[i].base;
        size_t bytes = CHUNK_STACKS * pool.stack_bytes;
        chunk_unregister(&pool.chunks[i]);
        if (leave)
            continue;
        fiber_clean(base, bytes);
        munmap(base, bytes);
    }
    if (pool.self >= 0)
        close(pool.self);
    free(pool.chunks);
    free(pool.free);
    memset(&pool, 0, sizeof(pool));
}

/* ---- for debuggers --------------------------------------------------------------------------- */

/* How debug/leash-gdb.py finds the tasks, also in a core file, and without debug information; in
 * its order. */
__attribute__((used)) const uintptr_t stack_map[] = {
    (uintptr_t)&pool.chunks,
    (uintptr_t)&pool.chunk_count,
    (uintptr_t)&pool.stack_bytes,
    sizeof(struct chunk),
    CHUNK_STACKS,
    COLOURS,
    CACHE_LINE,
    TASK_ROOM,
    offsetof(struct task, sp),
    offsetof(struct task, state),
    offsetof(struct task, id),
    offsetof(struct task, parent_id),
    offsetof(struct task, name),
    offsetof(struct task, spawn),
    offsetof(struct task, note.state),
    offsetof(struct task, note.site),
};
