#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every citation resolves: comments of the headers, tests and examples and all pages cite pages of doc/ by anchors that exist, files
that exist, or public documents; the README is short. Names of test cases are not looked at, but their tags `[spec-N.N]` are: each has
its row in doc/protocol.md."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include" / "lading"
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] + sorted(f"doc/{p.name}" for p in (ROOT / "doc").glob("*.md"))
FOLDERS = ("include", "tests", "examples")
SUFFIXES = {".hpp", ".ipp", ".cpp", ".h", ".c", ".py", ".sh", ".txt"}
README_LINES = 150

GONE = re.compile(r"(?<!distribution )(?<![-\w])[Ss]pec \d|\b(?:hostile|realworld|content|inspect|cpp)\.md\b|\((?:\w+ )?10\.\d\d\)|\bFIX\b|\bthe original(?:'s)?\b(?! bytes)|\bissue \d")
CITED = re.compile(r"\bdoc/(\w+\.md)(?:#([\w-]+(?:\.[\w-]+)*))?")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w-]+\.(?:hpp|cpp|py|sh|md|c|json))(?: \[\w+\])?`")
NAME = re.compile(r"\b(?:TEST_CASE|SECTION|TEMPLATE_TEST_CASE)\(")


def anchors_of(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    out = set(re.findall(r'<a id="([^"]+)"', text))
    for title in re.findall(r"^#+ (.+)$", text, re.M):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"<[^>]*>|`", "", title)).strip().lower()
        out.add(plain.replace(" ", "-"))
    return out


def main():
    wrong, cited = [], 0
    anchors = {page: anchors_of(page) for page in PAGES}

    def resolve(where, page, anchor):
        nonlocal cited
        cited += 1
        if not (ROOT / page).exists():
            wrong.append(f"{where}: no file {page}")
        elif anchor and anchor not in anchors.get(page, set()):
            wrong.append(f"{where}: no anchor {page}#{anchor}")

    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS], cwd=ROOT, text=True, capture_output=True)
    files = sorted(f for f in listed.stdout.split() if pathlib.Path(f).suffix in SUFFIXES and not f.startswith("tests/docs/") and (ROOT / f).exists())
    tags = set()
    for name in files + PAGES:
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            where = f"{name}:{number}"
            tags |= {(t, where) for t in re.findall(r"\[(spec-\d+(?:\.\d+)*)\]", line) if name.startswith("tests/")}
            if not NAME.search(line):
                wrong += [f"{where}: nobody can look this up: {m[0]}" for m in GONE.finditer(line)]
            for m in CITED.finditer(line):
                resolve(where, f"doc/{m[1]}", m[2])

    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        folder = (ROOT / page).parent
        for m in LINK.finditer(text):
            where = f"{page}:{text.count(chr(10), 0, m.start()) + 1}"
            if re.match(r"[a-z]+:", m[1]):
                continue
            path, _, anchor = m[1].partition("#")
            target = (folder / path).resolve() if path else ROOT / page
            if not target.exists():
                wrong.append(f"{where}: no file {m[1]}")
            else:
                resolve(where, target.relative_to(ROOT).as_posix(), anchor)
        for m in PATH.finditer(text):
            cited += 1
            if not any((base / m[1]).exists() for base in (ROOT, INCLUDE, ROOT / "include", ROOT / "build" / "..", ROOT / "tests", folder)) and not m[1].startswith("build/"):
                wrong.append(f"{page}:{text.count(chr(10), 0, m.start()) + 1}: no file {m[1]}")

    rows = set(re.findall(r"`(spec-\d+(?:\.\d+)*)`", (ROOT / "doc/protocol.md").read_text(encoding="utf-8")))
    for tag, where in sorted(tags):
        cited += 1
        whole = tag
        while whole not in rows and "." in whole:
            whole = whole.rsplit(".", 1)[0]
        if whole not in rows:
            wrong.append(f"{where}: no row for [{tag}] in doc/protocol.md")

    lines = len((ROOT / "README.md").read_text(encoding="utf-8").splitlines())
    if lines > README_LINES:
        wrong.append(f"README.md: {lines} lines, at most {README_LINES}")
    print("\n".join(wrong))
    print(f"README.md: {lines} lines")
    print(f"citations: {cited} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
