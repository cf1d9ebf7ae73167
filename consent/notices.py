"""Notices: what a person is told before consenting, versioned and bound by hash.

Rules, checked when a notice is published:
- PIPL 17: handler's name and contact, purpose, method, kinds (fields), retention period, how to exercise rights;
- PIPL 30, if any field is sensitive: necessity and impact on the person;
- PIPL 23, for every other handler that receives data: its name, contact, purpose, method, kinds;
- all in Chinese and English; a lacking item is a typed error that names it.
`Notice.material` digests purpose, method, kinds and recipients: when it changes, older consents are stale (PIPL 14).
A change of wording alone changes the hash but not the material.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from catalog import digest
from consent.errors import InvalidValueError, NoticeItemMissingError
from consent.ids import check_name, check_text
from consent.values import BilingualText, Method, Purpose, check_distinct


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRecipient:
    """Another handler that receives data, with the items of PIPL 23."""

    party: str
    name: BilingualText
    contact: str
    purpose: BilingualText
    method: BilingualText
    fields: tuple[str, ...]

    def __post_init__(self) -> None:
        check_name(self.party, "recipient party")
        if self.contact:
            check_text(self.contact, "recipient contact", 200)
        check_distinct(self.fields, "recipient fields")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDraft:
    """The content of a notice before it is published.

    Attributes:
        handler: the party that gives the notice; name and contact as shown.
        fields: the kinds of data; ``separate``: those of them shown separately, for separate consent.
        necessity, impact: the items of PIPL 30.
        recipients: other handlers that receive data (PIPL 23).
    """

    tenant: str
    name: str
    purpose: str
    handler: str
    handler_name: BilingualText
    handler_contact: str
    text: BilingualText
    purpose_text: BilingualText
    methods: tuple[Method, ...]
    method_text: BilingualText
    fields: tuple[str, ...]
    retention: BilingualText
    rights: BilingualText
    separate: tuple[str, ...] = ()
    necessity: BilingualText | None = None
    impact: BilingualText | None = None
    recipients: tuple[NoticeRecipient, ...] = ()

    def __post_init__(self) -> None:
        for text, item in (
            (self.tenant, "tenant"),
            (self.name, "notice"),
            (self.purpose, "purpose"),
            (self.handler, "handler"),
        ):
            check_name(text, item)
        if self.handler_contact:
            check_text(self.handler_contact, "handler_contact", 200)
        check_distinct(self.fields, "fields")
        check_distinct(self.separate, "separate")
        check_distinct(self.methods, "methods")
        check_distinct((recipient.party for recipient in self.recipients), "recipients")
        if not set(self.separate) <= set(self.fields):
            raise InvalidValueError("separate", "lists a field the notice does not name")

    def recipient(self, party: str) -> NoticeRecipient | None:
        """The entry of another handler, None if it is not named."""
        return next((recipient for recipient in self.recipients if recipient.party == party), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A published version of a notice.

    Attributes:
        version: from 1, without gaps.
        hash: SHA-256 of the canonical JSON of content and version, 64 hex digits.
        material: digest of purpose, method, kinds and recipients.
    """

    content: NoticeDraft
    version: int
    hash: str
    material: str


def publishable(draft: NoticeDraft, version: int, purpose: Purpose) -> Notice:
    """Give a checked draft its version, hash and material."""
    document = {"version": version, "content": msgspec.to_builtins(draft)}
    return Notice(content=draft, version=version, hash=digest(document), material=material_of(draft, purpose))


def material_of(draft: NoticeDraft, purpose: Purpose) -> str:
    """Digest what PIPL 14 calls a change: purpose, method, kinds; and the recipients (PIPL 23).

    The order in which a notice lists things does not matter.
    """
    return digest(
        {
            "purpose": {"name": purpose.name, "revision": purpose.revision},
            "method": {"ways": sorted(purpose.methods), "automated": purpose.automated},
            "kinds": sorted(draft.fields),
            "handler": draft.handler,
            "recipients": sorted([recipient.party, *sorted(recipient.fields)] for recipient in draft.recipients),
        }
    )


def check_items(draft: NoticeDraft, *, has_sensitive: bool) -> None:
    """Check that every required item is there, in both languages.

    Raises: NoticeItemMissingError: naming the first missing item and its article.
    Law: PIPL 17, 23, 30.
    """
    _need(draft.handler_name, "handler name", "PIPL 17(1)")
    _need(draft.handler_contact, "handler contact", "PIPL 17(1)")
    _need(draft.purpose_text, "purpose", "PIPL 17(2)")
    _need(draft.methods, "method", "PIPL 17(2)")
    _need(draft.method_text, "method", "PIPL 17(2)")
    _need(draft.fields, "kinds", "PIPL 17(2)")
    _need(draft.retention, "retention period", "PIPL 17(2)")
    _need(draft.rights, "how to exercise rights", "PIPL 17(3)")
    _need(draft.text, "text", "PIPL 17")
    if has_sensitive:
        _need(draft.necessity, "necessity", "PIPL 30")
        _need(draft.impact, "impact", "PIPL 30")
    for recipient in draft.recipients:
        _need(recipient.name, "recipient name", "PIPL 23")
        _need(recipient.contact, "recipient contact", "PIPL 23")
        _need(recipient.purpose, "recipient purpose", "PIPL 23")
        _need(recipient.method, "recipient method", "PIPL 23")
        _need(recipient.fields, "recipient kinds", "PIPL 23")


def _need(item: BilingualText | str | tuple[str, ...] | None, name: str, article: str) -> None:
    given = (
        item.is_complete if isinstance(item, BilingualText) else bool(item.strip() if isinstance(item, str) else item)
    )
    if not given:
        raise NoticeItemMissingError(name, article)
