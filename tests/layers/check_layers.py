#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The rules of the house, checked from the text of the headers: a header includes only its own floor and below, and
each foreign library is known in one place only, and none has more than 450 lines. A table has the rooms: what each is for, its
files, its lines; none has more than a fifth of the lines. Prints every breach; exit status 1 if there is one."""

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
    (r"curl/.*", r"net/curl_\w+\.hpp"),
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

# The rooms: "this is where ... lives".
ROOMS = {
    "": "the words that all use, and the doors",
    "auth": "what logs in",
    "bulk": "what moves whole images, and asks many things side by side",
    "client": "the clients, and their options and policies",
    "config_files": "what reads the configuration files of other programs",
    "constexpr": "a manifest known when compiling",
    "detail": "what has no room of its own: UTF-8, calendar, base64, mutex",
    "document": "the documents of registries, from one reflection",
    "driver": "what waits: blocking, asynchronous, by hand",
    "endpoint": "where a registry is, and how it is spoken to",
    "hash": "the hashes",
    "http": "HTTP as values: messages, URLs, ranges, challenges",
    "impl": "the bodies of what is compiled once",
    "json": "the readers and the writer of JSON",
    "legacy": "Docker's first protocol, and Docker 1.10",
    "middleware": "what wraps an operation: cache, redirects, retries, mirrors",
    "net": "sockets, TLS, connections",
    "operation": "the verbs of the protocol, without I/O",
    "policy": "the concepts of what can be replaced",
    "print": "what writes records as text",
    "protocol": "what operations say to drivers",
    "service": "a registry over a store, without I/O",
    "store": "the places where images are kept",
    "testing": "the registry for tests, scripted transports, kits",
    "unpack": "decompression by other libraries",
}
MOST = 20  # per cent of the lines, for one room
LONGEST = 450  # lines of one header

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
    if (lines := len(text.splitlines())) > LONGEST:
        yield f"{name}: {lines} lines; a header that is one thing has {LONGEST} at most"
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


def rooms(headers):
    """The table; yields a breach for a room that is too large, or that nobody has said the purpose of."""
    found = {}
    for path in headers:
        where = path.relative_to(INCLUDE).parts
        found.setdefault(where[0] if len(where) > 1 else "", []).append(len(path.read_text(encoding="utf-8").splitlines()))
    all_lines = sum(map(sum, found.values()))
    print(f"{'room':<14}{'files':>6}{'lines':>7}{'':>7}  what lives there")
    for name in sorted(found, key=lambda one: -sum(found[one])):
        lines = sum(found[name])
        print(f"{name or 'lading':<14}{len(found[name]):>6}{lines:>7}{100 * lines / all_lines:>6.1f}%  {ROOMS.get(name, '')}")
        if name not in ROOMS:
            yield f"{name}: a room without a purpose; add it to the table"
        if 100 * lines > MOST * all_lines:
            yield f"{name}: more than {MOST} % of the lines"


def main():
    headers = sorted([*INCLUDE.rglob("*.hpp"), *INCLUDE.rglob("*.ipp")])
    found = [*rooms(headers), *(breach for path in headers for breach in breaches(path))]
    for breach in found:
        print(breach)
    print(f"layers: {len(headers)} headers, {len(found)} breaches")
    return 1 if found or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
