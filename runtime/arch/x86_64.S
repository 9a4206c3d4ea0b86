/*
 * context.h for x86-64.  By the System V ABI rbx, rbp, r12 to r15 and rsp are the callee's to
 * preserve; the control words of the x87 and of SSE are, too, but stay the thread's.
 */

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
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register rip, rcx
        /* Not ret: the processor would predict a return to the context that was left.  notrack as
         * there is no endbr64 where calls return to. */
        notrack jmpq *%rcx
        .cfi_endproc
        .size   context_switch, . - context_switch

/*
 * Where a new context starts: rax is the worker, rbx the task.
 *
 * To debuggers and profilers its caller is the thread's own context, as context_switch left it at
 * *task->base_sp.  A signal frame since the stack changes here, which they take for damage
 * elsewhere.  Exceptions do not go that way: see context_personality.
 */
        .globl  context_start
        .hidden context_start
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
        endbr64
        movq    %rax, %rdi
        movq    %rbx, %rsi
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

/* void *context_make(struct task *task, void *low): the frame that context_switch pops.  What it
 * finds in r12 to r15 does not matter; a zero in rbp ends a walk along frame pointers. */
        .globl  context_make
        .hidden context_make
        .type   context_make, @function
        .balign 16
context_make:
        .cfi_startproc
        endbr64
        movq    %rdi, %rax
        andq    $-16, %rax
        leaq    context_start(%rip), %rcx
        movq    %rcx, -8(%rax)  /* the place to go on at; the stack is aligned there */
        movq    $0, -16(%rax)   /* rbp */
        movq    %rdi, -24(%rax) /* rbx */
        subq    $SAVED_BYTES, %rax
        ret
        .cfi_endproc
        .size   context_make, . - context_make

        .section .note.GNU-stack, "", @progbits
