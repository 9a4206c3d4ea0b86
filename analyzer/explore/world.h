/*
 * world.h - one state of the tasks of a scope: where each stands, and the memory that matters.
 *
 * A world is worked on in place and then written out as a string of words, in which everything has
 * a number of its own by the order in which it is reached from the tasks.  Two worlds are the same
 * state when their words are equal; what no task can reach any more is not written.
 */
#ifndef LEASH_WORLD_H
#define LEASH_WORLD_H

#include "explore/slice.h"

enum value_kind {
    V_NONE, /* nothing was ever put there */
    V_ANY,  /* not known, and nobody has asked yet; flags 1: opened, see SYMBOL_OPENED */
    V_INT,  /* num */
    V_SYM,  /* not known, but the same each time: symbol `id` plus num */
    V_PTR,  /* object `id` at offset num */
    V_FUNC, /* function num of the slice */
    /* What a synchronisation object holds, at its address. */
    V_LOCK,    /* flags: LOCK_…; id: the owner's slot + 1; num: depth */
    V_RWLOCK,  /* id: the writer's slot + 1; num: the readers' slots, and << 16 the waiting writers'
                */
    V_GROUP,   /* a wait group; flags: GROUP_…; num: count */
    V_COND,    /* num: the waiters' slots; for a semaphore, the count, with flags 1 */
    V_BARRIER, /* flags: 1: id is known; id: how many have to come; num: the slots that wait */
    V_ONCE,    /* id: the slot + 1 of who runs it; num: 1: that is done */
    V_CHAN,    /* flags: CHAN_…; id: capacity; num: fill */
    V_CONTEXT, /* flags: CONTEXT_…; id: the parent's object + 1 */
    V_TASK,    /* a thread's id; id: its slot + 1, 0: it has ended */
    V_EITHER,  /* a channel that closes when one of the channels behind it does */
};

/* LOCK_HANDED: another task than the owner has unlocked it once, so it goes from hand to hand. */
enum { LOCK_RECURSIVE = 1, LOCK_HANDED = 2 };
/* In the place of a slot: the task that has the lock has ended. */
enum { OWNER_GONE = 0xffff, READER_GONE = 15 };
/* CHAN_COUNTED: its room is a number that is not known.  CHAN_FED: by the system, which closes it
 * when it likes, or never: CHAN_TICKS. */
enum { CHAN_CLOSED = 1, CHAN_FED = 2, CHAN_COUNTED = 4, CHAN_TICKS = 8 };
/* Its count is not known; or one of the numbers added was taken for one of the first few. */
enum { GROUP_UNKNOWN = 1, GROUP_CHOSEN = 2 };
enum { CONTEXT_ENDED = 1, CONTEXT_TIMED = 2, CONTEXT_ENDLESS = 4 };

struct value {
    uint8_t kind, flags;
    uint16_t id;
    int32_t num;
};

#define VALUE_INT(n) ((struct value){V_INT, 0, 0, (n)})

/* Offsets that no member has. */
enum { QUEUE_OFFSET = 1 << 28, DONE_OFFSET = 1 << 29 };

enum {
    TASKS_MAX = 15,
    DEPTH_MAX_OF_TASK = 20,
    WORLD_FRAMES_MAX = TASKS_MAX * DEPTH_MAX_OF_TASK,
    WORLD_SLOTS_MAX = 4096,
    WORLD_OBJECTS_MAX = 512,
    WORLD_CELLS_MAX = 2048,
    WORLD_SYMBOLS_MAX = 512,
    OPERANDS_MAX = 8,
    WORLD_WORDS_MAX = 8192,
};

enum task_state { TASK_NONE, TASK_STARTS, TASK_AT, TASK_TURNS };

struct world_frame {
    uint16_t func;      /* in slice.funcs */
    uint16_t parent;    /* + 1; 0: the task's outermost */
    uint16_t slots;     /* first, in world.slots */
    uint32_t block, op; /* the next operation, by its place in the block */
};

struct world_task {
    uint8_t state;
    uint8_t phase; /* of a wait for a condition: 1: parked, 2: awake, wants the lock */
    uint8_t operand_count;
    uint8_t depth;
    uint16_t top;  /* frame + 1 */
    uint16_t site; /* where it was spawned, in machine.sites; 0: the root */
    struct value counted_by, handle;
    struct value operands[OPERANDS_MAX]; /* of the operation it has arrived at */
};

/* Of the parts that have no cell: OBJECT_ZEROED: they are zero.  OBJECT_INITIAL: they are as the
 * site's initialiser says.  OBJECT_OPENED: the program knows them, and this world does not, see
 * SYMBOL_OPENED. */
enum {
    OBJECT_ZEROED = 1,
    OBJECT_MAYBE_NULL = 2,
    OBJECT_OUTSIDE = 4,
    OBJECT_ESCAPED = 8,
    OBJECT_DEAD = 16,
    OBJECT_INITIAL = 32,
    OBJECT_OPENED = 64,
    OBJECT_STATIC = 128
};

struct world_object {
    uint32_t site;  /* in machine.sites */
    uint16_t first; /* cell + 1, by offset */
    uint8_t flags;
    uint8_t begun; /* OBJECT_STATIC: the flags it began with */
};

struct world_cell {
    int32_t offset;
    uint16_t next; /* + 1 */
    struct value value;
};

/* SYMBOL_OPENED: it stands for what the program knows and this world does not keep: a counter that
 * went too far, a message's content.  What rests on it may contradict itself.  SYMBOL_LINK: it
 * leads to the next one in a list. */
enum { SYMBOL_POINTER = 1, SYMBOL_OPENED = 2, SYMBOL_LINK = 4 };

/* What is known of an unknown number: low ≤ it ≤ high, and it is not `other`. */
struct world_symbol {
    int32_t low, high, other;
    uint8_t has_other;
    uint8_t op; /* it is a `op` b; IR_OP_NONE: it is nothing else */
    uint8_t flags;
    uint8_t start; /* + 1: where a loop begins to count up to it; 0: none has */
    struct value a, b;
};

enum { SYMBOL_LOW = INT32_MIN / 2, SYMBOL_HIGH = INT32_MAX / 2 };

struct world {
    uint16_t frame_count, object_count, cell_count, symbol_count;
    uint32_t slot_count;
    bool is_full;   /* something did not fit: what comes after it is not known */
    bool has_ended; /* the process has */
    struct world_task tasks[TASKS_MAX];
    struct world_frame frames[WORLD_FRAMES_MAX];
    struct value slots[WORLD_SLOTS_MAX];
    struct world_object objects[WORLD_OBJECTS_MAX];
    struct world_cell cells[WORLD_CELLS_MAX];
    struct world_symbol symbols[WORLD_SYMBOLS_MAX];
};

void world_clear(struct world *);

uint16_t world_new_object(struct world *, uint32_t site, uint8_t flags);
struct value world_new_symbol(struct world *, int32_t low, int32_t high, uint8_t flags);
/* NULL: there is none. */
struct value *world_find_cell(struct world *, uint16_t object, int32_t offset);
/* New ones hold V_NONE. */
struct value *world_cell(struct world *, uint16_t object, int32_t offset);
void world_drop_cells(struct world *, uint16_t object, int32_t from, int32_t to);
/* Everywhere, `old` (an exact value, of a symbol: whatever is added to it) becomes `new`. */
void world_replace_symbol(struct world *, uint16_t symbol, struct value with);
void world_replace_object(struct world *, uint16_t object, struct value with);

bool value_same(struct value, struct value);

/* Writes the world into at most WORLD_WORDS_MAX words; 0: it does not fit. */
size_t world_write(struct world *, const struct slice *, uint64_t *words);
void world_read(struct world *, const struct slice *, const uint64_t *words);

#endif
