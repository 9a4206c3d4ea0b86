/*
 * Under LEASH_SIGQUIT=dump, or =tree and the like, a SIGQUIT writes a dump to stderr, and the
 * program goes on.
 *
 * The signal may come in the middle of anything, so its handler only wakes a thread, and that one
 * writes.  It runs no tasks: it gets there too when each thread of the tasks computes or blocks.
 */
#include "sigquit.h"
#include "dump.h"
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
    const char *view;        /* see task_dump_as */
    sem_t wanted;            /* a dump, or the end of the thread; never destroyed, since a handler
                              * may still be on its way to it */
    bool started;
    _Atomic bool stopping;
} sigquit;

/* How the tasks are to be arranged; NULL: no dump is wanted. */
static const char *wanted_view(void)
{
    const char *text = getenv("LEASH_SIGQUIT");

    if (!text || !*text)
        return NULL;
    if (!strcmp(text, "dump"))
        return "list";
    if (dump_knows_view(text))
        return text;
    fatal(NULL, "LEASH_SIGQUIT=%s: dump, top, list, tree or objects", text);
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
        leash_task_dump_as(stderr, sigquit.view);
    }
}

void sigquit_start(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigset_t all;
    sigset_t former;

    sigquit.started = false;
    sigquit.view = wanted_view();
    if (!sigquit.view)
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
