#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Which lines of the parsers are run by their unit tests, and by the corpora of the fuzz targets: gcov's figures, a row a header.

  coverage.py [CORPORA]     CORPORA: a folder with a folder for each target (run.py long leaves build/fuzz/fuzz/corpus); the
                            seeds and the regressions are always run
Ends with 1 when a header has fewer than 90 % of its lines run. `--missed` prints the lines that are not.
"""
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "coverage"
WANTED = 90.0

PARSERS = """net/http1_head net/http1_reader json/strict_json json/json_text json/document detail/timestamp http/challenge
    http/link http/url http/retry_after http/error_body detail/reference_grammar detail/base64 reference digest media_type platform
    document/schema1/schema1_payload document/schema1/schema1_chain document/shape document/decode document/parse_and_verify config_files/credential_files config_files/netrc
    config_files/toml_guard config_files/registries_conf config_files/certs_d store/image_files auth/token""".split()
UNIT = """net/http1_reader json/strict_json config_files/config_credentials config_files/registries_conf config_files/certs_d store/image_on_disk
    detail/base64 http/challenge http/link http/status http/url document/parse_and_verify document/schema1/schema1_chain document/schema1/schema1_payload
    document/shape media_type platform reference auth/authorize middleware/retry operation/inspect""".split()
REPLAY = """// Runs every file of every target's folder below each argument.
#include "target.hpp"
#include <filesystem>
#include <fstream>
#include <iterator>
int main(int argc, char** argv) {
    std::size_t n = 0;
    for (auto const& t : fuzz::all_targets()) {
        for (auto const& seed : t.seeds()) t.run(seed), ++n;
        for (int i = 1; i < argc; ++i)
            if (std::filesystem::path const folder = std::filesystem::path(argv[i]) / t.name; std::filesystem::is_directory(folder))
                for (auto const& f : std::filesystem::directory_iterator(folder)) {
                    std::ifstream file(f.path(), std::ios::binary);
                    t.run(std::string(std::istreambuf_iterator<char>(file), {})), ++n;
                }
    }
    std::printf("%zu inputs\\n", n);
}
"""


def compile_one(source):
    name = BUILD / (os.path.relpath(source, ROOT).replace("/", "_") + ".o")
    launcher = os.environ.get("CMAKE_CXX_COMPILER_LAUNCHER", "").split()
    subprocess.run([*launcher, "g++", "-std=c++20", "-O0", "--coverage", "-fprofile-abs-path", *[f"-I{ROOT / i}" for i in
                    ("include", "tests", "tests/support", "tests/fuzz")], "-c", source, "-o", name], check=True, cwd=BUILD)
    return name


def run(program, objects, arguments):
    subprocess.run(["g++", "--coverage", *objects, "-o", program, "-lssl", "-lcrypto", "-pthread"], check=True, cwd=BUILD)
    said = subprocess.run([program, *arguments], cwd=ROOT / "tests", capture_output=True, text=True)
    print(f"{program.name}: {said.stdout.strip().splitlines()[-1] if said.stdout.strip() else said.stderr[-300:]}")
    return said.returncode


def lines_of(objects):
    """By header: every line with code, and whether it was run in any unit."""
    found = collections.defaultdict(dict)
    for o in objects:
        out = subprocess.run(["gcov", "--json-format", "--stdout", o], capture_output=True, cwd=BUILD).stdout
        for text in out.splitlines():
            for file in json.loads(text)["files"]:
                if "/include/lading/" not in file["file"]:
                    continue
                header = file["file"].split("/include/lading/")[1].removesuffix(".hpp")
                for line in file["lines"]:
                    found[header][line["line_number"]] = found[header].get(line["line_number"], 0) + line["count"]
    return found


def main():
    BUILD.mkdir(parents=True, exist_ok=True)
    for old in BUILD.glob("*.gcda"):
        old.unlink()
    missed = "--missed" in sys.argv
    corpora = [Path(a).resolve() for a in sys.argv[1:] if a != "--missed"]
    (BUILD / "replay.cpp").write_text(REPLAY)
    fuzz = [ROOT / "tests/fuzz" / f for f in sorted(os.listdir(ROOT / "tests/fuzz")) if f.endswith("_fuzz.cpp")] + [BUILD / "replay.cpp"]
    unit = [ROOT / f"tests/unit/{u}_test.cpp" for u in UNIT] + [ROOT / "tests/support/main.cpp"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compile_one, fuzz + unit))
    replayed, tested = objects[:len(fuzz)], objects[len(fuzz):]
    failed = run(BUILD / "replay", replayed, [ROOT / "tests/fuzz/regressions", *corpora])
    failed += run(BUILD / "unit", tested, [])

    by_unit, by_fuzz = lines_of(tested), lines_of(replayed)
    print(f"{'parser':<32}{'lines':>7}{'unit %':>9}{'fuzz %':>9}{'both %':>9}")
    total = [0, 0, 0, 0]
    low = []
    for header in PARSERS:
        lines = set(by_unit[header]) | set(by_fuzz[header])
        u = {n for n in lines if by_unit[header].get(n)}
        f = {n for n in lines if by_fuzz[header].get(n)}
        counts = [len(lines), len(u), len(f), len(u | f)]
        total = [a + b for a, b in zip(total, counts)]
        show(header, counts)
        if not lines or 100 * counts[3] / counts[0] < WANTED:
            low.append(header)
        if missed and lines - u - f:
            print("    not run:", *sorted(lines - u - f))
    show("all", total)
    print(f"coverage: {len(PARSERS) - len(low)} passed, {len(low)} failed")
    return bool(low) or failed != 0


def show(name, counts):
    share = ["%.1f" % (100 * n / counts[0]) if counts[0] else "-" for n in counts[1:]]
    print(f"{name:<32}{counts[0]:>7}{share[0]:>9}{share[1]:>9}{share[2]:>9}")


if __name__ == "__main__":
    sys.exit(main())
