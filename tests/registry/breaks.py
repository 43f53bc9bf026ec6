#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Blobs of real sizes from docker-registry, over what breaks.

    breaks.py PROGRAM [--mib N]     PROGRAM is lading, or bench_blob (tests/bench/blob.cpp), which knows the size

A proxy that drops the connection after every k bytes: one run brings the blob, with at most 1.02 times its bytes. A proxy that drops
after each sixteenth, and a program that is killed there: the next run asks for the rest and for no more. Ends with
"breaks: N passed, N failed"."""
import argparse
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from components import Registry  # noqa: E402


class Proxy:
    """Passes connections on, and drops each after so many bytes of what comes back; 0 for never. With `stall` it keeps it open then,
    silent, and says so."""

    def __init__(self, to):
        self.to, self.most, self.stall = to, 0, False
        self.passed, self.stalled = 0, threading.Event()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.create_connection(("127.0.0.1", self.to))
        threading.Thread(target=self.forward, args=(client, server), daemon=True).start()
        left = self.most or sys.maxsize
        try:
            while left > 0:
                piece = server.recv(min(left, 1 << 16))
                if not piece:
                    break
                left -= len(piece)
                client.sendall(piece)
                with self.lock:
                    self.passed += len(piece)
            if left == 0 and self.stall:
                self.stalled.set()
                client.recv(1)
        except OSError:
            pass
        for s in (client, server):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    @staticmethod
    def forward(client, server):
        try:
            while piece := client.recv(1 << 16):
                server.sendall(piece)
        except OSError:
            pass


def put(registry, data):
    """Stores a blob without a client; its digest."""
    import urllib.request
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    begun = urllib.request.urlopen(urllib.request.Request(f"http://{registry.host}/v2/r/blobs/uploads/", method="POST"), timeout=20)
    where = begun.headers["Location"] + "&digest=" + digest
    urllib.request.urlopen(urllib.request.Request(where, data=data, method="PUT", headers={"Content-Type": "application/octet-stream"}), timeout=120)
    return digest


class Runs:
    def __init__(self, program, folder, registry, proxy, data, digest):
        self.program, self.folder, self.registry, self.proxy, self.data, self.digest = program, folder, registry, proxy, data, digest
        self.passed = self.failed = 0
        self.file = folder / "blob"
        self.part = folder / "blob.part"

    def command(self):
        if self.program.name.startswith("lading"):
            return [self.program, "blob", "get", "--plain-http", "-o", self.file, f"{self.proxy.host}/r@{self.digest}"]
        return [self.program, self.proxy.host, "r", self.digest, str(len(self.data)), str(self.file)]

    def run(self):
        return subprocess.run(self.command(), capture_output=True, timeout=300)

    def check(self, what, holds, more=""):
        self.passed += bool(holds)
        self.failed += not holds
        if not holds:
            print(f"FAILED: {what} {more}")

    def fresh(self, most, stall=False):
        self.file.unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)
        self.proxy.most, self.proxy.stall, self.proxy.passed = most, stall, 0
        self.proxy.stalled.clear()

    def is_whole(self):
        return self.file.exists() and self.file.read_bytes() == self.data and not self.part.exists()

    def drops(self):
        for k in (128 << 10, 1 << 20, len(self.data) // 3):
            self.fresh(k)
            done = self.run()
            name = f"dropped after every {k} bytes"
            self.check(name, done.returncode == 0 and self.is_whole(), done.stderr.decode())
            ratio = self.proxy.passed / len(self.data)
            print(f"{name}: {ratio:.4f} of its bytes")
            self.check(name + ": bytes", ratio <= 1.02, str(ratio))

    def kills(self):
        for i in range(1, 17):
            at = len(self.data) * i // 16
            self.fresh(at, stall=True)
            running = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.proxy.stalled.wait(60)
            deadline = time.monotonic() + 60 # what the proxy has sent is on its way to the file
            while time.monotonic() < deadline and (not self.part.exists() or at - self.part.stat().st_size >= 64 << 10):
                time.sleep(0.05)
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
            name = f"killed at {i}/16"
            there = self.part.stat().st_size
            self.check(name, not self.file.exists() and at - there < 64 << 10, str((at, there)))
            self.proxy.most, self.proxy.stall, self.proxy.passed = 0, False, 0
            done = self.run()
            self.check(name + ", and run again", done.returncode == 0 and self.is_whole(), done.stderr.decode())
            self.check(name + ": bytes", self.proxy.passed <= len(self.data) - there + (64 << 10), str(self.proxy.passed))

    def full_disk(self):
        """On a small file system of its own, with room for each sixteenth."""
        disk = self.folder / "disk"
        disk.mkdir()
        for i in range(1, 16):
            room = len(self.data) * i // 16
            if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", disk], capture_output=True).returncode:
                print("no file system can be mounted: a full disk is not tried")
                return
            try:
                self.proxy.most, self.proxy.stall, self.proxy.passed = 0, False, 0
                self.file, before = disk / "blob", self.file
                done = self.run()
                self.file = before
                name = f"room for {i}/16"
                said = done.stderr.decode()
                self.check(name, done.returncode == 1 and "disk_full" in said and not (disk / "blob").exists(), said)
            finally:
                subprocess.run(["umount", disk], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--mib", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lading-breaks-") as name:
        folder = pathlib.Path(name)
        registry = Registry(folder, folder / "storage")
        proxy = Proxy(registry.port)
        try:
            data = os.urandom(options.mib << 20)
            runs = Runs(options.program.resolve(), folder, registry, proxy, data, put(registry, data))
            runs.drops()
            runs.kills()
            runs.full_disk()
        finally:
            registry.stop()
            proxy.listener.close()
    print(f"breaks: {runs.passed} passed, {runs.failed} failed")
    return runs.failed > 0


if __name__ == "__main__":
    sys.exit(main())
