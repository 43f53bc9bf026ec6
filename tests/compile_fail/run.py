#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What must not compile, and what the compiler then says. Each unit here begins with `// expect: SENTENCE`. With
-DLADING_BAD=0 it compiles; with -DLADING_BAD=1 it does not, and the sentence is in the first ten lines of the output, which
do not count the excerpts of the source that newer compilers print between them. A
second line `// flags: ...` adds flags to the bad half, which then has no other error than the sentence and the end.
Arguments: compilers (default: g++ and clang++-19)."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LINES = 10
MARK = "// expect: "
FLAGS = "// flags: "


def compile_unit(compiler, path, bad, flags=()):
    without_excerpts = "-fno-caret-diagnostics" if "clang" in compiler else "-fno-diagnostics-show-caret"
    command = [compiler, "-std=c++20", "-fsyntax-only", without_excerpts, f"-DLADING_BAD={bad}", "-I", str(ROOT / "include"), *flags, str(path)]
    # The words of the compiler, not of the machine's language.
    environment = dict(os.environ, LC_ALL="C")
    done = subprocess.run(command, text=True, capture_output=True, timeout=300, env=environment)
    return done.returncode, done.stderr + done.stdout


def check(job):
    compiler, path = job
    title = f"{compiler:12} {path.stem}"
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    flags = second[len(FLAGS) :].split() if second.startswith(FLAGS) else []
    if not first.startswith(MARK):
        return f"FAIL {title}: the first line must be '{MARK}SENTENCE'"
    sentence = first[len(MARK) :].strip()
    status, output = compile_unit(compiler, path, 0)
    if status:
        return f"FAIL {title}: the good half does not compile\n" + "\n".join(output.splitlines()[:LINES])
    status, output = compile_unit(compiler, path, 1, flags)
    if status == 0:
        return f"FAIL {title}: the bad half compiles"
    if flags and output.count("error: ") > 2:
        return f"FAIL {title}: more errors than the sentence\n" + "\n".join(output.splitlines()[:20])
    for number, line in enumerate(output.splitlines()[:LINES], 1):
        if sentence in line:
            return f"pass {title}: line {number}"
    return f"FAIL {title}: '{sentence}' is not in the first {LINES} lines\n" + "\n".join(output.splitlines()[:20])


def main(compilers):
    units = sorted(HERE.glob("*.cpp"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        lines = list(pool.map(check, [(c, u) for u in units for c in compilers]))
    print("\n".join(lines))
    failed = sum(line.startswith("FAIL") for line in lines)
    print(f"compile_fail: {len(lines) - failed} passed, {failed} failed")
    return 1 if failed or not units else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["g++", "clang++-19"]))
