#define EVER ;;
#define LOOP(i, n) for (int i = 0; i < (n);)
#define NOTHING
int next(void);
void use(int);

void full(int n)
{
    for (int i = 0; i < n; i++)
        use(i);
}

void no_parts(void)
{
    for (;;)
        if (next())
            break;
}

void no_condition(int i)
{
    for (i = 1;; i++) {
        if (i == 5)
            continue;
        if (i > 9)
            return;
    }
}

void only_condition(void)
{
    for (; next();)
        use(1);
}

void only_increment(int i)
{
    for (;; i += 2 /* ; ) */)
        use(';');
}

void no_init(int i)
{
    for (; i < 3; i++)
        use(i);
}

void from_macros(int n)
{
    LOOP(k, n)
        use(k++);
    for (EVER)
        use(2);
}

void empty_macro_slot(int i)
{
    for (NOTHING; i < 3; NOTHING)
        use(i);
}
