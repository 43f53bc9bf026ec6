#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""sending.py SENDING [TESTS]: the program pushes, copies and removes at Debian's docker-registry and at the embedded registry. It must
succeed at both, and the requests that it makes must be the same, byte for byte but for names of sessions. What TESTS has under [uploads], which is said of the embedded registry, must hold of
docker-registry, too."""
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

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
            if len(sys.argv) > 2 and sys.argv[2] != "-v":
                rows = subprocess.run([sys.argv[2], "[uploads]"], capture_output=True, timeout=120,
                                      env=dict(os.environ, LADING_TEST_REGISTRY_PORT=str(port)))
                check("the rows of the embedded registry", rows.returncode == 0, rows.stdout.decode())
            real = [r for stream in tap.sent for r in requests_of(stream)]
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
