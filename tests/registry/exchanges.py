#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""exchanges.py LADING [--write] [-v] [CASE...]: what the program sends and is answered, byte for byte, recorded on the wire to Debian's
docker-registry and to `lading serve --manners registry-2.8`; what is exchanged with a registry that lists referrers and removes tags, on
the wire to `lading serve` alone.

Each case names the requests that it has to make, in their order. The heads of all of them are in golden/exchanges.txt, which --write
writes anew, in a normal form: HOST for the host; <layer>, <config>, <index> ... for digests; U1, U2 ... for the names of sessions; S for
their state; TOKEN for tokens; VERSION for the version of the program. Of answers Date is left out, what HTTP servers add by themselves, and
Docker-Upload-UUID, which Location has, too; the names of their headers are in lower case and sorted. An answer that refuses is its status, its codes, and
the headers that a client obeys. A body is said by its size and digest. Two requests that are under way together stand in the order of their answers.
Request counts are at the end: at most so many as the table of the case, which are the fewest that the protocol allows."""
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error

import pushed
from checks import check, ended
from components import PASSWORD, USER, TokenIssuer, free_port, make_keys
from pushed import INDEX, OCI, descriptor, sha256
from wire import Rule, Wire, of

program = os.path.abspath(sys.argv[1])
GOLDEN = pathlib.Path(__file__).parent / "golden" / "exchanges.txt"
LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
NOISE = {"date", "x-content-type-options", "vary", "server", "connection", "keep-alive", "docker-upload-uuid"}
OBEYED = {"www-authenticate", "retry-after", "allow", "location"}


# ---- what is pushed -------------------------------------------------------------------------------------------------


def layout(folder, name, images, indexed=False):
    """A layout with one name: an image, or an index of several. `images`: lists of layers. The digests by their names."""
    blobs, names, entries = {}, {}, []

    def add(data, called):
        blobs[sha256(data)] = data
        names.setdefault(sha256(data), called)
        return data

    for n, layers in enumerate(images):
        arch = ("amd64", "arm64", "s390x")[n]
        mark = str(n + 1) if indexed else ""
        config = add(json.dumps({"architecture": arch, "os": "linux", "rootfs": {"type": "layers", "diff_ids": [sha256(l) for l in layers]}}).encode(), "config" + mark)
        listed = [descriptor(add(l, "layer" + (str(i + 1) if indexed or len(layers) > 1 else "") + (f"of{mark}" if mark else "")), LAYER) for i, l in enumerate(layers)]
        manifest = add(json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": descriptor(config, CONFIG), "layers": listed}).encode(), "manifest" + mark)
        entries.append(descriptor(manifest, OCI, platform={"os": "linux", "architecture": arch}))
    top = entries[0]
    if indexed:
        top = descriptor(add(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode(), "index"), INDEX)
    (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    for digest, data in blobs.items():
        (folder / "blobs" / digest.replace(":", "/")).write_bytes(data)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    top = {k: v for k, v in top.items() if k != "platform"} | {"annotations": {"org.opencontainers.image.ref.name": name}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [top]}))
    return names


# ---- registries -----------------------------------------------------------------------------------------------------


class Docker:
    """docker-registry, as it is configured unless it is told otherwise, and with removal."""
    name = "docker-registry"

    def __init__(self, folder, extra=""):
        port = free_port()
        self.host = f"127.0.0.1:{port}"
        config = folder / f"{port}.yml"
        config.write_text(f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {folder}/{port}}}, "
                          f"delete: {{enabled: true}}}}\nhttp: {{addr: {self.host}, secret: x}}\n{extra}")
        self.process = subprocess.Popen(["docker-registry", "serve", config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("docker-registry does not answer")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Ours:
    """lading serve, as docker-registry answers."""
    name, manners = "lading serve --manners registry-2.8", "registry-2.8"

    def __init__(self, folder):
        self.process = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0", "--manners", self.manners, folder / "ours"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.host = self.process.stdout.readline().strip()
        if not re.fullmatch(r"127\.0\.0\.1:\d+", self.host):
            raise RuntimeError("lading serve does not listen: " + self.process.stderr.read())

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Newer(Ours):
    """lading serve, with all that there is."""
    name, manners = "lading serve", "spec"


# ---- the normal form ------------------------------------------------------------------------------------------------


class Normal:
    """Texts without what is different each time."""

    def __init__(self, hosts, names):
        self.hosts, self.names, self.sessions = hosts, names, {}

    def session(self, match):
        return match[1] + self.sessions.setdefault(match[2], f"U{len(self.sessions) + 1}")

    def text(self, line):
        for host, called in self.hosts.items():
            line = line.replace(host, called)
        line = re.sub(r"(/blobs/uploads/)([0-9a-zA-Z][0-9a-zA-Z_-]{7,})", self.session, line)
        line = re.sub(r"_state=[^&\s]+", "_state=S", line)
        line = re.sub(r"Bearer [\w.-]{20,}", "Bearer TOKEN", line)
        line = re.sub(r"Basic [\w+/=]+$", "Basic LOGIN", line)
        line = re.sub(r"lading/\d+\.\d+\.\d+", "lading/VERSION", line)
        for digest, called in self.names.items():
            line = line.replace(digest, f"<{called}>").replace(digest.replace(":", "%3A"), f"%3C{called}%3E").replace(digest.replace(":", "-"), f"<{called}>tag")
        return line

    def lines(self, x):
        """An exchange, as the golden file has it."""
        out = [f"> {x.method} {x.target}"] + [f"> {n}: {v}" for n, v in x.headers]
        if x.size or x.method in ("PUT", "PATCH"):
            out.append(f"> {x.size} bytes" + (f", {x.digest}" if x.digest in self.names or x.size == 0 else ""))
        out.append(f"< {x.status}" + (" and is lost" if x.lost else " of the wire" if x.ours else ""))
        refused = x.status >= 400
        out += sorted(f"< {n.lower()}: {v}" for n, v in x.answer_headers if (n.lower() in OBEYED if refused else n.lower() not in NOISE))
        if refused and x.method != "HEAD":
            out += [f"< {code}" for code in re.findall(r'"code": ?"(\w+)"', x.answer.decode(errors="replace"))]
        return [self.text(l) for l in out]

    def short(self, x):
        """METHOD target status."""
        return self.text(f"{x.method} {x.target.removeprefix('/v2/')} {'lost' if x.lost else x.status}")


# ---- the cases ------------------------------------------------------------------------------------------------------


class World:
    def __init__(self, folder, registry, golden, write):
        self.folder, self.registry, self.golden, self.write = folder, registry, golden, write
        self.wire = Wire(registry.host)
        self.host, self.names, self.made, self.counter = self.wire.host, {}, [], 0
        self.others = {}

    def path(self, name="x"):
        self.counter += 1
        return self.folder / f"{name}-{self.counter}"

    def layout(self, name, images, indexed=False):
        where = self.path("layout")
        self.names |= layout(where, name, images, indexed)
        return f"oci:{where}:{name}"

    def file(self, data, called):
        where = self.path(called)
        where.write_bytes(data)
        self.names[sha256(data)] = called
        return where

    def run(self, *args, status=0, **more):
        done = subprocess.run([program, *map(str, args)], capture_output=True, timeout=120, stdin=subprocess.DEVNULL, **more)
        if status is not None and done.returncode != status:
            check(f"{self.registry.name}: lading {' '.join(map(str, args))}", False, (done.returncode, done.stderr.decode()))
        return done

    def quietly(self, *args):
        """A preparation, whose exchanges are not those of the case."""
        self.run(*args)
        self.wire.take()

    def rule(self, *args, **does):
        self.wire.rules.append(Rule(*args, **does))

    def case(self, name, expected, exchanges=None, wires=()):
        """What was exchanged since the last case. `expected`: METHOD target status, as `Normal.short` has it; None: whatever the golden file has."""
        exchanges = self.wire.take() if exchanges is None else exchanges
        normal = Normal({self.host: "HOST"} | self.others, self.names)
        got = [normal.short(x) for x in exchanges]
        if expected is not None:
            check(f"{self.registry.name}: {name}: the requests", got == expected, "\n" + "\n".join(f"  {'  ' if a == b else '->'} {a:100} | {b}" for a, b in zip_all(got, expected)))
        normal = Normal({self.host: "HOST"} | self.others, self.names)
        lines = [l for x in exchanges for l in [*normal.lines(x), ""]]
        if self.write:
            self.golden[name] = lines
        elif name in self.golden:
            wrong = [f"  {'  ' if a == b else '->'} {a:100} | {b}" for a, b in zip_all(lines, self.golden[name])]
            check(f"{self.registry.name}: {name}: byte for byte", lines == self.golden[name], "\n" + "\n".join(w for w in wrong if w.startswith("  ->")))
        else:
            check(f"{self.registry.name}: {name}: is in the golden file", False)
        return len(exchanges)


def zip_all(a, b):
    return [(a[i] if i < len(a) else "", b[i] if i < len(b) else "") for i in range(max(len(a), len(b)))]


def blob_sent(repository, name, session="U1"):
    return [f"HEAD {repository}/blobs/<{name}> 404", f"POST {repository}/blobs/uploads/ 202", f"PUT {repository}/blobs/uploads/{session}?_state=S&digest=%3C{name}%3E 201"]


ONE = [b"layer one " * 30_000]
PLAIN = ("--plain-http",)
QUIET = ("--plain-http", "-q", "-j", "1")


def pushing(w):
    """G1, G2, GX19, GX34: an image, again, and under another tag."""
    source = w.layout("v1", [ONE])
    w.run("push", *QUIET, source, f"{w.host}/r:v1")
    w.case("G1 push a new image", [
        "HEAD r/manifests/v1 404",
        "POST r/blobs/uploads/ 202", "PUT r/blobs/uploads/U1?_state=S&digest=%3Cconfig%3E 201",  # small and new: sent without a question
        *blob_sent("r", "layer", "U2"),
        "PUT r/manifests/v1 201"])
    folder = pathlib.Path(source.split(":")[1])
    digest = {called: d for d, called in w.names.items()}
    for called in ("layer", "config"):
        w.run("blob", "put", "-q", *PLAIN, f"{w.host}/one", folder / "blobs" / digest[called].replace(":", "/"))
    w.run("manifest", "put", *PLAIN, f"{w.host}/one:v1", folder / "blobs" / digest["manifest"].replace(":", "/"))
    w.case("G1 blob by blob", [*blob_sent("one", "layer"), *blob_sent("one", "config", "U2"), "PUT one/manifests/v1 201"])
    w.run("push", *QUIET, source, f"{w.host}/r:v1")
    w.case("G2 push it again", ["HEAD r/manifests/v1 200"])
    w.run("copy", *QUIET, f"{w.host}/r:v1", f"{w.host}/q:v1")
    w.case("G3 copy to another repository of the registry", [
        "HEAD q/manifests/v1 404", "GET r/manifests/v1 200",
        "POST q/blobs/uploads/?mount=%3Cconfig%3E&from=r 201", "POST q/blobs/uploads/?mount=%3Clayer%3E&from=r 201",
        "PUT q/manifests/v1 201"])
    w.run("copy", *QUIET, f"{w.host}/r:v1", f"{w.host}/q:v1")
    w.case("GX34 copy it again", ["HEAD q/manifests/v1 200", "HEAD r/manifests/v1 200"])
    w.rule("POST", "mount=", rewrite=lambda target: target.partition("?")[0])
    w.run("copy", *QUIET, f"{w.host}/r:v1", f"{w.host}/p:v1")
    w.case("G4 mounting is answered with a session", [
        "HEAD p/manifests/v1 404", "GET r/manifests/v1 200",
        "POST p/blobs/uploads/?mount=%3Cconfig%3E&from=r 202", "GET r/blobs/<config> 200", "PUT p/blobs/uploads/U1?_state=S&digest=%3Cconfig%3E 201",
        "POST p/blobs/uploads/?mount=%3Clayer%3E&from=r 202", "GET r/blobs/<layer> 200", "PUT p/blobs/uploads/U2?_state=S&digest=%3Clayer%3E 201",
        "PUT p/manifests/v1 201"])
    document = w.folder / "document"
    document.write_bytes(w.run("manifest", "get", *PLAIN, f"{w.host}/r:v1").stdout)
    w.wire.take()
    w.run("manifest", "put", *PLAIN, f"{w.host}/r:v2", document)
    w.case("GX19 a second tag for the same bytes", ["PUT r/manifests/v2 201"])


def chunks(w):
    """G5, G6, G7, G8, GX32, GX33: one blob, in one piece and in chunks, over what goes wrong."""
    mib = 1 << 20
    large = w.file(b"0123456789abcdef" * (40 * mib // 16), "large")
    put = ["HEAD b/blobs/<large> 404", "POST b/blobs/uploads/ 202"]

    def session(n, more=""):
        return f"b/blobs/uploads/U{n}?_state=S{more}"

    w.run("blob", "put", "-q", *PLAIN, "--chunk-size", 16 * mib, f"{w.host}/b", large)
    w.case("G5 a blob in chunks", [put[1], f"PATCH {session(1)} 202", f"PATCH {session(1)} 202", f"PUT {session(1, '&digest=%3Clarge%3E')} 201"],
           w.wire.take()[1:])
    w.quietly("blob", "rm", "-q", *PLAIN, f"{w.host}/b@{sha256(large.read_bytes())}")

    w.rule("PATCH", "uploads", 2, lose=True)
    w.run("blob", "put", "-q", *PLAIN, "--chunk-size", 16 * mib, f"{w.host}/b", large)
    w.case("G6 the answer of a chunk is lost", [
        *put, f"PATCH {session(1)} 202", f"PATCH {session(1)} lost", f"GET {session(1)} 404", put[0], put[1], f"PUT {session(2, '&digest=%3Clarge%3E')} 201"])
    w.quietly("blob", "rm", "-q", *PLAIN, f"{w.host}/b@{sha256(large.read_bytes())}")

    small = w.file(b"seven", "small")
    w.rule("PUT", "uploads", 1, lose=True)
    w.run("blob", "put", "-q", *PLAIN, f"{w.host}/b", small)
    w.case("G7 the answer of the closing request is lost", [
        "HEAD b/blobs/<small> 404", put[1], f"PUT {session(1, '&digest=%3Csmall%3E')} lost", "HEAD b/blobs/<small> 200"])

    too_large = (413, [("Content-Type", "text/html")], b"<html>Request Entity Too Large</html>")
    w.rule("PUT", "uploads", answer=too_large, larger=5 * mib)
    w.rule("PATCH", "uploads", answer=too_large, larger=5 * mib)
    w.run("blob", "put", "-q", *PLAIN, f"{w.host}/b", large)
    w.case("G8 a proxy that takes no more than a few MiB", [
        *put, f"PUT {session(1, '&digest=%3Clarge%3E')} 413", f"DELETE {session(1)} 204",
        put[1], f"PATCH {session(2)} 413", f"DELETE {session(2)} 204",
        put[1], *[f"PATCH {session(3)} 202"] * 9, f"PUT {session(3, '&digest=%3Clarge%3E')} 201"])

    other = w.file(b"eight", "other")
    w.rule("POST", "uploads", 1, answer=(429, [("Retry-After", "1"), ("Content-Type", "application/json")], b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'))
    begun = time.monotonic()
    w.run("blob", "put", "-q", *PLAIN, f"{w.host}/b", other)
    check(f"{w.registry.name}: GX32: it waits", time.monotonic() - begun >= 1)
    w.case("GX32 a session is begun too soon", [
        "HEAD b/blobs/<other> 404", "POST b/blobs/uploads/ 429", "POST b/blobs/uploads/ 202", f"PUT {session(1, '&digest=%3Cother%3E')} 201"])

    w.quietly("blob", "rm", "-q", *PLAIN, f"{w.host}/b@{sha256(large.read_bytes())}")
    w.wire.pace, w.wire.passing = 0.01, None
    process = subprocess.Popen([program, "blob", "put", "-q", *PLAIN, f"{w.host}/b", large], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None and not ((x := w.wire.passing) and x.method == "PUT" and x.size > 0):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)[1].decode()
    w.wire.pace = 0.0
    check(f"{w.registry.name}: GX33: interrupted", process.returncode == 130, (process.returncode, said))
    exchanges = w.wire.take()
    last = next((x for x in exchanges if x.method == "DELETE"), exchanges[-1])  # the broken PUT may be there as well, before or after it
    check(f"{w.registry.name}: GX33: the session is ended on a connection of its own", last.method == "DELETE" and last.status in (204, 404)
          and last.connection != exchanges[0].connection, exchanges)
    last.status, last.answer_headers, last.answer = 204, [], b""  # where the registry saw the other connection end first it is 404
    w.case("GX33 interrupted", [*put, f"DELETE {session(1)} 204"], [*exchanges[:2], last])


def reading(w):
    """GX10 to GX17: an image to disk, in part, over what goes wrong."""
    two = w.layout("v1", [[b"layer one " * 40_000, b"layer two " * 20_000]])
    w.quietly("push", *QUIET, two, f"{w.host}/two:v1")
    where = w.path("pulled")
    w.run("pull", *QUIET, f"{w.host}/two:v1", f"oci:{where}:v1")
    blobs = ["GET two/blobs/<config> 200", "GET two/blobs/<layer1> 200", "GET two/blobs/<layer2> 200"]
    w.case("GX10 pull an image", ["GET two/manifests/v1 200", *blobs])
    w.run("pull", *QUIET, f"{w.host}/two:v1", f"oci:{where}:v1")
    w.case("GX11 pull it again", ["HEAD two/manifests/v1 200"])
    digest = {called: d for d, called in w.names.items()}
    missing = where / "blobs" / digest["layer1"].replace(":", "/")
    missing.unlink()
    w.run("pull", *QUIET, f"{w.host}/two:v1", f"oci:{where}:v2")
    w.case("GX12 two of three blobs are there", ["GET two/manifests/v1 200", "GET two/blobs/<layer1> 200"])
    w.rule("GET", "/blobs/.*" + digest["layer1"].split(":")[1], 1, cut=150_000)
    where = w.path("pulled")
    w.run("pull", *QUIET, f"{w.host}/two:v1", f"oci:{where}:v1")
    w.case("GX13 a download is cut", ["GET two/manifests/v1 200", blobs[0], blobs[1], "GET two/blobs/<layer1> 206", blobs[2]])
    for name, kept, without, expected in (("GX14 a part is there from an earlier run", 100_000, None, ["GET two/blobs/<layer1> 206"]),
                                          ("GX15 and the registry knows no ranges", 100_000, "Range", ["GET two/blobs/<layer1> 200"]),
                                          ("GX16 the part is the whole", 400_000, None, [])):
        where = w.path("pulled")
        w.quietly("pull", *QUIET, f"{w.host}/two:v1", f"oci:{where}:v1")
        whole = where / "blobs" / digest["layer1"].replace(":", "/")
        whole.with_name(f".{whole.name}.part").write_bytes(whole.read_bytes()[:kept])
        whole.unlink()
        if without:
            w.rule("GET", "/blobs/", without=without)
        w.run("pull", *QUIET, f"{w.host}/two:v1", f"oci:{where}:v2")
        w.case(name, ["GET two/manifests/v1 200", *expected])
        check(f"{w.registry.name}: {name}: the bytes", whole.exists() and sha256(whole.read_bytes()) == digest["layer1"])
    store = Wire(w.registry.host)
    w.others[store.host] = "STORE"
    try:
        path = f"/v2/two/blobs/{digest['layer1']}"
        for n in (1, 2):
            w.rule("GET", path, n, answer=(307, [("Location", f"http://{store.host}{path}?signature={n}")], b""))
        store.rules.append(Rule("GET", path, 1, cut=150_000))
        w.run("pull", *QUIET, f"{w.host}/two:v1", f"oci:{w.path('pulled')}:v1")
        blob = "two/blobs/<layer1>"
        w.case("GX17 a blob is kept elsewhere, and is cut", ["GET two/manifests/v1 200", blobs[0], f"GET {blob} 307", f"GET {blob} 307", blobs[2]])
        w.case("GX17 the place where it is kept", [f"GET {blob}?signature=1 200", f"GET {blob}?signature=2 206"], store.take())
    finally:
        store.stop()


def indexes(w):
    """GX18: an index; its copy to another registry."""
    shared = b"shared " * 30_000
    both = w.layout("both", [[shared, b"first " * 10_000], [shared, b"second " * 20_000]], indexed=True)
    w.run("push", *QUIET, both, f"{w.host}/multi:both")
    configs, layers = ("config1", "config2"), ("layer1of1", "layer2of2", "layer2of1")  # the largest layer first; one is of both

    def small_and_new(name, session):
        return ["POST multi/blobs/uploads/ 202", f"PUT multi/blobs/uploads/{session}?_state=S&digest=%3C{name}%3E 201"]

    documents = ["PUT multi/manifests/<manifest1> 201", "PUT multi/manifests/<manifest2> 201", "PUT multi/manifests/both 201"]  # what they list is there by then
    sent = [q for n, name in enumerate(layers, 3) for q in blob_sent("multi", name, f"U{n}")]
    w.case("GX18 push an index", ["HEAD multi/manifests/both 404", *small_and_new("config1", "U1"), *small_and_new("config2", "U2"), *sent, *documents])
    other = Docker(w.folder)
    wire = Wire(other.host)
    w.others[wire.host] = "OTHER"
    try:
        w.run("copy", *QUIET, f"{w.host}/multi:both", f"{wire.host}/multi:both")
        theirs, ours = w.wire.take(), wire.take()
        count(w, "copy an index of two to another registry, 5 blobs", theirs + ours, 27)
        w.case("GX18 read for another registry", [f"GET multi/manifests/{name} 200" for name in ("both", "<manifest1>", "<manifest2>")] +
               [f"GET multi/blobs/<{name}> 200" for name in (*configs, *layers)], theirs)
        asked = [q for n, name in enumerate(configs, 1) for q in blob_sent("multi", name, f"U{n}")]
        w.case("GX18 put to another registry", ["HEAD multi/manifests/both 404", *asked, *sent, *documents], ours)
    finally:
        wire.stop()
        other.stop()
    w.run("pull", *QUIET, f"{w.host}/multi:both", f"oci:{w.path('pulled')}:both")
    count(w, "pull an index of two, 3 layers, 2 configs", w.wire.take(), 8)


def removing(w):
    """GX24, GX26, GX28."""
    source = w.layout("v1", [[b"to be removed " * 1000]])
    for name in ("d:v1", "c/d:v1", "a/b:v1"):
        w.quietly("push", *QUIET, source, f"{w.host}/{name}")
    w.run("tag", "rm", "--yes", *PLAIN, f"{w.host}/d:v1", status=1)
    w.case("GX24 remove a tag", ["DELETE d/manifests/v1 400"])
    w.run("manifest", "rm", "-q", "--resolve", *PLAIN, f"{w.host}/d:v1")
    w.case("GX26 remove a manifest by its tag", ["HEAD d/manifests/v1 200", "GET d/manifests/<manifest> 200", "DELETE d/manifests/<manifest> 202"])
    w.run("catalog", "--page-size", "2", *PLAIN, w.host)
    pages = w.wire.take()
    links = [re.match(r"<(.*)>; rel=\"?next\"?$", of(x.answer_headers, "link", "")) for x in pages]
    check(f"{w.registry.name}: GX28 the catalog by pages", len(pages) >= 2 and [x.target for x in pages] == ["/v2/_catalog?n=2", *[l[1] for l in links if l]] and links[-1] is None,
          ([x.target for x in pages], links))


def attach(w):
    """A signature about an image; the digest of the image."""
    source = w.layout("v1", [[b"subject " * 1000]])
    w.quietly("push", *QUIET, source, f"{w.host}/s:v1")
    signature = w.file(b"signed\n", "signature")
    w.names[sha256(b"{}")] = "empty"
    w.run("artifact", "attach", *QUIET, "--artifact-type", "application/vnd.example.sig", "--annotation", "org.opencontainers.image.created=2024-01-02T03:04:05Z",
          f"{w.host}/s:v1", f"{signature.name}:text/plain", cwd=w.folder)
    return next(d for d, called in w.names.items() if called == "manifest")


def named(w, **found):
    """The exchanges so far, where documents that were made in them get names: `name=part of the target`."""
    exchanges = w.wire.take()
    for x in exchanges:
        for name, part in found.items():
            if x.method == "PUT" and part in x.target and x.digest not in w.names:
                w.names[x.digest] = name
    return exchanges


ATTACHED = ["GET s/manifests/v1 200", *blob_sent("s", "empty"), *blob_sent("s", "signature", "U2"), "PUT s/manifests/<referrer> 201"]


def referring(w):
    """GX20, GX23, GX27: referrers, where the registry lists none."""
    subject = attach(w)
    exchanges = named(w, referrer="/manifests/sha256:", list="/manifests/sha256-")
    w.case("GX20 attach to an image", [*ATTACHED, "GET s/referrers/<manifest> 404", "GET s/manifests/<manifest>tag 404", "PUT s/manifests/<manifest>tag 201",
                                       "GET s/manifests/<manifest>tag 200"], exchanges)
    w.run("referrers", *PLAIN, "--artifact-type", "application/vnd.example.sig", f"{w.host}/s@{subject}")
    w.case("GX23 list referrers", ["GET s/referrers/<manifest>?artifactType=application%2Fvnd.example.sig 404", "GET s/manifests/<manifest>tag 200"])
    referrer = next(d for d, called in w.names.items() if called == "referrer")
    w.run("manifest", "rm", "-q", "--yes", *PLAIN, f"{w.host}/s@{referrer}")
    exchanges = named(w, nothing="/manifests/sha256-")
    w.case("GX27 remove a referrer", ["GET s/manifests/<referrer> 200", "DELETE s/manifests/<referrer> 202", "GET s/manifests/<manifest>tag 200",
                                      "DELETE s/manifests/<manifest>tag 400", "GET s/manifests/<manifest>tag 200", "PUT s/manifests/<manifest>tag 201"], exchanges)


def newer(w):
    """GX21, GX22, GX25: a registry that lists referrers, and removes tags."""
    subject = attach(w)
    exchanges = named(w, referrer="/manifests/sha256:")
    w.case("GX21 attach to an image, whose registry lists referrers", [line.replace("_state=S&", "") for line in ATTACHED], exchanges)
    check("GX21: it says so", of(exchanges[-1].answer_headers, "oci-subject") == subject, exchanges[-1].answer_headers)
    w.run("referrers", *PLAIN, "--artifact-type", "application/vnd.example.sig", f"{w.host}/s@{subject}")
    listed = w.wire.take()
    w.case("GX22 list referrers, where the registry does", ["GET s/referrers/<manifest>?artifactType=application%2Fvnd.example.sig 200"], listed)
    check("GX22: it has filtered them", of(listed[0].answer_headers, "oci-filters-applied") == "artifactType", listed[0].answer_headers)
    w.run("tag", "rm", "--yes", *PLAIN, f"{w.host}/s:v1")
    w.case("GX25 remove a tag, where the registry does", ["DELETE s/manifests/v1 202"])


def repairing(w):
    """GX31: a blob that the registry says that it has, and has not."""
    layer = b"lost " * 5000
    source = w.layout("v1", [[layer]])
    w.rule("HEAD", "/blobs/", answer=(200, [("Content-Type", "application/octet-stream")], layer))
    w.run("push", *QUIET, source, f"{w.host}/lost:v1")
    w.case("GX31 a blob that is said to be there is not", [
        "HEAD lost/manifests/v1 404", "POST lost/blobs/uploads/ 202", "PUT lost/blobs/uploads/U1?_state=S&digest=%3Cconfig%3E 201",
        "HEAD lost/blobs/<layer> 200", "PUT lost/manifests/v1 400",
        "POST lost/blobs/uploads/ 202", "PUT lost/blobs/uploads/U2?_state=S&digest=%3Clayer%3E 201", "PUT lost/manifests/v1 201"])


def count(w, name, exchanges, most):
    check(f"{w.registry.name}: requests: {name}: {len(exchanges)}, at most {most}", len(exchanges) <= most, "\n".join(map(repr, exchanges)))
    counted.append((w.registry.name, name, len(exchanges), most))


counted = []


def counts(w):
    """How many requests a job takes."""
    source = w.layout("v1", [[b"count one " * 9000, b"count two " * 9000]])
    one = w.layout("v1", [[b"count three " * 9000]])

    def job(name, most, *args):
        w.run(*args)
        count(w, name, w.wire.take(), most)

    job("push an image of one layer", 7, "push", *QUIET, one, f"{w.host}/count:one")
    job("push it again", 1, "push", *QUIET, one, f"{w.host}/count:one")
    w.quietly("push", *QUIET, source, f"{w.host}/count:v1")
    where = w.path("pulled")
    job("pull an image of two layers", 4, "pull", *QUIET, f"{w.host}/count:v1", f"oci:{where}:v1")
    job("pull it again", 1, "pull", *QUIET, f"{w.host}/count:v1", f"oci:{where}:v1")
    job("copy to another repository of the registry, 3 blobs", 6, "copy", *QUIET, f"{w.host}/count:v1", f"{w.host}/counted:v1")
    job("tag", 2, "tag", *PLAIN, f"{w.host}/count:v1", "v2")
    w.run("tag", "rm", "--yes", *PLAIN, f"{w.host}/count:v2", status=None)
    count(w, "remove a tag", w.wire.take(), 2)


def tokens(w):
    """G9, GX29, GX30: tokens."""
    keys = w.folder / "keys"
    keys.mkdir()
    make_keys(keys)
    issuer = TokenIssuer(keys)
    wire_of_issuer = Wire(f"127.0.0.1:{issuer.port}")
    guarded = Docker(w.folder, f"auth: {{token: {{realm: 'http://{wire_of_issuer.host}/token', service: lading-registry, issuer: lading-test, rootcertbundle: {keys}/token.crt}}}}\n")
    wire = Wire(guarded.host)
    try:
        w.others |= {wire.host: "HOST", wire_of_issuer.host: "ISSUER"}
        source = w.layout("v1", [ONE])
        login = ("--creds", f"{USER}:{PASSWORD}", "--trust-realm", f"http://{wire_of_issuer.host}")

        def tokens_of(name, wanted):
            """The scopes that tokens are asked for, each set of them once."""
            wire.take()
            asked = [re.findall(r"scope=([^&]*)", x.target) for x in wire_of_issuer.take()]
            asked = [" ".join(s).replace("%3A", ":").replace("%2C", ",") for s in asked]
            check(f"{name}: tokens", asked == wanted, asked)

        def case(name, wanted, requests):
            w.case(name, requests, wire.take())
            tokens_of(name, wanted)

        w.run("push", *QUIET, *login, source, f"{wire.host}/r:v1")
        case("G9 push with a token", ["repository:r:pull,push"], [
            "HEAD r/manifests/v1 401", "HEAD r/manifests/v1 404",
            "POST r/blobs/uploads/ 202", "PUT r/blobs/uploads/U1?_state=S&digest=%3Cconfig%3E 201", *blob_sent("r", "layer", "U2"),
            "PUT r/manifests/v1 201"])
        w.run("copy", *QUIET, *login, f"{wire.host}/r:v1", f"{wire.host}/q:v1")
        case("GX29 copy with a token", ["repository:q:pull,push", "repository:r:pull", "repository:q:pull,push repository:r:pull"], [
            "HEAD q/manifests/v1 401", "HEAD q/manifests/v1 404", "GET r/manifests/v1 200",
            "POST q/blobs/uploads/?mount=%3Cconfig%3E&from=r 201", "POST q/blobs/uploads/?mount=%3Clayer%3E&from=r 201",
            "PUT q/manifests/v1 201"])
        note = w.file(b"noted", "note")
        for name, args in (("tag", ("tag", *PLAIN, *login, f"{wire.host}/r:v1", "v2")),
                           ("index create", ("index", "create", *PLAIN, *login, f"{wire.host}/r:both", "v1", f"{wire.host}/r:v2")),
                           ("annotate", ("annotate", *PLAIN, *login, f"{wire.host}/r:v1", "a=b")),
                           ("artifact push", ("artifact", "push", *QUIET, *login, "--artifact-type", "a/b", f"{wire.host}/r:art", note.name)),
                           ("artifact attach", ("artifact", "attach", *QUIET, *login, "--artifact-type", "a/b", f"{wire.host}/r:v1", note.name))):
            w.run(*args, cwd=w.folder)
            tokens_of(f"G9 {name}", ["repository:r:pull,push"])
        w.run("copy", *QUIET, *login, "--dry-run", f"{wire.host}/r:v1", f"{wire.host}/forecast:v1")
        tokens_of("a forecast writes nothing", ["repository:forecast:pull", "repository:r:pull"])
        mib = 1 << 20
        large = w.file(b"0123456789abcdef" * (40 * mib // 16), "large")
        over = [("WWW-Authenticate", f'Bearer realm="http://{wire_of_issuer.host}/token",service="lading-registry",scope="repository:b:pull,push",error="invalid_token"'),
                ("Content-Type", "application/json")]
        wire.rules.append(Rule("PATCH", "uploads", 2, answer=(401, over, b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')))
        w.run("blob", "put", "-q", *PLAIN, *login, "--chunk-size", 16 * mib, f"{wire.host}/b", large)
        session = "b/blobs/uploads/U1?_state=S"
        case("GX30 a token ends between the chunks of an upload", ["repository:b:pull,push"] * 2, [
            "HEAD b/blobs/<large> 401", "HEAD b/blobs/<large> 404", "POST b/blobs/uploads/ 202", f"PATCH {session} 202",
            f"PATCH {session} 401", f"GET {session} 204", f"PATCH {session} 202", f"PUT {session}&digest=%3Clarge%3E 201"])
    finally:
        for part in (wire, wire_of_issuer, guarded, issuer):
            part.stop()


CASES = {"pushing": pushing, "chunks": chunks, "reading": reading, "indexes": indexes, "removing": removing, "referring": referring, "repairing": repairing, "counts": counts}


KINDS = {Docker: CASES | {"tokens": tokens}, Ours: CASES, Newer: {"newer": newer}}


def read_golden():
    out, name = {}, None
    for line in GOLDEN.read_text().splitlines() if GOLDEN.exists() else ():
        if line.startswith("== "):
            name = line[3:]
            out[name] = []
        elif name:
            out[name].append(line)
    return out


def main():
    write, verbose = "--write" in sys.argv, "-v" in sys.argv
    chosen = [a for a in sys.argv[2:] if not a.startswith("-")]
    golden = read_golden()
    with tempfile.TemporaryDirectory(prefix="lading-exchanges-") as folder:
        for kind, cases in KINDS.items():
            if write and kind is Ours:  # which answers as docker-registry does
                continue
            here = pathlib.Path(folder) / kind.__name__
            here.mkdir()
            try:
                registry = kind(here)
            except RuntimeError as e:
                check(kind.name, False, e)
                continue
            w = World(here, registry, golden, write)
            try:
                for name, go in cases.items():
                    if chosen and name not in chosen:
                        continue
                    w.names, w.others = {}, {}
                    try:
                        go(w)
                    except Exception as e:  # the next may run all the same
                        import traceback
                        check(f"{registry.name}: {name}", False, "".join(traceback.format_exception(e)[-4:]))
                    w.wire.take()
            finally:
                w.wire.stop()
                registry.stop()
    if write:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text("\n".join(f"== {name}\n" + "\n".join(lines) for name, lines in golden.items()) + "\n")
    for server, name, n, most in counted if verbose else ():
        print(f"{server}: {name}: {n} (at most {most})")
    return ended("exchanges")


if __name__ == "__main__":
    for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
        del os.environ[name]
    sys.exit(main())
