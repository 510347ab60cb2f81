#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds MicroPython's Unix port and mpy-cross from Debian's source package.
#
#   board/tools/build_micropython.sh [OUT]        (default: build/micropython)
#
# Result: OUT/micropython, with the line card's firmware frozen in when
# board/linecard/manifest.py exists, and OUT/mpy-cross.
#
# Bookworm has no micropython, so the source index is read through a private apt
# configuration under OUT/apt: the machine's own lists and sources stay untouched.
# Its address is taken from the machine's own Debian source entry, only the suite
# is changed. The unpacked source and all object files stay in OUT/src, so a second
# run only rebuilds what changed (a few seconds after an edit of board/linecard).
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/build/micropython}
suites=${MICROPYTHON_SUITES:-trixie sid}
card=$root/board/linecard/manifest.py
jobs=$(nproc)

say() { echo "micropython: $*"; }
fail() { echo "micropython: $*" >&2; exit 1; }

# Prints the archive address of the machine's first Debian source entry.
archive_uri() {
    {
        cat /etc/apt/sources.list.d/debian.sources 2>/dev/null || true
        cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true
    } | sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' | grep -v security |
        grep '/debian/*$' | head -n 1 && return
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        sed -n 's/^deb\(-src\)\?[[:space:]]\+\(\[[^]]*\][[:space:]]*\)\?\([^[:space:]]*\).*/\3/p' |
        grep -v security | grep '/debian/*$' | head -n 1
}

# Writes an apt configuration that knows one source suite and touches nothing else.
private_apt() {
    local suite=$1 uri=$2 keys=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/etc"
    echo "deb-src [signed-by=$keys] $uri $suite main" > "$apt/etc/sources.list"
    cat > "$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
}

# Downloads the original source archive of one suite into OUT.
fetch_from() {
    local suite=$1 uri=$2
    private_apt "$suite" "$uri"
    APT_CONFIG=$apt/apt.conf apt-get -qq update || return 1
    (cd "$out" && APT_CONFIG=$apt/apt.conf apt-get -qq source --download-only micropython)
}

fetch() {
    local uri suite
    compgen -G "$out/micropython_*.orig.tar.*" > /dev/null && return
    uri=$(archive_uri) || true
    [ -n "$uri" ] || fail "no Debian source entry in /etc/apt; add one and run again"
    for suite in $suites; do
        say "fetching the source package of $suite"
        fetch_from "$suite" "$uri" && return
    done
    fail "no MicroPython source in: $suites; check the network and run again"
}

# Debian strips lib/micropython-lib; the makefile only asks whether it is there.
unpack() {
    [ -e "$src/.unpacked" ] && return
    rm -rf "$src"
    mkdir -p "$src"
    tar -xf "$(ls "$out"/micropython_*.orig.tar.* | grep -v '\.asc$' | tail -n 1)" \
        -C "$src" --strip-components=1
    mkdir -p "$src/lib/micropython-lib"
    touch "$src/lib/micropython-lib/README.md" "$src/.unpacked"
}

# make, quiet unless it fails: a build log of 700 lines hides the one that matters.
# Without GIT_DIR it would take this project's last commit for MicroPython's version
# and build again after every commit.
run_make() {
    local log=$1
    shift
    GIT_DIR=/dev/null make -j"$jobs" "$@" > "$log" 2>&1 || { tail -n 40 "$log" >&2; fail "build failed, see $log"; }
}

build_cross() {
    run_make "$out/mpy-cross.log" -C "$src/mpy-cross"
    cp -u "$src/mpy-cross/build/mpy-cross" "$out/mpy-cross"
}

# The stock manifest names packages that Debian's source does not carry, so ours is
# always given: asyncio of the same source, then the card's own modules.
write_manifest() {
    {
        echo 'include("$(MPY_DIR)/extmod/asyncio")'
        [ ! -e "$card" ] || echo "include(\"$card\")"
    } > "$out/manifest.new"
    cmp -s "$out/manifest.new" "$out/manifest.py" || cp "$out/manifest.new" "$out/manifest.py"
    rm "$out/manifest.new"
}

build_unix() {
    write_manifest
    run_make "$out/unix.log" -C "$src/ports/unix" VARIANT=standard BUILD="$out/unix" \
        MICROPY_PY_SSL=0 MICROPY_SSL_MBEDTLS=0 MICROPY_PY_BTREE=0 \
        MICROPY_PY_FFI=0 MICROPY_PY_JNI=0 FROZEN_MANIFEST="$out/manifest.py"
    install -m 755 "$out/unix/micropython" "$out/micropython.new"
    mv "$out/micropython.new" "$out/micropython"
}

mkdir -p "$out"
out=$(cd "$out" && pwd)
src=$out/src
apt=$out/apt
fetch
unpack
build_cross
build_unix
say "$("$out/micropython" -c \
    'import sys; print(".".join(str(n) for n in sys.implementation.version[:3]))') in $out"
