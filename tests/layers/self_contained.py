#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every header compiles alone, without warnings. Arguments: compilers (default: g++)."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAGS = "-std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()


def compile_alone(job):
    compiler, name = job
    unit = f"#include <{name}>\n#include <{name}>\n"  # twice: the guard works too
    command = [compiler, *FLAGS, "-I", str(ROOT / "include"), "-x", "c++", "-"]
    done = subprocess.run(command, input=unit, text=True, capture_output=True, timeout=300)
    return job, done.returncode, done.stderr


def main(compilers):
    include = ROOT / "include"
    names = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.hpp"))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for (compiler, name), status, errors in pool.map(compile_alone, [(c, n) for c in compilers for n in names]):
            if status:
                failed += 1
                print(f"{compiler}: {name} does not compile alone:\n" + "\n".join(errors.splitlines()[:15]))
    print(f"self-contained: {len(names)} headers, {' '.join(compilers)}, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["g++"]))
