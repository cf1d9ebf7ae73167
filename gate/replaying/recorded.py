"""A recorded read, as far as replaying it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Outcome = str | tuple[str, ...]
"""A form, or the reasons of a denial, sorted."""


@dataclass(frozen=True, slots=True)
class RecordedRead:
    """What an entry says of a decision.

    Attributes:
        entry: id of the entry.
        facts: digest, None if none could be gathered; policy, catalog: revisions.
        features: what became of each known feature.
        unknown: how many asked names were no features.
        grants: how many grants justified it.
    """

    entry: int
    tenant: str
    shape: str
    facts: str | None
    policy: str
    catalog: str
    features: Mapping[str, Outcome]
    unknown: int
    grants: int

    @property
    def situation(self) -> tuple[object, ...]:
        """What reads share that replay alike: everything but the entry."""
        told = (self.tenant, self.shape, self.facts, self.policy, self.catalog, self.unknown, self.grants)
        return (*told, *self.features.items())


def recorded(entry: int, body: Mapping[str, Any]) -> RecordedRead:
    """Read a read's body, which must be one."""
    return RecordedRead(
        entry,
        body["tenant"],
        body["shape"],
        body["facts"],
        body["policy"],
        body["catalog"],
        {name: outcome(found) for name, found in body["features"].items()},
        body["unknown_features"],
        len(body["grants"]),
    )


def outcome(found: str | list[str]) -> Outcome:
    """A form, or reasons, as entries and shapes write them."""
    return found if isinstance(found, str) else tuple(sorted(found))
