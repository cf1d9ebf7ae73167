"""A real witness: a server that checks signatures and consistency proofs, remembers, and cosigns (C2SP tlog-witness).

Proofs are checked here by RFC 6962's own recursion, apart from the code under test.
"""

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lineage.log import Witness
from lineage.log.notes import VerifierKey


@dataclass
class Known:
    """A log the witness knows: its key, and the newest head it cosigned."""

    key: VerifierKey
    size: int = 0
    root: bytes = sha256(b"").digest()


@dataclass
class WitnessServer:
    """The witness's state; `moods` makes it misbehave."""

    name: str = "witness.example/w1"
    logs: dict[str, Known] = field(default_factory=dict)
    seed: bytes = b"a seed for the witness of tests."
    delay_s: float = 0.0
    mood: str = ""
    port: int = 0
    answers: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def key(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, 4, public)

    @property
    def witness(self) -> Witness:
        return Witness.of(self.key.text, f"http://127.0.0.1:{self.port}")

    def answer(self, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body for a request."""
        head, _, note = body.partition(b"\n\n")
        lines = head.decode().split("\n")
        text, _, signatures = note.partition(b"\n\n")
        text += b"\n"
        origin, size_text, root_text, *rest = text.decode().split("\n")
        if rest != [""] or not lines[0].startswith("old ") or len(lines) > 64:
            return 400, "text/plain", b""
        known = self.logs.get(origin)
        if known is None or not signed(known.key, text, signatures.decode()):
            return 403 if known else 404, "text/plain", b""
        old, size, root = int(lines[0][4:]), int(size_text), base64.b64decode(root_text)
        if old > size:
            return 400, "text/plain", b""
        with self.lock:
            if old != known.size or (old == size and root != known.root):
                return 409, "text/x.tlog.size", b"%d\n" % known.size
            proof = [base64.b64decode(line) for line in lines[1:]]
            if not grew(old, known.root, size, root, proof):
                return 422, "text/plain", b""
            known.size, known.root = size, root
        return 200, "text/plain", self.cosign(text)

    def cosign(self, text: bytes) -> bytes:
        now = int(time.time())
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(b"cosignature/v1\ntime %d\n" % now + text)
        if self.mood == "forges":
            signature = signature[:63] + bytes([signature[63] ^ 1])
        data = base64.b64encode(self.key.id + now.to_bytes(8, "big") + signature).decode()
        return f"— {self.name} {data}\n".encode()


def signed(key: VerifierKey, text: bytes, signatures: str) -> bool:
    for line in signatures.splitlines():
        _, name, data = line.split(" ")
        raw = base64.b64decode(data)
        if name == key.name and raw[:4] == key.id:
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], text)
            except InvalidSignature:
                return False
            return True
    return False


def grew(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    """RFC 6962 section 2.1.2, recomputed by its recursion from the end of the proof."""
    if old in (0, new):
        return not proof and (old == 0 or old_root == new_root)
    path = list(proof)

    def roots(m: int, n: int, *, is_whole: bool) -> tuple[bytes, bytes]:
        if m == n:
            if is_whole:
                return old_root, old_root
            found = path.pop(0)
            return found, found
        k = 1 << ((n - 1).bit_length() - 1)
        if m <= k:
            first, second = roots(m, k, is_whole=is_whole)
            return first, sha256(b"\x01" + second + path.pop(0)).digest()
        first, second = roots(m - k, n - k, is_whole=False)
        left = path.pop(0)
        return sha256(b"\x01" + left + first).digest(), sha256(b"\x01" + left + second).digest()

    try:
        return roots(old, new, is_whole=True) == (old_root, new_root) and not path
    except IndexError:
        return False


@contextmanager
def serving(witness: WitnessServer) -> Iterator[WitnessServer]:
    """Serve the witness on a loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(witness.delay_s)
            status, kind, content = witness.answer(body) if self.path == "/add-checkpoint" else (404, "text/plain", b"")
            if witness.mood == "breaks":
                status, content = 500, b"<html>"
            if witness.mood == "babbles":
                status, content = 200, b"ok"
            witness.answers.append(status)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    witness.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield witness
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
