/*
 * context.h by ucontext, for machines without an assembly file here.
 *
 * Slow: swapcontext asks the system for the signal mask.  The floating-point control words travel
 * with the task, where elsewhere they stay with the thread.
 */
#include "../base.h"
#include "../context.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

/* Lies on the stack that it describes. */
struct context {
    ucontext_t machine;
    struct worker *worker; /* what the switch to it hands over */
    struct task *task;     /* of a new one */
};

/* leak_find takes what lies on a task's stack for the task's.  So a context keeps none of the
 * registers that a call may change, and a new one none at all: they hold what others had. */
static void forget_scratch(ucontext_t *machine)
{
#if defined(__x86_64__)
    static const int scratch[] = {REG_R8,  REG_R9,  REG_R10, REG_R11, REG_RDI,
                                  REG_RSI, REG_RDX, REG_RAX, REG_RCX};

    for (size_t i = 0; i < sizeof(scratch) / sizeof(*scratch); i++)
        machine->uc_mcontext.gregs[scratch[i]] = 0;
#elif defined(__aarch64__)
    memset(machine->uc_mcontext.regs, 0, 19 * sizeof(*machine->uc_mcontext.regs));
#else
    (void)machine;
#endif
}

static void forget_all(ucontext_t *machine)
{
#if defined(__x86_64__)
    memset(machine->uc_mcontext.gregs, 0, sizeof(machine->uc_mcontext.gregs));
#elif defined(__aarch64__)
    memset(machine->uc_mcontext.regs, 0, sizeof(machine->uc_mcontext.regs));
#else
    (void)machine;
#endif
}

/* Not by swapcontext, which saves a pointer to the next context; for the same reason it is kept
 * under a disguise. */
struct worker *context_switch(void **save, void *to, struct worker *worker)
{
    struct context here = {.worker = NULL};
    volatile uintptr_t next = ~(uintptr_t)to;
    volatile bool left = false;

    ((struct context *)to)->worker = worker;
    to = NULL;
    *save = &here;
    getcontext(&here.machine);
    if (left)
        return here.worker;
    left = true;
    forget_scratch(&here.machine);
    /* The mask is the thread's: what the context was left with may be another thread's. */
    pthread_sigmask(SIG_SETMASK, NULL, &((struct context *)~next)->machine.uc_sigmask);
    setcontext(&((struct context *)~next)->machine);
    __builtin_unreachable();
}

/* makecontext hands on nothing wider than an int. */
static void start(unsigned high, unsigned low)
{
    struct context *context = (struct context *)((uintptr_t)high << 32 | low);

    task_main(context->worker, context->task);
}

struct worker *context_begin(void **save, struct task *task, void *low, struct worker *worker)
{
    struct context *context = (struct context *)((uintptr_t)task / 64 * 64) - 1;
    uintptr_t place = (uintptr_t)context;

    getcontext(&context->machine);
    forget_all(&context->machine);
    context->task = task;
    context->machine.uc_stack.ss_sp = low;
    context->machine.uc_stack.ss_size = (size_t)((char *)context - (char *)low);
    context->machine.uc_link = NULL;
    makecontext(&context->machine, (void (*)(void))start, 2, (unsigned)(place >> 32),
                (unsigned)place);
    return context_switch(save, context, worker);
}
