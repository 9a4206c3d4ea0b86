/*
 * context.h for x86-64.  By the System V ABI rbx, rbp, r12 to r15 and rsp are the callee's to
 * preserve; the control words of the x87 and of SSE are, too, but stay the thread's.
 */
#include "../names.h"

#define SAVED_BYTES 56 /* six registers and the place to go on at */
#define BASE_SP     8  /* offset of base_sp in struct task */

        .text

/* struct worker *context_switch(void **save, void *to, struct worker *worker) */
        .globl  context_switch
        .hidden context_switch
        .type   context_switch, @function
        .balign 32
context_switch:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r15, 0
        movq    %rsp, (%rdi)
        /* The other stack looks the same, so what was said of this one holds on. */
        movq    %rsi, %rsp
        movq    %rdx, %rax
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbp
        /* The place to go on at is mostly the one that the context which was left came from, since
         * few functions switch, so the processor's guess of the return is right; and a jump would
         * leave its stack of returns one too deep, which makes all later guesses wrong. */
        ret
        .cfi_endproc
        .size   context_switch, . - context_switch

/*
 * The frame below all others of a task.  rbx is the task.
 *
 * To debuggers and profilers its caller is the thread's own context, as context_switch left it at
 * *task->base_sp.  A signal frame since the stack changes here, which they take for damage
 * elsewhere.  Exceptions do not go that way: see context_personality.
 */
        .hidden task_main
        .type   context_start, @function
        .balign 16
context_start:
        .cfi_startproc
        .cfi_signal_frame
        .cfi_personality 0x1b, context_personality /* pcrel sdata4 */
        /* DW_CFA_def_cfa_expression: rbx + BASE_SP, deref, deref, plus_uconst SAVED_BYTES */
        .cfi_escape 0x0f, 6, 0x73, BASE_SP, 0x06, 0x06, 0x23, SAVED_BYTES
        .cfi_offset rip, -8
        .cfi_offset rbp, -16
        .cfi_offset rbx, -24
        .cfi_offset r12, -32
        .cfi_offset r13, -40
        .cfi_offset r14, -48
        .cfi_offset r15, -56
        call    task_main
        ud2
        .cfi_endproc
        .size   context_start, . - context_start

/* Asked by the unwinder of C++: nothing may be thrown out of a task.  _URC_FATAL_PHASE1_ERROR makes
 * it end in std::terminate. */
        .type   context_personality, @function
        .balign 16
context_personality:
        .cfi_startproc
        endbr64
        movl    $3, %eax
        ret
        .cfi_endproc
        .size   context_personality, . - context_personality

/* struct worker *context_begin(void **save, struct task *task, void *low, struct worker *worker) */
        .globl  context_begin
        .hidden context_begin
        .type   context_begin, @function
        .balign 32
context_begin:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        movq    %rsp, (%rdi)
        .cfi_endproc
        .cfi_startproc
        .cfi_undefined rip
        movq    %rsi, %rbx
        movq    %rcx, %rdi
        movq    %rsi, %rsp
        andq    $-16, %rsp
        xorl    %ebp, %ebp      /* ends a walk along frame pointers */
        /* What the former task had there would be saved in frames of the new one, and leak_find
         * take it for the new one's. */
        xorl    %r12d, %r12d
        xorl    %r13d, %r13d
        xorl    %r14d, %r14d
        xorl    %r15d, %r15d
        jmp     context_start
        .cfi_endproc
        .size   context_begin, . - context_begin

        .section .note.GNU-stack, "", @progbits
