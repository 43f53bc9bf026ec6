# SPDX-License-Identifier: BSL-1.0
"""W10-W16: hosts, proxies, trust. Names and addresses are those of a namespace (see differential.py)."""
import http.client
import os
import shutil
import ssl
import subprocess
from pathlib import Path

from world import CONFIG, GOOD, Asked, answer, case, honest, manifest, refusal, sha256, tags

MANIFEST, BLOB, TAGS = "/v2/r/manifests/1", "/v2/r/blobs/" + sha256(CONFIG), "/v2/r/tags/list"
ADDRESSES = ["10.9.8.7", "192.168.77.1", "fd00:1::7", "93.184.216.34"]
HOSTS = {"127.0.0.1": "localhost", "10.9.8.7": "reg.corp.example minio.corp.example gitlab.corp.example other.corp.example", "192.168.77.1": "store.lan",
         "93.184.216.34": "public.example", "fd00:1::7": "six.corp.example"}
CERTIFICATES = Path("/nonexistent")


def make_certificates(home):
    """A CA of the company, one that nobody knows, and a certificate for every name."""
    global CERTIFICATES
    CERTIFICATES = Path(home, "certificates")
    CERTIFICATES.mkdir()
    at = lambda name: str(CERTIFICATES / name)
    run = lambda *command: subprocess.run(command, check=True, capture_output=True)
    for ca in ("ca", "stranger"):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={ca}", "-keyout", at(ca + ".key"), "-out", at(ca + ".pem"))
    names = ",".join(["DNS:localhost", "IP:127.0.0.1", "IP:10.9.8.7"] + [f"DNS:{n}" for line in HOSTS.values() for n in line.split()])
    Path(at("names")).write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server", "-keyout", at("server.key"), "-out", at("server.csr"))
    run("openssl", "x509", "-req", "-in", at("server.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "30", "-extfile", at("names"), "-out", at("server.pem"))
    run("openssl", "x509", "-in", at("ca.pem"), "-outform", "DER", "-out", at("ca.der"))


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    return context


def folder(w, **files):
    """A folder for --cert-dir; a value is a file of ours, or bytes."""
    for name, text in files.items():
        w.write("certs/" + name.replace("__", "."), (CERTIFICATES / text).read_bytes() if isinstance(text, str) else text)
    return str(w.folder / "certs")


def over_tls(w, host, *more, name="r:1", **named):
    nobody = [] if "--creds" in more else ["--authfile", w.write("nobody.json", "{}")]
    return Asked([*nobody, *more, f"{host}/{name}"], ["inspect", *nobody, *more, f"docker://{host}/{name}"], **named)


def inside():
    # W10: a registry by name, and what it names
    def blob_at(place, registry="reg.corp.example", address="10.9.8.7", there="10.9.8.7", secure=False):
        def make(w):
            store = w.peer(lambda asked: answer(CONFIG), address=there, tls=tls() if secure else None)
            place_ = place.replace("PORT", str(store.port))
            peer = w.registry({BLOB: answer(b"", "Location: " + place_, status="307 X")}, address=address)
            asked = w.ask(f"{registry}:{peer.port}")
            if secure:
                asked.ours[:0] = ["--cacert", str(CERTIFICATES / "ca.pem")]
            return asked
        return make
    for name, place in (("another name", "http://minio.corp.example:PORT/x"), ("another port of its name", "http://reg.corp.example:PORT/x"), ("its address", "http://10.9.8.7:PORT/x"),):
        case("W10", f"reg.corp.example (10.9.8.7), its blob at {name}", blob_at(place), names=True)
    case("W10", "reg.corp.example (10.9.8.7), its blob at a name of 192.168.77.1", blob_at("http://store.lan:PORT/x", there="192.168.77.1"), names=True)
    case("W10", "reg.corp.example (10.9.8.7), its blob at 127.0.0.1", blob_at("http://127.0.0.1:PORT/x", there="127.0.0.1"), {}, "inside is inside", names=True)
    case("W10", "reg.corp.example (10.9.8.7), its blob at a name of fd00:1::7", blob_at("http://six.corp.example:PORT/x", there="fd00:1::7"), names=True)
    case("W10", "six.corp.example (fd00:1::7), its blob at minio.corp.example", blob_at("http://minio.corp.example:PORT/x", "six.corp.example", "fd00:1::7"), names=True)
    case("W10", "localhost, its blob at another port", blob_at("http://localhost:PORT/x", "localhost", "127.0.0.1", "127.0.0.1"))
    case("W10", "localhost, its blob at 127.0.0.1 and another port", blob_at("http://127.0.0.1:PORT/x", "localhost", "127.0.0.1", "127.0.0.1"))
    case("W10", "127.0.0.1, its blob at localhost", blob_at("http://localhost:PORT/x", "127.0.0.1", "127.0.0.1", "127.0.0.1"))
    case("W10", "reg.corp.example, its blob from http to https", blob_at("https://minio.corp.example:PORT/x", secure=True), names=True)
    outer = "a public registry that names an inner address: refused, whoever follows it"
    case("W10", "public.example, its blob at 10.9.8.7", blob_at("http://10.9.8.7:PORT/x", "public.example", "93.184.216.34"), "address_refused", outer, names=True)
    case("W10", "public.example, its blob at an inner name", blob_at("http://minio.corp.example:PORT/x", "public.example", "93.184.216.34"), "address_refused", outer, names=True)
    case("W10", "public.example, its blob at 127.0.0.1", blob_at("http://127.0.0.1:PORT/x", "public.example", "93.184.216.34", "127.0.0.1"), "address_refused", outer, names=True)
    case("W10", "public.example, its blob at another port of its name", blob_at("http://public.example:PORT/x", "public.example", "93.184.216.34", "93.184.216.34"), names=True)
    for place in ("http://169.254.169.254/x", "http://[fd00:ec2::254]/x", "http://[::ffff:169.254.169.254]/x", "http://100.100.100.200/x"):
        case("W10", f"reg.corp.example, its blob at {place}", blob_at(place), "address_refused", names=True)

    def realm_at(host, address="10.9.8.7", registry="reg.corp.example", home="10.9.8.7"):
        def make(w):
            service = w.peer(lambda asked: answer(b'{"token":"tok-of-nobody"}', "Content-Type: application/json"), address=address)
            inner = honest({})
            peer = w.peer(lambda asked: inner(asked) if asked.get("authorization") == "Bearer tok-of-nobody" else refusal(
                "401 Unauthorized", "UNAUTHORIZED", f'WWW-Authenticate: Bearer realm="http://{host}:{service.port}/jwt/auth",service="container_registry",scope="repository:r:pull"'), address=home)
            return w.ask(f"{registry}:{peer.port}")
        return make
    case("W10", "reg.corp.example, its realm at gitlab.corp.example", realm_at("gitlab.corp.example"), names=True)
    case("W10", "reg.corp.example, its realm at another port of its name", realm_at("reg.corp.example"), names=True)
    case("W10", "reg.corp.example, its realm at a name of 192.168.77.1", realm_at("store.lan", "192.168.77.1"), names=True)
    case("W10", "public.example, its realm at an inner name", realm_at("gitlab.corp.example", registry="public.example", home="93.184.216.34"), "address_refused|auth_realm_refused", outer, names=True)


def proxies():
    # W11: whom the proxy sees
    def proxy(w, password=None):
        def handler(asked):
            if password and asked.get("proxy-authorization") != password:
                return answer(b"", 'Proxy-Authenticate: Basic realm="p"', status="407 Proxy Authentication Required")
            host, _, path = asked.target.removeprefix("http://").partition("/")
            if asked.method == "CONNECT" or "://" not in asked.target:
                return answer(b"", status="502 No")
            there = http.client.HTTPConnection(host, timeout=10)
            there.request(asked.method, "/" + path, headers={"Accept": asked.get("accept"), **({"Authorization": asked.get("authorization")} if asked.all("authorization") else {})})
            got = there.getresponse()
            return answer(got.read(), *[f"{k}: {v}" for k, v in got.getheaders() if k.lower() not in ("content-length", "connection")], status=f"{got.status} X")
        return w.peer(handler, address="127.0.0.1")

    def seen(name, host, address, no_proxy, by, why="", variable="http_proxy", **more):
        def make(w):
            p, peer = proxy(w), w.registry(address=address)
            port = str(peer.port)
            env = {variable: f"http://{p.host}", "no_proxy": no_proxy.replace("PORT", port), **more}
            return w.ask(f"{host}:{port}", env=env, facts=lambda: {"proxy": bool(p.seen)})
        case("W11", name, make, {"proxy": by == "proxy"}, why, names=True)
    for no_proxy, by in (("", "proxy"), ("reg.corp.example", "direct"), (".corp.example", "direct"), ("*.corp.example", "direct"), ("corp.example", "direct"), ("example", "direct"), (".example", "direct"),
                         ("eg.corp.example", "proxy"), ("other.corp.example", "proxy"), ("*", "direct"), ("reg.corp.example:PORT", "direct"), ("reg.corp.example:1", "proxy"), ("corp.example:PORT", "direct"),
                         ("REG.corp.EXAMPLE", "direct"), ("a.b , reg.corp.example", "direct"), ("10.0.0.0/8", "proxy"), ("reg.corp.example.", "direct"), (",,", "proxy"), ("*,x", "direct"), ("*example", "proxy"),
                         ("x.reg.corp.example", "proxy"), (".reg.corp.example", "proxy")):
        why = {"10.0.0.0/8": "", ".reg.corp.example": "", "reg.corp.example.": "a final dot is the root's, as curl reads it"}.get(no_proxy, "")
        seen(f"no_proxy={no_proxy}, reg.corp.example", "reg.corp.example", "10.9.8.7", no_proxy, by, why)
    for no_proxy, by in (("10.0.0.0/8", "direct"), ("10.9.8.7", "direct"), ("10.9.8.0/24", "direct"), ("10.9.9.0/24", "proxy"), ("10.9.8.7:PORT", "direct"), ("10.9.8.7:1", "proxy"), ("0.0.0.0/0", "direct"), ("10.9.8", "proxy"),
                         ("192.168.0.0/16, 10.0.0.0/8", "direct"), ("10.9.8.7/32", "direct"), ("10.0.0.0/33", "proxy"), ("::ffff:10.9.8.7", "direct")):
        seen(f"no_proxy={no_proxy}, 10.9.8.7", "10.9.8.7", "10.9.8.7", no_proxy, by)
    for no_proxy, by in (("fd00::/8", "direct"), ("fd00:1::7", "direct"), ("[fd00:1::7]", "direct"), ("[fd00:1::7]:PORT", "direct"), ("fd00:1:0:0:0:0:0:7", "direct"), ("fc00::/7", "direct"), ("fe80::/10", "proxy"), ("FD00:1::7", "direct"),
                         ("[fd00:1::7]:1", "proxy")):
        seen(f"no_proxy={no_proxy}, [fd00:1::7]", "[fd00:1::7]", "fd00:1::7", no_proxy, by)
    # W12: the proxy's own login
    import base64

    def with_login(user, env_name="http_proxy", password="p", want="u:p"):
        def make(w):
            p, peer = proxy(w, "Basic " + base64.b64encode(want.encode()).decode()), w.registry(address="10.9.8.7")
            return w.ask(f"reg.corp.example:{peer.port}", env={env_name: f"http://{user}@{p.host}"}, facts=lambda: {"proxy": bool(p.seen)})
        return make
    case("W12", "http_proxy=http://u:p@PROXY", with_login("u:p"), {"proxy": True}, names=True)
    case("W12", "HTTP_PROXY=http://u:p@PROXY", with_login("u:p", "HTTP_PROXY"), {"proxy": True}, names=True)
    case("W12", "http_proxy=http://u:p%40x@PROXY", with_login("u:p%40x", want="u:p@x"), {"proxy": True}, names=True)
    case("W12", "http_proxy=http://u@PROXY", with_login("u", want="u:"), {"proxy": True}, names=True)
    case("W12", "http_proxy=http://u:wrong@PROXY", with_login("u:wrong"), "407|proxy", names=True)
    for name, env, by in (("HTTP_PROXY", {"HTTP_PROXY": "P"}, True), ("HTTP_PROXY with REQUEST_METHOD", {"HTTP_PROXY": "P", "REQUEST_METHOD": "GET"}, False), ("http_proxy with REQUEST_METHOD", {"http_proxy": "P", "REQUEST_METHOD": "GET"}, None),
                          ("NO_PROXY", {"http_proxy": "P", "NO_PROXY": "reg.corp.example"}, False), ("http_proxy without a scheme", {"http_proxy": "BARE"}, True), ("http_proxy before HTTP_PROXY", {"http_proxy": "P", "HTTP_PROXY": "http://127.0.0.1:1"}, True),
                          ("http_proxy empty", {"http_proxy": ""}, False)):
        def make(w, env=env):
            p, peer = proxy(w), w.registry(address="10.9.8.7")
            put = {k: v.replace("BARE", p.host) if v == "BARE" else v.replace("P", f"http://{p.host}") if v == "P" else v for k, v in env.items()}
            return w.ask(f"reg.corp.example:{peer.port}", env=put, facts=lambda: {"proxy": bool(p.seen)})
        cgi = "with REQUEST_METHOD" in name
        case("W12", name, make, {} if by is None else {"proxy": by}, "in a CGI program only http_proxy is the user's: HTTP_PROXY may be a header of the request" if cgi else "", names=True)


def trust():
    # W13, W14: whose CA
    def private(where, files, right_host="reg.corp.example", location=None, realm=None):
        def make(w):
            paths = {}
            if location:
                store = w.peer(lambda asked: answer(CONFIG), address="10.9.8.7", tls=tls())
                paths[BLOB] = answer(b"", f"Location: https://{location}:{store.port}/x", status="307 X")
            inner = honest(paths)
            if realm:
                service = w.peer(lambda asked: answer(b'{"token":"tok-of-nobody"}', "Content-Type: application/json"), address="10.9.8.7", tls=tls())

            def handler(asked):
                if realm and asked.get("authorization") != "Bearer tok-of-nobody":
                    return refusal("401 Unauthorized", "UNAUTHORIZED", f'WWW-Authenticate: Bearer realm="https://{realm}:{service.port}/token",service="s"')
                return inner(asked)
            peer = w.peer(handler, address="10.9.8.7", tls=tls())
            return over_tls(w, f"{right_host}:{peer.port}", "--cert-dir", folder(w, **(files() if callable(files) else files)))
        return make
    ca = {"ca__crt": "ca.pem"}
    case("W13", "the registry's CA in --cert-dir", private("", ca), names=True)
    case("W13", "the registry's CA; its storage uses it too", private("", ca, location="minio.corp.example"), names=True)
    case("W13", "the registry's CA; another port of it uses it too", private("", ca, location="reg.corp.example"), names=True)
    case("W13", "the registry's CA; its token service uses it too", private("", ca, realm="gitlab.corp.example"), names=True)
    case("W13", "the registry's CA; both use it too", private("", ca, location="minio.corp.example", realm="gitlab.corp.example"), names=True)
    case("W13", "another CA", private("", {"ca__crt": "stranger.pem"}), "tls_cert_untrusted", names=True)
    case("W13", "no CA at all", private("", {"readme__txt": b"x"}), "tls_cert_untrusted", names=True)

    def insecure(location):
        def make(w):
            store = w.peer(lambda asked: answer(CONFIG), address="10.9.8.7", tls=tls())
            peer = w.registry({BLOB: answer(b"", f"Location: https://{location}:{store.port}/x", status="307 X")}, address="10.9.8.7", tls=tls())
            text = f'[[registry]]\nlocation = "reg.corp.example:{peer.port}"\ninsecure = true\n'
            return conf(w, text, f"reg.corp.example:{peer.port}/r:1")
        return make
    case("W13", "insecure; another port of the same name", insecure("reg.corp.example"), names=True)
    case("W13", "insecure; another host", insecure("minio.corp.example"), "tls_cert_untrusted", "insecure is said of one host, not of those that it names", names=True)
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    for name, files in (("an empty file", {"a__crt": b""}), ("a text", {"a__crt": b"hello\n"}), ("a broken certificate", {"a__crt": broken}), ("one that is cut", lambda: {"a__crt": (CERTIFICATES / "ca.pem").read_bytes()[:200]}),
                        ("binary noise", {"a__crt": bytes(range(256))})):
        for last in ("a", "z"):
            def both(files=files, last=last):
                odd = files() if callable(files) else files
                return {"m__crt": "ca.pem", **{k.replace("a__", last + "__"): v for k, v in odd.items()}}
            case("W14", f"{name} {'before' if last == 'a' else 'behind'} the good one", private("", both), {"says": rf"{last}\.crt"}, names=True)
    case("W14", "DER alone", private("", {"a__crt": "ca.der"}), {}, "DER is read too", names=True)
    case("W14", "DER beside a stranger", private("", {"a__crt": "stranger.pem", "b__crt": "ca.der"}), {}, "DER is read too", names=True)
    case("W14", "a broken one alone", private("", {"a__crt": broken}), "a\\.crt|tls_cert_untrusted", names=True)


def conf(w, text, reference, *more, theirs=(), **named):
    """Both with this registries.conf."""
    path = w.write("registries.conf", text)
    nobody = w.write("nobody.json", "{}")
    return Asked(["--registries-conf", path, "--authfile", nobody, "--no-tags", *more, reference],
                 ["--registries-conf", path, "inspect", "--no-tags", "--authfile", nobody, *theirs, "docker://" + reference], env=named)


def rules():
    # W15: registries.conf
    def asked(text, name="app.example/r:1"):
        def make(w):
            peer = w.registry({f"/v2/x/{k}": v for k, v in {"manifests/1": manifest(), f"manifests/{sha256(GOOD)}": manifest(), "blobs/" + sha256(CONFIG): answer(CONFIG), "tags/list": tags("1")}.items()})
            return conf(w, text.replace("HOST", peer.host), name.replace("HOST", peer.host))
        return make
    there = '[[registry]]\nprefix = "app.example"\nlocation = "HOST"\ninsecure = true\n'
    for name, text, reference in (("location and prefix", there, "app.example/r:1"), ("location ends in /", there.replace('"HOST"', '"HOST/"'), "app.example/r:1"), ("prefix ends in /", there.replace('"app.example"', '"app.example/"'), "app.example/r:1"),
                                  ("both end in /", there.replace('"HOST"', '"HOST/"').replace('"app.example"', '"app.example/"'), "app.example/r:1"), ("location only, ends in /", '[[registry]]\nlocation = "HOST/"\ninsecure = true\n', "HOST/r:1"),
                                  ("another prefix has a tag", there + '[[registry]]\nprefix = "other.example/x:1"\nlocation = "z.example"\n', "app.example/r:1"),
                                  ("another prefix has a digest", there + f'[[registry]]\nprefix = "other.example/x@sha256:{"0" * 64}"\nlocation = "z.example"\n', "app.example/r:1"),
                                  ("the prefix has its tag", there.replace('"app.example"', '"app.example/r:1"').replace('"HOST"', '"HOST/r"'), "app.example/r:1"),
                                  ("insecure on *.example.com without location", there + '[[registry]]\nprefix = "*.example.com"\ninsecure = true\n', "app.example/r:1"),
                                  ("blocked on *.example.com without location", there + '[[registry]]\nprefix = "*.example.com"\nblocked = true\n', "app.example/r:1"),
                                  ("unknown keys", 'something = 1\n[else]\na = "b"\n' + there + 'color = "blue"\n', "app.example/r:1"), ("a path in location", there.replace('"HOST"', '"HOST/x"'), "app.example:1"),
                                  ("unqualified-search-registries empty", "unqualified-search-registries = []\n" + there, "app.example/r:1"), ("short-name-mode", 'short-name-mode = "enforcing"\n' + there, "app.example/r:1"),
                                  ("credential-helpers", 'credential-helpers = ["containers-auth.json"]\n' + there, "app.example/r:1"), ("an alias of nothing", there + '[aliases]\n"x" = ""\n', "app.example/r:1"),
                                  ("a mirror first", there + '[[registry.mirror]]\nlocation = "HOST"\ninsecure = true\n', "app.example/r:1"), ("a mirror ends in /", there + '[[registry.mirror]]\nlocation = "HOST/"\ninsecure = true\n', "app.example/r:1"),
                                  ("a mirror for digests only", there + '[[registry.mirror]]\nlocation = "127.0.0.1:1"\npull-from-mirror = "digest-only"\n', "app.example/r:1"), ("a file with a BOM", "\ufeff" + there, "app.example/r:1"),
                                  ("an empty registry of another", there + '[[registry]]\nlocation = "z.example"\nprefix = ""\n', "app.example/r:1"), ("a wildcard", there.replace('"app.example"', '"*.example"'), "app.example/r:1"),
                                  ("upper case in a prefix", there + '[[registry]]\nprefix = "Other.Example"\nlocation = "z.example"\n', "app.example/r:1")):
        # a path in location: the whole prefix is replaced by the whole location
        case("W15", name, asked(text, reference if name != "a path in location" else "app.example/x:1") if name != "a path in location" else asked(text.replace('"app.example"', '"app.example/r"'), "app.example/r:1"), None if name == "the prefix has its tag" else {},
             {"an alias of nothing": "", "a file with a BOM": "a byte order mark is skipped"}.get(name, ""))
    case("W15", "blocked", asked(there + "blocked = true\n"), "blocked", "what is blocked is not asked, wherever it is")
    case("W15", "no TOML", asked("[[registry"), "config_invalid")

    # W16: https and a realm in the clear
    def clear(*more, home="10.9.8.7", registry="reg.corp.example"):
        def make(w):
            service = w.peer(lambda asked: answer(b'{"token":"tok-of-nobody"}', "Content-Type: application/json"), address="10.9.8.7")
            inner = honest({})
            peer = w.peer(lambda asked: inner(asked) if asked.get("authorization") == "Bearer tok-of-nobody" else refusal(
                "401 Unauthorized", "UNAUTHORIZED", f'WWW-Authenticate: Bearer realm="http://reg.corp.example:{service.port}/token",service="s"'), address=home, tls=tls())
            return over_tls(w, f"{registry}:{peer.port}", "--cert-dir", folder(w, ca__crt="ca.pem"), *more)
        return make
    case("W16", "an inner https registry, its realm is http, no login", clear(), names=True)
    case("W16", "an inner https registry, its realm is http, a login", clear("--creds", "alice:pw-CANARY-7f3a"), "auth_realm_refused", "a login is not sent in the clear by a registry's word", names=True)
    case("W16", "a public https registry, its realm is http and inside, no login", clear(home="93.184.216.34", registry="public.example"), "refused", "neither in the clear nor inside by the word of a public registry", names=True)


def fill():
    inside()
    proxies()
    trust()
    rules()
