#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the C core with the address and undefined-behaviour sanitizers and runs its C tests.
# Arguments choose tests: native/ctest/run.sh engine wav
set -eu
cd "$(dirname "$0")/../.."
out=${TIPRING_CTEST_OUT:-build/ctest}
mkdir -p "$out"
cc=${CC:-cc}
flags="-std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fno-omit-frame-pointer
    -fsanitize=${TIPRING_SANITIZE:-address,undefined} -fno-sanitize-recover=all
    -Inative/include -Inative/src"

objects=
for source in native/src/*.c; do
    object=$out/$(basename "$source" .c).o
    newer=$(find native/src native/include -name '*.h' -newer "$object" 2>/dev/null || echo all)
    if [ -n "$newer" ] || [ "$source" -nt "$object" ]; then
        # shellcheck disable=SC2086
        $cc $flags -c "$source" -o "$object"
    fi
    objects="$objects $object"
done

status=0
for test in native/ctest/test_*.c; do
    name=$(basename "$test" .c)
    if [ $# -gt 0 ]; then
        case " $* " in *" ${name#test_} "*) ;; *) continue ;; esac
    fi
    # shellcheck disable=SC2086
    $cc $flags "$test" $objects -lspandsp -lasound -lm -lpthread -o "$out/$name"
    # ALSA keeps its configuration in memory on purpose
    ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=native/ctest/lsan.supp:print_suppressions=0 \
        timeout 300 "$out/$name" || status=1
done
exit $status
