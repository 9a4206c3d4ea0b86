/*
 * bench.h - what the benchmarks on leash.h share.
 *
 * `runtime_leash NAME COUNT` runs one of them and prints one number.  The Go program beside it has
 * the same names and the same files: what channels.c measures, channels.go measures too.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

/* Each does `count` operations, in a task, and returns what the program prints. */
double bench_spawn(long count);  /* ns for each task, spawned and ended */
double bench_yield(long count);  /* ns for each yield */
double bench_timers(long count); /* ms of CPU, for all of them */
double bench_memory(long count); /* bytes for each parked task */
double bench_tree(long count);   /* ns for each leaf */

double bench_pingpong(long count);        /* ns for each round trip */
double bench_stream(long count);          /* ns for each value, as all below */
double bench_select(long count);          /* of an unbuffered channel */
double bench_select_buffered(long count); /* of one with room for 128 */
double bench_fan_in(long count);

/* ns of CPU for each request.  Prints the port first, as a line. */
double bench_echo(long count);

/* The clock on the wall, and the CPU that all threads of the process have used. */
double wall_ns(void);
double cpu_ns(void);

/* A field of /proc/self/status, such as "VmRSS"; ends the program where there is none. */
size_t status_kib(const char *field);

#endif
