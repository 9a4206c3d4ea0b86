#include <no/such/header.h>
int after(int x)
{
    return x;
}
