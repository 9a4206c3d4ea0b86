// flags: -Wno-ignored-attributes
#define NOTE(text) __attribute__((annotate(text)))
#define DAEMON NOTE("leash:daemon")

DAEMON void task(void *arg);
void task(void *arg)
{
}

NOTE("on global") int global;
void give(int *taken NOTE("leash:takes") NOTE("second"), int plain);

#pragma clang attribute push(NOTE("pushed"), apply_to = function)
void pushed(void)
{
}
#pragma clang attribute pop

void calls(NOTE("param") int *p)
{
    NOTE("local") int x = 0;
    give(p, x);
    pushed();
}
