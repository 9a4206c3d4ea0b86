/* flight.c - one load for all who want the same key at the same time. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static struct flight *flight_new(const char *key)
{
    struct flight *flight = calloc(1, sizeof *flight);

    if (!flight)
        return NULL;
    strncpy(flight->key, key, sizeof flight->key - 1);
    flight->landed = done_make();
    flight->holders = 1; /* the loader */
    return flight;
}

/* Under the lock. */
static struct flight *find(struct flights *flights, const char *key)
{
    struct flight *flight = flights->first;

    while (flight && strcmp(flight->key, key) != 0)
        flight = flight->next;
    return flight;
}

struct flight *flight_join(struct cache *cache, const char *key, bool *begun)
{
    struct flights *flights = &cache->flights;

    mu_lock(&flights->lock);
    struct flight *flight = find(flights, key);
    *begun = !flight;
    if (flight) {
        count(cache, &cache->numbers.shared);
        flight->holders++;
        mu_unlock(&flights->lock);
        return flight;
    }
    flight = flight_new(key);
    if (!flight) {
        mu_unlock(&flights->lock);
        return NULL;
    }
    flight->holders++;
    flight->next = flights->first;
    flights->first = flight;
    mu_unlock(&flights->lock);
    return flight;
}

void flight_spoil(struct cache *cache, const char *key)
{
    struct flights *flights = &cache->flights;

    mu_lock(&flights->lock);
    defer_unlock(&flights->lock);
    struct flight *flight = find(flights, key);
    if (flight)
        flight->spoiled = true;
}

bool flight_is_spoiled(struct cache *cache, struct flight *flight)
{
    mu_lock(&cache->flights.lock);
    defer_unlock(&cache->flights.lock);
    return flight->spoiled;
}

void flight_leave(struct cache *cache, struct flight *flight)
{
    mu_lock(&cache->flights.lock);
    bool last = --flight->holders == 0;
    mu_unlock(&cache->flights.lock);
    if (!last)
        return;
    chan_free(flight->landed);
    free(flight);
}

void flight_land(struct cache *cache, struct flight *flight, int error)
{
    struct flights *flights = &cache->flights;

    mu_lock(&flights->lock);
    struct flight **at = &flights->first;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    flight->error = error;
    chan_close(flight->landed);
    mu_unlock(&flights->lock);
    flight_leave(cache, flight);
}
