"""Ask an engine in the raw, past the checks of the host: any input document, the decisions as the policy gave them."""

from __future__ import annotations

import http.client
import json
from typing import Any

from gate.engines import load_bundle
from gate.engines.protocol import DECISIONS_PATH
from gate.engines.wasm import WasmPolicy
from tests.opa import OpaServer

Json = Any


class RawEmbedded:
    """The committed module."""

    def __init__(self) -> None:
        bundle = load_bundle()
        self._policy = WasmPolicy(bundle.module, bundle.data, DECISIONS_PATH)

    def __call__(self, document: Json) -> Json:
        (found,) = json.loads(self._policy.evaluate(json.dumps(document).encode(), deadline_s=10))
        return found["result"]

    def close(self) -> None:
        self._policy.close()


class RawServer:
    """A running OPA server."""

    def __init__(self, server: OpaServer) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def __call__(self, document: Json) -> Json:
        self._connection.request("POST", f"/v1/data/{DECISIONS_PATH}", json.dumps({"input": document}).encode())
        return json.loads(self._connection.getresponse().read())["result"]

    def close(self) -> None:
        self._connection.close()
