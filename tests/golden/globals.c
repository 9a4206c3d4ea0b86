typedef void handler(int);
struct ops {
    const char *name;
    handler *open, *close;
    struct {
        handler *deep[2];
    };
};
static void h1(int x) {}
static void h2(int x) {}
static const struct ops table[] = {
    {"one", h1, &h2},
    [2] = {.close = h2, .deep = {h1, (handler *)h2}, .name = "three"},
};
int tentative;
int tentative;
int number = 3 + 4;
extern int elsewhere;
extern int given_here;
int given_here = 5;
static int *pointer = &number;
static struct ops *chosen = (struct ops *)&table[2];
int *literal = (int[]){1, 2};
_Thread_local int per_thread = 1;
__attribute__((weak)) int weak_one;
volatile int flag;
_Atomic int counter = 2;
static const int limit = 10;
const unsigned char large[300] = {1, 2, 3};
struct pairs {
    int x, y;
} many[400] = {{1, 2}};

int counted(void)
{
    static int calls = 1;
    static handler *last = h1;
    calls++;
    {
        static int calls;
        calls--;
    }
    last(calls);
    return elsewhere + limit + tentative;
}
