#!/bin/sh
# names_test.sh LIBRARY...: all that the libraries define for the linker begins with leash_.
set -eu
foreign=$(nm --extern-only --defined-only --format=posix "$@" |
    awk 'NF >= 3 && $1 !~ /^leash_/ { print $1 }' | sort -u)
[ -z "$foreign" ] || {
    echo "add to runtime/names.h what no other file of a program should meet:"
    echo "$foreign"
    exit 1
}
