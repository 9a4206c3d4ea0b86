/*
 * version.c - which libleash a program is linked to.
 */

/* The version as "major.minor.patch"; constant, never NULL. */
const char *leash_version(void);

const char *leash_version(void)
{
    return LEASH_VERSION;
}
