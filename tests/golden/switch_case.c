void a(void);
void b(void);
void c(void);
enum color { RED, GREEN = 5, BLUE };

void plain(int x)
{
    switch (x) {
    case 1:
        a();
        break;
    case 2: /* falls through */
        b();
    default:
        c();
    }
}

int no_default(enum color x)
{
    switch (x) {
    case RED:
    case GREEN:
        return 1;
    case BLUE:
        break;
    }
    return 0;
}

void ranges(int x)
{
    switch (x) {
    case -3 ... 4:
        a();
        __attribute__((fallthrough));
    case 'a' ... 'z':
        b();
        break;
    }
}

void default_first(unsigned char x)
{
    switch (x) {
    default:
        a();
    case 0:
        b();
    }
}

/* The statement after the switch's head has no label: it is never run. */
void no_braces(int x)
{
    switch (x)
    case 1:
        a();
    switch (x) {
        b();
    case 2:
        c();
    }
}

void nested(int x, int y)
{
    switch (x) {
    case 1:
        switch (y) {
        case 1:
            a();
            break;
        default:
            b();
        }
        break;
    case 2:
        c();
    }
}

void constant(void)
{
    switch (sizeof(int)) {
    case 4:
        a();
        break;
    default:
        b();
    }
}
