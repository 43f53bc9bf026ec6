#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Writes the reference to build/reference/html, by Doxygen with doc/Doxyfile. A warning is an error, and so is a code without its
sentence.

Doxygen reads copies of the headers in which the sentence at the top belongs to the file, the sentences of an X-macro table belong to
its enumerators, and what is private (detail/, impl/, namespaces called detail) is not there."""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "reference"
PRIVATE = re.compile(r"(^|/)(detail|impl|reflect|transport_kit|json_kit)/")


def without_detail(text):
    """Drops `namespace ... detail { ... }` blocks."""
    while found := re.search(r"^(?:inline )?namespace (?:[\w:]+::)?detail \{$", text, re.M):
        end = re.compile(r"^\} // namespace (?:[\w:]+::)?detail$", re.M).search(text, found.end())
        if not end:
            break
        text = text[:found.start()] + text[end.end():]
    return text


def for_doxygen(name, text):
    text = re.sub(r"(#pragma once\n\n)((?:///[^\n]*\n)+)", lambda m: f"{m[1]}/// @file {name}\n{m[2]}\n", text, count=1)
    for macro in re.findall(r"#define (LADING_\w+_TABLE)\(X\)", text):
        rows = re.findall(r'X\((\w+), "([^"]*)"\)', text.split(f"#define {macro}(X)", 1)[1].split("\n\n", 1)[0])
        listed = "\n".join(f"    {code}, ///< {sentence}" for code, sentence in rows)
        text = re.sub(rf"#define X\(name, text\) name,\n\s*{macro}\(X\)\n#undef X", lambda _: listed, text)
    text = without_detail(text)
    text = re.sub(r"^template <[^\n]*>\n(?:struct|class) std::[^\n]*(?:\{\};|\{\n.*?^\};|;)$", "", text, flags=re.M | re.S)
    lines, quoted = [], False
    for line in text.split("\n"):
        at = line.find("///")
        if at < 0 or line[:at].count('"') % 2:
            quoted = False
            lines.append(line)
            continue
        out = []
        for part in re.split(r"(`)", line[at:]):
            if part == "`":
                quoted = not quoted
            elif not quoted:  # in prose these mean themselves
                part = re.sub(r"[\\@#](?!file)|<(?!/)(?=\w)", r"\\\g<0>", part).replace("///\\<", "///<")
            out.append(part)
        lines.append(line[:at] + "".join(out))
    return "\n".join(lines)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    include = ROOT / "include"
    for path in sorted(include.rglob("*.hpp")):
        name = path.relative_to(include).as_posix()
        if PRIVATE.search(name):
            continue
        target = OUT / "include" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(for_doxygen(name, path.read_text(encoding="utf-8")), encoding="utf-8")
    made = subprocess.run(["doxygen", "doc/Doxyfile"], cwd=ROOT, text=True, capture_output=True)
    warnings = [line.replace(f"{ROOT}/build/reference/", "") for line in made.stderr.splitlines() if line.strip()]
    print("\n".join(warnings))
    page = (OUT / "html" / "error_8hpp.html")
    codes = re.findall(r'^    X\((\w+), "', (include / "lading" / "error.hpp").read_text(encoding="utf-8"), re.M)
    shown = page.read_text(encoding="utf-8") if page.exists() else ""
    missing = [c for c in codes if not re.search(rf'>{c}&#160;</td><td class="fielddoc">\s*<p ?>\w', shown)]
    print("\n".join(f"errc::{c}: no sentence in the reference" for c in missing))
    wrong = len(warnings) + len(missing) + (made.returncode != 0 and not warnings)
    print(f"reference: {len(codes) - len(missing)} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
