#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""report.py TEST-PROGRAM...: the table of hostile answers, row by row. Runs the programs; a row passes when every test
case that names it passed. Prints by section: passed of applicable, the rest by id, and why a row does not apply. Exit
status 1 when a test case that names a row failed, or when an applicable row has none."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SECTIONS = {"C": 26, "T": 14, "H": 35, "L": 19, "D": 22, "S": 12, "J": 14, "R": 7, "X": 19, "P": 9, "K": 6}
NAMES = {"C": "credentials", "T": "TLS", "H": "HTTP/1.1 framing", "L": "limits, slow peers", "D": "digests and types",
         "S": "schema1", "J": "JSON", "R": "references, paths", "X": "retry, tokens", "P": "pages", "K": "inside faults"}
UPLOAD, RESUME = "there is no upload yet", "a blob is not resumed yet"
NOT_HERE = {
    "C14": UPLOAD, "H31": UPLOAD, "H34": UPLOAD, "L14": UPLOAD, "D21": UPLOAD, "X05": UPLOAD,
    **{f"P{n:02}": UPLOAD for n in range(4, 10)},
    **{f"X{n:02}": RESUME for n in range(6, 12)},
    "D03": "nothing is resolved by HEAD", "D16": "`data` of a descriptor is never used",
    "D20": "there is no referrers operation yet", "S07": "signatures are not judged", "S08": "signatures are not judged",
    "R06": "files are named by the caller only",
}
ELSEWHERE = {"S12": "registry: schema1 images of docker-registry", "J11": "policy: the JSON kit over every model"}
ID = re.compile(r"\b([CTHLDSJRXPK])(\d\d)(?:-\1(\d\d))?\b")


def rows_in(name):
    for letter, first, last in ID.findall(name):
        for n in range(int(first), int(last or first) + 1):
            yield f"{letter}{n:02}"


def main(programs):
    good, bad = set(), set()
    for program in programs:
        done = subprocess.run([program, "-r", "xml"], capture_output=True, timeout=600)
        for case in ElementTree.fromstring(done.stdout).iter("TestCase"):
            passed = case.find("OverallResult").get("success") == "true"
            for name in [case.get("name")] + [s.get("name") for s in case.iter("Section")]:
                (good if passed else bad).update(rows_in(name))
    print(f"{'section':<24}{'passed':>7}{'of':>5}   the rest")
    total = applicable = 0
    for letter, count in SECTIONS.items():
        rows = [f"{letter}{n:02}" for n in range(1, count + 1)]
        wanted = [r for r in rows if r not in NOT_HERE]
        passed = [r for r in wanted if r in good - bad or r in ELSEWHERE]
        rest = [f"{r} {'FAILED' if r in bad else 'not tested'}" for r in wanted if r not in passed]
        total, applicable = total + len(passed), applicable + len(wanted)
        print(f"{letter} {NAMES[letter]:<22}{len(passed):>7}{len(wanted):>5}   {', '.join(rest)}")
    print(f"{'':<24}{total:>7}{applicable:>5}")
    print("shown by other tests of the run: " + "; ".join(f"{r} ({where})" for r, where in sorted(ELSEWHERE.items())))
    print("not applicable: " + "; ".join(f"{r} ({why})" for r, why in sorted(NOT_HERE.items())))
    return 1 if bad or total != applicable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
