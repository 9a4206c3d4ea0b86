/*
 * embed.c - turns text files into a C table; runs while leash is built.
 *
 *     leash_embedder TABLE OUT.c LIST
 *
 * LIST names one file per line.  OUT.c then defines embedded_TABLE and embedded_TABLE_count as
 * base/embed.h declares them, in the order of LIST.  Any byte may stand in the files.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES_MAX = 4096, LINE_BYTES = 80 };

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "leash_embedder: %s: %s\n", what, strerror(errno));
    exit(1);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Octal escapes always have three digits, so that a digit behind them cannot join in. */
static int put_byte(FILE *out, int byte)
{
    if (byte == '\n')
        return fprintf(out, "\\n");
    if (byte == '"' || byte == '\\')
        return fprintf(out, "\\%c", byte);
    if (byte < 128 && isprint(byte) && byte != '?')
        return fprintf(out, "%c", byte);
    return fprintf(out, "\\%03o", (unsigned)byte);
}

/* The file as one string literal, a source line per line of text. */
static size_t put_file(FILE *out, const char *path)
{
    FILE *in = fopen(path, "rb");
    size_t length = 0;
    int column = 0;

    if (!in)
        fail(path);
    fprintf(out, "     \"");
    for (int byte; (byte = getc(in)) != EOF; length++) {
        if (column >= LINE_BYTES) {
            fprintf(out, "\"\n     \"");
            column = 0;
        }
        column += put_byte(out, byte);
        if (byte == '\n')
            column = LINE_BYTES;
    }
    if (ferror(in))
        fail(path);
    fclose(in);
    fprintf(out, "\",\n");
    return length;
}

static void put_table(FILE *out, FILE *list, const char *table)
{
    char path[PATH_BYTES_MAX];
    size_t count = 0;

    fprintf(out, "#include \"base/embed.h\"\n\nconst struct embedded_file embedded_%s[] = {\n",
            table);
    while (fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = '\0';
        if (!*path)
            continue;
        fprintf(out, "    {\"%s\",\n", base_name(path));
        size_t length = put_file(out, path);
        fprintf(out, "     %zu},\n", length);
        count++;
    }
    fprintf(out, "    {0},\n};\nconst size_t embedded_%s_count = %zu;\n", table, count);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: leash_embedder TABLE OUT.c LIST\n");
        return 1;
    }
    FILE *list = fopen(argv[3], "r");
    if (!list)
        fail(argv[3]);
    FILE *out = fopen(argv[2], "w");
    if (!out)
        fail(argv[2]);
    put_table(out, list, argv[1]);
    fclose(list);
    if (fclose(out))
        fail(argv[2]);
    return 0;
}
