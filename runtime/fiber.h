/*
 * fiber.h - what sanitizers and valgrind are told about stacks; nothing in a plain build.
 *
 * Around each context_switch:
 *
 *     void *kept = fiber_leave(from_is_ending, bottom, size, fiber);   // of where it goes on
 *     worker = context_switch(...);
 *     fiber_arrive(kept);
 */
#ifndef LEASH_RT_FIBER_H
#define LEASH_RT_FIBER_H

#include "base.h"

#if RT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if RT_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define RT_VALGRIND 1
#endif
#endif
#ifndef RT_VALGRIND
#define RT_VALGRIND 0
#endif

/* Before a switch to the stack of `size` bytes from `bottom` on, known to TSan as `fiber`. */
static inline void *fiber_leave(bool ending, const void *bottom, size_t size, void *fiber)
{
    void *kept = NULL;
#if RT_ASAN
    __sanitizer_start_switch_fiber(ending ? NULL : &kept, bottom, size);
#endif
#if RT_TSAN
    __tsan_switch_to_fiber(fiber, 0);
#endif
    (void)ending, (void)bottom, (void)size, (void)fiber;
    return kept;
}

/* The first thing after a switch, with what fiber_leave gave this context; NULL in a new one. */
static inline void fiber_arrive(void *kept)
{
#if RT_ASAN
    __sanitizer_finish_switch_fiber(kept, NULL, NULL);
#endif
    (void)kept;
}

/* What TSan knows a new task by, and the end of it. */
static inline void *fiber_make(void)
{
#if RT_TSAN
    return __tsan_create_fiber(0);
#else
    return NULL;
#endif
}

static inline void fiber_destroy(void *fiber)
{
#if RT_TSAN
    __tsan_destroy_fiber(fiber);
#endif
    (void)fiber;
}

/* What TSan knows the calling thread's own context by. */
static inline void *fiber_of_thread(void)
{
#if RT_TSAN
    return __tsan_get_current_fiber();
#else
    return NULL;
#endif
}

/* A stack whose task has ended: what the frames left behind is no longer poisoned. */
static inline void fiber_clean(void *low, size_t size)
{
#if RT_ASAN
    __asan_unpoison_memory_region(low, size);
#endif
    (void)low, (void)size;
}

/* Memory that holds stacks: valgrind learns of each stack, the leak sanitizer where to look. */
static inline void fiber_register_stack(void *low, void *high)
{
#if RT_VALGRIND
    (void)VALGRIND_STACK_REGISTER(low, high);
#endif
    (void)low, (void)high;
}

static inline void fiber_register_chunk(void *low, size_t size)
{
#if RT_ASAN
    __lsan_register_root_region(low, size);
#endif
    (void)low, (void)size;
}

static inline void fiber_unregister_chunk(void *low, size_t size)
{
#if RT_ASAN
    __lsan_unregister_root_region(low, size);
#endif
    (void)low, (void)size;
}

static inline bool fiber_under_valgrind(void)
{
#if RT_VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

#endif
