#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs the fuzz targets of a build of the preset `fuzz`.

  run.py smoke                     every regression and seed, then the same mutations each time, for a few seconds; what CI runs
  run.py long --seconds 600        each target so long, from the corpus that is kept; a table at the end
Both: --build FOLDER (build/fuzz), --jobs N at once (2), --only TARGET,...   The corpora, the logs and what was found are in
FOLDER/fuzz. A finding is kept as tests/fuzz/regressions/TARGET/NAME once it is understood, and replayed from then on.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SMOKE_SECONDS = 2
# A commit passes or not, whenever it is asked, and on a busy machine; what is new is for the long runs.
SMOKE = ["-seed=1", "-runs=100000", "-timeout=30"]
LIMITS = ["-max_len=65536", "-timeout=5", "-rss_limit_mb=512", "-malloc_limit_mb=64", "-print_final_stats=1"]


class Fuzz:
    def __init__(self, build):
        self.program = build / "tests" / "fuzz" / "fuzz"
        self.seeds = build / "tests" / "fuzz" / "seeds"
        self.folder = build / "fuzz"
        listed = subprocess.run([self.program, "--list"], capture_output=True, text=True, check=True).stdout
        self.targets = dict(line.split() for line in listed.splitlines())

    def run(self, target, arguments, log):
        environment = dict(os.environ, LADING_FUZZ=target, UBSAN_OPTIONS="print_stacktrace=1",
                           ASAN_OPTIONS="quarantine_size_mb=16:malloc_context_size=2:detect_stack_use_after_return=0")
        with open(log, "w") as out:
            return subprocess.run([self.program, *LIMITS, *arguments], stdout=out, stderr=subprocess.STDOUT,
                                  env=environment, cwd=self.folder).returncode

    def regressions(self, target):
        return sorted((HERE / "regressions" / target).glob("*"))

    def replay(self, target):
        """The regressions that fail."""
        files = self.regressions(target)
        log = self.folder / f"{target}.replay.log"
        if not files or self.run(target, files, log) == 0:
            return []
        return [f for f in files if self.run(target, [f], log) != 0]

    def fuzz(self, target, seconds, corpus, findings, how):
        """Fuzzes from seeds and regressions; the figures of the run."""
        corpus.mkdir(parents=True, exist_ok=True)
        findings.mkdir(parents=True, exist_ok=True)
        known = [self.seeds / target]
        if (HERE / "regressions" / target).is_dir():
            known.append(HERE / "regressions" / target)
        log = self.folder / f"{target}.log"
        began = time.monotonic()
        status = self.run(target, [*how, f"-max_total_time={seconds}", f"-dict={HERE / self.targets[target]}.dict",
                                   f"-artifact_prefix={findings / target}-", corpus, *known], log)
        text = log.read_text(errors="replace")
        covered = [int(n) for n in re.findall(r" cov: (\d+)", text)]
        executed = re.search(r"stat::number_of_executed_units: (\d+)", text)
        return {
            "status": status,
            "executions": int(executed[1]) if executed else max(map(int, re.findall(r"^#(\d+)", text, re.M)), default=0),
            "seconds": time.monotonic() - began,
            "coverage": covered[-1] if covered else 0,
            "new": covered[-1] - covered[0] if covered else 0,
            "found": sorted(f.name for f in findings.glob(f"{target}-*")),
            "why": why(text) if status else "",
        }


def why(log):
    """The sentence of an oracle, or the first line of a sanitizer."""
    said = re.search(r"^(Does not hold: .*|.*ERROR: (?:AddressSanitizer|LeakSanitizer|libFuzzer): .*|.*runtime error: .*)$", log, re.M)
    return said[1][:200] if said else "see the log"


def row(target, r):
    print(f"{target:<18}{r['executions']:>12}{r['executions'] / max(r['seconds'], 0.1):>9.0f}{r['coverage']:>10}{r['new']:>7}"
          f"{len(r['found']):>10}  {r['why']}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["smoke", "long"])
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build" / "fuzz")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", type=lambda text: text.split(","))
    options = parser.parse_args()

    fuzz = Fuzz(options.build.resolve())
    fuzz.folder.mkdir(exist_ok=True)
    smoke = options.mode == "smoke"
    seconds = options.seconds or (SMOKE_SECONDS if smoke else 600)
    corpora, findings = fuzz.folder / ("smoke" if smoke else "corpus"), fuzz.folder / "findings"
    if smoke:
        shutil.rmtree(corpora, ignore_errors=True)
        shutil.rmtree(findings, ignore_errors=True)

    targets = options.only or list(fuzz.targets)
    passed = failed = 0
    print(f"{'target':<18}{'executions':>12}{'exec/s':>9}{'coverage':>10}{'new':>7}{'findings':>10}")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        def one(target):
            return fuzz.replay(target), fuzz.fuzz(target, seconds, corpora / target, findings, SMOKE if smoke else [])

        for target, (broken, r) in zip(targets, pool.map(one, targets)):
            row(target, r)
            for file in broken:
                print(f"  regression fails: {file.relative_to(HERE)}")
            for name in r["found"]:
                print(f"  found: {findings / name}")
            failed += len(broken) + (r["status"] != 0)
            passed += len(fuzz.regressions(target)) - len(broken) + (r["status"] == 0)
    print(f"fuzz: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
