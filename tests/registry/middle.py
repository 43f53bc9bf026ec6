# SPDX-License-Identifier: BSL-1.0
"""A middle man between a client and a registry: it counts the bytes of every blob that it passes on, is as slow as it is told to
be, and cuts connections."""
import http.client
import http.server
import re
import socket
import threading
import time

BLOB = re.compile(r"^/v2/.+/blobs/(sha\d+:[0-9a-f]+)$")


class Passed:
    """One request: what was asked, and how many bytes of the body went out."""

    def __init__(self, method, path, asked_range):
        self.method, self.path, self.range = method, path, asked_range
        found = BLOB.match(path)
        self.blob = found[1] if found and method == "GET" else None
        self.status, self.sent, self.whole = 0, 0, False

    @property
    def first(self):
        """The byte that the answer begins with."""
        return int(self.range.split("=")[1].split("-")[0]) if self.range and self.status == 206 else 0


class Middle:
    """`piece` bytes of a blob at a time, `pause` seconds between two of them; after `cut` bytes of a body the connection is cut;
    `tamper` changes the last byte of a blob."""

    def __init__(self, upstream, piece=8192, pause=0.0, cut=None, tamper=False):
        self.piece, self.pause, self.cut, self.tamper = piece, pause, cut, tamper
        self.journal = []
        middle = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.pass_on()

            def do_GET(self):
                self.pass_on()

            def pass_on(self):
                entry = Passed(self.command, self.path.partition("?")[0], self.headers.get("Range"))
                middle.journal.append(entry)
                behind = http.client.HTTPConnection(upstream, timeout=30)
                try:
                    headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                    behind.request(self.command, self.path, headers=headers)
                    answer = behind.getresponse()
                    entry.status = answer.status
                    self.send_response_only(answer.status)
                    for name, value in answer.getheaders():
                        if name.lower() not in ("connection", "transfer-encoding"):
                            self.send_header(name, value)
                    self.end_headers()
                    if self.command != "HEAD":
                        self.body(answer, entry)
                    entry.whole = True
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                finally:
                    behind.close()

            def body(self, answer, entry):
                while data := answer.read(middle.piece if entry.blob else 65536):
                    if entry.blob and middle.tamper and answer.length == 0:
                        data = data[:-1] + bytes([data[-1] ^ 1])
                    if entry.blob and middle.cut and entry.sent + len(data) > middle.cut:
                        self.wfile.write(data[:middle.cut - entry.sent])
                        entry.sent = middle.cut
                        self.wfile.flush()
                        self.connection.shutdown(socket.SHUT_RDWR)
                        raise OSError("cut")
                    self.wfile.write(data)
                    entry.sent += len(data)
                    if entry.blob and middle.pause:
                        time.sleep(middle.pause)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def server_bind(self):  # small, so that what went out is what was read
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
                super().server_bind()

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def sent(self, blob):
        """The requests for a blob, and the bytes of it that went out."""
        asked = [e for e in list(self.journal) if e.blob == blob]
        return len(asked), sum(e.sent for e in asked)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
