/* sys.c - the system calls of the I/O files. */
#include "sys.h"
#include "fiber.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The value of a system call, called again after an interruption; -errno where it fails. */
#define RESULT(call)                                                                               \
    ({                                                                                             \
        __typeof__(call) result_;                                                                  \
        do                                                                                         \
            result_ = (call);                                                                      \
        while (result_ < 0 && errno == EINTR);                                                     \
        result_ < 0 ? -errno : result_;                                                            \
    })

RT_OPAQUE void errno_set(int error)
{
    errno = error;
}

RT_OPAQUE int errno_get(void)
{
    return errno;
}

RT_OPAQUE ssize_t sys_receive(int fd, void *buf, size_t len)
{
    return RESULT(recv(fd, buf, len, MSG_DONTWAIT));
}

RT_OPAQUE ssize_t sys_send(int fd, const void *buf, size_t len)
{
    return RESULT(send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* A kernel without the call, or a tool that does not know it, cannot be asked either. */
static ssize_t not_supported(ssize_t result)
{
    return result == -ENOSYS || result == -EINVAL ? -EOPNOTSUPP : result;
}

RT_OPAQUE ssize_t sys_read_now(int fd, void *buf, size_t len)
{
    struct iovec part = {buf, len};
    return not_supported(RESULT(preadv2(fd, &part, 1, -1, RWF_NOWAIT)));
}

/*
 * A write to a pipe that nobody reads raises SIGPIPE, and no flag prevents it.  It goes to the
 * calling thread, so it is held off there for the time of the call and taken away unseen; one that
 * was pending before stays.
 */
struct quiet {
    sigset_t former; /* the thread's mask */
    bool pending;    /* a SIGPIPE was on its way before */
};

static void quiet_begin(struct quiet *quiet)
{
    sigset_t pipe_only;
    sigset_t pending;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &quiet->former);
    /* Pending is only what was blocked before, so most of the time this needs no asking. */
    quiet->pending = sigismember(&quiet->former, SIGPIPE) == 1 && sigpending(&pending) == 0 &&
                     sigismember(&pending, SIGPIPE) == 1;
}

static void quiet_end(const struct quiet *quiet, ssize_t result)
{
    static const struct timespec at_once;
    sigset_t pipe_only;

    if (result == -EPIPE && !quiet->pending) {
        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 && errno == EINTR)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &quiet->former, NULL);
}

RT_OPAQUE ssize_t sys_write_now(int fd, const void *buf, size_t len)
{
    struct iovec part = {(void *)(uintptr_t)buf, len};
    struct quiet quiet;

    quiet_begin(&quiet);
    ssize_t result = not_supported(RESULT(pwritev2(fd, &part, 1, -1, RWF_NOWAIT)));
    quiet_end(&quiet, result);
    return result;
}

RT_OPAQUE ssize_t sys_read(int fd, void *buf, size_t len)
{
    return RESULT(read(fd, buf, len));
}

RT_OPAQUE ssize_t sys_write(int fd, const void *buf, size_t len)
{
    struct quiet quiet;

    quiet_begin(&quiet);
    ssize_t result = RESULT(write(fd, buf, len));
    quiet_end(&quiet, result);
    return result;
}

RT_OPAQUE int sys_accept(int fd)
{
    /* A connection that went away while it stood in the queue is none. */
    for (;;) {
        int result = RESULT(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
        if (result != -ECONNABORTED)
            return result;
    }
}

RT_OPAQUE int sys_connect(int fd, const void *address, size_t length)
{
    return connect(fd, address, (socklen_t)length) < 0 ? -errno : 0;
}

RT_OPAQUE int sys_socket_error(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

RT_OPAQUE int sys_poll(int fd, short events)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    int result = RESULT(poll(&poll_fd, 1, 0));

    return result < 0 ? result : poll_fd.revents;
}

RT_OPAQUE int sys_nonblock(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    if (((flags & O_NONBLOCK) != 0) == on)
        return 0;
    return fcntl(fd, F_SETFL, flags ^ O_NONBLOCK) < 0 ? -errno : 1;
}

/* Not called again after an interruption: the descriptor is gone then already. */
RT_OPAQUE int sys_close(int fd)
{
    /* It ends the calls of other tasks, so it comes beside them; TSan takes that for a race. */
    fiber_ignore_writes(true);
    int result = close(fd) < 0 ? -errno : 0;
    fiber_ignore_writes(false);
    return result;
}

RT_OPAQUE int sys_duplicate(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    return copy < 0 ? -errno : copy;
}

static int kind_of_file(int fd)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return -errno;
    switch (status.st_mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFBLK:
        return KIND_FILE;
    case S_IFCHR:
        return KIND_DEVICE;
    default:
        return KIND_PIPE;
    }
}

/* Streams of other protocols may end a read early, at a message's end or before passed rights. */
RT_OPAQUE int sys_kind(int fd)
{
    int type;
    int protocol;
    socklen_t size = sizeof type;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return errno == ENOTSOCK ? kind_of_file(fd) : -errno;
    if (type != SOCK_STREAM)
        return KIND_SOCKET;
    size = sizeof protocol;
    if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) < 0)
        return -errno;
    return protocol == IPPROTO_TCP ? KIND_TCP : KIND_SOCKET;
}
