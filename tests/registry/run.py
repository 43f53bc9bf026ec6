#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""run.py [NAME=]INSPECT...: the inspect program against real registries, with skopeo of the same machine as the oracle.
Of several programs a table is printed: the checks that each passed and failed. The one named transport:image_on_disk is given
the images that are on disk only. Each has registries of its own, a few programs at a time."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

import batch
import endpoints
import layouts
from checks import check, ended
from components import INDEX, LIST, PASSWORD, USER, World, run

label, _, program = sys.argv[1].rpartition("=")


def inspect(*args, env=None):
    done = subprocess.run([program, *args], capture_output=True, timeout=60, env=env)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def skopeo(*args):
    return json.loads(run("skopeo", *args))


def equal_to_skopeo(world, name, ours=(), theirs=()):
    """Every field that skopeo prints is equal, the raw bytes are, and so are their digests."""
    ref = f"{world.plain.host}/{name}"
    status, out, err = inspect("--plain-http", *ours, ref)
    if status:
        return check(name, False, err)
    record = json.loads(out)
    expected = skopeo(*theirs, "inspect", "--tls-verify=false", f"docker://{ref}")
    wrong = {k: (record.get(k), v) for k, v in expected.items() if k not in record or record[k] != v}
    check(f"{name} {' '.join(ours)}: every field equals skopeo's", not wrong, wrong)
    order = [k for k in record if k in expected]
    check(f"{name}: the fields are in skopeo's order", order == list(expected), order)
    raw = inspect("--plain-http", "--raw", ref)[1]
    if not name.startswith("v2s1"):  # the registry signs schema1 anew for each answer
        check(f"{name}: raw bytes", raw == run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{ref}"))
    path = world.folder / "raw"
    path.write_bytes(raw)
    digest = run("skopeo", "manifest-digest", path).decode().strip()
    check(f"{name}: digest of the raw bytes", record["Digest"] == digest, (record["Digest"], digest))


def seed(world):
    """At least sixteen images over v2s1, v2s2, oci, list and index; the names of those that have one platform."""
    images = world.images
    shapes = {
        "one": (1, []),
        "three": (3, ["--config.label", "a=<b> & c", "--config.label", "é=ü", "--config.env", "PATH=/bin",
                      "--author", "Someone <some@one.example>"]),
        "five": (5, ["--config.cmd", "/bin/sh", "--config.entrypoint", "/init", "--config.workingdir", "/srv",
                     "--config.exposedports", "80/tcp", "--config.volume", "/data", "--config.user", "1000"]),
        "empty": (2, ["--config.env", "A=1", "--config.env", "B=2", "--history.comment", "set the environment"]),
    }
    names = []
    for shape, (layers, config) in shapes.items():
        images.make(shape, layers, "--architecture", "amd64", "--os", "linux", *config)
        for fmt in ("v2s1", "v2s2", "oci"):
            name = f"{fmt}/{shape}:latest"
            images.push(shape, fmt, name)
            names.append(name)
    platforms = {
        "amd64": {"os": "linux", "architecture": "amd64"},
        "armv6": {"os": "linux", "architecture": "arm", "variant": "v6"},
        "armv7": {"os": "linux", "architecture": "arm", "variant": "v7"},
        "arm64": {"os": "linux", "architecture": "arm64", "variant": "v8"},
        "windows": {"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.1"},
    }
    for key, p in platforms.items():
        images.make(key, 2, "--architecture", p["architecture"], "--os", p["os"], "--config.label", f"for={key}")
        for fmt in ("v2s2", "oci"):
            images.push(key, fmt, f"multi:{fmt}-{key}")
    for fmt, kind in (("v2s2", LIST), ("oci", INDEX)):
        entries = [images.entry("multi", f"{fmt}-{key}", p) for key, p in reversed(platforms.items())]
        if fmt == "oci":
            attested = entries[-1]["digest"]
            entries.append(images.entry("multi", "oci-amd64", {"os": "unknown", "architecture": "unknown"},
                                        {"vnd.docker.reference.type": "attestation-manifest",
                                         "vnd.docker.reference.digest": attested}))
        images.put("multi", fmt, {"schemaVersion": 2, "mediaType": kind, "manifests": entries}, kind)
    nested = {"schemaVersion": 2, "mediaType": INDEX,
              "manifests": [images.entry("multi", "oci", {"os": "linux", "architecture": "amd64"})]}
    images.put("multi", "nested", nested, INDEX)
    return names


def same_in_each_format(world):
    """schema1 and schema2 of one image give equal output but for the digest."""
    for shape in ("one", "three", "five", "empty"):
        outputs = []
        for fmt in ("v2s1", "v2s2"):
            status, out, err = inspect("--plain-http", "--format", "original", f"{world.plain.host}/{fmt}/{shape}")
            check(f"original {fmt}/{shape}", status == 0, err)
            outputs.append(json.loads(out or "{}"))
        for o in outputs:
            o.pop("Digest", None)
        check(f"{shape}: schema1 and schema2 give the same", outputs[0] == outputs[1], outputs)


def requests_made(world):
    """Requests as the registry's own access log counts them."""
    for name, extra, wanted in (("v2s2/one:latest", ["--no-tags"], 2), ("v2s2/one:latest", [], 3),
                                ("multi:oci", ["--no-tags"], 3), ("v2s1/one:latest", ["--no-tags"], 1)):
        before = len(world.plain.requests())
        inspect("--plain-http", *extra, f"{world.plain.host}/{name}")
        made = world.plain.requests()[before:]
        check(f"requests for {name} {extra}", len(made) == wanted, made)


def protected(world):
    ca = str(world.folder / "ca.crt")
    creds = ["--creds", f"{USER}:{PASSWORD}"]
    realm = ["--trust-realm", f"http://127.0.0.1:{world.issuer.port}"]
    basic, token = f"{world.basic.host}/v2s2/three", f"{world.token.host}/v2s2/three"

    def expect(what, status, text, *args):
        got, out, err = inspect(*args)
        check(what, got == status and text in (err if status else out.decode()), (got, out[:300], err))
        check(f"{what}: no secret is said", PASSWORD not in err and PASSWORD not in out.decode(errors="replace"))

    expect("htpasswd over TLS", 0, '"Name"', "--cacert", ca, *creds, basic)
    expect("htpasswd without credentials", 1, "auth_required", "--cacert", ca, basic)
    expect("htpasswd with wrong credentials", 1, "auth_denied", "--cacert", ca, "--creds", "alice:no", basic)
    expect("a CA that is not trusted", 1, "tls_cert_untrusted", *creds, basic)
    expect("a CA that is not asked for", 0, '"Name"', "--insecure-skip-verify", *creds, basic)
    expect("plain http to a TLS port", 1, "HTTP request to an HTTPS server", "--plain-http", *creds, basic)

    tokens = len(world.issuer.journal)
    requests = len(world.token.requests())
    expect("token, anonymous", 0, '"Name"', "--plain-http", "--no-tags", token)
    check("token, anonymous: one token request", len(world.issuer.journal) == tokens + 1)
    made = world.token.requests()[requests:]
    check("token, anonymous: one refused request more", len(made) == 3, made)
    expect("token, user", 0, '"Name"', "--plain-http", *creds, *realm, token)
    expect("token, wrong password", 1, "auth_denied", "--plain-http", "--creds", "alice:no", *realm, token)
    expect("token, realm not trusted, public", 0, '"Name"', "--plain-http", *creds, token) # asked without the login


def failures(world):
    host = world.plain.host
    for what, text, args in (
            ("a tag that is not there", "manifest_unknown", [f"{host}/v2s2/one:nope"]),
            ("a repository that is not there", "_unknown", [f"{host}/nope"]),
            ("no such platform", "linux/arm/v7", ["--platform", "linux/riscv64", f"{host}/multi:oci"]),
            ("a digest that is not there", "manifest_unknown", [f"{host}/v2s2/one@sha256:{'0' * 64}"])):
        status, out, err = inspect("--plain-http", *args)
        check(what, status == 1 and not out and text in err and "next: " not in err, (status, out, err))


def every_platform(world):
    """`--platform all`: the images of an index, each as when it is asked for alone (which is compared with skopeo), but with
    its own digest."""
    def records(text):
        decoder, out, text = json.JSONDecoder(), [], text.decode()
        while text := text.lstrip():
            one, end = decoder.raw_decode(text)
            out, text = [*out, one], text[end:]
        return out

    for tag in ("v2s2", "oci", "nested"):
        status, out, err = inspect("--plain-http", "--platform", "all", f"{world.plain.host}/multi:{tag}")
        inner = f"{world.plain.host}/multi:{'oci' if tag == 'nested' else tag}"
        index = json.loads(inspect("--plain-http", "--raw", inner)[1])
        expected = []
        for entry in index["manifests"]:
            p = entry["platform"]
            if p["os"] != "unknown":
                name = "/".join(filter(None, (p["os"], p["architecture"], p.get("variant"))))
                alone = records(inspect("--plain-http", "--no-tags", "--platform", name, inner)[1])
                expected += [record | {"Digest": entry["digest"]} for record in alone]
        check(f"multi:{tag}: all platforms, each as alone", status == 0 and len(expected) == 5 and records(out) == expected, (out, err))
    alone = inspect("--plain-http", "--platform", "all", f"{world.plain.host}/v2s2/one:latest")
    check("all platforms of an image: the image", alone[0] == 0 and records(alone[1])[0]["Architecture"], alone)


def everything(world, names):
    for name in names:
        equal_to_skopeo(world, name)
    for tag in ("v2s2", "oci", "nested"):
        equal_to_skopeo(world, f"multi:{tag}")
    for tag in ("v2s2", "oci"):
        for arch, variant in (("arm", "v6"), ("arm", "v7"), ("arm64", "v8")):
            equal_to_skopeo(world, f"multi:{tag}", ["--platform", f"linux/{arch}/{variant}"],
                            ["--override-arch", arch, "--override-variant", variant])
        equal_to_skopeo(world, f"multi:{tag}", ["--platform", "windows/amd64"], ["--override-os", "windows"])
    record = json.loads(inspect("--plain-http", "--format", "json", f"{world.plain.host}/multi:oci")[1])
    check("attestations are shown and not chosen", len(record["attestations"]) == 1 and len(record["platforms"]) == 5,
          record)
    every_platform(world)
    same_in_each_format(world)
    requests_made(world)
    protected(world)
    failures(world)
    endpoints.mirrors(world, check, inspect)
    endpoints.logins(world, check, inspect)
    layouts.layouts(world, check, inspect)
    batch.batch(world, check, inspect, names + ["multi:v2s2", "multi:oci"])


def matrix(programs):
    """Runs itself for each, and prints the table."""
    def one(of):
        done = subprocess.run([sys.executable, "-B", __file__, of], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        counts = re.search(r"^registry: (\d+) passed, (\d+) failed$", done.stdout, re.M)
        return done.stdout, *(map(int, counts.groups()) if counts else (0, 1))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        rows = list(zip(programs, pool.map(one, programs)))
    for of, (said, _, bad) in rows:
        if bad:
            print(f"{of}:\n{said}")
    print(f"\n{'inspect with':<28}{'passed':>8}{'failed':>8}")
    for of, (_, good, bad) in rows:
        print(f"{of.rpartition('=')[0]:<28}{good:>8}{bad:>8}")
    good, bad = (sum(row[1][n] for row in rows) for n in (1, 2))
    print(f"\nregistry: {good} passed, {bad} failed")
    return 1 if bad else 0


if len(sys.argv) > 2:
    sys.exit(matrix(sys.argv[1:]))
with World() as world:
    names = seed(world)
    if label == "transport:image_on_disk":
        layouts.on_disk(world, check, inspect, names)
        layouts.layouts(world, check, inspect)
    else:
        everything(world, names)
    print(f"{len(names) + 11} images compared with skopeo")
sys.exit(ended("registry"))
