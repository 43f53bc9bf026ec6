#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The figures of README.md and doc/ about lines: `N: examples/FILE [mark]` (or `ROOM/FILE`, below include/lading) is how
many lines lie between the two marks `// [mark]` of the file, and every example but the program itself has fewer than 80 lines."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIGURE = re.compile(r"(\d+): `([\w/]+\.[ch]pp) \[(\w+)\]`")


def main():
    wrong = []
    pages = [ROOT / "README.md", *sorted((ROOT / "doc").glob("*.md"))]
    figures = [f for page in pages for f in FIGURE.findall(page.read_text(encoding="utf-8"))]
    for said, name, mark in figures:
        folder = ROOT if name.startswith("examples/") else ROOT / "include" / "lading"
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        marks = [number for number, line in enumerate(lines) if f"// [{mark}]" in line]
        if len(marks) != 2:
            wrong.append(f"{name}: no two marks [{mark}]")
        elif (count := marks[1] - marks[0] - 1) != int(said):
            wrong.append(f"{name} [{mark}]: {count} lines, the documents say {said}")
    for path in sorted((ROOT / "examples").glob("*.cpp")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if path.stem != "inspect" and lines >= 80:
            wrong.append(f"{path.name}: {lines} lines")
    print("\n".join(wrong + [f"examples: {len(figures)} figures, {len(wrong)} wrong"]))
    return 1 if wrong or not figures else 0


if __name__ == "__main__":
    sys.exit(main())
