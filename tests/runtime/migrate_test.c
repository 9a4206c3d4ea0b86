/* migrate_test.c - the program around the shared library made of migrate.c and libleash. */
#include "migrate.h"

int main(void)
{
    return migrate();
}
