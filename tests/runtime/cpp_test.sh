#!/bin/sh
# cpp_test.sh SOURCE-DIR LIBRARY: C++ in tasks.  An exception is caught within its task; one that
# leaves its task ends the program by std::terminate, for whatever a thread below could do with it.
#
# 77, for "skipped", without g++.
set -eu
command -v g++ >/dev/null || {
    echo "g++ is not installed"
    exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC3045 # the shells that there are know it
ulimit -c 0
g++ -std=c++17 -Wall -Wextra -Werror -O2 -I"$1/runtime/include" -o "$folder/program" \
    "$1/tests/runtime/cpp_program.cpp" "$2"
"$folder/program"
status=0
# One thread, so that one exception leaves.
output=$(LEASH_THREADS=1 "$folder/program" leave 2>&1) || status=$?
case $status:$output in
134:*"terminate called after throwing an instance of 'std::runtime_error'"*) ;;
*)
    echo "expected std::terminate and status 134, but there is status $status and:"
    echo "$output"
    exit 1
    ;;
esac
