/* require.h - checks and random numbers for tests of the runtime, with or without cmocka. */
#ifndef LEASH_TEST_REQUIRE_H
#define LEASH_TEST_REQUIRE_H

#include <leash.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void check_failed(const char *what, long result, const char *place)
{
    int error = errno;

    fprintf(stderr, "%s: %s (%ld, errno %d: %s)\n", place, what, result, error, strerror(error));
    abort();
}

/* Ends the program where the condition does not hold; a task may use it. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, 0, LEASH_HERE))

/* A sequence of its own for whoever holds one: splitmix64. */
struct random {
    uint64_t state;
};

static inline uint64_t mix(uint64_t word)
{
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
}

static inline uint64_t random_next(struct random *random)
{
    return mix(random->state += 0x9e3779b97f4a7c15u);
}

/* From 0 to below - 1. */
static inline int random_below(struct random *random, int below)
{
    return (int)(random_next(random) % (uint64_t)below);
}

static inline bool random_chance(struct random *random, int percent)
{
    return random_below(random, 100) < percent;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
