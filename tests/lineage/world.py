"""A small world for ledger tests: one bank, made-up subjects, drafts of each sort."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lineage import (
    Actor,
    EntryDraft,
    EntryTemplate,
    FeatureOutcome,
    Kind,
    Mode,
    Moment,
    Outcome,
    ReadContext,
    Role,
    Shape,
    build_entry,
)
from vault import TamperedError

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
KEY = b"a ledger key made for the tests."
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
STEWARD = Actor(Role.STEWARD, "steward_1")
DPO = Actor(Role.DPO, "dpo_1")
MATERIAL = "sha256:" + "4" * 64
FIELDS = ("overdue_days", "repayment_history")


def MAC(body: bytes) -> bytes:  # noqa: N802 - stands for the key
    return hmac.digest(KEY, body, "sha256")


def _id(prefix: str, number: int) -> str:
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in range(6))
    return f"{prefix}_{letters}" + "a" * 20


def subject(number: int) -> str:
    return _id("ps", number)


def grant_id(number: int) -> str:
    return _id("gr", number)


def at(seconds: float) -> str:
    return Moment.of(NOW + timedelta(seconds=seconds)).text


def grant(number: int = 1, **changes: object) -> dict[str, object]:
    return {
        "id": grant_id(number),
        "version": 1,
        "purpose": "credit_assessment",
        "recipient": "bank_main",
        "notice": "credit_notice",
        "notice_version": 1,
        "notice_hash": "sha256:" + "5" * 64,
        "material": MATERIAL,
        "form": "separate",
        "guardian": False,
        "evidence": False,
        "provision": False,
        "fields": list(FIELDS),
        "max_form": "plain",
        "channel": "app",
        "given": at(0),
        "starts": at(0),
        "expires": at(3600),
        **changes,
    }


def consent(kind: Kind, who: str, document: Mapping[str, object], version: int) -> EntryDraft:
    return EntryDraft(
        kind,
        "bank",
        Actor(Role.SUBJECT, who),
        subject=who,
        party=str(document["recipient"]),
        purpose=str(document["purpose"]),
        about=str(document["id"]),
        parts={"consent_version": version, "grant": dict(document)},
    )


def given(who: str, number: int = 1, **changes: object) -> EntryDraft:
    return consent(Kind.CONSENT_GIVEN, who, grant(number, **changes), 1)


def withdrawn(who: str, number: int = 1, **changes: object) -> EntryDraft:
    return consent(Kind.CONSENT_WITHDRAWN, who, grant(number, **{"version": 2, **changes}), 2)


def purpose(*, is_new: bool = True, **changes: object) -> EntryDraft:
    parts = {
        "name": "credit_assessment",
        "version": 1,
        "digest": "6" * 64,
        "status": "active",
        "revision": 1,
        "basis": "consent",
        "basis_ref": False,
        "fields": list(FIELDS),
        "methods": ["use"],
        "automated": False,
        "max_form": "plain",
        "epoch": 2,
        **changes,
    }
    kind = Kind.PURPOSE_REGISTERED if is_new else Kind.PURPOSE_UPDATED
    return EntryDraft(kind, "bank", DPO, purpose="credit_assessment", about="credit_assessment", parts=parts)


def notice(**changes: object) -> EntryDraft:
    parts = {"name": "credit_notice", "version": 1, "digest": "7" * 64, "material": MATERIAL, "epoch": 3, **changes}
    return EntryDraft(
        Kind.NOTICE_PUBLISHED, "bank", DPO, purpose="credit_assessment", about="credit_notice", parts=parts
    )


def client(**changes: object) -> EntryDraft:
    parts = {
        "name": "scoring",
        "version": 1,
        "digest": "8" * 64,
        "status": "active",
        "region": "CN",
        "products": ["cash_loan"],
        "purposes": ["credit_assessment"],
        "max_form": "plain",
        "epoch": 3,
        **changes,
    }
    return EntryDraft(
        Kind.CLIENT_REGISTERED, "bank", STEWARD, client="scoring", party="bank_main", about="scoring", parts=parts
    )


def party() -> EntryDraft:
    return EntryDraft(
        Kind.PARTY_REGISTERED,
        "bank",
        STEWARD,
        party="bank_main",
        about="bank_main",
        parts={"role": "lender", "epoch": 1},
    )


def outcomes(form: str | None = "bucket") -> list[FeatureOutcome]:
    reasons = () if form else ("NO_GRANT",)
    return [
        FeatureOutcome("credit:overdue_days_max", ("overdue_days",), form, reasons),
        FeatureOutcome("credit:repaid_share", FIELDS, form, reasons),
    ]


def shape(form: str | None = "bucket", tenant: str = "bank") -> Shape:
    """The shape of `read`'s answer, bound."""
    outcome = Outcome.RELEASED if form else Outcome.DENIED
    return Shape.of(tenant, outcomes(form)).bound("scoring", "credit_assessment", outcome)


CONTEXT = ReadContext(
    tenant="bank",
    actor=Actor(Role.SCORER, "scoring"),
    client="scoring",
    party="bank_main",
    purpose="credit_assessment",
    product="cash_loan",
    mode=Mode.RELEASE,
    basis="consent",
    epoch=3,
    policy="1" * 64,
    catalog="2" * 64,
    key=1,
)


def read(
    who: str | None, *, grants: tuple[tuple[str, int], ...] = ((grant_id(1), 1),), **changes: object
) -> EntryDraft:
    """A read of the bank's scoring service; `form`, `version` and anything of ReadContext can be changed."""
    form = changes.pop("form", "bucket")
    version = changes.pop("version", 1)
    template = EntryTemplate.of(replace(CONTEXT, **changes), shape(form), facts="3" * 64)
    commitment = b"\x07" * 32 if who and form else None
    return template.draft(who, consent_version=version if who else None, grants=grants, commitment=commitment)


class Book:
    """Builds rows in memory, as `SELECT id, columns ... ORDER BY id` would give them."""

    def __init__(self) -> None:
        self.rows: list[tuple[object, ...]] = []
        self._heads: dict[str, int] = {}

    def write(self, *drafts: EntryDraft, after_s: float = 0) -> "Book":
        for draft in drafts:
            seq = self._heads[draft.stream] = self._heads.get(draft.stream, 0) + 1
            entry = build_entry(draft, seq=seq, moment=Moment.of(NOW + timedelta(seconds=after_s)), mac=MAC)
            self.rows.append((len(self.rows) + 1, *entry.row()))
        return self


def recorded(*shapes: Shape) -> list[EntryDraft]:
    return [
        EntryDraft(
            Kind.SHAPE_RECORDED,
            made.tenant,
            Actor(Role.SYSTEM, "yumen"),
            about=made.digest,
            parts={"shape": made.digest, "document": made.document},
        )
        for made in shapes
    ]


def check_mac(body: bytes, mac: bytes) -> None:
    if not hmac.compare_digest(MAC(body), mac):
        raise TamperedError


def opening() -> Book:
    """The configuration and the shapes a read of this world relies on."""
    shapes = [shape(form) for form in ("flag", "bucket", "masked", "plain", None)]
    return Book().write(party(), purpose(), client(), notice(), *recorded(*shapes))
