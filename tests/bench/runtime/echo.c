/*
 * echo.c - a TCP server that sends back what it gets, for echo_client.
 */
#include "bench.h"

#include <leash.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 100, MESSAGE_BYTES = 64 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void serve(int fd)
{
    char message[MESSAGE_BYTES];
    ssize_t length;

    while ((length = io_read(NULL, fd, message, sizeof message, NO_TIMEOUT)) > 0) {
        if (io_write(NULL, fd, message, (size_t)length, NO_TIMEOUT) != length)
            fail("write");
    }
    io_close(fd);
}

/* Any free port of the loopback device; says which. */
static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, CONNECTIONS) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        fail("listen");
    dprintf(STDOUT_FILENO, "%d\n", ntohs(address.sin_port));
    return fd;
}

double bench_echo(long count)
{
    int listener = listen_somewhere();
    wg_t connections = {0};
    double start = cpu_ns();

    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = io_accept(NULL, listener, NO_TIMEOUT);
        if (fd < 0)
            fail("accept");
        wg_spawn(&connections, serve, fd);
    }
    wg_wait(&connections);
    double end = cpu_ns();
    io_close(listener);
    return (end - start) / (double)count;
}
