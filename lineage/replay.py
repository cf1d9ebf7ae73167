"""The published state machine, run over the ledger: was every release justified at its place?

Rules checked here (design invariant I1; consents as docs/formats/consent-events.md publishes them):
- a read that released something names a known subject, a registered active client of the party it names, and a
  registered active purpose with the basis it cites, whose ceiling lists every released field;
- every grant it cites was live at that place and instant, in the cited version, for this purpose and recipient, and its
  notice still in force;
- with the basis consent, every released field stands in a cited grant that allows the form it was released in;
- no form is milder than client and purpose allow;
- a read cites the subject's consent version of its place; grants move only along the table of transitions;
- of a restricted subject something is released for a statutory duty only (PIPL 47(2)); an erased subject's stream ends.

Written apart from the room that keeps the consents: the two must agree, or one of them is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from catalog.canonical import canonical
from lineage.faults import FaultCode
from lineage.kinds import Kind, Mode
from lineage.shapes import Shape
from lineage.tracks import STRICTNESS, ClientTrack, GrantTrack, PurposeTrack, ShapeTrack, SubjectTrack

BIRTHS = {Kind.CONSENT_GIVEN: "live", Kind.CONSENT_REFUSED: "refused"}
TRANSITIONS = {
    ("live", Kind.CONSENT_WITHDRAWN): "withdrawn",
    ("paused", Kind.CONSENT_WITHDRAWN): "withdrawn",
    ("live", Kind.CONSENT_FIELD_WITHDRAWN): "live",
    ("paused", Kind.CONSENT_FIELD_WITHDRAWN): "paused",
    ("live", Kind.CONSENT_PAUSED): "paused",
    ("paused", Kind.CONSENT_RESUMED): "live",
    ("live", Kind.CONSENT_EXPIRED): "expired",
    ("paused", Kind.CONSENT_EXPIRED): "expired",
    ("live", Kind.CONSENT_SUPERSEDED): "superseded",
    ("paused", Kind.CONSENT_SUPERSEDED): "superseded",
}
_NUMBERED = frozenset(
    (Kind.SUBJECT_AGE_BAND_SET, Kind.SUBJECT_RESTRICTED, Kind.SUBJECT_UNRESTRICTED, Kind.SUBJECT_ERASED)
)
_OUTLASTS = "statutory_duty"
_MODES = frozenset(Mode)
_CHANGING = ("version", "fields")


class Replay:
    """The state of the world as the entries so far tell it."""

    def __init__(self) -> None:
        self.shapes: dict[tuple[str, str], ShapeTrack] = {}
        self.subjects: dict[str, SubjectTrack] = {}
        self._purposes: dict[tuple[str, str], PurposeTrack] = {}
        self._clients: dict[tuple[str, str], ClientTrack] = {}
        self._notices: dict[tuple[str, str], tuple[str, tuple[Any, ...] | None]] = {}
        self._fields: dict[frozenset[str], frozenset[str]] = {}

    def change(self, body: Mapping[str, Any]) -> Iterator[FaultCode]:
        """Take in an entry that is no read."""
        kind = body["kind"]
        try:
            if self._is_erased(body["subject"]):
                yield FaultCode.AFTER_ERASURE
            if kind == Kind.SHAPE_RECORDED:
                yield from self._shape(body)
            elif kind.startswith("consent.") or kind in _NUMBERED:
                yield from self._consent(body)
            elif kind in (Kind.PURPOSE_REGISTERED, Kind.PURPOSE_UPDATED):
                self._purpose(body)
            elif kind in (Kind.CLIENT_REGISTERED, Kind.CLIENT_UPDATED):
                self._client(body)
            elif kind == Kind.NOTICE_PUBLISHED:
                purpose = self._purposes.get((body["tenant"], body["purpose"]))
                self._notices[body["tenant"], body["purpose"]] = (body["material"], purpose.means if purpose else None)
        except (KeyError, TypeError, AttributeError, ValueError):
            yield _malformed(kind)

    def read(self, body: Any) -> Iterator[FaultCode]:
        """Judge a read; `body` is a `lineage.bodies.ReadBody`."""
        shape = self.shapes.get((body.tenant, body.shape))
        if self._is_erased(body.subject):
            yield FaultCode.AFTER_ERASURE
        if body.subject is not None and body.consent_version != self._version(body.subject):
            yield FaultCode.READ_VERSION
        if shape is None:
            yield FaultCode.SHAPE_UNKNOWN
            return
        said = shape.shape
        if (
            said.outcome != body.outcome
            or said.client != body.client
            or said.purpose != body.purpose
            or (shape.features != body.features)
        ):
            yield FaultCode.SHAPE_MISMATCH
        if body.mode not in _MODES or body.outcome != shape.outcome(body.mode, body.unknown_features):
            yield FaultCode.OUTCOME
        if body.outcome in ("released", "partial"):
            yield from self._release(body, shape)

    def _release(self, body: Any, shape: ShapeTrack) -> Iterator[FaultCode]:
        if body.subject is None:
            yield FaultCode.NO_SUBJECT
            return
        milder = shape.released[-1][0] if shape.released else 0
        client = self._clients.get((body.tenant, body.client))
        if client is None or not client.is_active or client.party != body.party or body.purpose not in client.purposes:
            yield FaultCode.CLIENT
        elif milder > client.strictness:
            yield FaultCode.CEILING
        purpose = self._purposes.get((body.tenant, body.purpose))
        if purpose is None or not purpose.is_active or purpose.basis != body.basis:
            yield FaultCode.BASIS
        elif milder > purpose.strictness or not shape.fields <= purpose.fields:
            yield FaultCode.CEILING
        yield from self._justify(body, shape)

    def _justify(self, body: Any, shape: ShapeTrack) -> Iterator[FaultCode]:
        track = self.subjects.get(body.subject)
        if track is not None and track.is_restricted and body.basis != _OUTLASTS:
            yield FaultCode.RESTRICTED
        cited: list[GrantTrack] = []
        for named in body.grants:
            grant = track.grants.get(named.id) if track else None
            if grant is None:
                yield FaultCode.GRANT_UNKNOWN
                continue
            fault = self._grant_fault(grant, named.version, body)
            if fault is not None:
                yield fault
            else:
                cited.append(grant)
        if body.basis == "consent" and not _covers(cited, shape.released):
            yield FaultCode.UNCOVERED

    def _grant_fault(self, grant: GrantTrack, version: int, body: Any) -> FaultCode | None:
        if grant.version != version:
            return FaultCode.GRANT_VERSION
        if grant.state != "live" or body.at < grant.starts or (grant.expires is not None and grant.expires <= body.at):
            return FaultCode.GRANT_NOT_LIVE
        if grant.purpose != body.purpose or grant.recipient != body.party:
            return FaultCode.GRANT_OTHER
        return None if grant.material == self._in_force(body.tenant, body.purpose) else FaultCode.GRANT_STALE

    def _in_force(self, tenant: str, purpose: str) -> str | None:
        """The material of the notice in force: published for what the purpose still means."""
        material, means = self._notices.get((tenant, purpose), (None, None))
        now = self._purposes.get((tenant, purpose))
        return material if now is not None and now.means == means else None

    def _is_erased(self, subject: str | None) -> bool:
        track = self.subjects.get(subject) if subject is not None else None
        return track is not None and track.is_erased

    def _version(self, subject: str) -> int:
        track = self.subjects.get(subject)
        return track.version if track else 0

    def _consent(self, body: Mapping[str, Any]) -> Iterator[FaultCode]:
        track = self.subjects.setdefault(body["subject"], SubjectTrack())
        version = body["consent_version"]
        if version != track.version + 1:
            yield FaultCode.CONSENT_VERSION
        track.version = version
        if body["kind"] in _NUMBERED:
            track.become(body["kind"])
            return
        document = body["grant"]
        kind, grant = Kind(body["kind"]), document["id"]
        before = track.grants.get(grant)
        state = BIRTHS.get(kind) if before is None else TRANSITIONS.get((before.state, kind))
        if state is None or (body["purpose"], body["party"], body["about"]) != (
            document["purpose"],
            document["recipient"],
            grant,
        ):
            yield FaultCode.CONSENT_TRANSITION
            return
        after = self._grant(document, state)
        track.grants[grant] = after
        if not _follows(before, after, kind):
            yield FaultCode.CONSENT_TRANSITION

    def _grant(self, document: Mapping[str, Any], state: str) -> GrantTrack:
        terms = {name: part for name, part in document.items() if name not in _CHANGING}
        return GrantTrack(
            state,
            int(document["version"]),
            document["purpose"],
            document["recipient"],
            document["material"],
            self._shared(document["fields"]),
            STRICTNESS[document["max_form"]],
            document["starts"],
            document["expires"],
            sha256(canonical(terms)).digest()[:16],
        )

    def _shared(self, fields: Sequence[str]) -> frozenset[str]:
        """Equal sets once in memory: millions of grants list the same few."""
        made = frozenset(fields)
        return self._fields.setdefault(made, made)

    def _purpose(self, body: Mapping[str, Any]) -> None:
        self._purposes[body["tenant"], body["name"]] = PurposeTrack(
            body["status"] == "active",
            body["basis"],
            frozenset(body["fields"]),
            STRICTNESS[body["max_form"]],
            (body["revision"], body["automated"], tuple(sorted(body["methods"]))),
        )

    def _client(self, body: Mapping[str, Any]) -> None:
        self._clients[body["tenant"], body["name"]] = ClientTrack(
            body["status"] == "active", body["party"], frozenset(body["purposes"]), STRICTNESS[body["max_form"]]
        )

    def _shape(self, body: Mapping[str, Any]) -> Iterator[FaultCode]:
        document, digest = body["document"], body["shape"]
        if sha256(canonical(document)).hexdigest() != digest or body["about"] != digest:
            yield FaultCode.SHAPE_MALFORMED
            return
        shape = Shape(
            body["tenant"],
            document["features"],
            client=document["client"],
            purpose=document["purpose"],
            outcome=document["outcome"],
            digest=digest,
        )
        by_form: dict[int, set[str]] = {}
        for part in document["features"].values():
            if "form" in part:
                by_form.setdefault(STRICTNESS[part["form"]], set()).update(part["fields"])
        self.shapes[body["tenant"], digest] = ShapeTrack(
            shape,
            shape.features,
            tuple((strictness, frozenset(fields)) for strictness, fields in sorted(by_form.items())),
            frozenset().union(*by_form.values()),
            sum("form" in part for part in shape.parts.values()),
        )


def _follows(before: GrantTrack | None, after: GrantTrack, kind: Kind) -> bool:
    if before is None:
        return after.version == 1 and bool(after.fields)
    shrinks = after.fields < before.fields if kind is Kind.CONSENT_FIELD_WITHDRAWN else after.fields == before.fields
    return after.version == before.version + 1 and after.terms == before.terms and shrinks and bool(after.fields)


def _covers(cited: Sequence[GrantTrack], released: Sequence[tuple[int, frozenset[str]]]) -> bool:
    for strictness, fields in released:
        missing = fields
        for grant in cited:
            if grant.strictness >= strictness:
                missing = missing - grant.fields
        if missing:
            return False
    return True


def _malformed(kind: str) -> FaultCode:
    if kind == Kind.SHAPE_RECORDED:
        return FaultCode.SHAPE_MALFORMED
    return FaultCode.CONSENT_MALFORMED if kind.startswith(("consent.", "subject.")) else FaultCode.CONFIG_MALFORMED
