"""Step 5: fetch what was allowed, open it, shape it.

Rules:
- segments are asked for by name: one that holds only denied fields is never read;
- a subject whose key is gone, or whose sealed value does not open, is denied with a code of the host's own, in place of
  what the policy would have released; what the policy denied keeps its reasons;
- a token whose row was changed by hand denies the subject likewise;
- a token that is computed takes the place of its value at once; one that cannot be computed releases nothing;
- opened values live only until they are shaped; data keys do not outlive the group.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from catalog import ShapeError
from gate.facts import FOREVER_US, Call, GrantRow, SubjectFacts, SubjectRow
from gate.ruling import ComputedToken, Ruling
from gate.store import HotStore, Sealed
from vault import KeyRing, SubjectKey, TokenScope, VaultError

KEY_UNAVAILABLE = "KEY_UNAVAILABLE"
VALUE_UNREADABLE = "VALUE_UNREADABLE"
ROW_TAMPERED = "ROW_TAMPERED"

TokenIssuer = Callable[[str, Sequence[str], str, str, str], Awaitable[Mapping[str, str]]]
"""(tenant, subjects, field, recipient, purpose) -> token by subject; one whose row does not hold is left out."""

IdentifierLoader = Callable[[str, Sequence[str], Sequence[str]], Awaitable[Mapping[tuple[str, str], bytes]]]
"""(tenant, subjects, fields) -> sealed identifier by (subject, field)."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(slots=True, eq=False)
class Item:
    """One subject of one read, on its way through the steps.

    Attributes:
        until_us: when a stored value passes its retention, and the facts change.
        refused: why it is denied without being decided, "" if it is to be decided.
    """

    owner: Any
    place: int
    ref: str
    call: Call
    row: SubjectRow | None
    facts: SubjectFacts
    grants: tuple[GrantRow, ...]
    until_us: int = FOREVER_US
    refused: str = ""
    ruling: Ruling = field(init=False)
    key: SubjectKey | None = None
    values: list[Any] = field(default_factory=list)


class Fetcher:
    """Fills items with released values, set by set."""

    def __init__(self, store: HotStore, keys: KeyRing, *, tokens: TokenIssuer, identifiers: IdentifierLoader) -> None:
        self._store = store
        self._keys = keys
        self._tokens = tokens
        self._identifiers = identifiers

    async def fill(self, items: Iterable[Item]) -> None:
        """Fetch, open and shape the values of items whose ruling releases something."""
        groups: dict[tuple[str, tuple[str, ...]], list[Item]] = {}
        for item in items:
            groups.setdefault((item.call.key.tenant, item.ruling.segments), []).append(item)
        for (tenant, segments), group in groups.items():
            refs = list({item.ref: None for item in group})
            sealed = await self._store.fetch(tenant, refs, segments)
            for item in group:
                self._open(item, sealed.get(item.ref))
        await self._compute([item for group in groups.values() for item in group if item.ruling.computed])
        await self._issue([item for group in groups.values() for item in group if item.ruling.tokens])

    def _open(self, item: Item, sealed: Sealed | None) -> None:
        if sealed is None:
            item.ruling = item.ruling.refused(KEY_UNAVAILABLE)
            return
        try:
            key = item.key = self._keys.open_subject_key(item.call.key.tenant, item.ref, sealed.wrapped)
        except VaultError:
            item.ruling = item.ruling.refused(KEY_UNAVAILABLE)
            return
        values: list[Any] = [None] * len(item.ruling.features)
        segments = sealed.segments
        try:
            for segment, parts in item.ruling.plan:
                blob = segments.get(segment)
                if blob is None:
                    continue
                opened = _decode(key.open(blob, segment))
                for name, place, shape in parts:
                    values[place] = shape(opened.get(name))
        except (VaultError, ShapeError, msgspec.DecodeError, UnicodeDecodeError):
            item.ruling = item.ruling.refused(VALUE_UNREADABLE)
            return
        item.values = values

    async def _compute(self, items: Sequence[Item]) -> None:
        """Put computed tokens in place of the values they are of: the registered identifier, else the stored value."""
        wanted: dict[str, list[Item]] = {}
        for item in items:
            wanted.setdefault(item.call.key.tenant, []).append(item)
        for tenant, group in wanted.items():
            refs = list({item.ref: None for item in group})
            fields = list({token.field: None for item in group for token in item.ruling.computed})
            sealed = await self._identifiers(tenant, refs, fields)
            for item in group:
                try:
                    for token in item.ruling.computed:
                        item.values[token.place] = self._computed(item, token, sealed.get((item.ref, token.field)))
                except (VaultError, UnicodeDecodeError):
                    item.ruling = item.ruling.refused(VALUE_UNREADABLE)
                    item.values = []

    def _computed(self, item: Item, token: ComputedToken, sealed: bytes | None) -> str | None:
        value = item.values[token.place]
        if sealed is not None and item.key is not None:
            value = item.key.open(sealed, token.field).decode()
        if value is None:
            return None
        key = item.call.key
        scope = TokenScope(key.tenant, key.purpose, item.call.party, token.field)
        return self._keys.tokeniser(scope, token.spec).token(value)

    async def _issue(self, items: Sequence[Item]) -> None:
        wanted: dict[tuple[str, str, str, str], list[tuple[Item, int]]] = {}
        for item in items:
            for place, name in item.ruling.tokens:
                scope = (item.call.key.tenant, name, item.call.party, item.call.key.purpose)
                wanted.setdefault(scope, []).append((item, place))
        for (tenant, name, recipient, purpose), asked in wanted.items():
            refs = list({item.ref: None for item, _ in asked})
            tokens = await self._tokens(tenant, refs, name, recipient, purpose)
            for item, place in asked:
                if item.ref in tokens:
                    item.values[place] = tokens[item.ref]
                else:
                    item.ruling, item.values = item.ruling.refused(ROW_TAMPERED), []
