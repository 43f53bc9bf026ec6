#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""side_by_side.py LADING [ROW...]: the same requests to Debian's docker-registry 2.8 and to `lading serve --manners registry-2.8`; each row of the
table of server facts (SF01 to SF73) is asked of both, and what they answer must be the same: status, error codes, and the fields that clients read. Prints a
table. SF60 (challenges of token logins) is a unit test."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from checks import check, ended
from components import free_port
from served import Served

OCI, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
SCHEMA2 = "application/vnd.docker.distribution.manifest.v2+json"
FIELDS = ["Location", "Docker-Content-Digest", "Content-Range", "Range", "Etag", "Accept-Ranges", "Cache-Control", "Content-Type", "Allow", "Link", "OCI-Subject", "OCI-Tag",
          "Content-Length", "Docker-Distribution-Api-Version"]
BYTES = bytes(ord("a") + i % 26 for i in range(120))


def sha(data, kind="sha256"):
    return f"{kind}:" + hashlib.new(kind, data).hexdigest()


class Debian:
    """docker-registry with its own settings of validation; `extra` is more of its configuration."""

    def __init__(self, folder, storage, delete=True, readonly=False, relative=False):
        self.folder, self.storage, self.delete, self.readonly, self.relative = folder, storage, delete, readonly, relative
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.start()

    def start(self):
        config = self.folder / f"debian-{self.port}.yml"
        maintenance = "maintenance: {readonly: {enabled: true}}, " if self.readonly else ""
        config.write_text(f"""version: 0.1
log: {{level: error}}
storage: {{{maintenance}filesystem: {{rootdirectory: {self.storage}}}, delete: {{enabled: {str(self.delete).lower()}}}}}
http: {{addr: {self.host}, relativeurls: {str(self.relative).lower()}}}
""")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for _ in range(100):
            try:
                return socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("docker-registry does not answer")

    def stop(self):
        os.kill(self.process.pid, signal.SIGTERM)
        self.process.wait(10)

    def restart(self):
        self.process.kill()
        self.process.wait()
        self.start()


class Ours:
    def __init__(self, program, folder, *extra):
        self.program, self.folder, self.extra = program, folder, extra
        self.served = Served(program, folder, "--manners", "registry-2.8", *extra)
        self.host, self.port, self.stop = self.served.host, self.served.port, lambda: self.served.stop()

    def restart(self):
        self.served.kill()
        self.served = Served(self.program, self.folder, "--manners", "registry-2.8", *self.extra, port=self.port)


class Answer:
    def __init__(self, side, status, headers, body, cut=False):
        self.side, self.status, self.headers, self.body, self.cut = side, status, headers, body, cut

    def get(self, name):
        return self.headers.get(name, "")

    @property
    def location(self):
        """As a target on the same host."""
        return re.sub(r"^https?://[^/]+", "", self.get("Location"))

    def said(self):
        """What must be the same."""
        out = {"status": self.status}
        for field in FIELDS:
            value = self.get(field)
            value = value.replace(self.side.host, "HOST")
            value = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", value)
            value = re.sub(r"_state=[^&]*", "_state=S", value)
            if field == "Content-Type":
                value = value.split(";")[0]
            if field == "Content-Length" and self.status in (400, 404, 405, 500, 301, 204, 206):
                continue  # of words, and of boundaries
            if field == "Docker-Distribution-Api-Version" and (self.status in (301, 405) or "page not found" in self.body.decode(errors="replace")):
                continue  # what the router says itself
            if value:
                out[field] = value
        if self.cut:
            out["cut"] = True
        try:
            errors = json.loads(self.body)["errors"]
            out["errors"] = [(e["code"], e["detail"] if isinstance(e.get("detail"), str) and e["detail"].startswith("sha256:") else "") for e in errors]
        except (ValueError, KeyError, TypeError):
            if self.status >= 400:
                out["text"] = self.body.decode(errors="replace")[:80]
        return out


class Side:
    """One of the two, and the names that one row uses."""

    def __init__(self, server, row):
        self.server, self.host, self.row = server, server.host, row
        self.name = f"{row.lower()}/a"
        self.log = []
        self.connection = None

    def ask(self, method, path, body=None, headers=None, chunked=False, keep=True, target=None):
        for attempt in (0, 1):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
                c = self.connection
                c.putrequest(method, target or path, skip_accept_encoding=True)
                for name, value in (headers or {}).items():
                    c.putheader(name, value)
                if chunked:
                    c.putheader("Transfer-Encoding", "chunked")
                    c.endheaders(iter([body]), encode_chunked=True)
                else:
                    if body is not None:
                        c.putheader("Content-Length", str(len(body)))
                    c.endheaders(body)
                got = c.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                self.connection = None
                if attempt:
                    raise
        cut = False
        try:
            data = got.read()
        except http.client.IncompleteRead as e:
            data, cut = e.partial, True
        if cut or got.will_close:
            self.connection.close()
            self.connection = None
        a = Answer(self, got.status, got.headers, data, cut)
        if keep:
            self.log.append((f"{method} {path.split('/uploads/')[0][:60]}", a.said()))
        return a

    # ---- steps that every row may use; unlogged

    def v2(self, rest, name=None):
        return f"/v2/{name or self.name}/{rest}"

    def begin(self, query="", name=None, keep=False, headers=None, body=b""):
        return self.ask("POST", self.v2("blobs/uploads/" + query, name), body, headers, keep=keep)

    def push(self, data, name=None):
        a = self.begin(name=name)
        done = self.ask("PUT", a.location + "&digest=" + sha(data), data, {"Content-Type": "application/octet-stream"}, keep=False)
        assert done.status == 201, done.status
        return sha(data)

    def blob(self, data, name=None):
        return self.v2("blobs/" + sha(data), name)

    def put(self, ref, document, kind=OCI, name=None, headers=None, keep=True):
        return self.ask("PUT", self.v2(f"manifests/{ref}", name), document, {**({"Content-Type": kind} if kind else {}), **(headers or {})}, keep=keep)

    def entry(self, data, kind="application/vnd.oci.image.layer.v1.tar+gzip", **more):
        return {"mediaType": kind, "digest": sha(data), "size": len(data), **more}

    def image(self, config=b"{}", layers=(b"layer",), push=True, **more):
        if push:
            for data in {config, *layers}:
                self.push(data)
        return json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": self.entry(config, "application/vnd.oci.image.config.v1+json"), "layers": [self.entry(d) for d in layers], **more}).encode()

    def raw(self, data, wait=5.0, until=b""):
        """Sends bytes on a connection of its own; the status of what comes, and whether the connection ended."""
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as s:
            s.settimeout(wait)
            try:
                s.sendall(data)
            except OSError:
                pass
            got = b""
            try:
                while piece := s.recv(65536):
                    got += piece
                    if until and until in got:
                        break
            except OSError:
                pass
            return got


ACCEPT = {"Accept": f"{OCI}, {INDEX}, {SCHEMA2}"}
ROWS = {}


def row(*names):
    def add(f):
        for name in names:
            ROWS[name] = f
        return f
    return add


@row("SF01")
def absent(s):
    s.ask("GET", s.blob(b"none"))
    s.ask("HEAD", s.blob(b"none"))


@row("SF02")
def present(s):
    s.push(BYTES)
    s.ask("GET", s.blob(BYTES))
    s.ask("HEAD", s.blob(BYTES))


def ranges(*all, data=BYTES, method="GET", **more):
    def f(s):
        s.push(data)
        for r in all:
            a = s.ask(method, s.blob(data), headers={"Range": r, **more})
            if a.status == 206 and "multipart" not in a.get("Content-Type"):
                s.log.append((r, a.body))
    return f


ROWS["SF03"] = ranges("bytes=0-3", "bytes=4-", "bytes=-4", "bytes=119-500")
ROWS["SF04"] = ranges("bytes=120-", "bytes=500-")
ROWS["SF05"] = ranges("bytes=5-2", "bytes=abc", "items=0-1")
ROWS["SF07"] = ranges("bytes=0-", data=b"")
ROWS["SF11"] = ranges("bytes=4-7", method="HEAD")


@row("SF06")
def several(s):
    s.push(BYTES)
    a = s.ask("GET", s.blob(BYTES), headers={"Range": "bytes=0-1,4-5"}, keep=False)
    s.log.append(("two ranges", (a.status, a.get("Content-Type").split(";")[0], a.body.count(b"Content-Range: bytes 0-1/120"), a.body.count(b"Content-Range: bytes 4-5/120"))))


@row("SF08")
def if_range(s):
    s.push(BYTES)
    for tag in (f'"{sha(BYTES)}"', '"x"'):
        s.ask("GET", s.blob(BYTES), headers={"Range": "bytes=4-", "If-Range": tag})


@row("SF09")
def if_none_match(s):
    s.push(BYTES)
    d = sha(BYTES)
    for tag in (f'"{d}"', f'W/"{d}"', d, '"x"'):
        s.ask("GET", s.blob(BYTES), headers={"If-None-Match": tag})
    document = s.image()
    s.put("v1", document, keep=False)
    d = sha(document)
    for tag in (f'"{d}"', d, '"x"'):
        s.ask("GET", s.v2("manifests/v1"), headers={"If-None-Match": tag, **ACCEPT})


@row("SF10")
def if_match(s):
    s.push(BYTES)
    s.ask("GET", s.blob(BYTES), headers={"If-Match": '"x"'})
    s.ask("GET", s.blob(BYTES), headers={"If-Match": f'"{sha(BYTES)}"'})


@row("SF12")
def encoding(s):
    s.push(BYTES)
    a = s.ask("GET", s.blob(BYTES), headers={"Accept-Encoding": "gzip"})
    s.log.append(("body", (a.body, a.get("Content-Encoding"))))


@row("SF13")
def session(s):
    for body in (b"", None):
        a = s.ask("POST", s.v2("blobs/uploads/"), body)
        s.log.append(("uuid", a.get("Docker-Upload-UUID") in a.location and bool(a.get("Docker-Upload-UUID"))))


@row("SF14")
def relative(s):
    s.begin(keep=True)


@row("SF15")
def forwarded(s):
    s.begin(keep=True, headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"})


@row("SF16")
def no_slash(s):
    s.ask("POST", s.v2("blobs/uploads"), b"")


@row("SF17")
def single_post(s):
    for _ in (0, 1):
        s.begin("?digest=" + sha(BYTES), keep=True, body=BYTES)
        s.ask("HEAD", s.blob(BYTES))
        s.push(BYTES)


@row("SF18")
def monolithic(s):
    for colon in (":", "%3A"):
        s.ask("PUT", s.begin().location + "&digest=" + sha(BYTES).replace(":", colon), BYTES, {"Content-Type": "application/octet-stream"})


@row("SF19")
def put_forms(s):
    url = lambda: s.begin().location + "&digest=" + sha(BYTES)
    s.ask("PUT", url(), BYTES, chunked=True)
    for kind in ("text/plain", "application/json"):
        s.ask("PUT", url(), BYTES, {"Content-Type": kind})
    s.ask("PUT", url(), BYTES)
    a = s.ask("PATCH", s.begin().location, BYTES, {"Content-Type": "application/octet-stream"}, keep=False)
    s.ask("PUT", a.location + "&digest=" + sha(BYTES))


@row("SF20")
def patch(s):
    at = s.begin()
    for r in ("0-9", None, "77-86", "bytes 0-9/10", "3-1"):
        at = s.ask("PATCH", at.location, b"0123456789", {"Content-Type": "application/octet-stream", **({"Content-Range": r} if r else {})})
    s.ask("PUT", at.location + "&digest=" + sha(b"0123456789" * 5), b"")


@row("SF21")
def patch_type(s):
    s.ask("PATCH", s.begin().location, b"x", {"Content-Type": "text/plain"})
    s.ask("PATCH", s.begin().location, b"x")


@row("SF22")
def patch_chunked(s):
    s.ask("PATCH", s.begin().location, b"0123456789", {"Content-Type": "application/octet-stream"}, chunked=True)
    s.ask("PATCH", s.begin().location, b"", {"Content-Type": "application/octet-stream"})


@row("SF23")
def patch_one(s):
    s.ask("PATCH", s.begin().location, b"1", {"Content-Type": "application/octet-stream"})


@row("SF24")
def status(s):
    at = s.ask("PATCH", s.begin().location, b"01234", {"Content-Type": "application/octet-stream"}, keep=False)
    for method in ("GET", "HEAD"):
        a = s.ask(method, at.location)
        s.log.append(("uuid", bool(a.get("Docker-Upload-UUID"))))


@row("SF25")
def old_place(s):
    for method in ("GET", "HEAD", "PATCH", "PUT", "DELETE"):
        begun = s.begin()
        s.ask("PATCH", begun.location, b"01234", {"Content-Type": "application/octet-stream"}, keep=False)
        s.ask(method, begun.location + ("&digest=" + sha(b"01234") if method == "PUT" else ""), b"" if method in ("PATCH", "PUT") else None)


@row("SF26")
def no_state(s):
    begun = s.begin()
    bare = begun.location.split("?")[0]
    for place in (bare, bare + "?_state=tampered", s.v2("blobs/uploads/6f1ed002-ab55-4595-8590-14ebf0951522"), s.v2("blobs/uploads/not-a-uuid")):
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            s.ask(method, place, b"x" if method in ("PATCH", "PUT") else None)


@row("SF27")
def restarted(s):
    begun = s.begin()
    s.server.restart()
    s.connection = None
    for method in ("GET", "PATCH", "DELETE"):
        s.ask(method, begun.location, b"x" if method == "PATCH" else None)


@row("SF28")
def broken_off(s):
    for method in ("PUT", "PATCH"):
        begun = s.begin()
        target = begun.location + ("&digest=" + sha(BYTES) if method == "PUT" else "")
        with socket.create_connection(("127.0.0.1", s.server.port), 10) as c:
            c.sendall(f"{method} {target} HTTP/1.1\r\nHost: {s.host}\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\n".encode() + b"x" * 200_000)
        for _ in range(100):  # until it has been noticed
            a = s.ask("GET", begun.location, keep=False)
            if a.status == 404:
                break
            time.sleep(0.05)
        s.log.append((method, a.said()))


@row("SF29")
def wrong_digest(s):
    begun = s.begin()
    at = s.ask("PATCH", begun.location, BYTES, {"Content-Type": "application/octet-stream"}, keep=False)
    s.ask("PUT", at.location + "&digest=" + sha(b"others"), b"")
    s.ask("GET", at.location)
    s.ask("PUT", at.location + "&digest=" + sha(BYTES), b"")


@row("SF30")
def no_digest(s):
    for query in ("", "&digest=sha256:zz", "&digest=md5:d41d8cd98f00b204e9800998ecf8427e"):
        begun = s.begin()
        s.ask("PUT", begun.location + query, b"")
        s.ask("GET", begun.location)


@row("SF31")
def put_again(s):
    begun = s.begin()
    for _ in (0, 1):
        s.ask("PUT", begun.location + "&digest=" + sha(BYTES), BYTES)
    s.ask("HEAD", s.blob(BYTES))


@row("SF32")
def cancel(s):
    begun = s.begin()
    s.ask("DELETE", begun.location)
    s.ask("DELETE", begun.location)


@row("SF33")
def twice(s):
    one, two = s.begin(), s.begin()
    for begun in (one, two):
        s.ask("PUT", begun.location + "&digest=" + sha(BYTES), BYTES)


@row("SF34")
def patch_then_put(s):
    for r in ("60-119", "7-3", None):
        at = s.ask("PATCH", s.begin().location, BYTES[:60], {"Content-Type": "application/octet-stream"}, keep=False)
        s.ask("PUT", at.location + "&digest=" + sha(BYTES), BYTES[60:], {"Content-Range": r} if r else {})


@row("SF35")
def sha512(s):
    s.ask("PUT", s.begin().location + "&digest=" + sha(BYTES, "sha512"), BYTES)
    for method in ("HEAD", "GET"):
        s.ask(method, s.v2("blobs/" + sha(BYTES, "sha512")))
    s.ask("HEAD", s.blob(BYTES))


@row("SF36")
def expect(s):
    head = lambda target: f"PUT {target} HTTP/1.1\r\nHost: {s.host}\r\nExpect: 100-continue\r\nContent-Length: {len(BYTES)}\r\nConnection: close\r\n\r\n".encode()
    target = s.begin().location + "&digest=" + sha(BYTES)
    with socket.create_connection(("127.0.0.1", s.server.port), 10) as c:
        c.settimeout(10)
        c.sendall(head(target))
        s.log.append(("told to go on", c.recv(4096).split(b"\r\n")[0]))
        c.sendall(BYTES)
        s.log.append(("then", c.recv(4096)[:12]))
    with socket.create_connection(("127.0.0.1", s.server.port), 10) as c:
        c.settimeout(10)
        c.sendall(head(s.v2("blobs/uploads/6f1ed002-ab55-4595-8590-14ebf0951522?_state=x")) + BYTES)
        got = b""
        while b"BLOB_UPLOAD" not in got and (piece := c.recv(4096)):
            got += piece
        s.log.append(("a dead session", re.findall(rb"HTTP/1.1 (?!100)\d+", got)))


@row("SF37")
def dead_session(s):
    target = s.v2("blobs/uploads/6f1ed002-ab55-4595-8590-14ebf0951522?_state=x")
    size = 50 << 20
    with socket.create_connection(("127.0.0.1", s.server.port), 10) as c:
        c.settimeout(10)
        try:
            c.sendall(f"PUT {target} HTTP/1.1\r\nHost: {s.host}\r\nContent-Length: {size}\r\n\r\n".encode())
            for _ in range(size >> 16):
                c.sendall(bytes(1 << 16))
        except OSError:
            pass
        try:
            got = c.recv(4096)
        except OSError:
            got = b""
        s.log.append(("the answer is readable", got[:12]))


@row("SF38")
def mount(s):
    s.push(BYTES)
    for frm in (s.name, s.name.replace("/", "%2F")):
        s.begin(f"?mount={sha(BYTES)}&from={frm}", name=s.row.lower() + "/c", keep=True)
    s.ask("HEAD", s.blob(BYTES, s.row.lower() + "/c"))


@row("SF39")
def no_mount(s):
    s.push(BYTES)
    for query in (f"?mount={sha(b'none')}&from={s.name}", f"?mount={sha(BYTES)}", f"?mount={sha(BYTES)}&from=nobody/here", f"?mount=bad&from={s.name}", f"?mount={sha(BYTES)}&from=BAD//x"):
        a = s.begin(query, name=s.row.lower() + "/c", keep=True)
        s.ask("PUT", a.location + "&digest=" + sha(b"z"), b"z")


@row("SF40")
def mount_self(s):
    s.push(BYTES)
    s.begin(f"?mount={sha(BYTES)}&from={s.name}", keep=True)


@row("SF41")
def put_tag(s):
    document = s.image()
    s.put("v1", document)
    for method in ("GET", "HEAD"):
        s.ask(method, s.v2("manifests/v1"), headers=ACCEPT)


@row("SF42")
def put_digest(s):
    document = s.image()
    for ref in (sha(document), sha(b"x"), sha(document, "sha512")):
        s.put(ref, document)


@row("SF43")
def lacking(s):
    s.put("v1", s.image(b"config", (b"no", b"no", b"neither"), push=False))


@row("SF44")
def wrong_size(s):
    s.push(b"{}")
    s.put("v1", json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": {**s.entry(b"{}", "application/vnd.oci.image.config.v1+json"), "size": 77}, "layers": []}).encode())


@row("SF45")
def indexes(s):
    make = lambda *entries: json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}).encode()
    s.put("lacks", make(s.entry(b"absent", OCI)), INDEX)
    s.push(b"a blob")
    s.put("blob", make(s.entry(b"a blob", OCI)), INDEX)
    s.put("none", make(), INDEX)
    document = s.image()
    s.put(sha(document), document, keep=False)
    s.put("child", make(s.entry(document, OCI)), INDEX)
    s.ask("GET", s.v2("manifests/child"), headers=ACCEPT)


@row("SF46")
def no_layers(s):
    s.put("v1", s.image(layers=()))


@row("SF47")
def types(s):
    document = s.image()
    for kind in (SCHEMA2, None, "application/json", "application/vnd.example+json"):
        s.put("v1", document, kind)
    s.put("v1", b"{")
    s.put("v1", s.image(manifests=[]))


@row("SF48")
def charset(s):
    s.put("v1", s.image(), OCI + "; charset=utf-8")


@row("SF49")
def no_inner_type(s):
    s.image()
    bare = json.dumps({"schemaVersion": 2, "config": s.entry(b"{}", "application/vnd.docker.container.image.v1+json"), "layers": [s.entry(b"layer")]}).encode()
    s.put("v1", bare, SCHEMA2)
    s.put("v1", bare, OCI)


@row("SF50")
def white_space(s):
    document = b"\n \t" + s.image() + b" \n\n"
    s.put("v1", document)
    s.log.append(("kept", s.ask("GET", s.v2("manifests/v1"), headers=ACCEPT).body == document))


@row("SF51")
def large(s):
    document = s.image()
    for size in (4_194_746, 4_194_290):
        s.put("v1", document + b" " * (size - len(document)))


@row("SF52")
def foreign(s):
    s.push(b"{}")
    layer = s.entry(b"foreign", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls=["https://example.com/x"])
    s.put("v1", json.dumps({"schemaVersion": 2, "mediaType": SCHEMA2, "config": s.entry(b"{}", "application/vnd.docker.container.image.v1+json"), "layers": [layer]}).encode(), SCHEMA2)


@row("SF53")
def nondistributable(s):
    s.push(b"{}")
    layer = s.entry(b"foreign", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
    s.put("v1", json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": s.entry(b"{}", "application/vnd.oci.image.config.v1+json"), "layers": [layer]}).encode())


@row("SF54")
def subject(s):
    of = s.image()
    s.put("v1", of, keep=False)
    s.put("v2", s.image(subject=s.entry(of, OCI)))


@row("SF55")
def referrers(s):
    s.ask("GET", s.v2("referrers/" + sha(BYTES)))


@row("SF56")
def many_tags(s):
    document = s.image()
    s.put(sha(document) + "?tag=x1&tag=x2", document)
    s.ask("GET", s.v2("manifests/x1"), headers=ACCEPT)


@row("SF57")
def conditions(s):
    document = s.image()
    s.put("v1", document, keep=False)
    s.put("v1", document, headers={"If-Match": '"x"'})
    s.put("v1", document, headers={"If-None-Match": "*"})


@row("SF58")
def accepts(s):
    s.put("v1", s.image(), keep=False)
    for headers in ({"Accept": SCHEMA2}, {}, {"Accept": OCI}):
        s.ask("GET", s.v2("manifests/v1"), headers=headers)


@row("SF59")
def delete_tag(s):
    s.put("v1", s.image(), keep=False)
    s.ask("DELETE", s.v2("manifests/v1"))


@row("SF61")
def delete_manifest(s):
    document = s.image()
    for tag in ("v1", "v2"):
        s.put(tag, document, keep=False)
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [s.entry(document, OCI)]}).encode()
    s.put("all", index, INDEX, keep=False)
    s.ask("DELETE", s.v2("manifests/" + sha(document)))
    for ref in ("v1", "v2", sha(document), "all"):
        s.ask("GET", s.v2("manifests/" + ref), headers=ACCEPT)
    s.log.append(("tags", sorted(json.loads(s.ask("GET", s.v2("tags/list"), keep=False).body)["tags"])))
    s.ask("DELETE", s.v2("manifests/" + sha(document)))


@row("SF62")
def delete_blob(s):
    s.put("v1", s.image(), keep=False)
    for method in ("DELETE", "HEAD", "DELETE"):
        s.ask(method, s.blob(b"layer"))
    s.ask("GET", s.v2("manifests/v1"), headers=ACCEPT)


@row("SF63")
def delete_off(s):
    document = s.image()
    s.put("v1", document, keep=False)
    for path in (s.v2("manifests/" + sha(document)), s.v2("manifests/v1"), s.blob(b"layer"), s.begin().location):
        s.ask("DELETE", path)


@row("SF64")
def read_only(s):
    s.ask("POST", s.v2("blobs/uploads/"), b"")
    s.put("v1", s.image(push=False))
    s.ask("DELETE", s.blob(b"layer"))


@row("SF65")
def tag_pages(s):
    document = s.image()
    for tag in ("c", "a", "b"):
        s.put(tag, document, keep=False)
    for query in ("", "?n=2", "?last=a", "?n=0"):
        a = s.ask("GET", s.v2("tags/list" + query))
        s.log.append((query, sorted(json.loads(a.body)["tags"])))


@row("SF66")
def no_tags(s):
    document = s.image()
    s.put("v1", document, keep=False)
    s.ask("DELETE", s.v2("manifests/" + sha(document)), keep=False)
    a = s.ask("GET", s.v2("tags/list"))
    s.log.append(("null", json.loads(a.body)["tags"]))
    s.ask("GET", s.v2("tags/list", "sf66/nobody"))


@row("SF67", "SF68", "SF69")
def catalog(s):
    names = [f"{s.row.lower()}/{x}" for x in "abcd"]
    for name in names:
        s.push(BYTES, name)
    document = s.image()
    s.put("v1", document, keep=False)
    s.ask("DELETE", s.v2("manifests/" + sha(document)), keep=False)
    last = f"last={s.row.lower()}"
    for query in (f"?n=2&{last}", f"?n=2&last={s.row.lower()}%2Fb", "?n=0", "?n=-1", "?n=abc", "?n=100000"):
        a = s.ask("GET", "/v2/_catalog" + query, keep=query not in ("?n=-1", "?n=abc") or None)
        listed = json.loads(a.body).get("repositories")
        s.log.append((query, a.status, [x for x in listed or [] if x.startswith(s.row.lower())] if query[:4] != "?n=0" else listed))


@row("SF70")
def bad_names(s):
    s.ask("GET", s.v2("manifests/-bad"), headers=ACCEPT)
    s.ask("GET", "/v2/" + "/".join(["x" * 60] * 5) + "/tags/list")


@row("SF71")
def unclean(s):
    s.ask("GET", "/v2/a//b/tags/list")
    s.ask("GET", s.v2("tags/list/"))


@row("SF72")
def digest_twice(s):
    s.ask("PUT", s.begin().location + f"&digest={sha(BYTES)}&digest={sha(b'x')}", BYTES)
    s.ask("PUT", s.begin().location + f"&digest={sha(b'x')}&digest={sha(BYTES)}", BYTES)


@row("SF73")
def elsewhere(s):
    begun = s.begin()
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        s.ask(method, begun.location.replace(f"/v2/{s.name}/", "/v2/other/repository/"), b"x" if method in ("PATCH", "PUT") else None)


def words(log):
    """In short, for the table."""
    return [str(x[1]["status"]) for x in log if isinstance(x[1], dict)] or [str(x[1])[:16] for x in log]


def is_later():
    """Ours imitates 2.8.2 of Debian 12. That of Debian 13, 2.8.3, answers otherwise in a few rows."""
    said = subprocess.run(["docker-registry", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.search(r"(\d+)\.(\d+)\.(\d+)", said).groups())) > (2, 8, 2)


def holds_later(name, theirs, ours):
    """Of the rows where the later one differs: its own answer to a range of nothing and to a long name; else all but the length of an error."""
    if any(what == "failed" for what, _ in theirs + ours):
        return False
    if name in ("SF07", "SF70"):
        return [said["status"] for _, said in theirs] == ([200] if name == "SF07" else [404, 404])
    theirs, ours = ([(what, {k: v for k, v in said.items() if k not in ("Content-Length", "cut")}) for what, said in log] for log in (theirs, ours))
    return theirs == ours


def main():
    program, only = sys.argv[1], sys.argv[2:]
    later = is_later()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-sides-"))
    servers = []

    def pair(name, *options, **config):
        both = Debian(folder, folder / f"debian-{name}", **config), Ours(program, folder / f"ours-{name}", *options)
        servers.extend(both)
        return both

    try:
        usual = pair("usual")
        of = {name: usual for name in ROWS}
        makers = {"SF27": lambda: pair("restarted"), "SF63": lambda: pair("kept", "--no-delete", delete=False), "SF64": lambda: pair("read", "--read-only", readonly=True),
                  "SF14": lambda: pair("relative", "--relative-locations", relative=True)}
        print(f"{'row':6}{'docker-registry':34}{'lading serve':34}")
        equal = 0
        for name in sorted(ROWS):
            if only and name not in only:
                continue
            if name == "SF64":
                (folder / "ours-read").mkdir()
            both = makers[name]() if name in makers else of[name]
            logs = []
            for server in both:
                side = Side(server, name)
                try:
                    ROWS[name](side)
                except Exception as e:  # the table goes on
                    side.log.append(("failed", repr(e)))
                if side.connection:
                    side.connection.close()
                logs.append(side.log)
            if later and name in ("SF04", "SF05", "SF07", "SF70"):
                same = holds_later(name, *logs)
            else:
                same = logs[0] == logs[1] and not any(x[0] == "failed" for x in logs[0])
            equal += same
            print(f"{name:6}{' '.join(words(logs[0]))[:32]:34}{' '.join(words(logs[1]))[:32]:34}{'' if same else 'DIFFERENT'}", flush=True)
            first = next(((a, b) for a, b in zip(logs[0], logs[1]) if a != b), (logs[0][-1:], logs[1][-1:]))
            check(name, same, "" if same else f"\n   docker-registry: {first[0]}\n   lading:          {first[1]}")
        print(f"{equal} rows are the same")
    finally:
        for server in servers:
            try:
                server.stop()
            except Exception as e:
                print(e)
        shutil.rmtree(folder, ignore_errors=True)
    return ended("side_by_side")


if __name__ == "__main__":
    sys.exit(main())
