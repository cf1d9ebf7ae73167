"""What the ledger tells, read for the audit: only entries whose bytes and code are right are believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from consent.auditing import CODE, Difference, Told
from lineage import CheckMac, Kind, leaf_digest
from vault import VaultError

_decode = msgspec.json.Decoder(dict[str, Any]).decode
Row = Mapping[Any, Any]
REGISTERED = frozenset({"tenant", "party", "client", "purpose", "notice"})


@dataclass(slots=True)
class Reader:
    """Reads entries; notes those that cannot be believed.

    Attributes:
        check_mac: raises a VaultError for a body that no ledger key authenticated.
    """

    check_mac: CheckMac
    found: list[Difference] = field(default_factory=list)

    def body(self, row: Row) -> dict[str, Any] | None:
        """The body of an entry; None, and a difference noted, if it is not as it was written."""
        content = str(row["body"]).encode()
        try:
            self.check_mac(content, row["mac"])
            if leaf_digest(content) == row["digest"]:
                return _decode(content)
        except (VaultError, msgspec.DecodeError, TypeError):
            pass
        self.found.append(Difference("ledger_entries", str(row["id"]), CODE))
        return None

    def consents(self, rows: Sequence[Row]) -> dict[str, list[Told]]:
        """The consent events by pseudonym, in order."""
        told: dict[str, list[Told]] = {}
        for row in rows:
            body = self.body(row)
            if body is not None:
                each = Told(row["id"], body["consent_version"], row["kind"], body.get("grant"))
                told.setdefault(row["stream"], []).append(each)
        return told


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration as the ledger tells it.

    Attributes:
        versions: (tenant, kind, name, version) -> (digest of the value, epoch, microseconds).
        catalog: the revision put in force last, None if none was.
        epoch, told: of the newest change; 0 before the first.
    """

    versions: dict[tuple[str, str, str, int], tuple[str, int, int]]
    catalog: str | None
    epoch: int
    told: int


def configured(reader: Reader, rows: Sequence[Row]) -> Configured:
    """Fold the entries about the configuration."""
    versions: dict[tuple[str, str, str, int], tuple[str, int, int]] = {}
    catalog, epoch, told = None, 0, 0
    for row in rows:
        body = reader.body(row)
        if body is None:
            continue
        epoch, told = max(epoch, body["epoch"]), row["id"]
        kind = row["kind"].partition(".")[0]
        if row["kind"] == Kind.CATALOGUE_LOADED:
            catalog = body["catalog"]
        elif kind in REGISTERED:
            key = (body["tenant"], kind, body["name"], body["version"])
            versions[key] = (body["digest"], body["epoch"], row["at_us"])
    return Configured(versions, catalog, epoch, told)
