/* main.c - packs a text of some length, and a second one onto a full disk. */
#include "pack.h"

#include <stdlib.h>
#include <string.h>

struct report {
    int lines;
};

static void tell(void *user, unsigned long chunks, size_t bytes)
{
    struct report *report = user;

    report->lines++;
    fprintf(stderr, "%lu chunks, %zu bytes\n", chunks, bytes);
}

/* A temporary file with lines that pack well. */
static FILE *make_input(int lines)
{
    FILE *file = tmpfile();

    if (!file)
        return NULL;
    for (int i = 0; i < lines; i++)
        fprintf(file, "%.*s|%d\n", i % 60, "=========================================", i);
    rewind(file);
    return file;
}

static int pack_to(const char *path, int lines, const struct pack_options *options)
{
    int error = 0;
    FILE *out = NULL;
    FILE *in = make_input(lines);

    if (!in)
        return -1;
    out = fopen(path, "w");
    if (!out) {
        error = -1;
        goto done;
    }
    setvbuf(out, NULL, _IONBF, 0);
    error = pack_stream(in, out, options);
    printf("%s: %s\n", path, error ? strerror(error) : "packed");
done:
    if (out)
        fclose(out);
    fclose(in);
    return error;
}

int main(int argc, char **argv)
{
    int lines = argc > 1 ? atoi(argv[1]) : 4000;
    struct report report = {0};
    struct pack_options options = {
        .workers = argc > 2 ? atoi(argv[2]) : 3,
        .chunks = 6,
        .progress_ms = argc > 3 ? atoi(argv[3]) : 2,
        .progress = tell,
        .user = &report,
    };

    if (pack_to("/dev/null", lines, &options))
        return EXIT_FAILURE;
    if (pack_to("/dev/full", lines, &options) <= 0)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
