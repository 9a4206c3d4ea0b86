int next(void);
int *where(void);
struct box {
    int n;
    struct box *link;
    struct {
        int inner;
        union {
            long wide;
            char narrow;
        };
    };
    unsigned flag : 3;
    unsigned rest : 5;
    int tab[3][4];
};

void simple(int x, struct box *b, struct box c)
{
    int y, z;
    y = z = x;
    b->n = c.n;
    b->link->link = b;
    *b = c;
    b->inner = b->narrow;
    b->flag = 2;
    c.rest = c.flag;
    b->tab[1][x] = c.tab[x][2];
    *where() = next();
}

void compound(int x, struct box *b, char *p)
{
    x += 2;
    x <<= next();
    b->tab[0][1] |= x;
    p += x;
    p -= 1;
    *p++ = 'a';
    *++p = 'b';
    (*p)--;
}

int steps(int i, int *a)
{
    int old = i++;
    int now = --i;
    a[i++] = next();
    a[++i] = a[i--];
    return old + now + i++;
}

int chained(void)
{
    int r;
    if ((r = next()) < 0)
        return r;
    return *where() = r;
}
