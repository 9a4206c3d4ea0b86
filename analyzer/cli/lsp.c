#include "lsp/lsp.h"
#include "cli/cli.h"

#include <unistd.h>

enum { OPTION_WORD, OPTION_STDIO };

static const struct option options[] = {
    {OPTION_STDIO, "--stdio", NULL, "as it always does; some editors say so"},
};

static bool take(void *context, int id, const char *value)
{
    (void)context;
    if (id == OPTION_STDIO)
        return true;
    usage_error(&command_lsp, "it takes no '%s': the editor tells it what is open", value);
    return false;
}

static int run(int count, char **words)
{
    struct arena arena = {0};
    enum parsed parsed = parse_words(&command_lsp, count, words, take, NULL, &arena, NULL, NULL);
    arena_release(&arena);
    if (parsed == PARSED && is_terminal(STDIN_FILENO)) {
        usage_error(&command_lsp, "it is for editors, which start it and talk to it");
        return STATUS_TROUBLE;
    }
    switch (parsed) {
    case PARSED:
        return lsp_serve(STDIN_FILENO, STDOUT_FILENO);
    case PARSED_HELP:
        return STATUS_CLEAN;
    case PARSED_WRONG:
        break;
    }
    return STATUS_TROUBLE;
}

const struct command command_lsp = {
    .name = "lsp",
    .summary = "serve an editor: findings while you type",
    .usage =
        "usage: leash lsp\n"
        "\n"
        "A language server (LSP 3.17) on standard input and output.  An editor starts it for C\n"
        "files, beside clangd; findings then come as diagnostics, with the steps of each story\n"
        "as related information, while you type and before you save.\n"
        "\n"
        "A file is judged with the program of the nearest compile_commands.json, in its folder\n"
        "or one above it, or in their build/; without one, alone.  .leash.yaml counts as with\n"
        "leash check.\n",
    .options = options,
    .option_count = COUNT_OF(options),
    .more = "\n"
            "Settings, as initializationOptions or by workspace/didChangeConfiguration:\n"
            "  {\"buildDir\": \"out\",            where compile_commands.json lies\n"
            "   \"config\": \"lint/leash.yaml\",  settings in place of .leash.yaml\n"
            "   \"rules\": \"leak,-lock-cycle\",  as leash check --rules\n"
            "   \"minConfidence\": \"likely\",    as leash check --min-confidence\n"
            "   \"flags\": [\"-Iinclude\"]}       for files without a compile_commands.json\n"
            "\n"
            "It also offers, at a finding: to suppress it with a comment (code action), and what\n"
            "its rule is about and how to mend it (hover).\n"
            "\n"
            "Exit status: 0 after shutdown and exit, 1 when the editor leaves without a word.\n"
            "\n"
            "Example, Neovim 0.11:\n"
            "  vim.lsp.config('leash', { cmd = { 'leash', 'lsp' }, filetypes = { 'c' },\n"
            "                            root_markers = { 'compile_commands.json', '.git' } })\n"
            "  vim.lsp.enable('leash')\n",
    .run = run,
};
