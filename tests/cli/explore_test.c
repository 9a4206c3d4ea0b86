/*
 * Looking into the search: how much it may cost, and what it says of one line.
 */
#include "run.h"

/* Four workers that wait for each other's lock: a few hundred states.  One of them may leave
 * without wg_done. */
static const char busy_source[] = "#include <leash.h>\n"
                                  "\n"
                                  "static mu_t mu;\n"
                                  "static wg_t wg;\n"
                                  "\n"
                                  "static void work(int gives_up)\n"
                                  "{\n"
                                  "    mu_lock(&mu);\n"
                                  "    mu_unlock(&mu);\n"
                                  "    mu_lock(&mu);\n"
                                  "    mu_unlock(&mu);\n"
                                  "    if (gives_up)\n"
                                  "        return;\n"
                                  "    wg_done(&wg);\n"
                                  "}\n"
                                  "\n"
                                  "int main(void)\n"
                                  "{\n"
                                  "    wg_add(&wg, 4);\n"
                                  "    spawn(work, 0);\n"
                                  "    spawn(work, 0);\n"
                                  "    spawn(work, 0);\n"
                                  "    spawn(work, 1);\n"
                                  "    wg_wait(&wg);\n"
                                  "    return 0;\n"
                                  "}\n";

/* Two locks in two orders, among others that make it many states. */
static const char cycle_source[] = "#include <leash.h>\n"
                                   "\n"
                                   "static mu_t a, b, c;\n"
                                   "\n"
                                   "static void one(void)\n"
                                   "{\n"
                                   "    mu_lock(&c);\n"
                                   "    mu_unlock(&c);\n"
                                   "    mu_lock(&a);\n"
                                   "    mu_lock(&b);\n"
                                   "    mu_unlock(&b);\n"
                                   "    mu_unlock(&a);\n"
                                   "}\n"
                                   "\n"
                                   "static void two(void)\n"
                                   "{\n"
                                   "    mu_lock(&b);\n"
                                   "    mu_lock(&a);\n"
                                   "    mu_unlock(&a);\n"
                                   "    mu_unlock(&b);\n"
                                   "}\n"
                                   "\n"
                                   "static void busy(void)\n"
                                   "{\n"
                                   "    for (int i = 0; i < 2; i++) {\n"
                                   "        mu_lock(&c);\n"
                                   "        mu_unlock(&c);\n"
                                   "    }\n"
                                   "}\n"
                                   "\n"
                                   "int main(void)\n"
                                   "{\n"
                                   "    spawn(one);\n"
                                   "    spawn(two);\n"
                                   "    spawn(busy);\n"
                                   "    spawn(busy);\n"
                                   "    spawn(busy);\n"
                                   "    return 0;\n"
                                   "}\n";

/* ---- --budget -------------------------------------------------------------------------------- */

static void test_explore__a_small_budget_is_told(void **state)
{
    put(*state, "busy.c", busy_source);
    struct outcome all = leash(*state, "check --stats busy.c -- -I%s", LEASH_INCLUDE);
    assert_status(all, 1);
    assert_has(all.err, "1 scope explored: ");
    assert_has(all.err, "; 0 scopes not in full\n");
    struct outcome few = leash(*state, "check --stats --budget=1 busy.c -- -I%s", LEASH_INCLUDE);
    assert_has(few.err, "; 1 scope not in full: from 'main' of busy.c (--budget allows more)\n");
    struct outcome json =
        leash(*state, "check --format json --budget 1 busy.c -- -I%s", LEASH_INCLUDE);
    assert_has(json.out, "\"scopes\":1");
    assert_has(json.out, "\"scopes_cut\":1");
}

static void test_explore__part_of_the_states_is_no_proof(void **state)
{
    put(*state, "cycle.c", cycle_source);
    struct outcome all = leash(*state, "check --format json cycle.c -- -I%s", LEASH_INCLUDE);
    assert_has(all.out, "\"rule\":\"lock-cycle\"");
    assert_has(all.out, "\"confidence\":\"proven\"");
    struct outcome few =
        leash(*state, "check --format json --budget 2 cycle.c -- -I%s", LEASH_INCLUDE);
    assert_has(few.out, "\"rule\":\"lock-cycle\"");
    assert_has(few.out, "\"confidence\":\"likely\"");
}

/* The same states each time, whatever the clock says. */
static void test_explore__a_budget_is_no_matter_of_time(void **state)
{
    put(*state, "busy.c", busy_source);
    struct outcome runs[2];
    for (size_t i = 0; i < COUNT_OF(runs); i++)
        runs[i] = leash(*state, "check --format json --budget 3 busy.c -- -I%s", LEASH_INCLUDE);
    assert_string_equal(runs[0].out, runs[1].out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(test_explore__a_small_budget_is_told),
        folder_test(test_explore__part_of_the_states_is_no_proof),
        folder_test(test_explore__a_budget_is_no_matter_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
