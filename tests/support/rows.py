# SPDX-License-Identifier: BSL-1.0
"""Rows by their ids (W07, H12-H14), and what a record of test cases (see main.cpp) says of each."""
import os
import re

ID = re.compile(r"\b([A-Z])(\d\d)(?:-\1(\d\d))?\b")


def rows_in(text):
    for letter, first, last in ID.findall(text):
        for n in range(int(first), int(last or first) + 1):
            yield f"{letter}{n:02}"


def write(program, good, text):
    """One case of a program, for the record that LADING_TEST_RECORD names, if it does; `text` begins with the rows."""
    if file := os.environ.get("LADING_TEST_RECORD"):
        with open(file, "a", encoding="utf-8") as out:
            out.write(f"{'passed' if good else 'failed'}\t{program}\t{' '.join(text.split())}\n")


class Record:
    """`good` and `bad`: the rows that a passed or a failed case names; `programs`: by row, who showed it."""

    def __init__(self, *files):
        self.good, self.bad, self.programs = set(), set(), {}
        for file in files:
            for line in open(file, encoding="utf-8"):
                verdict, program, names = line.rstrip("\n").split("\t", 2)
                for row in rows_in(names):
                    (self.good if verdict == "passed" else self.bad).add(row)
                    self.programs.setdefault(row, set()).add(program)

    def passed(self, row):
        return row in self.good and row not in self.bad

    def rest(self, rows):
        return [f"{r} {'FAILED' if r in self.bad else 'not tested'}" for r in rows if not self.passed(r)]
