/* proc.h - reading /proc while other threads stand: without memory of the heap, and without locks.
 */
#ifndef LEASH_RT_PROC_H
#define LEASH_RT_PROC_H

#include "base.h"

/* Calls visit(number, arg) for each name in a folder that is a number: /proc/self/task, of threads;
 * /proc/self/fd, of descriptors.  `folder` is open and stays so, and is read from its beginning.
 * False: it cannot be read. */
bool proc_each_number(int folder, void (*visit)(int number, void *arg), void *arg);

/* Calls visit(line, arg) for each line of a file, without its end, and cut where it is longer than
 * 512 bytes.  False: it cannot be read. */
bool proc_each_line(const char *path, void (*visit)(const char *line, void *arg), void *arg);

/* The number at *text, in lower case, which is left behind it; 0: there is none. */
uintptr_t proc_read_number(const char **text, unsigned base);

/* Calls visit(word, arg) for what the system keeps for the program and gives back to it: the data
 * of epoll and of timers.  False: it cannot be read. */
bool proc_each_kept_word(void (*visit)(uintptr_t word, void *arg), void *arg);

#endif
