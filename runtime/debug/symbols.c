#include "symbols.h"
#include "world.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the files that the program is made of --------------------------------------------------- */

static Dwfl *program; /* NULL: not looked at yet */

/* Descriptors are not for what the program executes. */
static int find_file(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                     char **path, Elf **elf)
{
    (void)module, (void)data, (void)base, (void)elf;
    if (*name != '/')
        return -1;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        *path = strdup(name);
    return fd;
}

/* On this machine alone: a dump is no time to fetch debug information from a server. */
static int find_debug_file(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                           const char *path, const char *link, GElf_Word sum, char **found)
{
    const char *servers = getenv("DEBUGINFOD_URLS");
    bool local = !servers || !*servers;
    int fd = local ? dwfl_standard_find_debuginfo(module, data, name, base, path, link, sum, found)
                   : dwfl_build_id_find_debuginfo(module, data, name, base, path, link, sum, found);

    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

/* Files stay in it when the program closes them: names that were told lie there. */
static void look_at_files(void)
{
    static const Dwfl_Callbacks callbacks = {.find_elf = find_file,
                                             .find_debuginfo = find_debug_file};

    if (!program)
        program = dwfl_begin(&callbacks);
    if (!program)
        return;
    dwfl_report_begin_add(program);
    dwfl_linux_proc_report(program, getpid());
    dwfl_report_end(program, NULL, NULL);
}

static int take_number(struct dl_phdr_info *info, size_t size, void *number)
{
    (void)size;
    *(unsigned long long *)number = info->dlpi_adds;
    return 1;
}

/* Whether the program has opened files since the last call. */
static bool has_new_files(void)
{
    static unsigned long long opened;
    unsigned long long now = 0;

    dl_iterate_phdr(take_number, &now);
    bool more = now != opened;
    opened = now;
    return more;
}

/* The file that the address is in; NULL: in none. */
static Dwfl_Module *file_of(uintptr_t address)
{
    if (has_new_files())
        look_at_files();
    return program ? dwfl_addrmodule(program, address) : NULL;
}

/* ---- functions and lines --------------------------------------------------------------------- */

/* A place in the terms of debug information: that of its unit, and the address there. */
struct spot {
    Dwarf_Die unit;
    Dwarf_Addr address;
};

/* Some compilers write no index of addresses, so the units are asked one by one, too. */
static bool find_spot(Dwfl_Module *file, uintptr_t address, struct spot *spot)
{
    Dwarf_Addr bias;
    Dwarf_Die *unit = dwfl_module_addrdie(file, address, &bias);
    Dwarf_Die *last = NULL;

    while (!unit && (unit = dwfl_module_nextcu(file, last, &bias))) {
        last = unit;
        if (dwarf_haspc(unit, address - bias) <= 0)
            unit = NULL;
    }
    if (!unit)
        return false;
    *spot = (struct spot){*unit, address - bias};
    return true;
}

/* Functions within each other, the outermost first: all but that one are inlined. */
enum { INLINED_MAX = 32 };
struct chain {
    size_t count;
    Dwarf_Die functions[INLINED_MAX];
};

/* Whether functions may be inside: with an address of its own, or in a mere name space. */
static bool may_contain(Dwarf_Die *die, Dwarf_Addr address)
{
    switch (dwarf_tag(die)) {
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_lexical_block:
        return dwarf_haspc(die, address) > 0;
    case DW_TAG_namespace:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
        return true;
    default:
        return false;
    }
}

/* The functions below `die` that the address is in. NOLINTNEXTLINE(misc-no-recursion): as deep as
 * the blocks of a source */
static void find_functions(Dwarf_Die *die, Dwarf_Addr address, struct chain *chain)
{
    Dwarf_Die child;
    size_t before = chain->count;

    for (int end = dwarf_child(die, &child); !end; end = dwarf_siblingof(&child, &child)) {
        if (!may_contain(&child, address))
            continue;
        int tag = dwarf_tag(&child);
        if ((tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine) &&
            chain->count < INLINED_MAX)
            chain->functions[chain->count++] = child;
        find_functions(&child, address, chain);
        if (chain->count > before)
            return;
    }
}

static const char *name_of(Dwarf_Die *function)
{
    Dwarf_Attribute name;

    return dwarf_formstring(dwarf_attr_integrate(function, DW_AT_name, &name));
}

/* "server.c:41", as the file was named to the compiler, in memory of its own; NULL: not known. */
static char *site_of(Dwarf_Die *unit, const char *file, int line)
{
    Dwarf_Attribute attribute;
    char *site;

    if (!file || line <= 0)
        return NULL;
    const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
    size_t length = folder ? strlen(folder) : 0;
    if (length && !strncmp(file, folder, length) && file[length] == '/')
        file += length + 1;
    return asprintf(&site, "%s:%d", file, line) < 0 ? NULL : site;
}

/* The line that the code there is from. */
static char *line_at(struct spot *spot)
{
    Dwarf_Line *line = dwarf_getsrc_die(&spot->unit, spot->address);
    int number = 0;

    if (!line || dwarf_lineno(line, &number))
        return NULL;
    return site_of(&spot->unit, dwarf_linesrc(line, NULL, NULL), number);
}

static Dwarf_Word number_of(Dwarf_Die *die, unsigned which)
{
    Dwarf_Attribute attribute;
    Dwarf_Word number = 0;

    dwarf_formudata(dwarf_attr(die, which, &attribute), &number);
    return number;
}

/* The line of the call in place of which the function was inlined. */
static char *line_of_inlined(Dwarf_Die *unit, Dwarf_Die *function)
{
    Dwarf_Files *files;
    size_t count;

    if (dwarf_getsrcfiles(unit, &files, &count))
        return NULL;
    return site_of(unit, dwarf_filesrc(files, number_of(function, DW_AT_call_file), NULL, NULL),
                   (int)number_of(function, DW_AT_call_line));
}

/* By the table of symbols: there is no debug information, or it knows only the line, as where a
 * compiler has made one function of two that are equal.  `spot` may be NULL. */
static void name_by_symbol(struct place *place, Dwfl_Module *file, uintptr_t address,
                           struct spot *spot)
{
    GElf_Off offset;
    GElf_Sym symbol;
    const char *name = dwfl_module_addrinfo(file, address, &offset, &symbol, NULL, NULL, NULL);

    place->calls = calloc(1, sizeof(*place->calls));
    if (place->calls)
        place->calls[place->call_count++] =
            (struct call){name ? name : "?", spot ? line_at(spot) : NULL};
}

static void name_place(struct place *place, Dwfl_Module *file, uintptr_t address)
{
    struct chain chain = {0};
    struct spot spot;
    bool has_spot = find_spot(file, address, &spot);

    if (has_spot)
        find_functions(&spot.unit, spot.address, &chain);
    if (!chain.count) {
        name_by_symbol(place, file, address, has_spot ? &spot : NULL);
        return;
    }
    place->calls = calloc(chain.count, sizeof(*place->calls));
    if (!place->calls)
        return;
    for (size_t i = chain.count; i-- > 0;) {
        const char *name = name_of(&chain.functions[i]);
        bool is_innermost = i + 1 == chain.count;
        place->calls[place->call_count++] = (struct call){
            name ? name : "?",
            is_innermost ? line_at(&spot) : line_of_inlined(&spot.unit, &chain.functions[i + 1])};
    }
}

/* ---- callers --------------------------------------------------------------------------------- */

static struct expression copy(const Dwarf_Op *operations, size_t count)
{
    struct expression copied = {.count = count <= OPERATIONS_MAX ? count : 0};

    for (size_t i = 0; i < copied.count; i++)
        copied.operations[i] = operations[i];
    return copied;
}

static struct saved find_saved(Dwarf_Frame *frame, int number)
{
    Dwarf_Op room[3];
    Dwarf_Op *operations;
    size_t count;

    if (dwarf_frame_register(frame, number, room, &operations, &count))
        return (struct saved){.how = SAVED_NOWHERE};
    if (!count)
        return (struct saved){.how = operations ? SAVED_NOWHERE : SAVED_IN_REGISTER};
    bool is_value = operations[count - 1].atom == DW_OP_stack_value;
    struct expression where = copy(operations, count - is_value);
    if (!where.count)
        return (struct saved){.how = SAVED_NOWHERE};
    return (struct saved){is_value ? SAVED_AS : SAVED_AT, where};
}

static void find_caller(struct place *place, Dwfl_Module *file, uintptr_t address)
{
    Dwarf_Addr bias;
    Dwarf_CFI *rules = dwfl_module_eh_cfi(file, &bias);
    Dwarf_Frame *frame;
    Dwarf_Op *operations;
    size_t count;

    if (!rules || dwarf_cfi_addrframe(rules, address - bias, &frame))
        return;
    if (!dwarf_frame_cfa(frame, &operations, &count))
        place->frame = copy(operations, count);
    for (int i = 0; i < REGISTERS; i++)
        place->saved[i] = find_saved(frame, i);
    free(frame);
}

/* ---- a thread to search on ------------------------------------------------------------------- */

/* libdw wants more of the stack than tasks have, and than some threads have. */
enum { SEARCH_STACK_BYTES = 2 * 1024 * 1024 };

/* search(what) on a thread of its own, for as long as that takes.  NULL: there is none to be had.
 */
static void *search_apart(void *(*search)(void *), void *what)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t former;
    void *found = NULL;

    /* Signals are for the threads of the program; leak_find stops this one, too. */
    sigfillset(&all);
    sigdelset(&all, WORLD_SIGNAL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SEARCH_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    int error = pthread_create(&thread, &attributes, search, what);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    pthread_attr_destroy(&attributes);
    if (!error)
        pthread_join(thread, &found);
    return found;
}

static void *make_place(void *what)
{
    /* The call is what lies before: behind it another function may begin. */
    uintptr_t address = *(const uintptr_t *)what - 1;
    Dwfl_Module *file = file_of(address);
    struct place *place = file ? calloc(1, sizeof(*place)) : NULL;

    if (!place)
        return NULL;
    place->entry.number = address + 1;
    name_place(place, file, address);
    find_caller(place, file, address);
    return place;
}

static struct table places;

const struct place *symbols_known(uintptr_t address)
{
    return (struct place *)table_find(&places, address, NULL);
}

const struct place *symbols_find(uintptr_t address)
{
    struct place *place = search_apart(make_place, &address);

    /* Without memory for it, what it holds is lost. */
    return place && table_add(&places, &place->entry) ? place : NULL;
}

/* ---- from a line to its function ------------------------------------------------------------- */

struct site {
    struct entry entry; /* by the address of the text */
    const char *function;
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && !strcmp(text + length - end_length, end);
}

/* NULL: it is no code of that line of that file. */
static const char *function_of_line(Dwfl_Module *file, Dwfl_Line *line, const char *path,
                                    int number)
{
    struct chain chain = {0};
    struct spot spot;
    Dwarf_Addr address;
    int found;
    const char *source = dwfl_lineinfo(line, &address, &found, NULL, NULL, NULL);

    if (!source || found != number || !ends_with(source, path) || !find_spot(file, address, &spot))
        return NULL;
    find_functions(&spot.unit, spot.address, &chain);
    return chain.count ? name_of(&chain.functions[chain.count - 1]) : NULL;
}

/* The function that the first code of the line is in; of those files that end in the given path. */
static const char *find_function(Dwfl_Module *file, const char *path, int number)
{
    const char *slash = strrchr(path, '/');
    Dwfl_Line **lines = NULL;
    size_t count = 0;
    const char *name = NULL;

    dwfl_module_getsrc_file(file, slash ? slash + 1 : path, number, 0, &lines, &count);
    for (size_t i = 0; i < count && !name; i++)
        name = function_of_line(file, lines[i], path, number);
    free(lines);
    return name;
}

static void *make_site(void *what)
{
    const char *text = what;
    const char *colon = strrchr(text, ':');
    Dwfl_Module *file = file_of((uintptr_t)text);
    struct site *site = malloc(sizeof(*site));
    char *path = colon && file ? strndup(text, (size_t)(colon - text)) : NULL;

    if (site)
        *site = (struct site){{NULL, (uintptr_t)text},
                              path ? find_function(file, path, atoi(colon + 1)) : NULL};
    free(path);
    return site;
}

const char *symbols_function_at(const char *text)
{
    static struct table sites;
    struct site *site = (struct site *)table_find(&sites, (uintptr_t)text, NULL);

    if (site)
        return site->function;
    site = search_apart(make_site, (void *)text);
    if (!site)
        return NULL;
    if (table_add(&sites, &site->entry))
        return site->function;
    free(site);
    return NULL;
}
