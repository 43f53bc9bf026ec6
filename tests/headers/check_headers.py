#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every public header compiles alone, without warnings."""
import concurrent.futures
import pathlib
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
headers = sorted((root / "include").rglob("*.hpp"))


def compiles(header):
    # Included from a unit, as users do: a header as the main file warns about `#pragma once`.
    command = ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow",
               "-Werror", f"-I{root / 'include'}", "-x", "c++", "-"]
    text = f'#include "{header.relative_to(root / "include")}"\n'
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    return header, done.returncode, done.stderr


with concurrent.futures.ThreadPoolExecutor(2) as pool:
    bad = [(h, text) for h, status, text in pool.map(compiles, headers) if status]
for header, text in bad:
    print(header.relative_to(root), text[:1500], sep="\n")
print(f"{len(headers) - len(bad)} of {len(headers)} headers compile alone")
sys.exit(1 if bad else 0)
