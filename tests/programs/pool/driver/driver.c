/*
 * driver.c - a run of the pool: more clients than connections, some that break, a server that is
 * down in the end, and a drain while clients wait.
 */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLIENTS = 6, WAITERS = 2, ROUNDS = 10, OPEN_MS = 1, USE_MS = 1, PATIENCE_MS = 2 };

struct server {
    mu_t lock;
    struct pool *pool;
    int opened, closed, events; /* under lock */
    bool down;                  /* under lock: nothing can be opened */
};

static int server_open(void *user, void **handle)
{
    struct server *server = user;

    task_sleep_ms(OPEN_MS);
    mu_lock(&server->lock);
    defer_unlock(&server->lock);
    if (server->down)
        return ECONNREFUSED;
    *handle = calloc(1, sizeof(int));
    server->opened += *handle != NULL;
    return *handle ? 0 : ENOMEM;
}

/* Every fourth connection does not answer for a while, every third is found broken. */
static bool server_probe(void *user, void *handle)
{
    int *uses = handle;

    (void)user;
    task_sleep_ms(*uses % 4 == 3 ? 12 : 0);
    return *uses % 3 != 2;
}

static void server_close(void *user, void *handle)
{
    struct server *server = user;

    mu_lock(&server->lock);
    defer_unlock(&server->lock);
    server->closed++;
    free(handle);
}

static void server_event(void *user, enum pool_event event)
{
    struct server *server = user;

    (void)event;
    task_sleep_ms(1);
    if (server->pool)
        (void)pool_numbers(server->pool);
    server->events++;
}

static void use(struct pool *pool, int client)
{
    struct connection *connection;

    for (int round = 0; round < ROUNDS; round++) {
        int error = (client + round) % 2 ? pool_acquire(pool, &connection)
                                         : pool_acquire_within(pool, PATIENCE_MS, &connection);
        if (error)
            continue;
        ++*(int *)connection_handle(connection);
        task_sleep_ms(USE_MS + client % 2);
        pool_release(pool, connection, (client * 3 + round) % 7 == 0);
        if (round % 4 == 3)
            task_sleep_ms(4);
    }
}

static void hold(struct pool *pool, struct connection *connection, int ms)
{
    task_sleep_ms(ms);
    pool_release(pool, connection, true);
}

static void wait_in_vain(struct pool *pool)
{
    struct connection *connection;

    if (pool_acquire(pool, &connection) == 0)
        pool_release(pool, connection, false);
}

/* Breaks all there are, so that the openers try in vain, and drains while some are lent
 * and clients wait. */
static void go_down(struct server *server, wg_t *clients)
{
    struct connection *connection;
    int lent = 0;

    mu_lock(&server->lock);
    server->down = true;
    mu_unlock(&server->lock);
    while (pool_acquire_within(server->pool, 2 * PATIENCE_MS, &connection) == 0) {
        wg_spawn(clients, hold, server->pool, connection, lent ? 20 : 5);
        lent++;
    }
    for (int i = 0; i < WAITERS; i++)
        wg_spawn(clients, wait_in_vain, server->pool);
    task_sleep_ms(8);
    pool_drain(server->pool);
}

static int entry(int argc, char **argv)
{
    struct server server = {0};
    struct pool_options options = {.open = server_open,
                                   .probe = server_probe,
                                   .close = server_close,
                                   .event = server_event,
                                   .user = &server,
                                   .size = 3,
                                   .openers = 2,
                                   .probe_ms = 0};
    wg_t clients = {0};

    (void)argc;
    (void)argv;
    if (pool_create(&options, &server.pool) != EINVAL)
        return 1;
    options.probe_ms = 3;
    if (pool_create(&options, &server.pool) != 0)
        return 1;
    for (int i = 0; i < CLIENTS; i++)
        wg_spawn(&clients, use, server.pool, i);
    wg_wait(&clients);
    go_down(&server, &clients);
    wg_wait(&clients);
    wait_in_vain(server.pool);
    pool_destroy(server.pool);
    printf("%d opened, %d closed, %d events\n", server.opened, server.closed, server.events);
    return server.opened == server.closed ? 0 : 1;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
