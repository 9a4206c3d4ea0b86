#include <stdatomic.h>
#include <stdbool.h>
struct box {
    atomic_int n;
    int plain;
    _Atomic(struct box *) link;
};

void standard(struct box *b, int v)
{
    int expected = 0;
    atomic_store(&b->n, v);
    atomic_store_explicit(&b->n, v, memory_order_release);
    v = atomic_load(&b->n);
    v = atomic_exchange(&b->n, 3);
    atomic_fetch_add(&b->n, 1);
    if (atomic_compare_exchange_strong(&b->n, &expected, 7))
        atomic_init(&b->n, 9);
    atomic_thread_fence(memory_order_seq_cst);
}

void gnu(struct box *b, int v)
{
    int old;
    __atomic_store_n(&b->plain, v, __ATOMIC_RELAXED);
    v = __atomic_load_n(&b->plain, __ATOMIC_ACQUIRE);
    __atomic_load(&b->plain, &old, 5);
    __atomic_exchange(&b->plain, &v, &old, 5);
    v = __atomic_add_fetch(&b->plain, 2, 5);
    if (__atomic_compare_exchange_n(&b->plain, &old, v, false, 4, 2))
        __sync_fetch_and_add(&b->plain, 1);
    __sync_synchronize();
    __sync_lock_release(&b->plain);
}

int operators(struct box *b)
{
    b->n++;
    b->n = 4;
    b->n += 2;
    b->link = b;
    return b->n;
}
