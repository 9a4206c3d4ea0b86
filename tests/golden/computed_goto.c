void a(void);
void b(void);

void threaded(const unsigned char *code)
{
    static const void *const table[] = {&&op_a, &&op_b, &&op_end};
    goto *table[*code++];
op_a:
    a();
    goto *table[*code++];
op_b:
    b();
    goto *table[*code++];
op_end:
    return;
not_taken:
    a();
}
