#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""pushes.py LADING [--kills N] [--attach PROGRAMS,EACH] [PART...]: the program lading sends images to docker-registry, which is told not to check what manifests list, and is killed,
meets a registry that restarts, and has company. Never a tag on something incomplete, never a blob under a wrong digest, and the next run
finishes. Parts: killed, between, restarted, together, attached."""
import argparse
import json
import math
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error

import pushed
from checks import check, ended
from components import Registry
from content import layout_faults
from pushed import sha256


class Restartable(Registry):
    """One that can be ended and begun again at the same port; it then knows of no upload that had begun."""

    def restart(self):
        self.process.kill()
        self.process.wait()
        config = self.log_path.with_suffix(".yml")
        config.write_text(re.sub(r"secret: .*", f"secret: {random.random()}", config.read_text()))
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdin=subprocess.DEVNULL,
                                        stdout=self.log_path.open("ab"), stderr=subprocess.STDOUT, start_new_session=True)


class World:
    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-pushes-"))
        self.registry = Restartable(self.folder, self.folder / "storage")
        self.host = self.registry.host
        self.layout = self.folder / "layout"
        images = [pushed.image(self.host, "source", arch, [3 << 20, 1 << 20, 1000], arch=arch) for arch in ("amd64", "arm64")]
        self.top = pushed.index(self.host, "source", "v1", images)
        self.good("an index to a layout", "copy", "--plain-http", "-q", f"{self.host}/source:v1", f"oci:{self.layout}:v1")

    def close(self):
        self.registry.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *args, out=subprocess.DEVNULL):
        return subprocess.Popen([self.program, *map(str, args)], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)

    def good(self, what, *args):
        done = subprocess.run([self.program, *map(str, args)], capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
        check(what, done.returncode == 0, (done.returncode, done.stderr.decode(errors="replace")))
        return done.stdout.decode()

    def sends(self, name):
        return ["copy", "--plain-http", "-q", f"oci:{self.layout}:v1", f"{self.host}/{name}:v1"]

    def has(self, path, headers=None):
        try:
            return pushed.request(self.host, "GET" if "manifests" in path else "HEAD", path, headers=headers or {})[1]
        except urllib.error.HTTPError as e:
            if e.code == 404:
                return None
            raise

    def faults(self, name, tag="v1", finished=False):
        """What is wrong with a tag: something that it leads to is not there. Nothing when there is no such tag, unless it has to be."""
        wrong, due, types = [], [tag], {"Accept": ", ".join((pushed.OCI, pushed.INDEX, pushed.SCHEMA2, pushed.LIST))}
        while due:
            which = due.pop()
            document = self.has(f"/v2/{name}/manifests/{which}", types)
            if document is None:
                if which != tag or finished:
                    wrong.append(f"no {which}")
                continue
            if which == tag and finished and sha256(document) != self.top.digest:
                wrong.append("another index")
            listed = json.loads(document)
            due += [m["digest"] for m in listed.get("manifests", [])]
            for blob in [*listed.get("layers", []), *([listed["config"]] if "config" in listed else [])]:
                if self.has(f"/v2/{name}/blobs/{blob['digest']}") is None:
                    wrong.append(f"no {blob['digest']}")
        return wrong

    def damaged(self):
        """Blobs of the registry's storage that are not what they are called."""
        out = []
        for path in (self.folder / "storage").glob("docker/registry/v2/blobs/sha256/*/*/data"):
            if sha256(path.read_bytes()) != "sha256:" + path.parent.name:
                out.append(path.parent.name)
        return out


def killed(w, times, kind="killed"):
    """Killed at any moment of a push, or of a copy from repository to repository."""
    def command(name):
        if kind == "killed":
            return w.sends(name)
        return ["copy", "--plain-http", "-q", f"{w.host}/source:v1", f"{w.host}/{name}:v1"]

    whole = math.inf
    for n in range(3):
        begun = time.monotonic()
        w.good(f"{kind}: a whole run", *command(f"{kind}-whole-{n}"))
        whole = min(whole, time.monotonic() - begun)
    early = tagged = 0
    for n in range(times):
        name = f"{kind}-{n}"
        running = w.start(*command(name))
        time.sleep(random.uniform(0, 1.1 * whole))
        running.kill()
        early += running.wait() != 0
        wrong = w.faults(name)
        check(f"{kind} {n}: nothing is half", not wrong, wrong)
        tagged += w.has(f"/v2/{name}/manifests/v1", {"Accept": pushed.INDEX}) is not None
        w.good(f"{kind} {n}: and run again", *command(name))
        wrong = w.faults(name, finished=True)
        check(f"{kind} {n}: all of it", not wrong, wrong)
    check(f"{kind}: in the middle, mostly", early * 3 >= times, (early, times, whole))
    wrong = w.damaged()
    check(f"{kind}: blobs are what they are called", not wrong, wrong)
    print(f"{kind}: {times} runs of {whole * 1000:.0f} ms, {early} killed before their end, {tagged} with the tag")


def between(w, times):
    killed(w, max(times // 4, 1), "between")


def restarted(w, times):
    """The registry is killed and begins again while it is sent to, without its secret: no session is known to it any more."""
    begun = time.monotonic()
    w.good("restarted: a whole run", *w.sends("restarted-whole"))
    whole = time.monotonic() - begun
    survived = 0
    for n in range(max(times // 8, 3)):
        name = f"restarted-{n}"
        running = w.start(*w.sends(name))
        time.sleep(random.uniform(0, whole))
        w.registry.restart()
        said = running.communicate(timeout=120)[1].decode(errors="replace")
        survived += running.returncode == 0
        check(f"restarted {n}: done, or an error with a name", running.returncode == 0 or re.search(r"lading: .*\b[a-z]+_[a-z_]+\b", said), said)
        for _ in range(200):
            try:
                w.has("/v2/source/manifests/v1", {"Accept": pushed.INDEX})
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        wrong = w.faults(name, finished=running.returncode == 0)
        check(f"restarted {n}: nothing is half", not wrong, wrong)
        w.good(f"restarted {n}: and run again", *w.sends(name))
        wrong = w.faults(name, finished=True)
        check(f"restarted {n}: all of it", not wrong, wrong)
    wrong = w.damaged()
    check("restarted: blobs are what they are called", not wrong, wrong)
    print(f"restarted: {survived} of {max(times // 8, 3)} runs went on after it")


def together(w, times, programs=20):
    """Twenty programs at once copy to one layout, images that share most of their layers."""
    shared = os.urandom(1 << 20)
    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
    for n in range(programs):
        own = f"of {n}".encode()
        document = json.dumps({"schemaVersion": 2, "mediaType": pushed.OCI, "config": pushed.descriptor(config, "application/vnd.oci.image.config.v1+json"),
                               "layers": [pushed.descriptor(b, "application/vnd.oci.image.layer.v1.tar") for b in (shared, own)]}).encode()
        pushed.Pushed(w.host, "together", f"v{n}", document, pushed.OCI, [config, shared, own])
    layout = w.folder / "together"
    running = [w.start("copy", "--plain-http", "-q", f"{w.host}/together:v{n}", f"oci:{layout}:v{n}") for n in range(programs)]
    said = [r.communicate(timeout=300)[1] for r in running]
    wrong = layout_faults(layout, [f"v{n}" for n in range(programs)])
    check(f"{programs} programs and one layout", all(r.returncode == 0 for r in running) and not wrong, (wrong, [s for s in said if s]))


def attached(w, times):
    """Programs at once attach files to one image, at a registry that lists no referrers: all are listed afterwards, or whoever
    could not see to that says so, and what is missing is what they name."""
    programs, each = w.attach
    file = w.folder / "note.txt"
    file.write_text("a note")
    image = pushed.image(w.host, "attached", "v1", [1000])
    ref, flags = f"{w.host}/attached:v1", ["--plain-http", "--artifact-type", "application/vnd.example.note"]
    script = f'for n in $(seq {each}); do "$0" artifact attach {" ".join(flags)} --annotation org.example.n="$1-$n" {ref} {file.name} || echo "FAILED $1-$n"; done'
    running = [subprocess.Popen(["bash", "-c", script, w.program, str(p)], cwd=w.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for p in range(programs)]
    said = [r.communicate(timeout=600)[0].decode(errors="replace") for r in running]
    failed = {m for text in said for m in re.findall(r"^FAILED (\S+)$", text, re.M)}
    listed = json.loads(w.has("/v2/attached/manifests/" + image.digest.replace(":", "-"), {"Accept": pushed.INDEX}) or b'{"manifests":[]}')["manifests"]
    here = {m.get("annotations", {}).get("org.example.n") for m in listed}
    wanted = {f"{p}-{n}" for p in range(programs) for n in range(1, each + 1)}
    missing = wanted - here
    check("attached: some are listed", here & wanted, (len(missing), len(failed)))
    check("attached: who is not listed has been told so", missing <= failed, (sorted(missing - failed)[:20], len(missing), len(failed)))
    # What came to the registry and is not listed is named, by its digest, by an error of somebody.
    pushed_as = {}
    for path in (w.folder / "storage").glob("docker/registry/v2/blobs/sha256/*/*/data"):
        if path.stat().st_size < 10_000 and b'"org.example.n"' in (text := path.read_bytes()) and "subject" in (document := json.loads(text)):
            pushed_as["sha256:" + path.parent.name] = document["annotations"]["org.example.n"]
    unlisted = {d for d, n in pushed_as.items() if n in missing}
    named = {d for text in said for line in re.findall(r"^lading: .*$", text, re.M) for d in re.findall("sha256:[0-9a-f]{64}", line)}
    check("attached: errors name what is missing", unlisted <= named, (sorted(unlisted - named), said))
    kind = re.compile(r"^lading: .*\b(timeout|[a-z]+(_[a-z]+)+)\b", re.M)
    check("attached: errors have names", all(len(kind.findall(text)) >= text.count("FAILED ") for text in said), said)
    check("attached: each once", len(listed) == len({m["digest"] for m in listed}), len(listed))
    print(f"attached: {len(here & wanted)} of {len(wanted)} listed, {len(failed)} refused")


PARTS = {"killed": killed, "between": between, "restarted": restarted, "together": together, "attached": attached}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--attach", default="4,4", help="so many programs, each so many: 20,20 takes minutes")
    parser.add_argument("parts", nargs="*")
    given = parser.parse_intermixed_args()
    w = World(given.program)
    w.attach = tuple(map(int, given.attach.split(",")))
    try:
        for part in given.parts or PARTS:
            begun = time.monotonic()
            try:
                PARTS[part](w, given.kills)
            except Exception as e:  # the next part may run all the same
                import traceback
                check(part, False, "".join(traceback.format_exception(e)[-4:]))
            print(f"{part}: {time.monotonic() - begun:.1f} s", flush=True)
    finally:
        w.close()
    return ended("pushes")


if __name__ == "__main__":
    sys.exit(main())
