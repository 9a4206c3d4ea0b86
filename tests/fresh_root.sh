#!/bin/sh
# fresh_root.sh [WORK]: a fresh clone of HEAD in a minimal Debian 12 root, with nothing done
# before: `./dev demo`, a second `./dev demo` that must be quick, `./dev test`.
#
# Needs root, for chroot.  The packages come from where this machine's apt takes them: its sources,
# its Acquire settings and its keys are copied.  WORK (default: a new folder below $TMPDIR) is
# removed at the end unless KEEP is set.
set -eu
repository=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d)}
root=$work/root
suite=bookworm
quick_seconds=20

say() {
    printf '==> %s\n' "$*"
}

stop() {
    printf 'fresh_root: %s\n' "$*" >&2
    exit 2
}

clean_up() {
    umount "$root/proc" 2>/dev/null || true
    # Never through a mount that stayed.
    if [ -z "${KEEP-}" ] && ! grep -q " $root" /proc/mounts; then
        rm -rf "$work"
    fi
}

# The archive that this machine takes the suite from, first of several.
archive() {
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
        awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }'
}

make_root() {
    debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" "$mirror" \
        >"$work/debootstrap.log" 2>&1 || {
        tail -n 20 "$work/debootstrap.log"
        return 1
    }
}

copy_apt_settings() {
    for path in sources.list sources.list.d keyrings trusted.gpg.d auth.conf auth.conf.d; do
        [ ! -e "/etc/apt/$path" ] || cp -rL "/etc/apt/$path" "$root/etc/apt/"
    done
    rm -f "$root/etc/apt/sources.list.d"/*.disabled*
    [ -e /etc/apt/sources.list ] || rm -f "$root/etc/apt/sources.list"
    cp -n /usr/share/keyrings/*.gpg "$root/usr/share/keyrings/"
    apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/90host" || true
    if ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
        cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
        chroot "$root" update-ca-certificates >/dev/null
    fi
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

# inside COMMAND...: in the clone inside the root, with a clean environment but for the proxies.
inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LANG=C.UTF-8 ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
        chroot "$root" /bin/sh -c 'cd /srv/leash && exec "$@"' sh "$@" </dev/null
}

# timed NAME COMMAND...: runs it and leaves the seconds in $seconds.
timed() {
    name=$1
    shift
    begin=$(date +%s)
    "$@" || {
        say "FAILED: $name"
        exit 1
    }
    seconds=$(($(date +%s) - begin))
    say "$name took $seconds s"
    summary="$summary
$name: $seconds s"
}

[ "$(id -u)" -eq 0 ] || stop "needs root, for chroot"
command -v debootstrap >/dev/null || stop "debootstrap is not installed"
mirror=$(archive)
[ -n "$mirror" ] || stop "the apt sources of this machine offer no '$suite main'"
trap clean_up EXIT
trap 'exit 130' INT TERM
summary=""

say "A minimal Debian 12 in $root"
mkdir -p "$work"
timed "debootstrap" make_root
copy_apt_settings
mount -t proc proc "$root/proc"
git clone -q --no-hardlinks "$repository" "$root/srv/leash"
say "At commit $(git -C "$root/srv/leash" rev-parse --short HEAD)"

timed "the first ./dev demo" inside ./dev demo
timed "the second ./dev demo" inside ./dev demo
[ "$seconds" -le "$quick_seconds" ] || {
    say "FAILED: the second ./dev demo is not quick"
    exit 1
}
timed "./dev test" inside env CI=true ./dev test
say "From nothing, in a fresh root:$summary"
