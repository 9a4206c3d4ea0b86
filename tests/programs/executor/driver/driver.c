/* driver.c - a run of the executor: jobs that wait for each other, some late, some unwanted. */
#include "executor.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>

enum { JOBS = 40, CLIENTS = 3 };

static atomic_int ended;

static void *square(future *self, void *user)
{
    intptr_t number = (intptr_t)user;

    if (future_is_cancelled(self))
        return NULL;
    thrd_sleep(&(struct timespec){0, 200000}, NULL);
    return (void *)(number * number);
}

static void count(future *f, enum future_state state, void *user)
{
    (void)f;
    (void)state;
    atomic_fetch_add((atomic_int *)user, 1);
}

static int client(void *arg)
{
    executor *ex = arg;
    future *futures[JOBS];

    for (int i = 0; i < JOBS; i++) {
        futures[i] = i % 8 == 7 ? executor_submit_later(ex, i, square, (void *)(intptr_t)i)
                                : executor_submit(ex, square, (void *)(intptr_t)i);
        if (!futures[i])
            abort();
        future_on_end(futures[i], count, &ended);
    }
    for (int i = 0; i < JOBS; i++) {
        void *value;
        if (i % 5 == 0)
            future_cancel(futures[i]);
        if (i % 3 == 0)
            future_wait_ms(futures[i], 1, &value);
        if (future_wait(futures[i], &value) == FUTURE_DONE && (intptr_t)value != i * i)
            abort();
        future_put(futures[i]);
    }
    return 0;
}

/* Two wait for what will not come in time, and are let go by who cancels it. */
static int waiter(void *arg)
{
    return future_wait(arg, NULL) == FUTURE_CANCELLED ? 0 : 1;
}

static void cancel_waited_for(executor *ex)
{
    future *f = executor_submit_later(ex, 60 * 1000, square, NULL);
    thrd_t waiters[2];

    for (int i = 0; i < 2; i++)
        if (!f || thrd_create(&waiters[i], waiter, f) != thrd_success)
            abort();
    thrd_sleep(&(struct timespec){0, 2000000}, NULL);
    future_cancel(f);
    for (int i = 0; i < 2; i++)
        thrd_join(waiters[i], NULL);
    future_put(f);
}

int main(void)
{
    executor *ex = executor_new(3, 4);
    thrd_t clients[CLIENTS];

    if (!ex)
        return EXIT_FAILURE;
    for (int i = 0; i < CLIENTS; i++)
        if (thrd_create(&clients[i], client, ex) != thrd_success)
            return EXIT_FAILURE;
    for (int i = 0; i < CLIENTS; i++)
        thrd_join(clients[i], NULL);
    executor_drain(ex);
    cancel_waited_for(ex);
    future *late = executor_submit_later(ex, 60 * 1000, square, NULL);
    executor_shutdown(ex);
    if (!late || future_wait(late, NULL) != FUTURE_CANCELLED)
        return EXIT_FAILURE;
    future_put(late);
    printf("%d ended\n", ended);
    return EXIT_SUCCESS;
}
