#include "replay.h"
#include "dump.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

/* What ends a program by its own fault.  SIGSEGV is told of by who looks at it for overflows. */
static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL};

static struct {
    char line[128]; /* empty: there is no schedule */
    _Atomic bool said;
} replay;

void replay_say(void)
{
    if (replay.line[0] && !atomic_exchange(&replay.said, true))
        dump_say(replay.line);
}

/* Nobody else takes the signal, so its default outcome follows. */
static void handle_fault(int number)
{
    replay_say();
    raise(number);
}

void replay_start(const char *schedule, uint32_t threads)
{
    const struct sigaction action = {.sa_handler = handle_fault,
                                     .sa_flags = SA_RESETHAND | SA_ONSTACK};
    struct sigaction current;

    snprintf(replay.line, sizeof(replay.line),
             "leash: again with LEASH_THREADS=%u LEASH_SCHEDULE=%s\n", threads, schedule);
    atomic_store(&replay.said, false);
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
        if (!sigaction(faults[i], NULL, &current) && !(current.sa_flags & SA_SIGINFO) &&
            current.sa_handler == SIG_DFL)
            sigaction(faults[i], &action, NULL);
}

void replay_stop(void)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    struct sigaction current;

    replay.line[0] = '\0';
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
        if (!sigaction(faults[i], NULL, &current) && !(current.sa_flags & SA_SIGINFO) &&
            current.sa_handler == handle_fault)
            sigaction(faults[i], &by_default, NULL);
}
