#include "run.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char clean_source[] = "int answer(void)\n"
                            "{\n"
                            "    return 42;\n"
                            "}\n";

/* Stands for leash.h: the model goes by the header's name. */
const char leaky_source[] = "#include <leash.h>\n"
                            "\n"
                            "static void worker(wg_t *wg, int gives_up)\n"
                            "{\n"
                            "    if (gives_up)\n"
                            "        return;\n"
                            "    wg_done(wg);\n"
                            "}\n"
                            "\n"
                            "int main(void)\n"
                            "{\n"
                            "    wg_t wg = {0};\n"
                            "    wg_add(&wg, 1);\n"
                            "    spawn(worker, &wg, 1);\n"
                            "    wg_wait(&wg);\n"
                            "    return 0;\n"
                            "}\n";

static int delete_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

int folder_setup(void **state)
{
    char path[] = "/tmp/leash-test-XXXXXX";
    if (!mkdtemp(path))
        return -1;
    struct folder *folder = xmalloc(sizeof *folder);
    *folder = (struct folder){0};
    folder->path = arena_strdup(&folder->arena, path);
    *state = folder;
    return 0;
}

int folder_teardown(void **state)
{
    struct folder *folder = *state;
    int result = nftw(folder->path, delete_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_release(&folder->arena);
    free(folder);
    return result;
}

void put_bytes(struct folder *folder, const char *name, const void *data, size_t length)
{
    char *path = path_join(&folder->arena, folder->path, name);
    for (char *slash = path + strlen(folder->path) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            fail_msg("mkdir %s: %s", path, strerror(errno));
        *slash = '/';
    }
    if (!file_write(path, data, length))
        fail_msg("%s: %s", path, strerror(errno));
}

void put(struct folder *folder, const char *name, const char *text)
{
    put_bytes(folder, name, text, strlen(text));
}

static const char *read_back(struct folder *folder, const char *name)
{
    size_t length = 0;
    const char *path = path_join(&folder->arena, folder->path, name);
    const char *text = file_read(&folder->arena, path, 64 << 20, &length);
    if (!text)
        fail_msg("%s: %s", path, strerror(errno));
    return text;
}

static struct outcome run(struct folder *folder, const char *command)
{
    struct outcome outcome = {0};
    if (!getenv("LEASH"))
        fail_msg("LEASH does not name the tool: run this by ctest");
    const char *line = arena_printf(&folder->arena, "cd '%s' && { %s\n} </dev/null >.out 2>.err",
                                    folder->path, command);
    int status = system(line);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = read_back(folder, ".out");
    outcome.err = read_back(folder, ".err");
    return outcome;
}

__attribute__((format(printf, 2, 0))) static const char *print(struct folder *folder,
                                                               const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        fail_msg("out of memory");
    const char *copy = arena_strdup(&folder->arena, text);
    free(text);
    return copy;
}

struct outcome leash(struct folder *folder, const char *arguments, ...)
{
    va_list args;
    va_start(args, arguments);
    const char *text = print(folder, arguments, args);
    va_end(args);
    return run(folder, arena_printf(&folder->arena, "\"$LEASH\" %s", text));
}

struct outcome shell(struct folder *folder, const char *command, ...)
{
    va_list args;
    va_start(args, command);
    const char *text = print(folder, command, args);
    va_end(args);
    return run(folder, text);
}

void assert_has_(const char *text, const char *part, const char *file, int line)
{
    if (strstr(text, part))
        return;
    print_error("\"%s\" is missing in:\n%s\n", part, text);
    _fail(file, line);
}

void assert_lacks_(const char *text, const char *part, const char *file, int line)
{
    if (!strstr(text, part))
        return;
    print_error("\"%s\" must not be in:\n%s\n", part, text);
    _fail(file, line);
}

void assert_status_(const struct outcome *outcome, int wanted, const char *file, int line)
{
    if (outcome->status == wanted)
        return;
    print_error("exit status %d, not %d; stderr:\n%s\n", outcome->status, wanted, outcome->err);
    _fail(file, line);
}

size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}
