/* leak.h - tasks that are left when leash_run ends. */
#ifndef LEASH_RT_LEAK_H
#define LEASH_RT_LEAK_H

#include "base.h"

/* What LEASH_LEAKS asks for. */
enum leak_setting { LEAKS_UNSAID, LEAKS_REPORTED, LEAKS_FAIL };

/* Ends the program with a message where LEASH_LEAKS says something else. */
enum leak_setting leak_setting(void);

/* In the first task, at its end: lets the others run for a moment and reports those that are left.
 * Whether the program is to fail. */
bool leak_look_at_end(enum leak_setting setting);

/* Ends the program with the status for leaks. */
_Noreturn void leak_fail(void);

#endif
