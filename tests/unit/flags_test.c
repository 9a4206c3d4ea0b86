/* Compile lines, and what libclang gets of them. */
#include "frontend/flags.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
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

static struct frontend_flags clean_for(const char *file, const char *directory, const char *line)
{
    flag_words words = {0};
    flag_words_split(&arena, line, strlen(line), QUOTING_SHELL, &words);
    struct frontend_job job = {
        .file = file, .directory = directory, .flags = words.at, .flag_count = words.count};
    return frontend_clean_flags(&arena, &job);
}

/* What every unit gets stands at the end and is checked here once for all. */
static const char own[] = "-x c -working-directory=/p -w -ferror-limit=0";

static const char *joined(const struct frontend_flags *flags)
{
    struct text text = {0};
    for (size_t i = 0; i < flags->count; i++)
        text_printf(&text, "%s%s", i ? " " : "", flags->at[i]);
    const char *copy = arena_strdup(&arena, text.at ? text.at : "");
    text_release(&text);
    return copy;
}

/* The arguments made of `line` for a.c, without those that every unit gets. */
static const char *clean(const char *line)
{
    struct frontend_flags flags = clean_for("/p/a.c", "/p", line);
    assert_null(flags.problem);
    assert_null(flags.skipped);
    const char *text = joined(&flags);
    size_t length = strlen(text), tail = strlen(own);
    assert_true(length >= tail);
    assert_string_equal(text + length - tail, own);
    return arena_strndup(&arena, text, length == tail ? 0 : length - tail - 1);
}

static void check(const char *line, const char *wanted)
{
    assert_string_equal(clean(line), wanted);
}

static void test_flags__what_changes_the_meaning_stays(void **state)
{
    (void)state;
    check("", "");
    check("-DX -D Y=2 -DZ= -UW -U V", "-DX -D Y=2 -DZ= -UW -U V");
    check("-Iinc -I inc2 -isystem sys -iquote q -idirafter late -include pre.h",
          "-Iinc -I inc2 -isystem sys -iquote q -idirafter late -include pre.h");
    check("-imacros m.h --sysroot=/s -nostdinc -pthread -O2 -ansi",
          "-imacros m.h --sysroot=/s -nostdinc -pthread -O2 -ansi");
    check("-funsigned-char -fshort-enums -fno-builtin-malloc -ffreestanding -fms-extensions",
          "-funsigned-char -fshort-enums -fno-builtin-malloc -ffreestanding -fms-extensions");
    check("-m32 -msse4.2 -march=armv7-a", "-m32 -msse4.2 -march=armv7-a");
    check("'-DNAME=\"a b\"' -D'F(x)=x + 1'", "-DNAME=\"a b\" -DF(x)=x + 1");
}

static void test_flags__what_writes_or_warns_goes(void **state)
{
    (void)state;
    check("-c a.c -o a.o -MD -MMD -MP -MT a.o -MF a.d -MQx -MFy -MJ z -oa.o", "");
    check("-save-temps -save-temps=obj -flto -flto=auto -fanalyzer -g -g3 -ggdb -pipe -v -E -S",
          "");
    check("-Wall -Wextra -Werror -Werror=format -Wno-x -w -pedantic -Wl,-z,now -Wa,--noexecstack",
          "");
    check("-fplugin=evil.so -fplugin-arg-evil-x -fpass-plugin=evil.so -specs=x -wrapper sh", "");
    check("-Xclang -load -Xclang evil.so -Xlinker -z -mllvm -x --param a=1 -aux-info f", "");
    check("-L/l -lm -L /l -l m -T script -u sym -z now -shared -static -rdynamic", "");
    check("--serialize-diagnostics f -dumpbase b -dumpdir d -resource-dir /r", "");
    check("-fconserve-stack -fno-var-tracking-assignments -fsanitize=address -fopenmp --coverage",
          "");
    check(
        "-mpreferred-stack-boundary=4 -mindirect-branch=thunk-extern -mtune=native -mrecord-mcount"
        " -mno-fp-ret-in-387",
        "");
    check("b.c other.o - -DX", "-DX");
    check("-DX -- -DY", "-DX");
    check("-working-directory /elsewhere -working-directory=/elsewhere", "");
}

static void test_flags__inside_other_flags(void **state)
{
    (void)state;
    check("-Wp,-MD,a.d", "");
    check("-Wp,-MMD,a.d,-DX=1,-Iinc,-U", "-DX=1 -Iinc");
    check("-Xclang -include-pch -Xclang a.pch -Xclang -include -Xclang a.h", "-include a.h");
    check("-include-pch a.pch -include a.h", "-include a.h");
}

static void test_flags__cut_off_values(void **state)
{
    (void)state;
    static const char *const lines[] = {"-D",
                                        "-I",
                                        "-include",
                                        "-isystem",
                                        "-o",
                                        "-MF",
                                        "-x",
                                        "-Xclang",
                                        "-target",
                                        "--param",
                                        "-Wp,",
                                        "-std=",
                                        "-Xclang -include",
                                        "-Xclang -include -Xclang"};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct frontend_flags flags = clean_for("/p/a.c", "/p", lines[i]);
        assert_null(flags.problem);
        for (size_t k = 0; k < flags.count; k++)
            assert_non_null(flags.at[k]);
    }
}

static void test_flags__compiler_names(void **state)
{
    (void)state;
    check("cc -DX", "-DX");
    check("/usr/bin/gcc-12 -DX", "-DX");
    check("ccache gcc -DX", "-DX");
    check("/usr/lib/ccache/clang-19 -DX", "-DX");
    check("env LANG=C distcc /opt/x/cc -DX", "-DX");
    check("/bin/sh ../libtool --tag=CC --mode=compile gcc -DX", "-DX");
    check("my-own-compiler -DX", "-DX");
    check("gcc.exe -DX", "-DX");
    /* A file that is called like a compiler is no compiler behind the first flags. */
    check("-DX g++", "-DX");
}

static void has(const char *line, const char *wanted)
{
    struct frontend_flags flags = clean_for("/p/a.c", "/p", line);
    assert_null(flags.skipped);
    const char *text = joined(&flags);
    if (!strstr(text, wanted))
        fail_msg("'%s' gives '%s' without '%s'", line, text, wanted);
}

static void lacks(const char *line, const char *unwanted)
{
    struct frontend_flags flags = clean_for("/p/a.c", "/p", line);
    if (strstr(joined(&flags), unwanted))
        fail_msg("'%s' gives '%s'", line, joined(&flags));
}

static void test_flags__targets(void **state)
{
    (void)state;
    has("arm-none-eabi-gcc -c", "--target=arm-none-eabi");
    has("/x/aarch64-linux-gnu-gcc-12 -c", "--target=aarch64-linux-gnu");
    has("riscv64-unknown-elf-gcc-12.2.0 -c", "--target=riscv64-unknown-elf");
    has("avr-gcc -c", "--target=avr");
    has("clang --target=mips-linux-gnu", "--target=mips-linux-gnu");
    has("arm-none-eabi-gcc -target mips-linux-gnu", "--target=mips-linux-gnu");
    lacks("xtensa-esp32-elf-gcc -c", "--target");
    lacks("musl-gcc -c", "--target");
    lacks("afl-clang -c", "--target");
}

static void test_flags__standards(void **state)
{
    (void)state;
    has("-std=gnu11", "-std=gnu11");
    has("-std=c99 -std=c17", "-std=c17");
    lacks("-std=c99 -std=c17", "c99");
    has("-std=gnu23", "-std=gnu2x");
    has("--std=c23", "-std=c2x");
}

static void check_skip(const char *file, const char *line, const char *why)
{
    struct frontend_flags flags = clean_for(file, "/p", line);
    assert_null(flags.problem);
    if (!why)
        assert_null(flags.skipped);
    else if (!flags.skipped || !strstr(flags.skipped, why))
        fail_msg("%s with '%s': %s, not %s", file, line, flags.skipped ? flags.skipped : "taken",
                 why);
}

static void test_flags__languages(void **state)
{
    (void)state;
    static const char *const cxx[] = {"a.cc",  "a.cpp", "a.cxx", "a.C",  "a.c++",
                                      "a.hpp", "a.hh",  "a.ii",  "a.cp", "a.H"};
    for (size_t i = 0; i < COUNT_OF(cxx); i++)
        check_skip(cxx[i], "cc -c", "C++");
    check_skip("a.s", "cc -c", "assembler");
    check_skip("a.S", "cc -c", "assembler");
    check_skip("a.m", "cc -c", "Objective-C");
    check_skip("a.cu", "nvcc -c", "CUDA");
    check_skip("a", "cc -c", "no C file");
    check_skip("a.txt", "cc -c", "no C file");
    check_skip("dir.c/a", "cc -c", "no C file");
    check_skip("a.c", "g++ -c a.c", "C++");
    check_skip("a.c", "arm-none-eabi-g++-12 -c a.c", "C++");
    check_skip("a.c", "clang++ -c a.c", "C++");
    check_skip("a.c", "cc --driver-mode=g++ -c a.c", "C++");
    check_skip("a.c", "cc --driver-mode=gcc -c a.c", NULL);
    check_skip("a.c", "cc -x c++ a.c", "C++");
    check_skip("a.c", "cc -xassembler-with-cpp a.c", "assembler");
    check_skip("a.c", "cc -x pascal a.c", "written in 'pascal'");
    check_skip("a.c", "clang-cl /c a.c", "MSVC");
    check_skip("a.c", "clang-19 -cc1 -fsyntax-only a.c", "-cc1");
    check_skip("a.cpp", "g++ -x c a.cpp", NULL);
    check_skip("a.cpp", "g++ -x c++ -x none a.cpp", "C++");
    check_skip("a.inc", "cc -x c a.inc", NULL);
    check_skip("a.h", "cc -c", NULL);
    check_skip("a.i", "cc -c", NULL);
}

static void test_flags__preprocessed(void **state)
{
    (void)state;
    struct frontend_flags flags = clean_for("/p/a.i", "/p", "cc -c a.i");
    assert_non_null(strstr(joined(&flags), "-x cpp-output"));
    flags = clean_for("/p/a.i", "/p", "cc -x c a.i");
    assert_non_null(strstr(joined(&flags), "-x c "));
}

static void check_words(enum flag_quoting quoting, const char *text, const char *wanted)
{
    flag_words words = {0};
    struct text out = {0};
    flag_words_split(&arena, text, strlen(text), quoting, &words);
    for (size_t i = 0; i < words.count; i++)
        text_printf(&out, "[%s]", words.at[i]);
    assert_string_equal(out.at ? out.at : "", wanted);
    text_release(&out);
}

/* What a shell takes is as sh takes it apart; an open quote it refuses. */
static void test_flags__quoting(void **state)
{
    (void)state;
    check_words(QUOTING_SHELL, "", "");
    check_words(QUOTING_SHELL, "  a\tb\n c ", "[a][b][c]");
    check_words(QUOTING_SHELL, "'a b' \"c d\" e\\ f", "[a b][c d][e f]");
    check_words(QUOTING_SHELL, "'a\\b' \"c\\d\" \"e\\\"f\" \"\\\\\" g\\\\h",
                "[a\\b][c\\d][e\"f][\\][g\\h]");
    check_words(QUOTING_SHELL, "-D'X=\"y\"'z '' \"\"", "[-DX=\"y\"z][][]");
    check_words(QUOTING_SHELL, "a\\\nb", "[ab]");
    check_words(QUOTING_SHELL, "'open", "[open]");
    check_words(QUOTING_SHELL, "end\\", "[end\\]");
    check_words(QUOTING_RESPONSE, "'a\\'b' \"c\\d\" e\\f", "[a'b][cd][ef]");
}

/* ---- response files -------------------------------------------------------------------------- */

static char folder[32];

static void put(const char *name, const char *text)
{
    assert_true(file_write(path_join(&arena, folder, name), text, strlen(text)));
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/leash-flags-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"one.rsp", "two.rsp"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unlink(path_join(&arena, folder, names[i]));
    release(state);
    return rmdir(folder);
}

static void test_flags__response_files(void **state)
{
    (void)state;
    put("one.rsp", "-DA '-DB=b b' @two.rsp -o");
    put("two.rsp", "-DC\n");
    struct frontend_flags flags = clean_for("a.c", folder, "gcc @one.rsp a.o -DD");
    assert_null(flags.problem);
    assert_int_equal(strncmp(joined(&flags), "-DA -DB=b b -DC -DD -x c", 24), 0);
}

static void test_flags__endless_response_files(void **state)
{
    (void)state;
    put("one.rsp", "@two.rsp @two.rsp");
    put("two.rsp", "@one.rsp @one.rsp");
    struct frontend_flags flags = clean_for("a.c", folder, "gcc @one.rsp");
    assert_non_null(flags.problem);
    assert_non_null(strstr(flags.problem, "nested more than"));
    flags = clean_for("a.c", folder, "gcc @gone.rsp");
    assert_non_null(flags.problem);
    assert_non_null(strstr(flags.problem, "gone.rsp"));
    flags = clean_for("a.c", folder, "gcc @.");
    assert_non_null(flags.problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_flags__what_changes_the_meaning_stays, release),
        cmocka_unit_test_teardown(test_flags__what_writes_or_warns_goes, release),
        cmocka_unit_test_teardown(test_flags__inside_other_flags, release),
        cmocka_unit_test_teardown(test_flags__cut_off_values, release),
        cmocka_unit_test_teardown(test_flags__compiler_names, release),
        cmocka_unit_test_teardown(test_flags__targets, release),
        cmocka_unit_test_teardown(test_flags__standards, release),
        cmocka_unit_test_teardown(test_flags__languages, release),
        cmocka_unit_test_teardown(test_flags__preprocessed, release),
        cmocka_unit_test_teardown(test_flags__quoting, release),
        cmocka_unit_test_setup_teardown(test_flags__response_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_flags__endless_response_files, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
