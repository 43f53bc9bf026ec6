# SPDX-License-Identifier: BSL-1.0
"""What is measured against: docker-registry, and nginx as a frozen registry, plain and over TLS 1.3. One image in both:
bench/app:latest; nginx has it as bulk/<anything>:latest too, and one large blob."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "registry"))
from components import Registry, free_port, make_keys, run  # noqa: E402

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Nginx:
    """Static files. `plain` and `tls` are host:port."""

    def __init__(self, folder, files, digest):
        self.plain, self.tls = f"127.0.0.1:{free_port()}", f"localhost:{free_port()}"
        temporary = "".join(f"{kind}_temp_path {folder}/nginx-{kind};" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        serves = f"""
    location = /v2/ {{ default_type application/json; return 200 '{{}}'; }}
    location ~ ^/v2/.+/manifests/ {{
        types {{}} default_type {MANIFEST}; add_header Docker-Content-Digest {digest};
        add_header Docker-Distribution-Api-Version registry/2.0; alias {files}/manifest; }}
    location ~ ^/v2/.+/blobs/(?<digest>sha256:[0-9a-f]+)$ {{
        types {{}} default_type application/octet-stream; add_header Docker-Content-Digest $digest; alias {files}/$digest; }}
"""
        config = folder / "nginx.conf"
        config.write_text(f"""daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; multi_accept on; }}
http {{
    access_log off; sendfile on; tcp_nodelay on; etag off; {temporary}
    keepalive_requests 1000000000; open_file_cache max=1000; open_file_cache_valid 600s;
    ssl_certificate {folder}/server.crt; ssl_certificate_key {folder}/server.key; ssl_protocols TLSv1.3;
    server {{ listen {self.plain} backlog=4096; {serves} }}
    server {{ listen {self.tls.replace('localhost', '127.0.0.1')} ssl backlog=4096; {serves} }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-c", config, "-e", folder / "nginx.log"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for _ in range(100):
            try:
                socket.create_connection(self.plain.split(":"), 0.2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("nginx does not answer:\n" + (folder / "nginx.log").read_text())

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            self.process.wait(10)


def push(host, name, tag, files):
    """Uploads the image whose files are there: blobs, then the manifest."""
    manifest = (files / "manifest").read_bytes()

    def send(method, url, body, media_type):
        query = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": media_type})
        with urllib.request.urlopen(query, timeout=20) as answer:
            return answer.headers.get("Location", "")

    document = json.loads(manifest)
    for digest in {d["digest"] for d in [document["config"], *document["layers"]]}:
        where = send("POST", f"http://{host}/v2/{name}/blobs/uploads/", b"", "application/octet-stream")
        where += ("&" if "?" in where else "?") + "digest=" + digest
        send("PUT", where, (files / digest).read_bytes(), "application/octet-stream")
    send("PUT", f"http://{host}/v2/{name}/manifests/{tag}", manifest, MANIFEST)


class World:
    """All of it. Use as a context."""

    def __init__(self, images, blob_bytes):
        self.images, self.blob_bytes = images, blob_bytes

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lading-bench-"))
        os.chmod(self.folder, 0o755)  # for the workers of nginx
        self.parts = []
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        make_keys(self.folder)
        self.ca = self.folder / "ca.crt"
        files = self.folder / "files"
        files.mkdir()
        run(self.images, files, "5")
        digest = "sha256:" + hashlib.sha256((files / "manifest").read_bytes()).hexdigest()
        self.blob = self.large_blob(files)
        self.nginx = Nginx(self.folder, files, digest)
        self.parts.append(self.nginx)
        self.registry = Registry(self.folder, self.folder / "storage")
        self.parts.append(self.registry)
        push(self.registry.host, "bench/app", "latest", files)

    def large_blob(self, files):
        """A file of `blob_bytes`, under its digest."""
        piece, sum_, left = os.urandom(1 << 20), hashlib.sha256(), self.blob_bytes
        with open(files / "large", "wb") as out:
            while left:
                part = piece[:left]
                out.write(part)
                sum_.update(part)
                left -= len(part)
        digest = "sha256:" + sum_.hexdigest()
        (files / "large").rename(files / digest)
        return digest

    def __exit__(self, *_):
        for part in self.parts:
            part.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
