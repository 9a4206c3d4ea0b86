// flags: -fno-such-flag -Wno-such-warning
int known(int);

int broken(int x)
{
    if (x)
        known(undeclared);
    return known(x);
}

int good(int x)
{
    return known(x);
}

int unknown_type(void)
{
    nosuch_t t = make();
    int y = known(1);
    break;
    goto nowhere;
}

int also_good(void)
{
    return 0;
}

/* What an error leaves has no real type: libclang must not be asked for its size. */
void placeholder(void)
{
    long taken = __builtin_expect;
    known(sizeof(undeclared));
}
