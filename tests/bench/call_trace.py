#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The headers that one call passes: `client.inspect(ref)` for the tag of a schema2 image, over plain http, with an answer that is
taken at once.

    call_trace.py [INCLUDE]     the headers in INCLUDE (this tree's unless told), with how many of their lines ran

By coverage, from the call to its value and not before: g++ with --coverage at -O0, and gcov. doc/call.md quotes it."""

import gzip
import hashlib
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = """#include <lading/lading.hpp>
#include <cstdio>
#include <cstdlib>
extern "C" void __gcov_reset(void);
extern "C" void __gcov_dump(void);

int main(int, char** argv) {
    lading::client registry(lading::client_options().with_plaintext(argv[1]));
    auto const ref = lading::reference::parse(std::string(argv[1]) + "/library/x:1");
    if (!ref) return 1;
    __gcov_reset();
    auto const image = registry.inspect(ref.value());
    __gcov_dump();
    if (!image) std::fprintf(stderr, "%s\\n", image.error().message().c_str());
    std::_Exit(image && image.value().layers.size() == 1 ? 0 : 1);
}
"""
DOCKER = "application/vnd.docker."


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


LAYER = gzip.compress(b"no tar", mtime=0)
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(b"no tar")]},
                     "history": [{"created_by": "COPY . /"}]}).encode()
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": DOCKER + "distribution.manifest.v2+json",
                       "config": {"mediaType": DOCKER + "container.image.v1+json", "size": len(CONFIG), "digest": digest(CONFIG)},
                       "layers": [{"mediaType": DOCKER + "image.rootfs.diff.tar.gzip", "size": len(LAYER), "digest": digest(LAYER)}]}).encode()


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = {"/v2/library/x/manifests/1": (DOCKER + "distribution.manifest.v2+json", MANIFEST),
                 "/v2/library/x/blobs/" + digest(CONFIG): ("application/octet-stream", CONFIG)}.get(self.path)
        kind, data = found or ("application/json", b"{}")
        self.send_response(200 if found else 404)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def main():
    include = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "include").resolve()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "call.cpp").write_text(UNIT)
        subprocess.run(["g++", "-std=c++20", "-O0", "--coverage", f"-I{include}", "call.cpp", "-o", "call", "-lssl", "-lcrypto", "-lpthread"],
                       cwd=folder, check=True)
        subprocess.run(["./call", f"127.0.0.1:{server.server_address[1]}"], cwd=folder, check=True)
        notes = next(pathlib.Path(folder).glob("*.gcda"))
        text = subprocess.run(["gcov", "--json-format", "--stdout", notes.name], cwd=folder, check=True, capture_output=True, text=True).stdout
    ran = {}
    for report in map(json.loads, text.splitlines()):
        for file in report["files"]:
            path = pathlib.Path(folder, file["file"]).resolve()
            if path.is_relative_to(include):
                lines = ran.setdefault(path.relative_to(include / "lading").as_posix(), set())
                lines.update(line["line_number"] for line in file["lines"] if line["count"])
    passed = {name: lines for name, lines in ran.items() if lines}
    for name in sorted(passed):
        print(f"{len(passed[name]):>5}  {name}")
    of = sum(1 for _ in (include / "lading").rglob("*.[hi]pp"))
    print(f"call trace: {len(passed)} of {of} headers, {sum(map(len, passed.values()))} lines")
    server.shutdown()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
