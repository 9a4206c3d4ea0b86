/* memory.c - see memory.h. */
#include "memory.h"

void memory_init(struct memory *memory, int places)
{
    *memory = (struct memory){.places = places};
}

void memory_take(struct memory *memory)
{
    mu_lock(&memory->lock);
    memory->waiting++;
    while (memory->places == 0)
        cv_wait(&memory->freed, &memory->lock);
    memory->waiting--;
    memory->places--;
    mu_unlock(&memory->lock);
}

void memory_give(struct memory *memory)
{
    mu_lock(&memory->lock);
    memory->places++;
    cv_signal(&memory->freed);
    mu_unlock(&memory->lock);
}

int memory_waiting(struct memory *memory)
{
    mu_lock(&memory->lock);
    int waiting = memory->waiting;
    mu_unlock(&memory->lock);
    return waiting;
}
