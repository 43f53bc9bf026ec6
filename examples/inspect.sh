#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Installs what the program needs, builds it, runs it: bash examples/inspect.sh [options] [REF]
# Only the program writes to stdout.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bash "$root/tests/support/install.sh" g++ cmake ninja-build "libboost1.81-dev|libboost1.83-dev|libboost1.88-dev|libboost-dev" libasio-dev libssl-dev libtomlplusplus-dev libcli11-dev zlib1g-dev libzstd-dev ca-certificates >&2 ||
    echo "could not install packages; building with what there is" >&2

build=$root/build/release
mkdir -p "$build"
[[ -x $build/examples/inspect ]] || echo "building, about a minute; log: $build/build.log" >&2
if ! (cd "$root" && cmake --preset release && cmake --build --preset release --target inspect) \
    >"$build/build.log" 2>&1 </dev/null; then
    cat "$build/build.log" >&2
    exit 1
fi
exec "$build/examples/inspect" "$@"
