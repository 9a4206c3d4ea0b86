/*
 * context.h by ucontext, for machines without an assembly file here.
 *
 * Slow: swapcontext asks the system for the signal mask.  The floating-point control words travel
 * with the task, where elsewhere they stay with the thread.
 */
#include "../base.h"
#include "../context.h"

#include <signal.h>
#include <ucontext.h>

/* Lies on the stack that it describes. */
struct context {
    ucontext_t machine;
    struct worker *worker; /* what the switch to it hands over */
    struct task *task;     /* of a new one */
};

struct worker *context_switch(void **save, void *to, struct worker *worker)
{
    struct context here;
    struct context *next = to;

    next->worker = worker;
    *save = &here;
    /* The mask is the thread's: what the context was left with may be another thread's. */
    pthread_sigmask(SIG_SETMASK, NULL, &next->machine.uc_sigmask);
    swapcontext(&here.machine, &next->machine);
    return here.worker;
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
    context->task = task;
    context->machine.uc_stack.ss_sp = low;
    context->machine.uc_stack.ss_size = (size_t)((char *)context - (char *)low);
    context->machine.uc_link = NULL;
    makecontext(&context->machine, (void (*)(void))start, 2, (unsigned)(place >> 32),
                (unsigned)place);
    return context_switch(save, context, worker);
}
