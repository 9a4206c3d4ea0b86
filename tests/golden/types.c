#include <stdint.h>
typedef struct {
    int n;
} anon_t;
typedef anon_t again_t;
union choice {
    int i;
    again_t *p;
};
struct forward;
typedef void callback(struct forward *, again_t);
struct list {
    struct list *next;
    callback *call, *calls[2];
    union choice choices[3];
    volatile uint64_t v;
    const char *const *names;
};

again_t *use(struct list *l, callback c, struct forward *f, int a[3], int b[][4])
{
    again_t copy = *l->choices[1].p;
    c(f, copy);
    l->calls[0](f, *l->choices[2].p);
    l->v = (uint64_t)l->names[0][1];
    l->next->next = l;
    a[1] = b[2][3];
    return l->choices[0].p;
}
