"""Loads an example folder into a running service, over its HTTP API.

Rules:
- what stands in the folder goes through the same requests anybody else would send: a steward registers parties,
  clients, people and values, the DPO purposes and notices;
- every write carries an idempotency key made of its content, so that a repetition does nothing twice; what is
  registered already is left as it is;
- a refused request ends the loading with the problem's code and the part of the folder it concerns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import httpx
import yaml

from examples.lender import Lender, LenderError, Observation

Headers = Callable[[str], Mapping[str, str]]
"""Role -> the Authorization header of a token with that role in the lender's tenant."""

ALREADY_THERE = "consent/already_registered"
KINDS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "string": str,
    "date": str,
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: the people's references by key, and how many parts of each kind."""

    people: Mapping[str, str]
    counts: Mapping[str, int]


class Loading:
    """One lender on its way into one service."""

    def __init__(self, lender: Lender, http: httpx.Client, headers: Headers, now: datetime) -> None:
        self._lender = lender
        self._http = http
        self._headers = headers
        self._now = now

    def run(self) -> Loaded:
        """Load everything.

        Raises: LenderError: the service refused a part; httpx.TransportError: it cannot be reached.
        """
        file = self._lender.file
        for party in file.parties:
            self._send("POST", "/v1/parties", party.document(), f"party {party.name}")
        self._put_views()
        for purpose in file.purposes:
            self._send("POST", "/v1/purposes", purpose.body(self._now), f"purpose {purpose.name}", role="dpo")
        for client in file.clients:
            self._send("POST", "/v1/clients", client.document(), f"client {client.name}")
        for notice in file.notices:
            self._send("POST", "/v1/notices", notice.document(), f"notice {notice.name}", role="dpo")
        people = {one.key: self._register(one.key, one.identifiers, one.birth_date) for one in self._lender.people}
        for view, rows in groupby(self._lender.observations, key=lambda row: row.view):
            self._observe(view, list(rows), people)
        return Loaded(people, self._counts())

    def _counts(self) -> dict[str, int]:
        file = self._lender.file
        return {
            "parties": len(file.parties),
            "clients": len(file.clients),
            "purposes": len(file.purposes),
            "notices": len(file.notices),
            "people": len(self._lender.people),
            "values": sum(len(row.values) for row in self._lender.observations),
        }

    def _put_views(self) -> None:
        document = yaml.safe_load(self._lender.views_file.read_text("utf-8"))
        self._send("PUT", "/v1/catalogue/views", document, "views.yaml")

    def _register(self, key: str, identifiers: Mapping[str, str], birth_date: str) -> str:
        body = {"identifiers": dict(identifiers), "birth_date": birth_date}
        answer = self._send("POST", "/v1/subjects", body, f"person {key}")
        return str(answer["subject"])

    def _observe(self, view: str, rows: list[Observation], people: Mapping[str, str]) -> None:
        types = dict(self._types(view))
        body = {
            "view": view,
            "rows": [
                {
                    "subject": people[row.person],
                    "observed_at": (self._now - timedelta(days=row.days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "values": {name: KINDS[types[name]](text) for name, text in row.values.items()},
                }
                for row in rows
            ],
        }
        self._send("POST", "/v1/values", body, f"values/{view}.csv")

    def _types(self, view: str) -> Iterator[tuple[str, str]]:
        for document in yaml.safe_load(self._lender.views_file.read_text("utf-8"))["views"]:
            if document["name"] == view:
                for feature in document["features"]:
                    yield feature["name"], feature["type"]

    def _send(
        self, method: str, path: str, body: Mapping[str, Any], part: str, role: str = "steward"
    ) -> dict[str, Any]:
        content = json.dumps(body, ensure_ascii=False).encode()
        key = hashlib.sha256(f"{method} {path} ".encode() + content).hexdigest()
        headers = {**self._headers(role), "Content-Type": "application/json", "Idempotency-Key": key}
        response = self._http.request(method, path, content=content, headers=headers)
        answer: dict[str, Any] = response.json() if response.content else {}
        if response.is_success or answer.get("code") == ALREADY_THERE:
            return answer
        detail = answer.get("detail") or answer.get("title") or ""
        raise LenderError(
            f"{self._lender.folder.name}: {part}: {response.status_code} {answer.get('code', '')} {detail}"
        )
