#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# build.sh PREFIX OUTPUT: a consumer of the compiled library without CMake.
set -euo pipefail
export PKG_CONFIG_PATH="$1/share/pkgconfig"
read -ra flags <<<"$(pkg-config --cflags lading-compiled)"
read -ra libraries <<<"$(pkg-config --libs lading-compiled)"
g++ -std=c++20 "${flags[@]}" "$(dirname "$0")/../compiled.cpp" -o "$2" "${libraries[@]}"
