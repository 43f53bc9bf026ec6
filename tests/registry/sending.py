#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""sending.py SENDING [TESTS] [--race]: the program pushes, copies and removes at Debian's docker-registry and at the embedded registry. It must
succeed at both, and the requests that it makes must be the same, byte for byte but for names of sessions. Some attach to one image side by side, with --race twenty, twenty times each. What TESTS has under [uploads], which is said of the embedded registry, must hold of
docker-registry, too."""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from components import free_port

program = sys.argv[1]
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}: {str(detail)[:3000]}")


class Tap:
    """Passes connections on to a registry, and keeps what clients sent and what they were answered."""

    def __init__(self, port):
        self.to, self.sent, self.answered = port, [], []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.server.accept()
            upstream = socket.create_connection(("127.0.0.1", self.to))
            sent, answered = bytearray(), bytearray()
            self.sent.append(sent)
            self.answered.append(answered)
            threading.Thread(target=self.pump, args=(client, upstream, sent), daemon=True).start()
            threading.Thread(target=self.pump, args=(upstream, client, answered), daemon=True).start()

    @staticmethod
    def pump(source, sink, into):
        try:
            while data := source.recv(1 << 16):
                into += data
                sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def requests_of(stream):
    """The requests of a connection that were sent whole: head lines, and how many bytes follow."""
    out = []
    while stream:
        head, _, rest = bytes(stream).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        length = next((int(l.split(":")[1]) for l in lines if l.lower().startswith("content-length:")), 0)
        if len(rest) < length:
            break
        out.append(([lines[0].removesuffix(" HTTP/1.1"), *lines[1:]], length))
        stream = rest[length:]
    return out


def plain(lines):
    """Without what is different each time."""
    text = "\n".join(lines)
    text = re.sub(r"/blobs/uploads/[^/?\s]+\?_state=[^&\s]+", "/blobs/uploads/U?_state=S", text)
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", text)


def race(port, writers, each):
    """Processes that attach to one image side by side, at a registry that lists nothing itself: what each pushed is listed, or named as missing."""
    began = time.monotonic()
    running = [subprocess.Popen([program, f"127.0.0.1:{port}", "race", f"writer-{n}", str(each)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for n in range(writers)]
    outputs = [p.communicate(timeout=1200) for p in running]
    took = time.monotonic() - began
    check("race", all(p.returncode == 0 for p in running), b"".join(err for _, err in outputs).decode())
    named = {line for out, _ in outputs for line in out.decode().split()}
    base = f"http://127.0.0.1:{port}/v2/r/manifests/"
    accept = {"Accept": "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"}
    get = lambda name: urllib.request.urlopen(urllib.request.Request(base + name, headers=accept))
    subject = get("v1").headers["Docker-Content-Digest"]
    listed = [m for m in json.load(get(subject.replace(":", "-")))["manifests"]]
    names = {m["annotations"]["name"] for m in listed if m["annotations"]["name"].startswith("writer-")}
    lost = {f"writer-{n}-{i}" for n in range(writers) for i in range(each)} - names
    check("race: each once", len({m["digest"] for m in listed}) == len(listed))
    check("race: some are listed", names)
    check("race: all are listed, or named", lost <= named, (sorted(lost - named), sorted(named)))
    print(f"race: {len(names)} of {writers * each} referrers listed, {len(named)} named as missing, {took:.1f} s")


def main():
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        config = pathlib.Path(folder) / "config.yml"
        config.write_text(f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}, "
                          f"delete: {{enabled: true}}}}\nhttp: {{addr: 127.0.0.1:{port}, secret: x}}\n")
        registry = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(200):
                with socket.socket() as s:
                    if s.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            tap = Tap(port)
            done = subprocess.run([program, f"127.0.0.1:{tap.port}"], capture_output=True, timeout=120)
            check("docker-registry", done.returncode == 0, done.stderr.decode())
            if len(sys.argv) > 2 and not sys.argv[2].startswith("-"):
                rows = subprocess.run([sys.argv[2], "[uploads]"], capture_output=True, timeout=120,
                                      env=dict(os.environ, LADING_TEST_REGISTRY_PORT=str(port)))
                check("the rows of the embedded registry", rows.returncode == 0, rows.stdout.decode())
            real = [r for stream in tap.sent for r in requests_of(stream)]
            race(port, *((20, 20) if "--race" in sys.argv else (6, 4)))
        finally:
            registry.terminate()
            registry.wait()
    done = subprocess.run([program], capture_output=True, timeout=120)
    check("the embedded registry", done.returncode == 0, done.stderr.decode())
    embedded = []
    for block in done.stdout.decode().strip().split("\n\n"):
        *lines, last = block.split("\n")
        embedded.append((lines, int(last.split()[0]), int(last.split()[-1])))
    check("as many requests", len(real) == len(embedded), (len(real), len(embedded)))
    for (theirs, theirs_size), (ours, ours_size, status) in zip(real, embedded):
        check(ours[0], plain(theirs) == plain(ours) and theirs_size == ours_size, f"\n{plain(theirs)}\n--\n{plain(ours)}")
    if "-v" in sys.argv:
        for lines, size in real:
            print(plain(lines[:1]), size)
    print(f"sending: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    os.environ["no_proxy"] = "127.0.0.1"
    sys.exit(main())
