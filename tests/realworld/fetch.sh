#!/bin/sh
# fetch.sh - real C programs to try leash on, from Debian's source packages.
#
#   tests/realworld/fetch.sh            the names of the packages it knows
#   tests/realworld/fetch.sh PACKAGE    fetches and configures it; prints the folder that then holds
#                                       its compile_commands.json
#
# Everything lies in $LEASH_REALWORLD, by default leash-realworld in the user's cache folder, so
# that clones share it and `./dev clean` leaves it alone.  What is there already is not done again;
# remove the package's folder to start it over.
#
# `apt-get source` wants deb-src entries.  They are derived from the apt sources of this machine and
# kept, with their lists, in a private folder: the machine's own apt settings stay as they are.
set -eu

cache=${LEASH_REALWORLD:-${XDG_CACHE_HOME:-$HOME/.cache}/leash-realworld}
packages="knot libmicrohttpd liburcu libuv1 libzstd lua5.4 memcached nng redis squashfs-tools xz-utils"

stop() {
    printf 'fetch.sh: %s\n' "$*" >&2
    exit 2
}

# ---- apt ----------------------------------------------------------------------------------------

# One-line entries of this release as deb-src; options in brackets are kept.
one_line_sources() {
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] || continue
        sed -n -E 's/^deb(-src)?[[:space:]]+(.*)$/deb-src \2/p' "$file"
    done | grep -E "[[:space:]]$VERSION_CODENAME([-/][a-z-]+)?[[:space:]]" | sort -u
}

# Stanzas of this release as deb-src.
stanza_sources() {
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        grep -v '^#' "$file"
        echo
    done | awk -v release="$VERSION_CODENAME" '
        BEGIN { RS = ""; ORS = "\n\n" }
        $0 ~ "(^|\n)Suites:[^\n]*[ \t]" release { sub(/Types:[^\n]*/, "Types: deb-src"); print }'
}

apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$cache/apt/main.list" \
        -o Dir::Etc::sourceparts="$cache/apt/parts" -o Dir::State::lists="$cache/apt/lists" \
        -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root "$@"
}

prepare_apt() {
    [ ! -e "$cache/apt/ready" ] || return 0
    # shellcheck disable=SC1091 # a file of the system
    . /etc/os-release
    mkdir -p "$cache/apt/parts" "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
    one_line_sources >"$cache/apt/main.list" || true # grep: there are none
    stanza_sources >"$cache/apt/parts/derived.sources"
    [ -s "$cache/apt/main.list" ] || [ -s "$cache/apt/parts/derived.sources" ] ||
        stop "no apt source of $VERSION_CODENAME to derive a deb-src entry from"
    apt update || stop "apt-get update failed for the derived deb-src entries in $cache/apt"
    touch "$cache/apt/ready"
}

# fetch PACKAGE: leaves its source, Debian's patches applied, in $cache/PACKAGE/source and its
# version in $cache/PACKAGE/version.
fetch() {
    [ ! -e "$cache/$1/version" ] || return 0
    prepare_apt
    rm -rf "${cache:?}/$1"
    mkdir -p "$cache/$1"
    (
        cd "$cache/$1"
        apt source --download-only "$1"
        dpkg-source -x ./*.dsc source
        sed -n 's/^Version: //p' ./*.dsc >version.new
        mv version.new version
    ) >"$cache/$1.log" 2>&1 || stop "cannot fetch $1; see $cache/$1.log"
}

# ---- compile commands ---------------------------------------------------------------------------

# Each is run in the source's folder, and leaves a compile_commands.json in it or in build/.
by_cmake() {
    cmake -S . -B build -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_BUILD_TYPE=Debug "$@"
}

by_make() {
    bear -- make -j"$(nproc)" "$@"
}

configure() {
    case $1 in
    knot)
        # The same everywhere: what the machine happens to have besides is left out.
        ./configure --disable-documentation --disable-fastparser --disable-shared \
            --disable-cap-ng --disable-maxminddb --disable-quic --disable-systemd --disable-xdp \
            --without-libidn --without-libnghttp2
        by_make check TESTS=
        ;;
    liburcu)
        # A patch of Debian's is newer than what automake made: that will do all the same.
        ./configure --disable-shared
        by_make AUTOMAKE=: ACLOCAL=: AUTOCONF=: AUTOHEADER=: check TESTS=
        ;;
    libuv1) by_cmake ;;
    nng) by_cmake -DNNG_TESTS=ON ;;
    libzstd) by_make -C programs zstd ;;
    libmicrohttpd)
        ./configure --disable-https --disable-doc --disable-curl --disable-shared
        by_make
        ;;
    memcached)
        ./configure
        by_make memcached
        ;;
    redis) by_make MALLOC=libc ;;
    squashfs-tools) by_make -C squashfs-tools XATTR_SUPPORT=0 ;;
    xz-utils) by_cmake ;;
    lua5.4)
        # Debian's makefile wants libtool and builds all twice, as C++ too: plain C objects will do.
        printf '#define DEB_HOST_MULTIARCH "%s"\n' "$(dpkg-architecture -q DEB_HOST_MULTIARCH)" \
            >src/lua5.4-deb-multiarch.h
        # shellcheck disable=SC2016 # for the shell that make starts
        by_make -C src SYSCFLAGS=-DLUA_USE_LINUX CXX=true LIBTOOL='sh -c '\''shift 2; "$$@"'\'' --' o
        ;;
    *) stop "unknown package $1; known: $packages" ;;
    esac
}

# ---- the command line ---------------------------------------------------------------------------

[ $# -gt 0 ] || {
    # shellcheck disable=SC2086 # a list of words
    printf '%s\n' $packages
    exit 0
}
case " $packages " in
*" $1 "*) ;;
*) stop "unknown package '$1'; known: $packages" ;;
esac
fetch "$1"
source=$cache/$1/source
if [ ! -e "$cache/$1/configured" ]; then
    (cd "$source" && configure "$1") >>"$cache/$1.log" 2>&1 ||
        stop "cannot configure $1; see $cache/$1.log"
    touch "$cache/$1/configured"
fi
for folder in "$source/build" "$source"; do
    [ -s "$folder/compile_commands.json" ] || continue
    echo "$folder"
    exit 0
done
stop "$1 left no compile_commands.json in $source"
