"""The body of an answer to ``POST /v1/reads``, written quickly.

Rules:
- everything that is equal for all subjects in one situation is encoded once, and so is a feature with its range or flag,
  of which there are few; any other value is encoded per subject and not kept;
- a denied feature has reasons and no value; a released one without a stored value is ``absent``; an explanation says
  ``would_release`` and never holds a value;
- the texts of the reason codes stand once per answer, beside the results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gate import FeatureRuling, Mode, Outcome, ReadAnswer, SubjectAnswer

_encode = msgspec.json.Encoder().encode

FRAGMENTS_KEPT = 4096
Rulings = tuple[FeatureRuling, ...]
Look = Callable[[Any], "bytes | None"]
Write = Callable[[Any], bytes]
LABELLED = frozenset({"bucket", "flag"})  # their values are the catalogue's words, not a person's
LABELS_KEPT = 256


class AnswerWriter:
    """Encodes answers; holds the texts of all reason codes."""

    def __init__(self, reasons: Mapping[str, Mapping[str, Any]]) -> None:
        self._reasons = reasons
        self._fragments: dict[tuple[int, Mode], tuple[Rulings, list[tuple[Look, Write]]]] = {}

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
        rulings = {id(subject.rulings): subject.rulings for subject in answer.subjects}
        codes = sorted({code for each in rulings.values() for ruling in each for code in ruling.reasons})
        texts = {code: self._reasons[code] for code in codes if code in self._reasons}
        written = [_encode(head)[:-1], b',"results":[']
        for subject in answer.subjects:
            written += self._subject(subject, call.mode)
        written[-1] = b'}}],"reasons":'
        return b"".join((*written, _encode(texts), b"}"))

    def _subject(self, subject: SubjectAnswer, mode: Mode) -> tuple[bytes, bytes, bytes]:
        """One subject's result, in pieces, with the comma to the next."""
        features = b",".join(
            [
                look(value) or write(value)
                for (look, write), value in zip(
                    self._fragments_of(subject.rulings, mode), subject.values, strict=True
                )
            ]
        )
        head = f'{{"subject":"{subject.subject}","entry":"{subject.entry}","status":"{_status(subject)}","features":{{'
        return head.encode(), features, b"}},"

    def _fragments_of(self, rulings: Rulings, mode: Mode) -> list[tuple[Look, Write]]:
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


def _fragment(ruling: FeatureRuling, mode: Mode) -> tuple[Look, Write]:
    """How to find one feature with its value encoded already, and how to encode it."""
    name = _encode(ruling.name) + b":"
    parts: dict[str, Any] = {"form": ruling.form}
    if ruling.obligations:
        parts["obligations"] = ruling.obligations
    if not ruling.released:
        nothing = name + _encode({"status": "denied", "reasons": ruling.reasons})
    elif mode is Mode.dry_run:
        nothing = name + _encode({"status": "would_release", **parts})
    else:
        nothing = name + _encode({"status": "absent", **parts})
    before = name + _encode({"status": "released", **parts})[:-1] + b',"value":'
    known: dict[Any, bytes] = {None: nothing}

    def write(value: Any) -> bytes:
        written = before + _encode(value) + b"}"
        # Only texts are kept: True, 1 and 1.0 are one key of a dictionary and three values of JSON.
        if type(value) is str and ruling.form in LABELLED and len(known) < LABELS_KEPT:
            known[value] = written
        return written

    return known.get, write
