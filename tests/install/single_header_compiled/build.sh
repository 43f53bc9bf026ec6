#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# build.sh FOLDER OUTPUT: a consumer that copied the single headers and compiles them once, in a unit of its own.
set -euo pipefail
folder=$(dirname "$2")/third_party
mkdir -p "$folder/lading/client"
cp "$1"/lading{,-client,-src}.hpp "$folder/lading"
echo '#include "../lading-client.hpp"' >"$folder/lading/client/client.hpp" # the name in compiled.cpp
echo '#include <lading/lading-src.hpp>' >"$folder/lading.cpp"
cd "$(dirname "$0")"
for unit in ../compiled.cpp "$folder/lading.cpp"; do
    clang++-19 -std=c++20 -DLADING_SEPARATE_COMPILATION -I "$folder" -c "$unit" -o "$folder/$(basename "$unit").o"
done
clang++-19 "$folder"/*.o -o "$2" -lssl -lcrypto -pthread
