/*
 * chan.h - what a channel is made of, for the files that wait on channels.
 *
 * Invariants, while the lock is free:
 *
 *   - tasks wait to receive only while nothing is buffered and nobody waits to send; tasks wait to
 *     send only while the buffer is full
 *   - nobody waits on a closed channel (records that were passed over may still stand there)
 *
 * So a sender finds, in this order: the channel closed, a receiver to copy the value straight to,
 * room in the buffer, or it waits; a receiver finds a value in the buffer (and then moves the value
 * of a waiting sender in behind it), a sender to copy from, the close, or it waits.
 *
 * The memory goes when the last owner has given it up and no record stands in a queue.
 */
#ifndef LEASH_RT_CHAN_H
#define LEASH_RT_CHAN_H

#include "lock.h"
#include "task.h"
#include "wait.h"

struct chan_link;

struct leash_chan {
    struct lock lock;
    _Atomic bool closed;
    bool orphan;             /* no owner any more: freed with the last record */
    _Atomic uint32_t owners; /* its maker and who holds a reference */
    uint32_t element_size;
    _Atomic size_t count; /* of values in the buffer */
    size_t capacity;      /* of the buffer, in values */
    size_t first;         /* where the oldest value lies */
    struct waitq receivers;
    struct waitq senders;
    unsigned char *buffer;
    struct chan_link *dependents; /* or-channels that close with this one */
    struct chan_link *inputs;     /* of an or-channel: `input_count` of them */
    uint32_t input_count;
    void (*destroy)(struct leash_chan *); /* frees the memory when its time has come */
    const char *site;                     /* where it was made */
};

/* Makes a channel in memory of the caller's; `buffer` has room for its values, and `destroy` gives
 * the memory back.  The caller is the owner. */
void chan_init(struct leash_chan *ch, size_t element_size, size_t capacity, void *buffer,
               void (*destroy)(struct leash_chan *), const char *site);

/* Releases the lock; frees the channel where nobody owns it and no record stands in it. */
void chan_unlock(struct leash_chan *ch);

/* With the lock held: sends or receives where that needs no waiting.  True: done; *ok tells of a
 * value, not the close; the task in *woken, if any, is to be made ready after the lock is released.
 * A receive leaves *out alone when it finds the close: see chan_zero. */
bool chan_try_send(struct leash_chan *ch, const void *value, bool *ok, struct task **woken);
bool chan_try_recv(struct leash_chan *ch, void *out, bool *ok, struct task **woken);
void chan_zero(const struct leash_chan *ch, void *out);

/* Without the lock: whether they may succeed.  Only a hint. */
static inline bool chan_may_send(const struct leash_chan *ch)
{
    return atomic_load_explicit(&ch->closed, memory_order_relaxed) || waitq_head(&ch->receivers) ||
           atomic_load_explicit(&ch->count, memory_order_relaxed) < ch->capacity;
}

static inline bool chan_may_recv(const struct leash_chan *ch)
{
    return atomic_load_explicit(&ch->count, memory_order_relaxed) || waitq_head(&ch->senders) ||
           atomic_load_explicit(&ch->closed, memory_order_relaxed);
}

/* Parks the calling task for good: what a NULL channel stands for. */
void chan_park_for_ever(const char *state, const char *site);

/* Closes it where it is not closed yet; wakes who waits, the or-channels' waiters too. */
void chan_close_quietly(struct leash_chan *ch);

/* Puts a value in where a receiver waits or there is room, else drops it.  Does not park, and may
 * be called outside of tasks.  Whether it went in. */
bool chan_offer(struct leash_chan *ch, const void *value);

/* Makes `source` a receive from the channel, or the end of a done channel; NULL: never. */
void chan_source(struct source *source, struct leash_chan *ch);

#endif
