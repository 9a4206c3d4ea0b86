typedef int op(int);
struct ops {
    op *run;
    op *table[3];
};
int f(int);
int g(int);
op *find(const char *name);
int any(const char *format, ...);
struct ops copy(struct ops o);

int callees(struct ops *o, op *p, op q, int i)
{
    f(1);
    (f)(2);
    (*f)(3);
    (&f)(4);
    (**p)(5);
    p(6);
    q(7);
    o->run(8);
    (*o->run)(9);
    o->table[i](10);
    find("x")(11);
    ((op *)p)(12);
    ((int (*)(int))f)(13);
    (i ? f : g)(14);
    return any("%d %s", i, "text", 2.5, 'c', (char)i, (short)3);
}

int order(int i)
{
    return f(g(1) + g(2)) - f(g(i++) * i);
}

int record(struct ops o)
{
    return copy(copy(o)).run(1);
}

void *thread(void *arg);
int spawn(void *(*fn)(void *), void *arg);
void addresses(struct ops *o, int n)
{
    spawn(thread, o);
    spawn(&thread, (void *)(long)n);
    spawn((void *(*)(void *))f, &n);
    spawn(0, (void *)0);
    o->run = f;
    o->table[1] = &g;
}
