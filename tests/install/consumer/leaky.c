/* A task that can give up and then leaves the count as it is. */
#include <leash.h>

static void worker(wg_t *wg, int gives_up)
{
    if (gives_up)
        return;
    wg_done(wg);
}

int main(void)
{
    wg_t wg = {0};
    wg_add(&wg, 1);
    spawn(worker, &wg, 1);
    wg_wait(&wg);
    return 0;
}
