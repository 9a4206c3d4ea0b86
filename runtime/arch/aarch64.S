/*
 * context.h for aarch64.  By the AAPCS64 x19 to x29, sp and the low halves of v8 to v15 are the
 * callee's to preserve, and x30 holds the place to go on at; fpcr stays the thread's.
 *
 * Works with pointer authentication in the C code around it: a return address is signed with the sp
 * of its own frame, and that is what it is checked with.
 */
#include "../names.h"

#define SAVED_BYTES 160 /* x19 to x30, d8 to d15 */
#define BASE_SP     8   /* offset of base_sp in struct task */

        .text

/* struct worker *context_switch(void **save, void *to, struct worker *worker) */
        .globl  context_switch
        .hidden context_switch
        .type   context_switch, %function
        .balign 32
context_switch:
        .cfi_startproc
        hint    #34             /* bti c */
        stp     x29, x30, [sp, #-SAVED_BYTES]!
        .cfi_def_cfa_offset SAVED_BYTES
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        /* From here on x19 to x30 are also in the frame, of this stack and then of the other. */
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        .cfi_rel_offset x19, 16
        .cfi_rel_offset x20, 24
        .cfi_rel_offset x21, 32
        .cfi_rel_offset x22, 40
        .cfi_rel_offset x23, 48
        .cfi_rel_offset x24, 56
        .cfi_rel_offset x25, 64
        .cfi_rel_offset x26, 72
        .cfi_rel_offset x27, 80
        .cfi_rel_offset x28, 88
        .cfi_rel_offset d8, 96
        .cfi_rel_offset d9, 104
        .cfi_rel_offset d10, 112
        .cfi_rel_offset d11, 120
        .cfi_rel_offset d12, 128
        .cfi_rel_offset d13, 136
        .cfi_rel_offset d14, 144
        .cfi_rel_offset d15, 152
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        mov     x0, x2
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        ldp     x29, x30, [sp], #SAVED_BYTES
        .cfi_def_cfa_offset 0
        .cfi_restore x19
        .cfi_restore x20
        .cfi_restore x21
        .cfi_restore x22
        .cfi_restore x23
        .cfi_restore x24
        .cfi_restore x25
        .cfi_restore x26
        .cfi_restore x27
        .cfi_restore x28
        .cfi_restore x29
        .cfi_restore x30
        .cfi_restore d8
        .cfi_restore d9
        .cfi_restore d10
        .cfi_restore d11
        .cfi_restore d12
        .cfi_restore d13
        .cfi_restore d14
        .cfi_restore d15
        /* Mostly the place that the context which was left came from: the guess is right. */
        ret
        .cfi_endproc
        .size   context_switch, . - context_switch

/*
 * The frame below all others of a task.  x19 is the task.
 *
 * To debuggers and profilers its caller is the thread's own context, as context_switch left it at
 * *task->base_sp.  A signal frame since the stack changes here, which they take for damage
 * elsewhere.  Exceptions do not go that way: see context_personality.
 */
        .hidden task_main
        .type   context_start, %function
        .balign 16
context_start:
        .cfi_startproc
        .cfi_signal_frame
        .cfi_personality 0x1b, context_personality /* pcrel sdata4 */
        /* DW_CFA_def_cfa_expression: x19 + BASE_SP, deref, deref, plus_uconst SAVED_BYTES, which
         * is two bytes in LEB128 */
        .cfi_escape 0x0f, 7, 0x83, BASE_SP, 0x06, 0x06, 0x23, SAVED_BYTES, SAVED_BYTES >> 7
        .cfi_offset x29, -160
        .cfi_offset x30, -152
        .cfi_offset x19, -144
        .cfi_offset x20, -136
        .cfi_offset x21, -128
        .cfi_offset x22, -120
        .cfi_offset x23, -112
        .cfi_offset x24, -104
        .cfi_offset x25, -96
        .cfi_offset x26, -88
        .cfi_offset x27, -80
        .cfi_offset x28, -72
        .cfi_offset d8, -64
        .cfi_offset d9, -56
        .cfi_offset d10, -48
        .cfi_offset d11, -40
        .cfi_offset d12, -32
        .cfi_offset d13, -24
        .cfi_offset d14, -16
        .cfi_offset d15, -8
        bl      task_main
        brk     #1000
        .cfi_endproc
        .size   context_start, . - context_start

/* Asked by the unwinder of C++: nothing may be thrown out of a task.  _URC_FATAL_PHASE1_ERROR makes
 * it end in std::terminate. */
        .type   context_personality, %function
        .balign 16
context_personality:
        .cfi_startproc
        hint    #34             /* bti c */
        mov     w0, #3
        ret
        .cfi_endproc
        .size   context_personality, . - context_personality

/* struct worker *context_begin(void **save, struct task *task, void *low, struct worker *worker) */
        .globl  context_begin
        .hidden context_begin
        .type   context_begin, %function
        .balign 32
context_begin:
        .cfi_startproc
        hint    #34             /* bti c */
        stp     x29, x30, [sp, #-SAVED_BYTES]!
        .cfi_def_cfa_offset SAVED_BYTES
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mov     x9, sp
        str     x9, [x0]
        .cfi_endproc
        .cfi_startproc
        .cfi_undefined x30
        mov     x19, x1
        mov     x0, x3
        and     x9, x1, #-16
        mov     sp, x9
        mov     x29, xzr        /* ends a walk along frame pointers */
        /* What the former task had there would be saved in frames of the new one, and leak_find
         * take it for the new one's. */
        mov     x20, xzr
        mov     x21, xzr
        mov     x22, xzr
        mov     x23, xzr
        mov     x24, xzr
        mov     x25, xzr
        mov     x26, xzr
        mov     x27, xzr
        mov     x28, xzr
        b       context_start
        .cfi_endproc
        .size   context_begin, . - context_begin

#ifdef __ARM_FEATURE_BTI_DEFAULT
/* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI.  One object without it takes it from the program. */
        .section .note.gnu.property, "a", %note
        .balign 8
        .word   4, 16, 5
        .asciz  "GNU"
        .word   0xc0000000, 4, 1, 0
#endif

        .section .note.GNU-stack, "", %progbits
