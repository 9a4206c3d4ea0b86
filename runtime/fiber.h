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
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define RT_VALGRIND 1
#endif
#endif
#ifndef RT_VALGRIND
#define RT_VALGRIND 0
#endif

/*
 * For what runs between fiber_leave and the switch, and must not be a call of its own.  TSan keeps
 * the calls of each context: one that was entered on the old context's account and left on the new
 * one's would spoil both.  ASan may keep locals in memory that goes when the context ends.
 */
#if RT_ASAN || RT_TSAN
#define FIBER_INLINE static inline __attribute__((always_inline))
#else
#define FIBER_INLINE static inline
#endif

/* Before a switch to the stack of `size` bytes from `bottom` on, known to TSan as `fiber`. */
FIBER_INLINE void *fiber_leave(bool ending, const void *bottom, size_t size, void *fiber)
{
    void *kept = NULL;
#if RT_ASAN
    if (ending) {
        __sanitizer_start_switch_fiber(NULL, bottom, size);
        return NULL;
    }
    __sanitizer_start_switch_fiber(&kept, bottom, size);
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

/* A stack that valgrind learns of, and the number it knows it by: where it did not know stacks, it
 * would take a switch for a function with a huge frame. */
static inline unsigned fiber_register_stack(void *low, void *high)
{
    unsigned number = 0;
#if RT_VALGRIND
    number = VALGRIND_STACK_REGISTER(low, high);
#endif
    (void)low, (void)high;
    return number;
}

static inline void fiber_unregister_stack(unsigned number)
{
#if RT_VALGRIND
    VALGRIND_STACK_DEREGISTER(number);
#endif
    (void)number;
}

/* Valgrind does not mind in between what the calling thread reads: another task's stack, which may
 * go away meanwhile. */
static inline void fiber_ignore_reads(bool ignore)
{
#if RT_VALGRIND
    if (ignore)
        VALGRIND_DISABLE_ERROR_REPORTING;
    else
        VALGRIND_ENABLE_ERROR_REPORTING;
#endif
    (void)ignore;
}

/* And it takes what was read there for written. */
static inline void fiber_take_as_written(void *memory, size_t size)
{
#if RT_VALGRIND
    (void)VALGRIND_MAKE_MEM_DEFINED(memory, size);
#endif
    (void)memory, (void)size;
}

/* Memory that holds stacks: the leak sanitizer learns where to look. */
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

#if RT_TSAN
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#endif

/* What is written in between is no race to TSan. */
static inline void fiber_ignore_writes(bool ignore)
{
#if RT_TSAN
    if (ignore)
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    else
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
#endif
    (void)ignore;
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
