/*
 * chan_select.
 *
 * Quick first: where the channels' hints show cases that can go, one of them is picked at random
 * and tried under its own lock.  That is fair and right by itself: a case that goes could go.  Only
 * when none looks ready, or the one that did was not, all locks are taken, in the order of their
 * addresses, which settles the question for one moment: a case goes, or the default, or the task
 * stands in all queues before anything changes.
 */
#include "chan.h"
#include "park.h"
#include "scheduler.h"
#include "timer.h"

#include <stdlib.h>
#include <string.h>

enum { NO_CASE = -1, FEW_CASES = 6 };

/* The cases in a form that the steps below share. */
struct selection {
    leash_case *cases;
    size_t count;
    int default_case;  /* or NO_CASE */
    int timed_case;    /* the one with the earliest time, or NO_CASE */
    int64_t when_tick; /* its time */
    size_t channels;   /* cases on a channel that is not NULL */
    bool none_ready;   /* nothing looked ready, and nobody else runs */
    const char *site;
};

static inline bool is_channel_case(const leash_case *one)
{
    return one->ch != NULL;
}

static inline bool may_go(const leash_case *one)
{
    return one->op == LEASH_OP_RECV ? chan_may_recv(one->ch) : chan_may_send(one->ch);
}

static void note_time(struct selection *selection, int index, int64_t when_tick)
{
    if (selection->timed_case != NO_CASE && selection->when_tick <= when_tick)
        return;
    selection->timed_case = index;
    selection->when_tick = when_tick;
}

/* Tells the user's variables how a case went. */
static void report(const leash_case *one, size_t size, bool ok)
{
    if (one->ok)
        *one->ok = ok;
    if (!ok && one->op == LEASH_OP_RECV && one->out && size)
        memset(one->out, 0, size);
}

/* With the channel's lock held. */
static ALWAYS_INLINE bool try_case(const leash_case *one, struct task **woken)
{
    bool ok;
    bool done = one->op == LEASH_OP_RECV ? chan_try_recv(one->ch, one->out, &ok, woken)
                                         : chan_try_send(one->ch, one->value, &ok, woken);

    if (done)
        report(one, one->ch->element_size, ok);
    return done;
}

/* Counts what there is. */
static void survey(struct selection *selection)
{
    for (size_t i = 0; i < selection->count; i++) {
        const leash_case *one = &selection->cases[i];
        if (one->op == LEASH_OP_DEFAULT)
            selection->default_case = (int)i;
        else if (one->op == LEASH_OP_AFTER)
            note_time(selection, (int)i, timer_tick_after_ms(one->ms));
        else if (one->op == LEASH_OP_UNTIL)
            note_time(selection, (int)i, timer_tick_at_ms(one->ms));
    }
}

static size_t pick(size_t count)
{
    struct worker *worker = worker_self();

    return count > 1 && worker ? random_below(worker, (uint32_t)count) : 0;
}

/* Under the channel's own lock. */
static ALWAYS_INLINE bool try_alone(const leash_case *one)
{
    struct task *woken = NULL;

    lock_acquire(&one->ch->lock);
    bool done = try_case(one, &woken);
    lock_release(&one->ch->lock);
    if (woken)
        ready(woken);
    return done;
}

/* Tries one of several cases that looked ready. */
static int try_any(const leash_case *cases, size_t count, size_t may)
{
    size_t skip = pick(may);

    for (size_t i = 0; i < count; i++)
        if (is_channel_case(&cases[i]) && may_go(&cases[i]) && skip-- == 0)
            return try_alone(&cases[i]) ? (int)i : NO_CASE;
    return NO_CASE;
}

/* With all locks held: tries the cases that look ready, from a random one on.  Not all of them need
 * be: records that were passed over look like somebody who waits. */
static int try_all(const leash_case *cases, size_t count, struct task **woken)
{
    size_t may = 0;

    for (size_t i = 0; i < count; i++)
        may += is_channel_case(&cases[i]) && may_go(&cases[i]);
    if (!may)
        return NO_CASE;
    size_t index = pick(count);
    for (size_t i = 0; i < count; i++) {
        const leash_case *one = &cases[index];
        if (is_channel_case(one) && may_go(one) && try_case(one, woken))
            return (int)index;
        if (++index == count)
            index = 0;
    }
    return NO_CASE;
}

/* Makes the sources: the channels' in the order of the cases, then the time. */
static ALWAYS_INLINE void make_sources(const struct selection *selection, struct sources *sources,
                                       struct timer *timer)
{
    struct source *source = sources->source;
    const leash_case *one = selection->cases;

    for (uint32_t i = 0; i < selection->count; i++, one++) {
        if (!is_channel_case(one))
            continue;
        bool receives = one->op == LEASH_OP_RECV;
        source_set(source, &one->ch->lock, receives ? &one->ch->receivers : &one->ch->senders,
                   one->ch);
        source->index = i;
        source->size = one->ch->element_size;
        source->waiter.data = receives ? one->out : (void *)one->value;
        source++;
    }
    if (selection->timed_case != NO_CASE && selection->default_case == NO_CASE) {
        timer_source(source, timer, selection->when_tick);
        source->index = (uint32_t)selection->timed_case;
        source++;
    }
    sources->count = (size_t)(source - sources->source);
}

/* Waits for a case that can go.  `source` and `ordered` have room for all. */
static ALWAYS_INLINE int select_slowly(const struct selection *selection, struct source *source,
                                       struct source **ordered)
{
    struct timer timer;
    struct sources sources = {source, ordered, 0};
    struct task *woken = NULL;

    make_sources(selection, &sources, &timer);
    if (!sources.count && selection->default_case == NO_CASE)
        chan_park_for_ever("select (no cases)", selection->site);
    sources_lock(&sources);
    int index = NO_CASE;
    if (!selection->none_ready)
        index = try_all(selection->cases, selection->count, &woken);
    if (index == NO_CASE)
        index = selection->default_case;
    if (index != NO_CASE) {
        sources_unlock(&sources);
        if (woken)
            ready(woken);
        return index;
    }
    struct source *fired = &source[park_in_sources(&sources, "select", NULL, selection->site)];
    if (fired->ch)
        report(&selection->cases[fired->index], fired->size, fired->waiter.ok);
    return (int)fired->index;
}

static __attribute__((noinline)) int select_many(const struct selection *selection)
{
    struct source *source = allocate_zeroed(selection->count, sizeof(*source), selection->site);
    struct source **ordered = allocate_zeroed(selection->count, sizeof(*ordered), selection->site);
    int index = select_slowly(selection, source, ordered);

    free(source);
    free(ordered);
    return index;
}

static ALWAYS_INLINE int select_few(const struct selection *selection)
{
    struct source source[FEW_CASES];
    struct source *ordered[FEW_CASES];

    return select_slowly(selection, source, ordered);
}

static ALWAYS_INLINE int select_sized(const struct selection *selection)
{
    return selection->count <= FEW_CASES ? select_few(selection) : select_many(selection);
}

/* What a case that looked ready did not settle; `may` cases did.  Takes the place of leash_select,
 * and all up to the switch is inline: see park.h. */
static __attribute__((noinline)) int select_patiently(leash_case *cases, size_t count,
                                                      const char *site, size_t channels, size_t may)
{
    struct selection selection = {.cases = cases,
                                  .count = count,
                                  .default_case = NO_CASE,
                                  .timed_case = NO_CASE,
                                  .channels = channels,
                                  .none_ready = lock_alone && !may,
                                  .site = site};

    if (channels < count)
        survey(&selection);
    int index = selection.default_case;
    /* What one channel's hints say holds for a moment, which is all that is asked. */
    if (index == NO_CASE || channels > 1)
        index = select_sized(&selection);
    if (index != NO_CASE && index == selection.default_case)
        poll_point();
    return index;
}

int leash_select(leash_case *cases, size_t count, const char *site)
{
    size_t may = 0;
    size_t last = 0;
    size_t channels = 0;

    schedule_point();
    count_one(COUNT_SELECTS);
    for (size_t i = 0; i < count; i++) {
        if (!is_channel_case(&cases[i]))
            continue;
        channels++;
        if (!may_go(&cases[i]))
            continue;
        last = i;
        may++;
    }
    int index = NO_CASE;
    if (may == 1)
        index = try_alone(&cases[last]) ? (int)last : NO_CASE;
    else if (may)
        index = try_any(cases, count, may);
    if (index != NO_CASE)
        return index;
    return select_patiently(cases, count, site, channels, may);
}
