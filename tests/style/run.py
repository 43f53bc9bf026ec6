#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Style as fact: no file of ours differs from .clang-format, and clang-tidy (.clang-tidy) finds nothing in the headers,
which it reads through a few units that include all of them.

    python3 tests/style/run.py [format] [tidy] [FILE...]     both by default; with files, only those are looked at"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMAT, TIDY = "clang-format-19", "clang-tidy-19"
SOURCES = ("*.hpp", "*.cpp", "*.ipp")
GENERATED = "single_include/"
UNITS = ("examples/inspect/command.cpp", "tests/style/everything.cpp")
FLAGS = ("-std=c++20", f"-I{ROOT / 'include'}", "-Wno-everything")


def ours():
    names = subprocess.run(["git", "ls-files", *SOURCES], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return [name for name in names if not name.startswith(GENERATED)]


def differs(name):
    """The number of the first line that clang-format would change, or nothing."""
    path = ROOT / name
    formatted = subprocess.run([FORMAT, path], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for number, (is_now, is_to_be) in enumerate(zip(path.read_text().splitlines() + [None], formatted + [None]), 1):
        if is_now != is_to_be:
            return f"FAIL {name}:{number}: not as {FORMAT} has it"
    return None


def tidy(unit):
    """What clang-tidy finds in our headers, through one unit."""
    said = subprocess.run([TIDY, "--quiet", unit, "--", *FLAGS], cwd=ROOT, capture_output=True, text=True)
    lines = re.findall(r"^(/?\S+?)(:\d+:\d+: (?:error|warning): .*)$", said.stdout, re.MULTILINE)
    found = {os.path.relpath(os.path.normpath(ROOT / path), ROOT) + what for path, what in lines}
    if said.returncode and not found:
        found.add(f"{unit}: {TIDY} failed: {said.stderr[-400:]}")
    return found


def main(arguments):
    steps = [a for a in arguments if a in ("format", "tidy")] or ["format", "tidy"]
    files = [a for a in arguments if a not in ("format", "tidy")]
    failures = []
    passed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if "format" in steps:
            names = [f for f in files or ours() if f.endswith((".hpp", ".cpp", ".ipp"))]
            wrong = [line for line in pool.map(differs, names) if line]
            failures += wrong
            passed += len(names) - len(wrong)
        if "tidy" in steps:
            units = [f for f in files if f.endswith(".cpp")] or UNITS
            found = sorted(set().union(*pool.map(tidy, units)))
            failures += found
            passed += 0 if found else len(units)
    print("\n".join(failures))
    print(f"style: {passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
