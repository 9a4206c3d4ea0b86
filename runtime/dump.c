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

static _Atomic(const struct teller *) teller;

void dump_set_teller(const struct teller *who)
{
    atomic_store(&teller, who);
}

/* Another thread's look at the clock may have been later than ours. */
static int64_t ms_since(uint32_t since)
{
    uint32_t passed = clock_stamp(clock_now_ns()) - since;

    return passed < UINT32_MAX / 2 ? (int64_t)passed * CLOCK_STAMP_MS : 0;
}

/* Asks for what is known of the task's calls, unless it went on meanwhile. */
static void ask(const struct teller *who, const struct task *task, uint32_t state,
                struct view *view)
{
    const struct calls *calls = who->calls_of(task);

    if (view->spawn)
        view->creator = who->function_at(view->spawn);
    if (atomic_load_explicit(&task->state, memory_order_relaxed) == state &&
        (state != TASK_PARKED ||
         atomic_load_explicit(&task->note.site, memory_order_relaxed) == view->parked))
        view->calls = calls;
}

struct view dump_look_at(const struct task *task)
{
    const struct teller *who = atomic_load(&teller);
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
    if (who)
        ask(who, task, state, &view);
    return view;
}

void dump_each(void (*visit)(struct task *task, void *arg), void *arg, FILE *out)
{
    flockfile(out);
    stack_each(visit, arg);
    funlockfile(out);
}

int dump_finish(FILE *out)
{
    /* An unbuffered stream, or a buffer that was full, has failed before the flush. */
    if (!fflush(out) && !ferror(out))
        return 0;
    return errno ? errno : EIO;
}

/* ---- as text --------------------------------------------------------------------------------- */

/* ", 12.3s", ", 3m12s", ", 5h07m", ", 3d04h".  Below a second nothing: nobody is stuck yet. */
static void write_duration(int64_t ms, const char *most, FILE *out)
{
    int64_t seconds = ms / 1000;
    int64_t minutes = seconds / 60;
    int64_t hours = minutes / 60;

    if (seconds < 1)
        return;
    fprintf(out, ", %s", most);
    if (minutes < 1)
        fprintf(out, "%" PRId64 ".%" PRId64 "s", seconds, ms % 1000 / 100);
    else if (hours < 1)
        fprintf(out, "%" PRId64 "m%02" PRId64 "s", minutes, seconds % 60);
    else if (hours < 24)
        fprintf(out, "%" PRId64 "h%02" PRId64 "m", hours, minutes % 60);
    else
        fprintf(out, "%" PRId64 "d%02" PRId64 "h", hours / 24, hours % 24);
}

void dump_write_what(const struct view *view, size_t count, int64_t longest_ms, FILE *out)
{
    fprintf(out, "[%s", view->state);
    write_duration(longest_ms, count > 1 ? "up to " : "", out);
    fprintf(out, "]: %s", view->name);
    if (view->parked)
        fprintf(out, ", parked at %s", view->parked);
    fprintf(out, ", spawned at %s", view->spawn ? view->spawn : "?");
}

void dump_write_calls(const struct view *view, int indent, FILE *out)
{
    const struct calls *calls = view->calls;

    for (size_t i = 0; calls && i < calls->count; i++) {
        const struct call *call = &calls->at[i];
        fprintf(out, "%*s%s%s%s\n", indent, "", call->function, call->at ? " at " : "",
                call->at ? call->at : "");
    }
    if (calls && calls->is_cut)
        fprintf(out, "%*s...\n", indent, "");
    if (view->creator)
        fprintf(out, "%*screated by %s at %s\n", indent, "", view->creator, view->spawn);
}

void dump_task(struct task *task, FILE *out)
{
    struct view view = dump_look_at(task);

    fprintf(out, "task %" PRIu64 " ", view.id);
    dump_write_what(&view, 1, view.parked_ms, out);
    if (view.parent_id)
        fprintf(out, " by task %" PRIu64, view.parent_id);
    fputc('\n', out);
    dump_write_calls(&view, 4, out);
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
    return dump_finish(out);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

/* Sites hold the names of files, and those may hold anything. */
static void write_string(const char *text, FILE *out)
{
    const char *plain = text; /* not written yet */

    fputc('"', out);
    for (; *text; text++) {
        if (*text != '"' && *text != '\\' && (unsigned char)*text >= ' ')
            continue;
        fwrite(plain, 1, (size_t)(text - plain), out);
        plain = text + 1;
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else
            fprintf(out, "\\u%04x", (unsigned)*text);
    }
    fwrite(plain, 1, (size_t)(text - plain), out);
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

/* , "stack": [{"function": "worker", "at": "server.c:41"}, ...] */
static void write_stack(const struct calls *calls, FILE *out)
{
    fputs(", \"stack\": [", out);
    for (size_t i = 0; i < calls->count; i++) {
        fputs(i ? ", {\"function\": " : "{\"function\": ", out);
        write_string(calls->at[i].function, out);
        write_member("at", calls->at[i].at, out);
        fputc('}', out);
    }
    fputc(']', out);
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
    struct view view = dump_look_at(task);
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
    if (view.creator)
        write_member("created_by", view.creator, json->out);
    if (view.calls)
        write_stack(view.calls, json->out);
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
    return dump_finish(out);
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
