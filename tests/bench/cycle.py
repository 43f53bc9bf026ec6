#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What a red-green cycle takes: `tests/run.sh quick` after a change of a header that nearly everything includes, and after one of
the test alone. The change is a new date of the file.

    python3 tests/bench/cycle.py [TEST] [HEADER]       default: unit/operation/inspect, operation/inspect.hpp"""
import os
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main(test="unit/operation/inspect", header="operation/inspect.hpp"):
    def run(title):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(["bash", "tests/run.sh", "quick", test + "_test"], cwd=ROOT, capture_output=True, text=True)
        after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{title:<44}{cpu:>7.1f} s CPU{wall:>8.1f} s", flush=True)
        if done.returncode:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])

    run("the first time")
    os.utime(ROOT / "include/lading" / header)
    run(f"after a change of {header}")
    os.utime(ROOT / "tests" / f"{test}_test.cpp")
    run("after a change of the test")


if __name__ == "__main__":
    main(*sys.argv[1:])
