#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs the packages of packages.txt that this machine lacks. Asks apt only then;
# needs root only then.
set -euo pipefail

list=$(dirname "$0")/packages.txt

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for name in $(sed 's/#.*//' "$list"); do
    installed "$name" || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "packages: installing ${missing[*]}"
if [ "$(id -u)" -ne 0 ]; then
    echo "packages: run as root: apt-get install ${missing[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# A broken third-party list must not stop us; if Debian's own failed, the install says so.
apt-get -qq -o Acquire::Retries=3 update || true
apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install -y --no-install-recommends \
    "${missing[@]}" > /dev/null
