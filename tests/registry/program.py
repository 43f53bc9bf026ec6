#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""program.py LADING: what the program lading promises of its flags, streams and exit statuses, against docker-registry with and
without passwords, and of the spellings of crane, skopeo, oras and regctl."""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import pushed
from checks import check, ended
from components import PASSWORD, USER, Registry, World, run
from wire import Rule, Wire

program = os.path.abspath(sys.argv[1])


def lading(*args, stdin=None, **more):
    done = subprocess.run([program, *map(str, args)], capture_output=True, timeout=60, input=stdin or b"", **more)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def expect(status, out, err, *args, row="", **more):
    """The exit status, and patterns of stdout and stderr. `row`: the row that this is."""
    got, got_out, got_err = lading(*args, **more)
    text = got_out.decode(errors="replace")
    good = got == status and re.search(out, text, re.M) and re.search(err, got_err, re.M)
    check(f"{row} lading {' '.join(map(str, args))}".strip(), good, f"status {got}, wanted {status}\n  stdout: {text[:600]}\n  stderr: {got_err[:900]}")


def positionals(*command):
    """No name has what CLI11 refuses from 2.4 on, with an exception that ends each run."""
    text = lading(*command, "--help")[1].decode()
    sections = dict(re.findall(r"^(Positionals|Subcommands):\n((?:  .*\n|\n(?=  ))*)", text, re.MULTILINE))
    for name in re.findall(r"^  (\S+)", sections.get("Positionals", ""), re.MULTILINE):
        check(f"lading {' '.join(command)}: the name {name}", re.fullmatch("[^-=:{][^=:{]*", name))
    for name in re.findall(r"^  ([a-z][a-z-]*)", sections.get("Subcommands", ""), re.MULTILINE):
        positionals(*command, name)


def usage():
    positionals()
    expect(0, "Subcommands", "^$", "--help")
    expect(0, "^lading \\d+\\.\\d+\\.\\d+$", "^$", "version")
    expect(0, "^lading \\d+\\.\\d+\\.\\d+$", "^$", "--version")
    expect(2, "^$", "REF is required", "inspect")
    expect(2, "^$", "choose one", "inspect", "x", "--raw", "--config")
    expect(2, "^$", "^lading: inspect UPPER case: ref_invalid", "inspect", "UPPER case")
    for command in ("inspect", "pull", "push", "copy", "tags", "catalog", "referrers", "digest", "config", "login"):
        expect(0, "Usage: lading " + command, "^$", command, "--help")
    expect(2, "^$", "Subcommands")
    expect(2, "^$", "no such command: nonsense; see lading --help", "nonsense")
    expect(2, "^$", "no such command: pul \\(pull\\?\\)", "pul", "x")
    expect(2, "^$", "no such command: psuh \\(push\\?\\); see lading artifact --help", "artifact", "psuh", "x")
    expect(2, "^$", "no such option: --fromat \\(--format\\?\\); see lading inspect --help", "inspect", "a/b", "--fromat", "table")
    expect(2, "^$", "no such option: -x; see lading pull --help", "pull", "-x", "a", "-y", "b", "r")
    expect(2, "^$", "lading stores no login: .* login r.example", "login", "-u", "joe", "-p", "pw", "r.example")
    expect(2, "^$", "localhost:5000 is a host: HOST/NAME is wanted.*lading catalog localhost:5000", "tags", "localhost:5000")
    for size in ("-5", "0", "9" * 20):
        expect(2, "^$", "a number of bytes is wanted", "blob", "put", "--chunk-size", size, "r.example/x", __file__)
    for where in ("127.0.0.1:99999", "127.0.0.1:4294973121", "127.0.0.1:", "127.0.0.1:5x", "127.0.0.1:-1", "::1:0", ":0", "0"):
        expect(2, "^$", "a port is at most 65535", "serve", "never", "--listen", where)
    expect(3, "^$", "there is no file never.tar", "serve", "never.tar")
    check("serve: nothing is made", not os.path.exists("never") and not os.path.exists("never.tar"))
    for command in (("digest", "127.0.0.1:1/x"), ("login", "r.example")):
        expect(2, "^$", "--authfile /none: No such file", *command, "--authfile", "/none")
    expect(2, "^$", "REF is required", "pull")
    expect(2, "^$", "--nonsense", "pull", "x", "--nonsense")
    expect(2, "^$", "--format", "pull", "x", "--format", "zip")
    expect(2, "^$", "--platform is OS/ARCH", "pull", "x", "--platform", "a/b/c/d/e")
    expect(2, "^$", "--creds is USER:PASS", "digest", "x", "--creds", "nocolon")
    expect(2, "^$", "--password-stdin", "digest", "x", "-u", "me", "-p", "secret", row="CL37")
    expect(2, "^$", "--password-stdin", "digest", "x", "-u", "me")
    expect(2, "^$", "keeps its bytes", "copy", "a", "oci:b", "--format", "v2s2")
    expect(2, "^$", "SRC and DST are required", "copy", "a")
    expect(2, "^$", "the list has SRC and DST", "copy", "--batch", "list", "a", "b")
    expect(2, "^$", "do not go together", "copy", "--batch", "list", "--all-tags")
    expect(2, "^$", "are for --batch", "copy", "a", "b", "--shard", "0/2")
    expect(2, "^$", "--shard is I/N", "copy", "--batch", "list", "--shard", "2/2")
    expect(2, "^$", "are for --all-tags", "copy", "a", "b", "--include", "x")
    expect(2, "^$", "--format json", "copy", "--batch", "list", "--resume", "former")
    expect(2, "^$", "many digests", "copy", "--all-tags", "a", "b", "--digestfile", "x")
    expect(2, "^$", "REF is required", "push", "a")
    # What other programs' users type is answered with the right spelling.
    for words, answer in ((("ls", "x"), "lading tags"), (("image", "copy", "a", "b"), "lading copy"), (("manifest", "x"), "lading manifest get"),
                          (("registry", "serve"), "lading serve"), (("blob", "x"), "lading blob get"), (("save", "x", "y"), "lading pull"),
                          (("delete", "x"), "lading manifest rm"), (("logout", "x"), "podman"), (("sync", "x", "y"), "--all-tags"), (("load", "x"), "lading push"),
                          (("discover", "x"), "lading referrers"), (("attach", "x"), "lading artifact attach"), (("repo", "ls", "x"), "lading catalog"),
                          (("image", "import", "x"), "lading push"), (("validate", "x"), "not a command of this version")):
        expect(2, "^$", answer, *words)
    # What edits images and looks into layers is not there yet, and is not taken for something else.
    for row, words in (("CL14", ("index", "filter", "x")), ("CL15", ("append", "x")), ("CL15", ("mutate", "x")), ("CL15", ("rebase", "x")), ("CL15", ("flatten", "x")),
                       ("CL16", ("export", "x")), ("CL16", ("cat", "x")), ("CL18", ("verify", "x"))):
        expect(2, "^$", "lading: ", *words, row=row)
    expect(2, "^$", "ref_invalid", "digest", "UPPER case")
    expect(2, "^$", "no such form: docker-archiv:; docker-archive: is meant", "copy", "oci:x", "docker-archiv:x.tar")
    expect(2, "^$", "oci: needs a path: oci:FOLDER", "inspect", "oci:")
    expect(1, "^$", "connection_refused", "tags", "--plain-http", "--retry", "0", "127.0.0.1:1/x")
    expect(2, "^$", "docker save", "copy", "docker-daemon:x", "oci:y")


def reading(w):
    host = w.plain.host
    image = pushed.image(host, "app", "1", [1000, 2000])
    other = pushed.image(host, "app", "arm", [500], arch="arm64")
    both = pushed.index(host, "app", "both", [image, other])
    plain = "--plain-http"
    expect(0, "^arm$", "^$", "tags", plain, f"{host}/app", row="CL17")
    expect(0, "^both$", "^$", "list-tags", "--tls-verify=false", f"docker://{host}/app")
    status, out, _ = lading("tags", plain, "--format", "json", f"{host}/app")
    check("tags --format json", json.loads(out)["Repository"] == f"{host}/app" and sorted(json.loads(out)["Tags"]) == ["1", "arm", "both"], out)
    expect(3, "^$", "name_unknown", "tags", plain, f"{host}/nothing")
    expect(3, "^$", "manifest_unknown", "digest", plain, f"{host}/app:none")
    expect(0, f"^{both.digest}\n$", "^$", "digest", plain, f"{host}/app:both")
    expect(0, f"^{other.digest}\n$", "^$", "digest", plain, "--platform", "linux/arm64", f"{host}/app:both")
    expect(3, "^$", "platform_not_found", "digest", plain, "--platform", "linux/s390x", f"{host}/app:both")
    expect(0, f"^{both.digest}\n$", "^$", "digest", "--insecure", f"{host}/app:both")
    status, out, _ = lading("manifest", "get", plain, f"{host}/app:both")
    check("manifest get: the exact bytes", out == both.document)
    status, out, _ = lading("manifest", "fetch", plain, "--descriptor", f"{host}/app:both")
    check("manifest fetch --descriptor", json.loads(out) == {"mediaType": pushed.INDEX, "digest": both.digest, "size": len(both.document)}, out)
    status, out, _ = lading("config", plain, "--platform", "linux/arm64", f"{host}/app:both")
    check("config: the exact bytes", pushed.sha256(out) == other.config)
    blob = next(d for d in image.sizes if d != image.config)
    status, out, _ = lading("blob", "get", plain, f"{host}/app@{blob}")
    check("CL12 PD46: blob get: to stdout", status == 0 and pushed.sha256(out) == blob)
    status, out, _ = lading("blob", "get", plain, "--verified", f"{host}/app@{blob}")
    check("CL12 PD46: blob get --verified: to stdout", status == 0 and pushed.sha256(out) == blob)
    path = w.folder / "blob"
    expect(0, "^$", "^$", "blob", "fetch", plain, "-o", path, f"{host}/app@{blob}")
    check("blob fetch -o: the file", pushed.sha256(path.read_bytes()) == blob)
    expect(2, "^$", "named by its digest", "blob", "get", plain, f"{host}/app:1")
    expect(3, "^$", "blob_unknown", "blob", "get", plain, f"{host}/app@sha256:{'0' * 64}")
    expect(0, "\"RepoTags\"", "", "inspect", plain, f"{host}/app:1")
    expect(3, "^$", f"^lading: inspect {host}/app:none: manifest_unknown", "inspect", plain, f"{host}/app:none")
    for what in ("app:1", "app:none"):
        expect(5 if "none" in what else 0, f'/{what}"', "", "inspect", plain, "--batch", stdin=f"{host}/{what}".encode())
    expect(0, f"^{image.digest}$", f"GET http://{host}/v2/app/manifests/1: 200", "digest", "-v", plain, f"{host}/app:1")
    return image, both


def logins(w):
    host, ca = w.basic.host, str(w.folder / "ca.crt")
    run("skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false", f"docker://{w.plain.host}/app:1",
        f"dir:{w.folder}/app") if not (w.folder / "app").exists() else None
    ref = f"{host}/app:1"
    expect(4, "^$", "auth_required", "digest", "--cacert", ca, ref)
    expect(4, "^$", "auth_denied", "digest", "--cacert", ca, "--creds", "alice:no", ref)
    expect(4, "^$", "auth_required", "inspect", "--cacert", ca, "--no-creds", ref)
    expect(0, '"RepoTags"', "^$", "inspect", "--cacert", ca, "-u", USER, "--password-stdin", ref, stdin=PASSWORD.encode())
    expect(0, "^sha256:", "other users of this machine", "digest", "--cacert", ca, "--creds", f"{USER}:{PASSWORD}", ref, row="CL37")
    expect(0, "^sha256:", "^$", "digest", "--cacert", ca, "-u", USER, "--password-stdin", ref, stdin=PASSWORD.encode() + b"\n", row="CL37")
    expect(1, "^$", "tls_cert_untrusted", "digest", "-u", USER, "--password-stdin", ref, stdin=PASSWORD.encode())
    auth = w.folder / "auth.json"
    auth.write_text(json.dumps({"auths": {host: {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}}}))
    expect(0, "^sha256:", "^$", "digest", "--cacert", ca, "--authfile", auth, ref)
    expect(0, f"^{host}: user {USER}, from {auth}", "^$", "login", "--authfile", auth, host)
    expect(3, "^$", "no login is stored", "login", "--authfile", auth, "other.example")
    expect(2, "^$", "lading stores no login: docker, podman or skopeo login other.example", "login", "-u", "bob", "--password-stdin", "other.example")
    # What helps is an option of the side that has failed.
    layout = f"oci:{w.folder}/of-a-side:1"
    lading("pull", "--plain-http", "-q", f"{w.plain.host}/app:1", layout)
    plain = ("--retry", "0", "--src-plain-http")
    expect(4, "^$", "auth_required.*\n.*--dest-authfile FILE or --dest-creds USER:PASS", "copy", *plain, "--dest-cacert", ca, f"{w.plain.host}/app:1", f"{host}/side:1")
    expect(4, "^$", "auth_required.*\n.*--src-authfile FILE or --src-creds USER:PASS", "copy", "--src-cacert", ca, "--dest-plain-http", ref, f"{w.plain.host}/side:1")
    expect(4, "^$", "--dest-authfile hides it(?s:.*)auth_denied.*\n.*the login that was used is that of --dest-creds", "copy", *plain, "--dest-cacert", ca, "--dest-creds", "bob:wrong",
           f"{w.plain.host}/app:1", f"{host}/side:1")
    expect(4, "^$", "auth_required.*\n.*or give --authfile FILE or --creds USER:PASS", "copy", "--cacert", ca, layout, f"{host}/side:1")
    expect(1, "^$", "\\A(?!(?s:.*)(; next: |failed: cancelled))(?s:.*)if it speaks plain http: --dest-plain-http", "copy", *plain, f"{w.plain.host}/app:1", f"{w.token.host}/side:1")
    expect(1, "^$", "if it speaks plain http: --src-plain-http", "copy", "--retry", "0", "--dest-plain-http", f"{w.token.host}/app:1", f"{w.plain.host}/side:1")
    expect(4, "^$", "auth_required", "digest", "--cacert", ca, "--authfile", auth, "--no-creds", ref)
    status, out, err = lading("login", "--authfile", auth, host)
    check("login: no secret is said", PASSWORD not in out.decode() + err)


class Curious:
    """A registry that asks everybody for a login, and keeps what it is shown: `seen`, the Authorization of each request."""

    def __init__(self):
        self.seen = []
        curious = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one(self):
                curious.seen.append(self.headers.get("Authorization"))
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="curious"')
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def one_login(w):
    """A login of the command line is for one registry, and no other sees it."""
    a = Registry(w.folder, w.folder / "storage", f"auth: {{htpasswd: {{realm: test, path: {w.folder}/htpasswd}}}}")
    w.parts.append(a)
    b = Curious()
    w.parts.append(b)
    plain, secret = ("--plain-http", "--retry", "0"), f"{USER}:{PASSWORD}"
    source = w.folder / "two-hosts"
    source.write_text(f"{a.host}/app:1 {a.host}/once:1\n{a.host}/app:1 {b.host}/x:1\n")
    sources = w.folder / "two-sources"
    sources.write_text(f"{a.host}/app:1 oci:{w.folder}/kept:1\n{b.host}/app:1 oci:{w.folder}/kept:2\n")
    both = "one registry.*--src-creds, --dest-creds, or --authfile"
    for words, why in ((("copy", f"{a.host}/app:1", f"{b.host}/x:1"), both), (("copy", f"{b.host}/app:1", f"{a.host}/x:1"), both),
                       (("copy", "--dry-run", f"{a.host}/app:1", f"{b.host}/x:1"), both), (("copy", "--all-tags", f"{a.host}/app", f"{b.host}/x"), both),
                       (("copy", "--batch", source), both), (("index", "create", f"{a.host}/app:two", f"{b.host}/x:1"), "one registry.*--authfile"),
                       (("index", "add", f"{b.host}/app:two", "1", f"{a.host}/app:1"), "one registry.*--authfile")):
        expect(2, "^$", why, *words, *plain, "--creds", secret)
        expect(2, "^$", why, *words, *plain, "-u", USER, "--password-stdin", stdin=PASSWORD.encode())
        expect(2, "^$", why, *words, *plain, "--registry-token", "a-token")
    expect(2, "^$", "one registry.*--src-authfile", "copy", *plain, "--src-creds", secret, "--batch", sources)
    check("a login is for one registry: the other one is not even asked", not b.seen, b.seen)
    # What is meant for one side goes there; both sides at one registry share one.
    expect(4, "^$", "auth_required", "copy", *plain, "--src-creds", secret, f"{a.host}/app:1", f"{b.host}/x:1")
    check("--src-creds: the other side is asked without", b.seen and not any(b.seen), b.seen)
    expect(4, "^$", "auth_denied", "copy", *plain, "--creds", secret, "--dest-creds", "bob:other", f"{a.host}/app:1", f"{b.host}/x:1")
    check("--dest-creds: the other side's own, and no other", {s for s in b.seen if s} == {"Basic " + base64.b64encode(b"bob:other").decode()}, b.seen)
    expect(0, "@sha256:", "", "copy", *plain, "-q", "--creds", secret, f"{a.host}/app:1", f"{a.host}/shared:1")
    expect(0, "@sha256:", "", "copy", *plain, "-q", "--creds", secret, f"{a.host}/app:1", f"oci:{w.folder}/shared:1")
    expect(0, "@sha256:", "", "index", "create", *plain, "--creds", secret, f"{a.host}/shared:two", "1", f"{a.host}/app:arm")


def moving(w, image, both):
    ref, plain = f"{w.plain.host}/app:1", "--plain-http"
    layout = w.folder / "layout"
    expect(0, f"^{ref}@{image.digest}\n$", f"^{image.config[7:19]} .* done$", "pull", plain, ref, f"oci:{layout}:first", row="CL06 CL33")
    expect(0, f"^{ref}@{image.digest}\n$", "exists", "pull", plain, "--progress", "plain", ref, f"oci:{layout}:first", row="CL33")
    expect(0, f"^{ref}@{image.digest}\n$", "^$", "pull", plain, "-q", ref, f"oci:{layout}:first")
    expect(0, f"^{ref}@{image.digest}\n$", "^$", "pull", plain, "--progress", "none", ref, f"oci:{layout}:second", row="CL33")
    script = f"import pty, sys; sys.exit(pty.spawn({[program, 'pull', plain, ref, f'oci:{w.folder}/shown:1']!r}) >> 8)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    check("CL33: bars on a terminal", done.returncode == 0 and image.config[7:19].encode() in done.stdout and b"\x1b[" in done.stdout, done)
    for form in ("oci", "oci-archive", "docker-archive", "archive", "dir"):
        expect(0, f"^{ref}@{image.digest}\n$", "^$", "pull", plain, "-q", "--format", form, ref, w.folder / f"form-{form}", row="CL06")
    status, out, err = lading("pull", plain, "--progress", "json", "--json", ref, f"oci:{w.folder}/layout-2:1")
    events = [json.loads(line) for line in err.splitlines()]
    check("CL33: pull --progress json: events of every content", {e["digest"] for e in events if e["state"] == "done"} == {*image.sizes, image.digest}, err)
    done = json.loads(out)
    check("pull --json", done["digest"] == image.digest and done["fetched"]["contents"] == len(image.sizes) + 1, out)
    status, out, _ = lading("pull", plain, "--dry-run", ref, f"oci:{w.folder}/layout-3:1")
    check("CL31: pull --dry-run: says what", status == 0 and all(d in out.decode() for d in image.sizes) and "to fetch" in out.decode(), out)
    check("pull --dry-run: writes nothing", not (w.folder / "layout-3").exists())
    expect(0, f"^{ref}@{image.digest}\n$", "^$", "pull", plain, "-q", "--dry-run", ref, f"oci:{w.folder}/layout-3:1")
    check("pull -q --dry-run: one line", lading("pull", plain, "-q", "--dry-run", ref, f"oci:{w.folder}/layout-3:1")[1].count(b"\n") == 1)
    digest_file = w.folder / "digest"
    expect(0, "", "", "pull", plain, "-q", "--digestfile", digest_file, ref, f"oci:{layout}:first")
    check("CL31: pull --digestfile", digest_file.read_text() == image.digest)
    expect(3, "^$", "manifest_unknown", "pull", plain, f"{w.plain.host}/app:none", f"oci:{layout}:x")
    expect(2, "^$", "DEST is a path", "pull", plain, ref, "docker://there")
    expect(0, f"^oci:{w.folder}/copied:1@{both.digest}$", "", "copy", "-q", "--all", "--preserve-digests", "--src-tls-verify=false",
           f"docker://{w.plain.host}/app:both", f"oci:{w.folder}/copied:1", row="CL01 CL02 CL03")
    expect(0, f"^ocidir://{w.folder}/copied-2:2@{both.digest}$", "", "cp", "-q", f"oci:{w.folder}/copied:1", f"ocidir://{w.folder}/copied-2:2", row="CL01")
    expect(0, f"@{both.digest}$", "", "copy", "-q", f"oci:{w.folder}/copied", f"oci:{w.folder}/copied-3")
    expect(0, f"^Name: *oci:{w.folder}/copied:1$", "", "inspect", "--format", "table", f"oci:{w.folder}/copied:1")
    check("copy: the name is kept", lading("copy", "-q", f"oci:{w.folder}/copied-3:1", f"oci:{w.folder}/copied-4:1")[0] == 0)
    expect(3, "^$", "manifest_unknown.*available: 1", "copy", f"oci:{w.folder}/copied:none", f"oci:{w.folder}/x")
    expect(3, "^$", "there is no folder", "copy", f"oci:{w.folder}/nothing:1", f"oci:{w.folder}/x:1")
    (w.folder / "127.0.0.1:1").mkdir()
    run("cp", "-r", w.folder / "copied", w.folder / "127.0.0.1:1" / "lay")
    expect(1, "^$", "there is a layout in the folder 127.0.0.1:1/lay: oci:127", "copy", "--plain-http", "--retry", "0", "127.0.0.1:1/lay", f"oci:{w.folder}/x:1", cwd=w.folder, row="CL40")
    # What fails before anything has come leaves nothing.
    expect(3, "^$", "manifest_unknown", "pull", plain, f"{w.plain.host}/app:none", f"oci:{w.folder}/fresh:1")
    expect(3, "^$", "platform_not_found", "pull", plain, "--platform", "linux/s390x", f"{w.plain.host}/app:both", f"oci:{w.folder}/fresh:1")
    expect(3, "^$", "platform_not_found", "pull", plain, "--platform", "linux/s390x", "--format", "docker-archive", f"{w.plain.host}/app:both", w.folder / "fresh.tar")
    expect(1, "^$", "manifest_unknown|connection_refused", "copy", plain, "--retry", "0", "127.0.0.1:1/x:1", f"oci-archive:{w.folder}/fresh.tar")
    expect(1, "^$", "connection_refused", "copy", plain, "--retry", "0", "--all-tags", "127.0.0.1:1/x", f"oci:{w.folder}/fresh")
    pushed.artifact(w.plain.host, "thing", "1", {"a.txt": b"x"})
    expect(1, "^$", "config_not_image|would_change_digest", "pull", plain, "--format", "docker-archive", f"{w.plain.host}/thing:1", w.folder / "fresh.tar")
    left = sorted(p.name for p in w.folder.iterdir() if p.name.startswith(("fresh", "x")))
    check("what failed leaves no folder, and no part of an archive", left == [], left)
    # Documents of images on disk.
    expect(0, f"^{image.digest}\n$", "^$", "digest", f"oci:{layout}:first")
    expect(0, f"^{both.digest}\n$", "^$", "digest", f"oci:{w.folder}/copied")
    expect(0, f"^{both.children[1].digest}\n$", "^$", "digest", "--platform", "linux/arm64", f"oci:{w.folder}/copied:1")
    expect(3, "^$", "platform_not_found", "digest", "--platform", "linux/s390x", f"oci:{w.folder}/copied:1")
    expect(3, "^$", "manifest_unknown.*available: 1", "digest", f"oci:{w.folder}/copied:none")
    expect(3, "^$", "there is no folder", "manifest", "get", f"oci:{w.folder}/nothing:1")
    check("manifest get on disk: the exact bytes", lading("manifest", "get", f"oci:{w.folder}/copied:1")[1] == both.document)
    check("config on disk: the exact bytes", pushed.sha256(lading("config", f"oci:{layout}:first")[1]) == image.config)
    for form in ("oci", "oci-archive", "archive", "dir"):
        where = f"{form}:{w.folder}/form-{form}"
        check(f"digest of {form}", lading("digest", where)[1].decode() == image.digest + "\n", lading("digest", where))
        check(f"manifest get --descriptor of {form}", json.loads(lading("manifest", "get", "--descriptor", where)[1]) == {"mediaType": pushed.OCI, "digest": image.digest, "size": len(image.document)})
    saved = f"docker-archive:{w.folder}/form-docker-archive"
    made = lading("copy", "-q", saved, f"oci:{w.folder}/of-saved:1")[1].decode()
    check("digest of docker-archive: that of a copy", made.endswith("@" + lading("digest", saved)[1].decode()), (made, lading("digest", saved)))
    check("config of docker-archive", pushed.sha256(lading("config", saved)[1]) == image.config)
    here = w.folder / "here"
    here.mkdir()
    status, out, err = lading("pull", plain, "-q", ref, cwd=here)
    check("pull without DEST: the last part of the name", status == 0 and (here / "app" / "index.json").exists(), err)
    piped = lading("copy", "-q", f"oci:{w.folder}/copied:1", "-")[1]
    status, out, err = lading("copy", "-q", "-", f"oci:{w.folder}/copied-5:1", stdin=piped)
    check("CL39: copy by way of - and -", status == 0 and both.digest in out.decode(), err)
    # Names of others are printed without what a terminal would obey.
    art = pushed.artifact(w.plain.host, "odd", "1", {"plain.txt": b"x", "bad\x1b[31m": b"y"})
    status, out, err = lading("artifact", "pull", plain, f"{w.plain.host}/odd:1", w.folder / "odd")
    check("CL34: a title with an escape sequence", status == 1 and "path_refused" in err and "\x1b" not in err, (status, err))


def pushing(w, image, both):
    """CL01, CL02, CL03, CL07, CL12, CL13, CL31, CL32: from disk to a registry, and within one."""
    host, plain, layout = w.plain.host, "--plain-http", w.folder / "layout"
    ref = f"{host}/pushed:1"
    expect(0, f"^{ref}@{image.digest}\n$", f"^{image.config[7:19]} .* done$", "push", plain, f"oci:{layout}:first", ref, row="CL07 CL32")
    expect(0, f"^{ref}@{image.digest}\n$", "^$", "push", plain, "-q", f"{layout}:first", ref)  # a path is looked at
    expect(0, f"^{host}/pushed:latest@{image.digest}\n$", "exists", "push", plain, f"oci:{layout}:first", f"docker://{host}/pushed")
    expect(0, f"^{host}/pushed@{image.digest}\n$", "^$", "push", plain, "-q", f"oci:{layout}:first", f"{host}/pushed@{image.digest}")
    expect(1, "^$", "digest_mismatch", "push", plain, "-q", f"oci:{layout}:first", f"{host}/never@{both.digest}")
    expect(2, "^$", "not both", "push", plain, "-q", f"oci:{layout}:first", f"{host}/never:1@{image.digest}")
    expect(1, "^$", "tag_exists", "push", plain, "-q", "--no-clobber", f"oci:{layout}:first", f"{host}/app:arm")
    expect(0, f"@{image.digest}\n$", "^$", "push", plain, "-q", "--no-clobber", f"oci:{layout}:first", ref)
    expect(3, "^$", "no image on disk.*lading artifact push", "push", plain, "nothing", ref)
    expect(2, "^$", "goes to a registry", "push", f"oci:{layout}:first", "oci:elsewhere:1")
    expect(3, "^$", "manifest_unknown.*available: first", "push", plain, f"oci:{layout}:none", ref)
    expect(3, "^$", "name_unknown|manifest_unknown", "digest", plain, f"{host}/never")
    status, out, err = lading("push", plain, "--json", "--progress", "json", f"oci:{layout}:first", f"{host}/counted:1")
    done = json.loads(out)
    check("CL32: push --json", done["reference"] == f"{host}/counted:1@{image.digest}" and done["tags"] == ["1"] and done["mediaType"] == pushed.OCI and
          done["blobs"] == {"uploaded": len(image.sizes), "mounted": 0, "existing": 0, "skipped": 0} and
          done["bytes"] == sum(image.sizes.values()) + len(image.document), done)
    check("push --progress json", {e["digest"] for e in map(json.loads, err.splitlines()) if e["state"] == "done"} == {*image.sizes, image.digest}, err)
    status, out, _ = lading("push", plain, "-q", "-", f"{host}/piped:1", stdin=lading("copy", "-q", f"oci:{layout}:first", "-")[1])
    check("push of stdin", status == 0 and image.digest in out.decode(), out)

    # From a registry to a registry.
    status, out, err = lading("copy", plain, "--json", f"{host}/counted:1", f"{host}/mounted:1")
    done = json.loads(out)
    check("copy: mounted", done["blobs"]["mounted"] == len(image.sizes) and done["bytes"] == len(image.document) and "mounted from counted" in err, (done, err))
    status, out, err = lading("copy", plain, "--dry-run", f"{host}/counted:1", f"{host}/forecast:1")
    check("CL31: copy --dry-run: says what would be mounted", status == 0 and out.decode().count("mount ") == len(image.sizes), out)
    expect(3, "^$", "unknown", "digest", plain, f"{host}/forecast:1")
    expect(0, f"^{host}/all:both@{both.digest}\n$", "", "copy", plain, "--all", "--preserve-digests", f"docker://{host}/app:both", f"docker://{host}/all:both", row="CL01 CL02 CL03")
    expect(0, f"@{image.digest}\n$", "one image was copied", "copy", plain, "--platform", "linux/amd64", f"{host}/app:both", f"{host}/one:1")
    expect(0, f"@{image.digest}\n$", "", "copy", "-q", "--src-tls-verify=false", "--dest-plain-http", f"{host}/app:1", f"{host}/sides:1", row="CL30")
    expect(1, "^$", f"copy {ref} -> 127.0.0.1:1/x:1: .*connection_refused", "copy", plain, "--retry", "0", ref, "127.0.0.1:1/x:1", row="CL38")
    # Platforms: none is left out; an index of some; an image of another platform.
    expect(0, f"@{both.digest}\n$", "", "copy", plain, "-q", "--platform", "linux/amd64,linux/arm64", f"{host}/app:both", f"{host}/platforms:all")
    three = pushed.index(host, "app", "three", [*both.children, pushed.image(host, "app", "s390x", [300], arch="s390x")])
    two = "linux/amd64,linux/arm64"
    expect(1, "^$", "would_change_digest.*\n.*--new-index.*--sparse", "copy", plain, "--platform", two, f"{host}/app:three", f"{host}/platforms:two")
    expect(1, "^$", "manifest_blob_unknown.*missing: sha256:(?s:.*)--new-index in place of --sparse", "copy", plain, "-q", "--sparse", "--platform", two, f"{host}/app:three", f"{host}/platforms:two")
    expect(0, f"^{host}/platforms:two@sha256:(?!{three.digest[7:]})", "", "copy", plain, "-q", "--new-index", "--platform", two, f"{host}/app:three", f"{host}/platforms:two")
    listed = json.loads(lading("manifest", "get", plain, f"{host}/platforms:two")[1])["manifests"]
    check("copy --new-index: of the chosen images", [m["digest"] for m in listed] == [c.digest for c in both.children], listed)
    for words in (("push", plain, f"oci:{layout}:first", f"{host}/platforms:arm"), ("copy", plain, ref, f"{host}/platforms:arm"), ("pull", plain, ref, f"oci:{w.folder}/arm:1")):
        expect(3, "^$", "platform_not_found.*it is one image.*expected linux/arm64, got linux/amd64", *words, "--platform", "linux/arm64")
    expect(0, f"@{image.digest}\n$", "", "push", plain, "-q", "--platform", "linux/amd64", f"oci:{layout}:first", f"{host}/platforms:amd")
    expect(0, "^send .*\n(.*\n)*.* to send, ", "", "push", plain, "--dry-run", f"oci:{layout}:first", f"{host}/forecast:2")
    # Of an index docker save takes one image: that for this machine, else the only one.
    archive = w.folder / "one.tar"
    status, out, err = lading("pull", plain, "--platform", "linux/arm64", "--format", "docker-archive", f"{host}/app:both", archive)
    check("pull --format docker-archive --platform", status == 0, err)
    arm = next(c for c in both.children if c.arch == "arm64")
    single = pushed.index(host, "app", "single", [arm])
    status, out, err = lading("pull", plain, "--overwrite", "--format", "docker-archive", f"{host}/app:single", archive)
    check("pull --format docker-archive: the only image of an index", status == 0 and arm.digest in out.decode() and "one image was copied" in err, (out, err))
    before = len(w.plain.requests())
    status, out, err = lading("pull", plain, "-q", "--overwrite", "--format", "docker-archive", f"{host}/app:both", archive)
    asked = " ".join(w.plain.requests()[before:])
    check("pull --format docker-archive: no other image is fetched", status == 0 and asked.count("/blobs/") == len(image.sizes), (asked, err))

    # Single contents.
    document = w.folder / "document"
    document.write_bytes(image.document)
    expect(0, f"^{host}/counted:put@{image.digest}\n$", "^$", "manifest", "put", plain, f"{host}/counted:put", document, row="CL13")
    expect(0, f"^{host}/counted@{image.digest}\n$", "^$", "manifest", "push", plain, f"{host}/counted@{image.digest}", stdin=image.document)
    expect(0, "", "^$", "manifest", "put", plain, "--tag", "a", "--tag", "b", f"{host}/counted:c", document)
    check("manifest put --tag", {"a", "b", "c"} <= set(lading("tags", plain, f"{host}/counted")[1].decode().split()))
    expect(1, "^$", "tag_exists", "manifest", "put", plain, "--no-clobber", f"{host}/app:arm", document)
    expect(1, "^$", "digest_mismatch", "manifest", "put", plain, f"{host}/counted@{both.digest}", document)
    expect(2, "^$", "No such file", "manifest", "put", plain, f"{host}/counted:x", w.folder / "nothing")
    before = len(w.plain.requests())
    expect(1, "^$", "media_type_unknown: .*no JSON.*--media-type", "manifest", "put", plain, f"{host}/counted:x", stdin=b"not json")
    expect(1, "^$", "media_type_unknown: .*no manifest and no index.*--media-type", "manifest", "put", plain, f"{host}/counted:x", stdin=b'{"a":1}')
    check("manifest put of what is no manifest: nothing is asked", len(w.plain.requests()) == before, w.plain.requests()[before:])
    expect(2, "^$", "a blob has no tag", "blob", "put", plain, f"{host}/counted:x", document)
    status, out, _ = lading("manifest", "head", plain, f"{host}/counted:c")
    check("manifest head", json.loads(out) == {"mediaType": pushed.OCI, "digest": image.digest, "size": len(image.document)}, out)
    data = os.urandom(70_000)
    path, digest = w.folder / "some", pushed.sha256(data)
    path.write_bytes(data)
    expect(3, "^$", "blob_unknown", "blob", "head", plain, f"{host}/blobs@{digest}")
    expect(0, f"^{host}/blobs@{digest}\n$", "", "blob", "put", plain, f"{host}/blobs", path, row="CL12")
    expect(0, f"^{host}/blobs@{digest}\n$", "^$", "blob", "push", plain, "-q", f"{host}/blobs@{digest}", path)
    expect(0, f"^{host}/blobs@{digest}\n$", "^$", "blob", "head", plain, f"{host}/blobs@{digest}")
    expect(0, f"^{host}/streamed@{digest}\n$", "", "blob", "put", plain, "--chunk-size", "16KiB", f"{host}/streamed", "-", stdin=data)
    expect(1, "^$", "digest_mismatch", "blob", "put", plain, "-q", f"{host}/blobs@{image.digest}", path)
    expect(0, f"^{host}/taken@{digest}\n$", "from another repository", "blob", "put", plain, "--mount-from", f"{host}/blobs", f"{host}/taken", path)
    status, out, _ = lading("blob", "get", plain, f"{host}/taken@{digest}")
    check("blob put: the bytes", out == data)

    # Lists.
    expect(0, "^app$", "^$", "catalog", plain, host, row="CL17")
    expect(2, "^$", f"lading catalog {host}", "catalog", plain, f"{host}/app")
    # Names in the repository, and indexes.
    expect(0, f"^{host}/counted:x@{image.digest}\n{host}/counted:y@{image.digest}\n$", "^$", "tag", plain, f"{host}/counted:1", "x", "y", row="CL10")
    expect(0, f"^{host}/counted:c@{image.digest}\n{host}/counted:a@{image.digest}\n{host}/counted:b@{image.digest}\n$", "^$", "manifest", "put", plain, "--tag", "a", "--tag", "b", f"{host}/counted:c", document)
    expect(2, "^$", "which images", "index", "create", plain, f"{host}/app:made")
    expect(2, "^$", "1 is named twice", "index", "create", plain, f"{host}/app:made", "1", "1")
    expect(1, "^$", "media_type_mismatch.*no index", "index", "rm", plain, f"{host}/app:1", "linux/amd64")
    status, out, err = lading("index", "create", plain, f"{host}/app:made", "1", "arm")
    check("CL14: index create", status == 0 and out.startswith(f"{host}/app:made@sha256:".encode()), (out, err))
    expect(0, f"^{host}/app:cut@sha256:", "a new digest", "index", "rm", plain, "-t", "cut", f"{host}/app:made", "linux/arm64", row="CL14")
    expect(0, f"^{host}/app:more@sha256:", "a new digest", "index", "add", plain, "-t", "more", f"{host}/app:cut", "arm", row="CL14")
    status, out, _ = lading("catalog", plain, "--format", "json", "--page-size", "2", host)
    check("catalog --format json", {"app", "pushed", "counted"} <= set(json.loads(out)["repositories"]), out)
    expect(0, "^$", "^$", "referrers", plain, f"{host}/app:1")
    status, out, _ = lading("referrers", plain, "--format", "json", f"{host}/app:1")
    check("referrers --format json", json.loads(out)["digest"] == image.digest and json.loads(out)["manifests"] == [], out)
    expect(3, "^$", "manifest_unknown", "referrers", plain, f"{host}/app:none")


def many(w, image):
    """CL05, CL35: all tags, lists, shards, what was done before."""
    host, plain = w.plain.host, "--plain-http"
    tags = [f"v{n}" for n in range(6)] + ["latest"]
    images = {t: pushed.image(host, "many", t, [300], word=t) for t in tags}
    expect(0, f"^{host}/mirror/many:v3@{images['v3'].digest}$", "7 of 7 copied", "copy", plain, "--all-tags", f"{host}/many", f"{host}/mirror/many")
    listed = lading("tags", plain, f"{host}/mirror/many")[1].decode().split()
    check("CL05: copy --all-tags: all of them", sorted(listed) == sorted(tags), listed)
    expect(0, "", "3 of 3 copied", "copy", plain, "--all-tags", "--include", "v.*", "--exclude", "v[3-5]", f"{host}/many", f"{host}/mirror/some")
    check("copy --all-tags --include --exclude", sorted(lading("tags", plain, f"{host}/mirror/some")[1].decode().split()) == ["v0", "v1", "v2"])
    lading("copy", plain, "-q", f"{host}/many:v5", f"{host}/mirror/some:v0")
    expect(0, "", "6 of 7 copied, 1 left as it is", "copy", plain, "--all-tags", "--no-clobber", f"{host}/many", f"{host}/mirror/some")
    expect(0, f"^oci:{w.folder}/tags:v1@{images['v1'].digest}$", "7 of 7", "copy", plain, "--all-tags", f"{host}/many", f"oci:{w.folder}/tags")
    expect(0, f"^{host}/back:v1@{images['v1'].digest}$", "7 of 7", "copy", plain, "--all-tags", f"oci:{w.folder}/tags", f"{host}/back")
    expect(2, "^$", "no tag of its own", "copy", plain, "--all-tags", f"{host}/many:v1", f"{host}/back")
    expect(3, "^$", "name_unknown", "copy", plain, "--all-tags", f"{host}/nothing", f"{host}/back")
    expect(0, f"^oci-archive:{w.folder}/all.tar:v1@{images['v1'].digest}$", "7 of 7", "copy", plain, "--all-tags", f"{host}/many", f"oci-archive:{w.folder}/all.tar")
    check("copy --all-tags to an archive: all of them", len(json.loads(run("tar", "-xOf", w.folder / "all.tar", "index.json"))["manifests"]) == 7)
    expect(2, "^$", "--dry-run is for one", "copy", "--all-tags", "--dry-run", "a", "b")

    entries = [(f"{host}/many:{t}", f"{host}/listed/{t[0]}:{t}") for t in tags]
    source = w.folder / "list"
    source.write_text("# a list\n\n" + "\n".join(f"  {a}\t{b} " for a, b in entries))
    expect(0, f"^{host}/listed/v:v3@{images['v3'].digest}$", "7 of 7 copied", "copy", plain, "--batch", source)
    expect(5, "", "1 of 2 copied, 1 failed", "copy", plain, "--batch", "-", stdin=f"{host}/many:none {host}/x:1\n{host}/many:v1 {host}/x:2".encode(), row="CL35")
    expect(1, "^$", "^lading: stdin:2: .*a line is SRC DST", "copy", plain, "--batch", "-", stdin=f"# one\n{host}/many:v1".encode())
    expect(1, "^$", "^lading: stdin:1: .*and nothing more", "copy", plain, "--batch", "-", stdin=f"{host}/many:v1 {host}/many:v2 three".encode())
    expect(0, f"^{host}/below/many:v1@{images['v1'].digest}$", "", "copy", plain, "--to", f"{host}/below", "--batch", "-", stdin=f"{host}/many:v1".encode())
    twice = [f"{host}/many:v1 {host}/one:1", f"{host}/many:v1 {host}/one:1", f"{host}/many:v2 {host}/one:1", f"{host}/many:v1 oci:{w.folder}/several", f"{host}/many:v2 oci:{w.folder}/several"]
    expect(5, f"^{host}/one:1@{images['v1'].digest}$", "^lading: stdin:3: .*line 1 has this destination, too(?s:.*)4 of 5 copied, 1 failed", "copy", plain, "--batch", "-", stdin="\n".join(twice).encode())
    check("copy --batch: the first image of a destination is there", lading("digest", plain, f"{host}/one:1")[1].decode().strip() == images["v1"].digest)
    expect(2, "^$", "cannot be read", "copy", plain, "--batch", w.folder / "nothing")

    def lines(*args):
        status, out, err = lading("copy", plain, "--format", "json", "-q", "--batch", source, *args)
        return status, [json.loads(l) for l in out.decode().splitlines()], err

    parts = [[l["to"] for l in lines("--shard", f"{n}/3")[1]] for n in range(3)]
    check("copy --batch --shard: each line once", sorted(sum(parts, [])) == sorted(b for _, b in entries), parts)
    check("copy --batch --shard: a repository in one shard", all(len({n for n in range(3) if any(f"/listed/{r}:" in t for t in parts[n])}) == 1 for r in "vl"), parts)
    source.write_text(source.read_text() + f"\n{host}/many:none {host}/listed/none:1\n")
    status, first, err = lines()
    check("copy --batch: what failed is a line, too", status == 5 and [l["error"]["code"] for l in first if "error" in l] == ["manifest_unknown"], (status, first))
    check("copy --batch: what was done", {(l["from"], l["to"], l["digest"]) for l in first if "error" not in l} ==
          {(a, b, images[a.rsplit(":", 1)[1]].digest) for a, b in entries}, first)
    former = w.folder / "former"
    text = [json.dumps(l, separators=(",", ":")) for l in first]
    former.write_text("\n".join(text[:3]) + "\n" + text[3][:30])  # killed while it wrote the fourth
    status, rest, err = lines("--resume", former)
    undone = [l for l in first if "error" in l or l not in first[:3]]
    check("copy --batch --resume: what was not done, or failed", sorted(l["to"] for l in rest) == sorted(l["to"] for l in undone), (rest, undone))
    former.write_text("not ours")
    expect(1, "^$", "not written by a former run", "copy", plain, "--format", "json", "--batch", source, "--resume", former)


def without_lanes(w):
    """Many copies at once, where only some of the threads can be started; one that needs none, where none can."""
    host, n = w.plain.host, 24
    listed = "\n".join(f"{host}/app:1 {host}/lanes/{i}:1" for i in range(n)).encode()

    def memory(most):
        """At most so many GiB, of which each thread takes one for its stack."""
        def limits():
            resource.setrlimit(resource.RLIMIT_STACK, (1 << 30, resource.getrlimit(resource.RLIMIT_STACK)[1]))
            resource.setrlimit(resource.RLIMIT_AS, (most << 30, resource.getrlimit(resource.RLIMIT_AS)[1]))
        return limits

    expect(0, "@sha256:", f"{n} of {n} copied", "copy", "--plain-http", "-j", "1", "--images", n, "--batch", "-", stdin=listed, preexec_fn=memory(6))
    expect(0, "^sha256:", "^$", "digest", f"oci:{w.folder}/layout:first", preexec_fn=memory(1))


def following(w, image):
    """CL04, CL09: what refers to an image is listed, and copied with it when that is asked for."""
    host, plain = w.plain.host, "--plain-http"
    lading("copy", plain, "-q", f"{host}/app:1", f"{host}/signed:1")
    note = w.folder / "note"
    note.write_text("good")
    attached = [lading("artifact", "attach", plain, "-q", "--artifact-type", f"application/vnd.example.{kind}", f"{host}/signed:1", "note", cwd=w.folder)[1].decode() for kind in ("sig", "sbom")]
    digests = [re.search("sha256:[0-9a-f]{64}", a)[0] for a in attached]
    expect(0, f"^{digests[0]} application/vnd.example.sig$", "^$", "referrers", plain, f"{host}/signed:1")
    expect(0, f"^{host}/signed@{image.digest}\n├── .*\n└── ", "^$", "referrers", plain, "--tree", f"{host}/signed:1", row="CL09")
    status, out, _ = lading("referrers", plain, "--format", "json", "--artifact-type", "application/vnd.example.sbom", f"{host}/signed:1")
    check("referrers --format json", [(m["digest"], m["artifactType"]) for m in json.loads(out)["manifests"]] == [(digests[1], "application/vnd.example.sbom")], out)
    expect(0, f"@{image.digest}$", "^$", "copy", plain, "-q", f"{host}/signed:1", f"{host}/alone:1")
    expect(0, "^$", "^$", "referrers", plain, f"{host}/alone:1")
    expect(0, f"@{image.digest}$", "^lading: 2 referrers copied", "copy", plain, "--referrers", f"{host}/signed:1", f"{host}/together:1", row="CL04")
    got = lading("referrers", plain, f"{host}/together:1")[1].decode()
    check("CL08: attach, and copy --referrers: they are there", all(d in got for d in digests), got)
    status, out, _ = lading("copy", plain, "--json", "-q", "--referrer-type", "application/vnd.example.sig", f"{host}/signed:1", f"oci:{w.folder}/signed:1")
    check("copy --referrer-type", json.loads(out)["referrers"] == 1, out)
    expect(0, f"{digests[0]}", "", "manifest", "rm", plain, "--with-referrers", "--resolve", f"{host}/together:1")
    expect(3, "^$", "manifest_unknown", "digest", plain, f"{host}/together@{digests[0]}")


def removing(w, image):
    """CL11: what removes asks at a terminal, and says what goes."""
    host, plain = w.plain.host, "--plain-http"
    lading("copy", plain, "-q", f"{host}/app:1", f"{host}/gone:1")
    expect(2, "^$", "by its digest.*--resolve.*lading tag rm", "manifest", "rm", plain, f"{host}/gone:1")
    expect(1, "^$", f"unsupported_by_registry.*\n.*lading manifest rm --resolve {host}/gone:1", "tag", "rm", plain, f"{host}/gone:1")
    expect(0, "^$", "was not there", "tag", "rm", plain, "--ignore-missing", f"{host}/gone:none")
    expect(3, "^$", "manifest_unknown", "manifest", "rm", plain, "--resolve", f"{host}/gone:none")
    expect(0, "^$", "was not there", "manifest", "rm", plain, "--resolve", "--ignore-missing", f"{host}/gone:none")
    script = f"import pty, sys; sys.exit(pty.spawn({[program, 'manifest', 'rm', plain, '--resolve', f'{host}/gone:1']!r}) >> 8)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=30, stdin=subprocess.DEVNULL)
    check("CL11: manifest rm at a terminal: asks for --yes", done.returncode == 2 and b"--yes" in done.stdout, done)
    expect(0, f"^{host}/gone@{image.digest}\n$", "tags that led to it are gone", "manifest", "rm", plain, "--yes", "--resolve", f"{host}/gone:1")
    expect(3, "^$", "manifest_unknown", "manifest", "rm", plain, f"{host}/gone@{image.digest}")
    expect(0, "^$", "was not there", "manifest", "delete", plain, "--ignore-missing", f"{host}/gone@{image.digest}")
    blob = next(iter(image.sizes))
    expect(0, f"^{host}/gone@{blob}\n$", "^$", "blob", "rm", plain, f"{host}/gone@{blob}")
    expect(3, "^$", "blob_unknown", "blob", "rm", plain, f"{host}/gone@{blob}")
    expect(2, "^$", "named by its digest", "blob", "rm", plain, f"{host}/gone:1")
    host, ca = w.basic.host, str(w.folder / "ca.crt")
    expect(4, "^$", "auth_required", "blob", "rm", "--cacert", ca, f"{host}/app@{blob}")
    expect(4, "^$", "auth_required", "push", "--cacert", ca, f"oci:{w.folder}/layout:first", f"{host}/app:2")


def interrupted(w):
    """CL36: the first signal ends the transfer, and it is said how to go on; the second ends the program."""
    host, plain = w.plain.host, "--plain-http"
    image = pushed.image(host, "large", "1", [6_000_000])
    layout = w.folder / "large"
    lading("pull", plain, "-q", f"{host}/large:1", f"oci:{layout}:1")
    wire = Wire(host)
    wire.pace = 0.02
    try:
        process = subprocess.Popen([program, "push", plain, "-q", f"oci:{layout}:1", f"{wire.host}/slow:1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while process.poll() is None and not any(x.method == "POST" for x in wire.journal):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        check("CL35 CL36: push, interrupted", process.returncode == 130 and not out and (b"not sent again by the same command" in err or b"sends it from the beginning" in err) and b"is kept" not in err, (process.returncode, err))
        wire.pace = 0.0
        expect(3, "^$", "unknown", "digest", plain, f"{host}/slow:1")
        expect(0, f"@{image.digest}$", "", "push", plain, "-q", f"oci:{layout}:1", f"{wire.host}/slow:1")
        wire.rules = [Rule("PUT", "uploads", silent=True), Rule("DELETE", "uploads", silent=True)]  # neither the upload nor its end is answered
        process = subprocess.Popen([program, "push", plain, "-q", f"oci:{layout}:1", f"{wire.host}/stuck:1"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for method in ("PUT", "DELETE"):
            while process.poll() is None and not any(x.method == method and "/stuck/" in x.target for x in wire.journal):
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
        check("CL36: push, interrupted twice", process.wait(20) == 130 and any(x.method == "DELETE" for x in wire.journal), wire.journal)
    finally:
        wire.stop()


def interrupted_reading(w):
    """The first signal ends the reading of files for their digests, too."""
    large = w.folder / "sparse"
    with large.open("wb") as f:
        f.truncate(1 << 40)
    for command in (("artifact", "push", "--artifact-type", "a/b"), ("blob", "put")):
        process = subprocess.Popen([program, *command, "--plain-http", "127.0.0.1:1/x", str(large)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while process.poll() is None and not any(os.path.realpath(f) == str(large.resolve()) for f in pathlib.Path(f"/proc/{process.pid}/fd").iterdir()):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=30)[1]
        check(f"{' '.join(command[:2])}: interrupted while it reads", process.returncode == 130 and b"interrupted" in err, (process.returncode, err))
    large.unlink()


def mistaken(w, image):
    """What is mistyped or impossible is said before anything is written, with what helps; names on disk."""
    ref, plain, layout = f"{w.plain.host}/app:1", "--plain-http", w.folder / "layout"
    here = w.folder / "mistaken"
    here.mkdir()
    (here / "file.tar").write_bytes(b"mine")
    for dest, words in (("docker-archiv:foo.tar", "docker-archive: is meant"), ("ocii:foo", "no such form: ocii: \\(oci:\\?\\).*\\./ocii:foo"), ("oci:", "oci: needs a path"),
                        ("oci:file.tar", "file.tar is a file.*oci-archive:file.tar"), ("docker-archive:x.tar:v9", "docker-archive:x.tar:NAME:v9")):
        expect(2, "^$", words, "pull", plain, ref, dest, cwd=here)
    expect(2, "^$", "the form is given twice", "pull", plain, "--format", "dir", ref, "oci:foo", cwd=here)
    expect(2, "^$", "is a file", "pull", plain, "--format", "oci", ref, "file.tar", cwd=here)
    expect(1, "^$", "there is no folder /nonexist", "pull", plain, ref, "oci-archive:/nonexist/x.tar", cwd=here)
    expect(2, "^$", "HOST/NAME:TAG, or on disk with its form: oci-archive:y6.tar", "copy", f"oci:{layout}:first", "y6.tar", cwd=here)
    expect(2, "^$", "with its form: oci:./y6", "copy", f"oci:{layout}:first", "./y6", cwd=here)
    expect(3, "^$", "there is no folder nothing", "copy", "oci:nothing:1", "oci:y", cwd=here)
    (w.folder / "loop").symlink_to("loop")  # what cannot be looked at is not what is not there
    for command in ("copy", "push"):
        expect(1, "^$", "loop: Too many levels of symbolic links", command, f"oci:{w.folder}/loop:1", f"{w.plain.host}/loop:1")
    expect(1, "^$", "loop: Too many levels of symbolic links", "push", w.folder / "loop", f"{w.plain.host}/loop:1")
    for name in ("1", "both"):
        lading("pull", plain, "-q", f"{w.plain.host}/app:{name}", f"oci:{w.folder}/two")
    expect(1, "^$", "tag_ambiguous.*name one.*available: 1, both", "copy", f"oci:{w.folder}/two", "oci-archive:y.tar", cwd=here)
    expect(2, "^$", "without a tag", "tags", plain, ref)
    expect(2, "^$", "lading inspect", "tags", f"oci:{layout}")
    check("mistaken: nothing is written", sorted(p.name for p in here.iterdir()) == ["file.tar"] and (here / "file.tar").read_bytes() == b"mine", list(here.iterdir()))
    expect(1, "^$", "none of its 2 layers has a title; --all-files", "artifact", "pull", plain, ref, here / "none")
    check("artifact pull of nothing: no folder", not (here / "none").exists())
    art = f"{w.plain.host}/titled:1"
    pushed.artifact(w.plain.host, "titled", "1", {"model.bin": b"x"})
    expect(3, "^$", "no file with the title readme.md.*available: .*model.bin", "artifact", "pull", plain, "--file", "readme.md", art, here / "none")
    # Names: a layout's are tags, docker's are whole; what is there is kept, and what is not is missed.
    saved = f"docker-archive:{here}/saved.tar"
    expect(0, "", "no name for docker load", "copy", f"oci:{layout}:first", saved)
    expect(0, "", "^(?!.*no name)", "copy", "--overwrite", "-q", f"oci:{layout}:first", f"{saved}:debian:12")
    expect(0, "", "", "copy", "-q", saved, f"docker-archive:{here}/again.tar")
    expect(1, f"^oci:{here}/digest:first@sha256:", "no/d", "copy", "-q", "--digestfile", here / "no/d", f"oci:{layout}:first", f"oci:{here}/digest")
    expect(1, f"^{art}@sha256:", "no/d", "artifact", "pull", plain, "-q", "--digestfile", here / "no/d", art, here / "titled")
    check("pull - with a digest file that cannot be written", lading("pull", plain, "-q", "--digestfile", here / "no/d", ref, "-")[0] == 1)
    script = f"import pty, sys; sys.exit(pty.spawn({[program, 'copy', f'oci:{layout}:first', '-']!r}) >> 8)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=30, stdin=subprocess.DEVNULL)
    check("copy to a terminal", done.returncode == 2 and b"not written to a terminal" in done.stdout, done)
    expect(0, f"^oci:{here}/kept:docker.io/library/debian:12@", "", "copy", "-q", saved, f"oci:{here}/kept")
    for at in (f"docker-archive:{here}/again.tar", f"oci:{here}/kept"):
        expect(0, "^Tag: *12$", "", "inspect", "--format", "table", f"{at}:debian:12")


def without_threads(process, host):
    """Connections to a server that has memory for a few threads more: those that there is none for are refused, and the server stays."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    used = int(re.search(r"VmSize:\s*(\d+)", status)[1]) << 10
    soft, hard = resource.prlimit(process.pid, resource.RLIMIT_AS)
    resource.prlimit(process.pid, resource.RLIMIT_AS, (used + (48 << 20), hard))
    open_now = [socket.create_connection(tuple(host.split(":")), timeout=10) for _ in range(60)]
    try:
        for s in open_now:
            s.settimeout(0.05)
        said = b""
        for _ in range(100):
            for s in open_now:
                try:
                    said += s.recv(100)
                except OSError:
                    pass
            if b"503" in said:
                break
        check("serve: a connection that there is no thread for is refused", b"HTTP/1.1 503" in said and process.poll() is None, (said, process.poll()))
    finally:
        for s in open_now:
            s.close()
        if process.poll() is None:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (soft, hard))


def serving(w, image):
    """lading serve: what lading, skopeo and plain requests have from it; its end."""
    layout = w.folder / "layout"
    process = subprocess.Popen([program, "serve", layout], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        host = process.stdout.readline().strip()
        check("CL19: serve: prints where it listens", re.fullmatch(r"127\.0\.0\.1:\d+", host), host)
        expect(0, f"^{image.digest}$", "^$", "digest", "--plain-http", f"{host}/any/name:first")
        expect(0, "^second$", "^$", "tags", "--plain-http", f"{host}/any/name")
        expect(0, f"@{image.digest}$", "", "pull", "--plain-http", f"{host}/app:first", f"oci:{w.folder}/served:1")
        raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{host}/app:first")
        check("serve: skopeo reads it", raw == image.document, raw[:200])
        run("skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false", f"docker://{host}/app:first", f"dir:{w.folder}/served-dir")
        without_files(process, host)
        blob, size = max(image.sizes.items(), key=lambda x: x[1])
        head, body = pushed.request(host, "GET", f"/v2/app/blobs/{blob}", headers={"Range": "bytes=100-199"})
        check("serve: a range of a blob", len(body) == 100 and head["Content-Range"] == f"bytes 100-199/{size}", head)
        expect(3, "^$", "manifest_unknown", "digest", "--plain-http", f"{host}/app:none")
        expect(1, "^$", "connect_failed", "serve", layout, "--listen", host)
        # A folder among files: it is asked for as the archive that it is.
        packed = w.folder / "packed"
        (packed / "docs").mkdir(parents=True)
        (packed / "docs" / "a.txt").write_text("a")
        (packed / "weights.bin").write_text("w")
        model = f"{host}/model:1"
        expect(0, "@sha256:", "", "artifact", "push", "--plain-http", "-q", "--artifact-type", "application/vnd.example.model", model, "weights.bin:application/vnd.example.weights", "docs", cwd=packed)
        expect(1, "^$", "docs is a packed folder(?!.*artifact_options)(?s:.*)--packed writes", "artifact", "pull", "--plain-http", "-q", model, packed / "out")
        expect(0, "@sha256:", "", "artifact", "pull", "--plain-http", "-q", "--packed", model, packed / "out")
        check("artifact pull --packed: the files", sorted(p.name for p in (packed / "out").iterdir()) == ["docs.tar.gz", "weights.bin"], list((packed / "out").iterdir()))
        expect(2, "^$", "path_refused", "artifact", "push", "--plain-http", "--artifact-type", "application/vnd.example.model", model, "weights.bin", "weights.bin", cwd=packed)
        expect(2, "^$", "media_type_invalid", "artifact", "push", "--plain-http", "--artifact-type", "bad type", model, "weights.bin", cwd=packed)
        without_threads(process, host)
        expect(0, f"^{image.digest}$", "^$", "digest", "--plain-http", f"{host}/any/name:first")
        process.send_signal(signal.SIGTERM)
        check("serve: a clean end", process.wait(10) == 0, process.stderr.read())
    finally:
        process.kill()
        process.wait()
    expect(3, "^$", "there is no folder", "serve", "--read-only", w.folder / "nothing")
    expect(2, "^$", "^lading: serve .*: invalid_argument: --listen is HOST:PORT", "serve", layout, "--listen", "nonsense")
    # An archive is looked at.
    archive = w.folder / "served.tar"
    lading("copy", "-q", f"oci:{layout}:first", f"oci-archive:{archive}:one")
    process = subprocess.Popen([program, "serve", archive], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        host = process.stdout.readline().strip()
        expect(0, f"^{image.digest}$", "^$", "digest", "--plain-http", f"{host}/any/name:one")
        expect(1, "^$", "unsupported_by_registry.*\\n.*read-only", "push", "--plain-http", "-q", f"oci:{layout}:first", f"{host}/any/name:two")
    finally:
        process.kill()
        process.wait()


def without_files(process, host):
    """A server that has no file for one more connection: those that are over give theirs back, and the next one is served."""
    soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{process.pid}/fd")) + 4, hard))
    try:
        for s in [socket.create_connection(tuple(host.split(":")), timeout=10) for _ in range(20)]:  # of some the server does not know yet
            s.close()
        with socket.create_connection(tuple(host.split(":")), timeout=20) as s:
            s.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
            check("serve: files of connections that are over serve the next one", s.recv(100).startswith(b"HTTP/1.1 200"))
    except OSError as e:
        check("serve: files of connections that are over serve the next one", False, e)
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))


with World() as world:
    usage()
    image, both = reading(world)
    logins(world)
    one_login(world)
    moving(world, image, both)
    pushing(world, image, both)
    many(world, image)
    without_lanes(world)
    following(world, image)
    removing(world, image)
    interrupted(world)
    interrupted_reading(world)
    mistaken(world, image)
    serving(world, image)
sys.exit(ended("program"))
