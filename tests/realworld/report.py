#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""report.py FILE...: the rows of the real world, passed of all, from the cases that runs of the tests have recorded: Catch2's
(see support/main.cpp), the differential's and those of the other python steps. A row passes when a case names it and none that
does has failed. Prints by group: passed of all, how many of these were compared with other readers too, the rest by id. Exit
status 1 when a row failed or has no case."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from rows import Record, rows_in

GROUPS = {"names on disk": "W01-W09", "hosts, proxies, trust": "W10-W16", "logins": "W20-W30", "answers": "W40-W56",
          "review of our own code": "V01-V17 V21-V25 V29"}


def main(files):
    missing = [f for f in files if not os.path.exists(f)]
    record = Record(*[f for f in files if f not in missing])
    print(f"{'group':<26}{'passed':>7}{'of':>5}{'compared':>10}   the rest")
    total = [0, 0, 0]
    for name, ids in GROUPS.items():
        rows = list(rows_in(ids))
        passed = [r for r in rows if record.passed(r)]
        counts = len(passed), len(rows), sum("differential" in record.programs[r] for r in passed)
        total = [a + b for a, b in zip(total, counts)]
        print(f"{name:<26}{counts[0]:>7}{counts[1]:>5}{counts[2]:>10}   {', '.join(record.rest(rows))}")
    print(f"{'':<26}{total[0]:>7}{total[1]:>5}{total[2]:>10}")
    print("V18-V20 and V26-V28 are another step's.")
    if missing:
        print("no such record: " + ", ".join(missing))
    return 1 if total[0] != total[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
