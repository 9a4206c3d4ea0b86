int a(void);
void use(int);

void plain(int x)
{
    int i, j;
    for (i = 0, j = 9; i < j; i++, j--)
        use((use(i), j));
    if (x = a(), x > 2)
        use(x);
    return (void)(a(), x++);
}
