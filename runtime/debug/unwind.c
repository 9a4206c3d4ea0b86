/*
 * The task may go on at any moment, on another thread.  Then what is read of its stack makes no
 * sense, though it can be read: stacks stay mapped.  So every word that counted is looked at once
 * more in the end, and the task has to be where it was.
 */
#include "unwind.h"
#include "fiber.h"
#include "stack.h"

#include <dwarf.h>
#include <string.h>
#include <ucontext.h>

/* What others write at the same time, and a sanitizer guards. */
#if defined(__clang__)
#define UNGUARDED __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define UNGUARDED __attribute__((noinline, no_sanitize("address", "thread", "undefined")))
#endif

/* ---- reading a stack ------------------------------------------------------------------------- */

enum { WORDS_MAX = UNWIND_MAX * REGISTERS };

/* The words that were read; those of the stack lie in low .. high. */
static struct {
    uintptr_t low, high;
    size_t count;
    struct {
        uintptr_t address, value;
    } words[WORDS_MAX];
} reads;

static UNGUARDED uintptr_t look(uintptr_t address)
{
    uintptr_t value = *(const volatile uintptr_t *)address;

    fiber_take_as_written(&value, sizeof(value));
    return value;
}

/* False: there is no such place on the stack. */
static bool read_word(uintptr_t address, uintptr_t *value)
{
    if (address < reads.low || address > reads.high - sizeof(*value) || address % sizeof(*value) ||
        reads.count == WORDS_MAX)
        return false;
    *value = look(address);
    reads.words[reads.count].address = address;
    reads.words[reads.count++].value = *value;
    return true;
}

static bool reads_still_hold(void)
{
    for (size_t i = 0; i < reads.count; i++)
        if (look(reads.words[i].address) != reads.words[i].value)
            return false;
    return true;
}

static void forget_reads(void)
{
    memset(reads.words, 0, reads.count * sizeof(*reads.words));
    reads.count = 0;
}

/* ---- registers ------------------------------------------------------------------------------- */

struct frame {
    uintptr_t registers[REGISTERS];
    uintptr_t address; /* by which the caller's are told */
};

#if defined(__x86_64__) && defined(LEASH_RT_UCONTEXT)
/* In a struct context, of which the machine's is the first member: arch/ucontext.c. */
static bool read_registers(uintptr_t context, struct frame *frame)
{
    static const int order[REGISTERS] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                         REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                         REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

    for (int i = 0; i < REGISTERS; i++)
        if (!read_word(context + offsetof(ucontext_t, uc_mcontext.gregs[order[i]]),
                       &frame->registers[i]))
            return false;
    return true;
}
#elif defined(__x86_64__)
/* As context_switch in arch/x86_64.S pushes them. */
static bool read_registers(uintptr_t context, struct frame *frame)
{
    static const int order[] = {15, 14, 13, 12, 3, 6, REGISTER_PLACE};
    enum { COUNT = sizeof(order) / sizeof(*order) };

    for (int i = 0; i < COUNT; i++)
        if (!read_word(context + (uintptr_t)i * sizeof(uintptr_t), &frame->registers[order[i]]))
            return false;
    frame->registers[REGISTER_SP] = context + COUNT * sizeof(uintptr_t);
    return true;
}
#else
static bool read_registers(uintptr_t context, struct frame *frame)
{
    (void)context, (void)frame;
    return false;
}
#endif

/* ---- one call back --------------------------------------------------------------------------- */

/* A stack of as many values as an expression can push. */
struct values {
    size_t count;
    uintptr_t at[OPERATIONS_MAX];
};

/* False: it is none of the few operations that compilers use here. */
static bool step(const Dwarf_Op *operation, const struct frame *frame, struct values *values)
{
    if (operation->atom >= DW_OP_breg0 && operation->atom < DW_OP_breg0 + REGISTERS) {
        values->at[values->count++] =
            frame->registers[operation->atom - DW_OP_breg0] + operation->number;
        return true;
    }
    switch (operation->atom) {
    case DW_OP_bregx:
        if (operation->number >= REGISTERS)
            return false;
        values->at[values->count++] = frame->registers[operation->number] + operation->number2;
        return true;
    case DW_OP_call_frame_cfa:
        values->at[values->count++] = frame->address;
        return true;
    case DW_OP_plus_uconst:
        if (!values->count)
            return false;
        values->at[values->count - 1] += operation->number;
        return true;
    case DW_OP_deref:
        return values->count &&
               read_word(values->at[values->count - 1], &values->at[values->count - 1]);
    default:
        return false;
    }
}

static bool evaluate(const struct expression *expression, const struct frame *frame,
                     uintptr_t *value)
{
    struct values values = {0};

    for (size_t i = 0; i < expression->count; i++)
        if (!step(&expression->operations[i], frame, &values))
            return false;
    if (values.count != 1)
        return false;
    *value = values.at[0];
    return true;
}

static bool read_saved(const struct saved *saved, const struct frame *frame, uintptr_t *value)
{
    switch (saved->how) {
    case SAVED_AT:
        return evaluate(&saved->where, frame, value) && read_word(*value, value);
    case SAVED_AS:
        return evaluate(&saved->where, frame, value);
    case SAVED_NOWHERE:
        *value = 0;
        return true;
    case SAVED_IN_REGISTER:
        return true;
    }
    return false;
}

/* Goes on to the caller of the function that the place is in. */
static bool go_back(const struct place *place, struct frame *frame)
{
    struct frame caller = *frame;

    if (!evaluate(&place->frame, frame, &frame->address) ||
        frame->address <= frame->registers[REGISTER_SP])
        return false;
    for (int i = 0; i < REGISTERS; i++)
        if (!read_saved(&place->saved[i], frame, &caller.registers[i]))
            return false;
    caller.registers[REGISTER_SP] = frame->address;
    *frame = caller;
    return true;
}

/* ---- all calls ------------------------------------------------------------------------------- */

/* The control block's field that the switch writes, in assembly or as a plain one. */
static uintptr_t context_of(const struct task *task)
{
    return look((uintptr_t)&task->sp);
}

static bool is_set_aside(const struct task *task)
{
    uint32_t state = atomic_load_explicit(&task->state, memory_order_relaxed);

    return state == TASK_PARKED || state == TASK_READY;
}

static bool is_outermost(const struct place *place)
{
    return place->call_count &&
           !strcmp(place->calls[place->call_count - 1].function, "leash_rt_task_main");
}

/* A place that was not met before is only looked for while there may be one. */
static const struct place *find_place(uintptr_t address)
{
    const struct place *place = symbols_known(address);

    return place || !reads_still_hold() ? place : symbols_find(address);
}

static bool walk(struct frame *frame, struct trace *trace)
{
    for (;;) {
        if (trace->count == UNWIND_MAX)
            return trace->is_cut = true;
        const struct place *place = find_place(frame->registers[REGISTER_PLACE]);
        if (!place)
            return false;
        if (is_outermost(place))
            return true;
        trace->places[trace->count++] = place;
        if (!go_back(place, frame))
            return false;
    }
}

/* With all that is read kept in `reads`. */
static bool unwind_once(const struct task *task, struct trace *trace)
{
    struct frame frame = {.address = 0};
    uintptr_t context = context_of(task);

    trace->count = 0;
    trace->is_cut = false;
    if (!context || !is_set_aside(task))
        return false;
    reads.low = (uintptr_t)stack_low(task);
    reads.high = (uintptr_t)task;
    return read_registers(context, &frame) && walk(&frame, trace) && is_set_aside(task) &&
           context_of(task) == context && reads_still_hold();
}

bool unwind(const struct task *task, struct trace *trace)
{
    fiber_ignore_reads(true);
    bool known = unwind_once(task, trace);
    forget_reads();
    fiber_ignore_reads(false);
    return known;
}
