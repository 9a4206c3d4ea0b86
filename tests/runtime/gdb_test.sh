#!/bin/sh
# gdb_test.sh PROGRAM: gdb walks from a task through the runtime to main, and the program goes on.
#
# 77, for "skipped", where gdb is missing or may not trace.
set -eu
command -v gdb >/dev/null || {
    echo "gdb is not installed"
    exit 77
}
output=$(LEASH_THREADS=1 gdb -nx -batch -ex 'set confirm off' -ex 'break stop_here' -ex run \
    -ex backtrace -ex 'frame function main' -ex 'print argc' -ex continue "$1" 2>&1) || true
echo "$output"
case $output in
*ptrace*not\ permitted* | *"Could not trace the inferior"*)
    echo "gdb may not trace here"
    exit 77
    ;;
esac

# The functions of the frames, innermost first.  Others may stand between those of the runtime, and
# where the linker optimises the worker's loop may be part of the function that called it.
frames=$(echo "$output" | sed -nE 's/^#[0-9]+ +(0x[0-9a-f]+ in )?([^ ]+).*/\2/p' | paste -sd ' ')
case " $frames " in
" stop_here work "*"task_main "*"worker_"*"leash_run main "*) ;;
*)
    echo "expected frames: stop_here work ... task_main ... worker_... leash_run main"
    echo "but there are:   $frames"
    exit 1
    ;;
esac
# The registers of main's frame are right, or its variables would not be.
echo "$output" | grep -q '= 1$' || {
    echo "main's argc is not 1"
    exit 1
}
echo "$output" | grep -q 'exited with code 05' || {
    echo "the program did not go on to its end"
    exit 1
}
