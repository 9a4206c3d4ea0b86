#!/bin/sh
# gdb_tasks_test.sh PROGRAM SCRIPT: leash-gdb.py shows the parked task, where it is parked, and the
# calls that led there, in the live program and in a core file; the thread's own frames stay.
#
# 77, for "skipped", where gdb is missing or may not trace.
set -eu
program=$1 script=$2
gdb -nx -batch -ex 'python print(1)' >/dev/null 2>&1 || {
    echo "gdb is not installed, or without Python"
    exit 77
}
program=$(realpath "$program")
script=$(realpath "$script")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# expect OUTPUT PATTERN
expect() {
    echo "$1" | grep -qE -e "$2" || {
        echo "$1"
        echo "no line fits: $2"
        exit 1
    }
}

# What gdb says has both tasks, and the calls of the one that is parked.
check() {
    file='[^ ]*gdb_tasks_program\.c'
    expect "$1" '^task 1 \[running\]: main, spawned at leash_run$'
    expect "$1" "^task 2 \[chan receive\]: work, parked at $file:14, spawned at $file:31 by task 1\$"
    frames=$(echo "$1" | sed -nE \
        "s/^#[0-9]+ +0x[0-9a-f]+ in (wait_deep|work) \(.*(depth=[0-9]|ready=).* at $file:([0-9]+)\$/\1 \2 \3/p")
    [ "$frames" = "wait_deep depth=0 14
wait_deep depth=1 12
wait_deep depth=2 12
work ready= 20" ] || {
        echo "$1"
        echo "other frames: $frames"
        exit 1
    }
}

# The kernel writes the core file: gdb's own would leave out stacks that have a guard.
# shellcheck disable=SC3045 # dash and bash know it; without it there is no core file
ulimit -c unlimited 2>/dev/null || true
live=$(LEASH_THREADS=1 gdb -nx -batch -ex 'set confirm off' -ex 'break stop_here' -ex run \
    -ex "source $script" -ex 'leash tasks' -ex 'leash bt 2' -ex 'echo \n' -ex 'leash bt 1' \
    -ex 'frame function entry' -ex 'print argc + 40' -ex 'signal SIGABRT' "$program" 2>&1) || true
case $live in
*ptrace*not\ permitted* | *"Could not trace the inferior"*)
    echo "gdb may not trace here"
    exit 77
    ;;
esac
check "$live"
expect "$live" '^task 1 runs: see the threads$'
expect "$live" '= 41$' # the thread's own frames are what they were

core=$(find . -name 'core*')
if [ -z "$core" ]; then
    echo "the kernel puts core files elsewhere: only the live program was looked at"
    exit 0
fi
check "$(gdb -nx -batch -ex "source $script" -ex 'leash tasks' -ex 'leash bt 2' "$program" "$core" 2>&1)"
