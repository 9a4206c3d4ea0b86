/*
 * refused.c - calls that must not compile, one for each value of CASE; without CASE it compiles.
 */
#include <leash.h>

void sum(chan_t *out, int a, int b);
void many(int a, int b, int c, int d, int e, int f);
void wait_long(double seconds);

void calls(chan_t *out, wg_t *wg, const int *fixed);

void calls(chan_t *out, wg_t *wg, const int *fixed)
{
    int value = *fixed;
    spawn(sum, out, value, 2);
    wg_spawn(wg, many, 1, 2, 3, 4, 5, 6);
#if CASE == 1
    spawn(sum, out, 1.5, 2);
#elif CASE == 2
    float seconds = 1.5F;
    wg_spawn(wg, wait_long, seconds);
#elif CASE == 3
    long double seconds = 1.5L;
    int err = try_spawn(wait_long, seconds);
    spawn(sum, out, err, 2);
#elif CASE == 4
    spawn(many, 1, 2, 3, 4, 5, 6, 7);
#elif CASE == 5
    wg_spawn(wg, many, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
#elif CASE == 6
    spawn(sum, wg, 1, 2);
#elif CASE == 7
    spawn(sum, out, 1);
#elif CASE == 8
    spawn(sum, out, 1, 2, 3);
#elif CASE == 9
    spawn(value, 1);
#elif CASE == 10
    switch (chan_select(DONE(wg))) {
    default:
        break;
    }
#elif CASE == 11
    chan_recv(out, fixed);
#elif CASE == 12
    defer_close(wg);
#elif CASE == 13
    chan_send(out, value);
#endif
}
