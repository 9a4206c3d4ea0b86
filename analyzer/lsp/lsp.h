/*
 * lsp.h - leash as a language server (LSP 3.17).
 */
#ifndef LEASH_LSP_H
#define LEASH_LSP_H

/* Serves one client, which writes to `input` and reads from `output`, until it says exit or its end
 * of `input` is closed.  0: it shut the server down first, as it should; else 1.  Forks, so no
 * other thread may run in this process. */
int lsp_serve(int input, int output);

#endif
