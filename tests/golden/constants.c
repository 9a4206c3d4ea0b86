#include <stdbool.h>
enum { FIRST = 1, NEGATIVE = -5, LAST = 1 << 4 };
static const bool verbose = false;
#define DEBUG 0
void use(long);
void log_it(void);
int f(void);

void conditions(void)
{
    const int local = 3;
    if (DEBUG)
        log_it();
    if (verbose)
        log_it();
    if (local == 3)
        use(LAST | NEGATIVE);
    if (DEBUG && f())
        log_it();
    while (!verbose)
        if (f())
            break;
    do
        use('\n');
    while (DEBUG);
}

void values(unsigned char c, long wide)
{
    use(0xffffffffffffffffull);
    use(-1u);
    use((char)300);
    use(10 / 3 + 10 % 3 - ~1);
    use(c << 1);
    use((unsigned char)wide);
    use(3.5);
    bool b = wide;
    use(b + FIRST);
    use(sizeof "four");
    use(L'x');
    use(u8"text"[1]);
    use(*L"wide");
    use(wide > 2.5);
    float f1 = 1, f2 = f1 + 2;
    use(f2);
    use(1 ? 2 : f());
}
