"""The body of an answer to ``POST /v1/reads``, written quickly.

Rules:
- everything that is equal for all subjects in one situation is encoded once; only values are encoded per subject;
- a denied feature has reasons and no value; a released one without a stored value is ``absent``; an explanation says
  ``would_release`` and never holds a value;
- the texts of the reason codes stand once per answer, beside the results.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gate import FeatureRuling, Mode, Outcome, ReadAnswer, SubjectAnswer

_encode = msgspec.json.Encoder().encode

FRAGMENTS_KEPT = 4096
Rulings = tuple[FeatureRuling, ...]
Fragment = tuple[bytes, bytes, bytes]
"""Of one feature: what stands before a value, after it, and instead of both when there is none."""


class AnswerWriter:
    """Encodes answers; holds the texts of all reason codes."""

    def __init__(self, reasons: Mapping[str, Mapping[str, Any]]) -> None:
        self._reasons = reasons
        self._fragments: dict[tuple[int, Mode], tuple[Rulings, list[Fragment]]] = {}

    def write(self, answer: ReadAnswer) -> bytes:
        """Encode a whole answer as JSON (application/json, UTF-8)."""
        call = answer.call
        head = {
            "purpose": call.purpose,
            "product": call.product,
            "mode": call.mode.value,
            "policy": answer.policy,
            "catalog": answer.catalog,
            "features": call.features,
        }
        results = b",".join([self._subject(subject, call.mode) for subject in answer.subjects])
        rulings = {id(subject.rulings): subject.rulings for subject in answer.subjects}
        codes = sorted({code for each in rulings.values() for ruling in each for code in ruling.reasons})
        texts = {code: self._reasons[code] for code in codes if code in self._reasons}
        return _encode(head)[:-1] + b',"results":[' + results + b'],"reasons":' + _encode(texts) + b"}"

    def _subject(self, subject: SubjectAnswer, mode: Mode) -> bytes:
        fragments = self._fragments_of(subject.rulings, mode)
        features = b",".join(
            [
                before + _encode(value) + after if value is not None else instead
                for (before, after, instead), value in zip(fragments, subject.values, strict=True)
            ]
        )
        return (
            (
                f'{{"subject":"{subject.subject}","entry":"{subject.entry}","status":"{_status(subject)}","features":{{'
            ).encode()
            + features
            + b"}}"
        )

    def _fragments_of(self, rulings: Rulings, mode: Mode) -> list[Fragment]:
        """The encoded parts of rulings, which subjects and requests in one situation share by identity."""
        key = (id(rulings), mode)
        known = self._fragments.get(key)
        if known is not None and known[0] is rulings:
            return known[1]
        if len(self._fragments) >= FRAGMENTS_KEPT:
            self._fragments.clear()
        made = [_fragment(ruling, mode) for ruling in rulings]
        self._fragments[key] = (rulings, made)
        return made


def _status(subject: SubjectAnswer) -> str:
    if subject.outcome is not Outcome.dry_run:
        return subject.outcome.value
    released = sum(ruling.released for ruling in subject.rulings)
    if not released:
        return Outcome.denied.value
    return "would_release" if released == len(subject.rulings) else "would_release_partly"


def _fragment(ruling: FeatureRuling, mode: Mode) -> Fragment:
    name = _encode(ruling.name) + b":"
    if not ruling.released:
        denied = name + _encode({"status": "denied", "reasons": ruling.reasons})
        return denied, b"", denied
    parts: dict[str, Any] = {"form": ruling.form}
    if ruling.obligations:
        parts["obligations"] = ruling.obligations
    if mode is Mode.dry_run:
        explained = name + _encode({"status": "would_release", **parts})
        return explained, b"", explained
    before = name + _encode({"status": "released", **parts})[:-1] + b',"value":'
    return before, b"}", name + _encode({"status": "absent", **parts})
