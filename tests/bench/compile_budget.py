#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What an include and a call cost.

What an include costs: CPU time of `g++ -fsyntax-only` as a ratio to a unit with <variant> and <string>. Minimum of
N interleaved runs (argument, default 7), so that a busy machine disturbs all units alike.

Three figures a row: `alone`, the ratio of the headers of others that ours includes, without a line of ours; the budget of
the plan; and the gate: what has been reached, with room for a busy machine. `core.hpp` and `lading.hpp` are over the
plan; the gate holds them from growing. Exit status 1 when a ratio is more than 15 % above its gate.

When times are too noisy to tell two versions apart, the memory that g++ allocates is not: the TOTAL of
`g++ -fsyntax-only -ftime-report`, about 6 ms a MB, is the same in every run.

What a call costs: a unit that inspects an image and prints some of it, as a ratio to the same program by hand over libcurl
and nlohmann-json (by_hand.cpp), compiled in the same run at -O0 and at -O2: CPU time and peak memory. `words` includes the words and
the record, `compiled` <lading/client/client.hpp> with LADING_SEPARATE_COMPILATION; ten such units, and the one unit with the
bodies (`src.hpp`), are told of in seconds. Left out where libcurl or nlohmann-json is not installed.

A last table has every public header and every model (one run), for the record; a header whose library is not
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

CALL = """%s
#include <cstdio>
#include <string>

int main(int, char** argv) {
    lading::client registry;
    auto const image = registry.inspect(argv[1]);
    if (!image) return std::fprintf(stderr, "%%s\\n", image.error().message().c_str()), 1;
    auto const& i = image.value();
    std::printf("%%s\\n%%s/%%s, created %%s\\n", i.resolved.digest.str().c_str(), i.image->os.c_str(),
                i.image->architecture.c_str(), i.image->created.c_str());
    for (auto const& l : i.layers) std::printf("%%s %%lld\\n", l.blob.digest.str().c_str(), static_cast<long long>(l.blob.size));
    std::printf("%%lld bytes\\n", static_cast<long long>(i.total_size));
    if (i.image->config && i.image->config->labels)
        for (auto const& [key, value] : *i.image->config->labels) std::printf("%%s=%%s\\n", key.c_str(), value.c_str());
}
"""
COMPILED = ("-DLADING_SEPARATE_COMPILATION",)
WORDS = "".join(f"#include <lading/{name}.hpp>\n" for name in ("fwd", "reference", "platform_choice", "inspection", "result"))
CALLS = [  # unit, its text, flags; per level of optimisation: budget of CPU, gate of CPU; budget of MB (0: that by hand)
    ("words", WORDS + "int main() {}\n", COMPILED, {"-O0": (0.5, 0.5), "-O2": (0.5, 0.5)}, 0),
    ("compiled", CALL % "#include <lading/client/client.hpp>", COMPILED, {"-O0": (1.0, 1.0), "-O2": (1.0, 1.0)}, 0),
    ("header-only", CALL % "#include <lading/lading.hpp>", (), {"-O0": (4.0, 8.5), "-O2": (5.0, 9.5)}, 800),
]
HEADER_ONLY_MB = 1300  # the gate of what is over its budget
TEN = ["inspect(name)", "inspect(name, lading::inspect_options().with_tags())", "manifest(name)", "raw_manifest(name)",
       "config(name)", "tags(name)", "ping(name)", "with_login(name, name, name).inspect(name)",
       "with_stored_logins().inspect(name)", "with_environment_proxies().inspect(name)"]
TEN_SECONDS = 45.0


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


def cost(unit, flags, may_fail=False):
    """CPU seconds and peak MB of compiling a unit, or nothing."""
    command = ["g++", "-std=c++20", *flags, "-I", str(INCLUDE), "-c", str(unit), "-o", "/dev/null"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL if may_fail else None)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and may_fail:
        return None
    if process.returncode:
        sys.exit(f"compile budget: {' '.join(command)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def table_of_calls(runs):
    """True when something is over its gate."""
    by_hand = ROOT / "tests" / "bench" / "by_hand.cpp"
    if cost(by_hand, ["-O0"], may_fail=True) is None:
        print("\na call: not measured, libcurl or nlohmann-json is not here")
        return False
    over = False
    print(f"\n{'a call':<22}{'CPU s':>8}{'ratio':>8}{'budget':>8}{'MB':>8}{'budget':>8}  verdict")
    with tempfile.TemporaryDirectory() as folder:

        def unit(name, text):
            path = pathlib.Path(folder) / f"{name}.cpp"
            path.write_text(text)
            return path

        units = [unit(name, text) for name, text, *_ in CALLS]
        for level in ("-O0", "-O2"):
            hand, ours = [], [[] for _ in CALLS]
            for run in range(runs):
                hand.append(cost(by_hand, [level]))
                for number, (name, _, flags, *_) in enumerate(CALLS):
                    if run == 0 or flags == COMPILED:  # the other takes too long to be repeated
                        ours[number].append(cost(units[number], [level, *flags]))
            least = tuple(min(values) for values in zip(*hand))
            print(f"{'by hand ' + level:<22}{least[0]:>8.2f}{1:>8.2f}{'':>8}{least[1]:>8.0f}")
            for (name, _, _, limits, most), measured in zip(CALLS, ours):
                seconds_, megabytes = (min(values) for values in zip(*measured))
                ratio, (budget, gate), room = seconds_ / least[0], limits[level], most or least[1]
                tolerance = 1.0 if gate <= budget else TOLERANCE
                failed = ratio > gate * tolerance or megabytes > (HEADER_ONLY_MB if most else room)
                verdict = "within" if ratio <= budget and megabytes <= room else "over the plan"
                over |= failed
                print(f"{name + ' ' + level:<22}{seconds_:>8.2f}{ratio:>8.2f}{budget:>8.2f}{megabytes:>8.0f}{room:>8.0f}  "
                      + (f"{verdict}, OVER THE GATE of {gate}" if failed else verdict))
        sum_of_ten = 0.0
        for number, call in enumerate(TEN):
            text = (f"#include <lading/client/client.hpp>\nbool call{number}(lading::client& registry, char const* name);\n"
                    f"bool call{number}(lading::client& registry, char const* name) {{ return registry.{call}.has_value(); }}\n")
            sum_of_ten += cost(unit(f"ten{number}", text), ["-O0", *COMPILED])[0]
        source = cost(unit("src", "#include <lading/src.hpp>\n"), ["-O0", *COMPILED])
    failed = sum_of_ten > TEN_SECONDS
    print(f"{'ten units -O0':<22}{sum_of_ten:>8.2f}{'':>8}{TEN_SECONDS:>8.2f}{'':>16}  " + ("OVER" if failed else "within"))
    print(f"{'src.hpp, once -O0':<22}{source[0]:>8.2f}{'':>16}{source[1]:>8.0f}")
    return over or failed


def table_of_all(base):
    """Ratio of every header alone; models are the headers of backend/ and testing/."""
    names = sorted(p.relative_to(INCLUDE).as_posix() for p in (INCLUDE / "lading").rglob("*.hpp"))
    names = [n for n in names if "/detail/" not in n and n != "lading/src.hpp"]  # the last is for compiled programs only
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
    over |= table_of_calls(min(runs, 3))
    table_of_all(best[0])
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 7))
