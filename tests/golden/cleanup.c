struct lock;
void lock(struct lock *l);
void unlockp(struct lock **l);
void freep(void *p);
void *get(void);
void use(void *p);
int cond(void);
_Noreturn void die(void);
#define GUARD(name, what) struct lock *name __attribute__((cleanup(unlockp))) = (what)
#define AUTO(kind) __attribute__((cleanup(kind##p)))

void fall_off_end(struct lock *l)
{
    struct lock *g __attribute__((cleanup(unlockp))) = l;
    lock(g);
}

/* In reverse order of declaration. */
void two(struct lock *l)
{
    GUARD(a, l);
    AUTO(free) void *b = get();
    use(b);
}

/* The value is computed before the cleanup runs. */
int returned(struct lock *l, int *shared)
{
    GUARD(a, l);
    if (cond())
        return *shared;
    return cond();
}

void loops(struct lock *l, int n)
{
    for (int i = 0; i < n; i++) {
        GUARD(a, l);
        if (cond())
            continue;
        if (cond())
            break;
        use(a);
    }
    use(l);
}

void gotos(struct lock *l)
{
    GUARD(a, l);
again:;
    GUARD(b, l);
    if (cond())
        goto again; /* leaves b */
    {
        GUARD(c, l);
        if (cond())
            goto out; /* leaves c and b */
        use(c);
    }
out_of_b:
    use(b);
    return;
out:
    goto out_of_b; /* leaves nothing */
}

/* What is jumped over into its block ends with the block all the same. */
void into(void)
{
    if (cond())
        goto inside;
    {
        int plain = 1;
inside:
        use(&plain);
    }
}

void in_switch(struct lock *l, int x)
{
    switch (x) {
    case 1: {
        GUARD(a, l);
        use(a);
        break;
    }
    case 2:
        use(l);
    }
}

void statement_expression(struct lock *l)
{
    use(({
        GUARD(a, l);
        if (cond())
            return;
        get();
    }));
}

void never_returns(struct lock *l)
{
    GUARD(a, l);
    if (cond())
        die();
    use(a);
}

void without_braces(struct lock *l)
{
    for (GUARD(a, l); cond();)
        use(l);
    use(0);
}
