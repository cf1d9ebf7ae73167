"""Everything the consent room refuses, under one root.

Attributes and messages name things of the configuration and opaque references, never personal data.
"""

from typing import ClassVar

from catalog import is_name
from consent.patterns import is_reference


class ConsentError(Exception):
    """Root of all refusals of the consent room."""

    code: ClassVar[str] = "consent/error"


class InvalidValueError(ConsentError):
    """A value has the wrong shape (a name, reference, region, time or limit)."""

    code: ClassVar[str] = "consent/invalid_value"

    def __init__(self, item: str, rule: str) -> None:
        super().__init__(f"{item}: {rule}")
        self.item = item
        self.rule = rule


class NotFoundError(ConsentError):
    """Base of "no such thing in this tenant"; another tenant's things count as absent.

    What is neither a name nor a reference is not repeated, since anything may have been typed there.
    """

    code: ClassVar[str] = "consent/not_found"
    thing: ClassVar[str] = "thing"

    def __init__(self, name: str) -> None:
        self.name = name if is_name(name) or is_reference(name) else "(not a name)"
        super().__init__(f"no such {self.thing}: {self.name}")


class TenantNotFoundError(NotFoundError):
    """The tenant is not registered."""

    code: ClassVar[str] = "consent/tenant_not_found"
    thing: ClassVar[str] = "tenant"


class PartyNotFoundError(NotFoundError):
    """The party is not registered with this tenant."""

    code: ClassVar[str] = "consent/party_not_found"
    thing: ClassVar[str] = "party"


class ClientNotFoundError(NotFoundError):
    """The client is not registered with this tenant."""

    code: ClassVar[str] = "consent/client_not_found"
    thing: ClassVar[str] = "client"


class PurposeNotFoundError(NotFoundError):
    """The purpose is not registered with this tenant."""

    code: ClassVar[str] = "consent/purpose_not_found"
    thing: ClassVar[str] = "purpose"


class NoticeNotFoundError(NotFoundError):
    """The notice, or this version of it, was never published by this tenant."""

    code: ClassVar[str] = "consent/notice_not_found"
    thing: ClassVar[str] = "notice"


class SubjectNotFoundError(NotFoundError):
    """The data subject is not known to this tenant."""

    code: ClassVar[str] = "consent/subject_not_found"
    thing: ClassVar[str] = "subject"


class GrantNotFoundError(NotFoundError):
    """The subject has no such grant."""

    code: ClassVar[str] = "consent/grant_not_found"
    thing: ClassVar[str] = "grant"


class UnknownFieldError(NotFoundError):
    """The field is not in the catalogue."""

    code: ClassVar[str] = "consent/unknown_field"
    thing: ClassVar[str] = "field"


class AlreadyRegisteredError(ConsentError):
    """The name is taken; update it instead."""

    code: ClassVar[str] = "consent/already_registered"

    def __init__(self, thing: str, name: str) -> None:
        super().__init__(f"this {thing} is registered already: {name}")
        self.thing = thing
        self.name = name


class NoticeItemMissingError(ConsentError):
    """A notice lacks an item that PIPL 17, 23 or 30 requires."""

    code: ClassVar[str] = "consent/notice_item_missing"

    def __init__(self, item: str, article: str) -> None:
        super().__init__(f"the notice lacks {item} ({article})")
        self.item = item
        self.article = article


class NoticeMismatchError(ConsentError):
    """The notice says something else than the registered purpose or party."""

    code: ClassVar[str] = "consent/notice_mismatch"

    def __init__(self, item: str) -> None:
        super().__init__(f"the notice and the register differ in {item}")
        self.item = item


class NoticeNotCurrentError(ConsentError):
    """The consent refers to another version or text than the one now in force (PIPL 14)."""

    code: ClassVar[str] = "consent/notice_not_current"

    def __init__(self, notice: str, version: int) -> None:
        super().__init__(f"notice {notice} version {version} with this text is not in force; show the current one")
        self.notice = notice
        self.version = version


class NotInForceError(ConsentError):
    """The purpose is inactive or the party's contract has ended."""

    code: ClassVar[str] = "consent/not_in_force"

    def __init__(self, thing: str, name: str) -> None:
        super().__init__(f"this {thing} is not in force: {name}")
        self.thing = thing
        self.name = name


class BoundExceededError(ConsentError):
    """The consent asks for more than notice and purpose allow."""

    code: ClassVar[str] = "consent/bound_exceeded"

    def __init__(self, item: str, limit: str) -> None:
        super().__init__(f"{item} goes beyond {limit}")
        self.item = item
        self.limit = limit


class BlanketConsentError(ConsentError):
    """No fields, repeated fields or "everything": not specific (PIPL 14; regulation 消保 23)."""

    code: ClassVar[str] = "consent/blanket"


class NotShownSeparatelyError(ConsentError):
    """A separate or written consent lists a field the notice does not show separately."""

    code: ClassVar[str] = "consent/not_shown_separately"

    def __init__(self, field: str) -> None:
        super().__init__(f"the notice does not show this field separately: {field}")
        self.field = field


class EvidenceMissingError(ConsentError):
    """A written consent needs a reference to its evidence."""

    code: ClassVar[str] = "consent/evidence_missing"


class RecipientNotNamedError(ConsentError):
    """The notice does not name this recipient for what is asked (PIPL 23)."""

    code: ClassVar[str] = "consent/recipient_not_named"

    def __init__(self, party: str) -> None:
        super().__init__(f"the notice does not name this recipient so: {party}")
        self.party = party


class SeparateConsentNeededError(ConsentError):
    """Providing data to another handler needs a separate consent (PIPL 23)."""

    code: ClassVar[str] = "consent/separate_needed"


class NotLiveError(ConsentError):
    """The grant is not in a state from which this can be done."""

    code: ClassVar[str] = "consent/not_live"

    def __init__(self, grant: str, state: str) -> None:
        super().__init__(f"grant {grant} is {state}")
        self.grant = grant
        self.state = state


class NothingToWithdrawError(ConsentError):
    """No live or paused grant matches; nothing was changed."""

    code: ClassVar[str] = "consent/nothing_to_withdraw"


class SubjectRestrictedError(ConsentError):
    """The subject's data is only kept, not used (PIPL 47(2)): no new consent is taken, no value stored."""

    code: ClassVar[str] = "consent/subject_restricted"


class HoldStandsError(ConsentError):
    """A legal hold stands against erasing the subject now (PIPL 47(2))."""

    code: ClassVar[str] = "consent/hold_stands"


class HoldNotFoundError(NotFoundError):
    """There is no such hold in this tenant."""

    code: ClassVar[str] = "consent/hold_not_found"
    thing: ClassVar[str] = "hold"


class ErasureNotFoundError(NotFoundError):
    """There is no such request to erase in this tenant, or it is not the caller's."""

    code: ClassVar[str] = "consent/erasure_not_found"
    thing: ClassVar[str] = "request to erase"


class ErasureDecidedError(ConsentError):
    """The request to erase was decided before."""

    code: ClassVar[str] = "consent/erasure_decided"


class TooManyGrantsError(ConsentError):
    """The subject holds as many open grants for this purpose and recipient as one may."""

    code: ClassVar[str] = "consent/too_many_grants"


class TooSoonToAskError(ConsentError):
    """The subject refused not long ago and may not be asked again yet (regulation 790, 22(5))."""

    code: ClassVar[str] = "consent/too_soon_to_ask"


class HistoryBrokenError(ConsentError):
    """Recorded events do not form a legal history."""

    code: ClassVar[str] = "consent/history_broken"

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"event {seq}: {reason}")
        self.seq = seq
        self.reason = reason


class RowTamperedError(ConsentError):
    """A stored row is not as it was written: changed by hand, put back, or never sealed; nothing is built on it."""

    code: ClassVar[str] = "consent/row_tampered"

    def __init__(self, table: str) -> None:
        super().__init__(f"a row of {table} does not hold")
        self.table = table
