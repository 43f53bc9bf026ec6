#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# build.sh HEADER OUTPUT: a consumer that copied lading-core.hpp alone, has Boost's headers and nothing else, and
# compiles without exceptions and RTTI.
set -euo pipefail
folder=$(dirname "$2")/third_party
mkdir -p "$folder"
cp "$1" "$folder/lading-core.hpp"
g++ -std=c++20 -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -MD -MF "$2.d" \
    -I "$folder" "$(dirname "$0")/main.cpp" -o "$2"
# What else this machine has installed was not read.
if grep -oE '[^ ]*/(asio|openssl|nlohmann|rapidjson|mbedtls|curl|toml\+\+)[/.][^ ]*|[^ ]*/simdjson[^ ]*|[^ ]*/include/lading/[^ ]*' "$2.d"; then
    echo "read more than Boost" >&2
    exit 1
fi
grep -q '/boost/outcome/' "$2.d"
