#include <stddef.h>
int f(void);
void use(long);
struct s {
    int a;
    int b[4];
};

void sizes(int n)
{
    use(sizeof(f()));
    use(sizeof n++);
    use(_Alignof(int) + __alignof__(n));
    __typeof__(f()) copy = 3;
    use(copy);
    int vla[n];
    use(sizeof vla);
    use(offsetof(struct s, b[2]));
    if (sizeof(long) == 8)
        use(8);
    else
        f();
}

int builtins(int x, int *p)
{
    if (__builtin_expect(x > 1 && f(), 0))
        use(1);
    long likely = __builtin_expect(x, 1);
    if (__builtin_constant_p(f()))
        use(2);
    use(__builtin_choose_expr(1, x, f()));
    use(__builtin_choose_expr(sizeof(int) == 2, f(), likely));
    use(__builtin_types_compatible_p(int, long));
    int *q = __builtin_assume_aligned(p, 16);
    return *q;
}

#define NAME(x) _Generic((x), int: 1, long: 2, default: f())
#define VOID(x) _Generic((x), int: use(1), struct s *: use(2), default: use(3))
#define PICK(x) _Generic((x), int: f, long: use)(__VA_OPT__(x))

void generic(int i, long l, struct s *s, char c)
{
    use(NAME(f()));
    use(NAME(l));
    use(NAME(c));
    VOID(i);
    VOID(s);
    VOID(l);
    _Generic(l, int: f, long: use)(l);
}
