int outer(int x)
{
    int inner(int y) { return y + x; }
    return inner(1);
}
int next(void)
{
    return 1;
}
