/* task_watch: what rings, what does not, and who may ask. */
#include "check.h"

#include <unistd.h>

enum { FEW = 5, MANY = 30, FAST_MS = 40, PATIENCE_MS = 30 * 1000 };

/* What the calls were; the strings are the program's own. */
static struct {
    int limits, growths;
    task_news_t last;
} rung;

static void ring(const task_news_t *news, void *arg)
{
    CHECK(arg == &rung);
    rung.last = *news;
    check_add(news->is_growth ? &rung.growths : &rung.limits, 1);
}

static int rung_so_often(int *place)
{
    return check_add(place, 0);
}

static void await(int *place, int count)
{
    for (int ms = 0; rung_so_often(place) < count; ms++) {
        CHECK(ms < PATIENCE_MS);
        task_sleep_ms(1);
    }
}

static void forget(void)
{
    memset(&rung, 0, sizeof(rung));
}

static void stay(chan_t *done)
{
    chan_recv(done, NULL);
    chan_free(done);
}

enum { SPAWN_LINE = __LINE__ + 5 };

static void spawn_many(chan_t *done, int count)
{
    for (int i = 0; i < count; i++)
        spawn(stay, chan_ref(done));
}

/* Does the text end with the place above? */
static bool is_spawn_place(const char *text)
{
    char place[64];

    snprintf(place, sizeof(place), "watch_test.c:%d", SPAWN_LINE);
    return strlen(text) >= strlen(place) && !strcmp(text + strlen(text) - strlen(place), place);
}

static void end_all(chan_t *done)
{
    chan_close(done);
    while (task_count() > 1)
        task_yield();
    chan_free(done);
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Once for each time that it passes the limit. */
static void limit(void)
{
    forget();
    CHECK(task_watch(FEW, FAST_MS, ring, &rung) == 0);
    for (int round = 1; round <= 2; round++) {
        chan_t *done = done_make();
        spawn_many(done, MANY);
        await(&rung.limits, round);
        task_sleep_ms(2 * FAST_MS);
        CHECK(rung_so_often(&rung.limits) == round);
        end_all(done);
        task_sleep_ms(4 * FAST_MS);
    }
    task_watch_stop();
    CHECK(!rung.last.is_growth && rung.last.count > FEW && rung.last.count <= MANY + 1);
    CHECK(is_spawn_place(rung.last.spawned_at));
    CHECK(rung.last.spawned_there > FEW - 1 && rung.last.spawned_there < rung.last.count);
}

/* As many as the limit are not too many. */
static void at_the_limit(void)
{
    chan_t *done = done_make();

    forget();
    CHECK(task_watch(FEW + 1, FAST_MS, ring, &rung) == 0);
    spawn_many(done, FEW);
    task_sleep_ms(3 * FAST_MS);
    task_watch_stop();
    CHECK(rung.limits == 0);
    end_all(done);
}

/* There are but two numbers that a window's low can be, so it cannot rise four times in a row. */
static void ups_and_downs(void)
{
    forget();
    CHECK(task_watch(0, FAST_MS, ring, &rung) == 0);
    for (int round = 0; round < 6; round++) {
        chan_t *done = done_make();
        spawn_many(done, MANY);
        task_sleep_ms(FAST_MS);
        end_all(done);
        task_sleep_ms(FAST_MS);
    }
    task_watch_stop();
    CHECK(rung.growths == 0 && rung.limits == 0);
}

static void growth(void)
{
    chan_t *done = done_make();

    forget();
    CHECK(task_watch(0, FAST_MS, ring, &rung) == 0);
    for (int i = 0; !rung_so_often(&rung.growths); i++) {
        CHECK(i < PATIENCE_MS);
        spawn_many(done, 1);
        task_sleep_ms(5);
    }
    task_watch_stop();
    CHECK(rung.growths == 1 && rung.limits == 0);
    CHECK(rung.last.is_growth && is_spawn_place(rung.last.spawned_at));
    CHECK(rung.last.spawned_there >= 4);
    end_all(done);
}

/* Without a function to call, stderr has it. */
static void says_it(void)
{
    FILE *file = tmpfile();
    int keep = dup(STDERR_FILENO);
    chan_t *done = done_make();
    char said[256] = "";

    CHECK(file && keep >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    spawn_many(done, MANY);
    CHECK(task_watch(FEW, 0, NULL, NULL) == 0);
    for (int ms = 0; !ftell(file); ms += 10) {
        CHECK(ms < PATIENCE_MS);
        task_sleep_ms(10);
        fseek(file, 0, SEEK_END);
    }
    task_watch_stop();
    CHECK(dup2(keep, STDERR_FILENO) >= 0);
    close(keep);
    rewind(file);
    CHECK(fgets(said, sizeof(said), file));
    CHECK(!strncmp(said, "leash: 31 tasks, more than 5; 30 of them spawned at ", 51));
    said[strcspn(said, "\n")] = '\0';
    CHECK(is_spawn_place(said));
    CHECK(!fgets(said, sizeof(said), file));
    fclose(file);
    end_all(done);
}

static void refusals(void)
{
    CHECK(task_watch(0, 0, ring, &rung) == EINVAL);
    CHECK(task_watch(1, -1, ring, &rung) == EINVAL);
    CHECK(task_watch(0, 24 * 60 * 60 * 1000 + 1, ring, &rung) == EINVAL);
    task_watch_stop();
    CHECK(task_watch(1000, 0, ring, &rung) == 0);
    CHECK(task_watch(1000, 0, ring, &rung) == EALREADY);
    task_watch_stop();
    task_watch_stop();
    CHECK(task_watch(1000, 24 * 60 * 60 * 1000, ring, &rung) == 0); /* ends with leash_run */
}

/* ---- as cmocka runs them --------------------------------------------------------------------- */

static void run_limit(void **state)
{
    (void)state;
    check_run(limit);
}

static void run_at_the_limit(void **state)
{
    (void)state;
    check_run(at_the_limit);
}

static void run_ups_and_downs(void **state)
{
    (void)state;
    check_run(ups_and_downs);
}

static void run_growth(void **state)
{
    (void)state;
    check_run(growth);
}

static void run_says_it(void **state)
{
    (void)state;
    check_run(says_it);
}

static void run_refusals(void **state)
{
    (void)state;
    assert_int_equal(task_watch(1, 0, ring, &rung), EPERM);
    check_run(refusals);
    check_run(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_limit),         cmocka_unit_test(run_at_the_limit),
        cmocka_unit_test(run_ups_and_downs), cmocka_unit_test(run_growth),
        cmocka_unit_test(run_says_it),       cmocka_unit_test(run_refusals),
    };

    return CHECK_ALL(tests);
}
