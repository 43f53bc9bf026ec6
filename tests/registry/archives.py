#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""archives.py LADING: archives and folders of images, written by the program and read by skopeo, podman, umoci and tar; and
written by skopeo, podman and buildah and read by the program. Digests are those that `skopeo manifest-digest` says. No network;
nothing outside a folder of its own is touched."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

from checks import check, ended

PROGRAM = os.path.abspath(sys.argv[1])
TOOLS = ("skopeo", "podman", "buildah", "umoci")  # by the package list of tests/run.sh
NAME = "docker.io/library/app:1"


def run(*command, env=None):
    done = subprocess.run([str(c) for c in command], capture_output=True, timeout=120, stdin=subprocess.DEVNULL, env=env)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def lading(*args):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def copy(*args):
    """Copies by the program, which must succeed."""
    status, out, err = lading("copy", *args)
    check(f"lading copy {' '.join(map(str, args))}", status == 0, (status, out, err))
    return status == 0


def refused(code, *args):
    status, _, err = lading("copy", *args)
    check(f"lading copy {' '.join(map(str, args))} is {code}", status != 0 and code in err, (status, err))


def sha(data):
    return hashlib.sha256(data).hexdigest()


class World:
    def __init__(self, folder):
        self.folder = folder
        self.storage = ["--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs"]
        self.policy = folder / "policy.json"
        self.policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
        self.counter = 0

    def path(self, ending=""):
        self.counter += 1
        return self.folder / f"x{self.counter}{ending}"

    def skopeo(self, *args):
        run("skopeo", "--policy", self.policy, "copy", "-q", *args)

    def raw(self, where):
        """The bytes of a manifest by skopeo, and what it says that their digest is."""
        data = run("skopeo", "inspect", "--raw", where)
        file = self.path(".json")
        file.write_bytes(data)
        digest = run("skopeo", "manifest-digest", file).decode().strip()
        return data, digest

    def digest(self, where):
        return self.raw(where)[1]

    def podman(self, *args):
        return run("podman", *self.storage, *args)

    def fresh(self):
        """A storage without images."""
        shutil.rmtree(self.folder / "empty", ignore_errors=True)
        return ["--root", self.folder / "empty" / "root", "--runroot", self.folder / "empty" / "run", "--storage-driver", "vfs"]

    def build(self):
        """Two images by buildah, one of OCI's types and one of Docker's, and an index of both; as a layout of gzip layers."""
        names = {"amd64": "docker.io/library/alpha:1", "arm64": "docker.io/library/beta:1"}
        for arch, name in names.items():
            box = run("buildah", *self.storage, "from", "scratch").decode().strip()
            for n in range(2):
                source = self.folder / f"{arch}-{n}"
                source.write_text(f"{arch} {n}\n" * 5000)
                run("buildah", *self.storage, "add", box, source, f"/file-{n}")
                run("buildah", *self.storage, "config", "--arch", arch, "--author", "Someone", "--cmd", "/file-0", box)
                run("buildah", *self.storage, "commit", "-q", *(["--format", "docker"] if arch == "arm64" else []), box, name)
        self.alpha, self.beta = names.values()
        run("buildah", *self.storage, "manifest", "create", "both", self.alpha)
        run("buildah", *self.storage, "manifest", "add", "both", self.beta)
        self.layout = self.folder / "layout"
        run("buildah", *self.storage, "manifest", "push", "-q", "--all", "both", f"oci:{self.layout}:both")
        self.skopeo("--override-arch", "amd64", f"oci:{self.layout}:both", f"oci:{self.layout}:alpha")
        self.one = f"oci:{self.layout}:alpha"
        self.both = f"oci:{self.layout}:both"


def config_of(raw, where):
    return sha(run("skopeo", "inspect", "--config", "--raw", where)), json.loads(raw)


def we_write(w):
    """What others make of what the program writes."""
    one, digest = w.raw(w.one)
    list_raw, list_digest = w.raw(w.both)
    config = json.loads(one)["config"]["digest"]

    # A layout in one file, and one that docker can load, too.
    for form in ("oci-archive", "archive"):
        where, again = w.path(".tar"), w.path(".tar")
        copy(w.one, f"{form}:{where}:{NAME}")
        copy(w.one, f"{form}:{again}:{NAME}")
        check(f"{form}: the same input is the same bytes", where.read_bytes() == again.read_bytes())
        check(f"{form}: skopeo reads the same digest", w.digest(f"oci-archive:{where}:{NAME}") == digest)
        check(f"{form}: nothing is left beside it", not list(w.folder.glob("*.part")))
        members = run("tar", "-tf", where).decode().split()
        check(f"{form}: in the order of a stream", members[:2] == ["oci-layout", "index.json"] and members[-1].startswith("blobs/sha256/"), members)
        with tarfile.open(where) as archive:
            wrong = [m.name for m in archive if m.mtime or m.uid or m.gid or m.uname or m.gname or m.mode != (0o755 if m.isdir() else 0o644)]
            check(f"{form}: headers of nobody and no time", not wrong, wrong)
        copied = w.path()
        w.skopeo(f"oci-archive:{where}:{NAME}", f"oci:{copied}:x")
        check(f"{form}: skopeo copies it, digest and all", w.digest(f"oci:{copied}:x") == digest)
        unpacked = w.path()
        run("umoci", "unpack", "--rootless", "--image", f"{copied}:x", unpacked)
        check(f"{form}: umoci unpacks it", (unpacked / "rootfs/file-1").read_text() == "amd64 1\n" * 5000)
        storage = w.fresh()
        run("podman", *storage, "load", "-q", "-i", where)
        loaded = json.loads(run("podman", *storage, "image", "inspect", NAME))[0]
        check(f"{form}: podman load has the image", "sha256:" + loaded["Id"] == config, loaded["Id"])

        where = w.path(".tar")
        copy(w.both, f"{form}:{where}:multi")
        check(f"{form}: an index, whole", w.digest(f"oci-archive:{where}:multi") == list_digest)
        with tarfile.open(where) as archive:
            blobs = [m.name.rsplit("/")[-1] for m in archive if m.isfile() and m.name.startswith("blobs/")]
            check(f"{form}: an index: every blob has its digest", all(sha(archive.extractfile("blobs/sha256/" + b).read()) == b for b in blobs))
        check(f"{form}: an index: its two images", len(blobs) == 1 + 2 * 2 + sum(len(layers(w, d)) for d in children(list_raw)), blobs)
        refused("archive_exists", w.one, f"{form}:{where}:x")
        copy("--overwrite", w.one, f"{form}:{where}:x")
        check(f"{form}: replaced", w.digest(f"oci-archive:{where}:x") == digest)
        copy("--platform", "linux/arm64", w.both, f"{form}:{w.path('.tar')}:arm")

    # The hybrid is what docker save writes, for those who read only that.
    where = w.path(".tar")
    copy(w.one, f"archive:{where}:{NAME}")
    check("archive: skopeo reads it as docker-archive", config_of(*[run("skopeo", "inspect", "--raw", f"docker-archive:{where}:{NAME}"), f"docker-archive:{where}:{NAME}"])[0] == config[7:])

    # docker save
    for source, platform in ((w.one, ()), (w.both, ("--platform", "linux/arm64")), (w.both, ("--platform", "linux/amd64"))):
        where, again = w.path(".tar"), w.path(".tar")
        copy(*platform, source, f"docker-archive:{where}:{NAME}")
        copy(*platform, source, f"docker-archive:{again}:{NAME}")
        check("docker-archive: the same input is the same bytes", where.read_bytes() == again.read_bytes())
        with tarfile.open(where) as archive:
            listed = json.load(archive.extractfile("manifest.json"))
            check("docker-archive: one image, named", len(listed) == 1 and listed[0]["RepoTags"] == [NAME], listed)
            data = archive.extractfile(listed[0]["Config"]).read()
            check("docker-archive: the config has its digest", listed[0]["Config"] == sha(data) + ".json")
            ids = [sha(archive.extractfile(l).read()) for l in listed[0]["Layers"]]
            check("docker-archive: layers are what the config says", ["sha256:" + i for i in ids] == json.loads(data)["rootfs"]["diff_ids"] and
                  [i + ".tar" for i in ids] == listed[0]["Layers"], ids)
            check("docker-archive: the list is last", archive.getnames()[-1] == "manifest.json")
            check("docker-archive: headers of nobody", all(m.mode == 0o444 and not m.mtime and not m.uid for m in archive))
        arch = json.loads(data)["architecture"]
        check("docker-archive: skopeo reads it", json.loads(run("skopeo", "inspect", f"docker-archive:{where}:{NAME}"))["Architecture"] == arch)
        storage = w.fresh()
        run("podman", *storage, "load", "-q", "-i", where)
        loaded = json.loads(run("podman", *storage, "image", "inspect", NAME))[0]
        check("docker-archive: podman load has the image", loaded["Id"] == sha(data) and loaded["Architecture"] == arch, loaded["Id"])
        copied = w.path()
        w.skopeo(f"docker-archive:{where}:{NAME}", f"oci:{copied}:x")
        unpacked = w.path()
        run("umoci", "unpack", "--rootless", "--image", f"{copied}:x", unpacked)
        check("docker-archive: umoci unpacks what skopeo makes of it", (unpacked / "rootfs/file-0").read_text() == f"{arch} 0\n" * 5000)

    # dir:
    for source, expected in ((w.one, digest), (w.both, list_digest)):
        where = w.path()
        copy(source, f"dir:{where}")
        check("dir: skopeo reads the same digest", w.digest(f"dir:{where}") == expected)
        copied = w.path()
        w.skopeo("--all", f"dir:{where}", f"oci:{copied}:x")
        check("dir: skopeo copies it", w.digest(f"oci:{copied}:x") == expected)
        check("dir: the version", (where / "version").read_bytes() == b"Directory Transport Version: 1.1\n")
        theirs = w.path()
        w.skopeo("--all", "--preserve-digests", source, f"dir:{theirs}")
        check("dir: the files are skopeo's", {f.name: f.read_bytes() for f in where.iterdir()} == {f.name: f.read_bytes() for f in theirs.iterdir()},
              (sorted(f.name for f in where.iterdir()), sorted(f.name for f in theirs.iterdir())))
        refused("archive_exists", source, f"dir:{where}")
        copy("--overwrite", w.one, f"dir:{where}")
        check("dir: replaced", w.digest(f"dir:{where}") == digest)


def children(raw):
    return [m["digest"] for m in json.loads(raw)["manifests"]]


def layers(w, digest):
    return json.loads((w.layout / "blobs/sha256" / digest[7:]).read_bytes())["layers"]


def others_write(w):
    """What the program makes of what others write. An OCI layout is where skopeo says the digest."""
    made = []
    for form in ("oci-archive", "docker-archive"):
        for name in (w.alpha, w.beta):
            where = w.path(".tar")
            w.podman("save", "-q", "--format", form, "-o", where, name)
            made.append((f"podman save --format {form} {name}", form, where, ""))
        where = w.path(".tar")
        run("buildah", *w.storage, "push", "-q", w.alpha, f"{form}:{where}:docker.io/library/alpha:1")
        made.append((f"buildah push {form}", form, where, "docker.io/library/alpha:1"))
        where = w.path(".tar")
        w.skopeo("--override-arch", "arm64", w.both, f"{form}:{where}:docker.io/library/app:2")
        made.append((f"skopeo copy {form}", form, where, "docker.io/library/app:2"))
    for name in (w.alpha, w.beta):
        where = w.path()
        w.podman("save", "-q", "--format", "docker-dir", "-o", where, name)
        made.append((f"podman save --format docker-dir {name}", "dir", where, ""))
    for flags in ((), ("--all",)):
        where = w.path()
        w.skopeo(*flags, "--override-arch", "amd64", w.both, f"dir:{where}")
        made.append((f"skopeo copy {flags} dir", "dir", where, ""))
    where = w.path(".tar")
    run("buildah", *w.storage, "manifest", "push", "-q", "--all", "both", f"oci-archive:{where}:multi")
    made.append(("buildah manifest push oci-archive", "oci-archive", where, "multi"))
    where = w.path(".tar")
    w.podman("save", "-q", "-m", "-o", where, w.alpha, w.beta)
    made += [(f"podman save -m, {name}", "docker-archive", where, name) for name in (w.alpha, w.beta)]

    for what, form, where, name in made:
        source = f"{form}:{where}" + (f":{name}" if name else "")
        raw, digest = w.raw(source)
        copied = w.path()
        if not copy(source, f"oci:{copied}:x"):
            continue
        # skopeo finds Docker's types in a layout only if it has one image, and is not asked for a name
        saved = form == "docker-archive" and "index.json" not in run("tar", "-tf", where).decode().split()
        named = saved or "vnd.docker" not in json.loads(raw).get("mediaType", "")
        here = f"oci:{copied}" + (":x" if named else "")
        ours = w.digest(here)
        if saved:  # which keeps no manifest: skopeo makes one of Docker's type, we an OCI manifest
            theirs = json.loads(raw)
            mine = json.loads(w.raw(here)[0])
            check(f"{what}: the parts are those that skopeo finds",
                  [mine["config"]["digest"], *[l["digest"] for l in mine["layers"]]] == [theirs["config"]["digest"], *[l["digest"] for l in theirs["layers"]]], (mine, theirs))
            check(f"{what}: the manifest is OCI's", mine["mediaType"].startswith("application/vnd.oci.") and all("vnd.oci" in l["mediaType"] for l in mine["layers"]), mine)
            digest = ours
        check(f"{what}: the digest is skopeo's", ours == digest, (ours, digest))
        blobs = list((copied / "blobs/sha256").glob("*"))
        check(f"{what}: every blob has its digest", blobs and all(sha(b.read_bytes()) == b.name for b in blobs))
        # And written again in each form, it is the same.
        for to in ("oci-archive", "archive", "dir"):
            again = w.path(".tar" if to != "dir" else "")
            if copy(source, f"{to}:{again}" + ("" if to == "dir" else f":{NAME}")):
                there = f"dir:{again}" if to == "dir" else f"oci-archive:{again}" + (f":{NAME}" if named else "")
                check(f"{what}: as {to}: the same digest", w.digest(there) == digest)

    # Compressed as a whole.
    where = made[0][2]
    for command in (["gzip", "-c"], ["zstd", "-qc"]):
        packed = w.path(".tar.packed")
        packed.write_bytes(run(*command, where))
        copied = w.path()
        copy(f"oci-archive:{packed}", f"oci:{copied}:x")
        check(f"oci-archive by {command[0]}: the same digest", w.digest(f"oci:{copied}:x") == w.digest(f"oci-archive:{where}"))

    # zstd layers, in a docker-archive uncompressed.
    zstd = w.path()
    w.skopeo("--dest-compress-format", "zstd", "--dest-compress", w.one, f"oci:{zstd}:z")
    where = w.path(".tar")
    copy(f"oci:{zstd}:z", f"docker-archive:{where}:{NAME}")
    storage = w.fresh()
    run("podman", *storage, "load", "-q", "-i", where)
    check("zstd layers: podman load has the image", b"app" in run("podman", *storage, "images"))


def main():
    missing = [t for t in TOOLS if not shutil.which(t)]
    if missing:
        print(f"archives: not here: {', '.join(missing)}")
        print("archives: 0 passed, 1 failed")
        return 1
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-archives-"))
    try:
        w = World(folder)
        w.build()
        we_write(w)
        others_write(w)
    except Exception as e:  # a tool, or this script
        check("every step", False, f"{type(e).__name__}: {e}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ended("archives")


if __name__ == "__main__":
    sys.exit(main())
