# SPDX-License-Identifier: BSL-1.0
"""Real components for the registry test: docker-registry in three forms, a token issuer that signs real JWTs, and
images made with umoci and pushed with skopeo. Everything listens on free ports of 127.0.0.1 and is stopped by its own
pid."""
import base64
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import uuid

USER, PASSWORD, REFRESH = "alice", "wonder land", "refresh-me-0123"


def run(*command, **more):
    """Runs a command; its stdout. A failure shows what it said."""
    done = subprocess.run([str(c) for c in command], capture_output=True, timeout=120, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenIssuer:
    """A token service (doc/protocol.md#tokens): anonymous tokens may pull, the user's may push too."""

    def __init__(self, keys):
        self.keys, self.journal = keys, []
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                form = urllib.parse.parse_qs(self.rfile.read(length).decode())
                issuer.journal.append("POST " + form.get("grant_type", [""])[0])
                if form.get("refresh_token") != [REFRESH]:
                    return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "bad refresh token"}]})
                self.answer(200, {"access_token": issuer.sign(form.get("scope", []), True), "expires_in": 300})

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qs(parts.query)
                issuer.journal.append(self.path)
                expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                given = self.headers.get("Authorization")
                if given is not None and given != expected:
                    return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "bad credentials"}]})
                self.answer(200, {"token": issuer.sign(query.get("scope", []), given is not None), "expires_in": 300})

            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def sign(self, scopes, user):
        access = []
        for scope in " ".join(scopes).split():
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            allowed = [a for a in actions.split(",") if a == "pull" or user]
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        certificate = "".join(l for l in (self.keys / "token.crt").read_text().splitlines() if not l.startswith("-"))
        head = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
        claims = {"iss": "lading-test", "sub": USER if user else "", "aud": "lading-registry", "exp": now + 300,
                  "nbf": now - 10, "iat": now, "jti": str(uuid.uuid4()), "access": access}
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
        signature = run("openssl", "dgst", "-sha256", "-sign", self.keys / "token.key", input=text.encode())
        return text + "." + b64(signature)

    def stop(self):
        self.server.shutdown()


class Registry:
    """One docker-registry process; `extra` is added to its configuration."""

    def __init__(self, folder, storage, extra="", tls=None):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.log_path = folder / f"registry-{self.port}.log"
        config = folder / f"registry-{self.port}.yml"
        config.write_text(f"""version: 0.1
log: {{level: info, formatter: text, accesslog: {{disabled: false}}}}
storage: {{filesystem: {{rootdirectory: {storage}}}, delete: {{enabled: true}}}}
http:
  addr: {self.host}
  secret: test
{'  tls: {certificate: ' + str(tls) + '.crt, key: ' + str(tls) + '.key}' if tls else ''}
compatibility: {{schema1: {{enabled: true}}}}
validation: {{disabled: true}}
{extra}
""")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdin=subprocess.DEVNULL,
                                        stdout=self.log_path.open("wb"), stderr=subprocess.STDOUT,
                                        start_new_session=True)
        for _ in range(100):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("docker-registry does not answer:\n" + self.log_path.read_text())

    def requests(self):
        """The requests so far, as the access log has them: method and target."""
        out = []
        for line in self.log_path.read_text(errors="replace").splitlines():
            if '"GET /' in line or '"HEAD /' in line or '"PUT /' in line:
                out.append(line.split('"')[1].rsplit(" ", 1)[0])
        return out

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()


class Mirrors:
    """nginx in front of a registry, once for each way to be a bad mirror. `hosts` maps the way to host:port."""

    def __init__(self, folder, registry, wrong):
        self.hosts, servers = {}, ""
        ways = {
            "good": f"proxy_pass http://{registry.host};",
            "404": "return 404;",
            "html": "default_type text/html; return 200 '<html>welcome</html>';",
            "unavailable": "return 503;",
            "stale": f"default_type {wrong[0]}; return 200 '{wrong[1]}';",
            "blobless": f"if ($uri ~ /blobs/) {{ return 404; }} proxy_pass http://{registry.host};",
            "tampered": f"if ($uri ~ /blobs/) {{ return 200 'not what it was'; }} proxy_pass http://{registry.host};",
            "dripping": f"limit_rate 20; proxy_pass http://{registry.host};",
        }
        for way, does in ways.items():
            port = free_port()
            self.hosts[way] = f"127.0.0.1:{port}"
            servers += f"server {{ listen 127.0.0.1:{port}; location / {{ {does} }} }}\n"
        self.hosts["down"] = f"127.0.0.1:{free_port()}"
        self.stuck = socket.socket()  # takes connections and never says anything
        self.stuck.bind(("127.0.0.1", 0))
        self.stuck.listen(16)
        self.hosts["stuck"] = "127.0.0.1:%d" % self.stuck.getsockname()[1]
        temporary = "".join(f"{kind}_temp_path {folder}/nginx-{kind};" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = folder / "nginx.conf"
        config.write_text(f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
                          f"events {{}}\nhttp {{ access_log off; {temporary}\n{servers}}}\n")
        self.process = subprocess.Popen(["nginx", "-c", config, "-e", folder / "nginx.log"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        host, port = self.hosts["good"].split(":")
        for _ in range(100):
            try:
                socket.create_connection((host, int(port)), 0.2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("nginx does not answer:\n" + (folder / "nginx.log").read_text())

    def stop(self):
        self.stuck.close()
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()


def make_keys(folder):
    """A CA, a server certificate for the loopback, a certificate that signs tokens, and a password file."""
    def key(name):
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / f"{name}.key")

    key("ca")
    run("openssl", "req", "-x509", "-new", "-key", folder / "ca.key", "-days", "30", "-subj", "/CN=lading test CA",
        "-out", folder / "ca.crt", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
        "keyUsage=critical,keyCertSign,cRLSign")
    key("server")
    run("openssl", "req", "-new", "-key", folder / "server.key", "-subj", "/CN=server", "-out", folder / "server.csr")
    (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    run("openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
        "-CAcreateserial", "-days", "30", "-extfile", folder / "ext", "-out", folder / "server.crt")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "token.key", "-subj",
        "/CN=token signer", "-days", "30", "-out", folder / "token.crt")
    (folder / "htpasswd").write_bytes(run("htpasswd", "-Bbn", "-C", "4", USER, PASSWORD))


LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Images:
    """Images in an OCI layout, made with umoci; pushed in any format with skopeo."""

    def __init__(self, folder, registry):
        self.layout, self.folder, self.registry = folder / "layout", folder, registry
        run("umoci", "init", "--layout", self.layout)

    def make(self, tag, layers, *config):
        image = f"{self.layout}:{tag}"
        run("umoci", "new", "--image", image)
        for n in range(layers):
            source = self.folder / f"{tag}-{n}"
            source.write_bytes(os.urandom(2000) if n % 2 else f"{tag} {n}\n".encode() * 50)
            run("umoci", "insert", "--image", image, "--history.created", f"2024-01-0{n + 1}T03:04:05.12345{n}Z",
                "--history.created_by", f"ADD <layer> & {n}", source, f"/file-{n}")
        run("umoci", "config", "--image", image, "--created", "2024-02-03T04:05:06.789Z", *config)

    def push(self, tag, fmt, name):
        run("skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", "--format", fmt,
            f"oci:{self.layout}:{tag}", f"docker://{self.registry.host}/{name}")

    def request(self, method, path, body=None, headers=None):
        q = urllib.request.Request(f"http://{self.registry.host}/v2/{path}", data=body, method=method,
                                   headers=headers or {})
        with urllib.request.urlopen(q, timeout=20) as answer:
            return answer.headers, answer.read()

    def put(self, repository, tag, document, media_type):
        self.request("PUT", f"{repository}/manifests/{tag}", json.dumps(document, indent=1).encode(),
                     {"Content-Type": media_type})

    def entry(self, repository, tag, platform, annotations=None):
        """An index entry for a manifest of the registry."""
        head, body = self.request("GET", f"{repository}/manifests/{tag}", headers={"Accept": ", ".join(
            ["application/vnd.oci.image.manifest.v1+json", INDEX, LIST,
             "application/vnd.docker.distribution.manifest.v2+json"])})
        out = {"mediaType": head["Content-Type"], "digest": head["Docker-Content-Digest"], "size": len(body)}
        if platform:
            out["platform"] = platform
        if annotations:
            out["annotations"] = annotations
        return out


class World:
    """All of it. Use as a context."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-registry-"))
        self.parts = []
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        make_keys(self.folder)
        storage = self.folder / "storage"
        self.issuer = TokenIssuer(self.folder)
        self.parts.append(self.issuer)

        def registry(*args, **more):
            self.parts.append(Registry(self.folder, storage, *args, **more))
            return self.parts[-1]

        self.plain = registry()
        self.basic = registry(f"auth: {{htpasswd: {{realm: test, path: {self.folder}/htpasswd}}}}",
                              tls=self.folder / "server")
        # The realm is on http, so this registry is too: https never leads to http.
        self.token = registry(f"auth: {{token: {{realm: 'http://127.0.0.1:{self.issuer.port}/token', service: "
                              f"lading-registry, issuer: lading-test, rootcertbundle: {self.folder}/token.crt}}}}")
        self.images = Images(self.folder, self.plain)

    def __exit__(self, *_):
        for part in self.parts:
            part.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
