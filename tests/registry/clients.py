#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""clients.py LADING [--kills N] [PART...]: other people's clients at `lading serve`: skopeo in every format, podman, buildah, umoci, docker-registry as a pull-through
proxy of it, curl, over http and over TLS with logins; what comes back has the digests of what went in. It is killed while clients push: what was
acknowledged is there afterwards, and the layouts can be read. Parts: basics, strict, places, skopeo, podman, buildah, umoci, proxy, secured, killed. Everything is in a folder of
its own."""
import argparse
import base64
import hashlib
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pushed
from checks import check, ended
from components import PASSWORD, USER, Images, Registry, make_keys, run
from pushed import INDEX, OCI, sha256
from served import Served

ACCEPT = ", ".join([OCI, INDEX, pushed.SCHEMA2, pushed.LIST, "application/vnd.docker.distribution.manifest.v1+prettyjws"])


class World:
    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-clients-"))
        self.policy = self.folder / "policy.json"
        self.policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
        self.storage = ["--root", self.folder / "root", "--runroot", self.folder / "run", "--storage-driver", "vfs"]
        self.served = Served(self.program, self.folder / "registry")
        self.host = self.served.host
        self.images = Images(self.folder, self.served)  # in a layout of umoci; pushed to ours
        self.images.make("one", 2, "--architecture", "amd64", "--os", "linux", "--config.cmd", "/bin/sh")
        self.images.make("two", 1, "--architecture", "arm64", "--os", "linux")
        self.counter = 0

    def close(self):
        self.served.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def place(self, name="place"):
        self.counter += 1
        return self.folder / f"{name}-{self.counter}"

    def skopeo(self, *args):
        return run("skopeo", "--policy", self.policy, *args)

    def copy(self, source, target, *more):
        self.skopeo("copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", *more, source, target)

    def raw(self, name, *more):
        return self.skopeo("inspect", "--raw", "--tls-verify=false", *more, name)

    def repository(self, name):
        """The layout on disk."""
        return self.folder / "registry" / name


def request(host, method, path, body=None, headers=None):
    """Status, headers and body; no exception for a status."""
    c = http.client.HTTPConnection(host, timeout=30)
    try:
        c.request(method, path, body, headers or {})
        got = c.getresponse()
        return got.status, got.headers, got.read()
    finally:
        c.close()


# ---- curl


def curl(*args):
    done = subprocess.run(["curl", "-s", "-i", "--max-time", "30", *map(str, args)], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    head, _, body = done.stdout.rpartition(b"\r\n\r\n") if done.stdout.count(b"\r\n\r\n") == 1 else done.stdout.partition(b"\r\n\r\n")
    while body.startswith(b"HTTP/1.1 "):  # behind 100 Continue
        head, _, body = body.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = {k.lower(): v for k, _, v in (l.partition(": ") for l in lines[1:])}
    return int(lines[0].split()[1]) if lines[0].startswith("HTTP/") else 0, fields, body


def basics(w):
    """The distribution spec 1.1, by curl."""
    base = f"http://{w.host}"
    name = f"{base}/v2/basics/app"
    file = w.place("blob")
    data = os.urandom(300_000)
    file.write_bytes(data)
    d = sha256(data)

    def expect(what, status, got, **fields):
        wrong = {k: got[1].get(k.replace("_", "-")) for k, v in fields.items() if got[1].get(k.replace("_", "-")) != v}
        check(f"curl: {what}", got[0] == status and not wrong, (got[0], got[1], got[2][:300]))
        return got

    expect("/v2/", 200, curl(f"{base}/v2/"))
    expect("an absent blob", 404, curl("-I", f"{name}/blobs/{d}"))
    begun = expect("POST", 202, curl("-X", "POST", f"{name}/blobs/uploads/"))
    place = base + begun[1]["location"]
    expect("PUT", 201, curl("-X", "PUT", "--data-binary", f"@{file}", "-H", "Content-Type: application/octet-stream", f"{place}?digest={d}"), docker_content_digest=d)
    got = expect("GET", 200, curl(f"{name}/blobs/{d}"), content_length=str(len(data)), docker_content_digest=d)
    check("curl: the bytes", got[2] == data)
    expect("Range", 206, curl("-H", "Range: bytes=10-19", f"{name}/blobs/{d}"), content_range=f"bytes 10-19/{len(data)}")
    expect("Range beyond", 416, curl("-H", f"Range: bytes={len(data)}-", f"{name}/blobs/{d}"))
    expect("If-None-Match", 304, curl("-H", f'If-None-Match: "{d}"', f"{name}/blobs/{d}"))
    expect("POST with the digest", 201, curl("-X", "POST", "--data-binary", "whole", "-H", "Content-Type: application/octet-stream", f"{name}/blobs/uploads/?digest={sha256(b'whole')}"))
    expect("POST with a wrong digest", 400, curl("-X", "POST", "--data-binary", "whole", f"{name}/blobs/uploads/?digest={d}"))
    place = base + curl("-X", "POST", f"{name}/blobs/uploads/")[1]["location"]
    chunk = lambda part, span: curl("-X", "PATCH", "--data-binary", part, "-H", "Content-Type: application/octet-stream", "-H", f"Content-Range: {span}", place)
    expect("a chunk", 202, chunk("01234", "0-4"), range="0-4")
    expect("a chunk out of order", 416, chunk("99999", "7-11"), range="0-4")
    expect("the session", 204, curl(place), range="0-4")
    expect("the next chunk", 202, chunk("56789", "5-9"), range="0-9")
    expect("and the end", 201, curl("-X", "PUT", "--data-binary", "end", "-H", "Content-Range: 10-12", f"{place}?digest={sha256(b'0123456789end')}"))
    place = base + curl("-X", "POST", f"{name}/blobs/uploads/")[1]["location"]
    expect("without a length", 201, curl("-X", "PUT", "-T", file, "-H", "Transfer-Encoding: chunked", f"{place}?digest={d}"))
    place = base + curl("-X", "POST", f"{name}/blobs/uploads/")[1]["location"]
    expect("a wrong digest", 400, curl("-X", "PUT", "--data-binary", "others", f"{place}?digest={d}"))
    place = base + curl("-X", "POST", f"{name}/blobs/uploads/")[1]["location"]
    expect("given up", 204, curl("-X", "DELETE", place))
    expect("over", 404, curl(place))
    expect("mount", 201, curl("-X", "POST", f"{base}/v2/basics/other/blobs/uploads/?mount={d}&from=basics/app"), docker_content_digest=d)
    expect("no mount", 202, curl("-X", "POST", f"{base}/v2/basics/other/blobs/uploads/?mount={sha256(b'x')}&from=basics/app"))

    config = b"{}"
    pushed.put_blob(w.host, "basics/app", config)
    document = json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": pushed.descriptor(config, pushed.EMPTY), "layers": [pushed.descriptor(data, "application/x")]})
    m = sha256(document.encode())
    put = lambda ref, text, *more: curl("-X", "PUT", "--data-binary", text, "-H", f"Content-Type: {OCI}", *more, f"{name}/manifests/{ref}")
    for tag in ("v1", "v2", "v3", "a__b", "_x"):
        expect(f"manifest {tag}", 201, put(tag, document), docker_content_digest=m)
    expect("a manifest that lacks something", 400, put("bad", document.replace(d, sha256(b"absent"))))
    got = expect("GET by tag", 200, curl("-H", f"Accept: {OCI}", f"{name}/manifests/v1"), docker_content_digest=m, content_type=OCI)
    check("curl: the manifest", got[2].decode() == document)
    expect("HEAD by digest", 200, curl("-I", f"{name}/manifests/{m}"), docker_content_digest=m)
    expect("a tag that is there", 412, put("v1", document, "-H", "If-None-Match: *"))
    got = expect("tags", 200, curl(f"{name}/tags/list?n=2"))
    check("curl: two tags and a link", json.loads(got[2])["tags"] == ["_x", "a__b"] and "last=a__b" in got[1]["link"], got)
    got = curl(f"{base}/v2/_catalog?n=1&last=basics")
    check("curl: catalog", json.loads(got[2])["repositories"] == ["basics/app"] and "rel=\"next\"" in got[1]["link"], got)
    subject = {"subject": pushed.descriptor(document.encode(), OCI)}
    signed = [json.dumps({**json.loads(document), "artifactType": f"application/vnd.example.{n % 2}", **subject, "annotations": {"n": str(n)}}) for n in range(3)]
    for text in signed:
        expect("a referrer", 201, put(sha256(text.encode()), text), oci_subject=m)
    got = expect("referrers", 200, curl(f"{name}/referrers/{m}"), content_type=INDEX)
    check("curl: all referrers", {e["digest"] for e in json.loads(got[2])["manifests"]} == {sha256(t.encode()) for t in signed}, got)
    got = expect("referrers of a type", 200, curl(f"{name}/referrers/{m}?artifactType=application%2Fvnd.example.1"), oci_filters_applied="artifactType")
    check("curl: one referrer", [e["annotations"] for e in json.loads(got[2])["manifests"]] == [{"n": "1"}], got)
    expect("no referrers", 200, curl(f"{name}/referrers/{sha256(b'x')}"))
    expect("DELETE tag", 202, curl("-X", "DELETE", f"{name}/manifests/v3"))
    expect("gone", 404, curl(f"{name}/manifests/v3"))
    expect("which its manifest is not", 200, curl(f"{name}/manifests/{m}"))
    expect("DELETE manifest", 202, curl("-X", "DELETE", f"{name}/manifests/{m}"))
    for ref in ("v1", "v2", m):
        expect("gone, too", 404, curl(f"{name}/manifests/{ref}"))
    expect("DELETE blob", 202, curl("-X", "DELETE", f"{name}/blobs/{d}"))
    expect("of one repository", 200, curl("-I", f"{base}/v2/basics/other/blobs/{d}"))
    for path in ("/v2/basics/../../etc/passwd", "/v2/..%2f..%2fetc/manifests/x", "/v2/.uploads/blobs/uploads/", "/v2/A/tags/list"):
        got = curl("--path-as-is", "-X", "POST" if path.endswith("uploads/") else "GET", base + path)
        check(f"curl: {path} is refused", got[0] in (400, 404), got)
    for odd in ("blobs", "x/index.json", "x/oci-layout/blobs"):
        pushed.image(w.host, odd, "1", [100])
        check(f"a repository called {odd}", request(w.host, "GET", f"/v2/{odd}/manifests/1")[0] == 200)
    wanted = {"basics/app", "basics/other", "blobs", "x/index.json", "x/oci-layout/blobs"}
    listed = set(json.loads(request(w.host, "GET", "/v2/_catalog")[2])["repositories"])
    check("the catalog has them", wanted <= listed, listed)


def strict(w):
    """Requests that two readers might read differently, and such as are none."""
    def said(text):
        with socket.create_connection(("127.0.0.1", w.served.port), 10) as s:
            s.settimeout(10)
            s.sendall(text.encode("latin-1"))
            got = b""
            try:
                while piece := s.recv(4096):
                    got += piece
            except TimeoutError:
                return got, "still open"
            return got, "closed"

    body = "{}"
    for what, text in {
        "two lengths": f"PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{body}",
        "a length and chunks": f"PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{body}",
        "a length that is none": "PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}",
        "a large length": "PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "another coding": "PUT /v2/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{}",
        "a space before the colon": "PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\n{}",
        "a folded line": "GET /v2/ HTTP/1.1\r\nHost: x\r\nA: b\r\n c: d\r\n\r\n",
        "a bare line end": "GET /v2/ HTTP/1.1\r\nHost: x\r\nA: b\nContent-Length: 2\r\n\r\n",
        "no target": "GET HTTP/1.1\r\n\r\n",
        "another host in the target": "GET http://evil.example/v2/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "a bad host": "GET /v2/ HTTP/1.1\r\nHost: a b/../c\r\n\r\n",
        "TLS": "\x16\x03\x01\x02\x00\x01",
        "a head without an end": "GET /v2/ HTTP/1.1\r\n" + "A: b\r\n" * 12_000,
    }.items():
        got, then = said(text)
        check(f"raw: {what}", got.startswith(b"HTTP/1.1 400") and got.count(b"HTTP/1.1") == 1 and then == "closed", (got[:200], then))
    session = request(w.host, "POST", "/v2/strict/blobs/uploads/")[1]["Location"]
    head = f"PATCH {session} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for what, chunks in {"a chunk size that is none": "zz\r\n", "a negative one": "-1\r\n", "a large one": "ffffffffffffffff\r\n", "a chunk that goes on": "2\r\nabc\r\n0\r\n\r\n"}.items():
        got, then = said(head + chunks)
        check(f"raw: {what}", got.startswith(b"HTTP/1.1 400") and then == "closed", (got[:200], then))
    two = said(f"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    check("raw: two at once", two[0].count(b"HTTP/1.1 200") == 2 and two[1] == "closed", two)


def places(w):
    """Archives, layouts and folders that are only read."""
    archive, layout = w.place("archive"), w.place("layout")
    for where in (f"oci-archive:{archive}:1", f"oci:{layout}:1"):
        w.copy(f"oci:{w.images.layout}:one", where)
    document = w.raw(f"oci:{layout}:1")
    for folder, extra, writes in ((f"oci-archive:{archive}", [], False), (layout, ["--read-only"], False), (layout, [], True)):
        served = Served(w.program, pathlib.Path(folder), *extra)
        try:
            check(f"{folder} {extra}: read", w.raw(f"docker://{served.host}/any/name:1") == document)
            status = request(served.host, "POST", "/v2/any/name/blobs/uploads/")[0]
            check(f"{folder} {extra}: written to, or not", status == (202 if writes else 405), status)
            if writes:
                w.copy(f"oci:{w.images.layout}:two", f"docker://{served.host}/any/name:2")
                check("a layout that was pushed to", w.raw(f"oci:{layout}:2") == w.raw(f"oci:{w.images.layout}:two"))
            else:
                check(f"{folder} {extra}: nothing was made", not (layout / ".uploads").exists())
        finally:
            served.stop()
    none = w.place("none")
    done = subprocess.run([w.program, "serve", "--read-only", none], capture_output=True, timeout=20)
    check("nothing to read", done.returncode == 3 and not none.exists(), done)


# ---- the tools


def skopeo(w):
    """In and out in every format and kind of place."""
    for fmt in ("oci", "v2s2", "v2s1"):
        name = f"docker://{w.host}/skopeo/{fmt}:1"
        w.images.push("one", fmt, f"skopeo/{fmt}:1")
        document = w.raw(name)
        check(f"skopeo {fmt}: as pushed", request(w.host, "GET", f"/v2/skopeo/{fmt}/manifests/1", headers={"Accept": ACCEPT})[2] == document)
        if fmt == "v2s1":
            w.copy(name, f"oci:{w.place()}:1")
            continue
        for form in ("oci", "dir", "oci-archive", "docker-archive", "docker"):
            where = f"docker://{w.host}/skopeo/{fmt}-again:1" if form == "docker" else f"{form}:{w.place()}" + ("" if form == "dir" else ":app:1" if form == "docker-archive" else ":1")
            keep = form in ("dir", "docker") or (form.startswith("oci") and fmt == "oci")
            w.copy(name, where, *(["--preserve-digests"] if keep else []))
            if keep:
                check(f"skopeo {fmt} out to {form}", w.raw(where) == document, where)
            elif form == "docker-archive":  # which is not compressed, and goes in again
                w.copy(where, f"docker://{w.host}/skopeo/{fmt}-unpacked:1")
                a, b = (json.loads(w.skopeo("inspect", "--config", "--tls-verify=false", n)) for n in (name, f"docker://{w.host}/skopeo/{fmt}-unpacked:1"))
                check(f"skopeo {fmt} by way of {form}", a["rootfs"] == b["rootfs"], (a, b))
    children = [pushed.image(w.host, "skopeo/index", arch, [5000, 70_000], arch) for arch in ("amd64", "arm64")]
    whole = pushed.index(w.host, "skopeo/index", "all", children)
    where = w.place("all")
    w.copy(f"docker://{w.host}/skopeo/index:all", f"oci:{where}:all", "--all", "--preserve-digests")
    w.copy(f"oci:{where}:all", f"docker://{w.host}/skopeo/copied:all", "--all", "--preserve-digests")
    check("skopeo --all: the index", sha256(w.raw(f"docker://{w.host}/skopeo/copied:all")) == whole.digest)
    for child in children:
        check("skopeo --all: its images", w.raw(f"docker://{w.host}/skopeo/copied@{child.digest}") == child.document)
    check("skopeo reads the layout on disk", sha256(w.raw(f"oci:{w.repository('skopeo/copied')}:all")) == whole.digest)
    check("skopeo list-tags", json.loads(w.skopeo("list-tags", "--tls-verify=false", f"docker://{w.host}/skopeo/index"))["Tags"] == ["all", "amd64", "arm64"])
    w.skopeo("delete", "--tls-verify=false", f"docker://{w.host}/skopeo/copied:all")
    check("skopeo delete", request(w.host, "GET", "/v2/skopeo/copied/manifests/all")[0] == 404)


def podman(w, source=None, name="podman/app:1", *more):
    """Push and pull; the image is the same."""
    source = source or f"docker://{w.host}/podman/source:1"
    w.images.push("one", "oci", "podman/source:1")
    run("podman", *w.storage, "pull", "-q", "--tls-verify=false", f"{w.host}/podman/source:1")
    id_of = lambda n: run("podman", *w.storage, "image", "inspect", "--format", "{{.Id}}", n).decode().strip()
    first = id_of(f"{w.host}/podman/source:1")
    config = json.loads(w.raw(source))["config"]["digest"]
    check("podman pull: the image", "sha256:" + first == config, (first, config))
    for fmt in ("oci", "v2s2"):
        run("podman", *w.storage, "push", "-q", "--tls-verify=false", "--format", fmt, "--digestfile", w.folder / "digest", f"{w.host}/podman/source:1", f"{w.host}/podman/{fmt}:1")
        said = (w.folder / "digest").read_text().strip()
        status, head, body = request(w.host, "GET", f"/v2/podman/{fmt}/manifests/1", headers={"Accept": ACCEPT})
        check(f"podman push {fmt}: the digest that it says", status == 200 and said == sha256(body) == head["Docker-Content-Digest"], (said, status, head))
        run("podman", *w.storage, "rmi", "-f", first)
        run("podman", *w.storage, "pull", "-q", "--tls-verify=false", f"{w.host}/podman/{fmt}:1")
        got = json.loads(run("podman", *w.storage, "image", "inspect", f"{w.host}/podman/{fmt}:1"))[0]
        check(f"podman pull {fmt}: the layers", got["RootFS"]["Layers"] == json.loads(w.skopeo("inspect", "--config", "--tls-verify=false", source))["rootfs"]["diff_ids"], got["RootFS"])
        run("podman", *w.storage, "rmi", "-f", got["Id"])
        run("podman", *w.storage, "pull", "-q", "--tls-verify=false", f"{w.host}/podman/source:1")


def buildah(w):
    box = run("buildah", *w.storage, "from", "scratch").decode().strip()
    file = w.place("file")
    file.write_bytes(os.urandom(100_000))
    run("buildah", *w.storage, "add", box, file, "/file")
    run("buildah", *w.storage, "commit", "-q", box, "built:1")
    for name in ("buildah/app:1", "buildah/deep/er/app:2"):
        run("buildah", *w.storage, "push", "-q", "--tls-verify=false", "--digestfile", w.folder / "digest", "built:1", f"docker://{w.host}/{name}")
        path, _, tag = name.partition(":")
        status, _, body = request(w.host, "GET", f"/v2/{path}/manifests/{tag}", headers={"Accept": ACCEPT})
        check(f"buildah push {name}", status == 200 and sha256(body) == (w.folder / "digest").read_text().strip(), status)
        for d in json.loads(body)["layers"]:
            check(f"buildah push {name}: its layer", sha256(request(w.host, "GET", f"/v2/{path}/blobs/{d['digest']}")[2]) == d["digest"])
    again = run("buildah", *w.storage, "from", "--pull-always", "--tls-verify=false", f"docker://{w.host}/buildah/app:1").decode().strip()
    mounted = run("buildah", *w.storage, "mount", again).decode().strip()
    check("buildah from", (pathlib.Path(mounted) / "file").read_bytes() == file.read_bytes())
    run("buildah", *w.storage, "rm", "-a")


def umoci(w):
    """A layout that went through skopeo, and the one that is on disk here."""
    w.images.push("two", "oci", "umoci/app:1")
    layout = w.place("umoci")
    w.copy(f"docker://{w.host}/umoci/app:1", f"oci:{layout}:1")
    file = w.place("file")
    file.write_bytes(os.urandom(9000))
    run("umoci", "insert", "--image", f"{layout}:1", file, "/inserted")
    w.copy(f"oci:{layout}:1", f"docker://{w.host}/umoci/app:2", "--preserve-digests")
    check("umoci: what it made", w.raw(f"docker://{w.host}/umoci/app:2") == w.raw(f"oci:{layout}:1"))
    check("umoci: two tags on disk", sorted(run("umoci", "list", "--layout", w.repository("umoci/app")).decode().split()) == ["1", "2"])
    bundle = w.place("bundle")
    run("umoci", "unpack", "--rootless", "--image", f"{w.repository('umoci/app')}:2", bundle)
    check("umoci: unpacked", (bundle / "rootfs" / "inserted").read_bytes() == file.read_bytes())
    run("umoci", "tag", "--image", f"{w.repository('umoci/app')}:2", "3")
    check("umoci: a tag that it gave is served", request(w.host, "GET", "/v2/umoci/app/manifests/3")[0] == 200)


def proxy(w):
    """docker-registry passes on what it does not have."""
    image = pushed.image(w.host, "proxied/app", "1", [3000, 400_000])
    between = Registry(w.folder, w.folder / "proxy-storage", f"proxy: {{remoteurl: 'http://{w.host}'}}")
    try:
        for _ in (0, 1):  # from ours, then from its own
            check("a proxy: the manifest", sha256(w.raw(f"docker://{between.host}/proxied/app:1")) == image.digest)
            where = w.place("proxied")
            w.copy(f"docker://{between.host}/proxied/app:1", f"dir:{where}")
            check("a proxy: all blobs", {d.partition(":")[2] for d in image.sizes} <= {p.name for p in where.iterdir()}, list(where.iterdir()))
        run("podman", *w.storage, "pull", "-q", "--tls-verify=false", f"{between.host}/proxied/app@{image.digest}")
    finally:
        between.stop()


def secured(w):
    """Over TLS, with accounts."""
    keys = w.place("keys")
    keys.mkdir()
    make_keys(keys)
    trusted = w.place("trusted")
    trusted.mkdir()
    shutil.copy(keys / "ca.crt", trusted / "ca.crt")
    served = Served(w.program, w.folder / "secured", "--tls", f"{keys}/server.crt,{keys}/server.key", "--htpasswd", keys / "htpasswd")
    try:
        login, wrong = f"{USER}:{PASSWORD}", f"{USER}:wrong"
        url = f"https://{served.host}/v2/"
        ca = ["--cacert", keys / "ca.crt"]
        got = curl(*ca, url)
        check("curl without a login", got[0] == 401 and got[1].get("www-authenticate", "").startswith("Basic "), got)
        check("curl with a wrong login", curl(*ca, "-u", wrong, url)[0] == 401 and curl(*ca, "-u", "nobody:x", url)[0] == 401)
        behind = base64.b64encode(f"{login}\0and more".encode()).decode()
        check("curl with more behind a NUL", curl(*ca, "-H", f"Authorization: Basic {behind}", url)[0] == 401)
        check("curl with a login", curl(*ca, "-u", login, url)[0] == 200 and curl(*ca, "-u", login, url)[0] == 200)
        check("curl that does not know the authority", curl("-u", login, url)[0] == 0)
        check("curl over http", curl("-u", login, f"http://{served.host}/v2/")[0] == 0)
        name = f"docker://{served.host}/secured/app:1"
        w.skopeo("copy", "-q", "--dest-cert-dir", trusted, "--dest-creds", login, f"oci:{w.images.layout}:one", name)
        document = w.skopeo("inspect", "--raw", "--cert-dir", trusted, "--creds", login, name)
        check("skopeo over TLS", document == w.raw(f"oci:{w.images.layout}:one"))
        try:
            w.skopeo("inspect", "--raw", "--cert-dir", trusted, "--creds", wrong, name)
            check("skopeo with a wrong login", False)
        except RuntimeError as e:
            check("skopeo with a wrong login", "unauthorized" in str(e) or "authentication required" in str(e), e)
        access = ["--cert-dir", trusted, "--creds", login]
        run("podman", *w.storage, "pull", "-q", *access, f"{served.host}/secured/app:1")
        run("podman", *w.storage, "push", "-q", *access, f"{served.host}/secured/app:1", f"{served.host}/secured/app:2")
        run("buildah", *w.storage, "push", "-q", *access, f"{served.host}/secured/app:1", f"docker://{served.host}/secured/app:3")
        tags = json.loads(w.skopeo("list-tags", *access, f"docker://{served.host}/secured/app"))["Tags"]
        check("podman and buildah over TLS", tags == ["1", "2", "3"], tags)
        env = {**os.environ, "HOME": str(w.place("home"))}
        done = subprocess.run([w.program, "copy", "--src-cacert", keys / "ca.crt", "--src-creds", login, f"{served.host}/secured/app:1", f"oci:{w.place()}:1"], capture_output=True, env=env, timeout=60)
        check("lading over TLS", done.returncode == 0, done.stderr)
    finally:
        served.stop()
    log = served.log_path.read_text()
    check("no password in the log", PASSWORD not in log, log)


# ---- killed


class Pusher(threading.Thread):
    """Pushes small images, one after the other, and notes what was acknowledged."""

    def __init__(self, n, world):
        super().__init__(daemon=True)
        self.n, self.world, self.random = n, world, random.Random(n)
        self.blobs, self.tags = [], []  # (repository, digest, bytes), (repository, tag, digest)
        self.stop = False

    def run(self):
        number = 0
        while not self.stop:
            number += 1
            try:
                self.image(f"killed/r{self.n}", f"v{number}")
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)

    def image(self, name, tag):
        c = http.client.HTTPConnection(self.world.host, timeout=10)
        try:
            blobs = [self.random.randbytes(self.random.choice([500, 20_000, 400_000])), json.dumps({"architecture": "amd64", "os": "linux", "n": self.random.random()}).encode()]
            for data in blobs:
                self.blob(c, name, data)
            kind = "application/vnd.oci.image.layer.v1.tar"
            document = json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": pushed.descriptor(blobs[1], "application/vnd.oci.image.config.v1+json"),
                                   "layers": [pushed.descriptor(blobs[0], kind)]}).encode()
            for ref in (sha256(document), tag) if self.random.random() < 0.3 else (tag,):
                if self.ask(c, "PUT", f"/v2/{name}/manifests/{ref}", document, {"Content-Type": OCI})[0] == 201:
                    self.tags.append((name, ref, sha256(document)))
        finally:
            c.close()

    def blob(self, c, name, data):
        status, head = self.ask(c, "POST", f"/v2/{name}/blobs/uploads/", b"")
        place = head["Location"]
        rest = data
        if self.random.random() < 0.4:
            half = len(data) // 2
            self.ask(c, "PATCH", place, data[:half], {"Content-Type": "application/octet-stream", "Content-Range": f"0-{half - 1}"})
            rest = data[half:]
        status, _ = self.ask(c, "PUT", f"{place}?digest={sha256(data)}", rest, {"Content-Type": "application/octet-stream"})
        if status == 201:
            self.blobs.append((name, sha256(data), len(data)))

    @staticmethod
    def ask(c, method, path, body, headers=None):
        c.request(method, path, body, headers or {})
        got = c.getresponse()
        got.read()
        if got.status >= 400:
            raise OSError(f"{method} {path}: {got.status}")  # e.g. a session that a killed server had
        return got.status, got.headers


def half_files(folder):
    """What has a digest for a name and is not that, or is listed and not there."""
    wrong = []
    for index in folder.rglob("index.json"):
        try:
            entries = json.loads(index.read_text())["manifests"]
        except ValueError as e:
            wrong.append(f"{index}: {e}")
            continue
        blobs = index.parent / "blobs" / "sha256"
        for path in blobs.iterdir() if blobs.is_dir() else ():
            if not path.name.startswith(".") and hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
                wrong.append(f"{path}: another digest")
        for e in entries:
            path = blobs / e["digest"].partition(":")[2]
            if not path.is_file():
                wrong.append(f"{index}: {e['digest']} is not there")
                continue
            document = json.loads(path.read_text())
            for d in [document["config"], *document["layers"]]:
                if not (blobs / d["digest"].partition(":")[2]).is_file():
                    wrong.append(f"{path}: {d['digest']} is not there")
    return wrong


def there(host, blobs, tags):
    """What was acknowledged and is not there."""
    wrong = []
    c = http.client.HTTPConnection(host, timeout=30)
    for name, d, size in blobs:
        c.request("HEAD", f"/v2/{name}/blobs/{d}")
        got = c.getresponse()
        got.read()
        if got.status != 200 or got.headers["Content-Length"] != str(size):
            wrong.append((name, d, got.status))
    for name, tag, d in tags:
        c.request("GET", f"/v2/{name}/manifests/{tag}")
        got = c.getresponse()
        if got.status != 200 or sha256(got.read()) != d:
            wrong.append((name, tag, d, got.status))
    c.close()
    return wrong


def killed(w, times):
    """kill -9 while three clients push: what was acknowledged is there, nothing is half."""
    folder = w.folder / "killed"
    served = Served(w.program, folder)
    w_killed = type("Host", (), {"host": served.host})
    pushers = [Pusher(n, w_killed) for n in range(3)]
    for p in pushers:
        p.start()
    chosen = random.Random(16)
    seen = {p: (0, 0) for p in pushers}
    lost, half = [], []
    try:
        for n in range(times):
            time.sleep(chosen.uniform(0.02, 0.25))
            served.kill()
            if n % 10 == 0:
                half += half_files(folder)
            served = Served(w.program, folder, port=served.port)
            for p in pushers:
                blobs, tags = len(p.blobs), len(p.tags)
                lost += there(served.host, p.blobs[seen[p][0]:blobs], p.tags[seen[p][1]:tags])
                seen[p] = (blobs, tags)
        for p in pushers:
            p.stop = True
        for p in pushers:
            p.join(30)
        for p in pushers:
            lost += there(served.host, p.blobs, p.tags)
        half += half_files(folder)
        check("killed: what was acknowledged is there", not lost, lost[:10])
        check("killed: nothing is half", not half, half[:10])
        done = sum(len(p.tags) for p in pushers)
        check("killed: and something was acknowledged", done > times // 2, done)
        for p in pushers:
            name, tag, d = next(t for t in reversed(p.tags) if not t[1].startswith("sha256:"))
            check("killed: skopeo reads the layout", sha256(w.raw(f"oci:{folder / name}:{tag}")) == d)
        served.kill()
        served = Served(w.program, folder)
        left = [f.name for f in (folder / ".uploads").iterdir()]
        check("killed: uploads that nobody goes on with are removed", not left, left)
        print(f"killed {times} times; {done} manifests and {sum(len(p.blobs) for p in pushers)} blobs were acknowledged, and are there")
    finally:
        for p in pushers:
            p.stop = True
        served.stop()


PARTS = {"basics": basics, "strict": strict, "places": places, "skopeo": skopeo, "podman": podman, "buildah": buildah, "umoci": umoci, "proxy": proxy, "secured": secured, "killed": killed}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("parts", nargs="*")
    given = parser.parse_intermixed_args()
    w = World(given.program)
    try:
        for part in given.parts or PARTS:
            begun = time.monotonic()
            try:
                killed(w, given.kills) if part == "killed" else PARTS[part](w)
            except Exception as e:  # the next part may run all the same
                import traceback
                check(part, False, "".join(traceback.format_exception(e)[-4:]))
            print(f"{part}: {time.monotonic() - begun:.1f} s", flush=True)
    finally:
        w.close()
    return ended("clients")


if __name__ == "__main__":
    sys.exit(main())
