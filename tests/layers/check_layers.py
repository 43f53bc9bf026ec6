#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The rules of the house, checked from the text of the headers: a header includes only its own floor and below, and
each foreign library is known in one place only. Prints every breach; exit status 1 if there is one."""

import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include" / "lading"

# Floors, lowest first: what a header is called, as a pattern of its path inside include/lading. The first match
# anywhere in the table counts, so that one file can be put on another floor than its folder.
FLOORS = [
    ("ground", r"(config|version|error|error_groups|warning|result|fault|fwd|limits)\.hpp|detail/.*|policy/json\.hpp"),
    ("words", r"(digest|reference|repository|media_type|platform|platform_match|platform_choice|descriptor|ostream|format|std_hash)\.hpp|store/(blob_sink|transfer_event)\.hpp"),
    ("json and hash", r"(json|hash)/.*|policy/hash\.hpp"),
    ("http", r"http/.*"),
    ("document", r"document/.*|inspection\.hpp"),
    ("constexpr", r"constexpr/.*"),
    ("endpoint", r"endpoint/.*"),
    ("policy", r"policy/.*"),
    ("protocol", r"protocol/.*"),
    ("print", r"print/.*"),
    ("driver", r"driver/.*"),
    ("operation", r"operation/.*"),
    ("auth", r"auth/.*"),
    ("middleware", r"middleware/.*"),
    ("unpack", r"unpack/.*"),
    ("store", r"store/.*"),
    ("service", r"service/.*"),
    ("net", r"net/.*"),
    ("config files", r"config_files/.*"),
    ("bulk", r"bulk/.*"),
    ("client", r"client/.*"),
    ("legacy", r"legacy/.*"),
    ("behind the front", r"impl/.*"),
    ("doors", r"(core|lading|src)\.hpp"),
    ("testing", r"testing/.*|testing\.hpp"),
]

# Foreign headers: pattern of the include, pattern of the paths that may have it. The first match counts.
FOREIGN = [
    (r"asio/(any_io_executor|async_result)\.hpp", r"client/async_client\.hpp|(net|driver|bulk|testing)/.*"),
    (r"asio(/.*|\.hpp)", r"net/.*|driver/(any_handler|asio|outstanding_work)\.hpp|bulk/(each|in_flight)\.hpp|testing/.*"),
    (r"openssl/.*", r"(net|testing)/.*|hash/openssl_hash\.hpp"),
    (r"boost/beast/.*", r"net/.*"),
    (r"boost/hana(/.*|\.hpp)", r"document/reflect/.*"),
    (r"boost/outcome/(basic_result|try)\.hpp", r"result\.hpp"),
    (r"toml\+\+/.*", r"config_files/registries_conf\.hpp"),
    (r"curl/.*", r"net/curl_transport\.hpp"),
    (r"boost/json/.*", r"json/readers/boost_json\.hpp"),
    (r"nlohmann/.*", r"json/readers/nlohmann_json\.hpp"),
    (r"rapidjson/.*", r"json/readers/rapidjson_reader\.hpp"),
    (r"simdjson\.h", r"json/readers/simdjson_dom\.hpp"),
    (r"mbedtls/.*", r"hash/mbedtls_hash\.hpp"),
    (r"lading-needs-C\+\+20", r"config\.hpp"),  # no such file, on purpose
    (r"zlib\.h", r"unpack/zlib_gzip\.hpp"),
    (r"zstd\.h", r"unpack/zstd_frames\.hpp"),
    (r"(boost|catch2)/.*", r"(?!)"),
    (r"bits/.*", r"detail/.*"),  # light parts of libstdc++, each with the standard header elsewhere
    (r"iostream|regex|filesystem|coroutine|lading/.*", r"(?!)"),
    (r"[a-z0-9_]+|(sys|netinet|arpa)/.*|[a-z]+\.h", r".*"),  # the standard library and the system
]

INCLUDE_LINE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
COROUTINE = re.compile(r"\bco_(await|return|yield)\b")


def floor(name):
    for index, (_, pattern) in enumerate(FLOORS):
        if re.fullmatch(pattern, name):
            return index
    return None


def breaches(path):
    name = path.relative_to(INCLUDE).as_posix()
    text = path.read_text(encoding="utf-8")
    own = floor(name)
    if own is None:
        yield f"{name}: on no floor; add it to the table"
        return
    if not text.startswith("// SPDX-License-Identifier: BSL-1.0\n"):
        yield f"{name}: the first line must be the SPDX line"
    if path.suffix == ".hpp" and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield f"{name}: no #pragma once"
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE_LINE.match(line)
        if not match:
            continue
        quoted, system = match.groups()
        if quoted:
            target = (path.parent / quoted).resolve()
            if not target.is_relative_to(INCLUDE):
                yield f'{name}:{number}: "{quoted}" leaves include/lading'
                continue
            if not target.is_file():
                yield f'{name}:{number}: "{quoted}" does not exist'
                continue
            other = floor(target.relative_to(INCLUDE).as_posix())
            if other is not None and other > own:
                yield f'{name}:{number}: {FLOORS[own][0]} must not include "{quoted}" ({FLOORS[other][0]})'
            continue
        for what, where in FOREIGN:
            if re.fullmatch(what, system):
                if not re.fullmatch(where, name):
                    yield f"{name}:{number}: <{system}> is not allowed here"
                break
        else:
            yield f"{name}:{number}: <{system}> is in no row of the table"
    if match := COROUTINE.search(COMMENT.sub("", text)):
        yield f"{name}: {match.group()} in the library"


def main():
    headers = sorted([*INCLUDE.rglob("*.hpp"), *INCLUDE.rglob("*.ipp")])
    found = [breach for path in headers for breach in breaches(path)]
    for breach in found:
        print(breach)
    print(f"layers: {len(headers)} headers, {len(found)} breaches")
    return 1 if found or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
