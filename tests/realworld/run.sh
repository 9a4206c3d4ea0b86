#!/bin/sh
# run.sh - leash on real C programs, from Debian's source packages.
#
#   tests/realworld/run.sh [PACKAGE...]     by default all that fetch.sh knows
#
# For each package: every entry of its compile_commands.json is analysed, or named with the reason;
# every finding stands judged in README.md, and none that was judged true is lost; and our
# control-flow graphs agree with clang's on at least 99 % of the functions.  The reports are left in
# out/realworld/.  Needs build/leash, and the packages of the group `realworld`.
set -eu
cd "$(dirname "$0")/../.."

[ -x build/leash ] || {
    echo "run.sh: build/leash is missing; './dev build' makes it" >&2
    exit 2
}
# shellcheck disable=SC2046 # one package a line
[ $# -gt 0 ] || set -- $(tests/realworld/fetch.sh)

mkdir -p out/realworld
status=0
heading=--heading
for self_test in compare_cfg_test triage_test; do
    python3 "tests/realworld/$self_test.py" 2>out/realworld/self-test.log || {
        cat out/realworld/self-test.log
        exit 1
    }
done
for package in "$@"; do
    echo "==> $package"
    folder=$(tests/realworld/fetch.sh "$package") || {
        status=1
        continue
    }
    version=$(cat "${folder%%/source*}/version")
    findings=out/realworld/$package.json
    # shellcheck disable=SC2086 # empty after the first package
    python3 tests/realworld/survey.py $heading --report "$findings" "$package" "$version" "$folder" ||
        status=1
    heading=
    [ ! -s "$findings" ] || python3 tests/realworld/triage.py "$package" "$findings" || status=1
    report=out/realworld/$package.txt
    start=$(date +%s)
    python3 tests/realworld/compare_cfg.py "$folder" >"$report" || {
        status=1
        head -n 40 "$report"
    }
    echo "control flow ($(($(date +%s) - start)) s): $(tail -n 1 "$report")"
done
[ "$status" -eq 0 ] || echo "run.sh: something above is wrong" >&2
exit "$status"
