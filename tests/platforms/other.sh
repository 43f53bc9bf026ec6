#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What users have and the other steps do not: BoringSSL's headers, libc++ (also with C++23), g++ with C++23. The inspect
# program, which includes everything, is compiled as far as its types go; a few test files are also run.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
out=build/platforms
mkdir -p $out
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
passed=0 failed=0

try() { # TITLE COMMAND...
    local title=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "pass $title"
    else
        failed=$((failed + 1))
        echo "FAIL $title"
    fi
}
compiles() { "$@" -fsyntax-only -Iinclude; }

runs_with_libcxx() {
    local file objects=()
    for file in support/main unit/reference_test unit/http/url_test unit/json/strict_json_test unit/protocol/accept_notes_test; do
        clang++-19 -stdlib=libc++ -std=c++23 -O0 -Iinclude -Itests -Itests/support -c tests/$file.cpp -o "$out/${file//\//.}.o" || return
        objects+=("$out/${file//\//.}.o")
    done
    clang++-19 -stdlib=libc++ "${objects[@]}" -lcrypto -pthread -o $out/libcxx && (cd tests && ../$out/libcxx)
}

try "BoringSSL's headers" compiles g++ -std=c++20 -isystem /usr/include/android examples/inspect/command.cpp
try "libc++" compiles clang++-19 -stdlib=libc++ -std=c++20 "${warnings[@]}" examples/inspect/command.cpp
try "g++ with C++23" compiles g++ -std=c++23 "${warnings[@]}" -x c++ - <<<'#include <lading/core.hpp>'
# The library of Catch2 3 is of libstdc++; Catch2 2 is its header.
if [[ -e /usr/include/catch2/catch.hpp ]]; then
    try "tests with libc++ and C++23" runs_with_libcxx
fi
echo "platforms: $passed passed, $failed failed"
[[ $failed -eq 0 ]]
