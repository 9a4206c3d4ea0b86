/* The smallest program on an installed libleash. */
#include <leash.h>
#include <stdio.h>

int main(void)
{
    puts(leash_version());
    return 0;
}
