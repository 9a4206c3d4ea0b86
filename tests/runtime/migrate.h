/* migrate.h - lets tasks change their threads, and says whether anything was lost on the way: 0
 * or 1. */
int migrate(void);
