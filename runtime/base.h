/* base.h - what every file of the runtime uses. */
#ifndef LEASH_RT_BASE_H
#define LEASH_RT_BASE_H

#include "names.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/* The object of which `pointer` is the member. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#if defined(__SANITIZE_ADDRESS__)
#define RT_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define RT_TSAN 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define RT_TSAN 1
#endif
#endif
#ifndef RT_ASAN
#define RT_ASAN 0
#endif
#ifndef RT_TSAN
#define RT_TSAN 0
#endif

/* For steps of operations that are measured in nanoseconds. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/*
 * Neither inlined nor looked into.  Thread-locals are reached through such functions alone: a task
 * that parked may go on on another thread, and an address of a thread-local that a compiler kept
 * across the park would be the former thread's.
 */
#if defined(__clang__)
#define RT_OPAQUE __attribute__((noinline, optnone))
#else
#define RT_OPAQUE __attribute__((noipa))
#endif

/* Ends the program: the message with the line of the user's call (`site`, or NULL), a dump of all
 * tasks, abort(). */
_Noreturn void fatal(const char *site, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

/* malloc and calloc that end the program where there is no memory. */
void *allocate(size_t size, const char *site) __attribute__((malloc));
void *allocate_zeroed(size_t count, size_t size, const char *site) __attribute__((malloc));
/* Zeroed and aligned; `size` is a multiple of the alignment. */
void *allocate_aligned(size_t alignment, size_t size, const char *site) __attribute__((malloc));

#endif
