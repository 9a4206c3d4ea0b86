int a(void);
int b(void);
int c(void);
void yes(void);
void no(void);

void in_condition(void)
{
    if (a() && (b() || !c()))
        yes();
    else
        no();
}

int as_value(int x)
{
    int both = a() && b();
    return both || x > 3;
}

void negated(int x)
{
    if (!(x && a()))
        yes();
    int n = !(a() || b());
    int m = !x;
    if (!!m && n)
        no();
}

void as_statement(int x)
{
    x && a();
    x || (yes(), 1);
}

void known(int x)
{
    if (0 && a())
        yes();
    if (1 || a())
        no();
    if (x || 1)
        yes();
    int k = 0 && x;
    if (a() && k)
        no();
}
