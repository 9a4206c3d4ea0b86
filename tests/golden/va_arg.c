#include <stdarg.h>
void use(int);
struct box;
typedef unsigned long size_type;

int sum(int n, ...)
{
    va_list list, again;
    int total = 0;
    va_start(list, n);
    va_copy(again, list);
    while (n-- > 0)
        total += va_arg(list, int);
    char *text = va_arg(again, char *);
    use(*text);
    total += (va_arg(again, struct box *) != 0) + (int)va_arg(again, size_type);
    va_end(list);
    va_end(again);
    return total;
}
