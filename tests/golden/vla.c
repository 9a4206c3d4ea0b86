int n(void);
int m(void);
void use(void *);

void sizes(int k)
{
    int row[n()];
    int grid[n()][k];
    int (*pointer)[m()] = 0;
    typedef int type[m()];
    type made;
    row[k] = grid[1][k];
    use(row);
    use(pointer);
    use(made);
}
