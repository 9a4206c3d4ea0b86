/* No declarations but types, an empty body, and a function that is only declared. */
struct unused {
    int x;
};
int only_declared(void);
void empty(void)
{
}
extern inline void inlined(void)
{
    ;
}
static inline int in_line(int unused_parameter, int)
{
    {
        {
            ;
        }
    }
    return 1;
}
