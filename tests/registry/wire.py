# SPDX-License-Identifier: BSL-1.0
"""A wire between clients and a registry: it passes requests and answers on byte for byte, keeps them in the order in which they were
answered, and does to single exchanges what networks and other registries do: loses an answer, cuts one, gives one of its own, gives
none."""
import hashlib
import re
import socket
import threading
import time
import traceback


class Exchange:
    """What was asked and answered. `lost`: the client never saw the answer."""

    def __init__(self, method, target, headers):
        self.method, self.target, self.headers = method, target, headers
        self.size, self.digest = 0, None  # of the body that was sent
        self.status, self.answer_headers, self.answer = 0, [], b""
        self.lost = self.ours = False
        self.connection = 0

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def __repr__(self):
        return f"{self.method} {self.target} {'lost' if self.lost else self.status}"


class Rule:
    """Does something to the exchanges that it matches, to the `nth` of them (from 1) or to all (0)."""

    def __init__(self, method, path, nth=0, **does):
        self.method, self.path, self.nth, self.does, self.seen = method, re.compile(path), nth, does, 0

    def applies(self, x, length):
        if x.method != self.method or not self.path.search(x.target) or length < self.does.get("larger", 0):
            return False
        self.seen += 1
        return self.nth in (0, self.seen)


class Stream:
    """A socket that is read head by head."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def fill(self):
        data = self.sock.recv(1 << 16)
        self.buffer += data
        return bool(data)

    def head(self):
        """The next head without its end; None at the end of the stream."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def exactly(self, n):
        """`n` bytes, piece by piece."""
        while n > 0:
            if not self.buffer and not self.fill():
                raise ConnectionError("the stream ended early")
            piece, self.buffer = self.buffer[:n], self.buffer[n:]
            n -= len(piece)
            yield piece

    def chunks(self):
        """A chunked body as it is on the wire, and without its frame: (wire, plain)."""
        while True:
            while b"\r\n" not in self.buffer:
                if not self.fill():
                    raise ConnectionError("the stream ended early")
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            data = b"".join(self.exactly(size + 2))
            yield line + b"\r\n" + data, data[:-2]
            if size == 0:
                return


def headers_of(head):
    first, *lines = head.split("\r\n")
    return first, [(l.partition(":")[0], l.partition(":")[2].strip()) for l in lines]


def of(headers, name, otherwise=None):
    return next((v for n, v in headers if n.lower() == name.lower()), otherwise)


class Wire:
    """Listens at `host`; `journal` has the exchanges, `rules` what is done to them. `pace`: seconds that it sleeps after each piece of
    a request; `passing`: the last exchange whose request it began to pass on."""

    def __init__(self, upstream):
        self.upstream, self.journal, self.rules, self.pace = upstream, [], [], 0.0
        self.lock, self.connections, self.begun, self.passing = threading.Lock(), 0, threading.Event(), None
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.host = "127.0.0.1:%d" % self.server.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        for s in [self.server, *self.open]:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def take(self):
        """The exchanges so far; they are forgotten, and so are the rules."""
        time.sleep(0.02)
        with self.lock:
            out, self.journal, self.rules = self.journal, [], []
        self.begun.clear()
        return out

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open.append(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        behind = None
        with self.lock:
            self.connections += 1
            number = self.connections
        try:
            here, there = Stream(client), None
            while (head := here.head()) is not None:
                if behind is None:
                    host, _, port = self.upstream.rpartition(":")
                    behind = socket.create_connection((host, int(port)))
                    behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.open.append(behind)
                    there = Stream(behind)
                if not self.exchange(head, here, there, client, behind, number):
                    break
        except (OSError, ValueError):
            pass
        except Exception:
            traceback.print_exc()
        finally:
            for s in (client, behind):
                if s is not None:
                    s.close()

    def exchange(self, head, here, there, client, behind, number):
        """True when the connection goes on."""
        first, headers = headers_of(head)
        method, target, _ = first.split(" ")
        x = Exchange(method, target, headers)
        x.connection = number
        length = int(of(headers, "content-length", "0"))
        with self.lock:
            rule = next(iter([r for r in self.rules if r.applies(x, length)]), None)  # all are asked: each counts
        does = rule.does if rule else {}
        if "answer" in does:
            return self.answer(x, here, client, length, does)
        if "silent" in does:  # not passed on, and not answered
            x.lost = True
            with self.lock:
                self.journal.append(x)
            while here.fill():
                here.buffer = b""
            return False
        if "rewrite" in does:  # for the registry alone
            head = head.replace(first, first.replace(target, does["rewrite"](target)), 1)
        if "without" in does:
            head = "\r\n".join(l for l in head.split("\r\n") if l.partition(":")[0].lower() != does["without"].lower())
        behind.sendall(head.encode("latin-1") + b"\r\n\r\n")
        self.passing = x
        self.begun.set()
        hashed = hashlib.sha256()
        chunked = of(headers, "transfer-encoding", "").lower() == "chunked"
        # An answer may come before the request is complete: then there is no reading of the rest.
        pieces = here.chunks() if chunked else ((p, p) for p in here.exactly(length))
        try:
            for wire, plain in pieces:
                x.size += len(plain)
                hashed.update(plain)
                behind.sendall(wire)
                if self.pace:
                    time.sleep(self.pace)
        except (BrokenPipeError, ConnectionResetError):
            pass
        except ConnectionError:  # the client has gone
            x.lost = True
            with self.lock:
                self.journal.append(x)
            return False
        x.digest = "sha256:" + hashed.hexdigest()
        while True:
            answer = there.head()
            if answer is None:
                return False
            status, answered = headers_of(answer)
            x.status, x.answer_headers = int(status.split(" ")[1]), answered
            if x.status >= 200:
                break
            client.sendall(answer.encode("latin-1") + b"\r\n\r\n")
        x.lost = "lose" in does
        with self.lock:
            self.journal.append(x)
        bodiless = method == "HEAD" or x.status in (204, 304)
        out = answer.encode("latin-1") + b"\r\n\r\n"
        if not x.lost:
            client.sendall(out)
        if not bodiless:
            size = of(answered, "content-length")
            if of(answered, "transfer-encoding", "").lower() == "chunked":
                body = there.chunks()
            elif size is not None:
                body = ((p, p) for p in there.exactly(int(size)))
            else:
                return False
            kept, passed = [], 0
            for wire, plain in body:
                if sum(map(len, kept)) < 1 << 20:
                    kept.append(plain)
                x.answer = b"".join(kept)
                if x.lost:
                    continue
                if "cut" in does and passed + len(wire) > does["cut"]:
                    client.sendall(wire[:does["cut"] - passed])
                    return False
                client.sendall(wire)
                passed += len(wire)
        return not x.lost and of(answered, "connection", "").lower() != "close"

    def answer(self, x, here, client, length, does):
        """One of its own: at once, as who refuses does, or with `whole` after the request."""
        x.status, more, x.answer = does["answer"]
        x.ours = True
        if does.get("whole"):
            for piece in here.exactly(length):
                x.size += len(piece)
        x.answer_headers = [*more, ("Content-Length", str(len(x.answer)))]
        if length and not does.get("whole"):
            x.answer_headers.append(("Connection", "close"))
        with self.lock:
            self.journal.append(x)
        head = f"HTTP/1.1 {x.status} Of the wire\r\n" + "".join(f"{n}: {v}\r\n" for n, v in x.answer_headers) + "\r\n"
        client.sendall(head.encode("latin-1") + (b"" if x.method == "HEAD" else x.answer))
        if length and not does.get("whole"):
            client.shutdown(socket.SHUT_WR)  # it is read, else it would be reset before the client has read the answer
            client.settimeout(5)
            try:
                while client.recv(1 << 16):
                    pass
            except OSError:
                pass
            return False
        return True
