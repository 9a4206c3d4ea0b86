int next(void);
void use(int);

void plain(int n)
{
    while (n > 0)
        n--;
}

void assigned_condition(void)
{
    int c;
    while ((c = next()) != -1) {
        if (c == 0)
            continue;
        if (c == 9)
            break;
        use(c);
    }
    use(0);
}

void endless(void)
{
    while (1)
        use(1);
    use(2); /* never */
}

void never(void)
{
    while (0)
        use(1);
    use(2);
}
