void a(void);
void b(void);
void c(void);
int cond(int);

void plain(int x)
{
    if (x)
        a();
    b();
}

void with_else(int x)
{
    if (cond(x))
        a();
    else
        b();
    c();
}

int chain(int x)
{
    if (x == 1)
        return 10;
    else if (x == 2)
        a();
    else if (x < 0)
        return -1;
    else
        b();
    return 0;
}

void empty_arms(int x)
{
    if (x)
        ;
    else
        ;
    c();
}
