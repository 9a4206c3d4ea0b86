#include "chan.h"
#include "ctx.h"
#include "park.h"
#include "scheduler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An or-channel's place among the dependents of one of its inputs. */
struct chan_link {
    struct chan_link *next; /* dependents of the same input; guarded by the input's lock */
    struct leash_chan *input;
    struct leash_chan *dependent;
    bool linked; /* it stands in the list of the input */
};

void chan_zero(const struct leash_chan *ch, void *out)
{
    if (out && ch->element_size)
        memset(out, 0, ch->element_size);
}

/* ---- sending and receiving ------------------------------------------------------------------- */

void chan_park_for_ever(const char *state, const char *site)
{
    static struct lock nobody;

    lock_acquire(&nobody);
    park(&nobody, state, NULL, site);
    __builtin_unreachable();
}

/* The two below take the place of their callers, with the lock held: one level of calls less. */

static __attribute__((noinline)) bool send_parked(struct leash_chan *ch, const void *value,
                                                  const char *site)
{
    struct waiter waiter;

    park_in_line(&ch->senders, &waiter, (void *)value, &ch->lock, "chan send", ch, site);
    return waiter.ok;
}

static __attribute__((noinline)) bool recv_parked(struct leash_chan *ch, void *out,
                                                  const char *site)
{
    size_t size = ch->element_size;
    struct waiter waiter;

    park_in_line(&ch->receivers, &waiter, out, &ch->lock, "chan receive", ch, site);
    /* The channel may be gone by now. */
    if (unlikely(!waiter.ok) && out && size)
        memset(out, 0, size);
    return waiter.ok;
}

bool leash_chan_send(leash_chan_t *ch, const void *value, const char *site)
{
    struct task *woken = NULL;
    bool ok;

    schedule_point();
    count_one(COUNT_SENDS);
    if (unlikely(!ch))
        chan_park_for_ever("chan send (NULL)", site);
    lock_acquire(&ch->lock);
    if (likely(chan_try_send(ch, value, &ok, &woken))) {
        lock_release(&ch->lock);
        if (woken)
            ready(woken);
        return ok;
    }
    return send_parked(ch, value, site);
}

bool leash_chan_recv(leash_chan_t *ch, void *out, const char *site)
{
    struct task *woken = NULL;
    bool ok;

    schedule_point();
    count_one(COUNT_RECEIVES);
    if (unlikely(!ch))
        chan_park_for_ever("chan receive (NULL)", site);
    lock_acquire(&ch->lock);
    if (chan_try_recv(ch, out, &ok, &woken)) {
        lock_release(&ch->lock);
        if (woken)
            ready(woken);
        if (unlikely(!ok))
            chan_zero(ch, out);
        return ok;
    }
    return recv_parked(ch, out, site);
}

/* ---- with a context -------------------------------------------------------------------------- */

static bool try_operation(struct leash_chan *ch, void *value, bool sends, bool *ok,
                          struct task **woken)
{
    return sends ? chan_try_send(ch, value, ok, woken) : chan_try_recv(ch, value, ok, woken);
}

/* The wait of both: 0, EPIPE, or what the context ended with. */
static int wait_with_ctx(leash_ctx_t *ctx, struct leash_chan *ch, void *value, bool sends,
                         const char *site)
{
    struct source source[2];
    struct source *ordered[2];
    struct sources sources = {source, ordered, 2};
    struct task *woken = NULL;
    bool ok;

    source_set(&source[0], ch ? &ch->lock : NULL,
               !ch     ? NULL
               : sends ? &ch->senders
                       : &ch->receivers,
               ch);
    source[0].waiter.data = value;
    ctx_source(&source[1], ctx);
    sources_lock(&sources);
    if (source[1].ch && chan_is_closed(source[1].ch)) {
        sources_unlock(&sources);
        return ctx_error(ctx);
    }
    if (ch && try_operation(ch, value, sends, &ok, &woken)) {
        sources_unlock(&sources);
        if (woken)
            ready(woken);
        return ok ? 0 : EPIPE;
    }
    if (sources_park(&sources, sends ? "chan send" : "chan receive", ch, site))
        return ctx_error(ctx);
    return source[0].waiter.ok ? 0 : EPIPE;
}

/* The common case first: the context goes on and the channel can at once. */
static int operate_with_ctx(leash_ctx_t *ctx, struct leash_chan *ch, void *value, bool sends,
                            const char *site)
{
    int error = ctx_error(ctx);
    struct task *woken = NULL;
    bool ok;

    schedule_point();
    if (error)
        return error;
    if (ch && (sends ? chan_may_send(ch) : chan_may_recv(ch))) {
        lock_acquire(&ch->lock);
        bool done = try_operation(ch, value, sends, &ok, &woken);
        lock_release(&ch->lock);
        if (woken)
            ready(woken);
        if (done)
            return ok ? 0 : EPIPE;
    }
    return wait_with_ctx(ctx, ch, value, sends, site);
}

int leash_chan_send_ctx(leash_ctx_t *ctx, leash_chan_t *ch, const void *value, const char *site)
{
    count_one(COUNT_SENDS);
    return operate_with_ctx(ctx, ch, (void *)value, true, site);
}

int leash_chan_recv_ctx(leash_ctx_t *ctx, leash_chan_t *ch, void *out, const char *site)
{
    size_t size = ch ? ch->element_size : 0;

    count_one(COUNT_RECEIVES);
    int error = operate_with_ctx(ctx, ch, out, false, site);
    if (error == EPIPE && out && size)
        memset(out, 0, size);
    return error;
}

bool chan_offer(struct leash_chan *ch, const void *value)
{
    struct task *woken = NULL;
    bool ok;

    lock_acquire(&ch->lock);
    bool done = chan_try_send(ch, value, &ok, &woken);
    lock_release(&ch->lock);
    if (woken)
        ready(woken);
    return done && ok;
}

void chan_source(struct source *source, struct leash_chan *ch)
{
    source_set(source, ch ? &ch->lock : NULL, ch ? &ch->receivers : NULL, ch);
}

/* ---- closing --------------------------------------------------------------------------------- */

/* One more owner, unless the last one has just gone. */
static bool ref_if_owned(struct leash_chan *ch)
{
    uint32_t owners = atomic_load(&ch->owners);

    while (owners)
        if (atomic_compare_exchange_weak(&ch->owners, &owners, owners + 1))
            return true;
    return false;
}

/*
 * Takes an or-channel that is to be closed behind a closed one, with a reference.  A link lies in
 * the memory of its or-channel, which takes the input's lock to unlink before it goes: what is
 * linked under the lock is alive.
 */
static struct leash_chan *take_dependent(struct leash_chan *ch)
{
    struct leash_chan *dependent = NULL;

    lock_acquire(&ch->lock);
    while (ch->dependents && !dependent) {
        struct chan_link *link = ch->dependents;
        ch->dependents = link->next;
        link->linked = false;
        if (ref_if_owned(link->dependent))
            dependent = link->dependent;
    }
    lock_release(&ch->lock);
    return dependent;
}

enum closing { CLOSED_BEFORE, CLOSED, CLOSED_WITH_DEPENDENTS };

/* Closes it and wakes who waits.  With or-channels behind it, it is held on to, since who was woken
 * may free it: the caller sees to them and gives the reference back. */
static enum closing close_one(struct leash_chan *ch)
{
    lock_acquire(&ch->lock);
    if (chan_is_closed(ch)) {
        lock_release(&ch->lock);
        return CLOSED_BEFORE;
    }
    /* Contexts look at it without the lock (ctx.c). */
    atomic_store_explicit(&ch->closed, true, memory_order_release);
    struct task *receivers = waitq_pop_all(&ch->receivers);
    struct task *senders = waitq_pop_all(&ch->senders);
    bool dependents = ch->dependents != NULL;
    if (dependents)
        leash_chan_ref(ch);
    lock_release(&ch->lock);
    ready_list(receivers);
    ready_list(senders);
    return dependents ? CLOSED_WITH_DEPENDENTS : CLOSED;
}

/* Closes all that is behind a closed channel.  A list in place of a recursion: or-channels made one
 * from the other may be many. */
static void close_dependents(struct leash_chan *ch)
{
    struct leash_chan *list = NULL;

    while (ch) {
        struct leash_chan *dependent;
        while ((dependent = take_dependent(ch))) {
            if (close_one(dependent) == CLOSED_WITH_DEPENDENTS) {
                dependent->next_or = list;
                list = dependent;
            }
            leash_chan_free(dependent);
        }
        leash_chan_free(ch);
        ch = list;
        if (list)
            list = list->next_or;
    }
}

/* Returns false where it was closed already. */
static bool close_once(struct leash_chan *ch)
{
    enum closing closing = close_one(ch);

    if (closing == CLOSED_WITH_DEPENDENTS)
        close_dependents(ch);
    return closing != CLOSED_BEFORE;
}

void chan_close_quietly(struct leash_chan *ch)
{
    close_once(ch);
}

void leash_chan_close(leash_chan_t *ch, const char *site)
{
    schedule_point();
    count_one(COUNT_CLOSES);
    if (unlikely(!ch))
        fatal(site, "closing a NULL channel");
    const char *made = ch->site;
    if (unlikely(!close_once(ch)))
        fatal(site, "closing a channel that is closed already (it was made at %s)", made);
}

/* ---- making and freeing ---------------------------------------------------------------------- */

void chan_init(struct leash_chan *ch, size_t element_size, size_t capacity, void *buffer,
               void (*destroy)(struct leash_chan *), const char *site)
{
    memset(ch, 0, sizeof(*ch));
    ch->element_size = (uint32_t)element_size;
    ch->capacity = capacity;
    ch->buffer = buffer;
    ch->destroy = destroy;
    ch->site = site;
    atomic_init(&ch->owners, 1);
}

static void free_chan(struct leash_chan *ch)
{
    free(ch);
}

leash_chan_t *leash_chan_make(size_t element_size, size_t capacity, const char *site)
{
    size_t bytes;

    if (element_size > UINT32_MAX || __builtin_mul_overflow(element_size, capacity, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(struct leash_chan), &bytes))
        fatal(site, "a channel for %zu values of %zu bytes is too large", capacity, element_size);
    struct leash_chan *ch = allocate(bytes, site);
    chan_init(ch, element_size, capacity, ch + 1, free_chan, site);
    return ch;
}

leash_chan_t *leash_chan_ref(leash_chan_t *ch)
{
    if (ch)
        atomic_fetch_add_explicit(&ch->owners, 1, memory_order_relaxed);
    return ch;
}

/* Gives one ownership up.  True: the memory is to go. */
static bool give_up(struct leash_chan *ch)
{
    if (atomic_fetch_sub_explicit(&ch->owners, 1, memory_order_acq_rel) != 1)
        return false;
    lock_acquire(&ch->lock);
    if (waitq_has_open(&ch->receivers) || waitq_has_open(&ch->senders)) {
        lock_release(&ch->lock);
        fatal(ch->site, "the channel made here is freed while a task is parked on it");
    }
    ch->orphan = true;
    bool gone = !waitq_head(&ch->receivers) && !waitq_head(&ch->senders);
    lock_release(&ch->lock);
    return gone;
}

void leash_chan_free(leash_chan_t *ch)
{
    if (ch && give_up(ch))
        ch->destroy(ch);
}

size_t leash_chan_len(const leash_chan_t *ch)
{
    return ch ? chan_count(ch) : 0;
}

size_t leash_chan_cap(const leash_chan_t *ch)
{
    return ch ? ch->capacity : 0;
}

/* ---- or-channels ----------------------------------------------------------------------------- */

static void unlink_input(struct chan_link *link)
{
    struct leash_chan *input = link->input;

    lock_acquire(&input->lock);
    if (link->linked) {
        struct chan_link **place = &input->dependents;
        while (*place != link)
            place = &(*place)->next;
        *place = link->next;
    }
    lock_release(&input->lock);
}

/* Frees it with all or-channels that it was the last to hold: by a list, as for closing. */
static void free_or_chan(struct leash_chan *ch)
{
    struct leash_chan *list = NULL;

    while (ch) {
        for (uint32_t i = 0; i < ch->input_count; i++) {
            struct leash_chan *input = ch->inputs[i].input;
            unlink_input(&ch->inputs[i]);
            if (!give_up(input))
                continue;
            if (input->destroy != free_or_chan) {
                input->destroy(input);
                continue;
            }
            input->next_or = list;
            list = input;
        }
        free(ch);
        ch = list;
        if (list)
            list = list->next_or;
    }
}

/* Adds the or-channel to an input's dependents.  True: the input is closed already. */
static bool link_input(struct leash_chan *ch, struct leash_chan *input)
{
    struct chan_link *link = &ch->inputs[ch->input_count++];

    *link = (struct chan_link){.input = leash_chan_ref(input), .dependent = ch};
    lock_acquire(&input->lock);
    bool closed = chan_is_closed(input);
    if (!closed) {
        link->linked = true;
        link->next = input->dependents;
        input->dependents = link;
    }
    lock_release(&input->lock);
    return closed;
}

leash_chan_t *leash_chan_or(leash_chan_t *const *channels, size_t count, const char *site)
{
    size_t inputs = 0;
    bool closed = false;

    for (size_t i = 0; i < count; i++)
        inputs += channels[i] != NULL;
    if (!inputs)
        return NULL;
    struct leash_chan *ch = allocate(sizeof(*ch) + inputs * sizeof(struct chan_link), site);
    chan_init(ch, 0, 0, NULL, free_or_chan, site);
    ch->inputs = (struct chan_link *)(ch + 1);
    for (size_t i = 0; i < count; i++)
        if (channels[i])
            closed |= link_input(ch, channels[i]);
    if (closed)
        chan_close_quietly(ch);
    return ch;
}

leash_chan_t *leash_done_of_ctx(leash_ctx_t *ctx)
{
    return leash_ctx_done(ctx);
}

leash_chan_t *leash_done_of_chan(leash_chan_t *done)
{
    return done;
}
