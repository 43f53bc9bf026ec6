#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""report.py FILE: the table of hostile answers, row by row, from the cases that a run of the tests has recorded (see
support/main.cpp). A row passes when every test case that names it passed. Prints by section: passed of applicable, how many
of these over sockets, the rest by id, and why a row does not apply. Exit status 1 when a test case that names a row failed,
when an applicable row has none, or no entry in doc/threats.md."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from rows import Record

THREATS = Path(__file__).resolve().parents[2] / "doc" / "threats.md"

SECTIONS = {"C": 26, "T": 14, "H": 35, "L": 19, "D": 22, "S": 12, "J": 14, "R": 7, "X": 19, "P": 9, "K": 6}
NAMES = {"C": "credentials", "T": "TLS", "H": "HTTP/1.1 framing", "L": "limits, slow peers", "D": "digests and types",
         "S": "schema1", "J": "JSON", "R": "references, paths", "X": "retry, resume, tokens", "P": "pages, uploads", "K": "inside faults"}
NOT_HERE = {
    "S07": "signatures are not judged", "S08": "signatures are not judged",
}
ELSEWHERE = {"S12": "registry: schema1 images of docker-registry", "J11": "policy: the JSON kit over every model"}
OVER_SOCKETS = ("unit_net", "hostile", "async")  # the programs whose peers listen


def main(file):
    record = Record(file)
    over_sockets = {row for row, programs in record.programs.items() if programs.intersection(OVER_SOCKETS)}
    told = THREATS.read_text(encoding="utf-8")
    print(f"{'section':<24}{'passed':>7}{'of':>5}{'sockets':>9}   the rest")
    total = applicable = on_sockets = 0
    untold = []
    for letter, count in SECTIONS.items():
        rows = [f"{letter}{n:02}" for n in range(1, count + 1)]
        wanted = [r for r in rows if r not in NOT_HERE]
        passed = [r for r in wanted if record.passed(r) or (r in ELSEWHERE and r not in record.bad)]
        rest = record.rest([r for r in wanted if r not in passed])
        untold += [r for r in wanted if f'<a id="{r.lower()}"></a>' not in told]
        listened = len(over_sockets.intersection(passed))
        total, applicable, on_sockets = total + len(passed), applicable + len(wanted), on_sockets + listened
        print(f"{letter} {NAMES[letter]:<22}{len(passed):>7}{len(wanted):>5}{listened:>9}   {', '.join(rest)}")
    print(f"{'':<24}{total:>7}{applicable:>5}{on_sockets:>9}")
    print("shown by other tests of the run: " + "; ".join(f"{r} ({where})" for r, where in sorted(ELSEWHERE.items())))
    print("not applicable: " + "; ".join(f"{r} ({why})" for r, why in sorted(NOT_HERE.items())))
    if untold:
        print("without an entry in doc/threats.md: " + ", ".join(untold))
    return 1 if untold or total != applicable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
