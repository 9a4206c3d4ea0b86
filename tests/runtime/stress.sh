#!/bin/sh
# stress.sh ROUNDS - the storms and the model in 24 combinations: gcc and clang; 1, 2 and 8 threads;
# plain, ASan, TSan and a random schedule; leak_find on random graphs with each compiler and number of
# threads.  ./dev test-all stress builds the programs before.
set -eu
cd "$(dirname "$0")/../.."

failed=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# run FOLDER THREADS SCHEDULE PROGRAM ARGUMENT...: says more only when it fails.
run() {
    folder=$1
    threads=$2
    schedule=$3
    program=$4
    shift 4
    LEASH_THREADS=$threads LEASH_SCHEDULE=$schedule \
        timeout 300 "$folder/tests/runtime/$program" "$@" >"$output" 2>&1 && return 0
    failed=$((failed + 1))
    echo "FAILED: LEASH_THREADS=$threads LEASH_SCHEDULE=$schedule" \
        "$folder/tests/runtime/$program $*"
    head -n 60 "$output"
}

# combination FOLDER SIZE HISTORIES SCHEDULE: with each number of threads.
combination() {
    for threads in 1 2 8; do
        run "$1" "$threads" "$4" stress_test "size=$2" "seed=$number"
        run "$1" "$threads" "$4" history_test "histories=$3" "seed=$number"
    done
}

number=0
while [ "$number" -lt "$1" ]; do
    number=$((number + 1))
    for folder in build out/lto; do
        combination "$folder" 100 10000 ""
        combination "$folder" 100 10000 "random:$number"
        for threads in 1 2 8; do
            run "$folder" "$threads" "" find_graph_test graphs=100 "seed=$((number * 1000))"
        done
    done
    combination out/asan 25 4000 ""
    combination out/asan-clang 8 4000 ""
    for folder in out/tsan out/tsan-gcc; do
        combination "$folder" 8 1500 ""
    done
    echo "round $number of $1: $failed failed so far"
done
[ "$failed" -eq 0 ]
