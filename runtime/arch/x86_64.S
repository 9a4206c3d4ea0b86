/* context.h for x86-64 (System V ABI: rbx, rbp, r12-r15 and rsp are the callee's to preserve). */

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
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        movq    %rdx, %rax
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        popq    %rcx
        /* Not ret: the processor would predict the caller of the context that was left. */
        jmpq    *%rcx
        .cfi_endproc
        .size   context_switch, . - context_switch

/* Where a new context starts: rax is the worker, rbx the task. */
        .globl  context_start
        .hidden context_start
        .type   context_start, @function
context_start:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        movq    %rax, %rdi
        movq    %rbx, %rsi
        call    task_main
        ud2
        .cfi_endproc
        .size   context_start, . - context_start

/* void *context_make(struct task *task, void *low): the frame that context_switch pops. */
        .globl  context_make
        .hidden context_make
        .type   context_make, @function
context_make:
        .cfi_startproc
        endbr64
        movq    %rdi, %rax
        andq    $-16, %rax
        leaq    context_start(%rip), %rcx
        movq    $0, -8(%rax)            /* no return address above context_start */
        movq    %rcx, -16(%rax)         /* rip */
        movq    $0, -24(%rax)           /* rbp */
        movq    %rdi, -32(%rax)         /* rbx */
        movq    $0, -40(%rax)           /* r12 */
        movq    $0, -48(%rax)           /* r13 */
        movq    $0, -56(%rax)           /* r14 */
        movq    $0, -64(%rax)           /* r15 */
        subq    $64, %rax
        ret
        .cfi_endproc
        .size   context_make, . - context_make

        .section .note.GNU-stack, "", @progbits
