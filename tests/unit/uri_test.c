/* Paths as URIs, and URIs of files as paths. */
#include "base/uri.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void test_uri__names_files(void **state)
{
    static const struct {
        const char *uri, *path; /* path NULL: no file of this machine */
    } cases[] = {
        {"file:///src/a.c", "/src/a.c"},
        {"file://localhost/src/a.c", "/src/a.c"},
        {"file:/src/a.c", "/src/a.c"},
        {"FILE:///src/a.c", "/src/a.c"},
        {"file:///a%20b/%C3%BC%23.c", "/a b/\xC3\xBC#.c"},
        {"file:///src/./x/../a.c", "/src/a.c"},
        {"file:///src/a.c#L3", "/src/a.c"},
        {"file:///", "/"},
        {"file://host/src/a.c", NULL},
        {"file:///a%00b", NULL},
        {"file:///a%2", NULL},
        {"file:///a%zz", NULL},
        {"file:a.c", NULL},
        {"untitled:Untitled-1", NULL},
        {"/src/a.c", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *path = uri_to_path(&arena, cases[i].uri);
        if (!text_is(path, cases[i].path))
            fail_msg("%s: %s", cases[i].uri, path ? path : "nothing");
    }
}

static void test_uri__comes_back_from_any_path(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        if (byte == '/')
            continue;
        char path[] = {'/', 'x', (char)byte, '\0'};
        struct text uri = {0};
        text_add(&uri, "file://");
        uri_add_path(&uri, path);
        assert_string_equal(uri_to_path(&arena, uri.at), path);
        text_release(&uri);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_uri__names_files, release),
        cmocka_unit_test_teardown(test_uri__comes_back_from_any_path, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
