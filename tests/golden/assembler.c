int f(void);
void use(int);

int plain(int in, int *place)
{
    int out;
    asm("nop");
    __asm__ volatile("op %0, %1, %2" : "=r"(out), "+m"(*place) : "r"(in + f()) : "memory");
    return out;
}

int jumps(int x)
{
    asm goto("jmp %l1" : : "r"(x) : : away, twice);
    use(1);
twice:
    use(2);
away:
    return 0;
}
