int next(void);
void use(int);
#define MAX(a, b)                                                                                  \
    ({                                                                                             \
        int a_ = (a);                                                                              \
        int b_ = (b);                                                                              \
        a_ > b_ ? a_ : b_;                                                                         \
    })

int value(int x)
{
    return MAX(x, next());
}

int leaves(int x)
{
    for (;;) {
        use(({
            if (x == 1)
                break;
            if (x == 2)
                return 7;
            if (x == 3)
                goto out;
            x + 1;
        }));
    }
    use(1);
out:
    return 0;
}

void nothing(void)
{
    ({
        use(1);
        int y = 2;
        (void)y;
    });
    use(({ int r = next(); r; }));
}
