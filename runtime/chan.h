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

#include <string.h>

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
    struct leash_chan *next_or; /* of an or-channel: the next to be closed, or freed, after it */
    void (*destroy)(struct leash_chan *); /* frees the memory when its time has come */
    const char *site;                     /* where it was made */
};

/* Makes a channel in memory of the caller's; `buffer` has room for its values, and `destroy` gives
 * the memory back.  The caller is the owner. */
void chan_init(struct leash_chan *ch, size_t element_size, size_t capacity, void *buffer,
               void (*destroy)(struct leash_chan *), const char *site);

/* Releases the lock; frees the channel where nobody owns it and no record stands in it. */
static inline void chan_unlock(struct leash_chan *ch)
{
    bool gone = ch->orphan && !waitq_head(&ch->receivers) && !waitq_head(&ch->senders);

    lock_release(&ch->lock);
    if (unlikely(gone))
        ch->destroy(ch);
}

/* ---- steps with the lock held -------------------------------------------------------------- */

static inline bool chan_is_closed(const struct leash_chan *ch)
{
    return atomic_load_explicit(&ch->closed, memory_order_relaxed);
}

static inline size_t chan_count(const struct leash_chan *ch)
{
    return atomic_load_explicit(&ch->count, memory_order_relaxed);
}

/* The common sizes without a call. */
static ALWAYS_INLINE void chan_copy(void *to, const void *from, size_t size)
{
    switch (size) {
    case 0:
        break;
    case 4:
        memcpy(to, from, 4);
        break;
    case 8:
        memcpy(to, from, 8);
        break;
    case 16:
        memcpy(to, from, 16);
        break;
    default:
        memcpy(to, from, size);
    }
}

static ALWAYS_INLINE unsigned char *chan_place(struct leash_chan *ch, size_t index)
{
    size_t place = ch->first + index;

    if (place >= ch->capacity)
        place -= ch->capacity;
    return ch->buffer + place * ch->element_size;
}

static ALWAYS_INLINE void chan_put(struct leash_chan *ch, const void *value)
{
    chan_copy(chan_place(ch, ch->count), value, ch->element_size);
    atomic_store_explicit(&ch->count, ch->count + 1, memory_order_relaxed);
}

static ALWAYS_INLINE void chan_take(struct leash_chan *ch, void *out)
{
    if (out)
        chan_copy(out, chan_place(ch, 0), ch->element_size);
    ch->first = ch->first + 1 == ch->capacity ? 0 : ch->first + 1;
    atomic_store_explicit(&ch->count, ch->count - 1, memory_order_relaxed);
}

/* Sends where that needs no waiting.  True: done; *ok tells whether it was sent, or the channel is
 * closed; the task in *woken, if any, is to be made ready after the lock is released. */
static ALWAYS_INLINE bool chan_try_send(struct leash_chan *ch, const void *value, bool *ok,
                                        struct task **woken)
{
    *ok = false;
    if (unlikely(chan_is_closed(ch)))
        return true;
    *ok = true;
    struct waiter *receiver = waitq_pop(&ch->receivers);
    if (receiver) {
        if (receiver->data)
            chan_copy(receiver->data, value, ch->element_size);
        receiver->ok = true;
        *woken = receiver->task;
        return true;
    }
    if (chan_count(ch) == ch->capacity)
        return false;
    chan_put(ch, value);
    return true;
}

/* Receives likewise.  *ok tells of a value, not the close; then *out is left alone: chan_zero. */
static ALWAYS_INLINE bool chan_try_recv(struct leash_chan *ch, void *out, bool *ok,
                                        struct task **woken)
{
    *ok = true;
    if (chan_count(ch)) {
        chan_take(ch, out);
        struct waiter *sender = waitq_pop(&ch->senders);
        if (sender) {
            chan_put(ch, sender->data);
            sender->ok = true;
            *woken = sender->task;
        }
        return true;
    }
    struct waiter *sender = waitq_pop(&ch->senders);
    if (sender) {
        if (out)
            chan_copy(out, sender->data, ch->element_size);
        sender->ok = true;
        *woken = sender->task;
        return true;
    }
    *ok = false;
    return chan_is_closed(ch);
}

void chan_zero(const struct leash_chan *ch, void *out);

/* ---- the rest ------------------------------------------------------------------------------ */

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
