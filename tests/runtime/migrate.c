/*
 * migrate.c - a task that goes on on another thread finds there what is its own.
 *
 * A compiler may keep the address of a thread-local across a call that parks; afterwards it is the
 * former thread's.  In a shared library that address costs a call, so there it is kept most
 * eagerly; and this is worth most where the compiler sees and inlines all it can, in the preset
 * lto.  A random schedule makes tasks change threads all the time.
 */
#include "migrate.h"

#include <leash.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { PAIRS = 32, ROUNDS = 300, MOVES = 10000 };

static _Atomic int moves; /* a task was found on another thread than before */
static _Atomic int wrong;

/* As user code is told to do it: nothing of the thread is remembered across a call that parks. */
static __attribute__((noinline)) void set_errno(int number)
{
    errno = number;
}

static __attribute__((noinline)) int get_errno(void)
{
    return errno;
}

/* Not pthread_self itself, which is declared to return the same every time. */
static __attribute__((noinline)) pthread_t this_thread(void)
{
    __asm__ volatile("" ::: "memory");
    return pthread_self();
}

static void expect(bool holds, const char *what, int number, int round)
{
    if (holds)
        return;
    fprintf(stderr, "task %d, round %d: %s\n", number, round, what);
    wrong++;
}

/* Parks by each way in turn.  Both of a pair send before they receive, so neither waits for ever.
 */
static void park_somehow(chan_t *in, chan_t *out, int round)
{
    chan_t *never = NULL;
    int value = round;

    switch (round % 6) {
    case 0:
        chan_send(out, &value);
        break;
    case 1:
        chan_recv(in, &value);
        break;
    case 2:
        chan_select(DONE(never), SEND(out, &value));
        break;
    case 3:
        chan_select(RECV(in, &value), AFTER_MS(60000));
        break;
    case 4:
        task_yield();
        break;
    default:
        task_sleep_ms(round % 60 == 5);
        break;
    }
}

static void one_of_two(chan_t *in, chan_t *out, int number)
{
    uint64_t id = task_id();
    pthread_t thread = this_thread();

    for (int round = 0; round < ROUNDS; round++) {
        set_errno(number);
        park_somehow(in, out, round);
        expect(get_errno() == number, "errno is another's", number, round);
        expect(task_id() == id, "the number is another's", number, round);
        if (!pthread_equal(this_thread(), thread))
            moves++;
        thread = this_thread();
    }
}

static int entry(int argc, char **argv)
{
    wg_t all = {0};
    chan_t *there[PAIRS];
    chan_t *back[PAIRS];

    (void)argc, (void)argv;
    for (int i = 0; i < PAIRS; i++) {
        there[i] = chan_make(int, 1);
        back[i] = chan_make(int, 1);
        wg_spawn(&all, one_of_two, there[i], back[i], 2 * i + 1);
        wg_spawn(&all, one_of_two, back[i], there[i], 2 * i + 2);
    }
    wg_wait(&all);
    for (int i = 0; i < PAIRS; i++) {
        chan_free(there[i]);
        chan_free(back[i]);
    }
    return 0;
}

int migrate(void)
{
    enum { TRIES = 100 };

    setenv("LEASH_THREADS", "4", 1);
    for (int i = 0; i < TRIES && moves < MOVES; i++) {
        char schedule[32];
        snprintf(schedule, sizeof(schedule), "random:%d", i);
        setenv("LEASH_SCHEDULE", schedule, 1);
        leash_run(entry, 0, NULL);
    }
    printf("%d moves between threads\n", moves);
    if (!moves)
        fprintf(stderr, "no task changed its thread: nothing was tested\n");
    return wrong || !moves;
}
