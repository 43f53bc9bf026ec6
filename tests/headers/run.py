#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every header compiles alone, without a warning: clang sees `#include <lading/H.hpp>` and nothing before it.

    run.py [HEADER...]       all of include/lading, or these and what they include

What a header includes is not compiled again for it. A header that others include is kept precompiled; one of those that H
includes itself, the one with the most below it, is given to the compiler first, so that it reads only what H adds. That
proves as much: what H sees when its own lines begin is the same with and without, and the header given first was compiled
alone in its turn. A header about a library that is not installed is left out and named."""
import concurrent.futures
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
COMPILER = ["clang++-19", "-std=c++20", "-fno-crash-diagnostics", "-I", str(INCLUDE), "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
LIBRARIES = ("curl/curl.h", "mbedtls/md.h", "nlohmann/json.hpp", "rapidjson/reader.h", "simdjson.h", "toml++/toml.h", "zlib.h", "zstd.h")


def includes(header, form):
    return re.findall(form, (INCLUDE / header).read_text(encoding="utf-8"), re.MULTILINE)


@functools.cache
def included(header):
    """Our headers that this one includes itself."""
    found = [os.path.relpath((INCLUDE / header).parent / name, INCLUDE) for name in includes(header, r'^#include "([^"]+\.hpp)"')]
    return [os.path.normpath(name) for name in found]


@functools.cache
def below(header):
    """Our headers that come with this one."""
    return frozenset(included(header)).union(*(below(name) for name in included(header)))


def missing_libraries():
    asked = "".join(f"#if !__has_include(<{name}>)\nmissing {name}\n#endif\n" for name in LIBRARIES)
    done = subprocess.run([*COMPILER, "-E", "-x", "c++", "-"], input=asked, text=True, capture_output=True, check=True)
    return set(re.findall(r"^missing (\S+)$", done.stdout, re.MULTILINE))


def main(chosen):
    headers = sorted(path.relative_to(INCLUDE).as_posix() for path in INCLUDE.rglob("*.hpp"))
    headers = [name for name in headers if name != "lading/src.hpp"]  # the bodies of compiled classes
    missing = missing_libraries()
    left_out = [name for name in headers if missing & set(includes(name, r"^#include <([^>]+)>"))]
    if chosen:
        chosen = {os.path.relpath(pathlib.Path(name).resolve(), INCLUDE) for name in chosen}
        chosen = chosen.union(*(below(name) for name in chosen))
        headers = [name for name in headers if name in chosen]
    headers = [name for name in headers if not {name, *below(name)} & set(left_out)]
    first = {name: max(included(name), key=lambda one: len(below(one)), default=None) for name in headers}
    kept = {name for name in first.values() if name}
    failed, whole, started = [], [], {}
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:

        def file(name, ending):
            return pathlib.Path(folder) / (name.replace("/", "-") + ending)

        def compiled(name):
            """True, unless the precompiled header could not be made: then what includes this is not looked at."""
            before = first[name]
            if before and not started[before].result():
                return False
            file(name, ".cpp").write_text(f"#include <{name}>\n")
            begin = ["-include-pch", str(file(before, ".pch"))] if before else []
            end = ["-x", "c++-header", "-o", str(file(name, ".pch"))] if name in kept else ["-fsyntax-only"]
            done = subprocess.run([*COMPILER, *begin, *end, file(name, ".cpp")], text=True, capture_output=True)
            if "crash backtrace" in done.stderr:  # clang 19 sometimes loses its way in what is precompiled on top of another
                whole.append(name)
                done = subprocess.run([*COMPILER, *end, file(name, ".cpp")], text=True, capture_output=True)
            if not done.returncode and not done.stderr:
                return True
            failed.append(f"FAIL {name}\n{done.stderr[:3000]}")
            return False

        for name in sorted(headers, key=lambda one: len(below(one))):  # what a header waits for has been started before it
            started[name] = pool.submit(compiled, name)
    print("\n".join(failed) or "every header compiles alone")
    print(f"{len(whole)} of them from their first line on")
    if left_out:
        print("left out, no library here: " + ", ".join(left_out))
    passed = sum(one.result() for one in started.values())
    print(f"headers: {passed} passed, {len(headers) - passed} failed")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
