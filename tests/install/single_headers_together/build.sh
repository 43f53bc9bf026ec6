#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# build.sh FOLDER OUTPUT: a consumer that copied both files.
set -euo pipefail
here=$(dirname "$0")
folder=$(dirname "$2")/third_party
mkdir -p "$folder/lading"
cp "$1/lading.hpp" "$1/lading-core.hpp" "$folder/lading/"
g++ -std=c++20 -Wall -Wextra -Werror -I "$folder" "$here/core_first.cpp" "$here/core_last.cpp" -o "$2" \
    -lssl -lcrypto -pthread
