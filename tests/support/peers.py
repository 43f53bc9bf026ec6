# SPDX-License-Identifier: BSL-1.0
"""Images as bytes, answers as bytes, and small servers on this machine that give them: for the differentials."""
import hashlib
import json
import re
import socket
import ssl
import threading

OCI, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
SCHEMA2, LIST = ("application/vnd.docker.distribution.manifest." + v + "+json" for v in ("v2", "list.v2"))
SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


CONFIG = b'{"created":"2024-01-02T03:04:05Z","architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["%s"]},"history":[{"created_by":"ADD"}]}' % sha256(b"layer").encode()


def descriptor(data, kind, **more):
    return {"mediaType": kind, "size": len(data), "digest": sha256(data), **more}


def image(kind=SCHEMA2, config=None, layers=None, **more):
    oci = kind == OCI
    config = config or descriptor(CONFIG, "application/vnd.oci.image.config.v1+json" if oci else "application/vnd.docker.container.image.v1+json")
    layers = layers if layers is not None else [descriptor(b"layer", "application/vnd.oci.image.layer.v1.tar+gzip" if oci else "application/vnd.docker.image.rootfs.diff.tar.gzip")]
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers, **more}).encode()


GOOD = image()


def answer(body=b"", *fields, status="200 OK", length=True, version="HTTP/1.1"):
    head = [f"{version} {status}".encode(), *[f if isinstance(f, bytes) else f.encode() for f in fields]]
    if length:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def manifest(body=GOOD, *fields, kind=SCHEMA2, **more):
    return answer(body, *([f"Content-Type: {kind}"] if kind else []), *fields, **more)


def head_of(answer):
    """What HEAD gets: the body would be taken for the next answer, by a client quick enough to ask on."""
    end = 0
    while (at := answer.find(b"\r\n\r\n", end)) >= 0:
        interim = re.match(rb"HTTP/1\.1 1\d\d ", answer[end:])
        end = at + 4
        if not interim:
            return answer[:end]
    return answer


class Request:
    def __init__(self, head, body=b""):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = (first + "  ").split(" ", 2)
        self.path, _, self.query = self.target.partition("?")
        self.fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]
        self.body = body

    def all(self, name):
        return [value for n, value in self.fields if n == name]

    def get(self, name):
        return next(iter(self.all(name)), "")


class Peer:
    """Answers each request by `handler(Request) -> bytes`, and closes: no keep-alive, so no case sees another's connection.
    `limit` requests at most: whoever asks for ever is stopped."""

    def __init__(self, handler, address="127.0.0.1", tls=None, limit=60):
        self.handler, self.tls, self.limit = handler, tls, limit
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family)
        self.port = self.listener.getsockname()[1]
        self.host = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        self.seen = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(peer,), daemon=True).start()

    def one(self, peer):
        try:
            peer.settimeout(20)
            if self.tls:
                peer = self.tls.wrap_socket(peer, server_side=True)
            with peer:
                data = b""
                while b"\r\n\r\n" not in data:
                    piece = peer.recv(65536)
                    if not piece or (not self.tls and piece.startswith(b"\x16")):  # TLS is tried first, and not spoken here
                        return
                    data += piece
                head, _, body = data.partition(b"\r\n\r\n")
                asked = Request(head)
                length = int(asked.get("content-length") or 0)
                while len(body) < length:
                    body += peer.recv(65536) or b" " * length
                asked.body = body
                self.seen.append(asked)
                known = self.handler(asked) if len(self.seen) <= self.limit else answer(status="404 Enough")
                peer.sendall(head_of(known) if asked.method == "HEAD" else known)
                if self.tls:
                    peer = peer.unwrap()
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            peer.close()

    def close(self):
        self.listener.close()
