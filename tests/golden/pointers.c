struct node {
    int value;
    struct node *next;
};
void use(void *);
void sink(int *);

int places(struct node *n, int *p, int i, int tab[8], struct node list[2])
{
    int a[4];
    int *q = a;
    q = &a[i];
    q = a + 2;
    q = p + i;
    q = 1 + p;
    q = p - i;
    q = &p[0];
    sink(&*p);
    sink(&n->value);
    use(&n->next->next);
    use((char *)n + 8);
    use(((struct node *)p)->next);
    use(&list[i].next);
    tab[i] = i[p];
    return *(p + i) + p[0] + *a + a[1] + *tab + (&list[1])->value;
}

long distance(int *p, int *q)
{
    return p - q;
}

int compare(int *p, int *q)
{
    return p < q || p == 0 || !q;
}
