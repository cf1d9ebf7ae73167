"""Two services to compare with, over the same database and the same values.

- ``plain``: a FastAPI endpoint that reads and opens the same sealed values and answers: no consent, policy, record.
- ``naive``: a gate as it is often written: pydantic in and out, one OPA call per subject through opa-python-client, one
  query per subject, one ledger row and one commit per subject, before the answer.

Run as ``python -m tests.bench.baselines URL FOLDER PORT OPA_PORT``.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from opa_client.opa_async import AsyncOpaClient
from pydantic import BaseModel

from api.database import Database
from catalog import Catalog, Feature, ReleaseForm
from catalog.store import current as current_catalog
from vault import FileRootKey, KeyRing, load_key_ring

TENANT = "lender"
SEGMENTS = "SELECT segment, sealed FROM gate_values WHERE tenant = ? AND subject = ?"
KEY = "SELECT wrapped FROM vault_subject_keys WHERE tenant = ? AND subject = ?"
GRANTS = (
    "SELECT id, state, form, fields, max_form, provision FROM consent_grants "
    "WHERE tenant = ? AND subject = ? AND purpose = ? AND recipient = ? AND is_current"
)
LOG = "CREATE TABLE IF NOT EXISTS naive_log (id INTEGER PRIMARY KEY, at REAL, subject TEXT, body TEXT)"


class ReadRequest(BaseModel):
    """What both endpoints take."""

    purpose: str
    product: str
    subjects: list[str]
    features: list[str]


class SubjectResult(BaseModel):
    """One subject of an answer."""

    subject: str
    features: dict[str, Any]


class ReadResponse(BaseModel):
    """What both endpoints answer."""

    results: list[SubjectResult]


class Parts:
    """What the endpoints need, opened at start."""

    connection: sqlite3.Connection
    keys: KeyRing
    catalog: Catalog
    opa: AsyncOpaClient


def application(url: str, folder: Path, opa_port: int) -> FastAPI:
    """Build both endpoints on one application."""
    parts = Parts()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        database = Database.open(url)
        async with database.reading() as tx:
            parts.keys = await load_key_ring(tx.connection, FileRootKey.open(folder / "root.key"))
            parts.catalog = await current_catalog(tx.connection) or Catalog.builtin()
        await database.close()
        parts.connection = sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None)
        parts.connection.execute("PRAGMA journal_mode=WAL")
        parts.connection.execute("PRAGMA synchronous=FULL")
        parts.connection.execute(LOG)
        async with AsyncOpaClient(host="127.0.0.1", port=opa_port) as parts.opa:
            yield
        parts.connection.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/plain")
    async def plain(body: ReadRequest) -> ReadResponse:
        return ReadResponse(
            results=[
                SubjectResult(
                    subject=ref, features={name: values.get(name.partition(":")[2]) for name in body.features}
                )
                for ref in body.subjects
                for values in (opened(parts, ref),)
            ]
        )

    @app.post("/naive")
    async def naive(body: ReadRequest) -> ReadResponse:
        return ReadResponse(results=[await gated(parts, body, ref) for ref in body.subjects])

    return app


def known(parts: Parts, name: str) -> Feature:
    """A feature that the measured catalogue is known to hold."""
    feature = parts.catalog.feature(TENANT, name)
    assert feature is not None
    return feature


def opened(parts: Parts, ref: str) -> dict[str, Any]:
    """All of a subject's values, opened."""
    wrapped = parts.connection.execute(KEY, (TENANT, ref)).fetchone()[0]
    key = parts.keys.open_subject_key(TENANT, ref, wrapped)
    found: dict[str, Any] = {}
    for segment, sealed in parts.connection.execute(SEGMENTS, (TENANT, ref)):
        found |= json.loads(key.open(sealed, segment))
    return found


async def gated(parts: Parts, body: ReadRequest, ref: str) -> SubjectResult:
    """One subject through OPA, with a committed record."""
    request = _facts(parts, body, ref)
    reply = await parts.opa.query_rule(input_data=request, package_path="yumen/gate", rule_name="decisions")
    decided = reply["result"][0]["features"]
    values = opened(parts, ref)
    features = {
        name: known(parts, name).shaper(ReleaseForm(ruled["form"]))(values.get(name.partition(":")[2]))
        for name, ruled in decided.items()
        if not ruled["reasons"]
    }
    record = json.dumps({"subject": ref, "features": decided})
    parts.connection.execute("BEGIN IMMEDIATE")
    parts.connection.execute("INSERT INTO naive_log (at, subject, body) VALUES (?, ?, ?)", (time.time(), ref, record))
    parts.connection.execute("COMMIT")
    return SubjectResult(subject=ref, features=features)


def _facts(parts: Parts, body: ReadRequest, ref: str) -> dict[str, Any]:
    features = {name: known(parts, name) for name in body.features}
    fields = sorted({field for feature in features.values() for field in feature.fields})
    grants = [
        {
            "state": state,
            "notice": "current",
            "form": form,
            "guardian": False,
            "fields": [name for name in json.loads(listed) if name in fields],
            "provision": bool(provision),
            "max_form": max_form,
        }
        for _, state, form, listed, max_form, provision in parts.connection.execute(
            GRANTS, (TENANT, ref, body.purpose, "lender")
        )
    ]
    call = {
        "purpose": {
            "status": "active",
            "basis": "consent",
            "basis_ref": False,
            "pipia": "live",
            "fields": fields,
            "necessity": fields,
            "max_form": "plain",
            "overrides": [],
            "notice": "current",
            "foreign_authority": False,
        },
        "client": {"status": "active", "purpose": True, "product": True, "max_form": "plain", "region": "CN"},
        "recipient": {"status": "active", "role": "lender", "transfer": "none"},
        "fields": {name: _field(parts.catalog, name) for name in fields},
        "features": {
            name: {
                "status": "known",
                "fields": list(feature.fields),
                "provision": False,
                "form": feature.form.value,
                "forms": [form.value for form in feature.forms],
            }
            for name, feature in features.items()
        },
    }
    subject = {"status": "known", "age": "adult", "grants": grants, "expired": []}
    return {"calls": [call], "requests": [{"call": 0, "subject": subject}]}


def _field(catalog: Catalog, name: str) -> dict[str, Any]:
    field = catalog.field(name)
    return {
        "status": "known",
        "pipl": field.pipl.value,
        "class": field.jrt0171.value,
        "bases": [basis.value for basis in field.bases],
        "separate": field.separate,
        "written": field.written,
        "minors": field.minors.value,
    }


if __name__ == "__main__":
    uvicorn.run(
        application(sys.argv[1], Path(sys.argv[2]), int(sys.argv[4])),
        host="127.0.0.1",
        port=int(sys.argv[3]),
        log_level="warning",
        access_log=False,
    )
