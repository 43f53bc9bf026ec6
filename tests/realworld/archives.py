#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""archives.py INSPECT: images on disk as real tools write them (skopeo, podman, buildah, umoci), and in the shapes of others
(both forms of docker save; what kaniko, jib, ko, Bazel and Nix make), given to the program and to skopeo: every field, the raw
bytes and the config must be the same. Nothing outside a folder of its own is touched; no network."""
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import rows

PROGRAM = os.path.abspath(sys.argv[1])
PROMISED = ("skopeo", "podman", "buildah", "umoci", "zstd")  # by the package list of tests/run.sh
OCI = "application/vnd.oci.image."
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}: {str(detail)[:2000]}")


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def inspect(*args):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def same(what, ours, theirs=None, platform=(), **more):
    """Ours and skopeo's records of one image. Its name and its tags are not compared: skopeo prints neither of files."""
    flags = ["--platform", "/".join(platform)] if platform else []
    override = ["--override-os", platform[0], "--override-arch", platform[1]] if platform else []
    status, out, err = inspect(*flags, ours)
    record = json.loads(out or "{}")
    expected = json.loads(run("skopeo", *override, "inspect", theirs or ours)) | more
    wrong = {k: (record.get(k), v) for k, v in expected.items() if k not in ("Name", "RepoTags") and record.get(k) != v}
    check(f"{what}: every field is skopeo's", status == 0 and not wrong, (wrong, err))
    if not more:
        check(f"{what}: raw bytes", inspect("--raw", ours)[1] == run("skopeo", "inspect", "--raw", theirs or ours))
        check(f"{what}: config", inspect("--config", *flags, ours)[1] == run("skopeo", *override, "inspect", "--config", "--raw", theirs or ours))
    return record


def refused(what, ours, *words):
    status, out, err = inspect(ours)
    check(f"{what}: refused, and says what is there", status == 1 and not out and all(w in err for w in words), (status, err))


def sha(data):
    return hashlib.sha256(data).hexdigest()


def tar_of(files, prefix="", folders=False):
    """A tar archive; a value that is a str is a symbolic link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        made = set()
        for name, data in files.items():
            for parent in reversed(pathlib.PurePosixPath(name).parents):
                if folders and str(parent) not in made:
                    made.add(str(parent))
                    info = tarfile.TarInfo(prefix + str(parent) + "/")
                    info.type = tarfile.DIRTYPE
                    archive.addfile(info)
            info = tarfile.TarInfo(prefix + name)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
                archive.addfile(info)
            else:
                info.size, info.mode = len(data), 0o444
                archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Image:
    """Layers and a config, of which each shape is made."""

    def __init__(self, word, layers=2, arch="amd64"):
        self.layers = [tar_of({f"{word}-{n}": f"{word} {n}\n".encode() * 50}) for n in range(layers)]
        self.config = json.dumps({
            "architecture": arch, "os": "linux", "author": word, "created": "2024-02-03T04:05:06Z", "config": {"Env": [f"WORD={word}"]},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(l) for l in self.layers]},
            "history": [{"created": "2024-02-03T04:05:06Z", "created_by": f"layer {n}"} for n in range(layers)]}).encode()
        self.arch = arch

    def packed(self):
        return [gzip.compress(l, mtime=0) for l in self.layers]

    def manifest(self, blobs=None):
        blobs = self.packed() if blobs is None else blobs
        return json.dumps({"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                           "config": descriptor(self.config, OCI + "config.v1+json"),
                           "layers": [descriptor(b, OCI + "layer.v1.tar+gzip") for b in blobs]}).encode()


def descriptor(data, kind, **more):
    return {"mediaType": kind, "size": len(data), "digest": "sha256:" + sha(data), **more}


def layout_files(entries, blobs):
    index = {"schemaVersion": 2, "manifests": entries}
    return {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode(),
            **{"blobs/sha256/" + sha(b): b for b in blobs}}


def write(folder, files):
    for name, data in files.items():
        where = folder / name
        where.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, str):
            where.symlink_to(data)
        else:
            where.write_bytes(data)
    return folder


def by_tools(folder):
    """buildah makes the images, the others copy and save them."""
    storage = ["--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs"]
    policy = folder / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')

    def skopeo_copy(*args):
        run("skopeo", "--policy", policy, "copy", "-q", *args)

    names = {"amd64": "docker.io/library/alpha:1", "arm64": "docker.io/library/beta:1"}
    for arch, name in names.items():
        box = run("buildah", *storage, "from", "scratch").decode().strip()
        for n in range(2):
            source = folder / f"{arch}-{n}"
            source.write_text(f"{arch} {n}\n" * 50)
            run("buildah", *storage, "add", box, source, f"/file-{n}")
            run("buildah", *storage, "config", "--arch", arch, "--author", "Someone <some@one.example>", "--label", f"for={arch}",
                "--env", "PATH=/bin", "--cmd", "/file-0", box)
            run("buildah", *storage, "commit", "-q", *(["--format", "docker"] if arch == "arm64" else []), box, name)
    run("podman", *storage, "tag", names["amd64"], "quay.io/team/alpha:2")
    alpha, beta = names.values()

    # podman and buildah
    for form in ("oci-archive", "docker-archive", "oci-dir", "docker-dir"):
        for name in (alpha, beta):
            where = folder / f"podman-{form}-{sha(name.encode())[:4]}"
            run("podman", *storage, "save", "-q", "--format", form, "-o", where, name)
            kind = {"oci-dir": "oci", "docker-dir": "dir"}.get(form, form)
            same(f"podman save --format {form} {name}", f"{kind}:{where}")
            if kind != "dir":
                same(f"podman save --format {form} {name}, by name", f"{kind}:{where}:{name}")
                refused(f"podman save --format {form} {name}, another name", f"{kind}:{where}:gamma:1", name)
    several = folder / "several.tar"
    run("podman", *storage, "save", "-q", "-m", "-o", several, alpha, "quay.io/team/alpha:2", beta)
    for name in (alpha, "alpha:1", "quay.io/team/alpha:2", "beta:1", "@1"):
        same(f"podman save -m, {name}", f"docker-archive:{several}:{name}")
    refused("podman save -m, no name", f"docker-archive:{several}", alpha, "quay.io/team/alpha:2", beta)
    refused("podman save -m, a tag of two", f"docker-archive:{several}:1", "tag_ambiguous", alpha, beta)
    run("buildah", *storage, "manifest", "create", "both", alpha)
    run("buildah", *storage, "manifest", "add", "both", beta)
    for kind, where in (("oci", folder / "both"), ("oci-archive", folder / "both.tar"), ("dir", folder / "both-dir")):
        run("buildah", *storage, "manifest", "push", "-q", "--all", "both", f"{kind}:{where}" + ("" if kind == "dir" else ":multi"))
        for arch in names:
            same(f"buildah manifest push {kind}, {arch}", f"{kind}:{where}", platform=("linux", arch))
    for kind in ("oci", "oci-archive", "docker-archive", "dir"):
        where = folder / f"buildah-{kind}"
        run("buildah", *storage, "push", "-q", alpha, f"{kind}:{where}" + ("" if kind == "dir" else ":alpha:1"))
        same(f"buildah push {kind}", f"{kind}:{where}")

    # skopeo: into each kind, and every kind of layer
    source = f"oci-archive:{folder / 'both.tar'}:multi"
    for kind in ("oci", "oci-archive", "docker-archive", "dir"):
        for compression in ("gzip", "zstd") if kind in ("oci", "dir") else ("",):
            where = folder / f"skopeo-{kind}-{compression}"
            skopeo_copy(*(["--dest-compress-format", compression, "--dest-compress"] if compression == "zstd" else []), "--override-arch", "amd64", source,
                        f"{kind}:{where}" + ("" if kind == "dir" else ":team/app:1.0"))
            same(f"skopeo copy {kind} {compression}", f"{kind}:{where}")
            if kind != "dir":
                same(f"skopeo copy {kind} {compression}, by name", f"{kind}:{where}:team/app:1.0")
    tagged = folder / "skopeo-tags.tar"
    skopeo_copy("--override-arch", "amd64", "--additional-tag", "docker.io/library/x:2", source, f"docker-archive:{tagged}:team/app:1.0")
    same("skopeo copy --additional-tag, no name", f"docker-archive:{tagged}")
    for name in ("team/app:1.0", "x:2"):
        same(f"skopeo copy --additional-tag, {name}", f"docker-archive:{tagged}:{name}")
    layout = folder / "skopeo-names"
    for name in ("v1", "team/app", "localhost:5000/alpine", "a.b_c-d"):
        skopeo_copy("--override-arch", "arm64" if name == "v1" else "amd64", source, f"oci:{layout}:{name}")
    for name in ("v1", "team/app", "localhost:5000/alpine", "a.b_c-d"):
        same(f"a layout's {name}", f"oci:{layout}:{name}")
    refused("a layout's other name", f"oci:{layout}:v2", "v1", "team/app", "localhost:5000/alpine")

    # umoci: a layout that grows
    made = folder / "umoci"
    run("umoci", "init", "--layout", made)
    run("umoci", "new", "--image", f"{made}:first")
    run("umoci", "insert", "--image", f"{made}:first", folder / "amd64-0", "/file")
    run("umoci", "tag", "--image", f"{made}:first", "second")
    run("umoci", "insert", "--image", f"{made}:first", "--tag", "third", folder / "amd64-1", "/more")
    run("umoci", "config", "--image", f"{made}:third", "--tag", "fourth", "--config.label", "a=b")
    for name in ("first", "second", "third", "fourth"):
        same(f"umoci's {name}", f"oci:{made}:{name}")
    refused("umoci's, no name", f"oci:{made}", "first", "fourth")
    run("tar", "-C", made, "-cf", folder / "umoci.tar", ".")
    same("umoci's layout by tar", f"oci-archive:{folder / 'umoci.tar'}:fourth")

    # Compressed as a whole: skopeo reads gzip for oci-archive, of the others it is asked for what is in them.
    for where, kind in ((folder / "both.tar", "oci-archive"), (several, "docker-archive"), (folder / "umoci.tar", "oci-archive")):
        name = {"both.tar": "multi", "several.tar": "beta:1", "umoci.tar": "third"}[where.name]
        for how in (["gzip", "-c"], ["zstd", "-qc"]):
            packed = where.with_suffix("." + how[0])
            packed.write_bytes(run(*how, where))
            same(f"{where.name} by {how[0]}", f"{kind}:{packed}:{name}", f"{kind}:{where}:{name}")


def by_shape(folder):
    """Files as others write them, made by hand."""
    a, b, arm = Image("alpha"), Image("beta", 3), Image("arm", arch="arm64")

    def archive(name, data):
        where = folder / name
        where.write_bytes(data)
        return where

    # docker save before 25: a folder a layer, repeated layers as links, config by its ID, and the file of the first versions.
    def old(images):
        files, listed, repositories = {}, [], {}
        first = {}
        for image, tags in images:
            paths = []
            for n, layer in enumerate(image.layers):
                layer_id = sha(image.config + bytes([n]))
                files[f"{layer_id}/VERSION"] = b"1.0"
                files[f"{layer_id}/json"] = json.dumps({"id": layer_id}).encode()
                path = f"{layer_id}/layer.tar"
                files[path] = "../" + first[sha(layer)] if sha(layer) in first else layer
                first.setdefault(sha(layer), path)
                paths.append(path)
            files[sha(image.config) + ".json"] = image.config
            listed.append({"Config": sha(image.config) + ".json", "RepoTags": tags, "Layers": paths})
            for tag in tags or []:
                repository, _, short = tag.rpartition(":")
                repositories.setdefault(repository, {})[short] = layer_id
        files["manifest.json"] = json.dumps(listed).encode()
        files["repositories"] = json.dumps(repositories).encode()
        return files

    where = archive("docker-20.tar", tar_of(old([(a, ["a:latest", "a:1"]), (b, ["b:latest"])]), folders=True))
    for name in ("a:latest", "a:1", "b:latest", "@1"):
        same(f"docker save of version 20, {name}", f"docker-archive:{where}:{name}")
    same("docker save of version 20, one image", f"docker-archive:{archive('docker-20-one.tar', tar_of(old([(a, ['a:latest', 'a:1'])])))}")
    same("docker save of version 20, no name", f"docker-archive:{archive('docker-20-none.tar', tar_of(old([(a, None)])))}")
    again = Image("alpha")
    again.config = a.config.replace(b"layer 1", b"layer x")
    linked = archive("docker-20-links.tar", tar_of(old([(a, ["a:1"]), (again, ["again:1"])])))
    plain = archive("docker-20-plain.tar", tar_of({k: v for k, v in old([(again, ["again:1"])]).items()}))
    same("docker save of version 20, shared layers as links", f"docker-archive:{linked}:again:1", f"docker-archive:{plain}")
    same("docker save of version 20, unpacked", f"docker-archive:{write(folder / 'unpacked', old([(a, ['a:1']), (again, ['again:1'])]))}:again:1", f"docker-archive:{plain}")

    # docker save from 25 on: a layout, with the older list beside it.
    def new(images):
        entries, blobs, listed = [], [], []
        for image, tags in images:
            manifest = image.manifest(image.layers).replace(b"tar+gzip", b"tar")
            blobs += [manifest, image.config, *image.layers]
            for tag in tags:
                entries.append(descriptor(manifest, OCI + "manifest.v1+json", annotations={
                    "io.containerd.image.name": f"docker.io/library/{tag}", "org.opencontainers.image.ref.name": tag.split(":")[1]}))
            listed.append({"Config": "blobs/sha256/" + sha(image.config), "RepoTags": tags, "Layers": ["blobs/sha256/" + sha(l) for l in image.layers],
                           "LayerSources": {"sha256:" + sha(l): descriptor(l, OCI + "layer.v1.tar") for l in image.layers}})
        return {**layout_files(entries, blobs), "manifest.json": json.dumps(listed).encode()}

    where = archive("docker-25.tar", tar_of(new([(a, ["a:latest", "a:1"]), (b, ["b:latest"])]), folders=True))
    alone = {i: archive(f"docker-25-{i.layers[0][:5].decode()}.tar", tar_of(new([(i, ["x:1"])]))) for i in (a, b)}
    for name, image in (("a:latest", a), ("a:1", a), ("b:latest", b), ("docker.io/library/b:latest", b)):
        for kind in ("docker-archive", "oci-archive"):  # skopeo cannot ask for these names in a layout
            same(f"docker save of version 25 as {kind}, {name}", f"{kind}:{where}:{name}", f"oci-archive:{alone[image]}")
        same(f"docker save of version 25, what docker-archive says of {name}'s config", f"docker-archive:{where}:{name}", f"docker-archive:{where}:{name}",
             Digest="sha256:" + sha(image.manifest(image.layers).replace(b"tar+gzip", b"tar")),
             LayersData=[{"MIMEType": OCI + "layer.v1.tar", "Digest": "sha256:" + sha(l), "Size": len(l), "Annotations": None} for l in image.layers])
    refused("docker save of version 25, the tag of two", f"docker-archive:{where}:latest", "tag_ambiguous", "docker.io/library/a:latest", "docker.io/library/b:latest")

    # kaniko --tar-path, crane pull, ko --tarball: configs named by digest, layers compressed.
    def crane(image, tags):
        names = [sha(l) + ".tar.gz" for l in image.packed()]
        return {"sha256:" + sha(image.config): image.config, **dict(zip(names, image.packed())),
                "manifest.json": json.dumps([{"Config": "sha256:" + sha(image.config), "RepoTags": tags, "Layers": names}]).encode()}
    same("kaniko and crane: a tarball", f"docker-archive:{archive('crane.tar', tar_of(crane(a, ['registry.example/team/a:1'])))}")
    same("kaniko and crane: a tarball, by name", f"docker-archive:{folder / 'crane.tar'}:registry.example/team/a:1")
    # jib: the same with a config that is called so, and an OCI tarball of one image.
    jib = crane(b, ["jib/app:1"])
    jib = {"config.json": b.config, **{k: v for k, v in jib.items() if k.endswith(".gz")},
           "manifest.json": jib["manifest.json"].replace(b"sha256:" + sha(b.config).encode(), b"config.json")}
    same("jib: a tarball", f"docker-archive:{archive('jib.tar', tar_of(jib))}")
    entry = descriptor(b.manifest(), OCI + "manifest.v1+json", annotations={"org.opencontainers.image.ref.name": "jib/app:1"})
    same("jib: an OCI tarball", f"oci-archive:{archive('jib-oci.tar', tar_of(layout_files([entry], [b.manifest(), b.config, *b.packed()])))}")

    # kaniko --oci-layout-path, ko --oci-layout-path: no names; an index in the index.
    entry = descriptor(a.manifest(), OCI + "manifest.v1+json")
    same("kaniko: a layout", f"oci:{write(folder / 'kaniko', layout_files([entry], [a.manifest(), a.config, *a.packed()]))}")
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [
        descriptor(i.manifest(), OCI + "manifest.v1+json", platform={"os": "linux", "architecture": i.arch}) for i in (a, arm)]}).encode()
    blobs = [index] + [blob for i in (a, arm) for blob in (i.manifest(), i.config, *i.packed())]
    where = write(folder / "ko", layout_files([descriptor(index, OCI + "index.v1+json")], blobs))
    for image in (a, arm):
        same(f"ko: a layout, {image.arch}", f"oci:{where}", platform=("linux", image.arch))
    two = write(folder / "two", layout_files([descriptor(i.manifest(), OCI + "manifest.v1+json") for i in (a, b)],
                                             [blob for i in (a, b) for blob in (i.manifest(), i.config, *i.packed())]))
    refused("two images without names", f"oci:{two}", "@0", "@1", sha(a.manifest()), sha(b.manifest()))
    same("two images without names, @1", f"oci:{two}:@1", f"oci:{write(folder / 'b', layout_files([descriptor(b.manifest(), OCI + 'manifest.v1+json')], [b.manifest(), b.config, *b.packed()]))}")

    # Bazel: blobs are links to where the build keeps them.
    store = write(folder / "store", {sha(blob): blob for blob in (a.manifest(), a.config, *a.packed())})
    files = layout_files([descriptor(a.manifest(), OCI + "manifest.v1+json")], [a.manifest(), a.config, *a.packed()])
    linked = {k: f"{store}/{k.rsplit('/')[-1]}" if k.startswith("blobs") else v for k, v in files.items()}
    same("Bazel: a layout of links", f"oci:{write(folder / 'bazel', linked)}")
    same("Bazel: a layout with links inside", f"oci:{write(folder / 'bazel-in', {**{k: ('../../store/' + k.rsplit('/')[-1]) if k.startswith('blobs') else v for k, v in files.items()}, **{'store/' + sha(blob): blob for blob in (a.manifest(), a.config, *a.packed())}})}")
    # Nix: names that begin with "./", everything read-only, the whole compressed.
    nix = {f"{sha(b'nix')}.json": a.config, f"{sha(b'layer')}/layer.tar": a.layers[0], f"{sha(b'layer2')}/layer.tar": a.layers[1]}
    nix["manifest.json"] = json.dumps([{"Config": f"{sha(b'nix')}.json", "RepoTags": ["hello:0h9w"], "Layers": [k for k in nix if k.endswith("layer.tar")]}]).encode()
    nix["repositories"] = b'{"hello":{"0h9w":"x"}}'
    plain = archive("nix.tar", tar_of(nix, "./", folders=True))
    same("Nix: an image", f"docker-archive:{plain}:hello:0h9w")
    storage = ["--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs"]
    for name in ("docker-20.tar", "docker-25.tar", "crane.tar", "jib.tar", "nix.tar"):  # they are what they are made to be
        try:
            run("podman", *storage, "load", "-q", "-i", folder / name)
        except RuntimeError as why:
            check(f"podman loads {name}", False, why)
        else:
            check(f"podman loads {name}", True)
    same("Nix: an image, compressed", f"docker-archive:{archive('nix.tar.gz', gzip.compress(plain.read_bytes()))}:hello:0h9w", f"docker-archive:{plain}")


def by_words(folder):
    """What other programs call places."""
    for scheme in ("docker-daemon", "containers-storage", "ostree", "sif", "tarball"):
        refused(f"{scheme}:", f"{scheme}:alpine:latest", f"{scheme}: is not read", "then")
    for scheme in ("docker", "oci"):
        refused(f"{scheme}://, a registry", f"{scheme}://127.0.0.1:1/team/app:1", "127.0.0.1:1/v2/team/app/manifests/1")
    batch = folder / "names"
    batch.write_text("docker-daemon:alpine\noci:/nowhere\ndocker://127.0.0.1:1/a:1\n")
    lines = [json.loads(line) for line in inspect("--batch", "--ordered", batch)[1].splitlines()]
    said = [line["error"]["message"] for line in lines]
    check("the same in a batch", len(said) == 3 and "docker-daemon: is not read" in said[0] and "not in a batch" in said[1] and "127.0.0.1:1/v2/a/" in said[2], said)
    for path, words in (("me@corp", ""), ("me@corp", ":1"), ("me@corp", ":@0"), ("me@corp", "@0"), ("me@2x@3", ":1")):
        image = Image("at")
        where = write(folder / path, layout_files([descriptor(image.manifest(), OCI + "manifest.v1+json", annotations={"org.opencontainers.image.ref.name": "1"})],
                                                  [image.manifest(), image.config, *image.packed()])) if not (folder / path).exists() else folder / path
        status, out, err = inspect(f"oci:{where}{words}")
        check(f"a path with '@', then {words!r}", status == 0 and json.loads(out)["Env"] == ["WORD=at"], err)


def main():
    missing = [tool for tool in PROMISED if not shutil.which(tool)]
    for tool in missing:
        check(f"{tool} is there, as the package list promises", False)
    with tempfile.TemporaryDirectory(prefix="lading-archives-") as name:
        folder = pathlib.Path(name).resolve()
        for what, compare in (("tools", by_tools), ("shapes", by_shape), ("words", by_words)):
            if missing and what == "tools":
                print(f"left out, without {' and '.join(missing)}: the files of the tools")
                continue
            (folder / what).mkdir()
            try:
                compare(folder / what)
            except (RuntimeError, subprocess.TimeoutExpired) as why:
                check(f"the {what} can be run to their end", False, why)
    print(f"archives: {passed} passed, {failed} failed")
    rows.write("archives", not failed, "W01-W09: files of real tools")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
