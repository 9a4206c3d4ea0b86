/* Tasks that are left: after a mark, in a test's scope, at the end of leash_run. */
#include "leak.h"
#include "clock.h"
#include "dump.h"
#include "idle.h"
#include "leash.h"
#include "replay.h"
#include "scheduler.h"
#include "stack.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATUS_LEAKS = 23,
    GRACE_MS = 100,     /* for tasks that are about to end */
    FIRST_PAUSE_MS = 1, /* between looks, doubled each time */
    LAST_PAUSE_MS = 16
};

/* ---- grace ----------------------------------------------------------------------------------- */

/* Time for tasks that are about to end.  By both clocks: a virtual one stands still while a task
 * computes, and gets far in no time when none does. */
struct grace {
    int64_t until_ms;
    int64_t until_real_ns;
};

static struct grace grace_begin(int64_t grace_ms)
{
    int64_t until_ms, length_ns, until_ns;

    if (__builtin_add_overflow(leash_task_now_ms(), grace_ms, &until_ms))
        until_ms = INT64_MAX;
    if (__builtin_mul_overflow(grace_ms, INT64_C(1000000), &length_ns) ||
        __builtin_add_overflow(clock_real_ns(), length_ns, &until_ns))
        until_ns = INT64_MAX;
    return (struct grace){until_ms, until_ns};
}

static bool grace_lasts(const struct grace *grace)
{
    return leash_task_now_ms() < grace->until_ms &&
           (!clock_is_virtual() || clock_real_ns() < grace->until_real_ns);
}

/* Lets others run.  A virtual clock would not end a sleep while one computes. */
static void grace_pause(int64_t pause_ms)
{
    if (clock_is_virtual() && idle_others_run())
        leash_task_yield();
    else
        leash_task_sleep_ms(pause_ms, NULL);
}

/* ---- tasks that are meant to stay ------------------------------------------------------------ */

enum { IGNORED_MAX = 64 };

static _Atomic(const char *) ignored[IGNORED_MAX];

void leash_leak_ignore(const char *pattern)
{
    for (size_t i = 0; i < IGNORED_MAX; i++) {
        const char *none = NULL;
        if (atomic_compare_exchange_strong(&ignored[i], &none, pattern))
            return;
    }
    fatal(NULL, "leak_ignore(\"%s\"): there are %d of them already", pattern, IGNORED_MAX);
}

/* Fits the pattern the whole of the site, or its end after a slash? */
static bool site_fits(const char *pattern, const char *site)
{
    for (const char *end = site; end; end = strchr(end, '/')) {
        end += *end == '/';
        if (fnmatch(pattern, end, 0) == 0)
            return true;
    }
    return fnmatch(pattern, site, 0) == 0;
}

static bool is_ignored(const struct task *task)
{
    const char *site = atomic_load_explicit(&task->spawn, memory_order_relaxed);
    const char *pattern;

    for (size_t i = 0; site && i < IGNORED_MAX && (pattern = atomic_load(&ignored[i])); i++)
        if (site_fits(pattern, site))
            return true;
    return false;
}

/* ---- counting -------------------------------------------------------------------------------- */

/* The tasks after a mark, but for the one that asks. */
struct search {
    uint64_t last_id;
    uint64_t own_id;
    FILE *out; /* where to dump them; NULL: only count */
    size_t found;
};

static void look_at(struct task *task, void *arg)
{
    struct search *search = arg;

    if (!task_is_alive(task) || task->id <= search->last_id || task->id == search->own_id ||
        is_ignored(task))
        return;
    search->found++;
    if (search->out)
        dump_task(task, search->out);
}

static size_t find_after(leash_leak_mark_t mark, FILE *out)
{
    struct task *self = task_self();
    struct search search = {
        .last_id = mark.last_task_id, .own_id = self ? self->id : 0, .out = out};

    if (out)
        dump_each(look_at, &search, out);
    else
        stack_each(look_at, &search);
    return search.found;
}

leash_leak_mark_t leash_leak_mark(void)
{
    return (leash_leak_mark_t){atomic_load(&runtime.id_next) - 1};
}

size_t leash_leak_report(FILE *out, leash_leak_mark_t mark, int64_t grace_ms)
{
    struct grace grace = grace_begin(grace_ms);
    int64_t pause_ms = FIRST_PAUSE_MS;

    while (find_after(mark, NULL) && grace_lasts(&grace)) {
        grace_pause(pause_ms);
        pause_ms = pause_ms * 2 < LAST_PAUSE_MS ? pause_ms * 2 : LAST_PAUSE_MS;
    }
    return find_after(mark, out);
}

void leash_leak_check(leash_leak_mark_t *mark)
{
    size_t left = leash_leak_report(stderr, *mark, GRACE_MS);

    if (!left)
        return;
    fprintf(stderr, "leash: the block left %zu task%s behind\n", left, left == 1 ? "" : "s");
    replay_say();
    exit(STATUS_LEAKS);
}

/* ---- the end of leash_run -------------------------------------------------------------------- */

/* Lets the other tasks go on as far as they can. */
static void let_others_end(void)
{
    struct grace grace = grace_begin(GRACE_MS);

    while (idle_others_run() && grace_lasts(&grace)) {
        leash_task_yield();
        if (idle_others_run())
            grace_pause(FIRST_PAUSE_MS);
    }
}

enum leak_setting leak_setting(void)
{
    const char *text = getenv("LEASH_LEAKS");

    if (!text || !*text)
        return LEAKS_UNSAID;
    if (!strcmp(text, "report"))
        return LEAKS_REPORTED;
    if (!strcmp(text, "fail"))
        return LEAKS_FAIL;
    fatal(NULL, "LEASH_LEAKS=%s: report or fail", text);
}

bool leak_look_at_end(enum leak_setting setting)
{
    let_others_end();
    if (setting == LEAKS_UNSAID || leash_task_count() == 1)
        return false;
    size_t left = leash_leak_report(stderr, (leash_leak_mark_t){0}, GRACE_MS);
    if (!left)
        return false;
    fprintf(stderr, "leash: %zu task%s left when the first one returned\n", left,
            left == 1 ? " was" : "s were");
    replay_say();
    return setting == LEAKS_FAIL;
}

void leak_fail(void)
{
    exit(STATUS_LEAKS);
}
