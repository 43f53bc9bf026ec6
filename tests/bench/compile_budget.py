#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What an include costs: CPU time of `g++ -fsyntax-only` as a ratio to a unit with <variant> and <string>. Minimum of
N interleaved runs (argument, default 7), so that a busy machine disturbs all units alike.

Three figures a row: `alone`, the ratio of the headers of others that ours includes, without a line of ours; the budget of
the plan; and the gate: what has been reached, with room for a busy machine. `core.hpp` and `lading.hpp` are over the
plan; the gate holds them from growing. Exit status 1 when a ratio is more than 15 % above its gate.

When times are too noisy to tell two versions apart, the memory that g++ allocates is not: the TOTAL of
`g++ -fsyntax-only -ftime-report`, about 6 ms a MB, is the same in every run.

A second table has every public header and every model (one run), for the record; a header whose library is not
installed is left out."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
TOLERANCE = 1.15
BASE = ["variant", "string"]
TABLE = [  # headers of the unit, budget, gate
    (["lading/fwd.hpp"], 1.1, 1.1),
    (["lading/error.hpp", "lading/result.hpp"], 1.5, 2.0),
    (["lading/core.hpp"], 3.0, 15.0),
    (["lading/lading.hpp"], 8.0, 30.7),
]


def headers_of_others(header, seen):
    """The <...> includes below one of our headers, in the order met. Where `__has_include` chooses, the first branch."""
    if header in seen:
        return []
    seen.add(header)
    found = []
    chosen = skipped = False
    for line in header.read_text(encoding="utf-8").splitlines():
        if re.match(r"\s*#\s*(if|else|endif)", line):
            skipped = (chosen and "#else" in line) or "if defined(_WIN32)" in line
            chosen = skipped or "__has_include" in line
        if skipped:
            continue
        if own := re.match(r'\s*#\s*include "([^"]+)"', line):
            found += headers_of_others((header.parent / own.group(1)).resolve(), seen)
        elif (other := re.match(r"\s*#\s*include <([^>]+)>", line)) and other[1] != "lading-needs-C++20":
            found.append(other.group(1))
    return found


def seconds(unit, may_fail=False):
    command = ["g++", "-std=c++20", "-fsyntax-only", "-I", str(INCLUDE), str(unit)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL if may_fail else None)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and may_fail:
        return None
    if process.returncode:
        sys.exit(f"compile budget: {' '.join(command)} failed")
    return usage.ru_utime + usage.ru_stime


def table_of_all(base):
    """Ratio of every header alone; models are the headers of backend/ and testing/."""
    names = sorted(p.relative_to(INCLUDE).as_posix() for p in (INCLUDE / "lading").rglob("*.hpp"))
    names = [n for n in names if "/detail/" not in n]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:

        def measure(name):
            unit = pathlib.Path(folder) / (name.replace("/", "-") + ".cpp")
            unit.write_text(f"#include <{name}>\nint main() {{}}\n")
            first = seconds(unit, may_fail=True)
            return name, None if first is None else first / base

        ratios = list(pool.map(measure, names))
    missing = [name for name, ratio in ratios if ratio is None]
    cells = [f"{ratio:6.2f}  {name.removeprefix('lading/'):<38}" for name, ratio in ratios if ratio is not None]
    print(f"\nevery public header, as a ratio ({len(cells)} of {len(names)})")
    for row in range(0, len(cells), 3):
        print("".join(cells[row : row + 3]).rstrip())
    if missing:
        print("left out, no library here: " + ", ".join(missing))


def main(runs):
    rows = [(BASE, 0.0, 0.0)]
    others = []
    for headers, budget, gate in TABLE:
        if missing := [name for name in headers if not (INCLUDE / name).is_file()]:
            sys.exit(f"compile budget: no such header: {missing[0]}")
        rows.append((headers, budget, gate))
        seen = set()
        found = [name for h in headers for name in headers_of_others((INCLUDE / h).resolve(), seen)]
        others.append((list(dict.fromkeys(found)), 0.0, 0.0))
    with tempfile.TemporaryDirectory() as folder:
        units = []
        for number, (headers, *_) in enumerate(rows + others):
            unit = pathlib.Path(folder) / f"unit{number}.cpp"
            unit.write_text("".join(f"#include <{name}>\n" for name in headers) + "int main() {}\n")
            units.append(unit)
        best = [float("inf")] * len(units)
        for _ in range(runs):
            for number, unit in enumerate(units):
                best[number] = min(best[number], seconds(unit))
    print(f"{'unit':<28}{'seconds':>8}{'ratio':>8}{'alone':>8}{'budget':>8}  verdict   (min of {runs})")
    over = False
    for number, (headers, budget, gate) in enumerate(rows):
        name = " + ".join(h.removeprefix("lading/") for h in headers)
        ratio = best[number] / best[0]
        alone = best[len(rows) + number - 1] / best[0] if number else 1.0
        plan = "base" if not budget else "within" if ratio <= budget else "over the plan"
        failed = bool(gate) and ratio > gate * TOLERANCE
        verdict = f"{plan}, OVER THE GATE of {gate}" if failed else plan
        over |= failed
        print(f"{name:<28}{best[number]:>8.2f}{ratio:>8.2f}{alone:>8.2f}{budget or 1:>8.2f}  {verdict}")
    table_of_all(best[0])
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 7))
