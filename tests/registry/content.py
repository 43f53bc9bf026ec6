#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""content.py LADING [--kills N] [--large] [PART...]: the program lading brings images and artifacts from docker-registry to disk, and
what it has written is read back by skopeo, umoci and podman, with equal digests; it is killed, interrupted, cut off and given full
disks; what it pushes is read back from there; artifacts, tags and indexes are made. Parts: forms, sent, making, tools, killed, interrupted, cut, full, streamed, together,
large. Everything is in a folder of its own."""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

import pushed
from checks import check, ended
from components import Images, Registry, run
from middle import Middle
from pushed import sha256

PLATFORM = "linux/amd64"
KEPT = 64 << 10  # bytes of a blob that may be fetched again after a loss
SOCKETS = 192 << 10  # bytes that the sockets of both sides may hold, which went out and were never read
class World:
    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-content-"))
        self.storage = ["--root", self.folder / "root", "--runroot", self.folder / "run", "--storage-driver", "vfs"]
        self.policy = self.folder / "policy.json"
        self.policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
        self.registry = Registry(self.folder, self.folder / "storage")
        self.host = self.registry.host
        self.counter = 0

    def close(self):
        self.registry.stop()
        if hasattr(self, "another"):
            self.another.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def place(self, name=""):
        """A path that nothing has."""
        self.counter += 1
        return self.folder / f"{name or 'place'}-{self.counter}"

    def lading(self, *args, **more):
        done = subprocess.run([self.program, *map(str, args)], capture_output=True, timeout=120, stdin=subprocess.DEVNULL, **more)
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def good(self, what, *args):
        """A run that has to succeed; its stdout."""
        status, out, err = self.lading(*args)
        check(what, status == 0, (status, err))
        return out

    def skopeo(self, *args):
        return run("skopeo", "--policy", self.policy, *args)

    def manifest_digest(self, place):
        """The digest of the top document at a place, as skopeo has it."""
        raw = self.folder / "raw"
        raw.write_bytes(run("skopeo", "inspect", "--raw", place))
        return run("skopeo", "manifest-digest", raw).decode().strip()

    def same_digest(self, what, place, digest, docker):
        """The digest at a place that is a layout, and that skopeo reads all of it. Of layouts with Docker's types skopeo does not read any: it is
        given the copy that we make of it as a folder."""
        if docker:
            folder = self.place("dir")
            self.good(f"{what}, to a folder for skopeo", "copy", "-q", place, f"dir:{folder}")
            place = f"dir:{folder}"
        check(f"{what}: the digest", self.manifest_digest(place) == digest)
        self.skopeo("copy", "-q", "--all", place, f"dir:{self.place()}")

    def podman_load(self, archive):
        """The IDs of the images that an archive holds, and their names."""
        run("podman", *self.storage, "load", "-q", "-i", archive)
        listed = json.loads(run("podman", *self.storage, "images", "--format", "json", "--no-trunc"))
        run("podman", *self.storage, "rmi", "-a", "-f")
        return {i["Id"].removeprefix("sha256:") for i in listed}, {n for i in listed for n in i.get("Names") or []}


def layout_faults(folder, complete=()):
    """What is wrong with a layout: a blob under its final name that is not what it is called, an entry that leads to something
    incomplete. Of a run that was killed before it had made the layout there is nothing to say."""
    if not folder.exists() or not (folder / "index.json").exists():
        return [f"no index, but {p}" for p in folder.glob("blobs/*/*") if not p.name.startswith(".")]
    wrong = []
    try:
        if json.loads((folder / "oci-layout").read_text())["imageLayoutVersion"] != "1.0.0":
            wrong.append("oci-layout")
        index = json.loads((folder / "index.json").read_text())
    except (OSError, ValueError, KeyError) as e:
        return [f"the layout cannot be read: {e}"]
    blobs = {}
    for path in folder.glob("blobs/sha256/*"):
        if not path.name.startswith("."):
            data = path.read_bytes()
            blobs["sha256:" + path.name] = data
            if sha256(data) != "sha256:" + path.name:
                wrong.append(f"{path.name}: other bytes")

    def walk(d):
        data = blobs.get(d["digest"])
        if data is None or len(data) != d.get("size", len(data)):
            return wrong.append(f"{d['digest']} is not there")
        if "manifest" in d.get("mediaType", "") or "index" in d.get("mediaType", ""):
            document = json.loads(data)
            for child in [*document.get("manifests", []), *({"digest": l["blobSum"]} for l in document.get("fsLayers", [])), *document.get("layers", []), *([document["config"]] if "config" in document else [])]:
                walk(child)

    for entry in index["manifests"]:
        walk(entry)
    names = [e.get("annotations", {}).get("org.opencontainers.image.ref.name") for e in index["manifests"]]
    return wrong + [f"no {name}" for name in complete if name not in names]


def top_of(layout, name):
    """The digest and the document that a name leads to."""
    index = json.loads((layout / "index.json").read_text())
    digest = next(e["digest"] for e in index["manifests"] if e["annotations"]["org.opencontainers.image.ref.name"] == name)
    return digest, json.loads((layout / "blobs" / digest.replace(":", "/")).read_bytes())


def folder_faults(folder, files):
    """What is wrong with a folder of an artifact's files: a name that has anything but the whole file."""
    return [title for title, data in files.items() if (folder / title).exists() and (folder / title).read_bytes() != data]


# ---- the forms ------------------------------------------------------------------------------------------------------


def forms(w):
    """Every kind of image into every form, read back."""
    images = Images(w.folder, w.registry)
    images.make("three", 3, "--architecture", "amd64", "--os", "linux", "--config.label", "a=<b> & c")
    for fmt in ("v2s1", "v2s2", "oci"):
        images.push("three", fmt, f"made/{fmt}:1")
    a = pushed.image(w.host, "multi", "amd64", [3000, 0, 200_000])
    b = pushed.image(w.host, "multi", "arm64", [5000], arch="arm64")
    pushed.index(w.host, "multi", "both", [a, b])
    d = [pushed.image(w.host, "docker", arch, [4000, 100], arch=arch, docker=True) for arch in ("amd64", "arm64")]
    pushed.index(w.host, "docker", "both", d, docker=True)
    files = {"model.bin": os.urandom(300_000), "empty": b"", "a/b/notes.txt": b"read me\n"}
    art = pushed.artifact(w.host, "files", "1", files)

    for name in ("made/v2s2:1", "made/oci:1", "multi:amd64", "multi:both", "docker:amd64", "docker:both"):
        one_image(w, name)
    chosen(w, a)
    schema1(w)
    artifacts(w, art, files)
    between(w)


def one_image(w, name):
    ref = f"{w.host}/{name}"
    plain = ("pull", "--plain-http", "-q")
    raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{ref}")
    digest, is_index = sha256(raw), b'"manifests"' in raw
    config = sha256(run("skopeo", "inspect", "--config", "--raw", "--tls-verify=false", f"docker://{ref}"))
    tag = name.split(":")[1]
    docker = b"vnd.docker" in raw

    layout = w.place("layout")
    out = w.good(f"{name} to a layout", *plain, ref, f"oci:{layout}:named")
    check(f"{name}: the line that is printed", out == f"{ref}@{digest}\n", out)
    w.same_digest(f"{name} to a layout", f"oci:{layout}:named", digest, docker)
    check(f"{name}: the layout is whole", not layout_faults(layout, ["named"]), layout_faults(layout, ["named"]))
    again = w.lading("pull", "--plain-http", "--progress", "json", ref, f"oci:{layout}:named")
    check(f"{name}: again, nothing is fetched", again[0] == 0 and '"state":"started"' not in again[2], again)
    if not is_index and not docker:  # umoci reads OCI images only
        bundle = w.place("bundle")
        run("umoci", "unpack", "--image", f"{layout}:named", bundle)
        check(f"{name}: umoci unpacks it", any((bundle / "rootfs").iterdir()))

    layout = w.place("layout")
    w.good(f"{name}, --format oci", *plain, "--format", "oci", ref, layout)
    w.same_digest(f"{name}, --format oci", f"oci:{layout}:{tag}", digest, docker)

    archive = w.place("oci.tar")
    w.good(f"{name} to an OCI archive", *plain, "--format", "oci-archive", ref, archive)
    w.same_digest(f"{name} to an OCI archive", f"oci-archive:{archive}:{tag}", digest, docker)
    check(f"{name}: no part is left", not list(w.folder.glob(f"{archive.name}.*")), list(w.folder.glob(f"{archive.name}*")))
    status, _, err = w.lading(*plain, "--format", "oci-archive", ref, archive)
    check(f"{name}: an archive that is there stays", status == 1 and "archive_exists" in err, (status, err))
    w.good(f"{name}: --overwrite replaces it", *plain, "--overwrite", "--format", "oci-archive", ref, archive)

    archive = w.place("docker.tar")
    platform = ["--platform", PLATFORM] if is_index else []
    w.good(f"{name} to a docker archive", *plain, *platform, "--format", "docker-archive", ref, archive)
    check(f"{name}: its config is the image's", sha256(run("skopeo", "inspect", "--config", "--raw", f"docker-archive:{archive}")) == config)
    ids, names = w.podman_load(archive)
    check(f"{name}: podman loads the docker archive", config.split(":")[1] in ids and ref in names, (ids, names, config))

    archive = w.place("both.tar")
    w.good(f"{name} to an archive of both forms", *plain, ref, archive)  # by the end of its name
    archive = w.place("both")
    w.good(f"{name}, --format archive", *plain, "--format", "archive", ref, archive)
    ids, names = w.podman_load(archive)
    check(f"{name}: podman loads the archive of both forms", config.split(":")[1] in ids, (ids, names, config))
    check(f"{name}: which skopeo reads as a docker archive", sha256(run("skopeo", "inspect", "--config", "--raw", f"docker-archive:{archive}")) == config)
    index = json.loads(run("tar", "-xOf", archive, "index.json"))
    check(f"{name}: and which has the same manifest", [m["digest"] for m in index["manifests"]] == [digest], index)

    folder = w.place("dir")
    w.good(f"{name} to a folder", *plain, "--format", "dir", ref, folder)
    check(f"{name}: the folder's digest", w.manifest_digest(f"dir:{folder}") == digest)
    w.skopeo("copy", "-q", "--all", f"dir:{folder}", f"oci:{w.place()}:x")

    piped = subprocess.run([w.program, *plain, ref, "-"], capture_output=True, timeout=60)
    archive = w.place("piped.tar")
    archive.write_bytes(piped.stdout)
    if check(f"{name}: an archive on stdout", piped.returncode == 0, piped.stderr):
        w.same_digest(f"{name}: the archive on stdout", f"oci-archive:{archive}", digest, docker)


def chosen(w, child):
    """One platform of an index: the digest is the image's."""
    ref, layout = f"{w.host}/multi:both", w.place("layout")
    out = w.good("one platform", "pull", "--plain-http", "-q", "--platform", PLATFORM, ref, f"oci:{layout}:one")
    check("one platform: its digest", out.strip().endswith("@" + child.digest) and w.manifest_digest(f"oci:{layout}:one") == child.digest, out)
    status, _, err = w.lading("pull", "--plain-http", "--platform", "linux/s390x", ref, f"oci:{w.place()}:x")
    check("a platform that is not there", status == 3 and "platform_not_found" in err, (status, err))
    out = w.good("two platforms, which are all", "pull", "--plain-http", "-q", "--platform", "linux/amd64,linux/arm64", ref, f"oci:{w.place()}:x")
    check("two platforms, which are all: the index", out.strip().endswith("@" + w.good("the index", "digest", "--plain-http", ref).strip()), out)


def schema1(w):
    """Schema 1 is copied as it is when that is asked for. The registry signs it anew for each answer: the digest is the payload's."""
    ref, layout = f"{w.host}/made/v2s1:1", w.place("layout")
    status, _, err = w.lading("pull", "--plain-http", ref, f"oci:{layout}:1")
    check("schema 1 is refused", status == 1 and "schema1_refused" in err and "--schema1" in err, (status, err))
    named = pushed.request(w.host, "GET", "/v2/made/v2s1/manifests/1", headers={"Accept": "application/vnd.docker.distribution.manifest.v1+prettyjws"})[0]
    folder = w.place("dir")
    w.good("schema 1 to a folder", "pull", "--plain-http", "-q", "--schema1", "--format", "dir", ref, folder)
    raw = folder / "manifest.json"
    if check("schema 1: a manifest is there", raw.exists()):
        check("schema 1: skopeo's digest of it", run("skopeo", "manifest-digest", raw).decode().strip() == named["Docker-Content-Digest"])
        w.skopeo("copy", "-q", f"dir:{folder}", f"dir:{w.place()}")
    w.good("schema 1 to a layout", "pull", "--plain-http", "-q", "--schema1", ref, f"oci:{layout}:1")
    check("schema 1 to a layout: whole", not layout_faults(layout, ["1"]), layout_faults(layout, ["1"]))
    for form in ("oci-archive", "archive"):  # the second without what `docker save` writes: that names a config, and schema 1 has none
        archive, inside = w.place(f"{form}.tar"), w.place("inside")
        w.good(f"schema 1, --format {form}", "pull", "--plain-http", "-q", "--schema1", "--format", form, ref, archive)
        inside.mkdir()
        run("tar", "-xf", archive, "-C", inside)
        named = ["1"] if form == "oci-archive" else [ref]
        check(f"schema 1, --format {form}: whole", not layout_faults(inside, named), layout_faults(inside, named))
        check(f"schema 1, --format {form}: no manifest.json", not (inside / "manifest.json").exists())
        w.good(f"schema 1, --format {form}: and out of it", "copy", "-q", "--schema1", f"oci-archive:{archive}", f"oci:{w.place()}:x")
    archive = w.place("docker.tar")
    status, _, err = w.lading("pull", "--plain-http", "--schema1", "--format", "docker-archive", ref, archive)
    check("schema 1 is refused by a docker archive, which would hold other bytes",
          status == 1 and "would_change_digest" in err and "has no config" in err and not archive.exists(), (status, err))


def artifacts(w, art, files):
    ref = f"{w.host}/files:1"
    folder = w.place("files")
    out = w.good("an artifact's files", "artifact", "pull", "--plain-http", "-q", ref, folder)
    check("an artifact: the line that is printed", out == f"{ref}@{art.digest}\n", out)
    for title, data in files.items():
        check(f"an artifact: {title}", (folder / title).exists() and (folder / title).read_bytes() == data)
    status, _, err = w.lading("artifact", "pull", "--plain-http", ref, folder)
    check("an artifact: files that are the same already", status in (0, 1), (status, err))
    (folder / "model.bin").write_bytes(b"mine")
    status, _, err = w.lading("artifact", "pull", "--plain-http", ref, folder)
    check("an artifact: a file of the user's stays", status == 1 and "file_exists" in err and (folder / "model.bin").read_bytes() == b"mine", (status, err))
    w.good("an artifact: --overwrite", "artifact", "pull", "--plain-http", "-q", "--overwrite", ref, folder)
    check("an artifact: --overwrite replaces it", (folder / "model.bin").read_bytes() == files["model.bin"])
    other = w.place("files")
    w.good("an artifact, --format files", "pull", "--plain-http", "-q", "--format", "files", ref, other)
    check("an artifact, --format files: all there", not folder_faults(other, files) and (other / "empty").exists())
    layout = w.place("layout")
    w.good("an artifact to a layout", "pull", "--plain-http", "-q", ref, f"oci:{layout}:1")
    check("an artifact to a layout: whole", not layout_faults(layout, ["1"]), layout_faults(layout, ["1"]))
    check("an artifact to a layout: its digest", w.manifest_digest(f"oci:{layout}:1") == art.digest)
    blob, out = w.place("blob"), sha256(files["model.bin"])
    w.good("blob get", "blob", "get", "--plain-http", "-o", blob, f"{w.host}/files@{out}")
    check("blob get: the bytes", blob.read_bytes() == files["model.bin"])
    middle = Middle(w.host, piece=65536)
    try:
        w.good("blob get again", "blob", "get", "--plain-http", "-o", blob, f"{middle.host}/files@{out}")
        check("blob get again: its size is asked for, and nothing fetched", [e.method for e in middle.journal if e.path.endswith(out)] == ["HEAD"],
              [(e.method, e.path) for e in middle.journal])
        by_two(w, middle, files)
    finally:
        middle.stop()


def by_two(w, middle, files):
    """Two programs write the files of one artifact to one folder, twenty times: both succeed, and each file is fetched once."""
    for n in range(20):
        folder = w.place("files")
        middle.journal.clear()
        command = [w.program, "artifact", "pull", "--plain-http", "-q", f"{middle.host}/files:1", folder]
        both = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        said = [p.communicate(timeout=60)[1] for p in both]
        statuses = [p.returncode for p in both]
        wrong = folder_faults(folder, files)
        check("an artifact by two programs at once: both succeed", statuses == [0, 0] and not wrong and all((folder / t).exists() for t in files), (statuses, said, wrong))
        left = [p.name for p in folder.rglob("*.part")]
        check("an artifact by two programs at once: nothing is left", not left, left)
        twice = {t: middle.sent(sha256(data))[0] for t, data in files.items() if data and middle.sent(sha256(data))[0] != 1}
        check("an artifact by two programs at once: each file is fetched once", not twice, twice)


def between(w):
    """copy: from every place to every other, with the digest kept."""
    ref = f"{w.host}/multi:both"
    digest = sha256(run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{ref}"))
    kinds = ("oci", "oci-archive", "archive", "dir", "ocidir")
    first = {}
    for source in (ref, f"docker://{ref}"):
        for kind in kinds:
            where = w.place(kind)
            first[kind] = name_of(kind, where, "both")
            out = w.good(f"copy to {kind}", "copy", "--plain-http", "-q", source, first[kind])
            check(f"copy to {kind}: the line", out.strip().endswith("@" + digest), out)
    for kind in kinds:
        for other in kinds:
            where = w.place(other)
            out = w.good(f"copy {kind} to {other}", "copy", "-q", first[kind], name_of(other, where, "both"))
            check(f"copy {kind} to {other}: the digest", out.strip().endswith("@" + digest), out)


def sent(w):
    """Pushed from every form, and copied between repositories and registries; read back by skopeo and podman, the digest the same."""
    a = pushed.image(w.host, "to-send", "amd64", [3000, 200_000])
    b = pushed.image(w.host, "to-send", "arm64", [5000], arch="arm64")
    both = pushed.index(w.host, "to-send", "both", [a, b])
    d = [pushed.image(w.host, "to-send", f"docker-{arch}", [4000, 100], arch=arch, docker=True) for arch in ("amd64", "arm64")]
    docker = pushed.index(w.host, "to-send", "docker", d, docker=True)
    for image in (a, both, d[0], docker):
        for kind in ("oci", "oci-archive", "archive", "dir"):
            where = name_of(kind, w.place(kind), "x")
            w.good(f"{image.tag} as {kind}", "copy", "--plain-http", "-q", f"{w.host}/to-send:{image.tag}", where)
            ref = f"{w.host}/sent/{kind}:{image.tag}"
            out = w.good(f"push {image.tag} from {kind}", "push", "--plain-http", "-q", where, ref)
            check(f"push {image.tag} from {kind}: the line", out == f"{ref}@{image.digest}\n", out)
            received(w, f"push {image.tag} from {kind}", ref, image.digest)
        for kind, ref in (("mounted", f"{w.host}/copied:{image.tag}"), ("streamed", f"127.0.0.1:{second(w).port}/copied:{image.tag}")):
            out = w.good(f"copy {image.tag}, {kind}", "copy", "--plain-http", "-q", f"{w.host}/to-send:{image.tag}", ref)
            check(f"copy {image.tag}, {kind}: the line", out == f"{ref}@{image.digest}\n", out)
            received(w, f"copy {image.tag}, {kind}", ref, image.digest)
    # What has no manifest gets one: an OCI manifest, over layers that are not compressed, whose config is that of the image.
    archive = w.place("docker.tar")
    w.good("a docker archive", "pull", "--plain-http", "-q", "--format", "docker-archive", f"{w.host}/to-send:docker-amd64", archive)
    ref = f"{w.host}/sent/docker-archive:1"
    out = w.good("push from a docker archive", "push", "--plain-http", "-q", f"docker-archive:{archive}", ref)
    raw = json.loads(run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{ref}"))
    check("push from a docker archive: an OCI manifest", raw["mediaType"] == pushed.OCI and raw["config"]["digest"] == d[0].config, raw)
    received(w, "push from a docker archive", ref, out.strip().partition("@")[2])
    layout = w.place("layout")
    w.good("a docker archive to a layout", "copy", "-q", f"docker-archive:{archive}", f"oci:{layout}:x")
    check("a docker archive to a layout: skopeo finds it by its name", w.manifest_digest(f"oci:{layout}:x") == out.strip().partition("@")[2])


def second(w):
    """Another registry, begun once."""
    if not hasattr(w, "another"):
        w.another = Registry(w.folder, w.folder / "another")
    return w.another


def received(w, what, ref, digest):
    """skopeo and podman have the image from where it was pushed to."""
    place = f"docker://{ref}"
    raw = w.folder / "raw"
    raw.write_bytes(run("skopeo", "inspect", "--raw", "--tls-verify=false", place))
    check(f"{what}: skopeo's digest", run("skopeo", "manifest-digest", raw).decode().strip() == digest)
    w.skopeo("copy", "-q", "--all", "--src-tls-verify=false", place, f"dir:{w.place()}")
    document = json.loads(raw.read_bytes())
    run("podman", *w.storage, "pull", "-q", "--tls-verify=false", "--arch", "amd64", ref)
    identity = run("podman", *w.storage, "inspect", "--format", "{{.Id}}", ref).decode().strip()
    if "config" in document:
        check(f"{what}: podman's image", "sha256:" + identity == document["config"]["digest"], identity)
    run("podman", *w.storage, "rmi", "-a", "-f")


def name_of(kind, where, name):
    return f"ocidir://{where}:{name}" if kind == "ocidir" else f"dir:{where}" if kind == "dir" else f"{kind}:{where}:{name}"


# ---- what other tools have written ----------------------------------------------------------------------------------


def tools(w):
    """Archives and layouts of skopeo, podman and buildah, read by us."""
    box = run("buildah", *w.storage, "from", "scratch").decode().strip()
    name = "docker.io/library/alpha:1"
    for n in range(2):
        source = w.folder / f"tool-{n}"
        source.write_bytes(os.urandom(3000))
        run("buildah", *w.storage, "add", box, source, f"/file-{n}")
        run("buildah", *w.storage, "config", "--arch", "amd64", "--env", "PATH=/bin", box)
        run("buildah", *w.storage, "commit", "-q", box, name)
    written = {}
    for form in ("oci-archive", "docker-archive"):
        written[f"podman {form}"] = (form, w.place())
        run("podman", *w.storage, "save", "-q", "--format", form, "-o", written[f"podman {form}"][1], name)
    for form in ("oci", "oci-archive", "docker-archive", "dir"):
        written[f"buildah {form}"] = (form, w.place())
        run("buildah", *w.storage, "push", "-q", name, f"{form}:{written[f'buildah {form}'][1]}" + ("" if form == "dir" else ":alpha:1"))
    source = f"oci-archive:{written['podman oci-archive'][1]}"
    for form in ("oci", "oci-archive", "docker-archive", "dir"):
        written[f"skopeo {form}"] = (form, w.place())
        w.skopeo("copy", "-q", source, f"{form}:{written[f'skopeo {form}'][1]}" + ("" if form == "dir" else ":alpha:1"))
    for what, (form, where) in written.items():
        place = f"{form}:{where}"
        config = sha256(run("skopeo", "inspect", "--config", "--raw", place))
        layout = w.place("layout")
        w.good(f"{what} to a layout", "copy", "-q", place, f"oci:{layout}:x")
        if check(f"{what}: the layout is whole", not layout_faults(layout, ["x"]), layout_faults(layout, ["x"])):
            digest, document = top_of(layout, "x")
            check(f"{what}: the config is the same", document["config"]["digest"] == config)
            if form != "docker-archive":  # which has no manifest
                check(f"{what}: the digest is the same", digest == w.manifest_digest(place))
            if "vnd.oci" in document["mediaType"]:
                run("umoci", "unpack", "--image", f"{layout}:x", w.place("bundle"))
        archive = w.place("docker.tar")
        w.good(f"{what} to a docker archive", "copy", "-q", place, f"docker-archive:{archive}:alpha:1")
        check(f"{what} to a docker archive: podman loads it", config.split(":")[1] in w.podman_load(archive)[0])
    run("buildah", *w.storage, "rm", "-a")


# ---- never lost, never wrong ----------------------------------------------------------------------------------------


class Target:
    """One form that a pull is killed over: its command, and what is wrong with what it leaves."""

    def __init__(self, form, image, files):
        self.form, self.image, self.files = form, image, files

    def command(self, w, host, where):
        if self.form == "files":
            return ["artifact", "pull", "--overwrite", "--plain-http", "-q", f"{host}/{self.image.name}:{self.image.tag}", where]
        return ["pull", "--plain-http", "-q", "--overwrite", "--format", self.form, f"{host}/{self.image.name}:{self.image.tag}", where]

    def faults(self, w, where, finished):
        if self.form == "files":
            missing = [t for t in self.files if finished and not (where / t).exists()]
            return folder_faults(where, self.files) + missing
        if self.form == "oci":
            wrong = layout_faults(where, [self.image.tag] if finished else [])
            return wrong + [f"a part is left: {p}" for p in where.glob("blobs/*/.*.part") if finished]
        if not where.exists():
            return ["nothing is there"] if finished else []
        if self.form == "dir":
            names = {d.removeprefix("sha256:") for d in self.image.sizes}
            wrong = [p.name for p in where.iterdir() if p.name in names and sha256(p.read_bytes()) != "sha256:" + p.name]
            return wrong + [n for n in names if not (where / n).exists()]
        place = {"docker-archive": f"docker-archive:{where}"}.get(self.form, f"oci-archive:{where}")
        try:
            w.skopeo("copy", "-q", place, f"dir:{w.place('read')}")
        except RuntimeError as e:
            return [str(e)]
        return []


def parts_of(where, sizes):
    """What an earlier run has left, by digest: the bytes of parts."""
    out = {}
    by_size = {d.split(":")[1]: d for d in sizes}
    for base in (where, where.with_name(where.name + ".part")):
        for path in base.rglob("*.part") if base.is_dir() else ():
            for hex_digits, digest in by_size.items():
                if hex_digits in path.name and path.is_file():
                    out[digest] = path.stat().st_size
    return out


def went_on(target, left, requests):
    """Where a part was left, the first request for its blob is for what comes behind it, or there is none because it was whole."""
    for digest, had in left.items():
        first = next((e for e in requests if e.blob == digest), None)
        if first and had >= 1 << 20:
            check(f"killed over {target.form}: goes on where the part ends", first.range == f"bytes={had}-", (digest, had, first.range))


def killed(w, times):
    """kill -9 at a random moment; what is there can be read, the next run finishes, and no byte is fetched twice but the last."""
    image = pushed.image(w.host, "killed", "1", [700_000, 1_500_000, 2_500_000])
    files = {"one.bin": os.urandom(1_200_000), "two.bin": os.urandom(2_600_000)}
    art = pushed.artifact(w.host, "killed-files", "1", files)
    targets = [Target(form, image, files) for form in ("oci", "oci", "oci-archive", "archive", "docker-archive", "dir")] + [Target("files", art, files)]
    middle = Middle(w.host, piece=8192, pause=0.0008)
    took, most_twice, kills, runs, resumed = {}, 0, 0, 0, 0
    chosen_at_random = random.Random(20261128)
    try:
        while kills < times:
            target = targets[runs % len(targets)]
            runs += 1
            where = w.place("killed")
            middle.journal.clear()
            kills_here, left, mark = 0, {}, 0
            for _ in range(chosen_at_random.randint(1, 3)):  # kills before it may finish
                process = subprocess.Popen([w.program, *map(str, target.command(w, middle.host, where))], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    process.wait(chosen_at_random.uniform(0, took.get(target.form, 1.0)))
                    break  # it was over before
                except subprocess.TimeoutExpired:
                    process.kill()
                    kills_here += 1
                process.wait()
                went_on(target, left, middle.journal[mark:])
                wrong = target.faults(w, where, False)
                check(f"killed over {target.form}: what is there is right", not wrong, wrong)
                left, mark = parts_of(where, target.image.sizes), len(middle.journal)
            made_again = where.exists() and target.form in ("oci-archive", "archive", "docker-archive", "dir")  # it is whole, and replaced
            begun = time.monotonic()
            status, _, err = w.lading(*target.command(w, middle.host, where))
            took[target.form] = max(took.get(target.form, 0.3), time.monotonic() - begun)
            went_on(target, left, middle.journal[mark:])
            wrong = target.faults(w, where, True)
            check(f"killed over {target.form}: the next run finishes", status == 0 and not wrong, (status, err, wrong))
            kills += kills_here
            for digest, size in target.image.sizes.items():
                requests, sent = middle.sent(digest)
                resumed += sum(1 for e in middle.journal if e.blob == digest and e.status == 206)
                if size >= 1 << 20 and not made_again:
                    most_twice = max(most_twice, (sent - size) / max(kills_here, 1))
                    check(f"killed over {target.form}: bytes of a blob", sent <= size + kills_here * (KEPT + SOCKETS), (digest, size, sent, kills_here))
            shutil.rmtree(where, ignore_errors=True) if where.is_dir() else where.unlink(missing_ok=True)
            for rest in w.folder.glob("read-*"):
                shutil.rmtree(rest, ignore_errors=True)
    finally:
        middle.stop()
    check("killed: some of it was gone on with", resumed > 0)
    print(f"killed {kills} times in {runs} pulls; {resumed} transfers went on; at most {most_twice:.0f} bytes twice a loss")


def interrupted(w, times=8):
    """SIGINT: soon over, says how to go on, and does go on."""
    image = pushed.image(w.host, "interrupted", "1", [3_000_000, 2_000_000])
    middle = Middle(w.host, piece=8192, pause=0.002)
    waits = []
    try:
        for form in ["oci", "oci-archive"] * (times // 2):
            where = w.place("interrupted")
            command = [w.program, "pull", "--plain-http", "--progress", "json", "--format", form, f"{middle.host}/interrupted:1", str(where)]
            middle.journal.clear()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for line in process.stderr:  # until bytes of a large blob have come
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("state") == "running" and event["bytes"] > 200_000:
                    break
            middle.pause = 0.2  # it is not over before the signal
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
            process.wait(20)
            middle.pause = 0.002
            waits.append(time.monotonic() - begun)
            check(f"SIGINT over {form}: 130, and how to go on", process.returncode == 130 and "the same command goes on" in rest, (process.returncode, rest[-400:]))
            check(f"SIGINT over {form}: a part stays", any(w.folder.glob(f"{where.name}*/**/*.part")), list(w.folder.glob(f"{where.name}*/**/*")))
            status, _, err = w.lading(*command[1:])
            check(f"SIGINT over {form}: the next run finishes", status == 0, err[-400:])
            check(f"SIGINT over {form}: and goes on", any(e.status == 206 for e in middle.journal), [(e.path, e.range, e.status) for e in middle.journal])
    finally:
        middle.stop()
    waits.sort()
    check("SIGINT: soon over", waits[-1] < 10, waits)  # with the pauses the transfer takes longer
    print(f"SIGINT: over after {waits[len(waits) // 2] * 1000:.0f} ms (median), {waits[-1] * 1000:.0f} ms (longest) of {len(waits)}")


def cut(w):
    """A connection that breaks after every k bytes: it finishes, with hardly a byte twice."""
    image = pushed.image(w.host, "cut", "1", [4 << 20])
    blob, size = max(image.sizes.items(), key=lambda x: x[1])
    for k in (4 << 20, 3_000_001, 1 << 20, 700_000):
        middle = Middle(w.host, cut=k)
        try:
            layout = w.place("cut")
            status, _, err = w.lading("pull", "--plain-http", "-q", f"{middle.host}/cut:1", f"oci:{layout}:1")
            check(f"cut after {k} bytes: finishes", status == 0 and not layout_faults(layout, ["1"]), (status, err))
            requests, sent = middle.sent(blob)
            check(f"cut after {k} bytes: bytes", sent <= 1.02 * size, (sent, size, requests))
            print(f"cut after {k} bytes: {requests} requests, {sent / size:.4f} of the blob")
        finally:
            middle.stop()


def full(w):
    """A disk of every sixteenth of what is needed: a typed error, nothing half-visible; with room it goes on."""
    image = pushed.image(w.host, "full", "1", [400_000, 900_000, 1_900_000])
    total = sum(image.sizes.values())
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        return print("full: no file system of our own can be mounted here: left out")
    for form, share in (("oci", 1), ("oci-archive", 2)):  # an archive is packed beside what has come
        for n in range(1, 17):
            full_disk(w, form, share * total, n)


def full_disk(w, form, total, n):
    disk = w.place("disk")
    disk.mkdir()
    target = Target(form, SimpleNamespace(name="full", tag="1", sizes={}), {})
    run("mount", "-t", "tmpfs", "-o", f"size={max(total * n // 16 // 4096 * 4096, 4096)}", "none", disk)
    what = f"{form} on a disk of {n}/16"
    try:
        where = disk / "image"
        status, _, err = w.lading(*target.command(w, w.host, where))
        check(f"{what}: a typed error", status == 1 and "disk_full" in err if status else n >= 14, (status, err))
        wrong = target.faults(w, where, status == 0)
        check(f"{what}: nothing half-visible", not wrong, wrong)
        run("mount", "-o", f"remount,size={4 * total}", disk)
        status, _, err = w.lading(*target.command(w, w.host, where))
        wrong = target.faults(w, where, True)
        check(f"{what}, and then with room", status == 0 and not wrong, (status, err, wrong))
    finally:
        run("umount", disk)


def streamed(w):
    """PD46: a blob on stdout: a small one that is wrong leaves nothing there; of a large one the exit status says it, unless --verified holds it back."""
    for size, held in ((100_000, True), (9 << 20, False)):
        data = os.urandom(size)
        pushed.put_blob(w.host, "streamed", data)
        name = f"streamed@{sha256(data)}"

        def get(host, *more):
            done = subprocess.run([w.program, "blob", "get", "--plain-http", *more, f"{host}/{name}"], capture_output=True, timeout=60)
            return done.returncode, done.stdout, done.stderr.decode()

        middle = Middle(w.host, tamper=True, piece=65536)
        try:
            for more in ((), ("--verified",)):
                status, out, _ = get(w.host, *more)
                check(f"PD46: {size} bytes to stdout {more}", status == 0 and out == data)
                status, out, err = get(middle.host, *more)
                check(f"PD46: {size} wrong bytes to stdout {more}: said", status == 1 and "digest_mismatch" in err, (status, err))
                nothing = held or more
                check(f"PD46: {size} wrong bytes to stdout {more}: held back", (out == b"") == bool(nothing) and ("is not that blob" in err) == (not nothing), (len(out), err))
        finally:
            middle.stop()


def together(w, tags=100):
    """Two programs at a time, a hundred tags into one layout: a hundred tags."""
    images = [pushed.image(w.host, "together", f"v{n}", [1000 + n], word=str(n)) for n in range(tags)]
    layout = w.place("together")
    lanes = [[f"v{n}" for n in range(first, tags, 2)] for first in (0, 1)]
    running = {}
    statuses = []
    while any(lanes) or running:
        for lane in (0, 1):
            if lane not in running and lanes[lane]:
                tag = lanes[lane].pop(0)
                running[lane] = subprocess.Popen([w.program, "pull", "--plain-http", "-q", f"{w.host}/together:{tag}", f"oci:{layout}:{tag}"],
                                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for lane, process in list(running.items()):
            try:
                statuses.append(process.wait(0.01))
                del running[lane]
            except subprocess.TimeoutExpired:
                pass
    wrong = layout_faults(layout, [i.tag for i in images])
    check(f"{tags} tags by two programs at a time", statuses.count(0) == tags and not wrong, (statuses, wrong))


def large(w):
    """A blob of 3 GiB."""
    path = w.place("3GiB")
    piece = os.urandom(1 << 20)
    import hashlib
    hashed = hashlib.sha256()
    with path.open("wb") as out:
        for n in range(3072):
            block = n.to_bytes(8, "big") + piece[8:]
            hashed.update(block)
            out.write(block)
    digest, size = "sha256:" + hashed.hexdigest(), path.stat().st_size
    with path.open("rb") as data:
        pushed.put_blob(w.host, "large", data, digest)
    pushed.put_blob(w.host, "large", b"{}")
    document = json.dumps({"schemaVersion": 2, "mediaType": pushed.OCI, "artifactType": "application/vnd.example.model",
                           "config": pushed.descriptor(b"{}", pushed.EMPTY),
                           "layers": [{"mediaType": "application/octet-stream", "digest": digest, "size": size,
                                       "annotations": {pushed.TITLE: "model.bin"}}]}).encode()
    pushed.request(w.host, "PUT", "/v2/large/manifests/1", document, {"Content-Type": pushed.OCI})
    path.unlink()
    shutil.rmtree(w.folder / "unused", ignore_errors=True)
    ref = f"{w.host}/large:1"
    for form, where, read in (("oci", w.place("large"), lambda p: p / "blobs" / "sha256" / digest.split(":")[1]),
                              ("files", w.place("large"), lambda p: p / "model.bin")):
        begun = time.monotonic()
        done = subprocess.run(["/usr/bin/env", "time", "-f", "%M", w.program, "pull", "--plain-http", "-q", "--format", form, ref, str(where)], capture_output=True, timeout=600) \
            if shutil.which("time") else subprocess.run([w.program, "pull", "--plain-http", "-q", "--format", form, ref, str(where)], capture_output=True, timeout=600)
        took = time.monotonic() - begun
        got = run("sha256sum", read(where)).decode().split()[0] if done.returncode == 0 else ""
        check(f"3 GiB, {form}", "sha256:" + got == digest, done.stderr)
        print(f"3 GiB, {form}: {took:.1f} s, {done.stderr.decode().strip()} KiB at most")
        shutil.rmtree(where, ignore_errors=True)
    archive = w.place("large.tar")
    done = subprocess.run([w.program, "pull", "--plain-http", "-q", "--format", "oci-archive", ref, str(archive)], capture_output=True, timeout=900)
    got = run("sh", "-c", f"tar -xOf {archive} blobs/sha256/{digest.split(':')[1]} | sha256sum").decode().split()[0] if done.returncode == 0 else ""
    check("3 GiB, oci-archive", "sha256:" + got == digest, done.stderr)


# ---- what is made here ----------------------------------------------------------------------------------------------


def making(w):
    """Artifacts, tags, indexes and annotations, at docker-registry and at a registry of our own."""
    makes(w, "docker-registry", w.host, removes_tags=False, keeps_referrers=False)
    served = subprocess.Popen([w.program, "serve", "--listen", "127.0.0.1:0", w.place("served")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        makes(w, "ours", served.stdout.readline().strip(), removes_tags=True, keeps_referrers=True)
    finally:
        served.terminate()
        served.wait(10)


def makes(w, who, host, removes_tags, keeps_referrers):
    def good(what, *args, **more):
        done = subprocess.run([w.program, *map(str, args)], capture_output=True, timeout=120, stdin=subprocess.DEVNULL, **more)
        check(f"{who}: {what}", done.returncode == 0, done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="replace").strip()

    def bad(what, status, said, *args, **more):
        done = subprocess.run([w.program, *map(str, args)], capture_output=True, timeout=120, stdin=subprocess.DEVNULL, **more)
        check(f"{who}: {what}", done.returncode == status and said in done.stderr.decode(errors="replace"), (done.returncode, done.stdout, done.stderr))

    def at(name, tag, kind=f"{pushed.OCI}, {pushed.INDEX}"):
        return pushed.request(host, "GET", f"/v2/{name}/manifests/{tag}", headers={"Accept": kind})[1]

    plain, kind = "--plain-http", "application/vnd.example+type"
    dated = ("-a", "org.opencontainers.image.created=2024-01-02T03:04:05Z")
    here = w.place("files")
    for folder in ("tree/below", "docs"):
        (here / folder).mkdir(parents=True)
    files = {"model.bin": os.urandom(300_000), "empty": b"", "docs/notes.txt": b"read me\n", "hello.txt": b"hello\n", "tree/below/notes.txt": b"below\n"}
    for title, data in files.items():
        (here / title).write_bytes(data)
    (here / "config.json").write_bytes(b'{"a":1}')

    # The golden vectors.
    ref = f"{host}/golden"
    vectors = {"V1": "fee8fa825216ac0f078729ca600ee67d36eafd6ff429779df7e2dcbb6e635505", "V2": "e4f43b3d42de803b09771e425094097170e42d2a3c84c997e827d9a0d25182e8",
               "V3": "e53766ce68e86da5377601cf782913994021151bc1e8a6df69bc7c60fff0b8f8", "V4": "f50e3472d1cab9885b366899647922934173d61bff267c7b84c15fb2d1d2e269"}
    out = good("V1", "artifact", "push", plain, "-q", "--artifact-type", kind, *dated, f"{ref}:v1")
    check(f"{who}: V1, byte for byte", out == f"{ref}:v1@sha256:{vectors['V1']}" and sha256(at("golden", "v1")) == "sha256:" + vectors["V1"], out)
    out = good("V2", "artifact", "push", plain, "-q", "--artifact-type", kind, f"{ref}:v2", "hello.txt:application/vnd.oci.image.layer.v1.tar", cwd=here,
               env={**os.environ, "SOURCE_DATE_EPOCH": "1704164645"})
    check(f"{who}: V2, byte for byte", out == f"{ref}:v2@sha256:{vectors['V2']}" and sha256(at("golden", "v2")) == "sha256:" + vectors["V2"], out)
    out = good("V3", "artifact", "attach", plain, "-q", "--artifact-type", "application/vnd.example.sig", *dated, "-a", "a=<&>", f"{ref}:v2")
    check(f"{who}: V3, byte for byte", out == f"{ref}@sha256:{vectors['V3']}", out)
    if keeps_referrers:
        listed = json.loads(pushed.request(host, "GET", f"/v2/golden/referrers/sha256:{vectors['V2']}")[1])
        check(f"{who}: V3 is listed", [m["digest"] for m in listed["manifests"]] == ["sha256:" + vectors["V3"]], listed)
    else:
        check(f"{who}: V4, byte for byte", sha256(at("golden", f"sha256-{vectors['V2']}")) == "sha256:" + vectors["V4"])

    # Files and a folder, there and back.
    ref = f"{host}/files/mine:1"
    args = ("artifact", "push", plain, "-q", "--artifact-type", kind, "--config", "config.json:application/vnd.example.config.v1+json", "--reproducible", ref,
            "model.bin:application/vnd.example.model", "empty", "docs/notes.txt:text/plain", "tree")
    out = good("an artifact", *args, cwd=here)
    document = json.loads(at("files/mine", "1"))
    check(f"{who}: an artifact: the line", out == f"{ref}@{sha256(at('files/mine', '1'))}", out)
    check(f"{who}: an artifact: what it says", [(l["mediaType"], l["annotations"][pushed.TITLE]) for l in document["layers"]] ==
          [("application/vnd.example.model", "model.bin"), ("application/octet-stream", "empty"), ("text/plain", "docs/notes.txt"),
           ("application/vnd.oci.image.layer.v1.tar+gzip", "tree")] and document["artifactType"] == kind, document)
    check(f"{who}: an artifact: again, the same", good("an artifact, again", *args, cwd=here) == out)
    bad("an artifact: a folder wants unpacking", 1, "--packed writes", "artifact", "pull", plain, ref, w.place("out"))
    back = w.place("out")
    good("an artifact, pulled", "artifact", "pull", plain, "-q", "--packed", "--config", "config.json", ref, back)
    for title in ("model.bin", "empty", "docs/notes.txt", "config.json"):
        check(f"{who}: an artifact, pulled: {title}", (back / title).read_bytes() == (here / title).read_bytes())
    check(f"{who}: an artifact, pulled: what is below a folder", run("tar", "-xOzf", back / "tree.tar.gz", "tree/below/notes.txt") == files["tree/below/notes.txt"])
    check(f"{who}: an artifact: what it is of a digest", "sha256:" + run("sh", "-c", f"gzip -dc {back}/tree.tar.gz | sha256sum").decode().split()[0] ==
          document["layers"][3]["annotations"]["io.deis.oras.content.digest"])
    layout = w.place("layout")
    good("an artifact to a layout", "artifact", "push", "-q", "--artifact-type", kind, f"oci:{layout}:1", "hello.txt", cwd=here)
    check(f"{who}: an artifact to a layout: whole", not layout_faults(layout, ["1"]), layout_faults(layout, ["1"]))
    for what, words in (("two files of one name", ("hello.txt", str(here / "hello.txt"))), ("a name that is none", ("hello.txt", "."))):
        bad(what, 2, "path_refused", "artifact", "push", plain, "--artifact-type", kind, f"{host}/none:1", *words, cwd=here)
    bad("no type", 2, "--artifact-type", "artifact", "push", plain, f"{host}/none:1", "hello.txt", cwd=here)
    bad("a file that is not there", 2, "nothing.txt", "artifact", "push", plain, "--artifact-type", kind, f"{host}/none:1", "nothing.txt", cwd=here)
    bad("a type that is none", 2, "media_type_invalid", "artifact", "push", plain, "--artifact-type", "nonsense", f"{host}/none:1", "hello.txt", cwd=here)
    bad("attached to nothing", 3, "_unknown", "artifact", "attach", plain, "--artifact-type", kind, f"{host}/none:1", "hello.txt", cwd=here)
    out = good("--dry-run", "artifact", "push", plain, "--dry-run", "--artifact-type", kind, f"{host}/none:1", "hello.txt", cwd=here)
    check(f"{who}: --dry-run says what", sha256(files["hello.txt"]) in out, out)

    # Tags: the same bytes under other names.
    out = good("tag", "tag", plain, ref, "second", "third")
    check(f"{who}: tag: the lines", out.splitlines() == [f"{host}/files/mine:{t}@{sha256(at('files/mine', '1'))}" for t in ("second", "third")], out)
    check(f"{who}: tag: the same bytes", at("files/mine", "1") == at("files/mine", "second") == at("files/mine", "third"))
    bad("tag: of nothing", 3, "manifest_unknown", "tag", plain, f"{host}/files/mine:nothing", "x")
    bad("tag: no tag", 2, "lading copy", "tag", plain, ref, f"{host}/other:1")
    bad("tag: without one", 2, "NEWTAG", "tag", plain, ref)
    bad("tag ls", 2, "lading tags", "tag", "ls", f"{host}/files/mine")
    if removes_tags:
        good("tag rm", "tag", "rm", "--yes", plain, f"{host}/files/mine:third")
        bad("tag rm: it is gone", 3, "manifest_unknown", "tag", "rm", "--yes", plain, f"{host}/files/mine:third")
        good("tag rm --ignore-missing", "tag", "rm", "--yes", "--ignore-missing", plain, f"{host}/files/mine:third")
        check(f"{who}: tag rm: the others stay", at("files/mine", "1") == at("files/mine", "second"))
    else:
        bad("tag rm", 1, "lading manifest rm", "tag", "rm", "--yes", plain, f"{host}/files/mine:third")
        check(f"{who}: tag rm: nothing is gone", at("files/mine", "third") == at("files/mine", "1"))
    bad("tag rm: without a tag", 2, "ref_invalid", "tag", "rm", "--yes", plain, f"{host}/files/mine")

    # Indexes.
    images = [pushed.image(host, "multi", arch, [3000], arch=arch) for arch in ("amd64", "arm64")]
    other = pushed.image(host, "elsewhere", "s390x", [500], arch="s390x")
    ref = f"{host}/multi:all"
    out = good("index create", "index", "create", plain, ref, "amd64", images[1].digest)
    first = json.loads(at("multi", "all"))
    check(f"{who}: index create: its entries", [(m["digest"], m["platform"]) for m in first["manifests"]] ==
          [(i.digest, {"architecture": a, "os": "linux"}) for i, a in zip(images, ("amd64", "arm64"))] and out == f"{ref}@{sha256(at('multi', 'all'))}", (first, out))
    out = good("attach --platform", "artifact", "attach", plain, "-q", "--platform", "linux/arm64", "--artifact-type", kind, ref)
    check(f"{who}: attach --platform: about the image", json.loads(at("multi", out.split("@")[1]))["subject"]["digest"] == images[1].digest, out)
    out = good("index add: an image of another repository", "index", "add", plain, ref, f"{host}/elsewhere:s390x", "-t", "more")
    more = json.loads(at("multi", "more"))
    check(f"{who}: index add: behind the others", [m["digest"] for m in more["manifests"]] == [*(i.digest for i in images), other.digest], more)
    check(f"{who}: index add: the old one keeps its name", json.loads(at("multi", "all")) == first)
    w.skopeo("copy", "-q", "--all", "--src-tls-verify=false", f"docker://{host}/multi:more", f"dir:{w.place()}")
    out = good("index rm: by platform and by digest", "index", "rm", plain, f"{host}/multi:more", "linux/amd64", other.digest, "-t", "less")
    check(f"{who}: index rm: what is left", [m["digest"] for m in json.loads(at("multi", "less"))["manifests"]] == [images[1].digest])
    out = good("index rm without -t", "index", "rm", plain, f"{host}/multi:all", "linux/amd64")
    check(f"{who}: index rm without -t: by its digest", out == f"{host}/multi@{sha256(at('multi', 'less'))}" and json.loads(at("multi", "all")) == first, out)
    bad("index rm: what it does not list", 3, "platform_not_found", "index", "rm", plain, f"{host}/multi:all", "linux/riscv64")
    bad("index rm: no digest", 2, "neither", "index", "rm", plain, f"{host}/multi:all", "nonsense")
    bad("index create: of nothing", 3, "manifest_unknown", "index", "create", plain, f"{host}/multi:none", "nothing")

    # Annotations.
    before = at("multi", "amd64")
    out = good("annotate", "annotate", plain, f"{host}/multi:amd64", "b=<1>", "a=", "-t", "noted")
    check(f"{who}: annotate: what it says", at("multi", "noted") == json.dumps(json.loads(before), separators=(",", ":")).encode()[:-1] + b',"annotations":{"a":"","b":"\\u003c1\\u003e"}}' and at("multi", "amd64") == before, at("multi", "noted"))
    good("annotate: back", "annotate", plain, f"{host}/multi:noted", "a-", "b-", "-t", "back")
    check(f"{who}: annotate: back, the same bytes", json.loads(at("multi", "back")) == json.loads(before))
    good("annotate --of", "annotate", plain, f"{host}/multi:all", "k=v", "--of", images[0].digest, "-t", "all-noted")
    check(f"{who}: annotate --of: the entry", json.loads(at("multi", "all-noted"))["manifests"][0]["annotations"] == {"k": "v"})
    bad("annotate: no annotation", 2, "KEY=VALUE", "annotate", plain, f"{host}/multi:all", "nonsense")


PARTS = {"forms": forms, "sent": sent, "making": making, "tools": tools, "killed": killed, "interrupted": interrupted, "cut": cut, "full": full, "streamed": streamed, "together": together, "large": large}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("parts", nargs="*")
    given = parser.parse_args()
    chosen_parts = given.parts or [p for p in PARTS if p != "large" or given.large]
    w = World(given.program)
    try:
        for part in chosen_parts:
            begun = time.monotonic()
            try:
                killed(w, given.kills) if part == "killed" else PARTS[part](w)
            except Exception as e:  # the next part may run all the same
                import traceback
                check(part, False, "".join(traceback.format_exception(e)[-4:]))
            print(f"{part}: {time.monotonic() - begun:.1f} s", flush=True)
    finally:
        w.close()
    return ended("content")


if __name__ == "__main__":
    sys.exit(main())
