// flags: -fblocks
void run(void (^block)(void));
int outer(int x)
{
    run(^{
        (void)x;
    });
    return x;
}
