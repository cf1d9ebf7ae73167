"""Clients: each picks a subject, does something to it over HTTP at one of the replicas, and writes down what it saw.

A write is sent again, to any replica, under the same Idempotency-Key until it is answered for good, as a careful client
would. A read is not: one that fails saw nothing.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from api.identity import BuiltinIssuer, Role
from tests.chaos.history import Act, History, Operation, Request
from tests.world import FIELDS, TENANT, World

WEIGHTS = {Act.read: 6, Act.give: 2, Act.withdraw: 2}
TRIES = 40
TIMEOUT_S = 8.0
PAUSE_S = 0.15
NOTHING_GIVEN = "consent/nothing_to_withdraw"
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
READ = {"purpose": "credit_scoring", "product": "cash_loan", "features": ["behaviour:limit"]}


@dataclass
class Tokens:
    """Bearer tokens of the service's own issuer, valid from well before to well after the run."""

    folder: Path
    kept: dict[tuple[Role, str], str] = field(default_factory=dict)

    def of(self, role: Role, name: str) -> dict[str, str]:
        """The header of a caller."""
        if (role, name) not in self.kept:
            issuer = BuiltinIssuer.open(self.folder / "issuer.key", name="yumen-builtin", audience="yumen")
            self.kept[role, name] = issuer.issue(
                tenant=TENANT,
                roles=[role],
                name=name,
                now=datetime.now(UTC) - timedelta(hours=6),
                token_id=secrets.token_hex(8),
                life=timedelta(hours=23),
            )
        return {"Authorization": f"Bearer {self.kept[role, name]}"}


class Driver:
    """Runs clients against replicas until told to stop."""

    def __init__(self, urls: list[str], lender: World, tokens: Tokens, *, seed: int) -> None:
        self._urls = urls
        self._lender = lender
        self._tokens = tokens
        self._random = random.Random(seed)  # noqa: S311  picks work, not secrets
        self._stopping = asyncio.Event()
        self.history = History()

    def stop(self) -> None:
        """Let every client finish what it is at."""
        self._stopping.set()

    async def run(self, clients: int) -> None:
        """Work with so many clients until stopped."""
        limits = httpx.Limits(max_connections=clients * 4, max_keepalive_connections=clients * 2)
        async with httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits) as client:
            await asyncio.gather(*(self._work(client) for _ in range(clients)))

    async def _work(self, client: httpx.AsyncClient) -> None:
        while not self._stopping.is_set():
            [act] = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
            subject = self._random.choice(self._lender.subjects)
            if act is Act.read:
                await self._read(client, subject)
            else:
                await self._write(client, act, subject)

    async def _read(self, client: httpx.AsyncClient, subject: str) -> None:
        body = {**READ, "subjects": [subject]}
        began = time.monotonic()
        headers = self._tokens.of(Role.SCORER, "scoring")
        answer = await self._send(client, self._pick(), "/v1/reads", body, headers)
        if answer is None or answer.status_code != 200:
            self.history.operations.append(Operation(Act.read, subject, began))
            await asyncio.sleep(PAUSE_S)
            return
        [result] = answer.json()["results"]
        self.history.operations.append(
            Operation(
                Act.read,
                subject,
                began,
                time.monotonic(),
                result["status"] == "released",
                (int(result["entry"]),),
            )
        )

    async def _write(self, client: httpx.AsyncClient, act: Act, subject: str) -> None:
        path, body = ("/v1/grants", self._grant()) if act is Act.give else ("/v1/withdrawals", {"scope": "all"})
        headers = {**self._tokens.of(Role.SUBJECT, subject), "Idempotency-Key": secrets.token_hex(16)}
        began = time.monotonic()
        for tries in range(1, TRIES + 1):
            replica, sent = self._pick(), time.monotonic()
            answer = await self._send(client, replica, path, body, headers)
            if act is Act.withdraw:
                self.history.requests.append(Request(replica, sent, time.monotonic()))
            if answer is not None and answer.status_code in {200, 201}:
                entries = tuple(int(entry) for entry in answer.json()["entries"])
                done = Operation(act, subject, began, time.monotonic(), None, entries, tries)
                self.history.operations.append(done)
                return
            if answer is not None and answer.status_code == 409 and answer.json()["code"] == NOTHING_GIVEN:
                # It changed nothing and saw that nothing was given: to the register it is a read.
                self.history.operations.append(Operation(Act.read, subject, began, time.monotonic(), released=False))
                return
            if answer is not None and answer.status_code not in AGAIN:
                raise AssertionError(f"{path} answered {answer.status_code}: {answer.text}")
            await asyncio.sleep(PAUSE_S)
        self.history.operations.append(Operation(act, subject, began, tries=TRIES))

    def _pick(self) -> int:
        return self._random.randrange(len(self._urls))

    async def _send(
        self, client: httpx.AsyncClient, replica: int, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> httpx.Response | None:
        """Send once; None if no answer came."""
        try:
            answer = await client.post(self._urls[replica] + path, json=body, headers=dict(headers))
        except httpx.HTTPError as error:
            self.history.refusals[type(error).__name__] += 1
            return None
        if answer.status_code >= 400:
            self.history.refusals[f"{answer.status_code} {answer.json().get('code', '')}"] += 1
        return answer

    def _grant(self) -> dict[str, Any]:
        notice = self._lender.notice
        return {
            "purpose": "credit_scoring",
            "recipient": "lender",
            "notice": notice.content.name,
            "notice_version": notice.version,
            "fields": sorted(FIELDS),
            "form": "separate",
            "channel": "app",
        }
