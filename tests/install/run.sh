#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The ways to use the library from another project; each builds and runs a program. Argument: work folder.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${1:-$root/build/install}
rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
passed=0 failed=0

# consumer NAME PROGRAM COMMAND...: the commands build the program, the program prints the canonical reference.
consumer() {
    local name=$1 program=$2 got
    shift 2
    if "$@" >"$work/$name.log" 2>&1 && got=$("$program" 2>>"$work/$name.log") && [[ $got == docker.io/library/debian:12 ]]; then
        echo "pass $name"
        passed=$((passed + 1))
    else
        echo "FAIL $name"
        tail -n 30 "$work/$name.log"
        failed=$((failed + 1))
    fi
}

with_cmake() { # SOURCE BUILD DEFINITIONS...: with $compiler or g++
    local source=$1 build=$2
    shift 2
    cmake -G Ninja -S "$source" -B "$build" -DCMAKE_CXX_COMPILER="${compiler:-g++}" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 "$@" &&
        cmake --build "$build" -j2
}

# Fails when a file of an installation has the path of the sources in it, and names the file. A path is matched only where one can
# begin: a clone at /lading would otherwise match every include/lading/.
points_nowhere() { # FOLDER
    local begin="(^|-[ILBF]|-isystem|-iquote|//|[^A-Za-z0-9_./}-])"
    LC_ALL=C grep -rlaE "$begin$(sed 's,[][\.*^$+?(){}|],\\&,g' <<<"$root")/" "$1"
    [[ $? -eq 1 ]] # 2: it could not be read
}

install_library() {
    cmake -G Ninja -S "$root" -B "$work/library" -DCMAKE_CXX_COMPILER=g++ -DLADING_BUILD_TESTS=OFF \
        -DLADING_BUILD_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX="$work/first" &&
        cmake --install "$work/library" &&
        mv "$work/first" "$work/prefix" # an installation may be moved
}

# The same with the compiled library, and without debug information, which has the paths of the sources.
install_compiled() {
    cmake -G Ninja -S "$root" -B "$work/compiled_library" -DCMAKE_CXX_COMPILER=g++ -DLADING_BUILD_TESTS=OFF \
        -DLADING_BUILD_EXAMPLES=OFF -DLADING_COMPILED=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-DNDEBUG \
        -DCMAKE_INSTALL_PREFIX="$work/second" &&
        cmake --build "$work/compiled_library" &&
        cmake --install "$work/compiled_library" &&
        mv "$work/second" "$work/compiled_prefix" &&
        points_nowhere "$work/compiled_prefix"
}

# No installation may point back to the sources it was made from.
clean_installation() {
    install_library && points_nowhere "$work/prefix"
}

if clean_installation >"$work/install.log" 2>&1; then
    echo "pass install"
    passed=$((passed + 1))
else
    echo "FAIL install"
    tail -n 30 "$work/install.log"
    failed=$((failed + 1))
fi
if install_compiled >"$work/install_compiled.log" 2>&1; then
    echo "pass install_compiled"
    passed=$((passed + 1))
else
    echo "FAIL install_compiled"
    tail -n 30 "$work/install_compiled.log"
    failed=$((failed + 1))
fi
consumer find_package "$work/find_package/consumer" \
    with_cmake "$here/find_package" "$work/find_package" -DCMAKE_PREFIX_PATH="$work/prefix"
consumer find_package_core "$work/find_package/core" true
consumer find_package_models "$work/find_package/models" true
consumer find_package_compiled "$work/find_package_compiled/consumer" \
    with_cmake "$here/find_package_compiled" "$work/find_package_compiled" -DCMAKE_PREFIX_PATH="$work/compiled_prefix"
consumer add_subdirectory "$work/add_subdirectory/consumer" \
    with_cmake "$here/add_subdirectory" "$work/add_subdirectory" -DLADING_ROOT="$root"
compiler=clang++-19 consumer add_subdirectory_compiled "$work/add_subdirectory_compiled/consumer" \
    with_cmake "$here/add_subdirectory_compiled" "$work/add_subdirectory_compiled" -DLADING_ROOT="$root"
compiler=clang++-19 consumer add_subdirectory_models "$work/add_subdirectory_models/consumer" \
    with_cmake "$here/add_subdirectory_models" "$work/add_subdirectory_models" -DLADING_ROOT="$root"
compiler=clang++-19 consumer fetch_content "$work/fetch_content/consumer" \
    with_cmake "$here/fetch_content" "$work/fetch_content" -DLADING_ROOT="$root"
mkdir -p "$work"/{pkg_config,pkg_config_compiled,single_header,single_header_compiled,single_header_core,single_headers_together}
consumer pkg_config "$work/pkg_config/consumer" \
    bash "$here/pkg_config/build.sh" "$work/prefix" "$work/pkg_config/consumer"
consumer pkg_config_compiled "$work/pkg_config_compiled/consumer" \
    bash "$here/pkg_config_compiled/build.sh" "$work/compiled_prefix" "$work/pkg_config_compiled/consumer"
consumer single_header "$work/single_header/consumer" \
    bash "$here/single_header/build.sh" "$root/single_include/lading.hpp" "$work/single_header/consumer"
consumer single_header_compiled "$work/single_header_compiled/consumer" \
    bash "$here/single_header_compiled/build.sh" "$root/single_include" "$work/single_header_compiled/consumer"
consumer single_header_core "$work/single_header_core/consumer" \
    bash "$here/single_header_core/build.sh" "$root/single_include/lading-core.hpp" "$work/single_header_core/consumer"
consumer single_headers_together "$work/single_headers_together/consumer" \
    bash "$here/single_headers_together/build.sh" "$root/single_include" "$work/single_headers_together/consumer"
if python3 -B "$here/packaging.py" "$work/packaging" >"$work/packaging.log" 2>&1; then
    echo "pass packaging"
    passed=$((passed + 1))
else
    echo "FAIL packaging"
    tail -n 30 "$work/packaging.log"
    failed=$((failed + 1))
fi

echo "install: $passed passed, $failed failed"
[[ $failed -eq 0 ]]
