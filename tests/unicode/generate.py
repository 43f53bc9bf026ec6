#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Writes include/lading/detail/same_name_tables.hpp: what is needed to see that two file names are one on a system that
ignores case or composes letters. From Python's own Unicode data; `--check` only says whether the file is current for it."""

import pathlib
import sys
import unicodedata

TARGET = pathlib.Path(__file__).resolve().parents[2] / "include/lading/detail/same_name_tables.hpp"


def escaped(text):
    out = ""
    for c in text:
        out += c if c.isascii() and c.isalnum() else f"\\u{ord(c):04X}" if ord(c) < 0x10000 else f"\\U{ord(c):08X}"
    return out


def chunks(items, width):
    line = ""
    for item in items:
        if line and len(line) + len(item) > width:
            yield line
            line = ""
        line += item
    if line:
        yield line


def compositions():
    """By the mark: base, composed, base, composed... Letters of the Basic Multilingual Plane; Hangul is computed."""
    by_mark, singles = {}, []
    for code in range(0x80, 0xFB00):
        text = unicodedata.decomposition(chr(code))
        if not text or text.startswith("<") or 0xAC00 <= code < 0xD7A4 or 0xF900 <= code:
            continue
        parts = [int(p, 16) for p in text.split()]
        if len(parts) == 1:
            singles += [chr(parts[0]) + chr(code)]
        else:
            by_mark.setdefault(parts[1], []).append(chr(parts[0]) + chr(code))
    return by_mark, singles


def folds():
    """Runs of letters that fold to others at one distance, and those that fold to several."""
    runs, several = [], []
    for code in range(0x41, 0x1F000):
        folded = chr(code).casefold()
        if folded == chr(code):
            continue
        if len(folded) > 1:
            several.append((code, folded))
            continue
        delta = ord(folded) - code
        if runs and runs[-1][3] == delta:
            first, last, step, _ = runs[-1]
            gap = code - last
            if gap in (1, 2) and (first == last or gap == step):
                runs[-1] = (first, code, gap, delta)
                continue
        runs.append((code, code, 1, delta))
    return runs, several


def text():
    by_mark, singles = compositions()
    runs, several = folds()
    out = f"""// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Tables of Unicode {unicodedata.unidata_version} for `same_name_key`; written by tests/unicode/generate.py.

#include <array>
#include <cstdint>
#include <string_view>

namespace lading::detail {{

// clang-format off

/// Letters that a mark is composed with: a base, what the two make, the next base...
struct composed_letters {{
    char32_t mark;
    std::u16string_view pairs;
}};
inline constexpr std::array composed_by_mark{{
"""
    for mark, pairs in sorted(by_mark.items()):
        lines = list(chunks([escaped(p) for p in pairs], 140))
        out += f"    composed_letters{{0x{mark:04X}, " + "\n        ".join(f'u"{line}"' for line in lines) + "},\n"
    out += "};\n/// Letters that are another: that, then the letter.\ninline constexpr std::u16string_view other_names_of_letters =\n    "
    out += "\n    ".join(f'u"{line}"' for line in chunks([escaped(p) for p in singles], 140)) + ";\n"
    out += """
/// Every `step`th letter from `first` to `last` is, its case ignored, the one at this distance.
struct folded_letters {
    std::uint32_t first, last;
    std::int32_t step, distance;
};
inline constexpr std::array letters_by_case{
"""
    out += "\n".join("    " + line for line in chunks([f"folded_letters{{0x{a:X},0x{b:X},{s},{d}}}," for a, b, s, d in runs], 140)) + "\n};\n"
    out += "/// A letter, and those that it is, its case ignored.\nstruct letter_of_several {\n    char16_t letter;\n    std::u16string_view is;\n};\n"
    out += "inline constexpr std::array letters_of_several{\n"
    out += "\n".join("    " + line for line in chunks([f'letter_of_several{{0x{c:04X}, u"{escaped(f)}"}}, ' for c, f in several], 140)) + "\n};\n"
    return out + "\n// clang-format on\n\n} // namespace lading::detail\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if TARGET.read_text(encoding="utf-8") == text() else f"{TARGET}: not current")
    TARGET.write_text(text(), encoding="utf-8")
