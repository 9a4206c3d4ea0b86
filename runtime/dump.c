#include "dump.h"
#include "clock.h"
#include "replay.h"
#include "scheduler.h"
#include "stack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---------------------------------------------------------------------------------- */

void *allocate(size_t size, const char *site)
{
    void *memory = malloc(size);

    if (unlikely(!memory))
        fatal(site, "no memory (%zu bytes)", size);
    return memory;
}

void *allocate_zeroed(size_t count, size_t size, const char *site)
{
    void *memory = calloc(count, size);

    if (unlikely(!memory))
        fatal(site, "no memory (%zu times %zu bytes)", count, size);
    return memory;
}

void *allocate_aligned(size_t alignment, size_t size, const char *site)
{
    void *memory = aligned_alloc(alignment, size);

    if (unlikely(!memory))
        fatal(site, "no memory (%zu bytes)", size);
    return memset(memory, 0, size);
}

/* ---- the dump -------------------------------------------------------------------------------- */

/* A task as it is told of: read once, so that all of a line belongs to the same state. */
struct view {
    uint64_t id;
    uint64_t parent_id; /* 0: none */
    const char *state;
    const char *name;
    const char *parked; /* the line of the call; NULL: it is not parked, or the line is not known */
    const char *spawn;  /* NULL: not known */
    const void *object; /* what it is parked on; NULL: not parked, or several things, or time */
    int64_t parked_ms;  /* how long; -1: it is not parked */
};

/* Another thread's look at the clock may have been later than ours. */
static int64_t ms_since(uint32_t since)
{
    uint32_t passed = clock_stamp(clock_now_ns()) - since;

    return passed < UINT32_MAX / 2 ? (int64_t)passed * CLOCK_STAMP_MS : 0;
}

static struct view look_at(const struct task *task)
{
    uint32_t state = atomic_load_explicit(&task->state, memory_order_relaxed);
    const char *name = atomic_load_explicit(&task->name, memory_order_relaxed);
    struct view view = {
        .id = atomic_load_explicit(&task->id, memory_order_relaxed),
        .parent_id = atomic_load_explicit(&task->parent_id, memory_order_relaxed),
        .state = state == TASK_RUNNING ? "running" : "runnable",
        .name = name ? name : "?", /* it ended, and the memory was given back */
        .spawn = atomic_load_explicit(&task->spawn, memory_order_relaxed),
        .parked_ms = -1,
    };

    if (state == TASK_PARKED) {
        const char *word = atomic_load_explicit(&task->note.state, memory_order_relaxed);
        view.state = word ? word : "parked";
        view.parked = atomic_load_explicit(&task->note.site, memory_order_relaxed);
        view.object = atomic_load_explicit(&task->note.object, memory_order_relaxed);
        view.parked_ms = ms_since(atomic_load_explicit(&task->since, memory_order_relaxed));
    }
    return view;
}

void dump_each(void (*visit)(struct task *task, void *arg), void *arg, FILE *out)
{
    flockfile(out);
    stack_each(visit, arg);
    funlockfile(out);
}

/* What the writing of `out` came to, all of it included: 0 or an errno.  errno was 0 before it. */
static int finish(FILE *out)
{
    /* An unbuffered stream, or a buffer that was full, has failed before the flush. */
    if (!fflush(out) && !ferror(out))
        return 0;
    return errno ? errno : EIO;
}

/* ---- as text --------------------------------------------------------------------------------- */

/* ", 12.3s", ", 3m12s", ", 5h07m", ", 3d04h".  Below a second nothing: nobody is stuck yet. */
static void write_duration(int64_t ms, FILE *out)
{
    int64_t seconds = ms / 1000;
    int64_t minutes = seconds / 60;
    int64_t hours = minutes / 60;

    if (seconds < 1)
        return;
    if (minutes < 1)
        fprintf(out, ", %" PRId64 ".%" PRId64 "s", seconds, ms % 1000 / 100);
    else if (hours < 1)
        fprintf(out, ", %" PRId64 "m%02" PRId64 "s", minutes, seconds % 60);
    else if (hours < 24)
        fprintf(out, ", %" PRId64 "h%02" PRId64 "m", hours, minutes % 60);
    else
        fprintf(out, ", %" PRId64 "d%02" PRId64 "h", hours / 24, hours % 24);
}

void dump_task(struct task *task, FILE *out)
{
    struct view view = look_at(task);

    fprintf(out, "task %" PRIu64 " [%s", view.id, view.state);
    write_duration(view.parked_ms, out);
    fprintf(out, "]: %s", view.name);
    if (view.parked)
        fprintf(out, ", parked at %s", view.parked);
    fprintf(out, ", spawned at %s", view.spawn ? view.spawn : "?");
    if (view.parent_id)
        fprintf(out, " by task %" PRIu64, view.parent_id);
    fputc('\n', out);
}

static void dump_if_alive(struct task *task, void *out)
{
    if (task_is_alive(task))
        dump_task(task, out);
}

int leash_task_dump(FILE *out)
{
    errno = 0;
    dump_each(dump_if_alive, out, out);
    return finish(out);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

/* Sites hold the names of files, and those may hold anything. */
static void write_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            fprintf(out, "\\u%04x", (unsigned)*text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

/* , "key": "text", or null without a text. */
static void write_member(const char *key, const char *text, FILE *out)
{
    fprintf(out, ", \"%s\": ", key);
    if (text)
        write_string(text, out);
    else
        fputs("null", out);
}

struct json {
    FILE *out;
    bool begun; /* a task was written, so that a comma has to come first */
};

static void json_if_alive(struct task *task, void *arg)
{
    struct json *json = arg;
    char number[2 + 2 * sizeof(uintptr_t) + 1];

    if (!task_is_alive(task))
        return;
    struct view view = look_at(task);
    fprintf(json->out, "%s\n{\"id\": %" PRIu64, json->begun ? "," : "", view.id);
    if (view.parent_id)
        fprintf(json->out, ", \"parent\": %" PRIu64, view.parent_id);
    else
        fputs(", \"parent\": null", json->out);
    write_member("state", view.state, json->out);
    write_member("function", view.name, json->out);
    write_member("parked", view.parked, json->out);
    if (view.parked_ms >= 0)
        fprintf(json->out, ", \"parked_ms\": %" PRId64, view.parked_ms);
    else
        fputs(", \"parked_ms\": null", json->out);
    write_member("spawned", view.spawn, json->out);
    snprintf(number, sizeof(number), "0x%" PRIxPTR, (uintptr_t)view.object);
    write_member("object", view.object ? number : NULL, json->out);
    fputc('}', json->out);
    json->begun = true;
}

bool dump_task_json(struct task *task, FILE *out, bool begun)
{
    struct json json = {.out = out, .begun = begun};

    json_if_alive(task, &json);
    return json.begun;
}

int leash_task_dump_json(FILE *out)
{
    struct json json = {.out = out};

    errno = 0;
    fputs("{\"tasks\": [", out);
    dump_each(json_if_alive, &json, out);
    fputs("\n]}\n", out);
    return finish(out);
}

/* ---- the end --------------------------------------------------------------------------------- */

void fatal(const char *site, const char *format, ...)
{
    va_list values;

    fflush(stdout);
    flockfile(stderr);
    fprintf(stderr, "leash: %s%s", site ? site : "", site ? ": " : "");
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    if (atomic_load(&runtime.running))
        leash_task_dump(stderr);
    fflush(stderr);
    replay_say();
    abort();
}
