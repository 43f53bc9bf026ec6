#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""program.py LADING: what the program lading promises of its flags, streams and exit statuses, against docker-registry with and
without passwords, and of the spellings of crane, skopeo, oras and regctl."""
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import pushed
from checks import check, ended
from components import PASSWORD, USER, World, run

program = os.path.abspath(sys.argv[1])


def lading(*args, stdin=None, **more):
    done = subprocess.run([program, *map(str, args)], capture_output=True, timeout=60, input=stdin or b"", **more)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def expect(status, out, err, *args, **more):
    """The exit status, and patterns of stdout and stderr."""
    got, got_out, got_err = lading(*args, **more)
    text = got_out.decode(errors="replace")
    good = got == status and re.search(out, text, re.M) and re.search(err, got_err, re.M)
    check(f"lading {' '.join(map(str, args))}", good, f"status {got}, wanted {status}\n  stdout: {text[:600]}\n  stderr: {got_err[:900]}")


def usage():
    expect(0, "Subcommands", "^$", "--help")
    expect(0, "^lading \\d+\\.\\d+\\.\\d+$", "^$", "version")
    expect(0, "^lading \\d+\\.\\d+\\.\\d+$", "^$", "--version")
    expect(2, "^$", "REF is required", "inspect")
    expect(2, "^$", "choose one", "inspect", "x", "--raw", "--config")
    expect(2, "^$", "^lading: inspect UPPER case: ref_invalid", "inspect", "UPPER case")
    for command in ("inspect", "pull", "copy", "tags", "digest", "config", "login"):
        expect(0, "Usage: lading " + command, "^$", command, "--help")
    expect(2, "^$", "Subcommands")
    expect(2, "^$", "no such command: nonsense; see lading --help", "nonsense")
    expect(2, "^$", "no such command: pul \\(pull\\?\\)", "pul", "x")
    expect(2, "^$", "REF is required", "pull")
    expect(2, "^$", "--nonsense", "pull", "x", "--nonsense")
    expect(2, "^$", "--format", "pull", "x", "--format", "zip")
    expect(2, "^$", "--platform is OS/ARCH", "pull", "x", "--platform", "a/b/c/d/e")
    expect(2, "^$", "--creds is USER:PASS", "digest", "x", "--creds", "nocolon")
    expect(2, "^$", "--password-stdin", "digest", "x", "-u", "me", "-p", "secret")
    expect(2, "^$", "--password-stdin", "digest", "x", "-u", "me")
    expect(2, "^$", "keeps its bytes", "copy", "a", "oci:b", "--format", "v2s2")
    expect(2, "^$", "not an option of this version", "copy", "a", "oci:b", "--referrers")
    # What other programs' users type is answered with the right spelling.
    for words, answer in ((("ls", "x"), "lading tags"), (("image", "copy", "a", "b"), "lading copy"), (("manifest", "x"), "lading manifest get"),
                          (("registry", "serve"), "lading serve"), (("blob", "x"), "lading blob get"), (("save", "x", "y"), "lading pull"),
                          (("delete", "x"), "not a command of this version"), (("logout", "x"), "podman")):
        expect(2, "^$", answer, *words)
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
    expect(0, "^arm$", "^$", "tags", plain, f"{host}/app")
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
    check("blob get: to stdout", status == 0 and pushed.sha256(out) == blob)
    status, out, _ = lading("blob", "get", plain, "--verified", f"{host}/app@{blob}")
    check("blob get --verified: to stdout", status == 0 and pushed.sha256(out) == blob)
    path = w.folder / "blob"
    expect(0, "^$", "^$", "blob", "fetch", plain, "-o", path, f"{host}/app@{blob}")
    check("blob fetch -o: the file", pushed.sha256(path.read_bytes()) == blob)
    expect(2, "^$", "named by its digest", "blob", "get", plain, f"{host}/app:1")
    expect(3, "^$", "blob_unknown", "blob", "get", plain, f"{host}/app@sha256:{'0' * 64}")
    expect(0, "\"RepoTags\"", "", "inspect", plain, f"{host}/app:1")
    expect(3, "^$", f"^lading: inspect {host}/app:none: manifest_unknown", "inspect", plain, f"{host}/app:none")
    for what in ("app:1", "app:none"):
        expect(5 if "none" in what else 0, f'"{what}"', "", "inspect", plain, "--batch", stdin=f"{host}/{what}".encode())
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
    expect(0, "^sha256:", "other users of this machine", "digest", "--cacert", ca, "--creds", f"{USER}:{PASSWORD}", ref)
    expect(0, "^sha256:", "^$", "digest", "--cacert", ca, "-u", USER, "--password-stdin", ref, stdin=PASSWORD.encode() + b"\n")
    expect(1, "^$", "tls_cert_untrusted", "digest", "-u", USER, "--password-stdin", ref, stdin=PASSWORD.encode())
    auth = w.folder / "auth.json"
    import base64
    auth.write_text(json.dumps({"auths": {host: {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}}}))
    expect(0, "^sha256:", "^$", "digest", "--cacert", ca, "--authfile", auth, ref)
    expect(0, f"^{host}: user {USER}, from {auth}", "^$", "login", "--authfile", auth, host)
    expect(3, "^$", "no login is stored", "login", "--authfile", auth, "other.example")
    expect(4, "^$", "auth_required", "digest", "--cacert", ca, "--authfile", auth, "--no-creds", ref)
    status, out, err = lading("login", "--authfile", auth, host)
    check("login: no secret is said", PASSWORD not in out.decode() + err)


def moving(w, image, both):
    ref, plain = f"{w.plain.host}/app:1", "--plain-http"
    layout = w.folder / "layout"
    expect(0, f"^{ref}@{image.digest}\n$", f"^{image.config[7:19]} .* done$", "pull", plain, ref, f"oci:{layout}:first")
    expect(0, f"^{ref}@{image.digest}\n$", "exists", "pull", plain, "--progress", "plain", ref, f"oci:{layout}:first")
    expect(0, f"^{ref}@{image.digest}\n$", "^$", "pull", plain, "-q", ref, f"oci:{layout}:first")
    expect(0, f"^{ref}@{image.digest}\n$", "^$", "pull", plain, "--progress", "none", ref, f"oci:{layout}:second")
    status, out, err = lading("pull", plain, "--progress", "json", "--json", ref, f"oci:{w.folder}/layout-2:1")
    events = [json.loads(line) for line in err.splitlines()]
    check("pull --progress json: events of every content", {e["digest"] for e in events if e["state"] == "done"} == {*image.sizes, image.digest}, err)
    done = json.loads(out)
    check("pull --json", done["digest"] == image.digest and done["fetched"]["contents"] == len(image.sizes) + 1, out)
    status, out, _ = lading("pull", plain, "--dry-run", ref, f"oci:{w.folder}/layout-3:1")
    check("pull --dry-run: says what", status == 0 and all(d in out.decode() for d in image.sizes) and "to fetch" in out.decode(), out)
    check("pull --dry-run: writes nothing", not (w.folder / "layout-3").exists())
    digest_file = w.folder / "digest"
    expect(0, "", "", "pull", plain, "-q", "--digestfile", digest_file, ref, f"oci:{layout}:first")
    check("pull --digestfile", digest_file.read_text() == image.digest)
    expect(3, "^$", "manifest_unknown", "pull", plain, f"{w.plain.host}/app:none", f"oci:{layout}:x")
    expect(2, "^$", "DEST is a path", "pull", plain, ref, "docker://there")
    expect(0, f"^oci:{w.folder}/copied:1@{both.digest}$", "", "copy", "-q", "--all", "--preserve-digests", "--src-tls-verify=false",
           f"docker://{w.plain.host}/app:both", f"oci:{w.folder}/copied:1")
    expect(0, f"^ocidir://{w.folder}/copied-2:2@{both.digest}$", "", "cp", "-q", f"oci:{w.folder}/copied:1", f"ocidir://{w.folder}/copied-2:2")
    expect(0, f"@{both.digest}$", "", "copy", "-q", f"oci:{w.folder}/copied", f"oci:{w.folder}/copied-3")
    expect(0, f"^Name: *oci:{w.folder}/copied:1$", "", "inspect", "--format", "table", f"oci:{w.folder}/copied:1")
    check("copy: the name is kept", lading("copy", "-q", f"oci:{w.folder}/copied-3:1", f"oci:{w.folder}/copied-4:1")[0] == 0)
    expect(3, "^$", "manifest_unknown.*available: 1", "copy", f"oci:{w.folder}/copied:none", f"oci:{w.folder}/x")
    expect(2, "^$", "writes to disk", "copy", f"oci:{w.folder}/copied:1", "docker://r.example/app:1")
    expect(1, "^$", "layout_invalid", "copy", f"oci:{w.folder}/nothing:1", f"oci:{w.folder}/x:1")
    (w.folder / "127.0.0.1:1").mkdir()
    run("cp", "-r", w.folder / "copied", w.folder / "127.0.0.1:1" / "lay")
    expect(1, "^$", "there is a layout in the folder 127.0.0.1:1/lay: oci:127", "copy", "--plain-http", "--retry", "0", "127.0.0.1:1/lay", f"oci:{w.folder}/x:1", cwd=w.folder)
    here = w.folder / "here"
    here.mkdir()
    status, out, err = lading("pull", plain, "-q", ref, cwd=here)
    check("pull without DEST: the last part of the name", status == 0 and (here / "app" / "index.json").exists(), err)
    piped = lading("copy", "-q", f"oci:{w.folder}/copied:1", "-")[1]
    status, out, err = lading("copy", "-q", "-", f"oci:{w.folder}/copied-5:1", stdin=piped)
    check("copy by way of - and -", status == 0 and both.digest in out.decode(), err)
    # Names of others are printed without what a terminal would obey.
    art = pushed.artifact(w.plain.host, "odd", "1", {"plain.txt": b"x", "bad\x1b[31m": b"y"})
    status, out, err = lading("artifact", "pull", plain, f"{w.plain.host}/odd:1", w.folder / "odd")
    check("a title with an escape sequence", status == 1 and "path_refused" in err and "\x1b" not in err, (status, err))


def serving(w, image):
    """lading serve: what lading, skopeo and plain requests have from it; its end."""
    layout = w.folder / "layout"
    process = subprocess.Popen([program, "serve", layout], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        host = process.stdout.readline().strip()
        check("serve: prints where it listens", re.fullmatch(r"127\.0\.0\.1:\d+", host), host)
        expect(0, f"^{image.digest}$", "^$", "digest", "--plain-http", f"{host}/any/name:first")
        expect(0, "^second$", "^$", "tags", "--plain-http", f"{host}/any/name")
        expect(0, f"@{image.digest}$", "", "pull", "--plain-http", f"{host}/app:first", f"oci:{w.folder}/served:1")
        raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{host}/app:first")
        check("serve: skopeo reads it", raw == image.document, raw[:200])
        run("skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false", f"docker://{host}/app:first", f"dir:{w.folder}/served-dir")
        blob, size = max(image.sizes.items(), key=lambda x: x[1])
        head, body = pushed.request(host, "GET", f"/v2/app/blobs/{blob}", headers={"Range": "bytes=100-199"})
        check("serve: a range of a blob", len(body) == 100 and head["Content-Range"] == f"bytes 100-199/{size}", head)
        expect(3, "^$", "manifest_unknown", "digest", "--plain-http", f"{host}/app:none")
        expect(1, "^$", "connect_failed", "serve", layout, "--listen", host)
        process.send_signal(signal.SIGTERM)
        check("serve: a clean end", process.wait(10) == 0, process.stderr.read())
    finally:
        process.kill()
        process.wait()
    expect(1, "^$", "layout_invalid", "serve", w.folder / "nothing")
    expect(2, "^$", "HOST:PORT", "serve", layout, "--listen", "nonsense")


with World() as world:
    usage()
    image, both = reading(world)
    logins(world)
    moving(world, image, both)
    serving(world, image)
sys.exit(ended("program"))
