#include "frontend/flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESPONSE_DEPTH_MAX = 10,
    RESPONSE_BYTES_MAX = 1 << 20,
    WORDS_MAX = 200 * 1000,
    LAUNCHER_WORDS_MAX = 8, /* before the compiler's name */
};

/* What becomes of a flag and of the word behind it. */
enum treatment {
    DROP,       /* the flag alone: -c */
    DROP_VALUE, /* and its value, which may be attached: -o x, -ox */
    DROP_NEXT,  /* and always the next word: -aux-info x */
    KEEP,       /* as it is */
    KEEP_VALUE, /* with its value, which may be attached */
    KEEP_NEXT,
};

struct flag_rule {
    const char *name;
    bool is_prefix; /* all flags that begin so; else the whole word */
    enum treatment treatment;
};

/* The first that fits counts; what no row fits is dropped.  The values of KEEP_VALUE and DROP_VALUE
 * may be attached, so these fit as prefixes too. */
static const struct flag_rule flag_rules[] = {
    /* Macros and headers. */
    {"-include-pch", false, DROP_NEXT},
    {"-include", false, KEEP_VALUE},
    {"-imacros", false, KEEP_NEXT},
    {"-iquote", false, KEEP_VALUE},
    {"-isystem", false, KEEP_VALUE},
    {"-idirafter", false, KEEP_VALUE},
    {"-isysroot", false, KEEP_VALUE},
    {"-iprefix", false, KEEP_VALUE},
    {"-iwithprefixbefore", false, KEEP_VALUE},
    {"-iwithprefix", false, KEEP_VALUE},
    {"-imultilib", false, DROP_NEXT},
    {"--include=", true, KEEP},
    {"--sysroot=", true, KEEP},
    {"--sysroot", false, KEEP_NEXT},
    {"--gcc-toolchain=", true, KEEP},
    {"-I", false, KEEP_VALUE},
    {"-D", false, KEEP_VALUE},
    {"-U", false, KEEP_VALUE},
    {"-undef", false, KEEP},
    {"-nostdinc", false, KEEP},
    {"-nostdlibinc", false, KEEP},
    {"-nobuiltininc", false, KEEP},
    /* Language and target; -x, -std= and --target are read before. */
    {"-ansi", false, KEEP},
    {"-trigraphs", false, KEEP},
    {"-traditional-cpp", false, KEEP},
    {"-pthread", false, KEEP},
    {"-pthreads", false, DROP},
    {"-O", true, KEEP},
    {"-B", false, KEEP_VALUE},
    {"-arch", false, DROP_NEXT},
    /* Those of -f that change what a source means; the others make code or messages. */
    {"-fsigned-char", false, KEEP},
    {"-funsigned-char", false, KEEP},
    {"-fno-signed-char", false, KEEP},
    {"-fno-unsigned-char", false, KEEP},
    {"-fshort-enums", false, KEEP},
    {"-fno-short-enums", false, KEEP},
    {"-fshort-wchar", false, KEEP},
    {"-fno-short-wchar", false, KEEP},
    {"-fpack-struct", true, KEEP},
    {"-fms-extensions", false, KEEP},
    {"-fno-ms-extensions", false, KEEP},
    {"-fms-compatibility", true, KEEP},
    {"-fdeclspec", false, KEEP},
    {"-fblocks", false, KEEP},
    {"-fgnu89-inline", false, KEEP},
    {"-fno-gnu89-inline", false, KEEP},
    {"-ffreestanding", false, KEEP},
    {"-fhosted", false, KEEP},
    {"-fno-hosted", false, KEEP},
    {"-fbuiltin", false, KEEP},
    {"-fno-builtin", true, KEEP},
    {"-fasm", false, KEEP},
    {"-fno-asm", false, KEEP},
    {"-fgnu-keywords", false, KEEP},
    {"-fno-gnu-keywords", false, KEEP},
    {"-fgnuc-version=", true, KEEP},
    {"-fdollars-in-identifiers", false, KEEP},
    {"-fno-dollars-in-identifiers", false, KEEP},
    {"-flax-vector-conversions", true, KEEP},
    {"-fexceptions", false, KEEP},
    {"-ffast-math", false, KEEP},
    {"-ffinite-math-only", false, KEEP},
    {"-fstack-protector", false, KEEP},
    {"-fstack-protector-strong", false, KEEP},
    {"-fstack-protector-all", false, KEEP},
    {"-fbracket-depth=", true, KEEP},
    /* Those of -m that gcc alone knows; the rest tells which machine it is. */
    {"-mtune", true, DROP},
    {"-mllvm", false, DROP_NEXT},
    {"-mpreferred-stack-boundary", true, DROP},
    {"-mincoming-stack-boundary", true, DROP},
    {"-mindirect-branch", true, DROP},
    {"-mno-indirect-branch", true, DROP},
    {"-mfunction-return", true, DROP},
    {"-mharden-sls", true, DROP},
    {"-mrecord-mcount", false, DROP},
    {"-mnop-mcount", false, DROP},
    {"-mfentry", true, DROP},
    {"-mrecord-return", false, DROP},
    {"-mno-fp-ret-in-387", false, DROP},
    {"-mfp-ret-in-387", false, DROP},
    {"-mno-fancy-math-387", false, DROP},
    {"-mfancy-math-387", false, DROP},
    {"-mieee-fp", false, DROP},
    {"-mno-ieee-fp", false, DROP},
    {"-maccumulate-outgoing-args", false, DROP},
    {"-mno-accumulate-outgoing-args", false, DROP},
    {"-mpush-args", false, DROP},
    {"-mno-push-args", false, DROP},
    {"-mbranch-cost", true, DROP},
    {"-mstringop-strategy", true, DROP},
    {"-mmemcpy-strategy", true, DROP},
    {"-mmemset-strategy", true, DROP},
    {"-malign-", true, DROP},
    {"-mno-align-", true, DROP},
    {"-mveclibabi", true, DROP},
    {"-mrecip", true, DROP},
    {"-mno-recip", true, DROP},
    {"-mforce-", true, DROP},
    {"-mno-force-", true, DROP},
    {"-mfused-madd", false, DROP},
    {"-mno-fused-madd", false, DROP},
    {"-mstack-protector-guard", true, DROP},
    {"-mrelax-cmpxchg-loop", false, DROP},
    {"-minline-", true, DROP},
    {"-mno-inline-", true, DROP},
    {"-mtls-dialect", true, DROP},
    {"-mstv", false, DROP},
    {"-mno-stv", false, DROP},
    {"-mmove-max", true, DROP},
    {"-mstore-max", true, DROP},
    {"-mneeded", false, DROP},
    {"-mno-needed", false, DROP},
    {"-mcall-ms2sysv-xlogues", false, DROP},
    {"-mmanual-endbr", false, DROP},
    {"-mcet-switch", false, DROP},
    {"-mavx256-split-unaligned", true, DROP},
    {"-mno-avx256-split-unaligned", true, DROP},
    {"-mprefer-avx128", false, DROP},
    {"-mno-prefer-avx128", false, DROP},
    {"-mthumb-interwork", false, DROP},
    {"-mlong-calls", false, DROP},
    {"-mno-long-calls", false, DROP},
    {"-mslow-flash-data", false, DROP},
    {"-m", true, KEEP},
    /* Flags that are dropped, told because of their values. */
    {"-Xclang", false, DROP_NEXT}, /* but see take_xclang */
    {"-Xlinker", false, DROP_NEXT},
    {"-Xassembler", false, DROP_NEXT},
    {"-Xpreprocessor", false, DROP_NEXT},
    {"-Xanalyzer", false, DROP_NEXT},
    {"-MF", false, DROP_VALUE},
    {"-MT", false, DROP_VALUE},
    {"-MQ", false, DROP_VALUE},
    {"-MJ", false, DROP_VALUE},
    {"-o", false, DROP_VALUE},
    {"-L", false, DROP_VALUE},
    {"-l", false, DROP_VALUE},
    {"-T", false, DROP_VALUE},
    {"-u", false, DROP_VALUE},
    {"-z", false, DROP_NEXT},
    {"-e", false, DROP_NEXT},
    {"-A", false, DROP_VALUE},
    {"-aux-info", false, DROP_NEXT},
    {"-dumpbase", false, DROP_NEXT},
    {"-dumpbase-ext", false, DROP_NEXT},
    {"-dumpdir", false, DROP_NEXT},
    {"-wrapper", false, DROP_NEXT},
    {"-specs", false, DROP_NEXT},
    {"--param", false, DROP_NEXT},
    {"--output", false, DROP_NEXT},
    {"-serialize-diagnostics", false, DROP_NEXT},
    {"--serialize-diagnostics", false, DROP_NEXT},
    {"-resource-dir", false, DROP_NEXT},
    {"-working-directory", false, DROP_NEXT},
    {"--config", false, DROP_NEXT},
};

/* ---- words ----------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* Whether the backslash at text[i] takes the next character as it is. */
static bool is_escape(const char *text, size_t i, size_t length, char quote, enum flag_quoting kind)
{
    if (text[i] != '\\' || i + 1 >= length)
        return false;
    if (kind == QUOTING_RESPONSE || !quote)
        return true;
    return quote == '"' && strchr("\"\\$`\n", text[i + 1]) != NULL && text[i + 1] != '\0';
}

/* One word from text[*at], unquoted into `word`, which has room for it. */
static size_t split_word(const char *text, size_t *at, size_t length, enum flag_quoting kind,
                         char *word)
{
    size_t size = 0, i = *at;
    char quote = 0;
    for (; i < length && (quote || !is_blank(text[i])); i++) {
        char c = text[i];
        if (is_escape(text, i, length, quote, kind)) {
            i++;
            if (text[i] != '\n' || kind == QUOTING_RESPONSE)
                word[size++] = text[i];
        } else if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? 0 : c;
        } else {
            word[size++] = c;
        }
    }
    *at = i;
    return size;
}

void flag_words_split(struct arena *arena, const char *text, size_t length, enum flag_quoting kind,
                      flag_words *words)
{
    char *word = xmalloc(length + 1);
    for (size_t i = 0; i < length;) {
        if (is_blank(text[i])) {
            i++;
            continue;
        }
        size_t size = split_word(text, &i, length, kind, word);
        *vec_add(arena, words) = arena_strndup(arena, word, size);
    }
    free(word);
}

/* ---- response files -------------------------------------------------------------------------- */

/* One compile line being read. */
struct line {
    struct arena *arena;
    const struct frontend_job *job;
    flag_words words;     /* response files expanded */
    flag_words out;       /* libclang's arguments */
    const char *language; /* the value of -x; NULL: by the file's name */
    const char *standard, *target;
    bool is_cxx_driver;
    const char *skipped, *problem;
};

static void expand(struct line *line, const char *word, unsigned depth);

static void expand_file(struct line *line, const char *name, unsigned depth)
{
    struct arena *arena = line->arena;
    const char *path = path_join(arena, line->job->directory, name);
    size_t length = 0;
    char *text = file_read(arena, path, RESPONSE_BYTES_MAX, &length);
    if (!text) {
        line->problem = arena_printf(arena,
                                     "cannot read the response file '%s' of its compile line (%s); "
                                     "build first, or write its flags out",
                                     path, strerror(errno));
        return;
    }
    flag_words inner = {0};
    flag_words_split(arena, text, length, QUOTING_RESPONSE, &inner);
    for (size_t i = 0; i < inner.count && !line->problem; i++)
        expand(line, inner.at[i], depth + 1);
}

static void expand(struct line *line, const char *word, unsigned depth)
{
    if (line->words.count >= WORDS_MAX)
        line->problem =
            arena_printf(line->arena, "its compile line has more than %d words", WORDS_MAX);
    else if (word[0] != '@' || !word[1])
        *vec_add(line->arena, &line->words) = word;
    else if (depth >= RESPONSE_DEPTH_MAX)
        line->problem = arena_printf(line->arena,
                                     "the response file '%s' is nested more than %d deep; does it "
                                     "name itself?",
                                     word + 1, RESPONSE_DEPTH_MAX);
    else
        expand_file(line, word + 1, depth);
}

/* ---- the compiler's name --------------------------------------------------------------------- */

struct driver {
    bool is_known, is_cxx, is_msvc;
    const char *target; /* "arm-none-eabi"; NULL: this machine */
};

/* Without ".exe" and a version: "arm-none-eabi-gcc-12.2" gives "arm-none-eabi-gcc". */
static char *driver_stem(struct arena *arena, const char *word)
{
    char *name = arena_strdup(arena, path_base(word));
    size_t length = strlen(name);
    if (text_ends(name, ".exe"))
        name[length -= 4] = '\0';
    size_t digits = length;
    while (digits > 0 && strchr("0123456789.", name[digits - 1]))
        digits--;
    if (digits < length && digits > 1 && name[digits - 1] == '-')
        name[digits - 1] = '\0';
    return name;
}

/* Machines that libclang may know; a compiler for any other is taken as one for this machine. */
static bool is_known_machine(const char *prefix)
{
    static const char *const machines[] = {
        "x86_64-", "i386-",   "i486-",   "i586-",  "i686-",       "aarch64",
        "arm",     "riscv32", "riscv64", "mips",   "powerpc",     "ppc",
        "s390x-",  "sparc",   "avr",     "msp430", "loongarch64",
    };
    for (size_t i = 0; i < COUNT_OF(machines); i++)
        if (text_starts(prefix, machines[i]))
            return strchr(prefix, '-') || text_is(prefix, "avr") || text_is(prefix, "msp430");
    return false;
}

static struct driver driver_of(struct arena *arena, const char *word)
{
    static const struct {
        const char *name;
        bool is_cxx, is_msvc;
    } drivers[] = {
        {"clang++", true, false}, {"clang-cl", false, true}, {"clang", false, false},
        {"g++", true, false},     {"c++", true, false},      {"gcc", false, false},
        {"icpc", true, false},    {"icpx", true, false},     {"icc", false, false},
        {"icx", false, false},    {"tcc", false, false},     {"cc", false, false},
        {"cl", false, true},      {"c99", false, false},     {"c89", false, false},
    };
    char *stem = driver_stem(arena, word);
    for (size_t i = 0; i < COUNT_OF(drivers); i++) {
        size_t length = strlen(stem), tail = strlen(drivers[i].name);
        if (!text_ends(stem, drivers[i].name))
            continue;
        struct driver driver = {true, drivers[i].is_cxx, drivers[i].is_msvc, NULL};
        if (length == tail)
            return driver;
        if (stem[length - tail - 1] != '-')
            continue;
        stem[length - tail - 1] = '\0';
        driver.target = is_known_machine(stem) ? stem : NULL;
        return driver;
    }
    return (struct driver){0};
}

/* The words up to and with the compiler's name: launchers (ccache, libtool, env) and their options
 * may come before it. */
static size_t take_driver(struct line *line)
{
    const flag_words *words = &line->words;
    if (words->count == 0 || words->at[0][0] == '-')
        return 0;
    for (size_t i = 0; i < words->count && i < LAUNCHER_WORDS_MAX; i++) {
        struct driver driver = driver_of(line->arena, words->at[i]);
        if (words->at[i][0] == '-' || !driver.is_known)
            continue;
        line->is_cxx_driver = driver.is_cxx;
        line->target = driver.target;
        if (driver.is_msvc)
            line->skipped = "built with MSVC's command line";
        return i + 1;
    }
    return 0;
}

/* ---- flags ----------------------------------------------------------------------------------- */

static void keep(struct line *line, const char *word)
{
    *vec_add(line->arena, &line->out) = word;
}

static bool has_value(enum treatment treatment)
{
    return treatment == KEEP_VALUE || treatment == DROP_VALUE;
}

static bool rule_fits(const struct flag_rule *rule, const char *word)
{
    if (rule->is_prefix || has_value(rule->treatment))
        return text_starts(word, rule->name);
    return text_is(word, rule->name);
}

/* The flag at words[i] by the table; the index of the next one. */
static size_t take_by_table(struct line *line, size_t i)
{
    const char *word = line->words.at[i];
    const char *value = i + 1 < line->words.count ? line->words.at[i + 1] : NULL;
    for (size_t r = 0; r < COUNT_OF(flag_rules); r++) {
        const struct flag_rule *rule = &flag_rules[r];
        if (!rule_fits(rule, word))
            continue;
        bool takes_next = rule->treatment == KEEP_NEXT || rule->treatment == DROP_NEXT ||
                          (has_value(rule->treatment) && text_is(word, rule->name));
        bool keeps = rule->treatment >= KEEP;
        if (keeps && (!takes_next || value))
            keep(line, word);
        if (keeps && takes_next && value)
            keep(line, value);
        return i + 1 + takes_next;
    }
    return i + 1;
}

/* -Xclang passes words to the compiler behind the driver.  CMake uses it for a forced header. */
static size_t take_xclang(struct line *line, size_t i)
{
    const flag_words *words = &line->words;
    bool is_include = i + 3 < words->count && text_is(words->at[i + 1], "-include") &&
                      text_is(words->at[i + 2], "-Xclang");
    if (!is_include)
        return i + 2;
    keep(line, "-include");
    keep(line, words->at[i + 3]);
    return i + 4;
}

/* -Wp,-DX=1,-MD,x.d passes words to the preprocessor. */
static void take_preprocessor(struct line *line, const char *list)
{
    while (*list) {
        size_t length = strcspn(list, ",");
        char *piece = arena_strndup(line->arena, list, length);
        if (piece[0] == '-' && strchr("DUI", piece[1]) && piece[1] && piece[2])
            keep(line, piece);
        list += length + (list[length] == ',');
    }
}

/* `word` is `name` with its value attached, or followed by it; NULL: it is another flag. */
static const char *value_of(const struct line *line, const char *name, size_t *i)
{
    const char *word = line->words.at[*i];
    if (text_is(word, name))
        return *i + 1 < line->words.count ? line->words.at[++*i] : "";
    if (text_starts(word, name))
        return word + strlen(name);
    return NULL;
}

/* The flags that say which language and machine it is; true: it was one. */
static bool take_kind(struct line *line, size_t *i)
{
    const char *word = line->words.at[*i], *value;
    if (text_starts(word, "-std=") || text_starts(word, "--std="))
        line->standard = strchr(word, '=') + 1;
    else if (text_starts(word, "--target="))
        line->target = word + strlen("--target=");
    else if (text_is(word, "-target"))
        line->target = value_of(line, "-target", i);
    else if (text_starts(word, "--driver-mode="))
        line->is_cxx_driver = text_is(word, "--driver-mode=g++");
    else if ((value = value_of(line, "--language=", i)))
        line->language = value;
    else if (text_starts(word, "-x") && (value = value_of(line, "-x", i)))
        line->language = text_is(value, "none") ? NULL : value;
    else
        return false;
    return true;
}

/* The flag or file at words[i]; the index of the next one. */
static size_t take_word(struct line *line, size_t i)
{
    const char *word = line->words.at[i];
    if (text_is(word, "-Xclang"))
        return take_xclang(line, i);
    if (text_starts(word, "-Wp,"))
        take_preprocessor(line, word + strlen("-Wp,"));
    else if (text_is(word, "-cc1") || text_is(word, "-cc1as"))
        line->skipped = "a step inside of clang (-cc1)";
    else if (word[0] == '-' && word[1] && !take_kind(line, &i))
        return take_by_table(line, i);
    return i + 1; /* files, and standard input, are not for libclang */
}

/* Behind `--` there are only files. */
static void take_flags(struct line *line, size_t i)
{
    while (i < line->words.count && !text_is(line->words.at[i], "--"))
        i = take_word(line, i);
}

/* ---- language -------------------------------------------------------------------------------- */

static const char *suffix_of(const char *path)
{
    const char *dot = strrchr(path_base(path), '.');
    return dot ? dot : "";
}

struct kind {
    const char *word;
    const char *skipped; /* NULL: C */
};

static const struct kind suffixes[] = {
    {".c", NULL},           {".i", NULL},           {".h", NULL},          {".cc", "C++"},
    {".cpp", "C++"},        {".cxx", "C++"},        {".c++", "C++"},       {".C", "C++"},
    {".CPP", "C++"},        {".cp", "C++"},         {".ii", "C++"},        {".hh", "C++"},
    {".hpp", "C++"},        {".hxx", "C++"},        {".h++", "C++"},       {".H", "C++"},
    {".tcc", "C++"},        {".cppm", "C++"},       {".ixx", "C++"},       {".s", "assembler"},
    {".S", "assembler"},    {".sx", "assembler"},   {".asm", "assembler"}, {".m", "Objective-C"},
    {".mi", "Objective-C"}, {".mm", "Objective-C"}, {".M", "Objective-C"}, {".cu", "CUDA"},
    {".cl", "OpenCL"},      {".f", "Fortran"},      {".F", "Fortran"},     {".f90", "Fortran"},
    {".F90", "Fortran"},    {".rc", "resources"},   {".swift", "Swift"},   {".rs", "Rust"},
};

static const struct kind languages[] = {
    {"c", NULL},
    {"c-header", NULL},
    {"cpp-output", NULL},
    {"c++", "C++"},
    {"c++-header", "C++"},
    {"c++-cpp-output", "C++"},
    {"assembler", "assembler"},
    {"assembler-with-cpp", "assembler"},
    {"objective-c", "Objective-C"},
    {"objective-c++", "Objective-C"},
    {"cuda", "CUDA"},
    {"cl", "OpenCL"},
};

static const struct kind *find_kind(const struct kind *kinds, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (text_is(kinds[i].word, word))
            return &kinds[i];
    return NULL;
}

/* Decides whether it is C; libclang's -x, or NULL when it is to be skipped. */
static const char *language_of(struct line *line)
{
    const char *suffix = suffix_of(line->job->file);
    const struct kind *kind = line->language
                                  ? find_kind(languages, COUNT_OF(languages), line->language)
                                  : find_kind(suffixes, COUNT_OF(suffixes), suffix);
    if (!kind && line->language)
        line->skipped = arena_printf(line->arena, "written in '%s'", line->language);
    else if (!kind)
        line->skipped = "no C file by its name (-x c after -- makes it one)";
    else if (kind->skipped)
        line->skipped = kind->skipped;
    else if (!line->language && line->is_cxx_driver)
        line->skipped = "C++"; /* g++ takes .c for C++ */
    if (line->skipped)
        return NULL;
    bool is_output = line->language ? text_is(line->language, "cpp-output") : text_is(suffix, ".i");
    return is_output ? "cpp-output" : "c";
}

/* The names of C23 that every libclang from 17 on knows. */
static const char *standard_of(const char *standard)
{
    if (text_is(standard, "c23"))
        return "c2x";
    return text_is(standard, "gnu23") ? "gnu2x" : standard;
}

static void add_own(struct line *line, const char *language)
{
    keep(line, "-x");
    keep(line, language);
    if (line->standard)
        keep(line, arena_printf(line->arena, "-std=%s", standard_of(line->standard)));
    if (line->target)
        keep(line, arena_printf(line->arena, "--target=%s", line->target));
    keep(line, arena_printf(line->arena, "-working-directory=%s", line->job->directory));
    keep(line, "-w");
    keep(line, "-ferror-limit=0");
}

struct frontend_flags frontend_clean_flags(struct arena *arena, const struct frontend_job *job)
{
    struct line line = {.arena = arena, .job = job};
    for (size_t i = 0; i < job->flag_count && !line.problem; i++)
        expand(&line, job->flags[i], 0);
    if (!line.problem) {
        take_flags(&line, take_driver(&line));
        const char *language = language_of(&line);
        if (language)
            add_own(&line, language);
    }
    return (struct frontend_flags){
        .at = line.out.at,
        .count = line.out.count,
        .skipped = line.problem ? NULL : line.skipped,
        .problem = line.problem,
    };
}

bool frontend_is_c_source(const char *path)
{
    const char *suffix = suffix_of(path);
    return text_is(suffix, ".c") || text_is(suffix, ".i");
}

bool frontend_is_header(const char *path)
{
    return text_is(suffix_of(path), ".h");
}
