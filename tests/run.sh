#!/usr/bin/env bash
# The test command. tests/run.sh runs every step; tests/run.sh STEP... runs the named ones. Installs what it needs.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
steps=(layers single_header headers compile_fail budget asan clang_asan tsan single_header_suite install)
[ $# -eq 0 ] || steps=("$@")

bash tests/support/install.sh g++ cmake ninja-build clang-19 libclang-rt-19-dev libboost1.81-dev libasio-dev \
    libssl-dev catch2 docker-registry skopeo umoci jq python3 ca-certificates curl apache2-utils pkg-config || exit 1

passed=0 failed=0 table=()
# Adds a suite's own counts, as ctest prints them.
preset() {
    local log=build/$1/test.log
    cmake --preset "$1" >build-$1.log 2>&1 </dev/null || { cat build-$1.log; rm -f build-$1.log; return 1; }
    rm -f build-$1.log
    cmake --build --preset "$1" -- -k 0 >build/$1/build.log 2>&1 </dev/null || { grep -E 'error|FAILED' -A5 build/$1/build.log | head -60; return 1; }
    ctest --preset "$1" </dev/null 2>&1 | tee "$log"
    return "${PIPESTATUS[0]}"
}
step_layers() { python3 tests/layers/check_layers.py; }
step_single_header() { python3 tests/single_header/generate.py --check; }
step_headers() { python3 tests/headers/check_headers.py; }
step_compile_fail() { python3 tests/compile_fail/run.py; }
step_budget() { python3 tests/bench/compile_budget.py; }
step_asan() { preset asan; }
step_clang_asan() { preset clang-asan; }
step_tsan() { preset tsan; }
step_single_header_suite() { preset single-header; }
step_install() { bash tests/install/run.sh; }

for step in "${steps[@]}"; do
    printf '\n==== %s\n' "$step"
    begin=$SECONDS
    if "step_$step"; then verdict=PASS passed=$((passed + 1)); else verdict=FAIL failed=$((failed + 1)); fi
    table+=("$(printf '%-20s %4d s  %s' "$step" $((SECONDS - begin)) $verdict)")
done
printf '\n'
printf '%s\n' "${table[@]}"
printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
