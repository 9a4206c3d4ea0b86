#!/bin/sh
# install_test.sh CMAKE BUILD WORK COMPILER FLAGS: what `cmake --install` leaves can be used.
set -eu
cmake=$1 build=$2 work=$3 compiler=$4 flags=$5
consumer=$(cd "$(dirname "$0")/consumer" && pwd)
prefix=$work/prefix
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:[A-Z]*=//p' "$build/CMakeCache.txt")

fail() {
    echo "install_test: $*" >&2
    exit 1
}

# expect_version HOW PROGRAM
expect_version() {
    said=$("$2")
    [ "$said" = "$version" ] || fail "by $1: the program says '$said' instead of '$version'"
    echo "by $1: a program linked to libleash $said"
}

rm -rf "$prefix" "$work/by-cmake" "$work/by-pkg-config"
"$cmake" --install "$build" --prefix "$prefix" >"$work/install.log"

for file in bin/leash include/leash.h include/leash/cmocka.h share/doc/leash/LICENSE share/doc/leash/README.md \
    share/doc/leash/rules/missing-wg-done.md share/leash/settings.schema.json \
    share/leash/model.schema.json share/leash/leash-gdb.py; do
    [ -f "$prefix/$file" ] || fail "$file was not installed"
done
"$prefix/bin/leash" --version | grep -qF "$version" || fail "leash --version does not say $version"

# In a folder where only a user's file lies: models and pages come from inside the tool.
cp "$consumer/leaky.c" "$work"
cd "$work"
status=0
"$prefix/bin/leash" check leaky.c -- -I"$prefix/include" >leaky.out 2>leaky.err || status=$?
if [ "$status" -ne 1 ] || ! grep -q '^leaky.c:[0-9:]* error: .*\[missing-wg-done\]$' leaky.out; then
    cat leaky.out leaky.err
    fail "status $status instead of the finding in leaky.c"
fi
"$prefix/bin/leash" explain missing-wg-done | grep -q '^# missing-wg-done' ||
    fail "leash explain prints no page"

! grep -rlF "$build" "$prefix/lib"*/*/cmake "$prefix/lib"*/cmake 2>/dev/null ||
    fail "the CMake package names the build folder"

with_debug=OFF
[ ! -f "$build/libleash-debug.a" ] || with_debug=ON
"$cmake" -G Ninja -S "$consumer" -B "$work/by-cmake" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="$flags" -Dwanted="$version" \
    -Dwith_debug=$with_debug >"$work/cmake.log"
"$cmake" --build "$work/by-cmake" >>"$work/cmake.log"
expect_version find_package "$work/by-cmake/consumer"

pc=$(find "$prefix" -name leash.pc)
[ -n "$pc" ] || fail "leash.pc was not installed"
export PKG_CONFIG_PATH="${pc%/*}"
[ "$(pkg-config --modversion leash)" = "$version" ] || fail "leash.pc has another version"
# shellcheck disable=SC2046,SC2086 # lists of flags
"$compiler" $flags -o "$work/by-pkg-config" "$consumer/main.c" $(pkg-config --cflags --libs leash)
expect_version pkg-config "$work/by-pkg-config"

if [ $with_debug = ON ]; then
    expect_version find_package "$work/by-cmake/served"
    # shellcheck disable=SC2046,SC2086 # lists of flags
    "$compiler" $flags -o "$work/served" "$consumer/served.c" \
        $(pkg-config --cflags --libs leash-debug)
    expect_version pkg-config "$work/served"
fi
