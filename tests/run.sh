#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The test command: installs what is missing (Debian 12, as root or with sudo), builds and runs everything.
#   tests/run.sh                all steps
#   tests/run.sh STEP...        some steps: see `tests/run.sh --list`
#   tests/run.sh quick NAME...  the test files whose path has NAME in it, or the cases with a tag ("[C23]"), nothing else: no package
#                               is installed, no sanitizer
# Logs of the steps: build/log/STEP.log. Ends with "N passed, N failed": test cases, and steps that have none.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
exec </dev/null

export LC_ALL=C.UTF-8 CTEST_OUTPUT_ON_FAILURE=1 CMAKE_BUILD_PARALLEL_LEVEL=2
export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"
export UBSAN_OPTIONS=print_stacktrace=1
unset CXX CXXFLAGS CPPFLAGS LDFLAGS CMAKE_GENERATOR DESTDIR

all_steps=(layers docs style platforms single-header-current compile-budget compile-fail headers
    asan hostile-report compiled fuzz tsan matrix install example content realworld realworld-report)

packages=(g++ clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 libc++-19-dev libc++abi-19-dev android-libboringssl-dev cmake ninja-build pkg-config python3
    "libboost1.81-dev|libboost1.83-dev|libboost1.88-dev|libboost-dev" libasio-dev libssl-dev libtomlplusplus-dev libcli11-dev catch2
    libcurl4-openssl-dev "libboost-json1.81-dev|libboost-json1.83-dev|libboost-json1.88-dev|libboost-json-dev" nlohmann-json3-dev rapidjson-dev libsimdjson-dev libmbedtls-dev zlib1g-dev libzstd-dev
    libbenchmark-dev docker-registry skopeo umoci buildah podman apache2-utils nginx-light openssl jq curl ca-certificates procps doxygen
    iproute2 zstd bzip2 xz-utils git)

build_and_test() { # PRESET
    cmake --preset "$1" && cmake --build --preset "$1" -- -k 0 && ctest --preset "$1" -LE '^tool$' -V -j 3
}

run_step() {
    case $1 in
    docs) docs_hold ;;
    layers) python3 tests/layers/check_layers.py && python3 tests/layers/check_examples.py ;;
    style) python3 -B tests/style/run.py ;;
    platforms) bash tests/platforms/other.sh ;;
    single-header-current) python3 tests/single_header/generate.py --check ;;
    compile-budget) python3 tests/bench/compile_budget.py ;;
    compile-fail) python3 tests/compile_fail/run.py ;;
    headers) python3 -B tests/headers/run.py && core_alone && benches_compile ;;
    asan) rm -f build/log/cases && LADING_TEST_RECORD=$PWD/build/log/cases build_and_test asan ;;
    compiled | tsan | matrix) build_and_test "$1" ;;
    fuzz) # each target runs for two seconds: optimising costs more than it saves
        cmake --preset fuzz -B build/fuzz-smoke -D CMAKE_CXX_FLAGS_DEBUG="-gline-tables-only -O0" && cmake --build build/fuzz-smoke &&
            python3 -B tests/fuzz/run.py smoke --build build/fuzz-smoke
        ;;
    hostile-report) python3 -B tests/hostile/report.py build/log/cases ;;
    realworld) realworld ;;
    realworld-report) python3 -B tests/realworld/report.py build/log/cases build/log/cases-realworld ;;
    install) bash tests/install/run.sh build/install ;;
    example) example_runs ;;
    content) content_comes_in ;;
    *) return 2 ;;
    esac
}

# The pages: generated ones are current, citations resolve, the reference has no warning, every snippet compiles and runs.
docs_hold() {
    local status=0
    python3 tests/docs/tables.py --check || status=1
    python3 tests/docs/citations.py || status=1
    python3 tests/docs/reference.py || status=1
    python3 -B tests/docs/snippets.py || status=1
    return $status
}

# The core as it is for those who build without exceptions and type information.
core_alone() {
    local compiler
    for compiler in g++ clang++-19; do
        "$compiler" -std=c++20 -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Werror -fsyntax-only -Iinclude -x c++ - \
            <<<'#include <lading/core.hpp>' || return
        echo "core.hpp without exceptions and RTTI: $compiler"
    done
}

# The first command of the README: nothing but the record on stdout.
example_runs() {
    local record
    record=$(bash examples/inspect.sh) && printf '%s\n' "$record" && jq -e .Digest <<<"$record" &&
        bash tests/example_test.sh build/release/examples/inspect &&
        python3 -B tests/hostile/differential.py build/release/examples/inspect # other readers' answers to the same bytes
}

# The program lading: its flags and exit statuses; what it brings to disk, read back by others; killed, cut off, out of room.
content_comes_in() {
    local status=0
    cmake --preset release && cmake --build --preset release -t lading_program || return
    python3 -B tests/registry/program.py build/release/examples/lading || status=1
    python3 -B tests/registry/content.py build/release/examples/lading || status=1
    python3 -B tests/registry/breaks.py build/release/examples/lading || status=1
    python3 -B tests/registry/archives.py build/release/examples/lading || status=1
    python3 -B tests/registry/clients.py build/release/examples/lading || status=1
    python3 -B tests/registry/pushes.py build/release/examples/lading || status=1
    python3 -B tests/registry/side_by_side.py build/release/examples/lading || status=1
    python3 -B tests/registry/exchanges.py build/release/examples/lading || status=1
    return $status
}

# The programs of tests/bench, which only their scripts build and run.
benches_compile() {
    printf '%s\0' tests/bench/*.cpp tests/bench/micro/*.cpp | xargs -0 -n 1 -P 2 clang++-19 -std=c++20 -Wall -Wextra -Werror -fsyntax-only -Iinclude
}

# What other readers read is read, and the same.
realworld() {
    cmake --preset release && cmake --build --preset release -t inspect || return
    rm -f build/log/cases-realworld
    LADING_TEST_RECORD=$PWD/build/log/cases-realworld python3 -B tests/realworld/differential.py build/release/examples/inspect
}

# Passed and failed test cases said in a log: by Catch2, by our own runners.
count_cases() {
    awk '
        match($0, /All tests passed \(.* in [0-9]+ test case/) {
            text = substr($0, RSTART, RLENGTH); sub(/.* in /, "", text); passed += text + 0 }
        /test cases: +[0-9]+ \|/ {
            n = split($0, part, "|")
            for (i = 2; i <= n; i++) {
                if (part[i] ~ /passed/) passed += part[i] + 0
                else if (part[i] ~ /failed/ && part[i] !~ /expected/) failed += part[i] + 0 } }
        /^([0-9]+: )?[a-z_]+: [0-9]+ passed, [0-9]+ failed$/ { passed += $(NF - 3); failed += $(NF - 1) }
        END { print passed + 0, failed + 0 }' "$1"
}

# One test file, seconds after a change: tests/run.sh quick unit/http/challenge -- Catch2 arguments. Or tests/run.sh quick "[C23]".
quick() {
    local name file target status=0 cases="" files=() targets=()
    while [[ $# -gt 0 && $1 != -- ]]; do
        name=${1%.cpp} name=${name#tests/}
        if [[ $name == \[*\] ]]; then
            cases=${cases:+$cases,}$name
            mapfile -t -O ${#files[@]} files < <(cd tests && grep -rlF --include='*_test.cpp' "${name%%]*}]" . | sed 's,^\./,,')
        else
            mapfile -t -O ${#files[@]} files < <(cd tests && find . -name '*_test.cpp' -printf '%P\n' | grep -F "${name//.//}")
        fi
        shift
    done
    [[ $# -gt 0 ]] && shift
    for file in $(printf '%s\n' "${files[@]}" | grep -v '^hostile/memory/' | sort -u); do # those replace operator new
        file=${file%.cpp} && targets+=("quick.${file//\//.}")
    done
    if [[ ${#targets[@]} -eq 0 ]]; then
        echo "no test file has this in its path, no case this tag" >&2
        return 2
    fi
    local compiler=g++ linker='' name chosen=build/quick/chosen # clang takes half the time; gold and lld link faster
    command -v clang++-19 >/dev/null && compiler=clang++-19
    for name in gold lld; do
        command -v "ld.$name" >/dev/null && linker=-fuse-ld=$name
    done
    # Configured again when the preset or one of these has changed; of all else ninja takes care.
    if [[ ! build/quick/build.ninja -nt CMakePresets.json || $(cat "$chosen" 2>/dev/null) != "$compiler $linker" ]]; then
        mkdir -p build
        cmake --fresh --preset quick -D "CMAKE_CXX_COMPILER=$compiler" -D "CMAKE_EXE_LINKER_FLAGS=$linker" >build/quick.log 2>&1 ||
            { cat build/quick.log && return 1; }
        echo "$compiler $linker" >"$chosen"
    fi
    cmake --build --preset quick -t "${targets[@]}" || return
    for target in "${targets[@]}"; do
        (cd tests && "../build/quick/tests/$target" ${cases:+"$cases"} "$@") || status=1
    done
    return $status
}
if [[ ${1:-} == quick ]]; then
    shift
    quick "$@"
    exit
fi

steps=("$@")
[[ ${#steps[@]} -eq 0 ]] && steps=("${all_steps[@]}")
if [[ ${steps[0]} == --list ]]; then
    printf '%s\n' "${all_steps[@]}"
    exit 0
fi
for step in "${steps[@]}"; do
    if [[ " ${all_steps[*]} " != *" $step "* ]]; then
        echo "no such step: $step; steps: ${all_steps[*]}" >&2
        exit 2
    fi
done

mkdir -p build/log
row_of() { # NAME SECONDS STATUS PASSED FAILED: what the table has of a step
    local verdict=PASS passed=$4 failed=$5
    if [[ $3 -ne 0 ]]; then
        verdict=FAIL
        [[ $failed -eq 0 ]] && failed=1
    elif [[ $failed -ne 0 ]]; then
        verdict=FAIL
    elif [[ $passed -eq 0 ]]; then
        passed=1
    fi
    printf '%-24s%8d%8d%8d  %s\n' "$1" "$2" "$passed" "$failed" "$verdict"
}

told() { # STEP STATUS
    if [[ $2 -ne 0 ]]; then
        tail -n 100 "build/log/$1.log" | cut -c 1-400 # types of templates fill pages
    else
        case $1 in
        layers | docs | style | platforms | single-header-current | compile-budget | compile-fail | hostile-report | fuzz | install | content | realworld | realworld-report) cat "build/log/$1.log" ;;
        *) grep -E '^[0-9]+/[0-9]+ Test|tests passed' "build/log/$1.log" ;;
        esac
    fi
}

# One after the other; what a step says is told at once when it is over, so that two lanes do not mix their words.
run_steps() {
    local step began status passed failed
    for step in "$@"; do
        began=$SECONDS
        echo "== $step"
        run_step "$step" >"build/log/$step.log" 2>&1
        status=$?
        read -r passed failed < <(count_cases "build/log/$step.log")
        row_of "$step" $((SECONDS - began)) $status "$passed" "$failed" >"build/log/$step.row"
        told "$step" $status >"build/log/$step.told"
        flock build/log/lock cat <(echo "== $step: $((SECONDS - began)) s") "build/log/$step.told"
    done
}

rm -rf build/log/*.row build/log/*.taken
began=$SECONDS
bash tests/support/install.sh "${packages[@]}"
row_of packages $((SECONDS - began)) $? 0 0 >build/log/packages.row

# The steps that either lane may do, once its own are done: the first to make the folder does it.
shared_steps() {
    local step
    for step in "${shared[@]}"; do
        mkdir "build/log/$step.taken" 2>/dev/null && run_steps "$step"
    done
}

# All of them: a lane for the builds that run tests, which wait a good deal, and a lane beside it, with all that uses
# build/release; the longest first of what is left to both. The reports come last.
if [[ $# -eq 0 ]]; then
    set -m # the lane is a group of its own, which ends with this
    tests=(asan compiled matrix) shared=(tsan fuzz install compile-fail headers compile-budget style platforms)
    alone=() reports=(hostile-report realworld-report)
    for step in "${all_steps[@]}"; do
        [[ " ${tests[*]} ${shared[*]} ${reports[*]} " == *" $step "* ]] || alone+=("$step")
    done
    { CMAKE_BUILD_PARALLEL_LEVEL=1 run_steps "${alone[@]}"; CMAKE_BUILD_PARALLEL_LEVEL=1 shared_steps; } &
    beside=$!
    set +m
    trap 'kill -- -$beside 2>/dev/null' EXIT
    run_steps "${tests[@]}"
    shared_steps
    wait $beside
    trap - EXIT
    run_steps "${reports[@]}"
else
    run_steps "${steps[@]}"
fi

# What did not hold, once more where it is looked for: at the end.
for row in build/log/*.row; do
    step=${row##*/} step=${step%.row}
    grep -q FAIL "$row" && [[ -e build/log/$step.log ]] || continue
    printf '\n== what failed in %s\n' "$step"
    grep -aE -A 5 'FAILED|: error:|runtime error|Sanitizer:|found: |\(Failed\)|^FAIL' "build/log/$step.log" | grep -av '^--$' | cut -c 1-300 | head -n 60
done

printf '\n%-24s%8s%8s%8s  %s\n' step seconds passed failed verdict
for step in packages "${steps[@]}"; do
    cat "build/log/$step.row" 2>/dev/null || row_of "$step" 0 1 0 0
done | tee build/log/table
printf '%-24s%8d\n\n' "whole command" $((SECONDS - began))
awk '{ passed += $3; failed += $4 } END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }' build/log/table
