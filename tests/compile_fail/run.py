#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What must not compile, and what the compiler then says. Each unit here begins with `// expect: SENTENCE`. With
-DLADING_BAD=0 it compiles; with -DLADING_BAD=1 it does not, and the sentence is in the first ten lines of the output, which
do not count the excerpts of the source that newer compilers print between them. A
second line `// flags: ...` adds flags to the bad half, which then has no other error than the sentence and the end.
Arguments: compilers (default: g++ and clang++-19). What several units include alike, and first, is precompiled once a compiler."""

import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LINES = 10
MARK = "// expect: "
FLAGS = "// flags: "
PRECOMPILED = "lading-compile-fail-"  # in the folder's name


def base(compiler):
    return [compiler, "-std=c++20", "-I", str(ROOT / "include")]


def beginning(path):
    """The includes that a unit begins with."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("//")]
    for number, line in enumerate(lines):
        if not line.startswith("#include <"):
            return "\n".join(lines[:number]) + "\n"
    return ""


def precompile(folder, compiler, text, number):
    """A header with this text, precompiled, or nothing: then it is read anew for every unit. What makes it fail is seen there."""
    header = pathlib.Path(folder) / f"{compiler}-{number}.hpp"
    header.write_text(text, encoding="utf-8")
    into = header.with_suffix(".hpp.pch" if "clang" in compiler else ".hpp.gch")
    done = subprocess.run([*base(compiler), "-x", "c++-header", str(header), "-o", str(into)], capture_output=True)
    if done.returncode:
        return []
    return ["-include-pch", str(into)] if "clang" in compiler else ["-include", str(header)]


def compile_unit(compiler, path, bad, flags=()):
    without_excerpts = "-fno-caret-diagnostics" if "clang" in compiler else "-fno-diagnostics-show-caret"
    command = [*base(compiler), "-fsyntax-only", without_excerpts, f"-DLADING_BAD={bad}", *flags, str(path)]
    # The words of the compiler, not of the machine's language.
    environment = dict(os.environ, LC_ALL="C")
    done = subprocess.run(command, text=True, capture_output=True, timeout=300, env=environment)
    said = done.stderr + done.stdout
    if "clang" in compiler:  # a line that g++ does not have
        said = "".join(line for line in said.splitlines(True) if not (line.startswith("In file included from") and PRECOMPILED in line))
    return done.returncode, said


def check(job):
    compiler, path, ready = job
    title = f"{compiler:12} {path.stem}"
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    flags = second[len(FLAGS) :].split() if second.startswith(FLAGS) else []
    if not first.startswith(MARK):
        return f"FAIL {title}: the first line must be '{MARK}SENTENCE'"
    sentence = first[len(MARK) :].strip()
    status, output = compile_unit(compiler, path, 0, ready)
    if status:
        return f"FAIL {title}: the good half does not compile\n" + "\n".join(output.splitlines()[:LINES])
    status, output = compile_unit(compiler, path, 1, [*([] if "-std" in " ".join(flags) else ready), *flags])
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
    texts = {unit: beginning(unit) for unit in units}
    often = [text for text, times in collections.Counter(texts.values()).items() if text and times > 1]
    with tempfile.TemporaryDirectory(prefix=PRECOMPILED) as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        ready = {(c, text): pool.submit(precompile, folder, c, text, n) for n, text in enumerate(often) for c in compilers}
        jobs = [(c, u, ready[c, texts[u]].result() if (c, texts[u]) in ready else []) for u in units for c in compilers]
        lines = list(pool.map(check, jobs))
    print("\n".join(lines))
    failed = sum(line.startswith("FAIL") for line in lines)
    print(f"compile_fail: {len(lines) - failed} passed, {failed} failed")
    return 1 if failed or not units else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["g++", "clang++-19"]))
