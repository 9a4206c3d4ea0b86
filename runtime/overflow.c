/*
 * A task that overflows its stack meets the guard below it, and the thread a SIGSEGV on a stack of
 * its own.  The handler says whose stack it was, and leaves every other fault to who had it before.
 */
#include "dump.h"
#include "replay.h"
#include "scheduler.h"
#include "stack.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct sigaction former;

void dump_say(const char *text)
{
    size_t left = strlen(text);

    while (left) {
        ssize_t written = write(STDERR_FILENO, text, left);
        if (written <= 0)
            return;
        text += written;
        left -= (size_t)written;
    }
}

static void say_number(uint64_t number)
{
    char digits[24];
    char *place = digits + sizeof(digits) - 1;

    *place = '\0';
    do
        *--place = (char)('0' + number % 10);
    while (number /= 10);
    dump_say(place);
}

static void report(const struct task *task)
{
    const char *spawn = atomic_load_explicit(&task->spawn, memory_order_relaxed);

    dump_say("leash: stack overflow in ");
    dump_say(task->name);
    dump_say(" (task ");
    say_number(task->id);
    dump_say(", spawned at ");
    dump_say(spawn ? spawn : "?");
    dump_say("): a stack has ");
    say_number((uint64_t)((const char *)task - (const char *)stack_low(task)) / 1024);
    dump_say(" KiB; keep large data in malloc'd memory, or set LEASH_STACK_KIB\n");
}

static void handle_fault(int number, siginfo_t *info, void *context)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    struct task *task = stack_of_guard(info->si_addr);

    if (task)
        report(task);
    replay_say();
    if (!task && (former.sa_flags & SA_SIGINFO) && former.sa_sigaction) {
        former.sa_sigaction(number, info, context);
        return;
    }
    /* Returning runs the faulting instruction again, now with the default outcome. */
    sigaction(number, task ? &by_default : &former, NULL);
}

void overflow_start(void)
{
    struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaction(SIGSEGV, &action, &former);
}

void overflow_stop(void)
{
    struct sigaction current;

    if (!sigaction(SIGSEGV, NULL, &current) && (current.sa_flags & SA_SIGINFO) &&
        current.sa_sigaction == handle_fault)
        sigaction(SIGSEGV, &former, NULL);
}

void overflow_enter(void *signal_stack, stack_t *former_stack)
{
    stack_t stack = {.ss_sp = signal_stack, .ss_size = DUMP_SIGNAL_STACK};

    sigaltstack(&stack, former_stack);
}

void overflow_leave(const stack_t *former_stack)
{
    sigaltstack(former_stack, NULL);
}
