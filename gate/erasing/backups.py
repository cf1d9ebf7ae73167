"""Trying a backup: whether the person of a certificate can still be read from it with the keys that are live now.

Rules:
- the backup is tried as its thief would who also has the root key: with its own wrapped keys, opened by the live root;
- the answer is honest: a backup that holds the subject's wrapped key is readable until it is gone or its keys are, and
  is said to be;
- what opens is counted and forgotten; the answer holds counts and codes, no person.

docs/erasure.md says how to keep keys out of backups. Format: docs/formats/erasure-certificate.md.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.canonical import canonical
from consent.store.subjects import by_pseudonym
from gate.store_values import read_segments, stored_segments
from lineage import Moment
from vault import (
    KeyMissingError,
    KeyRing,
    RootKey,
    SubjectKey,
    VaultError,
    identifiers,
    load_key_ring,
    stored_fields,
    subject_keys,
)

USE: Final = "yumen/backup-trial/1"


@dataclass(frozen=True, slots=True)
class BackupTrial:
    """What came of trying a backup.

    Attributes:
        is_known: whether the backup knows the person of the certificate at all.
        opened: how many identifiers and values opened.
        codes: why the others did not, counted.
    """

    is_known: bool
    opened: int
    codes: Mapping[str, int]

    @property
    def is_readable(self) -> bool:
        """Whether anything of the person can be read from this backup."""
        return self.opened > 0

    def signed(self, keys: KeyRing, certificate: str, backup: str, now: datetime) -> dict[str, Any]:
        """The answer as a signed document; ``backup``: SHA-256 of the file that was tried, or "database"."""
        signer = keys.certificate_key
        document = {
            "at": Moment.of(now).text,
            "backup": backup,
            "certificate": certificate,
            "codes": dict(self.codes),
            "key": signer.id,
            "known": self.is_known,
            "opened": self.opened,
            "readable": self.is_readable,
            "v": 1,
        }
        signature = base64.b64encode(signer.sign(USE, canonical(document))).decode()
        return {"trial": document, "signature": signature, "public_key": base64.b64encode(signer.public).decode()}


async def try_backup(backup: AsyncConnection, root: RootKey, tenant: str, pseudonym: str) -> BackupTrial:
    """Try to read the person behind a pseudonym from a backup, by everything that stands in it."""
    refs = await by_pseudonym(backup, tenant, [pseudonym])
    if pseudonym not in refs:
        return BackupTrial(is_known=False, opened=0, codes={})
    ref = refs[pseudonym]
    key = await _key(backup, root, tenant, ref)
    sealed = [*await _sealed(backup, tenant, ref)]
    if not isinstance(key, SubjectKey):
        return BackupTrial(is_known=True, opened=0, codes={key: max(len(sealed), 1)})
    codes: Counter[str] = Counter()
    opened = 0
    for name, blob in sealed:
        try:
            key.open(blob, name)
            opened += 1
        except VaultError as error:
            codes[error.code] += 1
    return BackupTrial(is_known=True, opened=opened, codes=codes)


async def _key(backup: AsyncConnection, root: RootKey, tenant: str, ref: str) -> SubjectKey | str:
    wrapped = (await subject_keys(backup, tenant, [ref])).get(ref)
    if wrapped is None:
        return KeyMissingError.code
    try:
        return (await load_key_ring(backup, root)).open_subject_key(tenant, ref, wrapped)
    except VaultError as error:
        return error.code


async def _sealed(backup: AsyncConnection, tenant: str, ref: str) -> list[tuple[str, bytes]]:
    fields = sorted((await stored_fields(backup, tenant, [ref]))[ref])
    segments = sorted((await stored_segments(backup, tenant, [ref]))[ref])
    found = [(name, blob) for (_, name), blob in (await identifiers(backup, tenant, [ref], fields)).items()]
    found += [(row.segment, row.sealed) for row in await read_segments(backup, tenant, [ref], segments)]
    return found
