/* What is embedded equals the files it was made from, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <string.h>

#include "base/base.h"
#include "base/embed.h"

extern const struct embedded_file embedded_samples[];
extern const size_t embedded_samples_count;

enum { FILE_BYTES_MAX = 1 << 20 };

static void assert_same_as_file(const struct embedded_file *file, const char *folder)
{
    struct arena arena = {0};
    size_t length = 0;
    const char *data =
        file_read(&arena, path_join(&arena, folder, file->name), FILE_BYTES_MAX, &length);

    assert_non_null(data);
    assert_int_equal(file->length, length);
    assert_memory_equal(file->data, data, length);
    assert_int_equal(file->data[length], '\0');
    arena_release(&arena);
}

static void assert_same_as_folder(const struct embedded_file *files, size_t count,
                                  const char *folder)
{
    for (size_t i = 0; i < count; i++) {
        assert_same_as_file(&files[i], folder);
        if (i > 0)
            assert_true(strcmp(files[i - 1].name, files[i].name) < 0);
    }
    assert_null(files[count].name);
}

/* The files of the folder that end in `suffix`, README.md aside; 0 without the folder. */
static size_t count_files(const char *folder, const char *suffix)
{
    size_t count = 0;
    DIR *directory = opendir(folder);

    if (!directory)
        return 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (text_ends(entry->d_name, suffix) && !text_is(entry->d_name, "README.md"))
            count++;
    closedir(directory);
    return count;
}

static void test_embed__every_byte_survives(void **state)
{
    (void)state;
    assert_int_equal(embedded_samples_count, 3);
    assert_string_equal(embedded_samples[0].name, "a page.md");
    assert_same_as_folder(embedded_samples, embedded_samples_count, "tests/embed/files");
}

static void test_embed__all_pages(void **state)
{
    (void)state;
    assert_int_equal(embedded_pages_count, count_files("rules", ".md"));
    assert_same_as_folder(embedded_pages, embedded_pages_count, "rules");
}

static void test_embed__all_models(void **state)
{
    (void)state;
    assert_int_equal(embedded_models_count, count_files("rules/models", ".yaml"));
    assert_same_as_folder(embedded_models, embedded_models_count, "rules/models");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embed__every_byte_survives),
        cmocka_unit_test(test_embed__all_pages),
        cmocka_unit_test(test_embed__all_models),
    };

    return cmocka_run_group_tests_name("embed", tests, NULL, NULL);
}
