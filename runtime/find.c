/*
 * Tasks that are lost: parked on what nothing that can still run reaches.
 *
 * While the world stands a copy of the process is made, as by fork, and then it goes on.  What is
 * lost in the copy is so in the process, since nothing leads there any more.  Memory that the copy
 * shares with the process changes meanwhile: where there is some the world stands until the end, as
 * it does where the system grants no copy and the search is made in place.
 *
 * All memory of the copy is searched for pointers as a conservative garbage collector does.  Two
 * kinds of memory are not searched before something leads there: the stack of a task that is
 * parked, and a channel that such a task stands at.  A parked task comes back to life when a
 * pointer leads to its stack or to a channel that it stands at, or, where it stands at an object on
 * some task's stack, when that task lives.  Then its stack is searched too.  What has not come back
 * in the end is lost.
 *
 * In doubt a task lives.  So does one that stands at an object elsewhere (a global, a block of the
 * heap, a context, a descriptor), since nobody knows where such a block begins and ends, and one
 * that stands in no queue: whoever wakes it knows it in another way.  Timers lie on the stack of
 * the task that waits for them, and the wheel leads there.
 *
 * The runtime's own pointers must not keep alive who waits.  A queue leads to records of struct
 * waiter, and those are known: they stand in a queue and name their task.  All other lists of the
 * runtime lead to control blocks, which lie above the searched part of a stack.
 */
#include "chan.h"
#include "clock.h"
#include "dump.h"
#include "fiber.h"
#include "leash.h"
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
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 64 * 1024,
    PAGE_BYTES = 4096,
    LINE_BYTES = 512,   /* of a line of the maps, as far as we read it */
    WAITS_PER_TASK = 16 /* on average; more are taken for a doubt */
};

/* Memory from low to high - 1. */
struct range {
    uintptr_t low;
    uintptr_t high;
};

enum fate { NOBODY, IN_QUESTION, ALIVE };

struct slot {
    struct task *task;
    uintptr_t sp; /* what of the stack is in use begins here */
    enum fate fate;
};

/* A task in question stands at something that lies in `place`: a channel, or somebody's slot. */
struct wait {
    struct range place;
    size_t slot;
    bool reached; /* in the first of those with the same place */
};

/* To be searched: a channel, or what a living task knows. */
struct item {
    struct range place;
    struct slot *slot; /* NULL: a channel */
};

/* All of it lies in one mapping, which is searched by nobody, and which the copy shares. */
struct finder {
    struct range own;
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
    uintptr_t *buffer; /* BUFFER_BYTES */
};

/* ---- memory ---------------------------------------------------------------------------------- */

/* Copies what can be read, from the beginning on; returns how much that is. */
static size_t peek(uintptr_t address, void *to, size_t bytes)
{
    struct iovec here = {to, bytes};
    struct iovec there = {(void *)address, bytes};
    ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

    return got > 0 ? (size_t)got : 0;
}

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
static bool place_of(const struct finder *finder, const struct task *task,
                     const struct waiter *record, struct range *place)
{
    const struct slot *owner = slot_of(finder, (uintptr_t)record->queue);
    const struct leash_chan *ch = channel_of(task, record);

    if (owner) {
        *place = memory_of(finder, owner);
        return owner->fate != NOBODY;
    }
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
    if (!slot_of(finder, place.low))
        push(finder, place, NULL);
}

/* A word that may be a pointer was found in what can still be reached. */
static void reach(struct finder *finder, uintptr_t address)
{
    struct slot *slot = slot_of(finder, address);

    if (!slot)
        reach_place(finder, address);
    else if (slot->fate == IN_QUESTION && address >= slot->sp && address < (uintptr_t)slot->task &&
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

static uintptr_t read_number(const char **text, unsigned base)
{
    uintptr_t number = 0;

    for (;; ++*text) {
        unsigned char c = (unsigned char)**text;
        unsigned digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
        if (digit >= base)
            return number;
        number = number * base + digit;
    }
}

/* low-high rwxp offset device inode path.  False: it holds no pointers of the program, as what
 * nobody can write, unless it is memory that was protected. */
static bool read_line(const char *line, struct range *range, bool *shared)
{
    range->low = read_number(&line, 16);
    line++;
    range->high = read_number(&line, 16);
    bool readable = line[1] == 'r';
    bool writable = line[2] == 'w';
    *shared = line[4] == 's';
    for (int fields = 0; fields < 4 && *line; line++)
        fields += *line == ' ';
    return readable && (writable || !read_number(&line, 10));
}

typedef void visit_root(struct finder *finder, struct range range, bool shared);

static void visit_line(struct finder *finder, const char *line, visit_root *visit)
{
    struct range range;
    bool shared;

    if (read_line(line, &range, &shared))
        visit(finder, range, shared);
}

/* False: the list of mappings cannot be read. */
static bool each_root(struct finder *finder, visit_root *visit)
{
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    char text[PAGE_BYTES];
    char line[LINE_BYTES + 1];
    size_t length = 0;
    ssize_t bytes;

    if (maps < 0)
        return false;
    while ((bytes = read(maps, text, sizeof(text))) > 0) {
        for (ssize_t i = 0; i < bytes; i++) {
            if (text[i] != '\n') {
                if (length < LINE_BYTES)
                    line[length++] = text[i];
                continue;
            }
            line[length] = '\0';
            visit_line(finder, line, visit);
            length = 0;
        }
    }
    close(maps);
    return bytes == 0;
}

static void measure_root(struct finder *finder, struct range range, bool shared)
{
    finder->root_bytes += range.high - range.low;
    finder->has_shared |= shared && range.low != finder->own.low;
}

static void search_root(struct finder *finder, struct range range, bool shared)
{
    (void)shared;
    finder->seen_bytes += range.high - range.low;
    search_but_apart(finder, range);
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
    const char *sp;

    for (size_t i = 0; i < finder->slot_count; i++) {
        struct range chunk = finder->chunks[i / finder->chunk_slots];
        uintptr_t low = chunk.low + i % finder->chunk_slots * finder->slot_bytes;
        finder->slots[i].task = stack_task((const void *)low);
        look_at(finder, &finder->slots[i]);
    }
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        look_at_worker(finder, runtime.workers[i]);
    look_at_thread(finder, own_sp);
    for (uint32_t i = 0; (sp = world_stack_pointer(i)); i++)
        look_at_thread(finder, sp);
    for (size_t i = 0; i < finder->slot_count; i++)
        if (finder->slots[i].fate == IN_QUESTION && !note_waits(finder, &finder->slots[i]))
            revive(finder, &finder->slots[i]);
    sort(finder->waits, finder->wait_count, sizeof(*finder->waits));
}

static void set_apart(struct finder *finder, uintptr_t low, uintptr_t high)
{
    finder->apart[finder->apart_count++] = (struct range){low, high};
}

static void set_all_apart(struct finder *finder)
{
    set_apart(finder, finder->own.low, finder->own.high);
    for (size_t i = 0; i < finder->chunk_count; i++)
        set_apart(finder, finder->chunks[i].low, finder->chunks[i].high);
    /* What a switch leaves behind there leads to the object of the task that parked last. */
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        set_apart(finder, (uintptr_t)&runtime.workers[i]->held,
                  (uintptr_t)&runtime.workers[i]->switches);
    for (size_t i = 0; i < finder->wait_count; i++) {
        struct range place = finder->waits[i].place;
        if ((!i || finder->waits[i - 1].place.low != place.low) && !slot_of(finder, place.low))
            set_apart(finder, place.low, place.high);
    }
    sort(finder->apart, finder->apart_count, sizeof(*finder->apart));
}

/* ---- room ------------------------------------------------------------------------------------ */

static void *carve(uintptr_t *place, size_t count, size_t size)
{
    void *array = (void *)*place;

    *place += (count * size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    return array;
}

static void lay_out(struct finder *finder, uintptr_t *place)
{
    size_t apart = 1 + finder->chunk_count + runtime.worker_count + finder->wait_room;

    finder->chunks = carve(place, finder->chunk_count, sizeof(*finder->chunks));
    finder->slots = carve(place, finder->slot_count, sizeof(*finder->slots));
    finder->waits = carve(place, finder->wait_room, sizeof(*finder->waits));
    finder->apart = carve(place, apart, sizeof(*finder->apart));
    finder->items = carve(place, finder->slot_count + finder->wait_room, sizeof(*finder->items));
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
    size_t all = place;
    void *own =
        mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (own == MAP_FAILED)
        return false;
    finder->own = (struct range){(uintptr_t)own, (uintptr_t)own + all};
    place = finder->own.low;
    lay_out(finder, &place);
    for (size_t i = 0; i < finder->chunk_count; i++) {
        uintptr_t low = (uintptr_t)stack_chunk(i, &bytes);
        finder->chunks[i] = (struct range){low, low + bytes};
    }
    sort(finder->chunks, finder->chunk_count, sizeof(*finder->chunks));
    return true;
}

/* While the world stands, or in a copy.  False: not all memory can be read.  A copy may lack some
 * (MADV_DONTFORK). */
static bool mark(struct finder *finder, const char *own_sp)
{
    uintptr_t word;

    if (peek((uintptr_t)&finder->own, &word, sizeof(word)) != sizeof(word))
        return false;
    look_at_tasks(finder, own_sp);
    set_all_apart(finder);
    search_items(finder);
    if (!each_root(finder, search_root) || finder->seen_bytes != finder->root_bytes)
        return false;
    search_items(finder);
    return true;
}

static size_t report(const struct finder *finder, FILE *out, int64_t stood_ns)
{
    size_t tasks = 0;
    size_t lost = 0;

    for (size_t i = 0; i < finder->slot_count; i++) {
        tasks += finder->slots[i].fate != NOBODY;
        if (finder->slots[i].fate != IN_QUESTION)
            continue;
        lost++;
        dump_task(finder->slots[i].task, out);
    }
    fprintf(out, "leash: %zu of %zu task%s lost for good; all threads stood still for %.3f ms\n",
            lost, tasks, tasks == 1 ? "" : "s", (double)stood_ns / 1e6);
    return lost;
}

static size_t cannot_tell(FILE *out, const char *why)
{
    fprintf(out, "leash: leak_find cannot tell: %s\n", why);
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

/* While the world stands.  The copy, if it searches on; else 0, and `marked` says whether the
 * search, which is over then, went well. */
static pid_t begin_search(struct finder *finder, const char *own_sp, bool *marked)
{
    if (!each_root(finder, measure_root))
        return 0;
    pid_t copy = search_in_copy(finder, own_sp);
    if (copy && !finder->has_shared)
        return copy;
    *marked = copy ? await_copy(&copy) != NULL : mark(finder, own_sp);
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static size_t find(FILE *out, const char *own_sp)
{
    struct finder finder = {.slots = NULL};
    bool marked = false;
    size_t lost = 0;
    pid_t copy = 0;

    stack_hold();
    bool prepared = prepare(&finder);
    int64_t begin_ns = clock_real_ns();
    bool stands_still = prepared && world_stop();
    if (stands_still) {
        copy = begin_search(&finder, own_sp, &marked);
        world_go();
    }
    int64_t stood_ns = clock_real_ns() - begin_ns;
    stack_release();
    if (!prepared)
        return cannot_tell(out, "no memory");
    if (copy)
        marked = task_self() ? leash_task_blocking(await_copy, &copy, NULL) : await_copy(&copy);
    if (marked)
        lost = report(&finder, out, stood_ns);
    else
        cannot_tell(out, stands_still ? "not all memory of the process can be read"
                                      : "a thread does not let itself be stopped by SIGURG");
    munmap((void *)finder.own.low, finder.own.high - finder.own.low);
    return lost;
}

static RT_OPAQUE size_t find_above_here(FILE *out)
{
    return find(out, __builtin_frame_address(0));
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

size_t leash_leak_find(FILE *out)
{
    static struct lock one_at_a_time;

    if (RT_ASAN || RT_TSAN || fiber_under_valgrind())
        return cannot_tell(out, "a sanitizer or valgrind runs the program");
    if (!atomic_load(&runtime.running))
        return cannot_tell(out, "outside of leash_run there are no tasks");
    /* The caller's registers are on its stack from here on. */
    __builtin_unwind_init();
    acquire_turn(&one_at_a_time);
    size_t lost = find_above_here(out);
    lock_release(&one_at_a_time);
    return lost;
}
