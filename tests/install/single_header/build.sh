#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# build.sh HEADER OUTPUT: a consumer that copied the one file.
set -euo pipefail
folder=$(dirname "$2")/third_party
mkdir -p "$folder/lading"
cp "$1" "$folder/lading/lading.hpp"
g++ -std=c++20 -I "$folder" "$(dirname "$0")/../main.cpp" -o "$2" -lssl -lcrypto -pthread
