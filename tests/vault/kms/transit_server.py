"""The transit engine's wire protocol, as strict as the real one where it refuses, in the standard library.

Written from the API documentation and from what the real engine answers (status codes, `errors`, wording). It checks
what the real one checks: token, methods, key, version bounds, associated data, deletion. Where a `vault` or `bao`
executable is at hand (`YUMEN_TEST_TRANSIT`), the same tests also run against it.
"""

import base64
import json
import os
import re
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PATH = re.compile(r"/v1/transit/(encrypt|decrypt|keys)/([A-Za-z0-9_.-]+)(?:/(rotate|config))?")
TOO_OLD = "ciphertext or signature version is disallowed by policy (too old)"


class RefusedError(Exception):
    """An answer of the engine that is not 2xx."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status, *errors)
        self.status = status
        self.errors = errors


class Key:
    def __init__(self) -> None:
        self.versions = {1: os.urandom(32)}
        self.bounds = {"min_decryption_version": 1, "min_encryption_version": 0}
        self.deletion_allowed = False

    @property
    def latest(self) -> int:
        return max(self.versions)

    def shown(self) -> dict[str, Any]:
        return {"type": "aes256-gcm96", "latest_version": self.latest, "deletion_allowed": self.deletion_allowed} | (
            self.bounds
        )

    def encrypt(self, body: dict[str, str]) -> dict[str, str]:
        plain, bound = base64.b64decode(body["plaintext"]), base64.b64decode(body.get("associated_data", ""))
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(self.versions[self.latest]).encrypt(nonce, plain, bound)
        return {"ciphertext": f"vault:v{self.latest}:{base64.b64encode(sealed).decode()}"}

    def decrypt(self, body: dict[str, str]) -> dict[str, str]:
        found = re.fullmatch(r"vault:v([0-9]+):(.+)", body["ciphertext"])
        if found is None:
            raise RefusedError(400, "invalid ciphertext: no prefix")
        version, sealed = int(found[1]), base64.b64decode(found[2])
        if version > self.latest:
            raise RefusedError(400, "invalid ciphertext: version is too new")
        if version < self.bounds["min_decryption_version"]:
            raise RefusedError(400, TOO_OLD)
        bound = base64.b64decode(body.get("associated_data", ""))
        try:
            plain = AESGCM(self.versions[version]).decrypt(sealed[:12], sealed[12:], bound)
        except InvalidTag:
            raise RefusedError(400, "cipher: message authentication failed") from None
        return {"plaintext": base64.b64encode(plain).decode()}

    def configure(self, body: dict[str, Any]) -> None:
        lowest = body.get("min_decryption_version", self.bounds["min_decryption_version"])
        if lowest > self.latest:
            raise RefusedError(
                400, f"cannot set min decryption version of {lowest}, latest key version is {self.latest}"
            )
        self.deletion_allowed = body.get("deletion_allowed", self.deletion_allowed)
        self.bounds |= {name: body[name] for name in self.bounds if name in body}


class TransitServer:
    """A server on a free port of this machine; `fault` makes it answer something else."""

    token = "s.transit-test-token"

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self.fault: tuple[int, bytes] | None = None
        self.delay_s = 0.0
        self.asked = 0
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def handle_all(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                engine.serve(self, self.rfile.read(size))

            do_GET = do_POST = do_PUT = do_DELETE = handle_all  # noqa: N815  the names the server looks for

            def log_message(self, *_arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked += 1
        time.sleep(self.delay_s)
        status, answer = self.fault or (0, b"")
        if self.fault is None:
            status, answer = self._answer(handler, body)
        try:
            handler.send_response(status)
            if status == 307:
                handler.send_header("Location", answer.decode())
                answer = b""
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(answer)))
            handler.end_headers()
            handler.wfile.write(answer)
        except OSError:
            return  # whoever asked has gone

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        try:
            if handler.headers.get("X-Vault-Token") != self.token:
                raise RefusedError(403, "permission denied")  # noqa: TRY301  one place for refusals
            found = self._do(handler.command, handler.path, json.loads(body or b"{}"))
        except RefusedError as refused:
            return refused.status, json.dumps({"errors": list(refused.errors)}).encode()
        return (204, b"") if found is None else (200, json.dumps({"data": found}).encode())

    def _do(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:  # noqa: C901  one case a route
        found = PATH.fullmatch(path)
        if found is None:
            raise RefusedError(404)
        what, name, more = found.groups()
        key = self.keys.get(name)
        match what, more, method:
            case "keys", None, "POST":
                self.keys.setdefault(name, Key())
                return None
            case "keys", None, "GET" if key is None:
                raise RefusedError(404)
            case "keys", None, "GET":
                return key.shown()
            case _ if key is None:
                raise RefusedError(400, "encryption key not found")
            case "keys", None, "DELETE":
                if not key.deletion_allowed:
                    raise RefusedError(400, "deletion is not allowed for this key")
                del self.keys[name]
            case "keys", "rotate", "POST":
                key.versions[key.latest + 1] = os.urandom(32)
            case "keys", "config", "POST":
                key.configure(body)
            case "encrypt", None, "POST":
                return key.encrypt(body)
            case "decrypt", None, "POST":
                return key.decrypt(body)
            case _:
                raise RefusedError(405, "unsupported operation")
        return None


class RealServer:
    """A real Vault or OpenBao in development mode, on a free port."""

    token = "s.transit-test-token"

    def __init__(self, executable: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [
            executable,
            "server",
            "-dev",
            f"-dev-root-token-id={self.token}",
            f"-dev-listen-address=127.0.0.1:{port}",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        for _ in range(300):
            try:
                self._mount()
            except OSError:
                time.sleep(0.1)
            else:
                return self
        raise TimeoutError

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait()

    def _mount(self) -> None:
        headers = {"X-Vault-Token": self.token}
        request = urllib.request.Request(f"{self.url}/v1/sys/mounts/transit", b'{"type": "transit"}', headers)  # noqa: S310  this machine
        urllib.request.urlopen(request, timeout=2).close()  # noqa: S310  this machine
