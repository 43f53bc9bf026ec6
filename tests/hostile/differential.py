#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Hostile answers given to ours, to skopeo and to docker-registry as a cache in front of them, on this machine: a row must be
refused by ours if another refuses it, and every difference must have its reason below.

  differential.py INSPECT           compares with the table that is kept, tests/hostile/differential.md
  differential.py INSPECT --write   writes it
"""
import concurrent.futures
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peers import CONFIG, GOOD, INDEX, LIST, OCI, SCHEMA2, SIGNED, Peer, answer, descriptor, image, manifest, sha256

TABLE = Path(__file__).with_name("differential.md")


def chunks(body, *fields):
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % SCHEMA2.encode() + body


def raw_head(*lines):
    """A manifest under exactly these header lines."""
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Type: " + SCHEMA2.encode(), *lines]) + b"\r\n\r\n" + GOOD


class Server(Peer):
    """Gives the bytes of one row by path."""

    def __init__(self, paths):
        self.paths = {"/v2/": answer(b"{}", "Docker-Distribution-Api-Version: registry/2.0"),
                      "/v2/r/manifests/1": manifest(), "/v2/r/blobs/" + sha256(CONFIG): answer(CONFIG),
                      "/v2/r/tags/list": answer(b'{"name":"r","tags":["1"]}', "Content-Type: application/json"), **paths}
        super().__init__(lambda asked: self.paths.get(asked.target, self.paths.get(asked.path, answer(b"{}", status="404 Not Found"))))


ROWS = []


def row(name, shape, reason="", reference="r:1", arguments=(), **paths):
    """A row: the answers by what they are for (`manifest`, `config`, `tags`) or by path."""
    short = {"manifest": "/v2/r/manifests/1", "config": "/v2/r/blobs/" + sha256(CONFIG), "tags": "/v2/r/tags/list"}
    ROWS.append((name, shape, reason, reference, arguments, {short.get(k, k): v for k, v in paths.items()}))


def with_path(name, shape, reason, paths, **more):
    ROWS.append((name, shape, reason, more.get("reference", "r:1"), more.get("arguments", ()), paths))


def fill():
    body = GOOD
    row("twin", "an honest answer")
    row("twin", "an OCI image", manifest=manifest(image(OCI), kind=OCI))
    # --- 2C: HTTP
    for bad in (b"SSH-2.0-OpenSSH_9\r\n\r\n", b"\0" * 64, b"HTTP/1.1\r\n\r\n", b"ICY 200 OK\r\n\r\n"):
        row("H01", repr(bad[:20])[1:], manifest=bad)
    for version in ("HTTP/2.0", "HTTP/1.2", "HTTP/01.1"):
        row("H02", version, "a version that is not spoken", manifest=manifest(version=version))
    for status in ("99 X", "1000 X", "2OO OK", "+200 OK", "200"):
        row("H03", f"status {status}", "digits of another count are no status", manifest=manifest(status=status))
    row("H04", "101 that nobody asked for", manifest=answer(status="101 Switching Protocols", length=False))
    row("H05", "seven 103 before the answer", "heads that are no answer are bounded in number", manifest=b"HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n" * 7 + manifest())
    row("H09", "two lengths", manifest=manifest(body, f"Content-Length: {len(body) + 1}"))
    row("H10", "the same length twice", manifest=manifest(body, f"Content-Length: {len(body)}"))
    row("H11", "a list of lengths", manifest=raw_head(b"Content-Length: %d, %d" % (len(body), len(body))))
    for bad in (b"+%d", b"-1", b"0x%x", b"%d %d", b"", b"%d;", b"18446744073709551616", b"9223372036854775808"):
        text = bad % ((len(body),) * bad.count(b"%")) if b"%" in bad else bad
        row("H12", f"length {bad.decode()!r}", "an empty length is none, and there is no other", manifest=raw_head(b"Content-Length: " + text))
    row("H13", "a length and chunks", "framed in two ways: what one reader takes for the body another does not",
        manifest=raw_head(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked").replace(body, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)))
    for coding in (b"gzip", b"identity", b"chunked, gzip", b"xchunked", b"chunked\x0b", b"chunked, chunked"):
        row("H14", f"transfer coding {coding.decode()!r}", "only chunked, once",
            manifest=raw_head(b"Transfer-Encoding: " + coding).replace(body, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)))
    good = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    row("H15", "chunks, honest", manifest=chunks(good))
    for bad in (b"-2", b"+a", b"0xa", b"", b"g", b"0" * 17 + b"1", b"f" * 16):
        row("H15", f"chunk size {bad.decode()!r}", "at most 16 digits", manifest=chunks(bad + b"\r\n" + good))
    row("H16", "white space behind a chunk size", "no white space is in that grammar", manifest=chunks(b"%x \r\n%s\r\n0\r\n\r\n" % (len(body), body)))
    row("H17", "chunk lines with a bare line feed", manifest=chunks(b"%x\n%s\n0\n\n" % (len(body), body)))
    row("H18", "no line end behind the data of a chunk", manifest=chunks(b"%x\r\n%sX0\r\n\r\n" % (len(body), body)))
    row("H19", "no last chunk", manifest=chunks(b"%x\r\n%s\r\n" % (len(body), body)))
    row("H19", "half of the last chunk", manifest=chunks(b"%x\r\n%s\r\n0\r\n" % (len(body), body)))
    row("H20", "chunk extensions of 20 KiB", "at most 16 KiB of what nobody reads",
        manifest=chunks(b"".join(b"1;%s\r\n%c\r\n" % (b"e" * 60, c) for c in body) + b"0\r\n\r\n"))
    row("H22", "trailers of 9 KiB", "at most 8 KiB of what nobody reads", manifest=chunks(b"%x\r\n%s\r\n0\r\n" % (len(body), body) + b"A: b\r\n" * 1600 + b"\r\n"))
    row("H23", "a header line of 65 KiB", "a line has at most 64 KiB", manifest=manifest(body, "X: " + "a" * 66_600))
    row("H23", "a head of 270 KiB", "a head has at most 256 KiB", manifest=manifest(body, *["X: " + "a" * 27_000] * 10))
    row("H24", "600 header lines", "a head has at most 512 lines", manifest=manifest(body, *[f"X{i}: a" for i in range(600)]))
    row("W56", "a header line of 20 KB", manifest=manifest(body, "X: " + "a" * 20_000))
    row("W56", "300 header lines", manifest=manifest(body, *[f"X{i}: a" for i in range(300)]))
    for what, line in (("a folded line", b"X: a\r\n b"), ("white space before the colon", b"X : a"), ("a NUL in a value", b"X: a\0b"),
                       ("no name", b": a"), ("no colon", b"X"), ("a bare carriage return", b"X: a\rb"), ("a bare line feed", b"X: a\nY: b")):
        row("H25", what, "not of the grammar of header lines", manifest=manifest(body, line))
    row("H26", "two Content-Types", "it may be there once", manifest=manifest(body, f"Content-Type: {OCI}"))
    row("H26", "two Docker-Content-Digests", "it may be there once",
        manifest=manifest(body, "Docker-Content-Digest: " + sha256(body), "Docker-Content-Digest: " + sha256(b"")))
    import gzip as packer
    row("W48", "gzip", manifest=manifest(packer.compress(body), "Content-Encoding: gzip"))
    for coding in ("none", "utf-8", "aws-chunked"):
        row("W48", coding, manifest=manifest(body, f"Content-Encoding: {coding}"))
    for place in (None, "", "\\\\b.test\\x", "http://u:p@127.0.0.1:1/x", "ftp://127.0.0.1/x"):
        row("H29", f"redirect to {place!r}", manifest=answer(b"", *([f"Location: {place}"] if place is not None else []), status="307 X"))
    row("H30", "redirect to itself", manifest=answer(b"", "Location: /v2/r/manifests/1", status="307 X"))
    for status in (300, 304, 305, 306):
        row("H32", f"{status} with a place", manifest=answer(b"", "Location: /v2/r/manifests/2", status=f"{status} X", length=status != 304))
    row("H35", "a body up to the end of the connection", manifest=manifest(version="HTTP/1.0", length=False))
    row("L10", "cut behind ten bytes", manifest=manifest()[:-len(body) + 10])
    row("L10", "an announced length of 2^62", manifest=raw_head(b"Content-Length: 4611686018427387904"))
    # --- 2D: limits
    row("L01", "a manifest of 4 MiB", manifest=manifest(body + b" " * ((4 << 20) - len(body))))
    row("L02", "a manifest of a byte more", "a manifest has at most 4 MiB", manifest=manifest(body + b" " * ((4 << 20) - len(body) + 1)))
    row("L06", "a page of tags of 6 MiB", tags=answer(b'{"name":"r","tags":["1"%s]}' % (b',"aaaaaaaaaaa"' * 450_000)),
        arguments=())
    row("L08", "a config that is longer than said", config=answer(CONFIG + b" "))
    for size in ("-1", "0", "9223372036854775807", "1.5", '"5"', "1e1"):
        text = GOOD.replace(b'"size": 5', b'"size": ' + size.encode())
        row("L09", f"a layer's size of {size}", "a size is a whole number from 0", manifest=manifest(text))
    row("L17", "5000 layers", "the bound is that of all descriptors: limits::descriptors", manifest=manifest(image(layers=[descriptor(b"layer", "a/b")] * 5000)))
    # --- 2E: digests and types
    pinned = "r@" + sha256(b"other")
    with_path("D01", "other bytes, by digest", "the digest that was asked for decides", {"/v2/r/manifests/" + sha256(b"other"): manifest()}, reference=pinned)
    with_path("D01", "other bytes, by digest, as they are", "bytes of another digest are not shown either",
              {"/v2/r/manifests/" + sha256(b"other"): manifest()}, reference=pinned, arguments=("--raw",))
    row("D02", "a header with another digest, by tag", manifest=manifest(body, "Docker-Content-Digest: " + sha256(b"other")))
    for bad in ("md5:" + "0" * 32, "SHA256:" + "0" * 64, "sha256:" + "0" * 63, "sha256:" + "A" * 64, "sha512:" + "0" * 64, "sha256:",
                "sha256:../../../../etc/passwd", "sha256:" + "0" * 64 + "?x=y"):
        row("D05", f"a config digest of {bad[:40]!r}", "a digest is checked where it is read, before anything is asked for", manifest=manifest(image(config={"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": bad})))
    row("D07", "a config that is cut", config=answer(CONFIG[:-1]))
    row("D06", "a config with a flipped bit", config=answer(bytes([CONFIG[0] ^ 0x80]) + CONFIG[1:]))
    row("D09", "Content-Type and mediaType differ", "a header may only agree with the bytes", manifest=manifest(image(SCHEMA2), kind=OCI))
    row("D10", "layers and manifests", "keys of two types in one document", manifest=manifest(image(SCHEMA2, manifests=[])))
    for kind in (None, "text/html", "application/json", "text/plain"):
        row("D11", f"Content-Type {kind}", "the bytes tell the type; a header that names none of ours is no obstacle", manifest=manifest(kind=kind))
    for kind in (SCHEMA2 + "; charset=utf-8", SCHEMA2.upper(), SCHEMA2 + ", " + OCI):
        row("D12", f"Content-Type {kind.replace(SCHEMA2, 'X').replace(OCI, 'Y').replace(SCHEMA2.upper(), 'in capitals')}",
            "two values are no type: the header is advice then, and the bytes decide", manifest=manifest(kind=kind))
    row("D15", "a config of an unknown type", "it is not read as an image config; its bytes stay opaque",
        manifest=manifest(image(OCI, config=descriptor(b"{", "application/vnd.other")), kind=OCI), **{"/v2/r/blobs/" + sha256(b"{"): answer(b"{")})
    for key in ("Layers", "CONFIG", "schemaversion"):
        low = {"Layers": "layers", "CONFIG": "config", "schemaversion": "schemaVersion"}[key]
        row("D17", f"the key {key}", "keys are compared byte for byte", manifest=manifest(GOOD.replace(f'"{low}"'.encode(), f'"{key}"'.encode())))
    row("D18", "layers twice", "a key that is there twice is refused; the other reader takes the last",
        manifest=manifest(GOOD.replace(b'"layers"', b'"layers": [], "layers"')))
    entry = descriptor(GOOD, SCHEMA2, platform={"os": "linux", "architecture": "amd64"})
    listed = json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": [entry]}).encode()
    with_path("D19", "a child of an index, honest", "", {"/v2/r/manifests/1": manifest(listed, kind=LIST), "/v2/r/manifests/" + sha256(GOOD): manifest()})
    with_path("D19", "a child with other bytes", "the child is a part of the answer; a cache is asked for the index only", {"/v2/r/manifests/1": manifest(listed, kind=LIST), "/v2/r/manifests/" + sha256(GOOD): manifest(GOOD + b" ")})
    # --- 2F: schema1
    payload = json.dumps({"schemaVersion": 1, "name": "r", "tag": "1", "architecture": "amd64", "fsLayers": [{"blobSum": sha256(b"layer")}],
                          "history": [{"v1Compatibility": json.dumps({"id": "a" * 64, "created": "2016-01-02T03:04:05Z", "os": "linux", "architecture": "amd64"})}]}).encode()

    def signed(length=None, tail=b"}", extra=b"", count=1):
        import base64
        encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
        protected = b'{"formatLength":%s,"formatTail":"%s"}' % (str(len(payload) - 1 if length is None else length).encode(), encode(tail).encode())
        signature = {"header": {"alg": "ES256"}, "signature": "c2ln", "protected": encode(protected)}
        return payload[:-1] + b',"signatures":' + json.dumps([signature] * count).encode() + extra + b"}"

    row("S12", "a signed schema1", "documents of the first format are read, by default", manifest=manifest(signed(), kind=SIGNED))
    for length in ("1.5", '"9"', "99999999"):
        row("S03", f"formatLength {length}", "the name of the document cannot be told", manifest=manifest(signed(length), kind=SIGNED))
    row("S02", "a key behind the signed part", "nothing may be shown that is not signed", manifest=manifest(signed(extra=b',"fsLayers":[]'), kind=SIGNED))
    row("S05", "a tail that is no closing brace", "the signed part is no document", manifest=manifest(signed(tail=b',"x":1}'), kind=SIGNED))
    row("S06", "no signatures in the list", "signed by none: the name of the document cannot be told", manifest=manifest(signed(count=0), kind=SIGNED))
    # --- 2G: JSON
    def odd(what, text, why):
        row("J", what, why, manifest=manifest(text))
    odd("33 levels", GOOD[:-1] + b',"x":' + b"[" * 32 + b"]" * 32 + b"}", "at most 32 levels")
    odd("text behind the document", GOOD + b" x", "")
    odd("two documents", GOOD + GOOD, "")
    odd("a byte order mark", b"\xef\xbb\xbf" + GOOD, "")
    odd("a comment", b"/* */" + GOOD, "")
    odd("a comma at the end", GOOD[:-1] + b",}", "")
    odd("a byte that is no UTF-8", GOOD[:-1] + b',"x":"\xff"}', "the text is not UTF-8")
    odd("half of a surrogate pair", GOOD[:-1] + b',"x":"\\ud800"}', "the text is not Unicode")
    odd("a NUL", GOOD[:-1] + b',"x":"\0"}', "")
    odd("a number with a leading zero", GOOD.replace(b'"size": 5', b'"size": 05'), "")
    odd("NaN", GOOD[:-1] + b',"x":NaN}', "")
    odd("a size of 2^64", GOOD.replace(b'"size": 5', b'"size": 18446744073709551616'), "")
    odd("layers is an object", GOOD.replace(b'"layers": [', b'"layers": {"x": [')[:-1] + b"}}", "")
    odd("layers is null", image(layers=[]).replace(b'"layers": []', b'"layers": null'), "an image has a list of layers")
    odd("schemaVersion is a text", GOOD.replace(b'"schemaVersion": 2', b'"schemaVersion": "2"'), "")
    odd("schemaVersion is 2.0", GOOD.replace(b'"schemaVersion": 2', b'"schemaVersion": 2.0'), "a version is a whole number")
    odd("the same key, escaped", GOOD[:-1] + b',"\\u006cayers":[]}', "a key that is there twice is refused; the other reader takes the last")
    for text in (b"", b" ", b"null", b"[]", b'"x"', b"0"):
        odd(f"{text.decode()!r} as a manifest", text, "")
    row("J12", "tags is null", tags=answer(b'{"name":"r","tags":null}'))
    row("J14", "a tag ../x", "a name that cannot be asked for is left out, and said", tags=answer(b'{"name":"r","tags":["../x"]}'))
    row("J14", "a tag ../x among others", "a name that cannot be asked for is left out, and said", tags=answer(b'{"name":"r","tags":["1","../x"]}'))
    # --- 2J: pages
    for link in ("</v2/r/tags/list?n=1>; rel=next", "</v2/r/tags/list", "http://127.0.0.1:1/; rel=next"):
        row("P03", f"Link: {link}", "a list of tags is whole, or it is said that it is not", tags=answer(b'{"name":"r","tags":["1"]}', "Link: " + link))
    # --- 2H: references
    for bad in ("a\r\nX: 1", "../x", "a//b", "a%2f..", "a?x=1", "a#f", "a b", "-a", "A/b", "r:" + "t" * 129, "r:-a", "r@sha256:00", "r@md5:" + "0" * 32,
                "r@sha256:" + "A" * 64):
        row("R01", f"the name {bad[:24]!r}", "", reference=bad)


def run(command):
    try:
        done = subprocess.run(command, capture_output=True, timeout=60)
        return done.returncode, done.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return -1, "no end within a minute"


def cached(upstream, target, config, home):
    """Whether docker-registry, as a cache in front of a place, gives what that place has; and what it said."""
    folder = Path(tempfile.mkdtemp(dir=home))
    log = folder / "log"
    (folder / "config.yml").write_text("version: 0.1\nlog: {level: info}\nstorage: {inmemory: {}}\nhttp: {addr: '127.0.0.1:0'}\n"
                                       f"proxy: {{remoteurl: 'http://127.0.0.1:{upstream}'}}\n")
    server = subprocess.Popen(["docker-registry", "serve", folder / "config.yml"], stdout=subprocess.DEVNULL, stderr=log.open("wb"))
    said = []

    def get(path):
        query = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": ", ".join([SCHEMA2, OCI, LIST, INDEX])})
        try:
            with urllib.request.urlopen(query, timeout=30) as got:
                return got.read()
        except (OSError, http.client.HTTPException) as why:
            said.append(f"{path}: {why!r}")
            return None

    try:
        # The port is its own choice, told in its log: a port chosen for it may be another's by then.
        until = time.monotonic() + 60
        while not (listens := re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text(errors="replace"))):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError("docker-registry does not start:\n" + log.read_text(errors="replace"))
            time.sleep(0.02)
        port = listens[1]
        taken = get("/v2/r/manifests/" + target) is not None and (not config or get("/v2/r/blobs/" + sha256(CONFIG)) == CONFIG)
        return taken, "; ".join(said) + "\n" + log.read_text(errors="replace")[-2000:]
    finally:
        server.kill()
        server.wait()


class Row:
    """What the three made of a row: whether each took it (the cache: None, where it cannot be given it), and what each said."""

    def __init__(self, program, entry, home):
        self.name, self.shape, self.reason, reference, arguments, paths = entry
        server = Server(paths)
        host = f"127.0.0.1:{server.port}/"
        status, ours = run([program, "--plain-http", "--retry", "0", "--timeout", "40", *arguments, host + reference])
        server.seen.clear()
        theirs_status, theirs = run(["skopeo", "--override-os", "linux", "--override-arch", "amd64", "inspect", *arguments, "--tls-verify=false",
                                     "--authfile", f"{home}/auth.json", "docker://" + host + reference])
        # A cache is asked for manifests and blobs by itself: names of its own and lists of tags it is not given.
        self.cache, cache = None, ""
        if not arguments and self.name != "R01" and "/v2/r/tags/list" not in paths:
            server.seen.clear()
            self.cache, cache = cached(server.port, reference[2:], any("/blobs/" + sha256(CONFIG) in path for path in paths), home)
        server.close()
        code = re.search(r"\b([a-z0-9]+(?:_[a-z0-9]+)+):", ours)
        self.code = code[1] if code else ""
        self.ours = status == 0 and "tags cannot be listed" not in ours and "tag list is not complete" not in ours
        self.theirs = theirs_status == 0
        self.said = f"  ours: {ours.strip()[:300]}\n  skopeo: {theirs.strip()[:300]}\n  cache: {cache.strip()}"
        others = [o for o in (self.theirs, self.cache) if o is not None]
        self.verdict = "equal" if all(o == self.ours for o in others) else "looser" if self.ours else "stricter"

    def line(self):
        """Its line in the table, in two parts: with what ours made of it; with what the others did."""
        tell = lambda took: "" if took is None else "taken" if took else "refused"
        shown = self.shape.replace("|", "\\|").replace("\n", "\\n")
        return (f"| {self.name} | {shown} | {tell(self.ours)}{f' `{self.code}`' if self.code else ''} | ",
                f"{tell(self.theirs)} | {tell(self.cache)} | {self.verdict} | {self.reason if self.verdict != 'equal' else ''} |")


def ours(line):
    """Of a line of the table the input and what we made of it; what the others make of it depends on their version."""
    return re.split(r"(?<!\\)\|", line)[1:4]


def compare(program, entry, home, kept):
    """A row. If only the others differ from the table that is kept, they are asked again: they may have been short of time."""
    row = Row(program, entry, home)
    ours, others = row.line()
    if ours + others not in kept and any(line.startswith(ours) for line in kept):
        print(f"{row.name}, {row.shape}: the others again, they said\n{row.said}")
        row = Row(program, entry, home)
    return row


def main():
    program = Path(sys.argv[1]).resolve()
    write = "--write" in sys.argv
    kept = [] if write else TABLE.read_text().splitlines()
    fill()
    home = tempfile.mkdtemp()
    Path(home, "auth.json").write_text("{}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(lambda entry: compare(program, entry, home, kept), ROWS))
    lines = ["# Three readers, the same answers", "",
             "Made by `tests/hostile/differential.py INSPECT --write`. The others are the skopeo (1.9.3) of the machine, and its docker-registry (2.8.2) as",
             "a cache, where it can be given the row. `equal`: all take it or all refuse it; `stricter`: ours refuses what another takes; `looser`: ours takes",
             "what another refuses. Every difference has its reason.", "", "| row | answer | ours | skopeo | cache | | reason |", "|---|---|---|---|---|---|---|"]
    failed = passed = 0
    for row in rows:
        good = row.verdict == "equal" or bool(row.reason)
        failed, passed = failed + (not good), passed + good
        lines.append("".join(row.line()))
        if not good or (kept and ours(lines[-1]) not in map(ours, kept)):
            print(f"{'no reason is given' if not good else 'not as kept'}: {lines[-1]}\n{row.said}")
    if write:
        TABLE.write_text("\n".join(lines) + "\n")
    elif [ours(line) for line in kept] != [ours(line) for line in lines]:
        failed += 1
        print("the table that is kept is another: differential.py INSPECT --write")
    count = lambda verdict: sum(row.verdict == verdict for row in rows)
    print(f"{count('equal')} equal, {count('stricter')} stricter, {count('looser')} looser")
    print(f"differential: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
