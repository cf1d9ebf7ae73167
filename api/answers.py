"""The body of an answer to ``POST /v1/reads``, written quickly.

Rules:
- everything that is equal for all subjects in one situation is encoded once, and so is a feature with its range or
  flag, of which there are few; any other value is encoded per subject and not kept;
- a denied feature has reasons and no value; a released one without a stored value is ``absent``; an explanation says
  ``would_release`` and never holds a value;
- the texts of the reason codes stand once per answer, beside the results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from gate import FeatureRuling, Mode, Outcome, ReadAnswer, SubjectAnswer

_encode = msgspec.json.Encoder().encode

FRAGMENTS_KEPT = 4096
Rulings = tuple[FeatureRuling, ...]
Look = Callable[[Any], "bytes | None"]
Write = Callable[[Any], bytes]
LABELLED = frozenset({"bucket", "flag"})  # their values are the catalogue's words, not a person's
LABELS_KEPT = 256


class Written(NamedTuple):
    """What is encoded once of rulings.

    Attributes:
        features: per feature, how to find it with its value encoded already, and how to encode it.
        codes: the reasons that occur.
    """

    rulings: Rulings
    features: Sequence[tuple[Look, Write]]
    codes: frozenset[str]


class AnswerWriter:
    """Encodes answers; holds the texts of all reason codes."""

    def __init__(self, reasons: Mapping[str, Mapping[str, Any]]) -> None:
        self._reasons = reasons
        self._known: dict[tuple[int, Mode], Written] = {}

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
        written = [_encode(head)[:-1], b',"results":[']
        codes: set[str] = set()
        for subject in answer.subjects:
            known = self._written(subject.rulings, call.mode)
            written += _subject(subject, known.features)
            codes |= known.codes
        written[-1] = b'}}],"reasons":'
        texts = {code: self._reasons[code] for code in sorted(codes) if code in self._reasons}
        return b"".join((*written, _encode(texts), b"}"))

    def _written(self, rulings: Rulings, mode: Mode) -> Written:
        """The encoded parts of rulings, which subjects and requests in one situation share by identity."""
        key = (id(rulings), mode)
        known = self._known.get(key)
        if known is None or known.rulings is not rulings:
            if len(self._known) >= FRAGMENTS_KEPT:
                self._known.clear()
            codes = frozenset(code for ruling in rulings for code in ruling.reasons)
            known = self._known[key] = Written(rulings, [_fragment(ruling, mode) for ruling in rulings], codes)
        return known


def _subject(subject: SubjectAnswer, features: Sequence[tuple[Look, Write]]) -> tuple[bytes, bytes, bytes]:
    """One subject's result, in pieces, with the comma to the next."""
    head = f'{{"subject":"{subject.subject}","entry":"{subject.entry}","status":"{_status(subject)}","features":{{'
    written = [look(value) or write(value) for (look, write), value in zip(features, subject.values, strict=True)]
    return head.encode(), b",".join(written), b"}},"


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
