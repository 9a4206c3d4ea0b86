/* The files of the page, as page.h declares them. */
.macro file name, path
    .global leash_rt_\name
leash_rt_\name:
    .incbin "\path"
    .byte 0
.endm

    .section .rodata
    file page_html, "page.html"
    file page_css, "page.css"
    file page_js, "page.js"

    .section .note.GNU-stack, "", %progbits
