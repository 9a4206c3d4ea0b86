typedef int handler(int);
int one(int), two(int);
int next(void);
struct pair {
    int x, y;
};
struct big {
    char tag;
    struct pair p;
    union {
        long wide;
        int narrow;
    };
    struct {
        int in;
        short list[3];
    } named;
    handler *call;
    unsigned low : 4, : 4, high : 8;
};
void use(void *);
void use_big(struct big);

void locals(int v, struct pair given)
{
    struct pair zero = {0};
    struct pair empty = {};
    struct pair p = {next(), v};
    struct pair q = {.y = 2, .x = next()};
    struct big flat = {1, 2, 3, 4, 5, 6, 7, 8, one, 9, 10};
    struct big some = {.p = {.y = v}, .named.list[1] = 7, .wide = 5, .call = two, .high = 3};
    struct big copy = {'c', given, {.narrow = 4}, {5, {6}}};
    int tab[5] = {1, [3] = 4, 5};
    int range[6] = {[1 ... 3] = 9, 8};
    int grid[2][3] = {{1, 2}, {3}};
    int row[2][3] = {1, 2, 3, 4};
    int cell[2][3] = {[1][2] = 6};
    struct pair pairs[2] = {1, 2, {3, 4}};
    char text[] = "ab";
    char letters[] = {'a', 'b'};
    int scalar = {3};
    struct pair whole = given;
    int *pointers[] = {&v, tab, &tab[2], 0};
}

void literals(int v, struct pair *to)
{
    *to = (struct pair){1, v};
    use(&(struct pair){.y = next()});
    use((int[]){v, 2});
    use_big((struct big){.p = (struct pair){3, 4}});
    int y = (struct pair){5, 6}.y;
    struct pair *kept = &(struct pair){y};
    int *number = &(int){7};
    for (int i = 0; i < 2; i++)
        use((struct pair[]){{i}});
}
