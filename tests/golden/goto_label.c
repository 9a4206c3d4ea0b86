void a(void);
void b(void);
int cond(void);

int forward(int x)
{
    if (x < 0)
        goto fail;
    a();
    return 0;
fail:
    b();
    return -1;
}

void backward(void)
{
again:
    a();
    if (cond())
        goto again;
    if (cond())
        goto again;
    b();
}

void into_block(int x)
{
    if (x)
        goto inside;
    while (cond()) {
        a();
inside:
        b();
    }
}

/* Two labels on each other's way: neither is a natural loop's head. */
void tangle(int x)
{
    if (x)
        goto two;
one:
    a();
two:
    b();
    if (cond())
        goto one;
}

void dead(void)
{
    goto end;
    a();
end:;
}
