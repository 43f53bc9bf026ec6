#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""inner.py [NAME=]INSPECT...: registries inside a network and outside, called by name, in a network and a mount namespace of
our own, where any address is ours and /etc/hosts is what we write. What an inner registry names is followed; what one outside
names inside, and what anybody names of a link or of a cloud's metadata, is never connected to. Needs root, or users' own
namespaces."""
import ctypes
import fcntl
import hashlib
import http.server
import json
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import rows

INNER, STORE, TOKENS = "10.1.0.5", "10.1.0.6", "10.1.0.7"
PUBLIC, CDN, META = "8.8.8.8", "9.9.9.9", "169.254.169.254"
INNER6, STORE6 = "fd00::5", "fd00::6"
HOSTS = f"""127.0.0.1 localhost
127.0.0.1 local.corp.example
{INNER} reg.corp.example
{STORE} minio.corp.example
{TOKENS} gitlab.corp.example
{INNER6} reg6.corp.example
{STORE6} minio6.corp.example
{PUBLIC} public.example
{CDN} cdn.example
{META} meta.corp.example metadata.google.internal
100.100.100.200 meta2.corp.example
{PUBLIC} both.example
{STORE} both.example
{CDN} flip.example
"""
SCHEMA2 = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}: {str(detail)[:1500]}")


# ---- the namespace


def enter():
    """Starts this program again inside; does not come back."""
    for flags in ("-mn", "-rmn"):
        if subprocess.run(["unshare", flags, "true"], capture_output=True).returncode == 0:
            os.execvp("unshare", ["unshare", flags, sys.executable, "-B", __file__, "--inside", *sys.argv[1:]])
    print("inner: skipped, no namespaces here")
    print("inner: 0 passed, 0 failed")
    sys.exit(0)


def configure(hosts_file):
    libc = ctypes.CDLL(None, use_errno=True)
    private, recursive, bind = 1 << 18, 1 << 14, 1 << 12
    if libc.mount(b"none", b"/", None, private | recursive, None) or \
            libc.mount(str(hosts_file).encode(), b"/etc/hosts", None, bind, None):
        raise OSError(ctypes.get_errno(), "mount")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        def ask(what, name, rest):
            fcntl.ioctl(s, what, struct.pack("16s", name.encode()) + rest.ljust(24, b"\0"))

        def address(text):
            return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))

        ask(0x8914, "lo", struct.pack("h", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running
        for i, text in enumerate((INNER, STORE, TOKENS, PUBLIC, CDN, META, "100.100.100.200")):
            ask(0x8916, f"lo:{i}", address(text))  # SIOCSIFADDR
            ask(0x891C, f"lo:{i}", address("255.255.255.255"))
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            for text in (INNER6, STORE6):
                fcntl.ioctl(s, 0x8916, struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, text), 128, socket.if_nametoindex("lo")))
    except OSError:
        return False
    return True


# ---- servers


class Server:
    """Answers by path; keeps what it was asked."""

    def __init__(self, address, port, tls=None):
        self.routes, self.journal = {}, []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.journal.append((self.path, dict(self.headers)))
                answer = server.routes.get(self.path.split("?")[0], server.routes.get("*", (404, {}, b"{}")))
                status, headers, body = answer(self) if callable(answer) else answer
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = headers.get("Connection") == "close"

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

            def get_request(self):
                peer, where = super().get_request()
                server.connections += 1
                return (tls.wrap_socket(peer, server_side=True, do_handshake_on_connect=False) if tls else peer), where

            def handle_error(self, *_):
                pass

        self.connections = 0
        self.listener = Listener((address, port), Handler)
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def image(self, name, config=None, challenge=None, wanted=None):
        """r/NAME:1, whose config blob is answered so."""
        digest = "sha256:" + hashlib.sha256(CONFIG).hexdigest()
        manifest = json.dumps({"schemaVersion": 2, "mediaType": SCHEMA2, "layers": [], "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json", "size": len(CONFIG), "digest": digest}}).encode()

        def guarded(answer):
            def go(request):
                sent = request.headers.get("Authorization", "")
                if challenge and (not sent or (wanted and sent != wanted)):
                    return 401, {"WWW-Authenticate": challenge}, b"{}"
                return answer
            return go

        self.routes[f"/v2/r/{name}/manifests/1"] = guarded((200, {"Content-Type": SCHEMA2}, manifest))
        self.routes[f"/v2/r/{name}/blobs/{digest}"] = guarded(config or (200, {}, CONFIG))


def to(url, status=307):
    return status, {"Location": url}, b""


def serving(answer=(200, {}, CONFIG)):
    return {"*": answer}


class Authority:
    def __init__(self, folder, name):
        self.folder, self.pem = folder, folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     "-keyout", self.key, "-out", self.pem)

    @staticmethod
    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    def context(self, *names):
        leaf = self.folder / f"{self.pem.stem}-{names[0]}"
        ext = leaf.with_suffix(".ext")
        ext.write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in names))
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=leaf", "-keyout", f"{leaf}.key", "-out", f"{leaf}.csr")
        self.openssl("x509", "-req", "-in", f"{leaf}.csr", "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-days", "2", "-extfile", ext, "-out", f"{leaf}.crt")
        out = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        out.load_cert_chain(f"{leaf}.crt", f"{leaf}.key")
        return out


class World:
    def __init__(self, folder, ipv6, hosts_file):
        self.folder, self.ipv6, self.hosts_file = folder, ipv6, hosts_file
        self.corp, self.other = Authority(folder, "corp"), Authority(folder, "other")
        reg, minio = self.corp.context("reg.corp.example"), self.corp.context("minio.corp.example")
        self.reg, self.reg_own_port = Server(INNER, 5000), Server(INNER, 9000)
        self.reg_tls, self.reg_tls_port = Server(INNER, 5443, reg), Server(INNER, 9443, reg)
        self.minio, self.minio_tls = Server(STORE, 9000), Server(STORE, 9443, minio)
        self.minio_other = Server(STORE, 9444, self.other.context("minio.corp.example"))
        self.gitlab = Server(TOKENS, 8080)
        self.local, self.local_store = Server("127.0.0.1", 5000), Server("127.0.0.1", 9000)
        self.public, self.public_port, self.cdn = Server(PUBLIC, 5000), Server(PUBLIC, 9001), Server(CDN, 9001)
        self.meta, self.meta2 = Server(META, 80), Server("100.100.100.200", 80)
        for s in (self.minio, self.minio_tls, self.minio_other, self.reg_own_port, self.reg_tls_port, self.local_store, self.meta, self.meta2,
                  self.public_port, self.cdn):
            s.routes.update(serving())
        for s in (self.gitlab, self.reg_own_port, self.minio):
            s.routes["/token"] = (200, {"Content-Type": "application/json"}, b'{"token":"anonymous"}')
        self.forbidden = (self.meta, self.meta2, self.local_store)


def run(label, program, w):
    home = w.folder / "home"
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}

    def inspect(*args):
        done = subprocess.run([program, "--no-tags", "--retry", "0", "--timeout", "20", *args], capture_output=True, timeout=60, env=env)
        return done.returncode, done.stderr.decode(errors="replace")

    def good(what, *args, asked=None):
        before = asked.connections if asked else 0
        status, err = inspect(*args)
        check(f"{label}: {what}", status == 0, err)
        if asked:
            check(f"{label}: {what}: it was asked", asked.connections > before)

    def bad(what, code, *args, never=()):
        never = (*never, w.meta, w.meta2)
        before = [s.connections for s in never]
        status, err = inspect(*args)
        codes = (code,) if isinstance(code, str) else code
        check(f"{label}: {what}: {codes[0]}", status == 1 and any(c in err for c in codes), (status, err))
        check(f"{label}: {what}: nobody was connected to", before == [s.connections for s in never])

    def bearer(realm):
        return f'Bearer realm="{realm}",service="s"'

    reg, tls = "reg.corp.example:5000/r/", "reg.corp.example:5443/r/"
    ca = ("--cacert", str(w.corp.pem))

    # A registry inside, by name.
    w.reg.image("plain")
    good("an inner registry", "--plain-http", reg + "plain:1")
    w.reg.image("store", to("http://minio.corp.example:9000/blob?X-Amz-Signature=1"))
    good("its blobs under another inner name", "--plain-http", reg + "store:1", asked=w.minio)
    w.reg.image("literal", to(f"http://{STORE}:9000/blob"))
    good("its blobs at an inner address", "--plain-http", reg + "literal:1", asked=w.minio)
    w.reg.image("port", to("http://reg.corp.example:9000/blob"))
    good("its blobs on another port of its own", "--plain-http", reg + "port:1", asked=w.reg_own_port)
    w.reg.image("tls", to("https://minio.corp.example:9443/blob"))
    good("its blobs by https", "--plain-http", *ca, reg + "tls:1", asked=w.minio_tls)
    w.reg_tls.image("moved")
    w.reg.routes["/v2/r/moved/manifests/1"] = to("https://reg.corp.example:5443/v2/r/moved/manifests/1")
    w.reg.routes["/v2/r/moved/blobs/sha256:" + hashlib.sha256(CONFIG).hexdigest()] = to("https://reg.corp.example:5443/v2/r/moved/blobs/sha256:" + hashlib.sha256(CONFIG).hexdigest())
    good("all of it from http to https", "--plain-http", *ca, reg + "moved:1", asked=w.reg_tls)
    w.reg.image("cdn", to("http://cdn.example:9001/blob"))
    good("its blobs outside", "--plain-http", reg + "cdn:1", asked=w.cdn)
    w.reg.image("realm", challenge=bearer("http://gitlab.corp.example:8080/token"))
    good("an anonymous token of another inner name", "--plain-http", reg + "realm:1", asked=w.gitlab)
    w.reg.image("realm-port", challenge=bearer("http://reg.corp.example:9000/token"))
    good("an anonymous token of another port of its own", "--plain-http", reg + "realm-port:1", asked=w.reg_own_port)
    w.reg.image("realm-and-store", to("http://minio.corp.example:9000/blob"), bearer("http://gitlab.corp.example:8080/token"))
    good("both", "--plain-http", reg + "realm-and-store:1", asked=w.minio)
    w.local.image("store", to("http://local.corp.example:9000/blob"))
    good("on this machine", "--plain-http", "local.corp.example:5000/r/store:1", asked=w.local_store)
    if w.ipv6:
        six, store6 = Server(INNER6, 5000 + w.next()), Server(STORE6, 9000 + w.next())
        store6.routes.update(serving())
        port, store_port = six.listener.server_address[1], store6.listener.server_address[1]
        six.image("store", to(f"http://minio6.corp.example:{store_port}/blob"))
        good("over IPv6", "--plain-http", f"reg6.corp.example:{port}/r/store:1", asked=store6)
        six.image("literal", to(f"http://[{STORE6}]:{store_port}/blob"))
        good("over IPv6, by address", "--plain-http", f"[{INNER6}]:{port}/r/literal:1", asked=store6)
    # What it may not name.
    for what, target in (("metadata by name", "http://meta.corp.example/latest"), ("metadata by address", f"http://{META}/latest"),
                         ("metadata by a mapped address", f"http://[::ffff:{META}]/latest"), ("metadata by NAT64", f"http://[64:ff9b::{META}]/latest"),
                         ("other metadata", "http://meta2.corp.example/"), ("a link", "http://[fe80::1]/")):
        name = what.replace(" ", "-").lower()
        w.reg.image(name, to(target))
        bad(f"an inner registry names {what}", "address_refused", "--plain-http", reg + name + ":1")
        w.reg.image(name + "-realm", challenge=bearer(target))
        bad(f"an inner registry has a realm: {what}", "address_refused", "--plain-http", reg + name + "-realm:1")
    # Secrets keep to their origin.
    w.reg.image("login", to("http://minio.corp.example:9000/login"), 'Basic realm="x"')
    status, err = inspect("--plain-http", "--creds", "u:p", reg + "login:1")
    check(f"{label}: a login is not sent by http", status == 1 and "plaintext_credentials_refused" in err, err)
    w.reg_tls.image("login", to("https://minio.corp.example:9443/login"), 'Basic realm="x"')
    good("a login, and storage elsewhere", *ca, "--creds", "u:p", tls + "login:1", asked=w.minio_tls)
    check(f"{label}: the storage saw no login", not any("Authorization" in h for _, h in w.minio_tls.journal))

    # A private authority, in certs.d of the registry or of the storage.
    certs = home / ".config/containers/certs.d"

    def trust(host, pem, name="ca.crt"):
        folder = certs / host
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(pem)

    corp, other = w.corp.pem.read_bytes(), w.other.pem.read_bytes()
    w.reg_tls.image("store", to("https://minio.corp.example:9443/blob"))
    w.reg_tls.image("own", to("https://minio.corp.example:9444/blob"))
    w.reg_tls.image("port", to("https://reg.corp.example:9443/blob"))
    bad("an unknown authority", "tls_cert_untrusted", tls + "store:1")
    trust("reg.corp.example:5443", corp)
    good("the registry's authority counts for its storage", tls + "store:1", asked=w.minio_tls)
    good("and for its own other port", tls + "port:1", asked=w.reg_tls_port)
    bad("but no other authority", "tls_cert_untrusted", tls + "own:1")
    trust("minio.corp.example:9444", other)
    good("the storage's own folder is read", tls + "own:1", asked=w.minio_other)
    trust("reg.corp.example:5443", b"", "empty.crt")
    trust("reg.corp.example:5443", b"junk", "junk.crt")
    status, err = inspect(tls + "store:1")
    check(f"{label}: an empty file beside it is a warning", status == 0 and "empty.crt" in err and "junk.crt" in err and "warning" in err, err)
    der = subprocess.run(["openssl", "x509", "-in", str(w.corp.pem), "-outform", "DER"], capture_output=True, check=True).stdout
    for f in (certs / "reg.corp.example:5443").iterdir():
        f.unlink()
    trust("reg.corp.example:5443", der)
    good("a root in DER", tls + "store:1", asked=w.minio_tls)
    flat = w.folder / "flat"
    flat.mkdir(exist_ok=True)
    (flat / "ca.crt").write_bytes(corp)
    subprocess.run(["rm", "-rf", str(certs)], check=True)
    good("--cert-dir counts for the storage", "--cert-dir", str(flat), tls + "store:1", asked=w.minio_tls)
    # Not checked: for the same host only.
    conf = w.folder / "registries.conf"
    conf.write_text('[[registry]]\nlocation = "reg.corp.example:5443"\ninsecure = true\n')
    good("insecure counts for another port", "--registries-conf", str(conf), tls + "port:1", asked=w.reg_tls_port)
    bad("insecure does not count for the storage", "tls_cert_untrusted", "--registries-conf", str(conf), tls + "store:1")
    # A realm by http.
    w.reg_tls.image("realm", challenge=bearer("http://gitlab.corp.example:8080/token"))
    good("an inner realm by http, without a login", *ca, tls + "realm:1", asked=w.gitlab)
    bad("an inner realm by http, with a login", "auth_realm_refused", *ca, "--creds", "u:p", tls + "realm:1", never=(w.gitlab,))

    # A registry outside.
    public = "public.example:5000/r/"
    w.public.image("port", to("http://public.example:9001/blob"))
    good("a public registry names another port of its own", "--plain-http", public + "port:1", asked=w.public_port)
    w.public.image("cdn", to("http://cdn.example:9001/blob"))
    good("a public registry names another outside", "--plain-http", public + "cdn:1", asked=w.cdn)
    inner = (w.minio, w.gitlab, w.local_store, w.reg_own_port)
    for what, target in (("an inner name", "http://minio.corp.example:9000/blob"), ("an inner address", f"http://{STORE}:9000/blob"),
                         ("loopback", "http://127.0.0.1:9000/blob"), ("localhost", "http://localhost:9000/blob"),
                         ("a name of this machine", "http://local.corp.example:9000/blob"), ("mapped loopback", "http://[::ffff:127.0.0.1]:9000/blob"),
                         ("embedded", f"http://[::ffff:{STORE}]:9000/blob"), ("metadata", "http://metadata.google.internal/"), ("ula", "http://[fd00::6]:9000/")):
        name = what.replace(" ", "-")
        w.public.image(name, to(target))
        bad(f"a public registry names {what}", "address_refused", "--plain-http", public + name + ":1", never=inner)
        w.public.image(name + "-realm", challenge=bearer(target.replace("/blob", "/token")))
        bad(f"a public registry has a realm: {what}", "address_refused", "--plain-http", public + name + "-realm:1", never=inner)
    w.public.image("chain", to("http://cdn.example:9001/to-inner"))
    w.cdn.routes["/to-inner"] = to("http://minio.corp.example:9000/blob")
    bad("a hop of a public registry names one inside", "address_refused", "--plain-http", public + "chain:1", never=inner)
    w.reg.image("chain", to("http://cdn.example:9001/to-inner"))
    bad("a public hop of an inner registry names one inside", "address_refused", "--plain-http", reg + "chain:1", never=inner)
    nowhere = ("connection_refused", "address_refused")  # of the two addresses the one does not answer, the other is not asked
    # Rebinding: one name with an address outside and one inside, and a name that moves between two questions.
    w.public.image("both", to("http://both.example:9000/blob"))  # nobody listens on that port outside
    bad("a name with two addresses", nowhere, "--plain-http", public + "both:1", never=inner)
    w.public.image("own-both", to("http://both.example:9000/blob"))
    bad("the registry's own name with two addresses", nowhere, "--plain-http", "both.example:5000/r/own-both:1", never=inner)

    def flip(request):
        w.hosts_file.write_text(HOSTS.replace(f"{CDN} flip.example", f"{STORE} flip.example"))
        return 307, {"Location": "http://flip.example:9000/blob", "Connection": "close"}, b""

    w.cdn.routes["/flip"] = flip
    w.public.image("flip", to("http://flip.example:9001/flip"))
    asked = len(w.cdn.journal)
    bad("a name that moves inside", "address_refused", "--plain-http", public + "flip:1", never=inner)
    check(f"{label}: it was asked where it was before", any(p == "/flip" for p, _ in w.cdn.journal[asked:]))
    w.hosts_file.write_text(HOSTS)


def main(programs):
    with tempfile.TemporaryDirectory(prefix="lading-inner-") as name:
        folder = pathlib.Path(name)
        (folder / "home").mkdir()
        hosts_file = folder / "hosts"
        hosts_file.write_text(HOSTS)
        ipv6 = configure(hosts_file)
        w = World(folder, ipv6, hosts_file)
        ports = iter(range(1000))
        w.next = lambda: next(ports)
        for text in programs:
            label, _, program = text.rpartition("=")
            run(label or "inspect", program, w)
        print("inner: over IPv6 too" if ipv6 else "inner: without IPv6, which is off here")
    rows.write("inner", not failed, "W10: inner registries by name")
    print(f"inner: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] != ["--inside"]:
        enter()
    sys.exit(main(sys.argv[2:]))
