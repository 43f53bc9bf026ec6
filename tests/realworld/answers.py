# SPDX-License-Identifier: BSL-1.0
"""W40-W56: answers of registries."""
import base64
import gzip
import json
import time
import zlib

from world import (CONFIG, GOOD, INDEX, LIST, OCI, OCI_CONFIG, SCHEMA2, Asked, Image, answer, case, descriptor, honest, image, manifest, refusal,
                   sha256, tags)

MANIFEST, BLOB, TAGS = "/v2/r/manifests/1", "/v2/r/blobs/" + sha256(CONFIG), "/v2/r/tags/list"
HOLE = "a document whose digest holds is read, with a warning"
DEEP = b"[" * 60 + b"]" * 60


def served(row, shape, paths, right={}, why="", *more, **named):
    case(row, shape, lambda w: w.ask(w.registry(paths(w) if callable(paths) else paths), "r:1", *more, **named), right, why)


def document(row, shape, body, right={}, why="", *more, kind=SCHEMA2, **blobs):
    """A manifest as it is; `config`: its config, where it is of its own."""
    paths = {MANIFEST: manifest(body, kind=kind)}
    for blob in blobs.values():
        paths["/v2/r/blobs/" + sha256(blob)] = answer(blob)
    served(row, shape, paths, {**right, "more": right.get("more", lambda ours: ours.facts.get("Digest") == sha256(body) or "--raw" in more)}
           if isinstance(right, dict) else right, why, *more)


def with_config(row, shape, config, right={}, why=""):
    kind = "application/vnd.docker.container.image.v1+json"
    document(row, shape, image(config=descriptor(config, kind)), right, why, config=config)


def index_of(*entries, kind=LIST):
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": list(entries)}).encode()


def indexed(row, shape, entries, right={}, why="", *more, kind=LIST):
    body = index_of(*entries, kind=kind)
    served(row, shape, {MANIFEST: manifest(body, kind=kind)}, right, why, *more)


def media_types():
    # W40: Accept
    def first_line(asked):  # an old server: it reads one line, split at commas
        return manifest() if SCHEMA2 in asked.get("accept") else refusal("404 Not Found", "MANIFEST_UNKNOWN")

    def unsplit(asked):  # it compares whole lines
        return manifest() if SCHEMA2 in asked.all("accept") else refusal("404 Not Found", body=b"no manifest for this accept header", kind="text/plain")

    def not_acceptable(asked):
        return manifest() if SCHEMA2 in asked.all("accept") else refusal("406 Not Acceptable", body=b"")

    def unsupported(asked):
        return manifest() if SCHEMA2 in asked.all("accept") else refusal("415 Unsupported Media Type", body=b"")
    served("W40", "only the first line of Accept is read", {MANIFEST: first_line}, {}, "the types are joined in one line first")
    served("W40", "Accept is not split at commas: 404 without a v2 body", {MANIFEST: unsplit})
    served("W40", "Accept is not split at commas: 406", {MANIFEST: not_acceptable})
    served("W40", "Accept is not split at commas: 415", {MANIFEST: unsupported})
    served("W40", "Accept is not split at commas: an error that speaks of it", {MANIFEST: lambda asked: manifest() if SCHEMA2 in asked.all("accept") else
           refusal("404 Not Found", "MANIFEST_UNKNOWN", text="OCI manifest found, but Accept header does not support OCI manifests")})
    # W41: nothing where a list or a map is
    for name, text in (("null", GOOD.replace(json.dumps(json.loads(GOOD)["layers"]).encode(), b"null")),
                       ("absent", json.dumps({k: v for k, v in json.loads(GOOD).items() if k != "layers"}).encode())):
        document("W41", f"layers of a schema2 image: {name}", text, {}, HOLE)
        oci = {**json.loads(image(OCI)), "layers": None}
        document("W41", f"layers of an OCI image: {name}", json.dumps(oci if name == "null" else {k: v for k, v in oci.items() if k != "layers"}).encode(), {}, HOLE, kind=OCI)
    for kind in (LIST, INDEX):
        for name, text in (("null", b'{"schemaVersion":2,"mediaType":"%s","manifests":null}' % kind.encode()),):
            document("W41", f"manifests of {kind.split('.')[-2]} {name}: the index itself", text, {}, HOLE, "--platform", "none", kind=kind)
    document("W41", "manifests and config null beside layers", GOOD[:-1] + b',"manifests":null}', {}, HOLE)
    document("W41", "annotations null, urls null", GOOD.replace(b'"layers": [{', b'"annotations": null, "layers": [{"urls": null, "annotations": null, '))
    for key in ("Env", "Cmd", "Entrypoint", "Labels", "OnBuild", "Volumes", "ExposedPorts", "Shell", "Healthcheck", "User", "WorkingDir", "StopSignal"):
        text = CONFIG.replace(b'"Env":["PATH=/bin"]', b'"%s":null' % key.encode())
        with_config("W41", f"config: {key} null", text)
    for key in ("history", "config", "created", "author", "variant", "os.version", "os.features"):
        text = json.dumps({**json.loads(CONFIG), key: None}).encode()
        with_config("W41", f"config: {key} null", text)
    with_config("W41", "config: diff_ids null", json.dumps({**json.loads(CONFIG), "rootfs": {"type": "layers", "diff_ids": None}}).encode(), {}, HOLE)
    # W42: one odd entry
    good = descriptor(GOOD, SCHEMA2, platform={"os": "linux", "architecture": "amd64"})
    odd = {"platform: {}": {**good, "platform": {}, "digest": sha256(b"x")},
           "without os": {**good, "platform": {"architecture": "amd64"}, "digest": sha256(b"x")},
           "os empty": {**good, "platform": {"architecture": "amd64", "os": ""}, "digest": sha256(b"x")},
           "platform null": {**good, "platform": None, "digest": sha256(b"x")},
           "without size": {k: v for k, v in {**good, "digest": sha256(b"x"), "platform": {"os": "plan9", "architecture": "mips"}}.items() if k != "size"},
           "digest blake3:": {**good, "digest": "blake3:" + "0" * 64, "platform": {"os": "plan9", "architecture": "mips"}},
           "digest empty": {**good, "digest": "", "platform": {"os": "plan9", "architecture": "mips"}},
           "size -1": {**good, "size": -1, "platform": {"os": "plan9", "architecture": "mips"}},
           "without mediaType": {k: v for k, v in {**good, "digest": sha256(b"x"), "platform": {"os": "plan9", "architecture": "mips"}}.items() if k != "mediaType"},
           "unknown/unknown": {**good, "digest": sha256(b"x"), "platform": {"os": "unknown", "architecture": "unknown"}},
           "os.version a number": {**good, "digest": sha256(b"x"), "platform": {"os": "windows", "architecture": "amd64", "os.version": 10}}}
    paths = {f"/v2/r/manifests/{sha256(GOOD)}": manifest()}
    for name, entry in odd.items():
        for order in (([entry, good], "before") , ([good, entry], "behind")):
            body = index_of(*order[0])
            served("W42", f"{name}, {order[1]} the good one", {MANIFEST: manifest(body, kind=LIST), **paths}, {"Digest": sha256(body), "Architecture": "amd64"},
                   "an odd entry is never chosen" if name in ("without os", "os empty") else "")
    served("W42", "without size, --raw", {MANIFEST: manifest(index_of(odd["without size"], good), kind=LIST)}, {}, "", "--raw")
    served("W42", "digest blake3:, --raw", {MANIFEST: manifest(index_of(odd["digest blake3:"], good), kind=LIST)}, {}, "", "--raw")
    served("W42", "the only entry that fits has a blake3: digest", {MANIFEST: manifest(index_of({**good, "digest": "blake3:" + "0" * 64}), kind=LIST)}, "")
    # W43: the header tells
    untyped = lambda text: text.replace(b'"mediaType": "%s", "config"' % SCHEMA2.encode(), b'"config"')
    document("W43", "schema2 without mediaType", untyped(GOOD))
    bare = json.loads(index_of(good))
    del bare["mediaType"]
    bare = json.dumps(bare).encode()
    for kind in (LIST, INDEX):
        served("W43", f"an index without mediaType under {kind}", {MANIFEST: manifest(bare, kind=kind), **paths}, {"Digest": sha256(bare)})
    served("W43", "schema2 without mediaType under OCI's", {MANIFEST: manifest(untyped(GOOD), kind=OCI)})
    served("W43", "schema2 without mediaType under application/json", {MANIFEST: manifest(untyped(GOOD), kind="application/json")},
           {}, "the shape tells; the other takes it for the first format")
    served("W43", "schema2 without mediaType under a list's", {MANIFEST: manifest(untyped(GOOD), kind=LIST)}, "media_type_mismatch")
    # W44: odd headers
    for kind in (SCHEMA2 + ";charset", SCHEMA2 + ", " + SCHEMA2, f'"{SCHEMA2}"', SCHEMA2 + ";", SCHEMA2 + "; charset=", SCHEMA2 + ";;", "json", "/", "", "text/html;charset",
                 SCHEMA2 + "; charset=utf-8; charset=utf-8", "application/octet-stream"):
        served("W44", f"Content-Type: {kind.replace(SCHEMA2, 'X')}", {MANIFEST: manifest(kind=None) if not kind else manifest(kind=kind)})
    served("W44", "Content-Type empty", {MANIFEST: manifest(GOOD, "Content-Type: ", kind=None)})
    served("W44", "Content-Type of a config", {BLOB: answer(CONFIG, "Content-Type: a/b, c/d;")})


def lists():
    # W45: long lists
    def long(count, **more):
        names = [f"{n:08}-a-name-of-a-tag-that-is-forty-bytes" for n in range(count)]
        return names, json.dumps({"name": "r", "tags": names, **more}).encode()
    names, body = long(120_000)
    served("W45", "120,000 names in a page", {TAGS: answer(body)}, {"RepoTags": names})
    few, gcr = long(3)
    extra = {sha256(b"%d" % n): {"imageSizeBytes": "1", "layerId": "", "mediaType": SCHEMA2, "tag": [few[0]], "timeCreatedMs": "1"} for n in range(30_000)}
    for name, text in (("before", json.dumps({"child": [], "manifest": extra, "name": "r", "tags": few})), ("behind", json.dumps({"name": "r", "tags": few, "child": [], "manifest": extra}))):
        served("W45", f"a map of 30,000 manifests {name} tags", {TAGS: answer(text.encode())}, {"RepoTags": few})
    served("W45", "7,000 children beside tags", {TAGS: answer(json.dumps({"child": ["c%d" % n for n in range(7000)], "tags": few, "name": "r"}).encode())}, {"RepoTags": few})
    served("W45", "tags is null", {TAGS: answer(b'{"name":"r","tags":null}')})
    served("W45", "no tags key", {TAGS: answer(b'{"name":"r"}')}, {}, "what is not there is an empty list")
    served("W45", "a list as chunks of 1 KiB", lambda w: {TAGS: answer(b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in [gcr[i:i + 1024] for i in range(0, len(gcr), 1024)]) + b"0\r\n\r\n",
           "Transfer-Encoding: chunked", length=False)}, {"RepoTags": few})
    # W46: Link
    def linked(link, second=None):
        def handler(asked):
            return (second or tags("2")) if "last=1" in asked.query else tags("1", more=["Link: " + link])
        return {TAGS: handler}
    good = {"RepoTags": ["1", "2"]}
    for link in ("</v2/r/tags/list?last=1&n=1>; rel=\"next\"", "</v2/r/tags/list?last=1>; rel=next", "<https://other.example/v2/r/tags/list?last=1>; rel=\"next\"",
                 "<http://127.0.0.1:1/v2/r/tags/list?last=1>; rel=\"next\"", "<https://127.0.0.1/v2/r/tags/list?last=1>; rel=\"next\"", "</v2/r/tags/list?last=1>",
                 "</v2/r/tags/list?last=1>;", "/v2/r/tags/list?last=1; rel=\"next\"", "</v2/r/tags/list?last=1>; rel=\"next\"; title=\"more\"", "</v2/r/tags/list?last=1>; REL=Next",
                 "<?last=1>; rel=\"next\"", "</v2/r/tags/list?last=1>;rel=\"next\""):
        served("W46", f"Link: {link}", linked(link), good, "the whole list: a link of its own path is the next page")
    served("W46", "Link without <> and without rel", linked("/v2/r/tags/list?last=1"), {}, "what is given is told as unfinished")
    for link in ("<", "<>", "; rel=next", ",;", "x y z", "<http://[>; rel=next", "</v2/other/tags/list?last=1>; rel=\"next\"", "<https://other.example/else?last=1>; rel=\"next\""):
        served("W46", f"Link: {link}", linked(link), {"RepoTags": ["1"], "says": "(?i)tags?"}, "the page that came is kept; another path is not asked")
    served("W46", "Link: rel=prev alone", {TAGS: tags("1", more=["Link: </v2/r/tags/list?n=1>; rel=\"prev\""])}, {"RepoTags": ["1"]}, "only next is next")
    # W47: a later page fails
    for name, second in (("500", refusal("500 Oops")), ("404", refusal("404 Not Found", "NAME_UNKNOWN")), ("401", refusal("401 No", "UNAUTHORIZED", 'WWW-Authenticate: Basic realm="x"')),
                         ("not JSON", answer(b"<html>", "Content-Type: text/html")), ("cut", answer(b'{"name":"r","tags":["2"')), ("another kind", answer(b"[]")),
                         ("broken off", tags("2")[:-3])):
        served("W47", f"the second page: {name}", linked("</v2/r/tags/list?last=1>; rel=\"next\"", second), {"says": "(?i)tags?", "more": lambda ours: "1" in ours.facts.get("RepoTags", [])},
               "the page that came is kept, and said to be a part")
    served("W47", "the second page is the first", {TAGS: tags("1", more=["Link: </v2/r/tags/list?last=1>; rel=\"next\""])}, {"more": lambda ours: "1" in ours.facts.get("RepoTags", [])},
           "a page that comes again ends the list")
    served("W47", "the first page: 404", {TAGS: refusal("404 Not Found", "NAME_UNKNOWN")}, {"says": "tags"}, "the image is shown, the list is not")
    served("W47", "the first page: 403", {TAGS: refusal("403 No", "DENIED")}, {"says": "tags"})


def bodies():
    # W48: Content-Encoding
    for coding in ("none", "utf-8", "UTF-8", "aws-chunked", "identity", "", "Identity, identity"):
        served("W48", f"Content-Encoding: {coding}", {MANIFEST: manifest(GOOD, "Content-Encoding: " + coding)})
    for name, path, text, make in (("a manifest", MANIFEST, GOOD, manifest), ("a config", BLOB, CONFIG, answer), ("tags", TAGS, b'{"name":"r","tags":["1"]}', answer)):
        served("W48", f"{name} in gzip", {path: make(gzip.compress(text), "Content-Encoding: gzip")}, {"RepoTags": ["1"]})
    served("W48", "an error in gzip", {MANIFEST: answer(gzip.compress(b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"tag 17 is gone"}]}'), "Content-Encoding: gzip", status="404 Not Found")}, "tag 17 is gone")
    served("W48", "x-gzip", {MANIFEST: manifest(gzip.compress(GOOD), "Content-Encoding: x-gzip")}, {}, "another name of gzip")
    served("W48", "gzip that ends early", {MANIFEST: manifest(gzip.compress(GOOD)[:-4], "Content-Encoding: gzip")}, "")
    served("W48", "gzip of 64 MiB of zeros", {MANIFEST: manifest(gzip.compress(b"0" * (64 << 20), 1), "Content-Encoding: gzip")}, "")
    served("W48", "deflate", {MANIFEST: manifest(zlib.compress(GOOD), "Content-Encoding: deflate")}, "deflate|encoding")
    served("W48", "Content-Encoding: binary", {MANIFEST: manifest(GOOD, "Content-Encoding: binary")}, None, "no coding that has that name is known")
    served("W48", "br", {MANIFEST: manifest(GOOD, "Content-Encoding: br")}, "br|encoding", "it says that its bytes are packed, in a way that is not spoken")
    # W49: Location
    def elsewhere(place, target=None):
        def make(w):
            there = w.peer(lambda asked: answer(CONFIG) if asked.path.startswith("/x") else answer(status="404 No"))
            return {BLOB: answer(b"", place.replace("HOST", there.host).encode(), status="307 Temporary Redirect")}
        return make
    for tail in ("/x y", "/xé", '/x"y', "/x<y>", "/x\\y", "/x?a=b c", "/x?q=\"", "/x|y", "/x{y}", "/x^y`", "/x?a=%zz", "/x#part", "/x%20y", "/x?ü=ö"):
        served("W49", f"Location: {tail}", elsewhere("Location: http://HOST" + tail))
    served("W49", "Location in capitals: HTTP://", elsewhere("Location: HTTP://HOST/x"))
    served("W49", "Location relative", {BLOB: answer(b"", "Location: x/blob", status="307 X"), "/v2/r/blobs/x/blob": answer(CONFIG)})
    served("W49", "Location //HOST/x", elsewhere("Location: //HOST/x"))
    # W50: presigned
    def presigned(query, away=False):
        def make(w):
            paths = {}

            def storage(asked):  # as storage does: two kinds of authorization are one too many
                return refusal("400 Bad Request", "InvalidArgument") if asked.all("authorization") else answer(CONFIG)

            def guarded(give):
                def handler(asked):
                    good = asked.get("authorization") == "Basic " + base64.b64encode(b"alice:pw-CANARY").decode()
                    return give if good else refusal("401 Unauthorized", "UNAUTHORIZED", 'WWW-Authenticate: Basic realm="r"')
                return handler
            host = w.peer(storage).host if away else ""
            place = f"http://{host}/store/x?{query}" if away else f"/store/x?{query}"
            paths = {MANIFEST: guarded(manifest()), BLOB: guarded(answer(b"", "Location: " + place, status="307 X")), "/store/x": storage, "/v2/": guarded(answer(b"{}")), TAGS: guarded(tags("1"))}
            return w.ask(w.registry(paths), "r:1", "--creds", "alice:pw-CANARY")
        return make
    for query in ("X-Amz-Algorithm=A&X-Amz-Signature=0a", "X-Goog-Signature=0a", "sv=2020&sig=a%2Bb", "AWSAccessKeyId=k&Signature=s&Expires=1", "Policy=p&Signature=s&Key-Pair-Id=k", "x-amz-signature=0a"):
        case("W50", f"presigned on its own origin: {query}", presigned(query))
        case("W50", f"presigned on another origin: {query}", presigned(query, True))


def refusals():
    # W51: Retry-After, and answers of the networks in front
    def once(first):
        def make(w):
            asked_before = []

            def handler(asked):
                if asked.method == "GET":
                    asked_before.append(asked)
                return first() if len(asked_before) == 1 else manifest()
            asked = w.ask(w.registry({MANIFEST: handler}))
            asked.facts = lambda: asked_before.clear() or {}
            return asked
        return make
    # a second of 2 s at most: the date has no fraction
    dates = {"RFC 850": "%A, %d-%b-%y %H:%M:%S GMT", "asctime": "%a %b %d %H:%M:%S %Y", "RFC 1123": "%a, %d %b %Y %H:%M:%S GMT"}
    for name, form in dates.items():
        case("W51", f"429, Retry-After as {name} has dates", once(lambda form=form: refusal("429 Slow", "TOOMANYREQUESTS", "Retry-After: " + time.strftime(form, time.gmtime(time.time() + 1)))))
    case("W51", "429, Retry-After: 0", once(lambda: refusal("429 Slow", "TOOMANYREQUESTS", "Retry-After: 0")))
    for status in (520, 521, 522, 523, 524, 502, 503, 504):
        case("W51", f"{status} once", once(lambda status=status: refusal(f"{status} X", body=b"<html><title>Web server is down</title>", kind="text/html")), {}, "tried again")
    # W52: what it was
    page = b"<!DOCTYPE html><html><head><title>Sign in to  Example</title></head><body>" + b"x" * 5000
    shown = {"HTML": (page, "text/html", "Sign in to"), "XML": (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>not for you 17</Message></Error>", "application/xml", "AccessDenied|not for you"),
             "plain text": (b"the tag 17 was removed on Monday\n", "text/plain", "the tag 17 was removed"), "a message": (b'{"message":"quota 17 exceeded"}', "application/json", "quota 17 exceeded"),
             "error_description": (b'{"error":"denied","error_description":"seat 17 is taken"}', "application/json", "seat 17"),
             "RFC 9457": (b'{"type":"about:blank","title":"Forbidden","detail":"region 17 is closed"}', "application/problem+json", "region 17 is closed"),
             "an error as a text": (b'{"error":"no seat 17"}', "application/json", "no seat 17"), "errors as texts": (b'{"errors":["no seat 17"]}', "application/json", "no seat 17"),
             "control characters": (b"no \x1b[31mseat\x07 17\r\n", "text/plain", "seat"), "UTF-16": ("kein Platz 17".encode("utf-16"), "text/plain", "")}
    for name, (body, kind, says) in shown.items():
        for status in ("403 Forbidden", "404 Not Found", "500 Oops"):
            served("W52", f"{status[:3]} with {name}", {MANIFEST: refusal(status, body=body, kind=kind)}, says)
    for name, body, kind, says in (("a sign-in page", page, "text/html", "web page"), ("a page called JSON", page, "application/json", "web page|html|HTML"), ("nothing", b"", "application/json", "empty|nothing|no bytes"),
                                   ("nothing, as HTML", b"", "text/html", "empty|nothing|web page"), ("plain text", b"please log in", "text/plain", "please log in|text/plain")):
        served("W52", f"200 with {name} for a manifest", {MANIFEST: answer(body, "Content-Type: " + kind)}, says)
        served("W52", f"200 with {name} for a config", {BLOB: answer(body, "Content-Type: " + kind)}, "")
        served("W52", f"200 with {name} for tags", {TAGS: answer(body, "Content-Type: " + kind)}, {"says": "tags"}, "the image is shown, the list is not")
    # W53: only what is true
    silent = lambda text: rf"^(?!.*{text})"
    served("W53", "404 of the only registry", {MANIFEST: refusal("404 Not Found", "MANIFEST_UNKNOWN")}, "(?s)" + silent("next endpoint") + ".")
    served("W53", "500 of the only registry", {MANIFEST: refusal("500 Oops")}, "(?s)" + silent("next endpoint") + ".")
    served("W53", "401 without a login", {MANIFEST: refusal("401 No", "UNAUTHORIZED", 'WWW-Authenticate: Basic realm="r"')}, "(?s)" + silent("credentials were refused|auth_denied") + ".")
    served("W53", "403 without a login", {MANIFEST: refusal("403 No", "DENIED")}, "(?s)" + silent("credentials were refused") + ".")
    served("W53", "401 with a login", {MANIFEST: refusal("401 No", "UNAUTHORIZED", 'WWW-Authenticate: Basic realm="r"')}, "auth_denied", "", "--creds", "alice:pw-CANARY")


def forms():
    # W54: names of platforms
    arms = {name: Image(name, arch=arch, kind=SCHEMA2, **more) for name, arch, more in (("amd64", "amd64", {}), ("arm64", "arm64", {"variant": "v8"}), ("armv7", "arm", {"variant": "v7"}))}
    listed = index_of(*[i.entry for i in arms.values()])
    paths = {MANIFEST: manifest(listed, kind=LIST)}
    for i in arms.values():
        paths["/v2/r/manifests/" + i.digest] = manifest(i.bytes)
        paths["/v2/r/blobs/" + sha256(i.config)] = answer(i.config)
    for said, word, theirs in (("arm64", "arm64", "linux/arm64"), ("linux/AMD64", "amd64", "linux/amd64"), ("linux/arm64", "arm64", "linux/arm64"), ("aarch64", "arm64", "linux/arm64"),
                               ("x86_64", "amd64", "linux/amd64"), ("linux/x86-64", "amd64", "linux/amd64"), ("arm", "armv7", "linux/arm/v7"), ("armhf", "armv7", "linux/arm/v7"),
                               ("linux/arm64/v8", "arm64", "linux/arm64/v8"), ("LINUX/arm64", "arm64", "linux/arm64")):
        def make(w, said=said, theirs=theirs):
            asked = w.ask(w.registry(paths), "r:1")
            asked.ours[:0] = ["--platform", said]
            system, architecture, *variant = theirs.split("/")
            asked.theirs[:0] = ["--override-os", system, "--override-arch", architecture, *(["--override-variant", variant[0]] if variant else [])]
            return asked
        case("W54", f"--platform {said}", make, {"Env": word})
    if True:
        def make(w):
            asked = w.ask(w.registry(paths), "r:1")
            asked.ours[:0] = ["--platform", "linux"]
            return asked
        case("W54", "--platform linux", make, {}, "the architecture is this machine's")
    for said in ("", "/", "linux/", "a/b/c/d", "linux amd64", "*"):
        def make(w, said=said):
            asked = w.ask(w.registry(paths), "r:1")
            asked.ours[:0] = ["--platform", said]
            return Asked(asked.ours)
        case("W54", f"--platform {said!r}", make, "--platform")
    # W55: configs and manifests that are odd where nobody reads
    odd = lambda text: CONFIG[:-1] + text + b"}"
    with_config("W55", "a config with a byte that is no UTF-8, unread", odd(b',"x":"\xff"'))
    with_config("W55", "a config with a byte that is no UTF-8, in Env", CONFIG.replace(b"PATH=/bin", b"PATH=/bin\xff"))
    with_config("W55", "a config with a byte that is no UTF-8, in history", CONFIG.replace(b'"ADD"', b'"ADD \xff\xfe"'))
    with_config("W55", "a config with half of a surrogate pair, in history", CONFIG.replace(b'"ADD"', b'"ADD \\ud800"'))
    with_config("W55", "a config with a key twice, unread", odd(b',"x":1,"x":2'))
    with_config("W55", "a config with a key twice, deep and unread", odd(b',"x":{"y":{"z":1,"z":2}}'))
    with_config("W55", "a config with a key twice, read", odd(b',"architecture":"arm64"'), "", "a key that is read and is there twice is refused; the other reader takes the last")
    with_config("W55", "a config with 63 levels", odd(b',"x":' + DEEP))
    with_config("W55", "a config with a key of another case", odd(b',"Author":"x"'))
    document("W55", "a manifest with a byte that is no UTF-8, unread", GOOD[:-1] + b',"x":"\xff"}')
    document("W55", "a manifest with a key twice, unread", GOOD[:-1] + b',"x":1,"x":2}')
    document("W55", "a manifest with 63 levels", GOOD[:-1] + b',"x":' + DEEP + b"}")
    document("W55", "a manifest with layers twice", GOOD.replace(b'"layers"', b'"layers": [], "layers"'), "", "a key that is read and is there twice is refused; the other reader takes the last")
    many = image(layers=[descriptor(b"layer%d" % n, "application/vnd.docker.image.rootfs.diff.tar.gzip") for n in range(6000)])
    document("W55", "6,000 layers", many)
    # W56: heads
    for name, fields in (("a line of 20 KB", ["X: " + "a" * 20_000]), ("a line of 60 KB", ["X: " + "a" * 60_000]), ("300 lines", [f"X{n}: a" for n in range(300)]), ("500 lines", [f"X{n}: a" for n in range(500)]),
                         ("three lines of 20 KB", [f"X{n}: " + "a" * 20_000 for n in range(3)])):
        served("W56", f"{name} with a manifest", {MANIFEST: manifest(GOOD, *fields)})
        served("W56", f"{name} with a refusal", {MANIFEST: refusal("404 Not Found", "MANIFEST_UNKNOWN", *fields)}, "not_found|unknown")
    served("W56", "a Location of 20 KB", lambda w: {BLOB: answer(b"", f"Location: http://{w.peer(lambda asked: answer(CONFIG)).host}/x?" + "a" * 20_000, status="307 X")})
    served("W56", "a line of 70 KB", {MANIFEST: manifest(GOOD, "X: " + "a" * 70_000)}, "too", "a line has at most 64 KiB")
    served("W56", "600 lines", {MANIFEST: manifest(GOOD, *[f"X{n}: a" for n in range(600)])}, "too", "a head has at most 512 lines")
    served("W56", "a bare line feed", {MANIFEST: manifest(GOOD).replace(b"\r\n", b"\n", 2)}, r"(?i)line feed|\\n|LF", "a reader that takes it and one that does not see two answers in the same bytes")
    served("W56", "only bare line feeds", {MANIFEST: manifest(GOOD).replace(b"\r\n", b"\n")}, r"(?i)line feed|\\n|LF", "a reader that takes it and one that does not see two answers in the same bytes")


def fill():
    media_types()
    lists()
    bodies()
    refusals()
    forms()
