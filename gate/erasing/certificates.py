"""Certificates of erasure: what became unreadable, signed.

Rules:
- a certificate counts what was destroyed and says what was tried; it names fields, segments and keys, no person and no
  pseudonym: who holds it says whose it is;
- its bytes are canonical JSON; the ledger holds their SHA-256, so a certificate cannot be replaced;
- it is signed with a key of its own purpose, over the name of the format and the bytes.

Format: docs/formats/erasure-certificate.md. Law: PIPL 47, 50, 69.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.canonical import canonical
from gate.erasing.errors import CertificateMalformedError, CertificateNotFoundError
from gate.erasing.trials import Trial
from gate.store_certificates import StoredCertificate, find_certificate, insert_certificates
from lineage import Moment
from vault import KeyRing, Shredded, TamperedError, VaultError, check_signature, signing_key_id, wrapped_versions

USE: Final = "yumen/erasure-certificate/1"
VERSION: Final = 1
_FIELDS: Final = frozenset(("at", "destroyed", "id", "key", "reason", "tenant", "trials", "v"))


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is to be certified.

    Attributes:
        consents: (grants, events) that were stored.
        values: the segments that were stored.
    """

    id: str
    tenant: str
    reason: str
    at: datetime
    shredded: Shredded
    values: Sequence[str]
    consents: tuple[int, int]
    trials: Sequence[Trial]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows were destroyed, by what they were."""
        return {
            "events": self.consents[1],
            "grants": self.consents[0],
            "identifiers": len(self.shredded.identifiers),
            "index": len(self.shredded.index),
            "keys": int(self.shredded.wrapped is not None),
            "tokens": len(self.shredded.tokens),
            "values": len(self.values),
        }

    def document(self, key: str) -> dict[str, Any]:
        """The JSON document that is signed."""
        return {
            "at": Moment.of(self.at).text,
            "destroyed": {
                "counts": self.counts,
                "identifiers": _counted(self.shredded.identifiers),
                "index": _counted(name for name, _ in self.shredded.index),
                "key": None if self.shredded.wrapped is None else _key_ids(self.shredded.wrapped),
                "tokens": _counted(name for _, name, _ in self.shredded.tokens),
                "values": _counted(self.values),
            },
            "id": self.id,
            "key": key,
            "reason": self.reason,
            "tenant": self.tenant,
            "trials": [trial.document for trial in self.trials],
            "v": VERSION,
        }

    def sign(self, keys: KeyRing) -> SignedCertificate:
        """Write it down and sign it. Raises: KeyMissingError."""
        signer = keys.certificate_key
        body = canonical(self.document(signer.id))
        return SignedCertificate(self.id, self.tenant, body, signer.sign(USE, body))


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """A certificate's bytes and the signature over them."""

    id: str
    tenant: str
    body: bytes
    signature: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, hex: what the ledger holds."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def document(self) -> dict[str, Any]:
        """What was signed, read."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def file(self, public: bytes) -> dict[str, str]:
        """The JSON document that is handed out: certificate, signature and the public key that checks it."""
        return {
            "certificate": self.body.decode(),
            "public_key": base64.b64encode(public).decode(),
            "signature": base64.b64encode(self.signature).decode(),
        }


async def save_certificates(connection: AsyncConnection, signed: Iterable[SignedCertificate]) -> None:
    """Store certificates."""
    rows = (StoredCertificate(each.id, each.tenant, each.body.decode(), each.signature) for each in signed)
    await insert_certificates(connection, rows)


async def read_certificate(connection: AsyncConnection, tenant: str, name: str) -> SignedCertificate:
    """One certificate of a tenant. Raises: CertificateNotFoundError."""
    row = await find_certificate(connection, tenant, name)
    if row is None:
        raise CertificateNotFoundError("no such certificate")
    return SignedCertificate(row.id, row.tenant, row.body.encode(), row.signature)


def check_certificate(file: Mapping[str, Any], known: Mapping[str, bytes] | None = None) -> dict[str, Any]:
    """Check a certificate as it was handed out; answers what it says.

    Shape: ``known``: public keys by id, as the deployment publishes them; without it the file's own key is used, which
    shows that nothing was changed, not who signed.
    Raises: CertificateMalformedError: no certificate, changed, or signed by another key.
    """
    try:
        body = str(file["certificate"]).encode()
        public = base64.b64decode(str(file["public_key"]), validate=True)
        signature = base64.b64decode(str(file["signature"]), validate=True)
        document: dict[str, Any] = json.loads(body)
        is_whole = document.keys() == _FIELDS and document["v"] == VERSION and canonical(document) == body
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, RecursionError):
        raise CertificateMalformedError("not a certificate of erasure of version 1") from None
    if not is_whole:
        raise CertificateMalformedError("not a certificate of erasure of version 1")
    trusted = known.get(document["key"]) if known is not None else public
    if trusted is None or document["key"] != signing_key_id(trusted):
        raise CertificateMalformedError("signed by a key that is not known here")
    try:
        check_signature(trusted, USE, body, signature)
    except TamperedError:
        raise CertificateMalformedError("the signature is not over this certificate") from None
    return document


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(iter(names)).items()))


def _key_ids(wrapped: bytes) -> dict[str, int] | None:
    """The versions that stand in the clear in a wrapped key (docs/formats/keys.md)."""
    try:
        kek, data_key = wrapped_versions(wrapped)
    except VaultError:
        return None
    return {"data_key": data_key, "kek": kek}
