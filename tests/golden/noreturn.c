#include <setjmp.h>
#include <stdlib.h>
_Noreturn void one(void);
void two(void) __attribute__((noreturn));
__attribute__((__noreturn__)) void three(int);
#define DEAD _Noreturn
DEAD void four(void);
void later(void);
void later(void) __attribute__((noreturn));
extern void (*pointer)(void) __attribute__((noreturn));
void use(int);

int spellings(int x)
{
    if (x == 1)
        one();
    if (x == 2)
        two();
    if (x == 3)
        three(x);
    if (x == 4)
        four();
    if (x == 5)
        later();
    if (x == 6)
        pointer();
    if (x == 7)
        (one)();
    return x;
}

int library(jmp_buf jump, int x)
{
    if (setjmp(jump))
        return 1;
    if (x == 1)
        exit(x);
    if (x == 2)
        abort();
    if (x == 3)
        longjmp(jump, 1);
    if (x == 4)
        __builtin_trap();
    switch (x) {
    case 5:
        return 2;
    default:
        __builtin_unreachable();
    }
    use(x); /* never */
}

int in_expression(int x)
{
    return x ? x : (one(), 1);
}
