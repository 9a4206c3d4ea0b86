/*
 * version.c - which libleash a program is linked to.
 */
#include "leash.h"

const char *leash_version(void)
{
    return LEASH_VERSION;
}
