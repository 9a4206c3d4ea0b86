/*
 * echo_client PORT REQUESTS: the load for the echo servers, the same for both.
 *
 * One thread with epoll.  Each of 100 connections sends 64 bytes, waits until they are back, and
 * sends the next ones, REQUESTS times in all; then all are closed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 100, MESSAGE_BYTES = 64 };

static struct connection {
    int fd;
    long left;   /* requests to come */
    int missing; /* bytes of the answer */
} connections[CONNECTIONS];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void request(struct connection *connection)
{
    static const char message[MESSAGE_BYTES];

    connection->left--;
    connection->missing = MESSAGE_BYTES;
    if (write(connection->fd, message, sizeof message) != sizeof message)
        fail("write");
}

static void open_connection(struct connection *connection, int port, long requests, int poll)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    connection->left = requests;
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        epoll_ctl(poll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        fail("connect");
}

/* false: this was its last answer. */
static bool take_answer(struct connection *connection)
{
    char message[MESSAGE_BYTES];
    ssize_t length = read(connection->fd, message, (size_t)connection->missing);

    if (length <= 0)
        fail("read");
    connection->missing -= (int)length;
    if (connection->missing > 0)
        return true;
    if (connection->left == 0)
        return false;
    request(connection);
    return true;
}

static void converse(int poll)
{
    struct epoll_event events[CONNECTIONS];
    int open = CONNECTIONS;

    while (open > 0) {
        int count = epoll_wait(poll, events, CONNECTIONS, -1);
        for (int i = 0; i < count; i++) {
            if (!take_answer(events[i].data.ptr))
                open--;
        }
    }
}

int main(int argc, char **argv)
{
    int port = argc == 3 ? atoi(argv[1]) : 0;
    long requests = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    int poll = epoll_create1(0);

    if (port < 1 || requests < CONNECTIONS) {
        fputs("usage: echo_client PORT REQUESTS\n", stderr);
        return 2;
    }
    for (int i = 0; i < CONNECTIONS; i++)
        open_connection(&connections[i], port, requests / CONNECTIONS, poll);
    for (int i = 0; i < CONNECTIONS; i++)
        request(&connections[i]);
    converse(poll);
    return 0;
}
