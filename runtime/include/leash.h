/*
 * leash.h - tasks, channels, contexts and their leaks, for C.
 *
 * A task is a function that runs on a small stack of its own; many tasks share few threads.  What
 * has to wait parks its task and leaves the thread to others, so waiting costs memory but no time.
 * A task that waits for something that never comes stays for ever: that is a leak, and the calls
 * here are made so that `leash check` sees it in the source and the runtime reports it in a run.
 *
 *     static void square(chan_t *done, chan_t *in, chan_t *out)
 *     {
 *         defer_close(out);                           // whoever sends, closes
 *         int value;
 *         while (chan_recv(in, &value)) {             // false: closed, nothing left
 *             int result = value * value;
 *             switch (chan_select(SEND(out, &result), DONE(done))) {
 *             case 0:
 *                 break;                              // sent: on to the next
 *             default:
 *                 return;                             // told to stop
 *             }
 *         }
 *     }
 *     ...
 *     spawn(square, done, numbers, squares);
 *
 * What holds for every call, unless its own text says otherwise:
 *
 *   Who      Tasks make these calls: the function given to leash_run and all that it spawns.  Any
 *            task, on any thread, may use any object, and several may use one at the same time.
 *   Parks    "Parks" says that the caller may be set aside, always the task and never the thread.
 *            A call that does not say so returns without waiting for another task.
 *   Time     Durations are in milliseconds, points in time are on the clock of task_now_ms().  A
 *            duration of 0 or less, or a point that has passed, means the next scheduling.
 *   NULL     A NULL context stands for ctx_background(), and freeing NULL does nothing.
 *   Errors   Small positive errno values as results, or -1 and errno where the system call of that
 *            name does so.  errno belongs to the task; the signal mask and the floating-point
 *            control words belong to the thread and are not carried along.
 *   Memory   Want of memory ends the program with a message that names the calling line; try_spawn
 *            alone reports it.
 *   Misuse   Closing a channel twice or closing NULL, a count below zero, unlocking what is not
 *            locked, freeing a channel on which a task is parked: the program aborts with a message
 *            and a dump of all tasks.  The message names the calling line where the call notes it;
 *            a plain function (mu_unlock, chan_free) names the object.
 *   Cost     Constant time, where nothing else is said.
 *   Order    What was written before is seen after, from a spawn to the task's first line, from a
 *            send to its receive, from a close to the receive that sees it, from wg_done to the end
 *            of the wg_wait it ends, from an unlock to the next lock.
 *   Letting  After it has let a waiter go, the runtime does not touch the channel, wait group or
 *   go       lock again.  So a channel may be freed right after the receive that saw its close, and
 *            a wait group may live in the frame that waits for it.
 *   fork     Only to exec at once: the other threads do not exist in the child.
 *
 * Names.  Everything external begins with leash_ or LEASH_.  The texts below use the short names,
 * which stand in one block at the end; -DLEASH_NO_SHORT_NAMES leaves the block out, and then
 *
 *     a type or a plain function    chan_t, chan_free        is  leash_chan_t, leash_chan_free
 *     a macro or a constant         chan_send, NO_TIMEOUT    is  LEASH_CHAN_SEND, LEASH_NO_TIMEOUT
 *     an event of io_wait           IO_READ                  is  LEASH_EVENT_READ, and so on
 *
 * Plain functions can be handed on by either name.  Macros exist where the call notes the line it
 * is made on (for dumps and leak reports) or checks types; they evaluate each argument once.  Where
 * another library has a name of this block, use the long names, or include that library first.
 *
 * Languages.  C11 or later, gcc or clang, with or without GNU extensions.  C++11 or later has all
 * of it too; there the arms of chan_select and the arguments of spawn come from small inline
 * functions in place of compound literals and _Generic, and the compound literals in a user's own
 * arguments (chan_send(ch, &(struct point){1, 2})) remain C.  No exception may leave a task, and
 * no call that parks stands in a catch block: what the exception is belongs to the thread.
 */
#ifndef LEASH_H
#define LEASH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* "file:line" of the place where the macro that uses it is called. */
#define LEASH_STR_(x) #x
#define LEASH_STR(x)  LEASH_STR_(x)
#define LEASH_HERE    (__FILE__ ":" LEASH_STR(__LINE__))

#define LEASH_CHECK_RESULT_ __attribute__((warn_unused_result))

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A task may go on on another thread after it parked, and each thread has an errno.  The system's
 * own errno has an address that never changes, as far as the compiler knows, which may thus read
 * the former thread's; so this one is the same place, asked for anew each time.
 */
#if defined(__linux__)
int *leash_errno_place_(void) __asm__("__errno_location");
#undef errno
#define errno (*leash_errno_place_())
#endif

/* Opaque: made and given back by the calls below, passed around as pointers. */
typedef struct leash_chan leash_chan_t;     /* a channel of values of one size */
typedef struct leash_ctx leash_ctx_t;       /* a context: a deadline, a cancellation, values */
typedef struct leash_ticker leash_ticker_t; /* a periodic timer */
typedef struct leash_alarm leash_alarm_t;   /* a call to be made later */

/* Complete, so that they can be members and locals.  All bytes zero is ready to use and holds no
 * memory, so nothing needs giving back.  Not to be copied once used, nor to go away while a task
 * waits. */

/* Counts work that goes on. */
typedef struct leash_wg {
    uint64_t opaque[3];
} leash_wg_t;
/* A lock. */
typedef struct leash_mu {
    uint64_t opaque[3];
} leash_mu_t;
/* A lock for many readers or one writer. */
typedef struct leash_rw {
    uint64_t opaque[5];
} leash_rw_t;
/* A condition to wait for, beside a mu_t. */
typedef struct leash_cv {
    uint64_t opaque[3];
} leash_cv_t;
/* Something done a single time. */
typedef struct leash_once {
    uint64_t opaque[2];
} leash_once_t;

/* ---- tasks ----------------------------------------------------------------------------------- */

/*
 * Runs entry(argc, argv) as the first task and returns its result once it has returned.
 *
 * For main, on an ordinary thread: may be called again after it returned, but not from a task.
 * Tasks that are still alive when entry returns get a short grace, as far as they can run at all.
 * Who is left then goes unmentioned, or is reported to stderr under LEASH_LEAKS=report, or makes
 * the exit status 23 as well under LEASH_LEAKS=fail.  LEASH_THREADS sets the number of threads
 * (else one per online core).  Under LEASH_SIGQUIT=dump the signal SIGQUIT writes a dump to stderr
 * and the program goes on.  When every task is parked and nothing outside can wake one, the
 * program ends with a dump and status 24.
 */
int leash_run(int (*entry)(int argc, char **argv), int argc, char **argv);

/*
 * The version of the library that the program is linked to, as "major.minor.patch".
 *
 * Constant text, never NULL.  Any thread may ask, at any time.
 */
const char *leash_version(void);

/*
 * spawn(fn, a, b, ...) starts fn(a, b, ...) as a task of its own and does not wait for it.
 *
 * Zero to six arguments.  The compiler checks them against fn's prototype as in a call; then they
 * travel as machine words, so fn's parameters are pointers and integers of the width of int or
 * more. fn is not variadic and returns void, an integer or a pointer, which is dropped.  A floating
 * argument or a seventh one does not compile.  What the pointers lead to must live as long as the
 * task uses it: hand over memory that it owns, or wait for it before the owner's frame ends.
 *
 * The new task runs when the caller parks or another thread is free; of several, any may be first.
 * A caller that spawns faster than tasks run lets them go first now and then.
 *
 * try_spawn is for callers who have a plan for missing memory: 0, or ENOMEM or EAGAIN with nothing
 * started.  Both cost a stack, mostly a used one.
 */
#define LEASH_SPAWN(...)     leash_spawn(LEASH_CALL_(__VA_ARGS__), LEASH_HERE)
#define LEASH_TRY_SPAWN(...) leash_try_spawn(LEASH_CALL_(__VA_ARGS__), LEASH_HERE)

/* Lets the other tasks that can run go first.  Nothing else takes the thread from a task that
 * computes, so long computations call it now and then.  A chan_select that goes by its DEFAULT, and
 * ctx_err, do so too, every few dozen calls: a loop that looks out for its end need not. */
void leash_task_yield(void);

/* The clock of all deadlines, in milliseconds: never set back, its zero means nothing.  Under
 * LEASH_CLOCK=virtual it stands still while a task runs or a task_blocking lasts, and leaps to the
 * next timer when all are parked, so that a test of a long timeout is short.  It does not wait for
 * what other processes do. */
int64_t leash_task_now_ms(void);

/* Parks for `ms` milliseconds.  Not a way to wait for other tasks: that is what a wait group or a
 * channel is for. */
#define LEASH_TASK_SLEEP_MS(ms) leash_task_sleep_ms((ms), LEASH_HERE)

/* The same, ended early by the context: 0 after the full time, else ECANCELED or ETIMEDOUT. */
#define LEASH_TASK_SLEEP_CTX(ctx, ms) leash_task_sleep_ctx((ctx), (ms), LEASH_HERE)

/* The number of the calling task, as dumps show it.  A later task has a higher one. */
uint64_t leash_task_id(void);

/*
 * Calls the function fn(arg), void *fn(void *), on a helper thread and parks until it returns;
 * passes on its result, and its errno.
 *
 * For C calls that may take long and know nothing of tasks: getaddrinfo, a slow disk, a database.
 * fn itself is no task and makes none of the calls of this header.  Nothing cancels it.  There are
 * up to 64 helpers (LEASH_HELPERS sets another number); further calls wait their turn, first come,
 * first served.
 */
#define LEASH_TASK_BLOCKING(fn, arg) leash_task_blocking((fn), (arg), LEASH_HERE)

/* ---- channels -----------------------------------------------------------------------------------
 * A queue of values of one size between tasks, first in, first out.  Values are copied in and out.
 */
/* A pointer to a pointer is as good a value as any, and the conversion to void * stays implicit so
 * that the compiler checks it.
 * NOLINTBEGIN(bugprone-multi-level-implicit-pointer-conversion) */

/* A channel of values of type T with room for `capacity` of them; with 0, each send waits for its
 * receive.  The caller becomes its owner.  Allocates the room at once. */
#define LEASH_CHAN_MAKE(T, capacity) leash_chan_make(sizeof(T), (capacity), LEASH_HERE)

/* A channel that carries nothing and is only ever closed: the signal to stop.  Owned likewise. */
#define LEASH_DONE_MAKE() leash_chan_make(0, 0, LEASH_HERE)

/*
 * chan_send(ch, value): copies *value into the channel.
 *
 * Parks until there is room or a receiver.  true when it was sent, false when the channel is or
 * gets closed: then the value, with all it owns, is still the caller's.  On a NULL channel it parks
 * for ever.  `value` comes last so that a compound literal can stand there as it is:
 * chan_send(ch, &(struct point){1, 2}).
 */
#define LEASH_CHAN_SEND(ch, ...) leash_chan_send((ch), (__VA_ARGS__), LEASH_HERE)

/*
 * chan_recv(ch, out): moves the oldest value to *out; with `out` NULL the value is lost.
 *
 * Parks until there is one.  false when the channel is closed and drained, with *out zeroed.  On a
 * NULL channel it parks for ever.
 */
#define LEASH_CHAN_RECV(ch, out) leash_chan_recv((ch), (out), LEASH_HERE)

/* The same two, given up when the context ends: 0 on success, EPIPE where the plain call says
 * false, ECANCELED or ETIMEDOUT for the context, and then nothing was sent or taken. */
#define LEASH_CHAN_SEND_CTX(ctx, ch, ...)                                                          \
    leash_chan_send_ctx((ctx), (ch), (__VA_ARGS__), LEASH_HERE)
#define LEASH_CHAN_RECV_CTX(ctx, ch, out) leash_chan_recv_ctx((ctx), (ch), (out), LEASH_HERE)

/* No more values will come: receivers get what is still in the channel, then false, and parked
 * senders get false.  The last sender's to call, once; does not free.  Time grows with the number
 * of tasks parked on the channel. */
#define LEASH_CHAN_CLOSE(ch) leash_chan_close((ch), LEASH_HERE)

/* A channel belongs to its maker and to each caller of chan_ref, which returns its argument. */
leash_chan_t *leash_chan_ref(leash_chan_t *ch);

/* Gives one ownership up.  The last one frees the channel, and the bytes of values still in it, not
 * what those bytes point to.  Does not close.  No task may be parked on it then. */
void leash_chan_free(leash_chan_t *ch);

/* The number of values waiting, already outdated when another task runs, and the room for them.
 * NULL has neither: 0. */
size_t leash_chan_len(const leash_chan_t *ch);
size_t leash_chan_cap(const leash_chan_t *ch);

/*
 * switch (chan_select(RECV(in, &value), DONE(ctx))) { case 0: ...  default: ... }
 *
 * Parks until at least one of its cases can go, lets exactly one go, picked fairly, and returns its
 * index, counted from 0.  Pointers in the cases are used until it returns.  Time grows with the
 * number of cases, which stands in the source: at most a few dozen are sensible.
 *
 *   RECV(ch, out)          as chan_recv; a closed channel can go, with *out zeroed
 *   RECV_OK(ch, out, ok)   and *ok tells whether a value came (true) or the close (false)
 *   SEND(ch, value)        as chan_send; a closed channel can go, and the value was not sent
 *   SEND_OK(ch, ok, value) and *ok tells whether it was
 *   DONE(what)             a context that ended, or a done channel that was closed
 *   AFTER_MS(ms)           so much time has passed
 *   UNTIL_MS(when_ms)      the clock of task_now_ms() has got there
 *   DEFAULT()              no other case can go right now; so the select never parks, and an
 *                          AFTER_MS beside it never goes
 *
 * A case on a NULL channel can never go: setting the variable to NULL switches a case off.  With no
 * case that can ever go it parks for ever.
 */
#define LEASH_CHAN_SELECT(...) leash_select(LEASH_CASES_(__VA_ARGS__), LEASH_HERE)

/*
 * chan_or(a, b, ...): a channel that counts as closed as soon as one of the given ones is closed.
 *
 * For channels that are only ever closed.  NULL ones are left out; with no other the result is
 * NULL. The caller owns the result and may free it at any time; until then it holds a reference on
 * each of the others.  Costs memory and time in their number, and no task.
 */
#define LEASH_CHAN_OR(...) leash_chan_or(LEASH_CHANNELS_(__VA_ARGS__), LEASH_HERE)

/* NOLINTEND(bugprone-multi-level-implicit-pointer-conversion) */

/* ---- wait groups and locks ----------------------------------------------------------------------
 * A lock is not bound to the task that took it: another may release it.
 */

/* Adds n, which may be negative, to the count.  Adding from zero is only right while nobody waits:
 * count first, spawn then, and never inside the task that is counted. */
#define LEASH_WG_ADD(wg, n) leash_wg_add((wg), (n), LEASH_HERE)

/* Takes one off the count; at zero all waiters go on. */
#define LEASH_WG_DONE(wg) leash_wg_done((wg), LEASH_HERE)

/* Parks until the count is zero.  Any number of tasks may wait. */
#define LEASH_WG_WAIT(wg) leash_wg_wait((wg), LEASH_HERE)

/* The same, ended early by the context: 0, ECANCELED or ETIMEDOUT.  In the last two cases the tasks
 * go on and still use the wait group. */
#define LEASH_WG_WAIT_CTX(ctx, wg) leash_wg_wait_ctx((ctx), (wg), LEASH_HERE)

/* wg_spawn(wg, fn, a, b, ...): wg_add(wg, 1), a spawn, and wg_done when the task returns, by
 * whatever path.  The form to prefer. */
#define LEASH_WG_SPAWN(wg, ...) leash_wg_spawn((wg), LEASH_CALL_(__VA_ARGS__), LEASH_HERE)

/* mu_lock parks until the lock is free and takes it; a task that holds it already parks for ever.
 * mu_trylock does not park: true when it took it. */
#define LEASH_MU_LOCK(mu)    leash_mu_lock((mu), LEASH_HERE)
#define LEASH_MU_TRYLOCK(mu) leash_mu_trylock((mu), LEASH_HERE)
void leash_mu_unlock(leash_mu_t *mu);

/* rw_rlock parks while a writer holds the lock or waits for it, rw_lock while anyone holds it.  So
 * a task that reads must not read-lock again: a writer may stand between. */
#define LEASH_RW_RLOCK(rw) leash_rw_rlock((rw), LEASH_HERE)
#define LEASH_RW_LOCK(rw)  leash_rw_lock((rw), LEASH_HERE)
void leash_rw_runlock(leash_rw_t *rw);
void leash_rw_unlock(leash_rw_t *rw);

/* With mu held: releases it, parks until signalled, takes it again, which may park too.  Always in
 * a loop over what is waited for, since another task may have come first. */
#define LEASH_CV_WAIT(cv, mu) leash_cv_wait((cv), (mu), LEASH_HERE)

/* The same, ended early by the context: 0, ECANCELED or ETIMEDOUT.  mu is held in every case. */
#define LEASH_CV_WAIT_CTX(ctx, cv, mu) leash_cv_wait_ctx((ctx), (cv), (mu), LEASH_HERE)

/* Wakes one waiter, or all.  Without waiters nothing happens and nothing is remembered. */
void leash_cv_signal(leash_cv_t *cv);
void leash_cv_broadcast(leash_cv_t *cv);

/* once_do(once, fn, arg): the first caller runs void fn(void *) with arg; the others park until
 * that has returned, and later ones go straight on.  From within fn it would park for ever. */
#define LEASH_ONCE_DO(once, fn, arg) leash_once_do((once), (fn), (arg), LEASH_HERE)

/* ---- contexts -----------------------------------------------------------------------------------
 * One context for each piece of work that can be called off: a request, a run.  Functions that park
 * take it as their first parameter.  It ends by ctx_cancel, by its time, or with its parent, and
 * stays ended.  Each ctx_with_* makes a child that the caller must give back with ctx_free on every
 * path (defer_ctx_free), else child and timer live until the parent ends.  They allocate.
 */

/* The root: never ends, and freeing it does nothing. */
leash_ctx_t *leash_ctx_background(void);

#define LEASH_CTX_WITH_CANCEL(parent) leash_ctx_with_cancel((parent), LEASH_HERE)
/* Ends after `ms` milliseconds, or at `when_ms` on the task_now_ms() clock, never later than the
 * parent. */
#define LEASH_CTX_WITH_TIMEOUT_MS(parent, ms) leash_ctx_with_timeout_ms((parent), (ms), LEASH_HERE)
#define LEASH_CTX_WITH_DEADLINE_MS(parent, when_ms)                                                \
    leash_ctx_with_deadline_ms((parent), (when_ms), LEASH_HERE)
/* Ends too, with ECANCELED, when the peer of the connected socket `fd` hangs up.  The descriptor
 * stays the caller's and is closed after ctx_free. */
#define LEASH_CTX_WITH_HANGUP(parent, fd) leash_ctx_with_hangup((parent), (fd), LEASH_HERE)

/* Carries `value` under `key`, which is compared by address.  The value stays the caller's and must
 * live as long as the context. */
leash_ctx_t *leash_ctx_with_value(leash_ctx_t *parent, const void *key, void *value);
/* The value of the nearest ancestor (itself first) that has the key, else NULL.  Time grows with
 * the number of ancestors. */
void *leash_ctx_value(leash_ctx_t *ctx, const void *key);

/* Closes when the context ends.  Lives and dies with it: neither closed nor freed by the caller.
 * NULL for the background, which never ends. */
leash_chan_t *leash_ctx_done(leash_ctx_t *ctx);

/* When it ends at the latest, on the task_now_ms() clock; INT64_MAX without a deadline. */
int64_t leash_ctx_deadline_ms(leash_ctx_t *ctx);

/* 0 while it goes on, ECANCELED after ctx_cancel or a hang-up, ETIMEDOUT after its time.  For loops
 * that compute and never park. */
int leash_ctx_err(leash_ctx_t *ctx);

/* Ends it and all that descends from it, and wakes who waits for one of them.  Frees nothing; may
 * be called any number of times.  Time grows with the descendants and the tasks woken. */
void leash_ctx_cancel(leash_ctx_t *ctx);

/* The maker's last call: cancels and gives the context up.  Parent and children may be freed in any
 * order. */
void leash_ctx_free(leash_ctx_t *ctx);

/* ctx_ref adds a holder, for a task that may outlive the maker's ctx_free, and returns its
 * argument; that task ends with ctx_unref, which does not cancel. */
leash_ctx_t *leash_ctx_ref(leash_ctx_t *ctx);
void leash_ctx_unref(leash_ctx_t *ctx);

/* ---- timers -------------------------------------------------------------------------------------
 * For one wait, AFTER_MS or a context with a timeout is enough; these are for what goes on.
 * Starting allocates; starting and stopping cost at most the logarithm of the number of timers.
 */

/* A tick every `every_ms` milliseconds (at least 1), the first after one period.  The maker ends it
 * with ticker_stop. */
#define LEASH_TICKER_START_MS(every_ms) leash_ticker_start_ms((every_ms), LEASH_HERE)

/* Where the ticks come: int64_t, the time on the task_now_ms() clock.  It holds one; ticks that
 * find it full are dropped.  Belongs to the ticker and is never closed, so receive beside a DONE.
 */
leash_chan_t *leash_ticker_chan(leash_ticker_t *ticker);

/* Stops and frees, the channel too unless somebody holds a chan_ref; no tick comes any more. */
void leash_ticker_stop(leash_ticker_t *ticker);

/* alarm_after_ms(ms, fn, arg): runs void fn(void *) with arg in a task of its own, once, after `ms`
 * milliseconds.  The result must go to alarm_stop or to alarm_detach. */
#define LEASH_ALARM_AFTER_MS(ms, fn, arg) leash_alarm_after_ms((ms), (fn), (arg), LEASH_HERE)

/* Frees the alarm.  true: fn has not run and will not.  false: it has run to its end; if it is
 * under way, parks until then.  Within fn itself it does not wait for it. */
bool leash_alarm_stop(leash_alarm_t *alarm);

/* Leaves it alone: it runs when its time comes and then frees itself. */
void leash_alarm_detach(leash_alarm_t *alarm);

/* ---- defer --------------------------------------------------------------------------------------
 * A declaration that does something when its block is left, by return, break, goto or at its end,
 * and the later ones first.  The argument is evaluated at once, and must still be good then.  Not
 * by exit and longjmp.  No goto and no case label may jump past one into its block.
 */

/* Calls fn(arg), for any void fn(void *). */
#define LEASH_DEFER_CALL(fn, arg) LEASH_DEFER_CALL_((fn), (arg))

/* Each calls the function of its name: defer_unlock calls mu_unlock, defer_cancel ctx_cancel. */
#define LEASH_DEFER_CLOSE(ch)      LEASH_DEFER_(leash_chan_t *, leash_defer_close, (ch))
#define LEASH_DEFER_FREE(ch)       LEASH_DEFER_(leash_chan_t *, leash_defer_free, (ch))
#define LEASH_DEFER_WG_DONE(wg)    LEASH_DEFER_(leash_wg_t *, leash_defer_wg_done, (wg))
#define LEASH_DEFER_WG_WAIT(wg)    LEASH_DEFER_(leash_wg_t *, leash_defer_wg_wait, (wg)) /* parks */
#define LEASH_DEFER_UNLOCK(mu)     LEASH_DEFER_(leash_mu_t *, leash_defer_unlock, (mu))
#define LEASH_DEFER_RW_UNLOCK(rw)  LEASH_DEFER_(leash_rw_t *, leash_defer_rw_unlock, (rw))
#define LEASH_DEFER_RW_RUNLOCK(rw) LEASH_DEFER_(leash_rw_t *, leash_defer_rw_runlock, (rw))
#define LEASH_DEFER_CANCEL(ctx)    LEASH_DEFER_(leash_ctx_t *, leash_defer_cancel, (ctx))
#define LEASH_DEFER_CTX_FREE(ctx)  LEASH_DEFER_(leash_ctx_t *, leash_defer_ctx_free, (ctx))

/* ---- I/O ----------------------------------------------------------------------------------------
 * As the system calls of the same names, but they park in place of blocking the thread.  They end
 * early with -1 and errno ECANCELED or ETIMEDOUT, when the context ends or `timeout_ms` has passed;
 * with a context that has ended they do not even try, and with a time of 0 or less they try once.
 * NO_TIMEOUT waits as long as it takes, and a NULL context cannot be cancelled: give at least one
 * of the two.
 *
 * A descriptor stays the caller's and need not be in non-blocking mode.  Listening sockets and
 * FIFOs are set to it at their first use, until io_close or the end of leash_run; others are left
 * as they are.  Writing where nobody reads any more is EPIPE and raises no SIGPIPE, and no call
 * ends with EINTR.  A regular file that is not at hand in memory is read and written on a helper
 * thread, as by task_blocking, and neither context nor time ends that.
 */

#define LEASH_NO_TIMEOUT ((int64_t)-1)

/* Up to `len` bytes, maybe fewer: their number.  0 from io_read is the end of the stream.  The
 * buffer is used until the call returns. */
#define LEASH_IO_READ(ctx, fd, buf, len, timeout_ms)                                               \
    leash_io_read((ctx), (fd), (buf), (len), (timeout_ms), LEASH_HERE)
#define LEASH_IO_WRITE(ctx, fd, buf, len, timeout_ms)                                              \
    leash_io_write((ctx), (fd), (buf), (len), (timeout_ms), LEASH_HERE)

/* The next connection of a listening socket: a new descriptor, close-on-exec, for the caller to
 * io_close. */
#define LEASH_IO_ACCEPT(ctx, fd, timeout_ms) leash_io_accept((ctx), (fd), (timeout_ms), LEASH_HERE)

/* To the socket address `addr` of `addrlen` bytes.  0 when connected; after failing, close `fd`. */
#define LEASH_IO_CONNECT(ctx, fd, addr, addrlen, timeout_ms)                                       \
    leash_io_connect((ctx), (fd), (addr), (addrlen), (timeout_ms), LEASH_HERE)

/* Events, to be combined with |. */
enum { LEASH_EVENT_READ = 1, LEASH_EVENT_WRITE = 2, LEASH_EVENT_HANGUP = 4 };

/* Parks until one of `events` holds for `fd`; returns those that do. */
#define LEASH_IO_WAIT(ctx, fd, events, timeout_ms)                                                 \
    leash_io_wait((ctx), (fd), (events), (timeout_ms), LEASH_HERE)

/* Closes the descriptor, as close(2) does; tasks parked on it get ECANCELED.  For every descriptor
 * that io_* was used on, since plain close would leave those tasks parked. */
int leash_io_close(int fd);

/* signal_notify(SIGINT, SIGTERM, ...): a channel of int that gets each of these signals from now
 * on, in place of what they did before.  Room for 16; further ones are dropped.  Belongs to the
 * caller, who ends it with signal_stop alone: that restores the former behaviour and gives the
 * channel up. */
#define LEASH_SIGNAL_NOTIFY(...) leash_signal_notify(LEASH_SIGNALS_(__VA_ARGS__), LEASH_HERE)
void leash_signal_stop(leash_chan_t *ch);

/* ---- seeing and testing for leaks ---------------------------------------------------------------
 * Dumps and searches take time in the number of tasks, and hold the others up meanwhile.
 */

/* Tasks alive now, the caller included. */
size_t leash_task_count(void);

/* Writes every task to `out`: number, state, function, where it is parked and for how long, who
 * spawned it; as text, or as one JSON document.  0, or an errno of the writing. */
int leash_task_dump(FILE *out);
int leash_task_dump_json(FILE *out);

/* The text arranged by a word of `leash tasks`: "list" is task_dump; "top" has tasks that are alike
 * once, calls included, with their number, most first; "tree" who spawned whom; "objects" who waits
 * for what.  Likewise, or EINVAL for another word, and ENOMEM. */
int leash_task_dump_as(FILE *out, const char *view);

/* A moment, to be compared with later; holds nothing. */
typedef struct leash_mark {
    uint64_t last_task_id;
} leash_leak_mark_t;
leash_leak_mark_t leash_leak_mark(void);

/* Parks up to `grace_ms` for the tasks spawned since the mark to end, dumps those that have not to
 * `out` and returns their number. */
size_t leash_leak_report(FILE *out, leash_leak_mark_t mark, int64_t grace_ms);

/* Tasks that are meant to stay: the searches for leaks pass over those that were spawned on a line
 * that fits the pattern of fnmatch(3), "cache.c:*" or "src/cache.c:41", with the whole of its path
 * or its end after a '/'.  The text stays the caller's and must live as long as the program.  At
 * any time, on any thread; up to 64 of them. */
void leash_leak_ignore(const char *pattern);

/* For tests: when the block of this declaration is left, tasks spawned since and still alive after
 * a short grace are dumped and fail the program. */
#define LEASH_LEAK_CHECK_SCOPE()                                                                   \
    LEASH_DECLARE_(leash_leak_mark_t, leash_mark_, leash_leak_check, ) = leash_leak_mark()

/* Tasks that can never run again: parked on what no running task, no thread, timer or global, and
 * no value in a channel that these reach, leads to.  Dumps them to `out`, then a line with their
 * number and how long all threads stood still, and returns the number.
 *
 * They are stopped by SIGURG until there is a copy of the process, as by fork; a sleep or an
 * epoll_wait of a thread that runs no tasks may end with EINTR.  The copy is searched while all go
 * on, and a calling task is parked meanwhile.  Where the process shares memory with others
 * (MAP_SHARED), or a copy is refused, the threads stand until the search is over.  Where a thread
 * was stopped in the midst of malloc or free, they go on and are stopped again.
 *
 * The search is conservative, as a garbage collector's: what looks like a pointer to a block of the
 * heap, to a part of it or to its end, keeps it in use, and where a block lies is known of glibc's
 * malloc on x86-64; elsewhere all of the heap counts as in use, as blocks do that are mappings of
 * their own (128 KiB and more).  So a task may be lost and not be told of; the other way round only
 * where a program hides its pointers (in files, pipes, an io_uring, memory that may not be read at
 * the moment, unaligned, in disguise, under MADV_WIPEONFORK).  Under a sanitizer or valgrind, where
 * a thread blocks SIGURG, or where memory is kept from copies (MADV_DONTFORK), it says that it
 * cannot tell and returns 0. */
size_t leash_leak_find(FILE *out);
/* The same as one JSON document, with the tasks as task_dump_json has them; "lost" is null where it
 * cannot tell, and "reason" says why. */
size_t leash_leak_find_json(FILE *out);

/* What a watch has seen.  Valid during the call. */
typedef struct leash_task_news {
    bool is_growth;         /* the number keeps growing; else it has passed the limit */
    size_t count;           /* tasks alive now */
    const char *spawned_at; /* the place where most of them were spawned, "file:line" */
    size_t spawned_there;   /* that many */
} leash_task_news_t;

/* Calls fn(news, arg) when more than `limit` tasks are alive (0: there is no limit), and when their
 * number keeps growing (window_ms 0: that is not asked): when its lowest value in a window of so
 * many milliseconds was four times in a row higher than in the window before.  What comes and goes
 * is no growth, then.  It calls again once the number was back at the limit, or a window's low did
 * not rise, in between.  Short peaks may pass unseen: it looks every 250 ms, or eight times in a
 * window where that is more often.  Time is the real one, under LEASH_CLOCK=virtual too.
 *
 * fn runs outside of tasks, on a thread that keeps no task alive: it may count, dump and search,
 * and must not park, nor call task_watch_stop.  NULL: a line on stderr says it.
 *
 * For tasks.  0, EINVAL for neither of the two or a window of less than 0 or more than a day,
 * EALREADY when a watch is on, EPERM outside of tasks, or an errno of pthread_create.  It ends with
 * task_watch_stop, for any thread, which waits for a call that is under way; or with leash_run. */
int leash_task_watch(size_t limit, int64_t window_ms,
                     void (*fn)(const leash_task_news_t *news, void *arg), void *arg);
void leash_task_watch_stop(void);

/* Serves /debug/tasks, /debug/tasks/lost (what leak_find says: each request stops all threads),
 * /metrics (Prometheus' text form) and /healthz by HTTP on a thread of its own, until debug_stop or
 * the end of leash_run.  It keeps no task alive and can wake none.
 *
 * /debug/tasks?view=tree is task_dump_as, and ?format=json task_dump_json.
 *
 * `address` is "127.0.0.1:6060" or "[::1]:6060"; ":6060" is that port of 127.0.0.1, and NULL the
 * first of these.  Port 0 picks a free one.  A line on stderr says which it is.  Beyond loopback
 * anyone who can reach the address sees the dumps.
 *
 * For tasks.  0, EINVAL for the address, EALREADY when it serves already, EPERM outside of tasks,
 * or an errno of the socket.  debug_stop is for any thread, and does nothing when none serves.
 * Both are in the library libleash-debug. */
int leash_debug_serve(const char *address);
void leash_debug_stop(void);

/* From now on each dump and each report of tasks shows the calls on the stacks of those that do not
 * run, with functions and lines where the program has debug information (-g; optimised code, too),
 * and the function that spawned each.  A call that the compiler has made the last step of its
 * function has left nothing on the stack, nor has its function.
 *
 * At any time, on any thread; debug_serve does it, too.  On x86-64; elsewhere there are no calls,
 * only who spawned the task.  In the library libleash-debug. */
void leash_debug_stacks(void);

/* ---- notes for the analyzer ---------------------------------------------------------------------
 * They change nothing in the program.
 */

/* Before a function: a task that is meant to live as long as the program. */
#define LEASH_DAEMON LEASH_NOTE_("leash:daemon")
/* Before a parameter: the function closes, frees, finishes or cancels what it is given, now or
 * later. */
#define LEASH_TAKES LEASH_NOTE_("leash:takes")

/* ---- what the macros stand on -------------------------------------------------------------------
 * Not to be used directly: `site` is LEASH_HERE, or another string that lives as long as the
 * program.
 */

/* One arm of a chan_select; which fields count depends on op. */
enum leash_op {
    LEASH_OP_RECV = 1, /* ch, out, ok */
    LEASH_OP_SEND,     /* ch, value, ok */
    LEASH_OP_AFTER,    /* ms: a duration */
    LEASH_OP_UNTIL,    /* ms: a point in time */
    LEASH_OP_DEFAULT
};
typedef struct leash_case {
    enum leash_op op;
    leash_chan_t *ch;
    void *out;
    const void *value;
    bool *ok;
    int64_t ms;
} leash_case;

/* The arguments of a task, as words: the first `count` of them. */
typedef struct leash_args {
    size_t count;
    uintptr_t value[6];
} leash_args;

typedef struct leash_deferred_call {
    void (*fn)(void *);
    void *arg;
} leash_deferred_call;

void leash_spawn(void (*fn)(void), leash_args args, const char *name, const char *site);
LEASH_CHECK_RESULT_ int leash_try_spawn(void (*fn)(void), leash_args args, const char *name,
                                        const char *site);
void leash_task_sleep_ms(int64_t ms, const char *site);
int leash_task_sleep_ctx(leash_ctx_t *ctx, int64_t ms, const char *site);
void *leash_task_blocking(void *(*fn)(void *), void *arg, const char *site);

leash_chan_t *leash_chan_make(size_t element_size, size_t capacity, const char *site);
bool leash_chan_send(leash_chan_t *ch, const void *value, const char *site);
bool leash_chan_recv(leash_chan_t *ch, void *out, const char *site);
int leash_chan_send_ctx(leash_ctx_t *ctx, leash_chan_t *ch, const void *value, const char *site);
LEASH_CHECK_RESULT_ int leash_chan_recv_ctx(leash_ctx_t *ctx, leash_chan_t *ch, void *out,
                                            const char *site);
void leash_chan_close(leash_chan_t *ch, const char *site);
int leash_select(leash_case *cases, size_t count, const char *site);
leash_chan_t *leash_chan_or(leash_chan_t *const *channels, size_t count, const char *site);
leash_chan_t *leash_done_of_ctx(leash_ctx_t *ctx);
leash_chan_t *leash_done_of_chan(leash_chan_t *done);

void leash_wg_add(leash_wg_t *wg, int n, const char *site);
void leash_wg_done(leash_wg_t *wg, const char *site);
void leash_wg_wait(leash_wg_t *wg, const char *site);
LEASH_CHECK_RESULT_ int leash_wg_wait_ctx(leash_ctx_t *ctx, leash_wg_t *wg, const char *site);
void leash_wg_spawn(leash_wg_t *wg, void (*fn)(void), leash_args args, const char *name,
                    const char *site);
void leash_mu_lock(leash_mu_t *mu, const char *site);
bool leash_mu_trylock(leash_mu_t *mu, const char *site);
void leash_rw_rlock(leash_rw_t *rw, const char *site);
void leash_rw_lock(leash_rw_t *rw, const char *site);
void leash_cv_wait(leash_cv_t *cv, leash_mu_t *mu, const char *site);
LEASH_CHECK_RESULT_ int leash_cv_wait_ctx(leash_ctx_t *ctx, leash_cv_t *cv, leash_mu_t *mu,
                                          const char *site);
void leash_once_do(leash_once_t *once, void (*fn)(void *), void *arg, const char *site);

leash_ctx_t *leash_ctx_with_cancel(leash_ctx_t *parent, const char *site);
leash_ctx_t *leash_ctx_with_deadline_ms(leash_ctx_t *parent, int64_t when_ms, const char *site);
leash_ctx_t *leash_ctx_with_timeout_ms(leash_ctx_t *parent, int64_t ms, const char *site);
leash_ctx_t *leash_ctx_with_hangup(leash_ctx_t *parent, int fd, const char *site);
leash_ticker_t *leash_ticker_start_ms(int64_t every_ms, const char *site);
leash_alarm_t *leash_alarm_after_ms(int64_t ms, void (*fn)(void *), void *arg, const char *site);

ssize_t leash_io_read(leash_ctx_t *ctx, int fd, void *buf, size_t len, int64_t timeout_ms,
                      const char *site);
ssize_t leash_io_write(leash_ctx_t *ctx, int fd, const void *buf, size_t len, int64_t timeout_ms,
                       const char *site);
int leash_io_accept(leash_ctx_t *ctx, int fd, int64_t timeout_ms, const char *site);
int leash_io_connect(leash_ctx_t *ctx, int fd, const void *addr, size_t addrlen, int64_t timeout_ms,
                     const char *site);
int leash_io_wait(leash_ctx_t *ctx, int fd, int events, int64_t timeout_ms, const char *site);
leash_chan_t *leash_signal_notify(const int *signals, const char *site); /* ends with a 0 */

void leash_defer_call(leash_deferred_call *call);
void leash_defer_close(leash_chan_t **ch);
void leash_defer_free(leash_chan_t **ch);
void leash_defer_wg_done(leash_wg_t **wg);
void leash_defer_wg_wait(leash_wg_t **wg);
void leash_defer_unlock(leash_mu_t **mu);
void leash_defer_rw_unlock(leash_rw_t **rw);
void leash_defer_rw_runlock(leash_rw_t **rw);
void leash_defer_cancel(leash_ctx_t **ctx);
void leash_defer_ctx_free(leash_ctx_t **ctx);
void leash_leak_check(leash_leak_mark_t *mark);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* clang-format off */

#if defined(__clang__)
#define LEASH_NOTE_(text) __attribute__((annotate(text)))
#else
#define LEASH_NOTE_(text)
#endif

/* A variable whose cleanup is the defer, with a name of its own: several may stand on one line. */
#define LEASH_CAT_(a, b) a##b
#define LEASH_CAT(a, b) LEASH_CAT_(a, b)
#if defined(__clang__) && __clang_major__ >= 21
/* Newer clangs call __COUNTER__ an extension wherever it is expanded, and inside the arguments of a
 * user's macro a local push and pop comes too late. */
#pragma clang diagnostic ignored "-Wc2y-extensions"
#endif
#define LEASH_DECLARE_(type, prefix, fn, note)                                                     \
    type LEASH_CAT(prefix, __COUNTER__) __attribute__((cleanup(fn), __unused__)) note
#define LEASH_DEFER_(type, fn, what)                                                               \
    LEASH_DECLARE_(type, leash_deferred_, fn, LEASH_NOTE_("leash:" #fn)) = (what)
#define LEASH_DEFER_CALL_(fn_, arg_)                                                               \
    LEASH_DECLARE_(leash_deferred_call, leash_deferred_, leash_defer_call,                         \
                   LEASH_NOTE_("leash:defer_call")) = {(fn_), (arg_)}

/* LEASH_CALL_(fn, a, b) becomes three arguments: the entry function after a check of the call's
 * types, the arguments as words, the name. */
#define LEASH_PICK_(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, name, ...) name
#define LEASH_CALL_(...)                                                                           \
    LEASH_PICK_(__VA_ARGS__, LEASH_CALL7_, LEASH_CALL7_, LEASH_CALL7_, LEASH_CALL7_, LEASH_CALL7_, \
                LEASH_CALL7_, LEASH_CALL6_, LEASH_CALL5_, LEASH_CALL4_, LEASH_CALL3_,              \
                LEASH_CALL2_, LEASH_CALL1_, LEASH_CALL0_, unused)                                  \
    (__VA_ARGS__)
#define LEASH_CALL0_(fn) LEASH_ENTRY_(fn, ()), LEASH_NO_ARGS_, #fn
#define LEASH_CALL1_(fn, a) LEASH_ENTRY_(fn, (a)), LEASH_ARGS_(1, LEASH_ARG_(a)), #fn
#define LEASH_CALL2_(fn, a, b)                                                                     \
    LEASH_ENTRY_(fn, (a, b)), LEASH_ARGS_(2, LEASH_ARG_(a), LEASH_ARG_(b)), #fn
#define LEASH_CALL3_(fn, a, b, c)                                                                  \
    LEASH_ENTRY_(fn, (a, b, c)), LEASH_ARGS_(3, LEASH_ARG_(a), LEASH_ARG_(b), LEASH_ARG_(c)), #fn
#define LEASH_CALL4_(fn, a, b, c, d)                                                               \
    LEASH_ENTRY_(fn, (a, b, c, d)),                                                                \
        LEASH_ARGS_(4, LEASH_ARG_(a), LEASH_ARG_(b), LEASH_ARG_(c), LEASH_ARG_(d)), #fn
#define LEASH_CALL5_(fn, a, b, c, d, e)                                                            \
    LEASH_ENTRY_(fn, (a, b, c, d, e)),                                                             \
        LEASH_ARGS_(5, LEASH_ARG_(a), LEASH_ARG_(b), LEASH_ARG_(c), LEASH_ARG_(d), LEASH_ARG_(e)), \
        #fn
#define LEASH_CALL6_(fn, a, b, c, d, e, f)                                                         \
    LEASH_ENTRY_(fn, (a, b, c, d, e, f)),                                                          \
        LEASH_ARGS_(6, LEASH_ARG_(a), LEASH_ARG_(b), LEASH_ARG_(c), LEASH_ARG_(d), LEASH_ARG_(e),  \
                    LEASH_ARG_(f)),                                                                \
        #fn
/* Nowhere declared, so that the compiler's message says it. */
#define LEASH_CALL7_(...) leash_spawn_takes_at_most_six_arguments, LEASH_NO_ARGS_, ""

/* `args` brings its own parentheses: NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define LEASH_ENTRY_(fn, args) ((void)sizeof(__typeof__((fn)args) *), (void (*)(void))(fn))

#ifndef __cplusplus

_Static_assert(sizeof(uintptr_t) == 8, "leash needs a 64-bit machine");

#define LEASH_NO_ARGS_ ((leash_args){0})
#define LEASH_ARGS_(n, ...) ((leash_args){(n), {__VA_ARGS__}})
/* A floating argument chooses the struct, and the compiler's message names it. */
struct leash_spawn_takes_integers_and_pointers_only { char unused; };
#define LEASH_ARG_(a)                                                                              \
    _Generic((a),                                                                                  \
        float: (struct leash_spawn_takes_integers_and_pointers_only){0},                           \
        double: (struct leash_spawn_takes_integers_and_pointers_only){0},                          \
        long double: (struct leash_spawn_takes_integers_and_pointers_only){0},                     \
        default: (uintptr_t)(a))

/* NOLINTBEGIN(bugprone-multi-level-implicit-pointer-conversion): as above */
#define LEASH_CASES_(...)                                                                          \
    (leash_case[]){__VA_ARGS__}, sizeof((leash_case[]){__VA_ARGS__}) / sizeof(leash_case)
#define LEASH_RECV(ch_, out_) {.op = LEASH_OP_RECV, .ch = (ch_), .out = (out_)}
#define LEASH_RECV_OK(ch_, out_, ok_)                                                              \
    {.op = LEASH_OP_RECV, .ch = (ch_), .out = (out_), .ok = (ok_)}
#define LEASH_SEND(ch_, ...) {.op = LEASH_OP_SEND, .ch = (ch_), .value = (__VA_ARGS__)}
#define LEASH_SEND_OK(ch_, ok_, ...)                                                               \
    {.op = LEASH_OP_SEND, .ch = (ch_), .ok = (ok_), .value = (__VA_ARGS__)}
/* NOLINTEND(bugprone-multi-level-implicit-pointer-conversion) */
#define LEASH_DONE(what_) {.op = LEASH_OP_RECV, .ch = LEASH_DONE_OF_(what_)}
#define LEASH_AFTER_MS(ms_) {.op = LEASH_OP_AFTER, .ms = (ms_)}
#define LEASH_UNTIL_MS(when_ms_) {.op = LEASH_OP_UNTIL, .ms = (when_ms_)}
#define LEASH_DEFAULT() {.op = LEASH_OP_DEFAULT}
#define LEASH_DONE_OF_(what)                                                                       \
    _Generic((what), leash_ctx_t *: leash_done_of_ctx, leash_chan_t *: leash_done_of_chan)(what)

#define LEASH_CHANNELS_(...)                                                                       \
    (leash_chan_t *[]){__VA_ARGS__},                                                               \
        sizeof((leash_chan_t *[]){__VA_ARGS__}) / sizeof(leash_chan_t *)
#define LEASH_SIGNALS_(...) (const int[]){__VA_ARGS__, 0}

#else /* C++: the same names, on inline functions */

static_assert(sizeof(uintptr_t) == 8, "leash needs a 64-bit machine");

#define LEASH_NO_ARGS_ leash_args()
#define LEASH_ARGS_(n, ...) leash_args_of_((n), __VA_ARGS__)
#define LEASH_ARG_(a) leash_spawn_takes_integers_and_pointers_only(a)

template <class T> inline uintptr_t leash_spawn_takes_integers_and_pointers_only(T value)
{
    return (uintptr_t)value;
}
uintptr_t leash_spawn_takes_integers_and_pointers_only(float) = delete;
uintptr_t leash_spawn_takes_integers_and_pointers_only(double) = delete;
uintptr_t leash_spawn_takes_integers_and_pointers_only(long double) = delete;

inline leash_args leash_args_of_(size_t count, uintptr_t a = 0, uintptr_t b = 0, uintptr_t c = 0,
                                 uintptr_t d = 0, uintptr_t e = 0, uintptr_t f = 0)
{
    leash_args args = {count, {a, b, c, d, e, f}};
    return args;
}

inline leash_case leash_case_(leash_op op, leash_chan_t *ch, void *out, const void *value, bool *ok,
                              int64_t ms)
{
    leash_case result = {op, ch, out, value, ok, ms};
    return result;
}
inline leash_chan_t *leash_done_of_(leash_ctx_t *ctx)
{
    return leash_done_of_ctx(ctx);
}
inline leash_chan_t *leash_done_of_(leash_chan_t *done)
{
    return leash_done_of_chan(done);
}

#define LEASH_RECV(ch, out) leash_case_(LEASH_OP_RECV, (ch), (out), NULL, NULL, 0)
#define LEASH_RECV_OK(ch, out, ok) leash_case_(LEASH_OP_RECV, (ch), (out), NULL, (ok), 0)
#define LEASH_SEND(ch, ...) leash_case_(LEASH_OP_SEND, (ch), NULL, (__VA_ARGS__), NULL, 0)
#define LEASH_SEND_OK(ch, ok, ...) leash_case_(LEASH_OP_SEND, (ch), NULL, (__VA_ARGS__), (ok), 0)
#define LEASH_DONE(what) leash_case_(LEASH_OP_RECV, leash_done_of_(what), NULL, NULL, NULL, 0)
#define LEASH_AFTER_MS(ms) leash_case_(LEASH_OP_AFTER, NULL, NULL, NULL, NULL, (ms))
#define LEASH_UNTIL_MS(when_ms) leash_case_(LEASH_OP_UNTIL, NULL, NULL, NULL, NULL, (when_ms))
#define LEASH_DEFAULT() leash_case_(LEASH_OP_DEFAULT, NULL, NULL, NULL, NULL, 0)

/* A braced list, alive until the call is over, and its length. */
template <size_t count> inline int leash_select(leash_case (&&cases)[count], const char *site)
{
    return leash_select(cases, count, site);
}
template <size_t count>
inline leash_chan_t *leash_chan_or(leash_chan_t *(&&channels)[count], const char *site)
{
    return leash_chan_or(channels, count, site);
}
template <size_t count>
inline leash_chan_t *leash_signal_notify(const int (&&signals)[count], const char *site)
{
    return leash_signal_notify(static_cast<const int *>(signals), site);
}
#define LEASH_CASES_(...) {__VA_ARGS__}
#define LEASH_CHANNELS_(...) {__VA_ARGS__}
#define LEASH_SIGNALS_(...) {__VA_ARGS__, 0}

#endif

/* clang-format on */

/* ---- the short names ----------------------------------------------------------------------------
 * What a function is called here it is called everywhere: these are renamings and nothing else.
 */
#ifndef LEASH_NO_SHORT_NAMES

typedef leash_chan_t chan_t;
typedef leash_ctx_t ctx_t;
typedef leash_wg_t wg_t;
typedef leash_mu_t mu_t;
typedef leash_rw_t rw_t;
typedef leash_cv_t cv_t;
typedef leash_once_t once_t;
typedef leash_ticker_t ticker_t;
typedef leash_alarm_t alarm_t;
typedef leash_leak_mark_t leak_mark_t;
typedef leash_task_news_t task_news_t;

#define spawn(...)              LEASH_SPAWN(__VA_ARGS__)
#define try_spawn(...)          LEASH_TRY_SPAWN(__VA_ARGS__)
#define task_yield              leash_task_yield
#define task_now_ms             leash_task_now_ms
#define task_sleep_ms(ms)       LEASH_TASK_SLEEP_MS(ms)
#define task_sleep_ctx(ctx, ms) LEASH_TASK_SLEEP_CTX(ctx, ms)
#define task_id                 leash_task_id
#define task_blocking(fn, arg)  LEASH_TASK_BLOCKING(fn, arg)

#define chan_make(T, capacity)      LEASH_CHAN_MAKE(T, capacity)
#define done_make()                 LEASH_DONE_MAKE()
#define chan_send(ch, ...)          LEASH_CHAN_SEND(ch, __VA_ARGS__)
#define chan_recv(ch, out)          LEASH_CHAN_RECV(ch, out)
#define chan_send_ctx(ctx, ch, ...) LEASH_CHAN_SEND_CTX(ctx, ch, __VA_ARGS__)
#define chan_recv_ctx(ctx, ch, out) LEASH_CHAN_RECV_CTX(ctx, ch, out)
#define chan_close(ch)              LEASH_CHAN_CLOSE(ch)
#define chan_ref                    leash_chan_ref
#define chan_free                   leash_chan_free
#define chan_len                    leash_chan_len
#define chan_cap                    leash_chan_cap
#define chan_select(...)            LEASH_CHAN_SELECT(__VA_ARGS__)
#define RECV(ch, out)               LEASH_RECV(ch, out)
#define RECV_OK(ch, out, ok)        LEASH_RECV_OK(ch, out, ok)
#define SEND(ch, ...)               LEASH_SEND(ch, __VA_ARGS__)
#define SEND_OK(ch, ok, ...)        LEASH_SEND_OK(ch, ok, __VA_ARGS__)
#define DONE(what)                  LEASH_DONE(what)
#define AFTER_MS(ms)                LEASH_AFTER_MS(ms)
#define UNTIL_MS(when_ms)           LEASH_UNTIL_MS(when_ms)
#define DEFAULT()                   LEASH_DEFAULT()
#define chan_or(...)                LEASH_CHAN_OR(__VA_ARGS__)

#define wg_add(wg, n)            LEASH_WG_ADD(wg, n)
#define wg_done(wg)              LEASH_WG_DONE(wg)
#define wg_wait(wg)              LEASH_WG_WAIT(wg)
#define wg_wait_ctx(ctx, wg)     LEASH_WG_WAIT_CTX(ctx, wg)
#define wg_spawn(wg, ...)        LEASH_WG_SPAWN(wg, __VA_ARGS__)
#define mu_lock(mu)              LEASH_MU_LOCK(mu)
#define mu_trylock(mu)           LEASH_MU_TRYLOCK(mu)
#define mu_unlock                leash_mu_unlock
#define rw_rlock(rw)             LEASH_RW_RLOCK(rw)
#define rw_lock(rw)              LEASH_RW_LOCK(rw)
#define rw_runlock               leash_rw_runlock
#define rw_unlock                leash_rw_unlock
#define cv_wait(cv, mu)          LEASH_CV_WAIT(cv, mu)
#define cv_wait_ctx(ctx, cv, mu) LEASH_CV_WAIT_CTX(ctx, cv, mu)
#define cv_signal                leash_cv_signal
#define cv_broadcast             leash_cv_broadcast
#define once_do(once, fn, arg)   LEASH_ONCE_DO(once, fn, arg)

#define ctx_background                        leash_ctx_background
#define ctx_with_cancel(parent)               LEASH_CTX_WITH_CANCEL(parent)
#define ctx_with_timeout_ms(parent, ms)       LEASH_CTX_WITH_TIMEOUT_MS(parent, ms)
#define ctx_with_deadline_ms(parent, when_ms) LEASH_CTX_WITH_DEADLINE_MS(parent, when_ms)
#define ctx_with_hangup(parent, fd)           LEASH_CTX_WITH_HANGUP(parent, fd)
#define ctx_with_value                        leash_ctx_with_value
#define ctx_value                             leash_ctx_value
#define ctx_done                              leash_ctx_done
#define ctx_deadline_ms                       leash_ctx_deadline_ms
#define ctx_err                               leash_ctx_err
#define ctx_cancel                            leash_ctx_cancel
#define ctx_free                              leash_ctx_free
#define ctx_ref                               leash_ctx_ref
#define ctx_unref                             leash_ctx_unref

#define ticker_start_ms(every_ms)   LEASH_TICKER_START_MS(every_ms)
#define ticker_chan                 leash_ticker_chan
#define ticker_stop                 leash_ticker_stop
#define alarm_after_ms(ms, fn, arg) LEASH_ALARM_AFTER_MS(ms, fn, arg)
#define alarm_stop                  leash_alarm_stop
#define alarm_detach                leash_alarm_detach

#define defer_call(fn, arg)  LEASH_DEFER_CALL(fn, arg)
#define defer_close(ch)      LEASH_DEFER_CLOSE(ch)
#define defer_free(ch)       LEASH_DEFER_FREE(ch)
#define defer_wg_done(wg)    LEASH_DEFER_WG_DONE(wg)
#define defer_wg_wait(wg)    LEASH_DEFER_WG_WAIT(wg)
#define defer_unlock(mu)     LEASH_DEFER_UNLOCK(mu)
#define defer_rw_unlock(rw)  LEASH_DEFER_RW_UNLOCK(rw)
#define defer_rw_runlock(rw) LEASH_DEFER_RW_RUNLOCK(rw)
#define defer_cancel(ctx)    LEASH_DEFER_CANCEL(ctx)
#define defer_ctx_free(ctx)  LEASH_DEFER_CTX_FREE(ctx)

#define NO_TIMEOUT                              LEASH_NO_TIMEOUT
#define io_read(ctx, fd, buf, len, timeout_ms)  LEASH_IO_READ(ctx, fd, buf, len, timeout_ms)
#define io_write(ctx, fd, buf, len, timeout_ms) LEASH_IO_WRITE(ctx, fd, buf, len, timeout_ms)
#define io_accept(ctx, fd, timeout_ms)          LEASH_IO_ACCEPT(ctx, fd, timeout_ms)
#define io_connect(ctx, fd, addr, addrlen, timeout_ms)                                             \
    LEASH_IO_CONNECT(ctx, fd, addr, addrlen, timeout_ms)
enum { IO_READ = LEASH_EVENT_READ, IO_WRITE = LEASH_EVENT_WRITE, IO_HANGUP = LEASH_EVENT_HANGUP };
#define io_wait(ctx, fd, events, timeout_ms) LEASH_IO_WAIT(ctx, fd, events, timeout_ms)
#define io_close                             leash_io_close
#define signal_notify(...)                   LEASH_SIGNAL_NOTIFY(__VA_ARGS__)
#define signal_stop                          leash_signal_stop

#define task_count         leash_task_count
#define task_dump          leash_task_dump
#define task_dump_json     leash_task_dump_json
#define task_dump_as       leash_task_dump_as
#define leak_mark          leash_leak_mark
#define leak_report        leash_leak_report
#define leak_check_scope() LEASH_LEAK_CHECK_SCOPE()
#define leak_ignore        leash_leak_ignore
#define leak_find          leash_leak_find
#define leak_find_json     leash_leak_find_json
#define task_watch         leash_task_watch
#define task_watch_stop    leash_task_watch_stop
#define debug_serve        leash_debug_serve
#define debug_stacks       leash_debug_stacks
#define debug_stop         leash_debug_stop

#endif /* LEASH_NO_SHORT_NAMES */

#endif
