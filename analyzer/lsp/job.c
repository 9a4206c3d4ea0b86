#include "lsp/job.h"

#include "project/worker.h"
#include "report/value.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, PIPE_BYTES = 1 << 20, NICENESS = 5 };

/* What goes over the pipe: a head, then its bytes. */
enum { SENT_UNIT, SENT_PROGRESS, SENT_RESULT };

struct head {
    uint64_t kind, length;
};

struct unit_head {
    uint64_t quality, key_length; /* then the key, then the unit's bytes */
};

struct progress {
    uint64_t done, total;
};

/* ---- inside ---------------------------------------------------------------------------------- */

struct work {
    const struct workspace *workspace;
    const struct documents *documents;
    const struct client *client;
    int answers;
};

/* Nobody is there any more to hear it: the work has no use. */
static void send(const struct work *work, const void *data, size_t length)
{
    if (!fd_write_all(work->answers, data, length))
        _exit(1);
}

static void send_head(const struct work *work, uint64_t kind, size_t length)
{
    send(work, &(struct head){.kind = kind, .length = length}, sizeof(struct head));
}

static void keep(void *context, const struct unit *unit, const char *bytes, size_t length)
{
    struct text key = {0};
    unit_store_key(&key, unit);
    struct unit_head head = {.quality = unit_quality(unit->ir), .key_length = key.length};
    send_head(context, SENT_UNIT, sizeof head + key.length + length);
    send(context, &head, sizeof head);
    send(context, key.at, key.length);
    send(context, bytes, length);
    text_release(&key);
}

static void progress(void *context, size_t done, size_t total)
{
    struct progress progress = {.done = done, .total = total};
    send_head(context, SENT_PROGRESS, sizeof progress);
    send(context, &progress, sizeof progress);
}

static void take(void *context, const struct check_outcome *outcome)
{
    const struct work *work = context;
    struct text bytes = {0};
    value_write(&bytes, diagnostics_of(work->client, work->documents, work->workspace, outcome));
    send_head(work, SENT_RESULT, bytes.length);
    send(work, bytes.at, bytes.length);
    text_release(&bytes);
}

/* Each document by the client's name, and by its own where a symbolic link leads to it. */
static struct file_buffer *buffers_of(struct arena *arena, const struct documents *documents,
                                      size_t *count)
{
    struct file_buffer *buffers = arena_array(arena, struct file_buffer, documents->count * 2);
    *count = 0;
    for (size_t i = 0; i < documents->count; i++) {
        const struct document *document = documents->at[i];
        const char *real = real_path(arena, document->path);
        struct file_buffer buffer = {document->path, document->text.at, document->text.length};
        buffers[(*count)++] = buffer;
        buffer.path = real;
        if (!text_is(real, document->path))
            buffers[(*count)++] = buffer;
    }
    return buffers;
}

static void check(struct work *work, const struct lsp_settings *settings)
{
    struct arena arena = {0};
    const struct workspace *workspace = work->workspace;
    struct check_options options = {
        .input = {.database = workspace->database, .flags = settings->flags},
        .rules = settings->rules,
        .min_confidence = settings->min_confidence,
        .config = settings->config,
        .directory = workspace->directory,
        .store = workspace->store,
        .keep = keep,
        .take = take,
        .progress = progress,
        .context = work,
    };
    options.buffers = buffers_of(&arena, work->documents, &options.buffer_count);
    if (!workspace->database) {
        *vec_add(&arena, &options.input.files) = workspace->file;
        options.input.has_flags = true;
    }
    struct check_result result = {0};
    check_run(&options, &result);
    check_result_release(&result);
    arena_release(&arena);
}

/* The streams to the client are not the analysis's, it ends with the server, and the editor and
 * clangd come first. */
static void settle(pid_t server)
{
    setpgid(0, 0);
    worker_end_with(server);
    (void)!nice(NICENESS);
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        dup2(fd, STDIN_FILENO);
        dup2(fd, STDOUT_FILENO);
    }
}

/* ---- the server's side ----------------------------------------------------------------------- */

bool job_start(struct job *job, struct workspace *workspace, const struct documents *documents,
               const struct client *client, const struct lsp_settings *settings)
{
    int fds[2];
    pid_t server = getpid();
    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        int error = errno;
        close(fds[0]);
        close(fds[1]);
        errno = error;
        return false;
    }
    if (pid == 0) {
        settle(server);
        close(fds[0]);
        struct work work = {
            .workspace = workspace, .documents = documents, .client = client, .answers = fds[1]};
        check(&work, settings);
        _exit(0);
    }
    setpgid(pid, pid); /* whoever comes first */
    close(fds[1]);
    fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches; no matter when refused */
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *job = (struct job){.workspace = workspace, .pid = pid, .answers = fds[0]};
    return true;
}

void job_read(struct job *job)
{
    static char chunk[READ_BYTES];
    ssize_t got = read(job->answers, chunk, sizeof chunk);
    if (got > 0) {
        text_add_bytes(&job->bytes, chunk, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(job->answers);
        job->answers = -1;
    }
}

/* Nobody knows what a process writes that goes wrong: each of these is false for nonsense. */
static bool take_unit(struct job *job, const char *data, size_t length)
{
    struct unit_head head;
    if (length < sizeof head)
        return false;
    memcpy(&head, data, sizeof head);
    const char *key = data + sizeof head;
    if (head.key_length > length - sizeof head)
        return false;
    unit_store_put(job->workspace->store, key, head.key_length, key + head.key_length,
                   length - sizeof head - head.key_length, (enum unit_quality)head.quality);
    return true;
}

static bool take_progress(struct job_news *news, const char *data, size_t length)
{
    struct progress progress;
    if (length != sizeof progress)
        return false;
    memcpy(&progress, data, sizeof progress);
    news->done = progress.done;
    news->total = progress.total;
    return true;
}

static bool take_result(struct job_news *news, const char *data, size_t length)
{
    news->result = json_loadb(data, length, 0, NULL);
    return news->result;
}

/* The next message in full, or NULL. */
static const char *next_message(struct job *job, struct head *head)
{
    size_t left = job->bytes.length - job->taken;
    if (left < sizeof *head)
        return NULL;
    const char *at = job->bytes.at + job->taken;
    memcpy(head, at, sizeof *head);
    if (left - sizeof *head < head->length)
        return NULL;
    job->taken += sizeof *head + head->length;
    return at + sizeof *head;
}

/* What was taken goes only when all was. */
static void shrink(struct job *job)
{
    size_t left = job->bytes.length - job->taken;
    if (job->taken)
        memmove(job->bytes.at, job->bytes.at + job->taken, left);
    job->bytes.length = left;
    job->taken = 0;
}

enum job_state job_next(struct job *job, struct job_news *news)
{
    struct head head;
    for (const char *data; (data = next_message(job, &head));) {
        if (head.kind == SENT_UNIT && take_unit(job, data, head.length))
            continue;
        if (head.kind == SENT_PROGRESS && take_progress(news, data, head.length))
            return JOB_PROGRESS;
        if (head.kind == SENT_RESULT && take_result(news, data, head.length))
            return JOB_RESULT;
        job_kill(job);
        return JOB_ENDED;
    }
    shrink(job);
    return job->answers < 0 ? JOB_ENDED : JOB_WAITING;
}

void job_kill(struct job *job)
{
    kill(-job->pid, SIGKILL);
}

const char *job_end(struct job *job, struct arena *arena)
{
    int status = 0;
    if (job->answers >= 0)
        close(job->answers);
    siginfo_t info;
    while (waitid(P_PID, (id_t)job->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        continue;
    job_kill(
        job); /* workers that it left behind; as long as it is not waited for, the group is its */
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    text_release(&job->bytes);
    *job = (struct job){0};
    if (WIFSIGNALED(status))
        return arena_printf(arena, "was ended by signal %d (%s)", WTERMSIG(status),
                            strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status))
        return arena_printf(arena, "ended with status %d", WEXITSTATUS(status));
    return NULL;
}
