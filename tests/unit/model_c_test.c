/* The bundled models on C as users write it: what each call of a function comes to mean. */
#include "frontend/frontend.h"
#include "model/model.h"

#include "unit_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const char *const kind_words[] = {
    [ACT_MAKE] = "make",
    [ACT_SPAWN] = "spawn",
    [ACT_INVOKE] = "invoke",
    [ACT_SEND] = "send",
    [ACT_RECV] = "receive",
    [ACT_CLOSE] = "close",
    [ACT_SELECT] = "select",
    [ACT_ADD] = "add",
    [ACT_DONE] = "done",
    [ACT_WAIT] = "wait",
    [ACT_LOCK] = "lock",
    [ACT_UNLOCK] = "unlock",
    [ACT_COND_WAIT] = "cond_wait",
    [ACT_SIGNAL] = "signal",
    [ACT_DERIVE] = "derive",
    [ACT_CANCEL] = "cancel",
    [ACT_DONE_CHANNEL] = "done_channel",
    [ACT_CHECK_CONTEXT] = "check_context",
    [ACT_JOIN] = "join",
    [ACT_DETACH] = "detach",
    [ACT_SLEEP] = "sleep",
    [ACT_YIELD] = "yield",
    [ACT_IO] = "io",
    [ACT_FREE] = "free",
    [ACT_REF] = "ref",
    [ACT_EXIT] = "exit",
    [ACT_END_TASK] = "end_task",
    [ACT_AT_END] = "at_end",
    [ACT_NOT_AT_END] = "not_at_end",
    [ACT_LIMIT] = "limit",
    [ACT_SET] = "set",
    [ACT_WATCH] = "watch",
};

static void add_value(struct text *out, const char *name, const struct ir_expr *value)
{
    if (!value)
        return;
    text_printf(out, " %s=", name);
    ir_expr_print(out, value);
}

static void add_call(struct text *out, const struct act *act)
{
    add_value(out, "entry", act->entry);
    if (act->entry)
        text_add(out, act->args_known ? " (" : " (?");
    for (size_t i = 0; i < act->arg_count; i++) {
        text_add(out, i ? ", " : "");
        ir_expr_print(out, act->args[i]);
    }
    text_add(out, act->entry ? ")" : "");
}

static void add_arms(struct text *out, const struct act *act)
{
    static const char *const words[] = {"?", "receive", "send", "after", "default"};
    for (size_t i = 0; i < act->arm_count; i++) {
        const struct act_arm *arm = &act->arms[i];
        text_printf(out, "%s%s", i ? " | " : " ", words[arm->kind]);
        /* Where the context is known, the number of a temp tells nothing. */
        add_value(out, arm->context ? "context" : "on", arm->context ? arm->context : arm->channel);
        add_value(out, "value", arm->value);
        add_value(out, "ms", arm->timeout_ms);
    }
}

static void add_outcomes(struct text *out, const struct act *act)
{
    static const char *const results[] = {"ok", "closed", "ended", "failed"};
    for (size_t i = 0; i < act->outcome_count; i++) {
        const struct act_outcome *outcome = &act->outcomes[i];
        static const char *const operators[] = {
            [IR_EQ] = "==", [IR_NE] = "!=", [IR_LT] = "<", [IR_GT] = ">"};
        text_printf(out, " %s%s%lld", results[outcome->result], operators[outcome->compare],
                    (long long)outcome->value);
    }
}

static void add_act(struct text *out, const struct act *act)
{
    static const char *const attributes[] = {"", " detached", " recursive"};
    text_printf(out, "%s %s%s%s%s%s%s%s", act->word, kind_words[act->kind],
                act->is_resumed ? " resumed" : "", attributes[act->attribute],
                act->may_park ? " parks" : "", act->tries ? " tries" : "",
                act->mode == MODE_SHARED ? " shared" : "", act->wakes_all ? " all" : "");
    if (act->object_kind != OBJECT_NONE)
        text_printf(out, " <%s>", object_kind_word(act->object_kind));
    if (act->object && act->object->kind != IR_TEMP)
        add_value(out, "on", act->object);
    add_value(out, "value", act->value);
    add_call(out, act);
    add_value(out, "counted_by", act->counted_by);
    add_value(out, "once", act->once);
    add_value(out, "count", act->count);
    add_value(out, "capacity", act->capacity);
    add_value(out, "size", act->element_size);
    add_value(out, "context", act->context);
    add_value(out, "ms", act->timeout_ms);
    add_value(out, "lock", act->lock);
    add_value(out, "attributes", act->attributes);
    for (size_t i = 0; i < act->source_count; i++)
        add_value(out, "of", act->sources[i]);
    add_arms(out, act);
    add_outcomes(out, act);
    text_add(out, "\n");
}

static struct ir_unit *parse(const char *source)
{
    static const char *const flags[] = {"-Iruntime/include", "-std=c17", "-D_GNU_SOURCE"};
    char *here = getcwd(NULL, 0);
    const char *file = path_join(&arena, here, "snippet.c");
    struct file_buffer buffer = {.path = file, .text = source, .length = strlen(source)};
    struct frontend_job job = {
        .file = file,
        .directory = arena_strdup(&arena, here),
        .flags = flags,
        .flag_count = COUNT_OF(flags),
        .buffers = &buffer,
        .buffer_count = 1,
    };
    free(here);
    const char *problem = NULL;
    struct ir_unit *unit = frontend_parse(&arena, &job, &problem);
    if (!unit || unit->error_count)
        fail_msg("%s", unit ? unit->errors[0].message : problem);
    return unit;
}

/* The calls of the last function of `source`, one a line; calls without meaning are left out. */
static void assert_acts(const char *source, const char *expected)
{
    struct model_set *set = model_set_new(&arena);
    model_set_add_bundled(set);
    struct ir_unit *unit = parse(source);
    model_apply(set, unit);
    struct text out = {0};
    text_add(&out, "");
    const struct ir_func *func = unit->funcs[unit->func_count - 1];
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (op->act)
            add_act(&out, op->act);
    const char *acts = arena_strdup(&arena, out.at);
    text_release(&out); /* before the assertion, which may not come back */
    assert_string_equal(acts, expected);
}

static void test_model_c__tasks(void **state)
{
    (void)state;
    assert_acts("#include <leash.h>\n"
                "struct box { wg_t wg; int n; };\n"
                "void work(chan_t *done, struct box *b, int n);\n"
                "void tick(void *);\n"
                "int start(chan_t *done, struct box *b)\n"
                "{\n"
                "    spawn(work, done, b, b->n);\n"
                "    wg_spawn(&b->wg, &work, NULL, b, 7);\n" /* NULL travels as a word */
                "    alarm_detach(alarm_after_ms(5, tick, b));\n"
                "    task_sleep_ms(b->n * 2);\n"
                "    return try_spawn(tick, b);\n"
                "}\n",
                "spawn spawn <thread> entry=work (done, b, b->n)\n"
                "wg_spawn spawn <thread> entry=work (0, b, 7) counted_by=&b->wg\n"
                "alarm_after_ms spawn <thread> entry=tick (b)\n"
                "alarm_detach detach <thread>\n"
                "task_sleep_ms sleep parks ms=b->n * 2\n"
                "try_spawn spawn <thread> entry=tick (b) ok==0 failed!=0\n");
}

static void test_model_c__channels(void **state)
{
    (void)state;
    assert_acts("#include <leash.h>\n"
                "struct point { int x, y; };\n"
                "void use(ctx_t *ctx, chan_t *in, struct point *p, bool *ok)\n"
                "{\n"
                "    chan_t *ch = chan_make(struct point, 3), *done = done_make();\n"
                "    chan_send(ch, p);\n"
                "    chan_recv(ch, NULL);\n"
                "    chan_recv_ctx(ctx, ch, p);\n"
                "    chan_close(done);\n"
                "    chan_free(chan_ref(ch));\n"
                "    switch (chan_select(RECV(in, p), DONE(ctx), DONE(done), SEND_OK(ch, ok, p),\n"
                "                        AFTER_MS(250), UNTIL_MS(9))) {\n"
                "    case 0: return;\n"
                "    }\n"
                "    chan_select(RECV_OK(ch, p, ok), DEFAULT());\n"
                "    chan_or(in, done);\n"
                "}\n",
                "chan_make make <channel> capacity=3 size=8\n"
                "chan_make make <channel> capacity=0 size=0\n"
                "chan_send send parks <channel> on=ch value=p ok==1 closed==0\n"
                "chan_recv receive parks <channel> on=ch value=NULL ok==1 closed==0\n"
                "chan_recv_ctx receive parks <channel> on=ch value=p context=ctx ok==0 closed==32 "
                "ended==125 ended==110\n"
                "chan_close close <channel> on=done\n"
                "chan_ref ref <channel> on=ch\n"
                "chan_free free <channel>\n"
                "DONE done_channel <channel> context=ctx\n"
                "DONE done_channel <channel> of=done\n"
                "chan_select select parks receive on=in value=p | receive context=ctx value=NULL | "
                "receive on=done value=NULL | send on=ch value=p | after ms=250 | after ms=?\n"
                "chan_select select receive on=ch value=p | default\n"
                "chan_or done_channel <channel> of=in of=done\n");
}

static void test_model_c__locks_and_contexts(void **state)
{
    (void)state;
    assert_acts("#include <leash.h>\n"
                "void use(ctx_t *parent, mu_t *mu, rw_t *rw, cv_t *cv, wg_t *wg, once_t *once,\n"
                "         void (*fn)(void *))\n"
                "{\n"
                "    ctx_t *ctx = ctx_with_timeout_ms(parent, 500);\n"
                "    mu_lock(mu);\n"
                "    cv_wait_ctx(ctx, cv, mu) ? (void)0 : (void)1;\n"
                "    mu_trylock(mu);\n"
                "    rw_rlock(rw);\n"
                "    rw_runlock(rw);\n"
                "    cv_broadcast(cv);\n"
                "    wg_add(wg, 2);\n"
                "    wg_done(wg);\n"
                "    wg_wait(wg);\n"
                "    once_do(once, fn, mu);\n"
                "    ctx_cancel(ctx);\n"
                "    ctx_background();\n"
                "    io_read(NULL, 3, mu, 8, NO_TIMEOUT);\n"
                "}\n",
                "ctx_with_timeout_ms derive <context> context=parent ms=500\n"
                "mu_lock lock parks <lock> on=mu\n"
                "cv_wait_ctx cond_wait parks <condition> on=cv context=ctx lock=mu ok==0 ended!=0\n"
                "mu_trylock lock tries <lock> on=mu ok==1 failed==0\n"
                "rw_rlock lock parks shared <read-write lock> on=rw\n"
                "rw_runlock unlock shared <read-write lock> on=rw\n"
                "cv_broadcast signal all <condition> on=cv\n"
                "wg_add add <wait group> on=wg count=2\n"
                "wg_done done <wait group> on=wg\n"
                "wg_wait wait parks <wait group> on=wg\n"
                "once_do invoke parks entry=fn (mu) once=once\n"
                "ctx_cancel cancel <context> on=ctx\n"
                "ctx_background make <context>\n"
                "io_read io parks on=3 context=NULL ms=-1 failed<0\n");
}

static void test_model_c__defers(void **state)
{
    (void)state;
    assert_acts("#include <leash.h>\n"
                "void tick(void *);\n"
                "void use(chan_t *ch, wg_t *wg)\n"
                "{\n"
                "    defer_close(ch);\n"
                "    defer_call(tick, wg);\n"
                "    defer_wg_done(wg);\n"
                "}\n",
                "defer_wg_done done <wait group> on=leash_deferred_2\n"
                "defer_call invoke entry=tick (wg)\n"
                "defer_close close <channel> on=leash_deferred_0\n");
}

static void test_model_c__pthreads(void **state)
{
    (void)state;
    assert_acts("#include <pthread.h>\n"
                "#include <semaphore.h>\n"
                "struct w { pthread_t id; pthread_mutex_t m; pthread_cond_t c; sem_t s; };\n"
                "void *body(void *);\n"
                "void use(struct w *w, struct timespec *at)\n"
                "{\n"
                "    pthread_t t[2] = {0};\n"
                "    pthread_create(&w->id, NULL, body, w);\n"
                "    pthread_create(&t[1], NULL, body, NULL);\n"
                "    pthread_mutex_trylock(&w->m);\n"
                "    pthread_cond_timedwait(&w->c, &w->m, at);\n"
                "    pthread_mutex_unlock(&w->m);\n"
                "    sem_wait(&w->s);\n"
                "    pthread_cancel(w->id);\n"
                "    pthread_join(t[1], NULL);\n"
                "    pthread_exit(NULL);\n"
                "}\n",
                "pthread_create spawn <thread> on=w->id entry=body (w) attributes=NULL ok==0 "
                "failed!=0\n"
                "pthread_create spawn <thread> on=t[1] entry=body (NULL) attributes=NULL ok==0 "
                "failed!=0\n"
                "pthread_mutex_trylock lock tries <lock> on=&w->m ok==0 ok==130 failed!=0\n"
                "pthread_cond_timedwait cond_wait parks <condition> on=&w->c ms=? lock=&w->m ok==0 "
                "ended==110 failed!=0\n"
                "pthread_mutex_unlock unlock <lock> on=&w->m\n"
                "sem_wait cond_wait parks <object> on=&w->s ok==0 failed<0\n"
                "pthread_cancel cancel <thread> on=w->id\n"
                "pthread_join join parks <thread> on=t[1] ok==0 failed!=0\n"
                "pthread_exit end_task\n");
}

static void test_model_c__pthread_attributes(void **state)
{
    (void)state;
    assert_acts("#include <pthread.h>\n"
                "void *body(void *);\n"
                "void use(pthread_mutex_t *m, int kind)\n"
                "{\n"
                "    pthread_t t;\n"
                "    pthread_attr_t a;\n"
                "    pthread_mutexattr_t ma;\n"
                "    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);\n"
                "    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_JOINABLE);\n"
                "    pthread_create(&t, &a, body, m);\n"
                "    pthread_detach(t);\n"
                "    pthread_mutexattr_settype(&ma, PTHREAD_MUTEX_RECURSIVE);\n"
                "    pthread_mutexattr_settype(&ma, kind);\n"
                "    pthread_mutex_init(m, &ma);\n"
                "}\n",
                "pthread_attr_setdetachstate set detached <object> on=&a\n"
                "pthread_create spawn <thread> on=t entry=body (m) attributes=&a ok==0 failed!=0\n"
                "pthread_detach detach <thread> on=t ok==0 failed!=0\n"
                "pthread_mutexattr_settype set recursive <object> on=&ma\n"
                "pthread_mutex_init make <lock> on=*m attributes=&ma ok==0 failed!=0\n");
}

static void test_model_c__pthread_cleanups(void **state)
{
    (void)state;
    assert_acts("#include <pthread.h>\n"
                "void undo(void *);\n"
                "int work(void);\n"
                "void use(pthread_key_t key, void *value)\n"
                "{\n"
                "    pthread_cleanup_push(undo, value);\n"
                "    work();\n"
                "    pthread_cleanup_pop(0);\n"
                "    pthread_setspecific(key, value);\n"
                "    pthread_setspecific(key, NULL);\n"
                "}\n",
                "pthread_cleanup_push end_task resumed\n"
                "pthread_cleanup_push at_end on=&__cancel_buf\n"
                "pthread_cleanup_pop not_at_end on=&__cancel_buf\n"
                "pthread_setspecific at_end <object> on=key value=value\n"
                "pthread_setspecific not_at_end <object> on=key\n");
}

static void test_model_c__pthread_locks(void **state)
{
    (void)state;
    assert_acts("#include <pthread.h>\n"
                "void use(pthread_spinlock_t *s, pthread_rwlock_t *rw, pthread_barrier_t *b,\n"
                "         pthread_once_t *once, void (*init)(void), struct timespec *at)\n"
                "{\n"
                "    pthread_spin_init(s, 0);\n"
                "    pthread_spin_lock(s);\n"
                "    pthread_spin_trylock(s);\n"
                "    pthread_spin_unlock(s);\n"
                "    pthread_rwlock_clockrdlock(rw, CLOCK_MONOTONIC, at);\n"
                "    pthread_rwlock_unlock(rw);\n"
                "    pthread_barrier_init(b, NULL, 2);\n"
                "    pthread_barrier_wait(b);\n"
                "    pthread_once(once, init);\n"
                "}\n",
                "pthread_spin_init make <lock> on=*s ok==0 failed!=0\n"
                "pthread_spin_lock lock parks <lock> on=s ok==0 failed!=0\n"
                "pthread_spin_trylock lock tries <lock> on=s ok==0 failed!=0\n"
                "pthread_spin_unlock unlock <lock> on=s\n"
                "pthread_rwlock_clockrdlock lock parks shared <read-write lock> on=rw ms=? ok==0 "
                "ended==110 failed!=0\n"
                "pthread_rwlock_unlock unlock <read-write lock> on=rw\n"
                "pthread_barrier_init make <barrier> on=*b count=2 ok==0 failed!=0\n"
                "pthread_barrier_wait wait parks <barrier> on=b ok==0 ok==-1 failed>0\n"
                "pthread_once invoke parks entry=init () once=once\n");
}

/* What the arguments say decides which meaning counts; what cannot be told is no special case. */
static void test_model_c__what_arguments_decide(void **state)
{
    (void)state;
    assert_acts("#include <fcntl.h>\n"
                "#include <pthread.h>\n"
                "#include <signal.h>\n"
                "#include <sys/socket.h>\n"
                "#include <threads.h>\n"
                "void use(int s, char *b, int flags, pthread_t t, mtx_t *m, struct timeval *tv)\n"
                "{\n"
                "    recv(s, b, 1, MSG_DONTWAIT | MSG_PEEK);\n"
                "    recv(s, b, 1, flags | MSG_DONTWAIT);\n"
                "    recv(s, b, 1, flags);\n"
                "    shutdown(s, SHUT_WR);\n"
                "    shutdown(s, SHUT_RD);\n"
                "    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, tv, sizeof *tv);\n"
                "    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &flags, sizeof flags);\n"
                "    fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK);\n"
                "    fcntl(s, F_SETFL, flags);\n"
                "    pthread_kill(t, 0);\n"
                "    pthread_kill(t, SIGUSR1);\n"
                "    mtx_init(m, mtx_plain | mtx_recursive);\n"
                "    mtx_init(m, mtx_timed);\n"
                "}\n",
                "recv io tries on=s failed<0\n"
                "recv io tries on=s failed<0\n"
                "recv io parks on=s ms=-1 failed<0\n"
                "shutdown cancel <object> on=s\n"
                "setsockopt limit <object> on=s\n"
                "fcntl limit <object> on=s\n"
                "pthread_kill cancel <thread> on=t\n"
                "mtx_init make recursive <lock> on=*m ok==0 failed!=0\n"
                "mtx_init make <lock> on=*m ok==0 failed!=0\n");
}

static void test_model_c__c11_threads(void **state)
{
    (void)state;
    assert_acts("#include <threads.h>\n"
                "int body(void *);\n"
                "void use(mtx_t *m, cnd_t *c)\n"
                "{\n"
                "    thrd_t t;\n"
                "    thrd_create(&t, body, m);\n"
                "    mtx_lock(m);\n"
                "    cnd_wait(c, m);\n"
                "    thrd_join(t, NULL);\n"
                "}\n",
                "thrd_create spawn <thread> on=t entry=body (m) ok==0 failed!=0\n"
                "mtx_lock lock parks <lock> on=m ok==0 failed!=0\n"
                "cnd_wait cond_wait parks <condition> on=c lock=m ok==0 failed!=0\n"
                "thrd_join join parks <thread> on=t ok==0 failed!=0\n");
}

/* A name of a library without its header, and one that the program defines itself, mean nothing. */
static void test_model_c__test_doubles(void **state)
{
    (void)state;
    assert_acts("int pthread_mutex_lock(void *m);\n"
                "int read(int fd) { return fd; }\n"
                "int poll(void *, unsigned long, int);\n"
                "int use(void *m) { pthread_mutex_lock(m); read(3); return poll(m, 1, 0); }\n",
                "poll io on=? ms=0 ended==0 failed<0\n");
}

static void test_model_c__notes(void **state)
{
    (void)state;
    struct model_set *set = model_set_new(&arena);
    model_set_add_bundled(set);
    struct ir_unit *unit = parse("#include <leash.h>\n"
                                 "LEASH_DAEMON void f(LEASH_TAKES chan_t *a, chan_t *b)\n"
                                 "{ chan_recv(a, NULL); chan_recv(b, NULL); }\n");
    assert_true(model_is_daemon(set, unit->funcs[0]->symbol));
    assert_true(model_takes(set, unit->funcs[0]->symbol, 0));
    assert_false(model_takes(set, unit->funcs[0]->symbol, 1));
}

/* A note on a prototype counts for the definition, and for a function that has none here. */
static void test_model_c__notes_on_prototypes(void **state)
{
    (void)state;
    struct model_set *set = model_set_new(&arena);
    model_set_add_bundled(set);
    struct ir_unit *unit = parse("// leash:takes b\n"
                                 "void far(int *a, int *b);\n"
                                 "// leash:daemon\n"
                                 "void f(int *a);\n"
                                 "void g(__attribute__((annotate(\"leash:takes\"))) int *a);\n"
                                 "void g(int *a) { far(a, a); }\n"
                                 "void f(int *a) { g(a); }\n");
    const struct ir_op *call = ir_next_op(unit->funcs[0], IR_OP_CALL, NULL);
    assert_false(model_takes(set, ir_callee(call), 0));
    assert_true(model_takes(set, ir_callee(call), 1));
    assert_true(model_takes(set, unit->funcs[0]->symbol, 0));
    assert_true(model_is_daemon(set, unit->funcs[1]->symbol));
}

static void test_model_c__daemon_at_a_spawn(void **state)
{
    (void)state;
    struct model_set *set = model_set_new(&arena);
    model_set_add_bundled(set);
    struct ir_unit *unit = parse("#include <leash.h>\n"
                                 "void t(void);\n"
                                 "void f(void) {\n"
                                 "    spawn(t); // leash:daemon\n"
                                 "    // leash:daemon -- as long as the program\n"
                                 "    spawn(t);\n"
                                 "    spawn(t); // leash:takes\n"
                                 "    spawn(t);\n"
                                 "}\n");
    model_apply(set, unit);
    int spawns = 0;
    for (const struct ir_op *op = NULL; (op = ir_next_op(unit->funcs[0], IR_OP_CALL, op));)
        if (op->act && op->act->kind == ACT_SPAWN)
            assert_int_equal(model_spawns_daemon(set, unit, op), spawns++ < 2);
    assert_int_equal(spawns, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_model_c__tasks, release),
        cmocka_unit_test_teardown(test_model_c__channels, release),
        cmocka_unit_test_teardown(test_model_c__locks_and_contexts, release),
        cmocka_unit_test_teardown(test_model_c__defers, release),
        cmocka_unit_test_teardown(test_model_c__pthreads, release),
        cmocka_unit_test_teardown(test_model_c__pthread_attributes, release),
        cmocka_unit_test_teardown(test_model_c__pthread_cleanups, release),
        cmocka_unit_test_teardown(test_model_c__pthread_locks, release),
        cmocka_unit_test_teardown(test_model_c__what_arguments_decide, release),
        cmocka_unit_test_teardown(test_model_c__c11_threads, release),
        cmocka_unit_test_teardown(test_model_c__test_doubles, release),
        cmocka_unit_test_teardown(test_model_c__notes, release),
        cmocka_unit_test_teardown(test_model_c__notes_on_prototypes, release),
        cmocka_unit_test_teardown(test_model_c__daemon_at_a_spawn, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
