int a(void);
int b(void);
void use(int);
struct pair {
    int x, y;
};
struct pair left(void);

int plain(int x)
{
    return x ? a() : b();
}

int elvis(int x)
{
    return a() ?: x;
}

void effects(int x)
{
    x ? use(1) : use(2);
    x ? (void)a() : (void)0;
}

int nested(int x)
{
    return x < 0 ? -1 : x > 0 ? 1 : 0;
}

void in_condition(int x)
{
    if (x ? a() : b())
        use(x);
}

struct pair records(int x, struct pair p)
{
    return x ? left() : p;
}

int known(int x)
{
    return (sizeof(x) == 4 ? 10 : a()) + (0 ? b() : x);
}

void (*choose(int x))(int)
{
    return x ? use : 0;
}
