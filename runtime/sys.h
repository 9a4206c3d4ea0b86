/*
 * sys.h - the system calls of the I/O files: a result, or a negative errno.
 *
 * Each is opaque to the compiler, so that no function which parks ever holds the address of a
 * thread's errno (RT_OPAQUE in base.h).  Those that a signal may interrupt go on after it.
 */
#ifndef LEASH_RT_SYS_H
#define LEASH_RT_SYS_H

#include "base.h"

#include <sys/types.h>

/* The calling task's errno. */
void errno_set(int error);
int errno_get(void);

/* Sockets, whatever the mode of the descriptor: -EAGAIN in place of blocking.  Sending to a peer
 * that has gone is -EPIPE and no signal. */
ssize_t sys_receive(int fd, void *buf, size_t len);
ssize_t sys_send(int fd, const void *buf, size_t len);

/* Other descriptors likewise; -EOPNOTSUPP where the kind of file cannot be asked like that. */
ssize_t sys_read_now(int fd, void *buf, size_t len);
ssize_t sys_write_now(int fd, const void *buf, size_t len);

/* As the mode of the descriptor is. */
ssize_t sys_read(int fd, void *buf, size_t len);
ssize_t sys_write(int fd, const void *buf, size_t len);

/* The new descriptor is close-on-exec. */
int sys_accept(int fd);
int sys_connect(int fd, const void *address, size_t length);
/* The error that the socket holds, as a negative errno, or 0. */
int sys_socket_error(int fd);

/* Which of the poll(2) events hold now, with POLLERR, POLLHUP and POLLNVAL.  Does not wait. */
int sys_poll(int fd, short events);

/* Sets or clears O_NONBLOCK: 1 when that changed it, 0 when it was so. */
int sys_nonblock(int fd, bool on);

int sys_close(int fd);

/* Another number for the file, closed by exec. */
int sys_duplicate(int fd);

/* What a descriptor leads to. */
enum kind {
    KIND_UNKNOWN, /* not looked yet */
    KIND_SOCKET,  /* sockets can be asked not to block, call by call */
    KIND_TCP,     /* of these, one on which a short read means that nothing is left */
    KIND_PIPE,    /* pipes, FIFOs and the system's own: may be set to non-blocking */
    KIND_DEVICE,  /* terminals and the like: shared with other programs, so left as they are */
    KIND_FILE     /* regular files: always "ready", and block nevertheless */
};

/* Finds out; a negative errno on a bad descriptor. */
int sys_kind(int fd);

#endif
