#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What sending costs, against the floor (push_floor.c) and skopeo, over docker-registry.

    python3 tests/bench/push.py [--runs 9] [--mib 100] [--many 1000] [--cancel 200] [--only push,copy,many,cancel] [--no-build] [--folder DIR]

push: ten layers of MIB, and one blob of ten times as much, from an OCI layout; medians of wall, CPU and peak memory, and their
ratios to the floor of the same run. copy: the same from one registry to another, beside the slower of pull and push. many: images
of which the other registry has all, the requests for each from both access logs; then into another repository of one registry, where
each blob is mounted, beside `skopeo sync`. skopeo is given an empty cache each time: it would mount what it sent before. cancel: from the request to the end of a pull, by stop token, by slot and by SIGINT.
Every push is to a new repository. Writes build/bench/push.txt."""
import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

from pull import BENCH, CONFIG, LAYER, MANIFEST, ROOT, Pushing, Registry, config_of, in_turn, spend, table

PROGRAM = ROOT / "build" / "bench" / "examples" / "lading"
GZIP = LAYER + "+gzip"  # and begins as gzip does: skopeo compresses what is not


def skopeo(*arguments):
    cache = "/var/lib/containers/cache"
    if os.geteuid():
        return ["sh", "-c", 'XDG_DATA_HOME=$(mktemp -d) exec skopeo "$@"', "-", "--insecure-policy", *arguments]
    return ["unshare", "-m", "sh", "-c", f'mkdir -p {cache} && mount -t tmpfs none {cache} && exec skopeo "$@"', "-", "--insecure-policy", *arguments]


class Layout:
    """An OCI layout with one image a name."""

    def __init__(self, folder):
        self.folder, self.entries = folder, []
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def add(self, media_type, pieces):
        sum_, size, part = hashlib.sha256(), 0, self.folder / "part"
        with part.open("wb") as out:
            for piece in pieces:
                out.write(piece)
                sum_.update(piece)
                size += len(piece)
        part.rename(self.folder / "blobs" / "sha256" / sum_.hexdigest())
        return {"mediaType": media_type, "digest": "sha256:" + sum_.hexdigest(), "size": size}

    def image(self, name, layers):
        config = self.add(CONFIG, [config_of(name)])
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        entry = self.add(MANIFEST, [json.dumps(document).encode()])
        self.entries.append(entry | {"annotations": {"org.opencontainers.image.ref.name": name}})
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.entries}))


def layer_of(mib):
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + os.urandom((1 << 20) - 10)
    for _ in range(mib - 1):
        yield os.urandom(1 << 20)


class Bench:
    def __init__(self, chosen, folder, say):
        self.chosen, self.folder, self.say, self.number = chosen, folder, say, 0
        self.here, self.there = (Registry(folder, folder / name) for name in ("storage", "storage-there"))

    def stop(self):
        self.here.stop()
        self.there.stop()

    def anew(self, registry):
        """A repository that nothing has been sent to."""
        self.number += 1
        return f"{registry.host}/bench/r{self.number}"

    def images(self):
        layout = Layout(self.folder / "layout")
        mib = self.chosen.mib
        self.sets = {}
        for name, title, count, each in (("ten", f"ten layers of {mib} MiB", 10, mib), ("one", f"one blob of {10 * mib} MiB", 1, 10 * mib)):
            layers = [layout.add(GZIP, layer_of(each)) for _ in range(count)]
            layout.image(name, layers)
            self.sets[name] = title, [d["digest"][7:] + ":" + str(d["size"]) for d in layers]
        self.layout = layout.folder

    def push(self):
        blobs = self.layout / "blobs" / "sha256"
        for name, (title, sizes) in self.sets.items():
            programs = {
                "floor": lambda out: [BENCH / "bench_push_floor", self.here.host, self.anew(self.here).split("/", 1)[1], blobs, 2, *sizes],
                "lading, 4 lanes": lambda out: [BENCH / "bench_copy", f"oci:{self.layout}:{name}", self.anew(self.here) + ":" + name],
                "lading, 2 lanes": lambda out: [BENCH / "bench_copy", f"oci:{self.layout}:{name}", self.anew(self.here) + ":" + name, 2],
            }
            if shutil.which("skopeo"):
                programs["skopeo"] = lambda out: skopeo("copy", "--dest-tls-verify=false",
                                                      f"oci:{self.layout}:{name}", f"docker://{self.anew(self.here)}:{name}")
            table("push: " + title, in_turn(programs, self.chosen.runs, self.folder), self.say)

    def copy(self):
        for name, (title, _) in self.sets.items():
            source = f"{self.here.host}/bench/source:{name}"
            spend([BENCH / "bench_copy", f"oci:{self.layout}:{name}", source])
            programs = {
                "pull": lambda out: [BENCH / "bench_pull", source, out / "layout"],
                "push": lambda out: [BENCH / "bench_copy", f"oci:{self.layout}:{name}", self.anew(self.there) + ":" + name],
                "copy": lambda out: [BENCH / "bench_copy", source, self.anew(self.there) + ":" + name],
            }
            if shutil.which("skopeo"):
                programs["skopeo"] = lambda out: skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false",
                                                      f"docker://{source}", f"docker://{self.anew(self.there)}:{name}")
            medians = in_turn(programs, self.chosen.runs, self.folder)
            slower = max((medians.pop("pull"), medians.pop("push")), key=lambda row: row[1])
            table("copy between registries: " + title + "; the floor is the slower of pull and push", {"floor": slower, **medians}, self.say)

    def many(self):
        n = self.chosen.many
        small = next(layer_of(1))[:100]
        for registry in (self.here, self.there):
            tiny = Pushing(registry.host, "bench/tiny")
            layer = tiny.blob(GZIP, small)
            for i in range(n):
                tiny.image(f"t{i}", tiny.blob(CONFIG, config_of(i)), [layer])

        def counted(title, command, *registries):
            before = [self.asked(registry) for registry in registries]
            cpu, wall, peak = spend(command)
            each = " + ".join(f"{(self.asked(registry) - count) / n:.2f}" for registry, count in zip(registries, before))
            self.say(f"{title:<26}{wall:>8.2f} s{cpu:>8.2f} s CPU{peak:>8.1f} MiB   requests an image: {each}")
            return wall

        self.say(f"{n} images")
        counted("there already", [BENCH / "bench_copy", "--many", n, f"{self.here.host}/bench/tiny", f"{self.there.host}/bench/tiny"], self.here, self.there)
        ours = counted("mounted", [BENCH / "bench_copy", "--many", n, f"{self.here.host}/bench/tiny", f"{self.here.host}/bench/moved"], self.here)
        if shutil.which("skopeo"):
            theirs = counted("mounted, skopeo sync", skopeo("sync", "--src", "docker", "--dest", "docker", "--src-tls-verify=false",
                                                      "--dest-tls-verify=false", f"{self.here.host}/bench/tiny", f"{self.here.host}/synced"), self.here)
            self.say(f"{'':<26}{ours / theirs:>8.2f}x the wall time of skopeo")
        self.say("")

    @staticmethod
    def asked(registry):
        time.sleep(0.2)  # the log is written after the answer
        return sum('"' + method + " /" in line for line in registry.log_path.read_text(errors="replace").splitlines()
                   for method in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"))

    def cancel(self):
        name = "one"
        source = f"{self.here.host}/bench/source:{name}"
        spend([BENCH / "bench_copy", f"oci:{self.layout}:{name}", source])
        out = self.folder / "out"
        out.mkdir()
        said = subprocess.run([BENCH / "bench_cancel", source, out, str(self.chosen.cancel)], check=True, capture_output=True, text=True)
        self.say(f"cancelled while {self.sets[name][0]} is pulled\n{said.stdout.rstrip()}")
        taken, statuses = [], set()
        for _ in range(self.chosen.cancel):
            process = subprocess.Popen([PROGRAM, "pull", "--plain-http", source, f"oci:{out}/layout:{name}"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.05 + random.random() * 0.4)
            if process.poll() is None:
                asked = time.monotonic()
                process.send_signal(signal.SIGINT)
                statuses.add(process.wait())
                taken.append((time.monotonic() - asked) * 1000)
            shutil.rmtree(out / "layout", ignore_errors=True)
        shutil.rmtree(out)
        if taken:
            taken.sort()
            self.say(f"{'SIGINT, the program':<20} {len(taken):>4} of {self.chosen.cancel} stopped   p50 {statistics.median(taken):7.2f} ms"
                     f"   p99 {taken[min(len(taken) - 1, int(0.99 * len(taken)))]:7.2f} ms   most {taken[-1]:7.2f} ms   exit status {sorted(statuses)}")
        self.say("")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=9)
    options.add_argument("--mib", type=int, default=100)
    options.add_argument("--many", type=int, default=1000)
    options.add_argument("--cancel", type=int, default=200)
    options.add_argument("--only", type=lambda text: text.split(","), default=["push", "copy", "many", "cancel"])
    options.add_argument("--no-build", action="store_true")
    options.add_argument("--folder")
    chosen = options.parse_args()
    if not chosen.no_build:
        subprocess.run(["cmake", "--preset", "bench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", "--preset", "bench", "--target", "bench_pull", "bench_copy", "bench_cancel", "bench_push_floor", "bench_spend",
                        "lading_program"], cwd=ROOT, check=True)
    lines = []

    def say(text):
        print(text, flush=True)
        lines.append(text)

    folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-push-", dir=chosen.folder))
    bench = Bench(chosen, folder, say)
    try:
        bench.images()
        for part in chosen.only:
            getattr(bench, part)()
        (ROOT / "build" / "bench" / "push.txt").write_text("\n".join(lines) + "\n")
    finally:
        bench.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
