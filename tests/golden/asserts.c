void __assert_fail(const char *, const char *, unsigned, const char *)
    __attribute__((__noreturn__));
#define assert(expr)                                                                               \
    ((void)sizeof((expr) ? 1 : 0), __extension__({                                                 \
         if (expr)                                                                                 \
             ; /* empty */                                                                         \
         else                                                                                      \
             __assert_fail(#expr, "asserts.c", __LINE__, "");                                      \
     }))
int f(void);

int checked(int x)
{
    assert(x > 0 && f());
    assert("never false");
    assert(!"reached");
    return x;
}
