/*
 * frontend.h - from C source to IR, by libclang.  The only layer that includes clang-c.
 */
#ifndef LEASH_FRONTEND_H
#define LEASH_FRONTEND_H

#include "ir/ir.h"

/* How one translation unit is compiled. */
struct frontend_job {
    const char *file;      /* absolute, or relative to `directory` */
    const char *directory; /* absolute; where the compiler is started */
    const char *output;    /* the object file as the build names it; "" or NULL: unknown */
    const char *const
        *flags; /* the compiler's arguments as the build gives them: they may begin with
                   the compiler's name and hold the file, -c, -o, -M..., gcc-only flags
                   and @response-files; the front end drops what does not concern it */
    size_t flag_count;
    const struct file_buffer *buffers;
    size_t buffer_count;
};

/*
 * Parses and lowers.  The unit and all that hangs on it lives in `arena`.
 *
 * A unit that compiles with errors is returned with its errors in it.  NULL: nothing could be
 * parsed (no such file, unknown target, ...), and *problem says why and what to do, in the arena.
 * One thread at a time per call; several threads may call it with arenas of their own.  libclang
 * may kill the process on absurdly deep input: callers that must survive run it in a worker
 * process.
 */
struct ir_unit *frontend_parse(struct arena *arena, const struct frontend_job *job,
                               const char **problem);

/*
 * The same, for who does not want all bodies in memory at once: `take` sees each function as soon
 * as it is finished, in the order of the source, and then it is gone.  The unit returned has no
 * funcs, its symbols no func; its `init` is there.  A unit that cannot be parsed has no functions
 * to take. `take` NULL: as frontend_parse.
 */
typedef void frontend_take(void *context, const struct ir_func *func);
struct ir_unit *frontend_parse_each(struct arena *arena, const struct frontend_job *job,
                                    frontend_take *take, void *context, const char **problem);

/* "libclang 19.1.7", for --version and cache keys. */
const char *frontend_version(void);

#endif
