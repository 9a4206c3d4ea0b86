#include "timer.h"
#include "scheduler.h"
#include "wait.h"

#include <stdlib.h>

enum {
    /* Timers that are handled in one hold of the lock. */
    BATCH = 128,
    NS_PER_MS = 1000000,
    NO_SLOT = WHEEL_LEVELS * WHEEL_SLOTS
};

/* The highest tick that a slot can be told for.  The clock ends before. */
#define LAST_TICK ((INT64_C(1) << (WHEEL_LEVELS * WHEEL_DIGIT)) - 1)

_Static_assert(INT64_MAX / TICK_NS < LAST_TICK, "the wheel reaches farther than the clock");
_Static_assert(NS_PER_MS == TICK_NS * TICKS_PER_MS, "a millisecond is a number of ticks");

/* ---- ticks ----------------------------------------------------------------------------------- */

int64_t timer_tick_after_ms(int64_t ms)
{
    int64_t when_ns;
    int64_t now_ns = clock_now_ns();

    if (ms <= 0)
        return now_ns / TICK_NS;
    if (__builtin_mul_overflow(ms, NS_PER_MS, &when_ns) ||
        __builtin_add_overflow(when_ns, now_ns, &when_ns))
        return NEVER;
    return when_ns / TICK_NS + (when_ns % TICK_NS != 0);
}

int64_t timer_tick_at_ms(int64_t when_ms)
{
    int64_t when_tick;

    if (when_ms <= 0)
        return 0;
    return __builtin_mul_overflow(when_ms, TICKS_PER_MS, &when_tick) ? NEVER : when_tick;
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* The tick by which a timer finds its place. */
static inline int64_t tick_of_place(const struct wheel *wheel, int64_t when_tick)
{
    if (when_tick < wheel->now_tick)
        return wheel->now_tick;
    return when_tick > LAST_TICK ? LAST_TICK : when_tick;
}

/* Where a timer for this tick stands. */
static inline uint32_t slot_of(const struct wheel *wheel, int64_t when_tick)
{
    when_tick = tick_of_place(wheel, when_tick);
    uint64_t differ = (uint64_t)(when_tick ^ wheel->now_tick) | 1;
    uint32_t level = (uint32_t)(63 - __builtin_clzll(differ)) / WHEEL_DIGIT;
    uint64_t digit = (uint64_t)when_tick >> (level * WHEEL_DIGIT) & (WHEEL_SLOTS - 1);
    return level * WHEEL_SLOTS + (uint32_t)digit;
}

/* The first slot in use in the order of time, or NO_SLOT. */
static inline uint32_t slot_first(const struct wheel *wheel)
{
    for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
        if (!wheel->used_words[level])
            continue;
        uint32_t word = (uint32_t)__builtin_ctz(wheel->used_words[level]);
        uint32_t bit = (uint32_t)__builtin_ctzll(wheel->used[level][word]);
        return level * WHEEL_SLOTS + word * 64 + bit;
    }
    return NO_SLOT;
}

/* The first tick of a slot. */
static inline int64_t slot_start(const struct wheel *wheel, uint32_t slot)
{
    uint32_t shift = slot / WHEEL_SLOTS * WHEEL_DIGIT;
    uint64_t above = (uint64_t)wheel->now_tick >> (shift + WHEEL_DIGIT);

    return (int64_t)((above << WHEEL_DIGIT | slot % WHEEL_SLOTS) << shift);
}

/* While a slot is being dealt out: whether a timer for this tick lines up there, behind those that
 * came before it. */
static bool slot_is_dealt(const struct wheel *wheel, int64_t when_tick)
{
    uint32_t shift = wheel->dealing / WHEEL_SLOTS * WHEEL_DIGIT;

    return tick_of_place(wheel, when_tick) >> shift == wheel->now_tick >> shift;
}

static void slot_use(struct wheel *wheel, uint32_t slot)
{
    uint32_t level = slot / WHEEL_SLOTS;
    uint32_t word = slot % WHEEL_SLOTS / 64;

    wheel->used[level][word] |= UINT64_C(1) << slot % 64;
    wheel->used_words[level] |= UINT32_C(1) << word;
}

static void slot_unuse(struct wheel *wheel, uint32_t slot)
{
    uint32_t level = slot / WHEEL_SLOTS;
    uint32_t word = slot % WHEEL_SLOTS / 64;

    wheel->used[level][word] &= ~(UINT64_C(1) << slot % 64);
    if (!wheel->used[level][word])
        wheel->used_words[level] &= ~(UINT32_C(1) << word);
}

/* Adds an empty block to the end of a slot. */
static struct timer_block *block_add(struct wheel *wheel, uint32_t slot, const char *site)
{
    struct wheel_slot *blocks = &wheel->slot[slot];
    struct timer_block *block = wheel->free;

    if (likely(block))
        wheel->free = block->next;
    else
        block = allocate(sizeof(*block), site);
    block->slot = (uint16_t)slot;
    block->filled = 0;
    block->live = 0;
    block->next = NULL;
    block->prev = blocks->last;
    if (blocks->last) {
        blocks->last->next = block;
    } else {
        blocks->first = block;
        blocks->earliest_tick = NEVER;
        slot_use(wheel, slot);
    }
    blocks->last = block;
    return block;
}

/* Takes a block without timers out of its slot; true: the slot is empty now. */
static bool block_remove(struct wheel *wheel, struct timer_block *block)
{
    uint32_t slot = block->slot;
    struct wheel_slot *blocks = &wheel->slot[slot];

    if (block->next)
        block->next->prev = block->prev;
    else
        blocks->last = block->prev;
    if (block->prev)
        block->prev->next = block->next;
    else
        blocks->first = block->next;
    block->next = wheel->free;
    wheel->free = block;
    if (blocks->first)
        return false;
    slot_unuse(wheel, slot);
    return true;
}

/* Adds the timer to the end of a slot. */
static inline void slot_add(struct wheel *wheel, uint32_t slot, struct timer *timer,
                            const char *site)
{
    struct wheel_slot *blocks = &wheel->slot[slot];
    struct timer_block *block = blocks->last;

    if (unlikely(!block || block->filled == BLOCK_TIMERS))
        block = block_add(wheel, slot, site);
    if (timer->when_tick < blocks->earliest_tick)
        blocks->earliest_tick = timer->when_tick;
    timer->block = block;
    timer->place = block->filled;
    block->timer[block->filled++] = timer;
    block->live++;
}

/* Takes the timer out of its slot; true: the slot is empty now. */
static inline bool slot_remove(struct wheel *wheel, struct timer *timer)
{
    struct timer_block *block = timer->block;

    if (--block->live == 0)
        return block_remove(wheel, block);
    block->timer[timer->place] = NULL;
    while (!block->timer[block->filled - 1])
        block->filled--;
    return false;
}

/* Takes up to `room` timers of a block out, from its beginning. */
static int block_take(struct timer_block *block, struct timer **taken, int room)
{
    int count = 0;

    for (uint32_t place = 0; place < block->filled && count < room; place++) {
        struct timer *timer = block->timer[place];
        if (!timer)
            continue;
        __builtin_prefetch(timer, 1);
        taken[count++] = timer;
        block->timer[place] = NULL;
    }
    block->live -= (uint16_t)count;
    return count;
}

/* The same for a slot.  Less than `room`: the slot is empty now. */
static int slot_take(struct wheel *wheel, uint32_t slot, struct timer **taken, int room)
{
    int count = 0;
    struct timer_block *block;

    while (count < room && (block = wheel->slot[slot].first)) {
        count += block_take(block, taken + count, room - count);
        if (!block->live)
            block_remove(wheel, block);
    }
    return count;
}

/* ---- starting and stopping ------------------------------------------------------------------- */

void wheel_init(struct wheel *wheel, int64_t now_ns)
{
    *wheel = (struct wheel){.now_tick = now_ns / TICK_NS, .next_tick = NEVER};
}

/* Tells the others when something is due. */
static inline void publish(struct wheel *wheel)
{
    int64_t next_tick = NEVER;

    if (wheel->dealing) {
        next_tick = wheel->now_tick;
    } else {
        uint32_t slot = slot_first(wheel);
        if (slot != NO_SLOT)
            next_tick = wheel->slot[slot].earliest_tick;
    }
    atomic_store_explicit(&wheel->next_tick, next_tick, memory_order_relaxed);
}

void timer_start_locked(struct wheel *wheel, struct timer *timer, int64_t when_tick,
                        const char *site)
{
    bool is_dealt = unlikely(wheel->dealing) && slot_is_dealt(wheel, when_tick);

    timer->when_tick = when_tick;
    slot_add(wheel, is_dealt ? wheel->dealing : slot_of(wheel, when_tick), timer, site);
    atomic_store_explicit(&timer->wheel, wheel, memory_order_relaxed);
    if (when_tick < atomic_load_explicit(&wheel->next_tick, memory_order_relaxed))
        atomic_store_explicit(&wheel->next_tick, when_tick, memory_order_relaxed);
}

void timer_start(struct timer *timer, int64_t when_tick, const char *site)
{
    struct worker *worker = worker_self();

    if (unlikely(!worker))
        worker = worker_of_task("starting a timer", site);
    lock_acquire(&worker->wheel.lock);
    timer_start_locked(&worker->wheel, timer, when_tick, site);
    lock_release(&worker->wheel.lock);
}

bool timer_stop_locked(struct timer *timer)
{
    struct wheel *wheel = atomic_load_explicit(&timer->wheel, memory_order_relaxed);

    if (!wheel)
        return false;
    if (slot_remove(wheel, timer))
        publish(wheel);
    atomic_store_explicit(&timer->wheel, NULL, memory_order_relaxed);
    return true;
}

bool timer_stop(struct timer *timer)
{
    struct wheel *wheel;

    /* Until its lock is held, the timer may fire, and be started again on another wheel. */
    while ((wheel = atomic_load_explicit(&timer->wheel, memory_order_acquire))) {
        lock_acquire(&wheel->lock);
        bool still = atomic_load_explicit(&timer->wheel, memory_order_relaxed) == wheel;
        if (still)
            timer_stop_locked(timer);
        lock_release(&wheel->lock);
        if (still)
            return true;
    }
    return false;
}

void timer_source(struct source *source, struct timer *timer, int64_t when_tick)
{
    struct worker *worker = worker_of_task("waiting for a time", NULL);

    source_set(source, &worker->wheel.lock, NULL, NULL);
    source->timer = timer;
    *timer = (struct timer){.when_tick = when_tick, .waiter = &source->waiter};
}

/* ---- firing ---------------------------------------------------------------------------------- */

/* What one hold of the lock found due, in the order of time. */
struct due {
    int count;
    struct {
        struct task *task;   /* to be made ready; or NULL, ... */
        struct timer *timer; /* ... and this one's `fire` to be called */
    } one[BATCH];
};

/* Takes note of a timer that was taken out of its slot.  Where its task was let go by something
 * else, the memory may be gone as soon as that reads that the timer does not run. */
static inline void due_add(struct due *due, struct timer *timer)
{
    struct waiter *waiter = timer->waiter;

    if (!waiter || waiter_claim(waiter)) {
        due->one[due->count].task = waiter ? waiter->task : NULL;
        due->one[due->count].timer = timer;
        due->count++;
    }
    atomic_store_explicit(&timer->wheel, NULL, memory_order_release);
}

/* Lets them go, without the lock: tasks that follow each other together. */
static void due_release(const struct due *due)
{
    struct task *tasks = NULL;
    struct task **end = &tasks;

    for (int i = 0; i < due->count; i++) {
        struct task *task = due->one[i].task;
        if (task) {
            *end = task;
            end = &task->next;
            continue;
        }
        *end = NULL;
        ready_list(tasks);
        end = &tasks;
        due->one[i].timer->fire(due->one[i].timer);
    }
    *end = NULL;
    ready_list(tasks);
}

/* Collects up to `room` timers of the slot of now.  Returns how many. */
static int expire(struct wheel *wheel, uint32_t slot, struct due *due, int room)
{
    struct timer *taken[BATCH];
    int count = slot_take(wheel, slot, taken, room);

    for (int i = 0; i < count; i++)
        __builtin_prefetch(taken[i]->waiter, 1);
    for (int i = 0; i < count; i++)
        due_add(due, taken[i]);
    return count;
}

/* Deals up to `room` timers of a slot that now has reached out to lower levels.  Returns how
 * many. */
static int deal(struct wheel *wheel, int room)
{
    struct timer *taken[BATCH];
    int count = slot_take(wheel, wheel->dealing, taken, room);

    for (int i = 0; i < count; i++)
        slot_add(wheel, slot_of(wheel, taken[i]->when_tick), taken[i], NULL);
    if (count < room)
        wheel->dealing = 0;
    return count;
}

/* Goes on to `until_tick` and collects what is due, as much as one hold of the lock may.  Returns
 * whether there may be more. */
static bool collect(struct wheel *wheel, int64_t until_tick, struct due *due)
{
    int room = BATCH;

    while (room > 0) {
        if (wheel->dealing) {
            room -= deal(wheel, room);
            continue;
        }
        uint32_t slot = slot_first(wheel);
        int64_t start_tick = slot == NO_SLOT ? NEVER : slot_start(wheel, slot);
        if (start_tick > until_tick) {
            if (wheel->now_tick < until_tick)
                wheel->now_tick = until_tick;
            return false;
        }
        wheel->now_tick = start_tick;
        if (slot < WHEEL_SLOTS)
            room -= expire(wheel, slot, due, room);
        else
            wheel->dealing = (uint16_t)slot;
    }
    return true;
}

bool wheel_advance(struct wheel *wheel, int64_t now_ns)
{
    int64_t until_tick = now_ns / TICK_NS;
    bool fired = false;
    bool more = atomic_load_explicit(&wheel->next_tick, memory_order_relaxed) <= until_tick;

    while (more) {
        struct due due;
        due.count = 0;
        lock_acquire(&wheel->lock);
        more = collect(wheel, until_tick, &due);
        publish(wheel);
        lock_release(&wheel->lock);
        due_release(&due);
        fired |= due.count > 0;
    }
    return fired;
}

int64_t wheel_next_ns(const struct wheel *wheel)
{
    int64_t next_ns;
    int64_t next_tick = atomic_load_explicit(&wheel->next_tick, memory_order_relaxed);

    return __builtin_mul_overflow(next_tick, TICK_NS, &next_ns) ? NEVER : next_ns;
}

/* Takes any timer out; NULL: none is left. */
static struct timer *wheel_take(struct wheel *wheel)
{
    uint32_t slot = slot_first(wheel);
    struct timer *timer;

    if (slot == NO_SLOT || !slot_take(wheel, slot, &timer, 1))
        return NULL;
    atomic_store_explicit(&timer->wheel, NULL, memory_order_relaxed);
    return timer;
}

void wheel_release(struct wheel *wheel)
{
    struct timer *timer;

    while ((timer = wheel_take(wheel)))
        if (timer->drop)
            timer->drop(timer);
    while (wheel->free) {
        struct timer_block *block = wheel->free;
        wheel->free = block->next;
        free(block);
    }
}
