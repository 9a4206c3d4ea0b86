/*
 * Tasks that are lost: parked on what nothing that can still run reaches.
 *
 * While the world stands a copy of the process is made, as by fork, and then it goes on.  What is
 * lost in the copy is so in the process, since nothing leads there any more.  Memory that the copy
 * shares with the process changes meanwhile: where there is some the world stands until the end, as
 * it does where the system grants no copy and the search is made in place.
 *
 * Memory is searched for pointers as a conservative garbage collector does, from the data of the
 * program, the stacks of threads and those of tasks that can run on.  Three kinds of memory are not
 * searched before something leads there: the stack of a task that is parked, a block of the C
 * library's heap (heap.h), and a channel that a parked task stands at.  A parked task comes back to
 * life when a pointer leads to its stack or to the block or channel that it stands at, or, where it
 * stands at an object on some task's stack, when that task lives.  Then its stack is searched too.
 * What has not come back in the end is lost.
 *
 * In doubt a task lives.  So does one that stands at an object elsewhere (a global, memory of
 * another allocator), since nobody knows where such a block begins and ends, and one that stands in
 * no queue: whoever wakes it knows it in another way.  Where a thread was just changing the heap
 * when it was stopped, the world goes on and is stopped again; when that does not help, all of the
 * heap is searched, as what can be reached.  Timers lie on the stack of the task that waits for
 * them, and the wheel leads there.
 *
 * The runtime's own pointers must not keep alive who waits.  A queue leads to records of struct
 * waiter, and those are known: they stand in a queue and name their task.  All other lists of the
 * runtime lead to control blocks, which lie above the searched part of a stack.
 */
#include "chan.h"
#include "clock.h"
#include "counts.h"
#include "dump.h"
#include "fiber.h"
#include "heap.h"
#include "leash.h"
#include "memory.h"
#include "proc.h"
#include "scheduler.h"
#include "stack.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 64 * 1024,
    PAGE_BYTES = 4096,
    KEPT_MAX = 64 * 1024, /* words that the system keeps */
    WAITS_PER_TASK = 16,  /* on average; more are taken for a doubt */
    HEAPS_MAX = 256,      /* of more, the rest is searched as what can be reached */
    ROOMS_MAX = 3,
    TRIES = 20,         /* to find nobody in the midst of the heap, ... */
    PAUSE_US = 200,     /* ... with a pause between, ... */
    BUSY_NS = 20000000, /* ... until the threads stood still for so long, ... */
    TRIES_MIN = 5       /* ... but so often in any case */
};

enum fate { NOBODY, IN_QUESTION, ALIVE };

struct slot {
    struct task *task;
    uintptr_t sp; /* what of the stack is in use begins here */
    enum fate fate;
};

/* A task in question stands at something that lies in `place`: a block, a channel, or somebody's
 * slot. */
struct wait {
    struct range place;
    size_t slot;
    bool reached; /* in the first of those with the same place */
};

/* To be searched: memory that was reached, or what a living task knows. */
struct item {
    struct range place;
    struct slot *slot; /* NULL: memory */
};

/* Its arrays lie in rooms, which are searched by nobody; the first of them, with what is found, the
 * copy shares. */
struct finder {
    struct range rooms[ROOMS_MAX];
    size_t room_count;
    int64_t stood_ns;         /* how long the threads stood still, all in all */
    pid_t copy;               /* which searches */
    struct range first_stack; /* of the process's first thread */
    struct range code;        /* of the C library: a part of it that lies together */
    bool heap_quiet;          /* no thread was stopped in the midst of changing the heap */
    struct heap *heaps;       /* sorted */
    size_t heap_count;
    size_t root_bytes; /* of the mappings that may hold pointers, as the process sees them */
    size_t seen_bytes; /* as the one who searches does */
    bool has_shared;   /* some of them change while a copy is searched */
    size_t slot_bytes;
    struct range *chunks; /* of stacks; sorted */
    size_t chunk_count;
    struct slot *slots; /* of all chunks, in their order */
    size_t slot_count;
    size_t chunk_slots; /* of each */
    struct wait *waits; /* sorted by place */
    size_t wait_count;
    size_t wait_room;
    struct range *apart; /* not searched as roots; sorted */
    size_t apart_count;
    struct item *items; /* a stack */
    size_t item_count;
    uintptr_t *kept; /* words that the system keeps for the program */
    size_t kept_count;
    uintptr_t *buffer; /* BUFFER_BYTES */
};

/* ---- memory ---------------------------------------------------------------------------------- */

/* Of ranges by their low ends.  Not qsort, which may allocate. */
static void sort(void *array, size_t count, size_t size)
{
    unsigned char *bytes = array;
    unsigned char one[sizeof(struct wait)];
    size_t gap = 1;

    while (gap < count / 3)
        gap = gap * 3 + 1;
    for (; gap; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            size_t place = i;
            memcpy(one, bytes + i * size, size);
            uintptr_t low = ((struct range *)one)->low;
            for (; place >= gap; place -= gap) {
                unsigned char *before = bytes + (place - gap) * size;
                if (((struct range *)before)->low <= low)
                    break;
                memcpy(bytes + place * size, before, size);
            }
            memcpy(bytes + place * size, one, size);
        }
    }
}

/* How many of the sorted elements begin at the address or below. */
static size_t count_up_to(const void *array, size_t count, size_t size, uintptr_t address)
{
    size_t first = 0;

    while (count) {
        size_t half = count / 2;
        const struct range *range =
            (const void *)((const unsigned char *)array + (first + half) * size);
        if (range->low <= address) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

static struct slot *slot_of(const struct finder *finder, uintptr_t address)
{
    size_t chunk =
        count_up_to(finder->chunks, finder->chunk_count, sizeof(*finder->chunks), address);

    if (!chunk || address >= finder->chunks[chunk - 1].high)
        return NULL;
    size_t place = (address - finder->chunks[chunk - 1].low) / finder->slot_bytes;
    return &finder->slots[(chunk - 1) * finder->chunk_slots + place];
}

static struct heap *heap_of(struct finder *finder, uintptr_t address)
{
    size_t count = count_up_to(finder->heaps, finder->heap_count, sizeof(*finder->heaps), address);

    return count && range_holds(finder->heaps[count - 1].chunks, address)
               ? &finder->heaps[count - 1]
               : NULL;
}

static struct range memory_of(const struct finder *finder, const struct slot *slot)
{
    uintptr_t low = (uintptr_t)slot->task & ~(finder->slot_bytes - 1);

    return (struct range){low, low + finder->slot_bytes};
}

/* ---- what the tasks wait for ----------------------------------------------------------------- */

/* Whether a record of the task lies there and stands in a queue.  The frames of a stack hold old
 * records too, so the queue is asked. */
static bool stands(const struct slot *slot, uintptr_t address)
{
    const struct waiter *record = (const void *)address;
    struct waiter *led = NULL;

    if (address % _Alignof(struct waiter) || address < slot->sp ||
        address + sizeof(*record) > (uintptr_t)slot->task || record->task != slot->task ||
        !record->queue)
        return false;
    uintptr_t link =
        record->prev ? (uintptr_t)&record->prev->next : (uintptr_t)&record->queue->head;
    return peek(link, &led, sizeof(led)) == sizeof(led) && led == record;
}

/* The channel in whose queue the record stands, or NULL. */
static const struct leash_chan *channel_of(const struct task *task, const struct waiter *record)
{
    const char *state = atomic_load_explicit(&task->note.state, memory_order_relaxed);
    const struct leash_chan *ch = NULL;

    if (!strcmp(state, "select"))
        ch = container_of(record, struct source, waiter)->ch;
    else if (!strncmp(state, "chan ", 5))
        ch = atomic_load_explicit(&task->note.object, memory_order_relaxed);
    return ch && (record->queue == &ch->receivers || record->queue == &ch->senders) ? ch : NULL;
}

/* Where lies what must be reached for the record to be woken?  False: we do not know. */
static bool place_of(struct finder *finder, const struct task *task, const struct waiter *record,
                     struct range *place)
{
    uintptr_t queue = (uintptr_t)record->queue;
    const struct slot *owner = slot_of(finder, queue);
    const struct heap *heap = heap_of(finder, queue);
    const struct leash_chan *ch = channel_of(task, record);

    if (owner) {
        *place = memory_of(finder, owner);
        return owner->fate != NOBODY;
    }
    if (heap)
        return heap_block(heap, queue, place) && !heap_is_free(heap, *place);
    /* Others are parts of larger blocks. */
    if (!ch || ch->buffer != (const unsigned char *)(ch + 1))
        return false;
    *place = (struct range){(uintptr_t)ch, (uintptr_t)ch->buffer + ch->capacity * ch->element_size};
    return true;
}

static bool parked_for_ever(const struct task *task)
{
    const char *state = atomic_load_explicit(&task->note.state, memory_order_relaxed);

    return strstr(state, "(NULL)") || strstr(state, "(no cases)");
}

/* Notes what the task stands at.  False: there is a doubt. */
static bool note_waits(struct finder *finder, const struct slot *slot)
{
    struct task *task = slot->task;
    size_t before = finder->wait_count;

    for (uintptr_t place = slot->sp; place < (uintptr_t)task; place += sizeof(place)) {
        uintptr_t address = place - offsetof(struct waiter, task);
        if (*(uintptr_t *)place != (uintptr_t)task || !stands(slot, address))
            continue;
        const struct waiter *record = (const void *)address;
        struct wait wait = {.slot = (size_t)(slot - finder->slots)};
        bool decided = record->shared && atomic_load(&task->claimed);
        if (decided || finder->wait_count == finder->wait_room ||
            !place_of(finder, task, record, &wait.place))
            return false;
        finder->waits[finder->wait_count++] = wait;
    }
    return finder->wait_count > before || parked_for_ever(task);
}

/* ---- marking --------------------------------------------------------------------------------- */

static void push(struct finder *finder, struct range place, struct slot *slot)
{
    finder->items[finder->item_count++] = (struct item){place, slot};
}

static void revive(struct finder *finder, struct slot *slot)
{
    if (slot->fate != IN_QUESTION)
        return;
    slot->fate = ALIVE;
    push(finder, memory_of(finder, slot), slot);
}

/* Revives those who stand at what lies at the address, if anybody does. */
static void reach_place(struct finder *finder, uintptr_t address)
{
    size_t end = count_up_to(finder->waits, finder->wait_count, sizeof(*finder->waits), address);

    if (!end || address >= finder->waits[end - 1].place.high)
        return;
    struct range place = finder->waits[end - 1].place;
    size_t first =
        count_up_to(finder->waits, finder->wait_count, sizeof(*finder->waits), place.low - 1);
    if (finder->waits[first].reached)
        return;
    finder->waits[first].reached = true;
    for (size_t i = first; i < end; i++)
        revive(finder, &finder->slots[finder->waits[i].slot]);
    if (!slot_of(finder, place.low) && !heap_of(finder, place.low))
        push(finder, place, NULL);
}

static void reach_block(struct finder *finder, struct heap *heap, uintptr_t address)
{
    struct range block;

    if (!heap_block(heap, address, &block) || !heap_reach(heap, block))
        return;
    push(finder, block, NULL);
    reach_place(finder, block.low);
}

/* A word that may be a pointer was found in what can still be reached.  One to where a task was
 * left is the runtime's alone. */
static void reach(struct finder *finder, uintptr_t address)
{
    struct slot *slot = slot_of(finder, address);
    struct heap *heap = slot ? NULL : heap_of(finder, address);

    if (heap)
        reach_block(finder, heap, address);
    else if (!slot)
        reach_place(finder, address);
    else if (slot->fate == IN_QUESTION && address > slot->sp && address < (uintptr_t)slot->task &&
             !stands(slot, address))
        revive(finder, slot);
}

/* Of memory that is known to be there. */
static void search_here(struct finder *finder, uintptr_t low, uintptr_t high)
{
    const uintptr_t *word = (const uintptr_t *)((low + sizeof(low) - 1) & ~(sizeof(low) - 1));

    for (; (uintptr_t)(word + 1) <= high; word++)
        if (*word)
            reach(finder, *word);
}

/* Of memory that may not be there in part. */
static void search(struct finder *finder, uintptr_t low, uintptr_t high)
{
    low = (low + sizeof(low) - 1) & ~(sizeof(low) - 1);
    while (low + sizeof(low) <= high) {
        size_t bytes = high - low < BUFFER_BYTES ? high - low : BUFFER_BYTES;
        size_t got = peek(low, finder->buffer, bytes) / sizeof(low);
        uintptr_t copy = (uintptr_t)finder->buffer;
        search_here(finder, copy, copy + got * sizeof(low));
        /* A page that cannot be read holds nothing. */
        low = got ? low + got * sizeof(low) : (low / PAGE_BYTES + 1) * PAGE_BYTES;
    }
}

static void search_items(struct finder *finder)
{
    while (finder->item_count) {
        struct item item = finder->items[--finder->item_count];
        if (!item.slot) {
            search_here(finder, item.place.low, item.place.high);
            continue;
        }
        struct task *task = item.slot->task;
        search_here(finder, item.slot->sp, (uintptr_t)task);
        search_here(finder, (uintptr_t)&task->wg, (uintptr_t)&task->id); // its arguments as well
        reach_place(finder, item.place.low);
    }
}

/* ---- roots ----------------------------------------------------------------------------------- */

static void search_but_apart(struct finder *finder, struct range range)
{
    uintptr_t low = range.low;

    for (size_t i = count_up_to(finder->apart, finder->apart_count, sizeof(*finder->apart), low);
         low < range.high; i++) {
        /* The one before may reach into the range. */
        if (i && finder->apart[i - 1].high > low)
            low = finder->apart[i - 1].high;
        uintptr_t high = i < finder->apart_count ? finder->apart[i].low : range.high;
        search(finder, low, high < range.high ? high : range.high);
        if (high >= range.high)
            return;
    }
}

/* A line of the maps: low-high rwxp offset device inode path. */
struct mapping {
    struct range range;
    bool has_pointers; /* of the program; what nobody can write holds none, unless it is memory that
                        * was protected */
    bool shared;
    bool is_data;      /* that a file holds at first */
    bool runs;         /* holds code */
    bool grows_by_brk; /* the heap */
    bool is_stack;     /* of the process's first thread */
};

static struct mapping read_line(const char *line)
{
    struct mapping mapping = {.grows_by_brk = strstr(line, " [heap]"),
                              .is_stack = strstr(line, " [stack]")};

    mapping.range.low = proc_read_number(&line, 16);
    line++;
    mapping.range.high = proc_read_number(&line, 16);
    bool readable = line[1] == 'r';
    bool writable = line[2] == 'w';
    mapping.runs = line[3] == 'x';
    mapping.shared = line[4] == 's';
    for (int fields = 0; fields < 4 && *line; line++)
        fields += *line == ' ';
    bool has_file = proc_read_number(&line, 10) != 0;
    mapping.is_data = readable && writable && has_file && !mapping.shared;
    mapping.has_pointers = readable && (writable || !has_file);
    return mapping;
}

typedef void visit_mapping(struct finder *finder, const struct mapping *mapping);

struct visit {
    struct finder *finder;
    visit_mapping *mapping;
};

static void visit_line(const char *line, void *arg)
{
    struct visit *visit = arg;
    struct mapping mapping = read_line(line);

    visit->mapping(visit->finder, &mapping);
}

/* In their order.  False: the list cannot be read. */
static bool each_mapping(struct finder *finder, visit_mapping *mapping)
{
    struct visit visit = {finder, mapping};

    return proc_each_line("/proc/self/maps", visit_line, &visit);
}

/* Code may lie in several mappings, one behind the other. */
static void measure_code(struct finder *finder, struct range range)
{
    if (finder->code.high == range.low)
        finder->code.high = range.high;
    else if (!range_holds(finder->code, heap_code()))
        finder->code = range;
}

static void measure_mapping(struct finder *finder, const struct mapping *mapping)
{
    if (mapping->runs)
        measure_code(finder, mapping->range);
    if (!mapping->has_pointers)
        return;
    if (mapping->is_stack)
        finder->first_stack = mapping->range;
    finder->root_bytes += mapping->range.high - mapping->range.low;
    finder->has_shared |= mapping->shared && mapping->range.low != finder->rooms[0].low;
}

static void search_mapping(struct finder *finder, const struct mapping *mapping)
{
    if (!mapping->has_pointers)
        return;
    finder->seen_bytes += mapping->range.high - mapping->range.low;
    search_but_apart(finder, mapping->range);
}

/* ---- the states of the tasks ----------------------------------------------------------------- */

static void look_at(struct finder *finder, struct slot *slot)
{
    uint32_t state = atomic_load_explicit(&slot->task->state, memory_order_relaxed);

    slot->sp = slot->task->sp ? (uintptr_t)slot->task->sp : (uintptr_t)slot->task;
    slot->fate = state == TASK_FREE ? NOBODY : IN_QUESTION;
    if (state == TASK_READY || state == TASK_RUNNING)
        revive(finder, slot);
}

/* A thread is in the task.  Where it stands on another stack, that of a signal handler of the
 * program, nobody knows what of the task's is in use. */
static void look_at_worker(struct finder *finder, const struct worker *worker)
{
    struct slot *slot = worker->task ? slot_of(finder, (uintptr_t)worker->task) : NULL;

    if (!slot)
        return;
    slot->sp = (uintptr_t)stack_low(slot->task);
    revive(finder, slot);
}

/* A thread stands on the stack: what the task's state says may be about to change. */
static void look_at_thread(struct finder *finder, const char *sp)
{
    struct slot *slot = slot_of(finder, (uintptr_t)sp);

    if (!slot)
        return;
    slot->sp = (uintptr_t)sp;
    if (slot->fate == NOBODY)
        slot->fate = IN_QUESTION;
    revive(finder, slot);
}

static void look_at_tasks(struct finder *finder, const char *own_sp)
{
    const struct stopped *stopped;

    for (size_t i = 0; i < finder->slot_count; i++) {
        struct range chunk = finder->chunks[i / finder->chunk_slots];
        uintptr_t low = chunk.low + i % finder->chunk_slots * finder->slot_bytes;
        finder->slots[i].task = stack_task((const void *)low);
        look_at(finder, &finder->slots[i]);
    }
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        look_at_worker(finder, runtime.workers[i]);
    look_at_thread(finder, own_sp);
    for (uint32_t i = 0; (stopped = world_stopped(i)); i++)
        look_at_thread(finder, stopped->sp);
    for (size_t i = 0; i < finder->slot_count; i++)
        if (finder->slots[i].fate == IN_QUESTION && !note_waits(finder, &finder->slots[i]))
            revive(finder, &finder->slots[i]);
    sort(finder->waits, finder->wait_count, sizeof(*finder->waits));
}

static void set_apart(struct finder *finder, uintptr_t low, uintptr_t high)
{
    finder->apart[finder->apart_count++] = (struct range){low, high};
}

/* Keeps a block from being searched when it is reached; false: it is none. */
static bool keep_block(struct finder *finder, const void *address, struct range *block)
{
    struct heap *heap = heap_of(finder, (uintptr_t)address);

    return heap && heap_block(heap, (uintptr_t)address, block) && heap_reach(heap, *block);
}

/* What a switch leaves behind in a worker leads to the object of the task that parked last, and on
 * its stack for signals lie the registers of former stops. */
static void set_worker_apart(struct finder *finder, const struct worker *worker)
{
    struct range held = {(uintptr_t)&worker->held, (uintptr_t)&worker->switches};
    struct range block;

    if (keep_block(finder, worker, &block)) {
        push(finder, (struct range){block.low, held.low}, NULL);
        push(finder, (struct range){held.high, block.high}, NULL);
    } else {
        set_apart(finder, held.low, held.high);
    }
    keep_block(finder, worker->signal_stack, &block);
}

/* The registers of a thread that stands, and all above on the stack where they are.  On a worker's
 * stack for signals nothing else is searched. */
static void search_registers(struct finder *finder, const struct stopped *thread)
{
    uintptr_t context = (uintptr_t)thread->context;
    const struct heap *heap = heap_of(finder, context);
    struct range dead = heap_dead_registers(thread, finder->code);
    struct range block;

    if (!heap || !heap_block(heap, context, &block)) {
        if (dead.low < dead.high)
            set_apart(finder, dead.low, dead.high);
        return;
    }
    push(finder, (struct range){context, dead.low}, NULL);
    push(finder, (struct range){dead.high, block.high}, NULL);
    reach(finder, context);
}

/* The stack of the worker's thread.  Nothing is known of one that the runtime has not started, but
 * where it is the process's first. */
static struct range stack_of(const struct finder *finder, const struct worker *worker)
{
    uintptr_t low = (uintptr_t)worker->base_low;

    return worker->number ? (struct range){low, low + worker->base_size} : finder->first_stack;
}

/* Of a worker's own stack, what lies beyond the end of its frames: they hold what tasks on it had
 * that have parked since.  Where the thread is on a third stack, a handler's, that end is unknown.
 */
static void set_old_frames_apart(struct finder *finder, const struct worker *worker, uintptr_t sp)
{
    if (!worker)
        return;
    struct range own = stack_of(finder, worker);
    if (range_holds(own, sp))
        set_apart(finder, own.low, sp);
    else if (slot_of(finder, sp) && range_holds(own, (uintptr_t)worker->base_sp))
        set_apart(finder, own.low, (uintptr_t)worker->base_sp);
}

static void set_all_old_frames_apart(struct finder *finder, const char *own_sp)
{
    const struct stopped *stopped;

    set_old_frames_apart(finder, worker_self(), (uintptr_t)own_sp);
    for (uint32_t i = 0; (stopped = world_stopped(i)); i++)
        set_old_frames_apart(finder, stopped->worker, (uintptr_t)stopped->sp);
    for (uint32_t i = 0; (stopped = world_stopped(i)); i++)
        search_registers(finder, stopped);
}

static void set_all_apart(struct finder *finder, const char *own_sp)
{
    for (size_t i = 0; i < finder->room_count; i++)
        set_apart(finder, finder->rooms[i].low, finder->rooms[i].high);
    for (size_t i = 0; i < finder->chunk_count; i++)
        set_apart(finder, finder->chunks[i].low, finder->chunks[i].high);
    for (size_t i = 0; i < finder->heap_count; i++) {
        const struct heap *heap = &finder->heaps[i];
        set_apart(finder, heap->chunks.low, heap->chunks.high);
        if (heap->arena.low < heap->arena.high)
            set_apart(finder, heap->arena.low, heap->arena.high);
    }
    for (size_t i = 0; i < finder->wait_count; i++) {
        struct range place = finder->waits[i].place;
        if ((!i || finder->waits[i - 1].place.low != place.low) && !slot_of(finder, place.low) &&
            !heap_of(finder, place.low))
            set_apart(finder, place.low, place.high);
    }
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        set_worker_apart(finder, runtime.workers[i]);
    set_all_old_frames_apart(finder, own_sp);
    sort(finder->apart, finder->apart_count, sizeof(*finder->apart));
}

/* ---- room ------------------------------------------------------------------------------------ */

/* NULL: no memory. */
static void *make_room(struct finder *finder, size_t bytes)
{
    size_t all = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    void *room =
        mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (room == MAP_FAILED)
        return NULL;
    finder->rooms[finder->room_count++] = (struct range){(uintptr_t)room, (uintptr_t)room + all};
    return room;
}

static void free_rooms(struct finder *finder)
{
    for (size_t i = 0; i < finder->room_count; i++)
        munmap((void *)finder->rooms[i].low, finder->rooms[i].high - finder->rooms[i].low);
}

/* One that is made after all mappings were measured. */
static void *make_late_room(struct finder *finder, size_t bytes)
{
    void *room = make_room(finder, bytes);

    if (room) {
        const struct range *last = &finder->rooms[finder->room_count - 1];
        finder->root_bytes += last->high - last->low;
    }
    return room;
}

static void *carve(uintptr_t *place, size_t count, size_t size)
{
    void *array = (void *)*place;

    *place += (count * size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    return array;
}

static void lay_out(struct finder *finder, uintptr_t *place)
{
    size_t apart = ROOMS_MAX + finder->chunk_count + 2 * HEAPS_MAX + 2 * runtime.worker_count +
                   WORLD_MAX + finder->wait_room;

    finder->heaps = carve(place, HEAPS_MAX, sizeof(*finder->heaps));
    finder->chunks = carve(place, finder->chunk_count, sizeof(*finder->chunks));
    finder->slots = carve(place, finder->slot_count, sizeof(*finder->slots));
    finder->waits = carve(place, finder->wait_room, sizeof(*finder->waits));
    finder->apart = carve(place, apart, sizeof(*finder->apart));
    finder->kept = carve(place, KEPT_MAX, sizeof(*finder->kept));
    finder->buffer = carve(place, BUFFER_BYTES, 1);
}

/* With the stacks held.  False: no memory. */
static bool prepare(struct finder *finder)
{
    size_t bytes;
    uintptr_t place = 0;

    while (stack_chunk(finder->chunk_count, &bytes))
        finder->chunk_count++;
    finder->slot_bytes = stack_bytes();
    finder->chunk_slots = bytes / finder->slot_bytes;
    finder->slot_count = finder->chunk_count * finder->chunk_slots;
    finder->wait_room = finder->slot_count * WAITS_PER_TASK;
    lay_out(finder, &place);
    if (!make_room(finder, place))
        return false;
    place = finder->rooms[0].low;
    lay_out(finder, &place);
    for (size_t i = 0; i < finder->chunk_count; i++) {
        uintptr_t low = (uintptr_t)stack_chunk(i, &bytes);
        finder->chunks[i] = (struct range){low, low + bytes};
    }
    sort(finder->chunks, finder->chunk_count, sizeof(*finder->chunks));
    return true;
}

static void note_heap(struct finder *finder, const struct mapping *mapping)
{
    struct heap *next = &finder->heaps[finder->heap_count];

    if (!mapping->has_pointers || mapping->shared || finder->heap_count == HEAPS_MAX)
        return;
    /* After a fork it grows by mappings of its own. */
    if (mapping->grows_by_brk && finder->heap_count && next[-1].chunks.high == mapping->range.low)
        next[-1].chunks.high = mapping->range.high;
    else if (heap_in_mapping(mapping->range, mapping->grows_by_brk, next))
        finder->heap_count++;
}

/* Keeps those that are what they look like. */
static void read_heaps(struct finder *finder, uintptr_t room)
{
    size_t kept = 0;

    for (size_t i = 0; i < finder->heap_count; i++) {
        struct heap *heap = &finder->heaps[i];
        size_t bytes = heap_map_bytes(heap->chunks);
        heap->starts = carve(&room, bytes, 1);
        heap->reached = carve(&room, bytes, 1);
        if (heap_read(heap))
            finder->heaps[kept++] = *heap;
    }
    finder->heap_count = kept;
}

static void note_arena(struct finder *finder, const struct mapping *mapping)
{
    for (size_t i = 0; mapping->is_data && i < finder->heap_count; i++)
        if (finder->heaps[i].arena.low == finder->heaps[i].arena.high)
            heap_find_arena(&finder->heaps[i], mapping->range);
}

/* Where heaps cannot be told they are none, and all of their memory can be reached. */
static void find_heaps(struct finder *finder)
{
    uintptr_t bytes = 0;

    if (!finder->heap_quiet || !each_mapping(finder, note_heap))
        finder->heap_count = 0;
    for (size_t i = 0; i < finder->heap_count; i++) {
        size_t map_bytes = heap_map_bytes(finder->heaps[i].chunks);
        carve(&bytes, map_bytes, 1);
        carve(&bytes, map_bytes, 1);
    }
    const void *room = bytes ? make_late_room(finder, bytes) : NULL;
    if (!room) {
        finder->heap_count = 0;
        return;
    }
    read_heaps(finder, (uintptr_t)room);
    each_mapping(finder, note_arena);
}

/* Each slot, block and channel comes once; then there are the parts of workers and stacks. */
static bool make_room_for_items(struct finder *finder)
{
    size_t count =
        finder->slot_count + finder->wait_room + 2 * runtime.worker_count + 2 * WORLD_MAX;

    for (size_t i = 0; i < finder->heap_count; i++)
        count += finder->heaps[i].count;
    finder->items = make_late_room(finder, count * sizeof(*finder->items));
    return finder->items != NULL;
}

/* While the world stands, or in a copy.  False: not all memory can be read.  A copy may lack some
 * (MADV_DONTFORK). */
static bool mark(struct finder *finder, const char *own_sp)
{
    uintptr_t word;

    if (peek((uintptr_t)&finder->rooms, &word, sizeof(word)) != sizeof(word))
        return false;
    find_heaps(finder);
    if (!make_room_for_items(finder))
        return false;
    look_at_tasks(finder, own_sp);
    set_all_apart(finder, own_sp);
    for (size_t i = 0; i < finder->kept_count; i++)
        reach(finder, finder->kept[i]);
    search_items(finder);
    if (!each_mapping(finder, search_mapping) || finder->seen_bytes != finder->root_bytes)
        return false;
    search_items(finder);
    return true;
}

/* ---- the answer ------------------------------------------------------------------------------ */

struct answer {
    FILE *out;
    bool is_json;
};

static size_t count_fates(const struct finder *finder, bool lost_alone)
{
    size_t count = 0;

    for (size_t i = 0; i < finder->slot_count; i++)
        count +=
            lost_alone ? finder->slots[i].fate == IN_QUESTION : finder->slots[i].fate != NOBODY;
    return count;
}

static void write_lost(const struct finder *finder, const struct answer *answer)
{
    bool begun = false;

    for (size_t i = 0; i < finder->slot_count; i++) {
        if (finder->slots[i].fate != IN_QUESTION)
            continue;
        if (answer->is_json)
            begun = dump_task_json(finder->slots[i].task, answer->out, begun);
        else
            dump_task(finder->slots[i].task, answer->out);
    }
}

static size_t report(const struct finder *finder, const struct answer *answer)
{
    size_t tasks = count_fates(finder, false);
    size_t lost = count_fates(finder, true);
    int64_t stood_us = finder->stood_ns / 1000;

    if (answer->is_json)
        fprintf(answer->out,
                "{\"lost\": %zu, \"alive\": %zu, \"stood_ms\": %" PRId64 ".%03" PRId64
                ", \"reason\": null, \"tasks\": [",
                lost, tasks, stood_us / 1000, stood_us % 1000); /* a point in every locale */
    write_lost(finder, answer);
    if (answer->is_json)
        fputs("\n]}\n", answer->out);
    else
        fprintf(answer->out,
                "leash: %zu of %zu task%s lost for good; all threads stood still for %.3f ms\n",
                lost, tasks, tasks == 1 ? "" : "s", (double)finder->stood_ns / 1e6);
    counts_set_lost(lost);
    return lost;
}

/* The reasons are texts of this file, without anything that JSON would not take. */
static size_t cannot_tell(const struct answer *answer, const char *why)
{
    if (answer->is_json)
        fprintf(answer->out, "{\"lost\": null, \"reason\": \"%s\", \"tasks\": []}\n", why);
    else
        fprintf(answer->out, "leash: leak_find cannot tell: %s\n", why);
    return 0;
}

/* ---- the copy -------------------------------------------------------------------------------- */

/* Makes a copy of the process that searches, and returns its number; 0: none is granted.  It shares
 * the descriptors, so that none stays open for its sake.  It sends no signal when it ends, so that
 * nobody else waits for it.  No handler of the program may run there. */
static pid_t search_in_copy(struct finder *finder, const char *own_sp)
{
    sigset_t all;
    sigset_t former;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    long copy = syscall(SYS_clone, CLONE_FILES, NULL, NULL, NULL, NULL);
    if (copy == 0)
        _exit(!mark(finder, own_sp));
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return copy > 0 ? (pid_t)copy : 0;
}

static void *await_copy(void *copy)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(*(pid_t *)copy, &status, __WALL)) < 0 && errno == EINTR)
        ;
    return pid > 0 && status == 0 ? copy : NULL;
}

enum outcome { NO_MEMORY, NOT_STOPPED, UNREADABLE, BUSY, IN_COPY, MARKED };

/* Up to where the frames of a thread may reach on the stack that it was on. */
static uintptr_t end_of_frames(const struct finder *finder, const struct stopped *thread)
{
    enum { FRAMES_MAX = 16 * 1024 * 1024 };
    uintptr_t sp = (uintptr_t)thread->sp;
    uintptr_t self = (uintptr_t)thread->self;

    if (slot_of(finder, sp))
        return (sp | (finder->slot_bytes - 1)) + 1;
    if (thread->worker) {
        uintptr_t low = (uintptr_t)thread->worker->signal_stack;
        struct range for_signals = {low, low + DUMP_SIGNAL_STACK};
        if (range_holds(for_signals, sp))
            return for_signals.high;
    }
    return self > sp && self - sp < FRAMES_MAX ? self : sp + FRAMES_MAX;
}

static bool is_heap_quiet(const struct finder *finder)
{
    const struct stopped *thread;

    for (uint32_t i = 0; (thread = world_stopped(i)); i++)
        if (heap_may_be_changed_by(thread, finder->code, end_of_frames(finder, thread)))
            return false;
    return true;
}

static void note_kept(uintptr_t word, void *arg)
{
    struct finder *finder = arg;

    if (finder->kept_count < KEPT_MAX)
        finder->kept[finder->kept_count] = word;
    finder->kept_count++;
}

/* Now, since others may take it from the system while a copy is searched.  False: there is more
 * than we can keep, so blocks may be in use to which nothing else leads. */
static bool note_all_kept(struct finder *finder)
{
    bool all = proc_each_kept_word(note_kept, finder) && finder->kept_count <= KEPT_MAX;

    if (!all)
        finder->kept_count = 0;
    return all;
}

/* While the world stands. */
static enum outcome begin_search(struct finder *finder, const char *own_sp, bool insist)
{
    if (!each_mapping(finder, measure_mapping))
        return UNREADABLE;
    finder->heap_quiet = is_heap_quiet(finder);
    if (!finder->heap_quiet && !insist)
        return BUSY;
    finder->heap_quiet = note_all_kept(finder) && finder->heap_quiet;
    finder->copy = search_in_copy(finder, own_sp);
    if (finder->copy && !finder->has_shared)
        return IN_COPY;
    bool marked = finder->copy ? await_copy(&finder->copy) != NULL : mark(finder, own_sp);
    return marked ? MARKED : UNREADABLE;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* BUSY: the heap is being changed; else, or where we insist, the search is done or goes on. */
static enum outcome attempt(struct finder *finder, const char *own_sp, bool insist)
{
    enum outcome outcome = NO_MEMORY;

    stack_hold();
    if (prepare(finder)) {
        int64_t begin_ns = clock_real_ns();
        outcome = NOT_STOPPED;
        if (world_stop()) {
            outcome = begin_search(finder, own_sp, insist);
            world_go();
        }
        finder->stood_ns += clock_real_ns() - begin_ns;
    }
    stack_release();
    return outcome;
}

static enum outcome search_all(struct finder *finder, const char *own_sp)
{
    enum outcome outcome;

    for (int tries = 1;; tries++) {
        bool insist = tries == TRIES || (tries > TRIES_MIN && finder->stood_ns > BUSY_NS);
        outcome = attempt(finder, own_sp, insist);
        if (outcome != BUSY)
            break;
        free_rooms(finder);
        *finder = (struct finder){.stood_ns = finder->stood_ns};
        usleep(PAUSE_US);
    }
    if (outcome != IN_COPY)
        return outcome;
    bool marked = task_self() ? leash_task_blocking(await_copy, &finder->copy, NULL) != NULL
                              : await_copy(&finder->copy) != NULL;
    return marked ? MARKED : UNREADABLE;
}

static size_t find(const struct answer *answer, const char *own_sp)
{
    static const char *const reasons[] = {
        [NO_MEMORY] = "no memory",
        [NOT_STOPPED] = "a thread does not let itself be stopped by SIGURG",
        [UNREADABLE] = "not all memory of the process can be read",
    };
    struct finder finder = {.stood_ns = 0};
    enum outcome outcome = search_all(&finder, own_sp);
    size_t lost =
        outcome == MARKED ? report(&finder, answer) : cannot_tell(answer, reasons[outcome]);

    free_rooms(&finder);
    return lost;
}

static RT_OPAQUE size_t find_above_here(const struct answer *answer)
{
    return find(answer, __builtin_frame_address(0));
}

/* A task that has it may park, so others must not spin for it. */
static void acquire_turn(struct lock *turn)
{
    while (!lock_try(turn)) {
        if (task_self())
            leash_task_sleep_ms(1, NULL);
        else
            usleep(1000);
    }
}

static size_t find_in_turn(const struct answer *answer)
{
    static struct lock one_at_a_time;

    if (RT_ASAN || RT_TSAN || fiber_under_valgrind())
        return cannot_tell(answer, "a sanitizer or valgrind runs the program");
    if (!atomic_load(&runtime.running))
        return cannot_tell(answer, "outside of leash_run there are no tasks");
    /* The caller's registers are on its stack from here on. */
    __builtin_unwind_init();
    acquire_turn(&one_at_a_time);
    size_t lost = find_above_here(answer);
    lock_release(&one_at_a_time);
    return lost;
}

size_t leash_leak_find(FILE *out)
{
    return find_in_turn(&(struct answer){.out = out});
}

size_t leash_leak_find_json(FILE *out)
{
    return find_in_turn(&(struct answer){.out = out, .is_json = true});
}
