/*
 * debug_stacks: what libleash cannot tell of a task by itself, the calls on its stack.
 */
#include "leash.h"
#include "unwind.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* libdw is for one thread at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the calls of a trace -------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

static bool is_library(const struct call *call)
{
    return begins_with(call->function, "leash_");
}

static bool is_private(const struct call *call)
{
    return begins_with(call->function, "leash_rt_");
}

static bool is_public(const struct call *call)
{
    return is_library(call) && !is_private(call);
}

/* The function that is called at the place, whatever was inlined into it. */
static const struct call *outermost(const struct place *place)
{
    return &place->calls[place->call_count - 1];
}

static bool is_of_library(const struct place *place)
{
    return place->call_count && is_library(outermost(place));
}

static bool has_public(const struct place *place)
{
    for (size_t i = 0; i < place->call_count; i++)
        if (is_public(&place->calls[i]))
            return true;
    return false;
}

/* How many of the innermost places are the library's: up to the call of leash.h that set the task
 * aside.  That may have made way for what it called last; then what begins the trace is all. */
static size_t count_library(const struct trace *trace)
{
    size_t count = 0;

    while (count < trace->count && !has_public(trace->places[count]))
        count++;
    if (count == trace->count)
        count = 0;
    while (count < trace->count && is_of_library(trace->places[count]))
        count++;
    return count;
}

/* How many calls of the place are the library's, inlined into the user's function. */
static size_t count_inlined(const struct place *place)
{
    size_t count = place->call_count;

    while (count && !is_library(&place->calls[count - 1]))
        count--;
    return count;
}

/* The user's calls; not what the library has between them, and runs the first task by.  NULL: none
 * are known. */
static struct calls *calls_of_trace(const struct trace *trace)
{
    size_t first = count_library(trace);
    size_t inlined = first < trace->count ? count_inlined(trace->places[first]) : 0;
    size_t room = 0;

    for (size_t i = first; i < trace->count; i++)
        room += trace->places[i]->call_count;
    struct calls *calls = malloc(sizeof(*calls) + room * sizeof(*calls->at));
    if (!calls)
        return NULL;
    *calls = (struct calls){.is_cut = trace->is_cut};
    for (size_t i = first; i < trace->count; i++) {
        const struct place *place = trace->places[i];
        for (size_t k = i == first ? inlined : 0; k < place->call_count; k++)
            if (!is_private(&place->calls[k]))
                calls->at[calls->count++] = place->calls[k];
    }
    if (calls->count && first + inlined)
        return calls;
    free(calls);
    return NULL;
}

/* ---- calls that were met before -------------------------------------------------------------- */

/* The library parks in more ways than one, and a compiler may make a line twice: so many traces are
 * of the same calls, which then are the same pointer. */
struct told {
    struct entry entry; /* by its texts */
    struct calls *calls;
};

static uint64_t add_text(uint64_t number, const char *text)
{
    for (; text && *text; text++)
        number = (number ^ (unsigned char)*text) * 0x100000001b3u;
    return number * 0x100000001b3u;
}

static uint64_t number_of_calls(const struct calls *calls)
{
    uint64_t number = calls->is_cut;

    for (size_t i = 0; i < calls->count; i++)
        number = add_text(add_text(number, calls->at[i].function), calls->at[i].at);
    return number;
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool are_same(const struct calls *a, const struct calls *b)
{
    if (a->is_cut != b->is_cut || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!is_same_text(a->at[i].function, b->at[i].function) ||
            !is_same_text(a->at[i].at, b->at[i].at))
            return false;
    return true;
}

/* The same calls as they were met first; frees the others.  NULL: there are none, or no memory. */
static const struct calls *unify(struct calls *calls)
{
    static struct table all;
    struct entry *entry = NULL;

    if (!calls)
        return NULL;
    uint64_t number = number_of_calls(calls);
    while ((entry = table_find(&all, number, entry))) {
        if (!are_same(((struct told *)entry)->calls, calls))
            continue;
        free(calls);
        return ((struct told *)entry)->calls;
    }
    struct told *told = malloc(sizeof(*told));
    if (told) {
        *told = (struct told){{NULL, number}, calls};
        if (table_add(&all, &told->entry))
            return calls;
    }
    free(told);
    free(calls);
    return NULL;
}

/* ---- traces that were met before ------------------------------------------------------------- */

struct known {
    struct entry entry;        /* by all its places */
    const struct calls *calls; /* NULL: none that can be told */
    struct trace trace;        /* with as many places as it has */
};

static uint64_t number_of(const struct trace *trace)
{
    uint64_t number = trace->count;

    for (size_t i = 0; i < trace->count; i++)
        number = (number ^ trace->places[i]->entry.number) * 0x100000001b3u;
    return number;
}

static bool is_same(const struct trace *a, const struct trace *b)
{
    return a->count == b->count && !memcmp(a->places, b->places, a->count * sizeof(*a->places));
}

/* NULL: no memory. */
static struct known *make_known(const struct trace *trace)
{
    size_t bytes = offsetof(struct trace, places) + trace->count * sizeof(*trace->places);
    struct known *known = malloc(offsetof(struct known, trace) + bytes);

    if (!known)
        return NULL;
    known->entry.number = number_of(trace);
    known->calls = unify(calls_of_trace(trace));
    memcpy(&known->trace, trace, bytes);
    return known;
}

static const struct calls *find_calls(const struct task *task)
{
    static struct table all;
    static struct trace trace;
    struct entry *entry = NULL;

    if (!unwind(task, &trace))
        return NULL;
    while ((entry = table_find(&all, number_of(&trace), entry)))
        if (is_same(&trace, &((struct known *)entry)->trace))
            return ((struct known *)entry)->calls;
    struct known *known = make_known(&trace);
    if (!known)
        return NULL;
    if (table_add(&all, &known->entry))
        return known->calls;
    free(known);
    return NULL;
}

/* ---- asked by dumps -------------------------------------------------------------------------- */

static const struct calls *calls_of(const struct task *task)
{
    pthread_mutex_lock(&lock);
    const struct calls *calls = find_calls(task);
    pthread_mutex_unlock(&lock);
    return calls;
}

static const char *function_at(const char *site)
{
    pthread_mutex_lock(&lock);
    const char *function = symbols_function_at(site);
    pthread_mutex_unlock(&lock);
    return function;
}

void leash_debug_stacks(void)
{
    static const struct teller teller = {calls_of, function_at};

    dump_set_teller(&teller);
}
