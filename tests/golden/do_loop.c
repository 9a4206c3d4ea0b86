int next(void);
void use(int);

void plain(void)
{
    do {
        if (next())
            continue;
        use(1);
    } while (next() > 3);
    use(2);
}

/* A macro's wrapping is no loop. */
void once(int x)
{
    do {
        if (x)
            break;
        use(1);
    } while (0);
    use(2);
}

void endless(void)
{
    do
        use(1);
    while (1);
}
