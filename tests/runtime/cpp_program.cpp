/* cpp_program.cpp - exceptions in tasks, for cpp_test.sh; with an argument one leaves its task. */
#include <leash.h>

#include <stdexcept>

static bool strict;

static void fail(int number)
{
    task_yield();
    throw std::runtime_error(number < 0 ? "below zero" : "above");
}

static void work(chan_t *caught, int number)
{
    int count = 0;

    try {
        fail(number);
    } catch (const std::runtime_error &) {
        /* No place to park: what is being caught belongs to the thread. */
        count++;
    }
    if (strict)
        fail(number);
    chan_send(caught, &count);
}

static int entry(int, char **)
{
    enum { TASKS = 100 };
    chan_t *caught = chan_make(int, 0);
    int sum = 0;

    for (int i = 0; i < TASKS; i++)
        spawn(work, caught, i);
    for (int i = 0; i < TASKS; i++) {
        int count;
        chan_recv(caught, &count);
        sum += count;
    }
    chan_free(caught);
    return sum == TASKS ? 0 : 1;
}

int main(int argc, char **argv)
{
    strict = argc > 1;
    try {
        return leash_run(entry, argc, argv);
    } catch (...) {
        printf("main caught what left a task\n");
        return 2;
    }
}
