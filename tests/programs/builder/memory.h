/*
 * memory.h - how many heavy commands may run at the same time.
 */
#ifndef BUILDER_MEMORY_H
#define BUILDER_MEMORY_H

#include <leash.h>

struct memory {
    mu_t lock;
    cv_t freed;
    int places; /* under lock: for so many more commands */
    int waiting;
};

void memory_init(struct memory *memory, int places);
/* Parks until there is a place. */
void memory_take(struct memory *memory);
void memory_give(struct memory *memory);
/* Commands that wait for a place now. */
int memory_waiting(struct memory *memory);

#endif
