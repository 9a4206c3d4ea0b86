/*
 * Under LEASH_SIGQUIT=dump a SIGQUIT writes a dump to stderr, and the program goes on.
 *
 * The signal may come in the middle of anything, so its handler only wakes a thread, and that one
 * writes.  It runs no tasks: it gets there too when each thread of the tasks computes or blocks.
 */
#include "sigquit.h"
#include "leash.h"
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct {
    pthread_t thread;
    struct sigaction former; /* behaviour of SIGQUIT */
    sem_t wanted;            /* a dump, or the end of the thread; never destroyed, since a handler
                              * may still be on its way to it */
    bool started;
    _Atomic bool stopping;
} sigquit;

static bool is_wanted(void)
{
    const char *text = getenv("LEASH_SIGQUIT");

    if (!text || !*text)
        return false;
    if (!strcmp(text, "dump"))
        return true;
    fatal(NULL, "LEASH_SIGQUIT=%s: dump", text);
}

static void handle(int number)
{
    int error = errno;

    (void)number;
    sem_post(&sigquit.wanted);
    errno = error;
}

/* One dump for all signals that came meanwhile. */
static void *write_dumps(void *unused)
{
    (void)unused;
    for (;;) {
        while (sem_wait(&sigquit.wanted)) // interrupted
            ;
        while (!sem_trywait(&sigquit.wanted))
            ;
        if (atomic_load(&sigquit.stopping))
            return NULL;
        leash_task_dump(stderr);
    }
}

void sigquit_start(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigset_t all;
    sigset_t former;

    sigquit.started = false;
    if (!is_wanted())
        return;
    atomic_store(&sigquit.stopping, false);
    sem_init(&sigquit.wanted, 0, 0);
    /* Signals are for the threads of the tasks. */
    sigfillset(&all);
    sigdelset(&all, WORLD_SIGNAL);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    int error = pthread_create(&sigquit.thread, NULL, write_dumps, NULL);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (error) {
        fprintf(stderr, "leash: no thread for the dumps of LEASH_SIGQUIT: %s\n", strerror(error));
        return;
    }
    sigaction(SIGQUIT, &action, &sigquit.former);
    sigquit.started = true;
}

void sigquit_stop(void)
{
    struct sigaction current;

    if (!sigquit.started)
        return;
    if (!sigaction(SIGQUIT, NULL, &current) && current.sa_handler == handle)
        sigaction(SIGQUIT, &sigquit.former, NULL);
    atomic_store(&sigquit.stopping, true);
    sem_post(&sigquit.wanted);
    pthread_join(sigquit.thread, NULL);
}
