#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What a pull costs: docker-registry to an OCI layout, against the floor (pull_floor.c) and skopeo.

    python3 tests/bench/pull.py [--runs 9] [--tiny 10000] [--no-build] [--folder DIR]

Ten layers of 100 MiB, and one blob of 1 GiB; the medians of wall, CPU and peak memory, and their ratios to the floor of the same
run. Then tiny images into one layout: images a second, and peak memory at a tenth of them and at all. Every run writes to a new
folder below DIR (default: the temporary folder). Writes build/bench/pull.txt."""
import argparse
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "registry"))
from components import Registry  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "build" / "bench" / "tests" / "bench"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Pushing:
    """Uploads to one repository over one connection."""

    def __init__(self, host, name):
        self.connection, self.name = http.client.HTTPConnection(host, timeout=60), name

    def send(self, method, path, body=b"", media_type="application/octet-stream"):
        self.connection.request(method, path, body, {"Content-Type": media_type})
        answer = self.connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status}")
        return answer.headers.get("Location", "")

    def blob(self, media_type, body):
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        where = self.send("POST", f"/v2/{self.name}/blobs/uploads/")
        where = where[where.index("/v2/"):] + ("&" if "?" in where else "?") + "digest=" + digest
        self.send("PUT", where, body)
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    def image(self, tag, config, layers):
        body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).encode()
        self.send("PUT", f"/v2/{self.name}/manifests/{tag}", body, MANIFEST)


def config_of(number):
    return json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}, "author": str(number)}).encode()


LAYER, CONFIG = "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.config.v1+json"


def spend(command):
    said = subprocess.run([BENCH / "bench_spend", *map(str, command)], capture_output=True, text=True, check=True)
    cpu, wall, peak, status = said.stdout.split()
    if status != "0":
        raise RuntimeError(f"{' '.join(map(str, command))}: exit status {status}\n{said.stderr}")
    return float(cpu) / 1e6, float(wall) / 1e6, float(peak) / 1024


def in_turn(programs, runs, folder):
    seen = {name: [] for name in programs}
    for number in range(runs + 1):
        for name, command in programs.items():
            out = folder / "out"
            out.mkdir()
            os.sync()  # what others have written is not waited for in this one's time
            used = spend(command(out))
            shutil.rmtree(out)
            if number:  # one run each is for the caches
                seen[name].append(used)
    return {name: [statistics.median(column) for column in zip(*used)] for name, used in seen.items()}


def table(title, medians, say):
    floor = medians["floor"]
    say(f"{title}\n{'':<16}{'wall s':>9}{'':>8}{'CPU s':>9}{'':>8}{'MiB':>8}")
    for name, (cpu, wall, peak) in medians.items():
        say(f"{name:<16}{wall:>9.2f}{wall / floor[1]:>7.2f}x{cpu:>9.2f}{cpu / floor[0]:>7.2f}x{peak:>8.1f}")
    say("")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=9)
    options.add_argument("--tiny", type=int, default=10000)
    options.add_argument("--no-build", action="store_true")
    options.add_argument("--folder")
    chosen = options.parse_args()
    if not chosen.no_build:
        subprocess.run(["cmake", "--preset", "bench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", "--preset", "bench", "--target", "bench_pull", "bench_pull_floor", "bench_spend"], cwd=ROOT, check=True)
    lines = []

    def say(text):
        print(text, flush=True)
        lines.append(text)

    folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-pull-", dir=chosen.folder))
    registry = Registry(folder, folder / "storage")
    try:
        pushing = Pushing(registry.host, "bench/app")
        images = {"ten layers of 100 MiB": ("ten", 10, 100 << 20), "one blob of 1 GiB": ("one", 1, 1 << 30)}
        for title, (tag, count, size) in images.items():
            config = pushing.blob(CONFIG, config_of(0))
            layers = [pushing.blob(LAYER, os.urandom(size)) for _ in range(count)]
            pushing.image(tag, config, layers)
            blobs = [d["digest"][7:] + ":" + str(d["size"]) for d in layers]
            programs = {
                "floor": lambda out: [BENCH / "bench_pull_floor", registry.host, "bench/app", out, 2, *blobs],
                "lading, 4 lanes": lambda out: [BENCH / "bench_pull", f"{registry.host}/bench/app:{tag}", out / "layout"],
                "lading, 2 lanes": lambda out: [BENCH / "bench_pull", f"{registry.host}/bench/app:{tag}", out / "layout", 2],
            }
            if shutil.which("skopeo"):
                programs["skopeo"] = lambda out: ["skopeo", "--insecure-policy", "copy", "--src-tls-verify=false",
                                                  f"docker://{registry.host}/bench/app:{tag}", f"oci:{out}/layout:{tag}"]
            table(title, in_turn(programs, chosen.runs, folder), say)

        if chosen.tiny:
            tiny = Pushing(registry.host, "bench/tiny")
            layer = tiny.blob(LAYER, b"tiny")
            for i in range(chosen.tiny):
                tiny.image(f"t{i}", tiny.blob(CONFIG, config_of(i)), [layer])
            say("tiny images into one layout")
            for n in (chosen.tiny // 10, chosen.tiny):
                out = folder / "out"
                out.mkdir()
                cpu, wall, peak = spend([BENCH / "bench_pull", "--many", n, f"{registry.host}/bench/tiny", out / "layout"])
                shutil.rmtree(out)
                say(f"{n:>8} images{n / wall:>9.0f} a second{cpu * 1e3 / n:>8.2f} ms CPU each{peak:>8.1f} MiB")
        (ROOT / "build" / "bench" / "pull.txt").write_text("\n".join(lines) + "\n")
    finally:
        registry.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
