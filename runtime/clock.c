#include "clock.h"
#include "dump.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where virtual time begins: not at 0, which callers of deadlines may take for "none". */
#define FIRST_NS INT64_C(1000000000)

static bool is_virtual;
static _Atomic int64_t virtual_ns;

void clock_start(void)
{
    const char *text = getenv("LEASH_CLOCK");

    is_virtual = text && strcmp(text, "virtual") == 0;
    if (text && *text && !is_virtual && strcmp(text, "real") != 0)
        fatal(NULL, "LEASH_CLOCK=%s: virtual or real", text);
    clock_leap(FIRST_NS);
}

int64_t clock_real_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool clock_is_virtual(void)
{
    return unlikely(is_virtual);
}

int64_t clock_now_ns(void)
{
    return clock_is_virtual() ? atomic_load(&virtual_ns) : clock_real_ns();
}

int64_t clock_of_real_ns(int64_t real_ns)
{
    return clock_is_virtual() ? atomic_load(&virtual_ns) : real_ns;
}

void clock_leap(int64_t when_ns)
{
    int64_t now_ns = atomic_load(&virtual_ns);

    while (now_ns < when_ns && !atomic_compare_exchange_weak(&virtual_ns, &now_ns, when_ns))
        ;
}
