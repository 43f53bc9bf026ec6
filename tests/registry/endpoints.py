# SPDX-License-Identifier: BSL-1.0
"""Mirrors, certificates and stored logins against real components: nginx as each kind of bad mirror, docker-registry
with htpasswd and TLS whose CA is in certs.d, with tokens for nobody, a user and a refresh token."""
import base64
import json
import os
import pathlib
import stat
import tempfile

from components import PASSWORD, REFRESH, USER, Mirrors


def mirrors(world, check, inspect):
    """The right answer from the origin each time, and the attempts listed when there is none."""
    images, origin = world.images, world.plain.host
    head, old = images.request("GET", "v2s2/one/manifests/latest",
                               headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"})
    wrong = old.decode().replace("\n", " ")
    bad = Mirrors(world.folder, world.plain, (head["Content-Type"], wrong))
    world.parts.append(bad)
    digest = json.loads(inspect("--plain-http", f"{origin}/v2s2/three:latest")[1])["Digest"]
    ref = f"{origin}/v2s2/three@{digest}"
    expected = json.loads(inspect("--plain-http", "--no-tags", "--format", "json", ref)[1])

    def ask(way, *more):
        return inspect("--plain-http", "--no-tags", "--format", "json", "--mirror", bad.hosts[way], "-v", *more, ref)

    for way in ("down", "404", "html", "unavailable", "stale", "blobless", "tampered", "dripping", "stuck"):
        status, out, err = ask(way, "--retry", "1", "--timeout", "6")
        record = json.loads(out) if status == 0 else {}
        check(f"mirror {way}: the origin's answer", record == expected, (status, err, out[:300]))
        # What -v lists: the mirror before the origin, and that it was the origin which gave the image.
        lines = err.splitlines()
        check(f"mirror {way}: it was asked first", f"http://{bad.hosts[way]}/" in lines[0], err)
        of_origin = [line for line in lines if f"http://{origin}/" in line]
        check(f"mirror {way}: the attempts are listed, the origin's manifest and config last",
              len(of_origin) == 2 and lines[-2:] == of_origin and all(": 200, " in line for line in of_origin), err)
    status, out, err = ask("good")
    record = json.loads(out)
    check("mirror good: the same image", status == 0 and record["config"] == expected["config"], err)
    check("mirror good: the origin is not asked", f"http://{origin}/" not in err, err)

    several = [x for way in ("down", "404", "stale") for x in ("--mirror", bad.hosts[way])]
    status, out, err = inspect("--plain-http", "--no-tags", "--retry", "0", *several, f"{origin}/v2s2/three@sha256:{'0' * 64}")
    check("all fail: the origin's error, and every attempt", status == 1 and err.startswith("inspect: manifest_unknown")
          and all(f"tried http://{bad.hosts[w]} (mirror)" in err for w in ("down", "404", "stale"))
          and f"http://{origin}/" in err, err)

    conf = world.folder / "registries.conf"
    conf.write_text(f"""[[registry]]
location = "{origin}"
insecure = true
[[registry.mirror]]
location = "{bad.hosts['404']}"
insecure = true
[[registry.mirror]]
location = "{bad.hosts['good']}"
insecure = true
pull-from-mirror = "digest-only"
[[registry]]
prefix = "blocked.example"
blocked = true
[aliases]
three = "{origin}/v2s2/three"
""")
    status, out, err = inspect("--registries-conf", str(conf), "--no-tags", "-v", ref)
    check("registries.conf: mirrors in order, https first, http where it says insecure", status == 0 and
          [h for h in (bad.hosts["404"], bad.hosts["good"], origin) if f"http://{h}/" in err] ==
          [bad.hosts["404"], bad.hosts["good"]], err)
    status, out, err = inspect("--registries-conf", str(conf), "--no-tags", "-v", "three")
    check("registries.conf: a short name, and a mirror for digests only", status == 0 and
          f"http://{bad.hosts['good']}/" not in err and f"http://{origin}/v2/v2s2/three" in err, err)
    status, out, err = inspect("--registries-conf", str(conf), "blocked.example/x")
    check("registries.conf: blocked", status == 1 and "registry_blocked" in err, err)


def logins(world, check, inspect):
    ca = (world.folder / "ca.crt").read_text()
    basic, token = f"{world.basic.host}/v2s2/three", f"{world.token.host}/v2s2/three"
    realm = ["--trust-realm", f"http://127.0.0.1:{world.issuer.port}"]
    login = {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
    home = pathlib.Path(tempfile.mkdtemp(dir=world.folder))
    folder = home / ".config/containers/certs.d" / world.basic.host
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_text(ca)
    (home / ".docker").mkdir()
    (home / "bin").mkdir()
    environment = dict(os.environ, HOME=str(home), XDG_RUNTIME_DIR=str(home / "run"),
                       PATH=f"{home}/bin:{os.environ['PATH']}")
    for name in ("XDG_CONFIG_HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"):
        environment.pop(name, None)

    def expect(what, status, text, *args):
        got, out, err = inspect(*args, env=environment)
        check(what, got == status and text in (err if status else out.decode()), (got, out[:300], err))
        said = err + out.decode(errors="replace")
        check(f"{what}: no secret is said", PASSWORD not in said and REFRESH not in said and login["auth"] not in said)

    def store(value):
        (home / ".docker/config.json").write_text(json.dumps(value))

    expect("certs.d: without a login", 1, "auth_required", basic)
    store({"auths": {world.basic.host: login}})
    expect("certs.d and config.json", 0, '"Name"', "-v", basic)
    expect("--cert-dir", 0, '"Name"', "--cert-dir", str(folder), basic)
    expect("--creds before all files", 1, "auth_denied", "--creds", "alice:no", basic)
    conf = world.folder / "private.conf"
    conf.write_text(f"""[[registry]]
location = "{world.plain.host}"
insecure = true
[[registry.mirror]]
location = "{world.basic.host}"
""")
    status, out, err = inspect("--registries-conf", str(conf), "--no-tags", "-v", f"{world.plain.host}/v2s2/three", env=environment)
    check("certs.d: a mirror whose CA is its own", status == 0 and f"https://{world.basic.host}/" in err
          and f"http://{world.plain.host}/" not in err and PASSWORD not in err, (status, err))
    (folder / "half.cert").write_text(ca)
    expect("certs.d: half a pair", 1, "tls_config_invalid", basic)
    (folder / "half.cert").unlink()
    (folder / "ca.crt").rename(folder / "ca.pem")
    expect("certs.d: no root, no trust", 1, "tls_cert_untrusted", basic)
    (folder / "ca.pem").rename(folder / "ca.crt")

    helper = home / "bin/docker-credential-here"
    helper.write_text("#!/bin/sh\nread host\n[ \"$host\" = " + world.basic.host + " ] || { echo 'credentials not found'; exit 1; }\n"
                      + "echo '" + json.dumps({"Username": USER, "Secret": PASSWORD}) + "'\n")
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    store({"credHelpers": {world.basic.host: "here"}})
    expect("credHelpers", 0, '"Name"', "--no-tags", basic)
    store({"credsStore": "here"})
    expect("credsStore", 0, '"Name"', "--no-tags", basic)
    store({"credsStore": "missing"})
    expect("a helper that is not there", 1, "credential_helper_failed", "--no-tags", basic)
    authfile = home / "auth.json"
    authfile.write_text(json.dumps({"auths": {world.basic.host + "/v2s2": login}}))
    expect("--authfile, namespaced", 0, '"Name"', "--authfile", str(authfile), basic)

    store({"auths": {world.token.host: login}})
    expect("token, user from config.json", 0, '"Name"', "--plain-http", *realm, token)
    store({"auths": {world.token.host: {"identitytoken": REFRESH}}})
    before = len(world.issuer.journal)
    expect("token, refresh token", 0, '"Name"', "--plain-http", "--no-tags", *realm, token)
    check("token, refresh token: one POST", world.issuer.journal[before:] == ["POST refresh_token"], world.issuer.journal[before:])
    store({"auths": {world.token.host: {"identitytoken": REFRESH + "-wrong"}}})
    expect("token, wrong refresh token", 1, "auth_denied", "--plain-http", *realm, token)
    store({})
    expect("token, anonymous", 0, '"Name"', "--plain-http", token)
