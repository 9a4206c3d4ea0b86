/* Cases deep in a loop. */
void copy(short *to, short *from, int count)
{
    int n = (count + 3) / 4;
    switch (count % 4) {
    case 0:
        do {
            *to = *from++;
    case 3:
            *to = *from++;
    case 2:
            *to = *from++;
    case 1:
            *to = *from++;
        } while (--n > 0);
    }
}

void step(void);
void into_while(int state)
{
    switch (state) {
    case 0:
        while (state < 9) {
            step();
    case 1:
            state++;
            if (state == 7)
                break; /* out of the loop only */
        }
        step();
    }
}
