#!/bin/sh
# stripped_test.sh PROGRAM STRIP: a dump shows calls by debug information, functions alone by the
# table of symbols, and the sites that the macros carry in a program that has neither.
set -eu
program=$(realpath "$1") strip=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# dump PROGRAM: what it says, without the folders; it ends as a deadlock.
dump() {
    status=0
    said=$(LEASH_THREADS=1 "$1" 2>&1) || status=$?
    [ $status -eq 24 ] || {
        echo "$said"
        echo "exit status $status instead of 24"
        exit 1
    }
    echo "$said" | sed 's#[^ ]*/stripped_program#stripped_program#g'
}

# expect WHAT SAID WANTED
expect() {
    [ "$2" = "$3" ] || {
        echo "$1: $2"
        echo "instead of: $3"
        exit 1
    }
}

head='leash: all tasks are parked, and nothing can wake one of them:'
first='task 1 [chan receive]: main, parked at stripped_program.c:8, spawned at leash_run'
second='task 2 [chan receive]: work, parked at stripped_program.c:8, spawned at stripped_program.c:23 by task 1'

in_order() {
    dump "$1" | awk -v RS='\ntask ' 'NR == 1 { print; next } { sub(/\n$/, ""); tasks[$1] = $0 }
        END { printf "task %s\n", tasks[1]; printf "task %s\n", tasks[2] }'
}

expect "with debug information" "$(in_order "$program")" "$head
$first
    receive at stripped_program.c:8
    entry at stripped_program.c:24
$second
    receive at stripped_program.c:8
    work at stripped_program.c:14
    created by entry at stripped_program.c:23"

"$strip" --strip-debug -o symbols "$program"
expect "with symbols" "$(in_order ./symbols)" "$head
$first
    receive
    entry
$second
    receive
    work"

"$strip" -o bare "$program"
expect "with nothing" "$(in_order ./bare)" "$head
$first
$second"
