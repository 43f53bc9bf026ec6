#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What an include and a call cost.

    compile_budget.py [RUNS]          the tables that have gates; the least of RUNS interleaved runs (1 unless told)
    compile_budget.py [RUNS] --all    and every public header and every model, and the one unit with the bodies

What an include costs: CPU time of `g++ -fsyntax-only` as a ratio to a unit with <variant> and <string>, and the memory that
g++ allocates for it. Times are told beside the budget of the plan. The gate is on memory: it is the same in every run,
on a quiet machine and on a busy one (about 8 ms a MB), where two times of one unit differ by half. `alone` is the
memory of the headers of others that ours includes, without a line of ours. Exit status 1 when a unit is over its gate, which is
that of g++ 12: of another the figures are told, and nothing more.

What a call costs: a unit that inspects an image and prints some of it, as a ratio to the same program by hand over libcurl
and nlohmann-json (by_hand.cpp), compiled in the same run at -O0 and at -O2: CPU time and peak memory. `words` includes the words and
the record, `compiled` <lading/client/client.hpp> with LADING_SEPARATE_COMPILATION: these two are held to the time, with
which there is room. The `header-only` unit is told beside its plan and held by its peak memory. Ten units that call are told
of in seconds. Left out where libcurl or nlohmann-json is not installed."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
BASE = ["variant", "string"]
ALL_KEPT = ["-fsyntax-only", "--param", "ggc-min-heapsize=16000000"]  # nothing is collected: the peak is all that was allocated
TABLE = [  # headers of the unit, budget of time, gate of memory: what it was when the gate was set, and a tenth
    (["lading/fwd.hpp"], 1.1, 1.1),
    (["lading/error.hpp", "lading/result.hpp"], 1.5, 1.6),
    (["lading/core.hpp"], 3.0, 13.1),
    (["lading/lading.hpp"], 8.0, 24.2),
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
CALLS = [  # unit, its text, flags; budget of CPU at each level of optimisation; budget of MB (0: that by hand), its gate
    ("words", WORDS + "int main() {}\n", COMPILED, {"-O0": 0.5, "-O2": 0.5}, 0, 0),
    ("compiled", CALL % "#include <lading/client/client.hpp>", COMPILED, {"-O0": 1.0, "-O2": 1.0}, 0, 0),
    ("header-only", CALL % "#include <lading/lading.hpp>", (), {"-O0": 4.0, "-O2": 5.0}, 800, 1400),
]
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


def cost(unit, flags, may_fail=False):
    """CPU seconds and peak MB of compiling a unit, or nothing."""
    command = ["g++", "-std=c++20", "-I", str(INCLUDE), "-o", "/dev/null", *flags, str(unit)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL if may_fail else None)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and may_fail:
        return None
    if process.returncode:
        sys.exit(f"compile budget: {' '.join(command)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def least(costs):
    return tuple(min(values) for values in zip(*costs))


def table_of_calls(runs):
    """True when something is over its gate."""
    by_hand = ROOT / "tests" / "bench" / "by_hand.cpp"
    if cost(by_hand, ["-fsyntax-only"], may_fail=True) is None:
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
                hand.append(cost(by_hand, ["-c", level]))
                for number, (name, _, flags, *_) in enumerate(CALLS):
                    if run == 0 or flags == COMPILED:  # the other takes too long to be repeated
                        ours[number].append(cost(units[number], ["-c", level, *flags]))
            by_hand_seconds, by_hand_mb = least(hand)
            print(f"{'by hand ' + level:<22}{by_hand_seconds:>8.2f}{1:>8.2f}{'':>8}{by_hand_mb:>8.0f}")
            for (name, _, flags, budgets, most, gate), measured in zip(CALLS, ours):
                seconds, megabytes = least(measured)
                ratio, budget, room = seconds / by_hand_seconds, budgets[level], most or by_hand_mb
                within = ratio <= budget and megabytes <= room
                failed = megabytes > gate if gate else not within
                over |= failed
                print(f"{name + ' ' + level:<22}{seconds:>8.2f}{ratio:>8.2f}{budget:>8.2f}{megabytes:>8.0f}{room:>8.0f}  "
                      + ("within" if within else "over the plan") + (f", OVER THE GATE of {gate or room:.0f} MB" if failed else ""))
        sum_of_ten = 0.0
        for number, call in enumerate(TEN):
            text = (f"#include <lading/client/client.hpp>\nbool call{number}(lading::client& registry, char const* name);\n"
                    f"bool call{number}(lading::client& registry, char const* name) {{ return registry.{call}.has_value(); }}\n")
            sum_of_ten += cost(unit(f"ten{number}", text), ["-c", "-O0", *COMPILED])[0]
    failed = sum_of_ten > TEN_SECONDS
    print(f"{'ten units -O0':<22}{sum_of_ten:>8.2f}{'':>8}{TEN_SECONDS:>8.2f}{'':>16}  " + ("OVER" if failed else "within"))
    return over or failed


def table_of_all(base):
    """Ratio of every header alone; and what the bodies cost that are compiled once."""
    names = sorted(p.relative_to(INCLUDE).as_posix() for p in (INCLUDE / "lading").rglob("*.hpp"))
    names = [n for n in names if "/detail/" not in n and n != "lading/src.hpp"]  # the last is for compiled programs only
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:

        def unit(name):
            path = pathlib.Path(folder) / (name.replace("/", "-") + ".cpp")
            path.write_text(f"#include <{name}>\nint main() {{}}\n")
            return path

        def measure(name):
            first = cost(unit(name), ["-fsyntax-only"], may_fail=True)
            return name, None if first is None else first[0] / base

        ratios = list(pool.map(measure, names))
        seconds, megabytes = cost(unit("lading/src.hpp"), ["-c", "-O0", *COMPILED])
    print(f"\nsrc.hpp, once -O0: {seconds:.2f} s, {megabytes:.0f} MB")
    missing = [name for name, ratio in ratios if ratio is None]
    cells = [f"{ratio:6.2f}  {name.removeprefix('lading/'):<38}" for name, ratio in ratios if ratio is not None]
    print(f"\nevery public header, as a ratio ({len(cells)} of {len(names)})")
    for row in range(0, len(cells), 3):
        print("".join(cells[row : row + 3]).rstrip())
    if missing:
        print("left out, no library here: " + ", ".join(missing))


def main(runs, everything):
    texts = [""] + ["".join(f"#include <{name}>\n" for name in names) for names in
                    [BASE, *(headers for headers, *_ in TABLE)]]
    for headers, *_ in TABLE:
        if missing := [name for name in headers if not (INCLUDE / name).is_file()]:
            sys.exit(f"compile budget: no such header: {missing[0]}")
        seen = set()
        found = [name for h in headers for name in headers_of_others((INCLUDE / h).resolve(), seen)]
        texts.append("".join(f"#include <{name}>\n" for name in dict.fromkeys(found)))
    with tempfile.TemporaryDirectory() as folder:
        units = [pathlib.Path(folder) / f"unit{number}.cpp" for number in range(len(texts))]
        for unit, text in zip(units, texts):
            unit.write_text(text)
        runs_of = [[cost(unit, ALL_KEPT) for unit in units] for _ in range(runs)]
    (_, nothing), base, *measured = (least(costs) for costs in zip(*runs_of))
    ours, others = measured[: len(TABLE)], measured[len(TABLE) :]

    def memory(unit):  # that of a compiler with nothing to do does not count
        return (unit[1] - nothing) / (base[1] - nothing)

    print(f"{'unit':<28}{'seconds':>8}{'ratio':>8}{'budget':>8}{'memory':>8}{'alone':>8}{'gate':>8}  verdict   (least of {runs})")
    print(f"{' + '.join(BASE):<28}{base[0]:>8.2f}{1:>8.2f}{'':>8}{1:>8.2f}")
    over = False
    for (headers, budget, gate), unit, alone in zip(TABLE, ours, others):
        ratio = unit[0] / base[0]
        failed = memory(unit) > gate
        over |= failed
        print(f"{' + '.join(h.removeprefix('lading/') for h in headers):<28}{unit[0]:>8.2f}{ratio:>8.2f}{budget:>8.2f}"
              f"{memory(unit):>8.2f}{memory(alone):>8.2f}{gate:>8.2f}  "
              + ("within" if ratio <= budget else "over the plan") + (", OVER THE GATE" if failed else ""))
    over |= table_of_calls(max(runs, 2))
    if everything:
        table_of_all(base[0])
    version = subprocess.run(["g++", "-dumpversion"], capture_output=True, text=True, check=True).stdout.strip()
    if version.split(".")[0] != "12":
        print(f"\ng++ {version}: the gates are those of g++ 12, and do not count")
        return 0
    return 1 if over else 0


if __name__ == "__main__":
    numbers = [argument for argument in sys.argv[1:] if argument != "--all"]
    sys.exit(main(int(numbers[0]) if numbers else 1, "--all" in sys.argv[1:]))
