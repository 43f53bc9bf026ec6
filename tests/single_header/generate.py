#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Makes the files of single_include from the headers and all they include:

lading-client.hpp  <lading/client/client.hpp> and <lading/client/async_client.hpp>: what declares the calls
lading-core.hpp    <lading/core.hpp>
lading.hpp         <lading/lading.hpp>
lading-src.hpp     <lading/src.hpp>: includes lading.hpp beside it, and has the bodies of what is compiled once

Text that several of them need is the same in each, under one guard: a unit may include them in any order.

generate.py                write the files
generate.py --check        exit 1 when a file is not what would be written
generate.py --forward DIR  fill DIR with <lading/...> headers that lead to lading.hpp (client.hpp, async_client.hpp and src.hpp to their own): a forwarding header for each
                           part of it, a copy of each other header (whose relative includes then find the forwarding
                           ones). For building the tests against it.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include" / "lading"
SINGLE = ROOT / "single_include"
OUTPUT = SINGLE / "lading.hpp"
CORE_OUTPUT = SINGLE / "lading-core.hpp"
CLIENT_OUTPUT = SINGLE / "lading-client.hpp"
SOURCE_OUTPUT = SINGLE / "lading-src.hpp"
# Sections, in the order in which their text comes; a later one may need the ones before it.
#   name: its headers, and what no line of it may include
SECTIONS = {
    "CLIENT": (["client/client.hpp"], r"<(asio|openssl)\b"),
    "CORE": (["core.hpp"], r"<(asio|openssl)\b"),
    "ASYNC_CLIENT": (["client/async_client.hpp"], r"<openssl\b"),
}

QUOTED = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
SYSTEM = re.compile(r"^\s*#\s*include\s*<([^>]+)>")
OPEN = re.compile(r"^\s*#\s*if")
CLOSE = re.compile(r"^\s*#\s*endif")
DROPPED = re.compile(r"^\s*#\s*pragma\s+once|^// SPDX-License-Identifier:")


class Generator:
    def __init__(self):
        self.seen = []  # parts, in the order of their text
        self.system = set()  # includes already made unconditionally
        self.active = []  # parts being read, for the message about a cycle

    def text(self, path):
        """The lines of a part with its own parts in place, or nothing where it is already there."""
        path = path.resolve()
        if path in self.active:
            chain = " -> ".join(str(p.relative_to(INCLUDE)) for p in [*self.active, path])
            sys.exit(f"single header: include cycle: {chain}")
        if path in self.seen:
            return []
        self.active.append(path)
        out, depth = [], 0
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{path.relative_to(ROOT)}:{number}"
            if OPEN.match(line):
                depth += 1
            elif CLOSE.match(line):
                depth -= 1
            if DROPPED.match(line):
                continue
            if quoted := QUOTED.match(line):
                if quoted.group(1).endswith(".ipp"):  # bodies: plain text, wherever they are
                    out += self.bodies(path.parent / quoted.group(1))
                    continue
                if depth:
                    sys.exit(f"single header: {where}: a part must not be included under a condition")
                part = path.parent / quoted.group(1)
                if not part.is_file():
                    sys.exit(f"single header: {where}: no such file: {quoted.group(1)}")
                out += self.text(part)
                continue
            if (system := SYSTEM.match(line)) and not depth:
                name = system.group(1)
                if name.startswith("lading/"):
                    sys.exit(f"single header: {where}: parts include each other by relative names")
                if name in self.system:
                    continue
                self.system.add(name)
            out.append(line)
        self.active.pop()
        self.seen.append(path)
        return [f"// ---- lading/{path.relative_to(INCLUDE).as_posix()} ----", *out, ""]

    @staticmethod
    def bodies(path):
        lines = path.read_text(encoding="utf-8").splitlines()
        if any(QUOTED.match(line) or SYSTEM.match(line) for line in lines):
            sys.exit(f"single header: {path.relative_to(ROOT)}: bodies include nothing")
        kept = [line for line in lines if not DROPPED.match(line)]
        return [f"// ---- lading/{path.resolve().relative_to(INCLUDE).as_posix()} ----", *kept, ""]


def version():
    text = (INCLUDE / "version.hpp").read_text(encoding="utf-8")
    return re.search(r'LADING_VERSION_STRING "([^"]+)"', text).group(1)


def number():
    """The version for the preprocessor: 10203 is 1.2.3."""
    major, minor, patch = map(int, version().split("."))
    return major * 10000 + minor * 100 + patch


def one_file(what, body):
    licence = (ROOT / "LICENSE_1_0.txt").read_text(encoding="utf-8").strip().splitlines()
    banner = [
        "// SPDX-License-Identifier: BSL-1.0",
        f"// lading {version()}: {what}. Generated by tests/single_header/generate.py; do not edit.",
        "//",
        *(f"// {line}".rstrip() for line in licence),
        "#pragma once",
        "",
    ]
    text = "\n".join(banner + body)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def section(generator, name):
    """A section under its guard, which knows the version: two copies of different age in one unit would break the rule
    of one definition without a word."""
    headers, foreign = SECTIONS[name]
    system = set(generator.system)
    text = [line for header in headers for line in generator.text(INCLUDE / header)]
    # A unit may have this section without the text before it that it does not need: what is known of includes stays inside.
    generator.system = system
    if wrong := [line for line in text if re.match(r"^\s*#\s*include\s*" + foreign, line)]:
        sys.exit(f"single header: {', '.join(headers)} must not need this: {wrong[0]}")
    guard = f"LADING_{name}_SINGLE_HEADER"
    return [f"#ifndef {guard}", f"#define {guard} {number()}", "", *text, "#endif",
            f"#if {guard} != {number()}", '#error "the single headers of lading here are of different versions"', "#endif", ""]


def generate():
    """The files with their text, and the parts of lading.hpp."""
    generator = Generator()
    client = section(generator, "CLIENT")
    of_client = list(generator.seen)
    core = section(generator, "CORE")
    of_core = [p for p in generator.seen if p not in of_client]
    # The asynchronous client comes without the core in lading-client.hpp: it must not need it.
    generator.seen = list(of_client)
    asynchronous = section(generator, "ASYNC_CLIENT")
    of_asynchronous = [p for p in generator.seen if p not in of_client]
    if both := set(of_asynchronous) & set(of_core):
        sys.exit(f"single header: in core and in the asynchronous client: {', '.join(map(str, both))}")
    generator.seen = [*of_client, *of_asynchronous, *of_core]
    rest = generator.text(INCLUDE / "lading.hpp")
    seen = set(generator.seen)
    source = generator.text(INCLUDE / "src.hpp")
    files = {
        CLIENT_OUTPUT: one_file("what declares the calls of client and async_client, in one file", client + asynchronous),
        CORE_OUTPUT: one_file("the library without its backends in one file", client + core),
        OUTPUT: one_file("the library in one file", client + asynchronous + core + rest),
        SOURCE_OUTPUT: one_file("the part that is compiled once in one file", ['#include "lading.hpp"', "", *source]),
    }
    return files, seen


def write(path, text):
    """Leaves an equal file alone, so that nothing is rebuilt for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def forward(folder, parts):
    wanted = set()
    declares = {INCLUDE / "client" / "client.hpp", INCLUDE / "client" / "async_client.hpp"}
    for header in sorted(INCLUDE.rglob("*.hpp")):
        target = folder / "lading" / header.relative_to(INCLUDE)
        wanted.add(target)
        if header in declares:
            write(target, f'#pragma once\n#include "{CLIENT_OUTPUT}"\n')
        elif header == INCLUDE / "src.hpp":
            write(target, f'#pragma once\n#include "{SOURCE_OUTPUT}"\n')
        elif header.resolve() in parts:
            write(target, f'#pragma once\n#include "{OUTPUT}"\n')
        else:
            write(target, header.read_text(encoding="utf-8"))
    for stale in set((folder / "lading").rglob("*.hpp")) - wanted:
        stale.unlink()


def main(arguments):
    files, parts = generate()
    if arguments == []:
        for path, text in files.items():
            write(path, text)
            print(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
    elif arguments == ["--check"]:
        stale = [path.relative_to(ROOT).as_posix() for path, text in files.items()
                 if not path.is_file() or path.read_text(encoding="utf-8") != text]
        if stale:
            sys.exit(f"{', '.join(stale)}: not current: run python3 tests/single_header/generate.py")
        print(f"{', '.join(path.relative_to(ROOT).as_posix() for path in files)}: current")
    elif len(arguments) == 2 and arguments[0] == "--forward":
        forward(pathlib.Path(arguments[1]).resolve(), parts)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
