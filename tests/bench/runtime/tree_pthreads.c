/*
 * tree_pthreads THREADS LEAVES: the leaves of the tree divided equally among plain threads.
 *
 * What the machine can gain from a second core at that moment.  Prints ns for each leaf.
 */
#include "bench.h"
#include "leaf_work.h"

#include <pthread.h>

enum { THREADS_MAX = 64 };

struct share {
    pthread_t thread;
    long first;
    long end; /* the leaf after the last */
    uint64_t sum;
};

static void *work(void *argument)
{
    struct share *share = argument;
    uint64_t sum = 0;

    for (long leaf = share->first; leaf < share->end; leaf++)
        sum += leaf_work((uint64_t)leaf);
    share->sum = sum;
    return NULL;
}

static uint64_t work_on_all(long threads, long leaves)
{
    struct share shares[THREADS_MAX];
    uint64_t sum = 0;

    for (long i = 0; i < threads; i++) {
        shares[i].first = leaves * i / threads;
        shares[i].end = leaves * (i + 1) / threads;
        if (pthread_create(&shares[i].thread, NULL, work, &shares[i]) != 0)
            exit(1);
    }
    for (long i = 0; i < threads; i++) {
        pthread_join(shares[i].thread, NULL);
        sum += shares[i].sum;
    }
    return sum;
}

int main(int argc, char **argv)
{
    long threads = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    long leaves = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    if (threads < 1 || threads > THREADS_MAX || leaves < 1) {
        fputs("usage: tree_pthreads THREADS LEAVES\n", stderr);
        return 2;
    }
    double start = wall_ns();
    uint64_t sum = work_on_all(threads, leaves);
    double end = wall_ns();
    leaf_check(leaves, sum);
    printf("%.3f\n", (end - start) / (double)leaves);
    return 0;
}
