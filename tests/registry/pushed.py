# SPDX-License-Identifier: BSL-1.0
"""Images and artifacts made here, byte for byte, and pushed to a registry with the requests of the protocol."""
import gzip
import hashlib
import io
import json
import os
import tarfile
import urllib.request

OCI, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
SCHEMA2, LIST = ("application/vnd.docker.distribution.manifest." + v + "+json" for v in ("v2", "list.v2"))
EMPTY = "application/vnd.oci.empty.v1+json"
TITLE = "org.opencontainers.image.title"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(data, kind, **more):
    return {"mediaType": kind, "digest": sha256(data), "size": len(data), **more}


def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Pushed:
    """A manifest and all that it leads to: `digest`, `document` and, by digest, the sizes of its blobs."""

    def __init__(self, registry, name, tag, document, kind, blobs, children=()):
        self.name, self.tag, self.document, self.digest = name, tag, document, sha256(document)
        self.sizes = {sha256(b): len(b) for b in blobs}
        for child in children:
            self.sizes.update(child.sizes)
        self.children, self.kind = list(children), kind
        for b in blobs:
            put_blob(registry, name, b)
        request(registry, "PUT", f"/v2/{name}/manifests/{tag}", document, {"Content-Type": kind})


def request(registry, method, path, body=None, headers=None):
    url = path if path.startswith("http") else f"http://{registry}{path}"
    with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method, headers=headers or {}), timeout=300) as answer:
        return answer.headers, answer.read()


def put_blob(registry, name, data, digest=None):
    """`data`: bytes, or a file that is read from its beginning, of that digest."""
    head, _ = request(registry, "POST", f"/v2/{name}/blobs/uploads/", b"")
    where = head["Location"]
    where += ("&" if "?" in where else "?") + "digest=" + (digest or sha256(data))
    headers = {"Content-Type": "application/octet-stream"}
    if not isinstance(data, bytes):
        headers["Content-Length"] = str(os.fstat(data.fileno()).st_size)
    request(registry, "PUT", where, data, headers)


def image(registry, name, tag, sizes, arch="amd64", docker=False, word=""):
    """An image of layers that cannot be compressed, of about these sizes."""
    layers = [tar({f"{word or arch}-{n}": os.urandom(size)}) for n, size in enumerate(sizes)]
    packed = [gzip.compress(l, 1, mtime=0) for l in layers]
    config = json.dumps({"architecture": arch, "os": "linux", "created": "2024-02-03T04:05:06Z", "config": {"Env": [f"WORD={word}"], "Cmd": ["/x"]},
                         "rootfs": {"type": "layers", "diff_ids": [sha256(l) for l in layers]},
                         "history": [{"created": "2024-02-03T04:05:06Z", "created_by": f"layer {n}"} for n in range(len(layers))]}).encode()
    config_type = "application/vnd.docker.container.image.v1+json" if docker else "application/vnd.oci.image.config.v1+json"
    layer_type = "application/vnd.docker.image.rootfs.diff.tar.gzip" if docker else "application/vnd.oci.image.layer.v1.tar+gzip"
    kind = SCHEMA2 if docker else OCI
    document = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": descriptor(config, config_type),
                           "layers": [descriptor(p, layer_type) for p in packed]}, indent=1).encode()
    out = Pushed(registry, name, tag, document, kind, [config, *packed])
    out.config, out.arch = sha256(config), arch
    return out


def index(registry, name, tag, images, docker=False):
    kind = LIST if docker else INDEX
    entries = [descriptor(i.document, i.kind, platform={"os": "linux", "architecture": i.arch}) for i in images]
    document = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries}, indent=1).encode()
    return Pushed(registry, name, tag, document, kind, [], images)


def artifact(registry, name, tag, files):
    """`files`: titles and contents."""
    layers = [descriptor(data, "application/octet-stream", annotations={TITLE: title}) for title, data in files.items()]
    document = json.dumps({"schemaVersion": 2, "mediaType": OCI, "artifactType": "application/vnd.example.files", "config": descriptor(b"{}", EMPTY),
                           "layers": layers}).encode()
    return Pushed(registry, name, tag, document, OCI, [b"{}", *files.values()])
