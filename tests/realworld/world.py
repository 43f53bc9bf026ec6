# SPDX-License-Identifier: BSL-1.0
"""What the inputs are made with: a folder, files, servers, and the two questions, ours and theirs."""
import dataclasses
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peers import CONFIG, GOOD, INDEX, LIST, OCI, SCHEMA2, SIGNED, Peer, answer, descriptor, image, manifest, sha256  # noqa: F401

OCI_CONFIG, OCI_LAYER = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"
NAME = "org.opencontainers.image.ref.name"
READ = {}  # it is read, and as the others read it


@dataclasses.dataclass
class Case:
    """One input of a row. `right`: what ours must make of it: facts of the record, or the pattern of a refusal, or None: whatever the
    others do. `why`: the reason for every difference from what the others do with it."""
    row: str
    shape: str
    make: object  # (World) -> Asked
    right: object = None  # dict: read, with these facts; str: refused, and the message matches
    why: str = ""
    names: bool = False  # it needs names and addresses of its own


CASES = []


def case(row, shape, make, right=READ, why="", names=False):
    CASES.append(Case(row, shape, make, right, why, names))


@dataclasses.dataclass
class Asked:
    ours: list
    theirs: list = None
    umoci: list = None
    env: dict = dataclasses.field(default_factory=dict)
    facts: object = None  # () -> dict: what the servers saw, told after each


class World:
    """The folder and the servers of one input, and how it is asked for."""

    def __init__(self, home):
        self.folder = Path(tempfile.mkdtemp(dir=home))
        self.peers = []

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    def peer(self, handler, **more):
        self.peers.append(Peer(handler, **more))
        return self.peers[-1]

    def registry(self, paths=None, **more):
        """The bytes of each path, or what a function makes of the request; else an honest registry with the image r:1."""
        return self.peer(honest(paths or {}), **more)

    def ask(self, host, name="r:1", *more, theirs=(), env=None, facts=None):
        """Both over http, without any login but those of `more`."""
        if hasattr(host, "host"):
            host = host.host
        nobody = [] if env and ({"REGISTRY_AUTH_FILE", "HOME", "DOCKER_CONFIG"} & env.keys()) else ["--authfile", self.write("nobody.json", "{}")]
        if "--authfile" in more or "--creds" in more:
            nobody = []
        both = list(more)
        if "--platform" in both:
            del both[both.index("--platform"):both.index("--platform") + 2]
        return Asked(["--plain-http", *nobody, *more, f"{host}/{name}"],
                     ["inspect", "--tls-verify=false", *nobody, *both, *theirs, f"docker://{host}/{name}"], env=env or {}, facts=facts)

    def on_disk(self, where, *more, **others):
        return Asked([*more, where], ["inspect", *more, where], **others)

    def close(self):
        for peer in self.peers:
            peer.close()


def honest(paths):
    known = {"/v2/": answer(b"{}", "Docker-Distribution-Api-Version: registry/2.0"),
             "/v2/r/manifests/1": manifest(), f"/v2/r/manifests/{sha256(GOOD)}": manifest(), "/v2/r/blobs/" + sha256(CONFIG): answer(CONFIG),
             "/v2/r/tags/list": tags("1"), **paths}

    def handler(asked):
        got = known.get(asked.target, known.get(asked.path, answer(b"{}", status="404 Not Found")))
        return got(asked) if callable(got) else got
    return handler


def tags(*names, more=()):
    return answer(json.dumps({"name": "r", "tags": names}).encode(), "Content-Type: application/json", *more)


def refusal(status, code="", *fields, text="no", kind="application/json", body=None):
    body = json.dumps({"errors": [{"code": code, "message": text}]}).encode() if body is None else body
    return answer(body, f"Content-Type: {kind}", *fields, status=status)


# --- images on disk

class Image:
    """An image of its own: `word` is in its config."""

    def __init__(self, word, os="linux", arch="amd64", kind=OCI, **platform):
        self.word = word
        self.layer = tar({word: word.encode()})
        self.diff_id = sha256(self.layer)
        self.config = json.dumps({"created": "2024-01-02T03:04:05Z", "architecture": arch, "os": os, "config": {"Env": ["WORD=" + word]},
                                  "rootfs": {"type": "layers", "diff_ids": [self.diff_id]}, "history": [{"created_by": word}]}).encode()
        layer_kind = "application/vnd.oci.image.layer.v1.tar" if kind == OCI else "application/vnd.docker.image.rootfs.diff.tar"
        config_kind = OCI_CONFIG if kind == OCI else "application/vnd.docker.container.image.v1+json"
        self.bytes = image(kind, descriptor(self.config, config_kind), [descriptor(self.layer, layer_kind)])
        self.digest = sha256(self.bytes)
        self.entry = descriptor(self.bytes, kind, platform={"os": os, "architecture": arch, **platform})
        self.blobs = [self.config, self.layer, self.bytes]

    def named(self, name=None, **annotations):
        notes = {**({NAME: name} if name is not None else {}), **{k.replace("__", "."): v for k, v in annotations.items()}}
        return {**self.entry, **({"annotations": notes} if notes else {})}


def tar(members, links=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for name, target in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return out.getvalue()


def layout_files(entries, *images, index=None):
    index = index if index is not None else json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index}
    for blob in (blob for each in images for blob in (each.blobs if isinstance(each, Image) else [each])):
        files["blobs/sha256/" + sha256(blob)[7:]] = blob
    return files


def layout(w, entries, *images, name="layout", **more):
    for path, data in layout_files(entries, *images, **more).items():
        w.write(f"{name}/{path}", data)
    return str(w.folder / name)


def saved_files(*items, without=(), legacy=True):
    """The members of `docker save`: items are (image, names)."""
    files, listed = {}, []
    for each, names in items:
        config, layer = sha256(each.config)[7:] + ".json", f"{each.word.encode().hex():0<64}/layer.tar"
        listed.append({"Config": config, "RepoTags": names, "Layers": [layer]})
        files[config], files[layer] = each.config, each.layer
    files["manifest.json"] = json.dumps(listed).encode()
    return {k: v for k, v in files.items() if not any(part in k for part in without)}


def saved(w, *items, name="saved.tar", **more):
    return w.write(name, tar(saved_files(*items, **more)))


def packed(data, how):
    return subprocess.run(how, input=data, capture_output=True, check=True).stdout
