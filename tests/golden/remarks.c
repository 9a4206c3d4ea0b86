#define THREAD static void *
struct job;

// leash:daemon -- stays
THREAD above(void *arg)
{
    return arg;
}

int behind_code; // leash:daemon
#define IN_A_MACRO /* leash:daemon */ 1
static void *behind(void *arg) // leash:daemon, as it is
{
    return arg; /* leash:daemon */
}

void beside(struct job *job, // leash:takes
            int n);
void inside(int n /* leash:takes */, struct job *job);
void in_front(/* leash:takes */ struct job *job, int n);
void on_a_line(int n,
               // leash:takes
               struct job *job);
/* leash:takes job, all -- by name */
void named(struct job *job, int n)
{
    beside(job, n);
    inside(n, job); // leash:ignore any-rule
    in_front(job, n);
}
void named_behind(struct job *job, int n); // leash:takes job
// leash:takes
void none_named(struct job *job, int n);

// leash:daemon
struct job {
    void *(*run)(void *); // leash:takes
};

static const struct job jobs[] = {{above}, {behind}};

#ifdef NEVER
// leash:daemon
#endif
void last(void)
{
}
// leash:daemon
