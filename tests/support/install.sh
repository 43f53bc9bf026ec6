#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# install.sh PACKAGE...: installs the packages of Debian or Ubuntu that are missing. No service is started by it.
# PACKAGE may be "NAME|NAME...": the same thing under the names of different releases. One that is installed will do;
# otherwise the first that this release has is installed.
set -euo pipefail

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "$@"; do
    IFS='|' read -r -a names <<<"$package"
    for name in "${names[@]}"; do
        installed "$name" && continue 2
    done
    missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing: ${missing[*]}"
policy=/usr/sbin/policy-rc.d # asked before a package starts its service
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive

# The name that this release has, or the first one, so that apt says what it misses.
available() {
    local names name
    IFS='|' read -r -a names <<<"$1"
    for name in "${names[@]}"; do
        # `grep -q` would stop at the first match; apt-cache then ends by SIGPIPE, which pipefail counts as a failure.
        if apt-cache policy "$name" 2>/dev/null | grep '^  Candidate: [^(]' >/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "${names[0]}"
}
install() {
    local package chosen=()
    for package in "${missing[@]}"; do chosen+=("$(available "$package")"); done
    apt-get install -y -qq --no-install-recommends "${chosen[@]}" </dev/null
}
install >/dev/null 2>&1 || { apt-get update -qq </dev/null && install >/dev/null; }
