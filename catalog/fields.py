"""Fields: the catalogued pieces of personal information, and what may become of each.

Rules enforced here:
- the effective grade is the highest any regime gives (`catalog.grades`);
- a field nobody classified has grade 5 and is withheld (PIPL 51(2));
- JR/T 0171 class C3 is withheld, raw and derived;
- a sensitive field names its kind and needs separate consent (PIPL 29);
- aggregates may show more than the raw value only where the raw value shows nothing.
"""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum

from catalog.forms import ReleaseForm
from catalog.grades import (
    UNKNOWN_GRADE,
    Classification,
    Gbt43697,
    GradePart,
    Jrt0171,
    Nfra,
    PiplKind,
    SensitiveKind,
    grade_parts,
)
from catalog.names import NAME_RULE, is_name
from catalog.retention import Retention, RetentionCode


class LawfulBasis(StrEnum):
    """The lawful bases of PIPL 13(1); item 2 counts twice, as contract and as hr."""

    CONSENT = "consent"
    CONTRACT = "contract"
    HR = "hr"
    STATUTORY_DUTY = "statutory_duty"
    EMERGENCY = "emergency"
    NEWS_SUPERVISION = "news_supervision"
    PUBLIC_INFO = "public_info"
    OTHER_LAW = "other_law"


class WrittenRule(StrEnum):
    """When a field needs written consent 书面同意 (credit reporting regulation 14, 18, 29).

    never; bureau: when the recipient is a credit bureau; provision: when the recipient is any
    other handler, a bureau included; always.
    """

    NEVER = "never"
    BUREAU = "bureau"
    PROVISION = "provision"
    ALWAYS = "always"


class MinorsRule(StrEnum):
    """What PIPL 31 makes of the field for a person under 14; block: not released at all."""

    GUARDIAN = "guardian"
    BLOCK = "block"


class IdentifierKind(StrEnum):
    """The kind of identifier a field holds: it decides canonical form, mask and check digit."""

    RESIDENT_ID = "resident_id"
    MOBILE = "mobile"
    BANK_CARD = "bank_card"
    EMAIL = "email"
    PASSPORT = "passport"
    NAME = "name"
    ADDRESS = "address"
    DEVICE = "device"
    ACCOUNT = "account"
    BIRTH_DATE = "birth_date"
    TRAVEL_PERMIT = "travel_permit"
    HONG_KONG_ID = "hong_kong_id"
    TAIWAN_ID = "taiwan_id"
    OFFICER_ID = "officer_id"
    PLATE = "plate"
    VEHICLE = "vehicle"
    COMPANY = "company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One piece of personal information, classified.

    Attributes:
        form: the mildest form in which the raw value may leave.
        derived_form: the mildest form in which an aggregate of it may leave.
        provided_form: a further limit when the recipient is another handler than the one
            that holds the field (PIPL 23); plain means no further limit.
        separate: separate consent 单独同意 is needed (PIPL 23, 29).
        source: the rules and catalogue rows the entry rests on.
        systems: the lending systems known to use it.
        classified: False only for `unknown_field`.
        grade: 1 to 5, computed.
    """

    name: str
    zh: str
    en: str
    pipl: PiplKind
    jrt0197: int
    jrt0171: Jrt0171
    bases: tuple[LawfulBasis, ...]
    separate: bool
    form: ReleaseForm
    derived_form: ReleaseForm
    retention: Retention
    source: tuple[str, ...]
    sensitive_kind: SensitiveKind | None = None
    gbt45574: SensitiveKind | None = None
    gbt43697: Gbt43697 | None = None
    nfra: Nfra | None = None
    authentication: bool = False
    written_rule: WrittenRule = WrittenRule.NEVER
    provided_form: ReleaseForm = ReleaseForm.PLAIN
    minors: MinorsRule = MinorsRule.GUARDIAN
    identifier: IdentifierKind | None = None
    systems: tuple[str, ...] = ()
    note: str = ""
    classified: bool = True
    grade: int = dataclasses.field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Compute the effective grade."""
        object.__setattr__(self, "grade", max(part.grade for part in self.grade_parts))

    @property
    def grade_parts(self) -> tuple[GradePart, ...]:
        """What each regime says, with its source line; the grade is the highest of these."""
        if not self.classified:
            rule = "PIPL 51(2): what is not classified is handled as the highest grade"
            return (GradePart("none", "unclassified", UNKNOWN_GRADE, rule),)
        return grade_parts(
            Classification(
                pipl=self.pipl,
                jrt0197=self.jrt0197,
                jrt0171=self.jrt0171,
                sensitive_kind=self.sensitive_kind,
                gbt45574=self.gbt45574,
                gbt43697=self.gbt43697,
                nfra=self.nfra,
                authentication=self.authentication,
            )
        )

    @property
    def written(self) -> bool:
        """Whether every release needs written consent, whoever receives it."""
        return self.written_rule is WrittenRule.ALWAYS

    def needs_written(self, *, bureau: bool, provision: bool) -> bool:
        """Say whether this release needs written consent.

        Shape: bureau: the recipient is a credit bureau; provision: the recipient is another
        handler than the one that holds the field.
        Law: credit reporting regulation 征信业管理条例 14, 18, 29.
        """
        match self.written_rule:
            case WrittenRule.NEVER:
                return False
            case WrittenRule.BUREAU:
                return bureau
            case WrittenRule.PROVISION:
                return bureau or provision
            case WrittenRule.ALWAYS:
                return True


def unknown_field(name: str) -> Field:
    """Stand in for a field that is not in the catalogue: highest grade, nothing released."""
    return Field(
        name=name,
        zh="未分类",
        en="Not classified",
        pipl=PiplKind.SENSITIVE,
        sensitive_kind=SensitiveKind.OTHER,
        jrt0197=UNKNOWN_GRADE,
        jrt0171=Jrt0171.C3,
        bases=(),
        separate=True,
        written_rule=WrittenRule.ALWAYS,
        form=ReleaseForm.WITHHELD,
        derived_form=ReleaseForm.WITHHELD,
        provided_form=ReleaseForm.WITHHELD,
        minors=MinorsRule.BLOCK,
        retention=Retention(RetentionCode.NONE, days=0),
        source=("PIPL 51(2)",),
        classified=False,
    )


def field_problems(field: Field) -> list[tuple[str, str]]:
    """Say what does not fit together within one field.

    Shape: (attribute, sentence) pairs, the attribute as it is called in a file.
    """
    found = [("retention", problem) for problem in field.retention.problems()]
    if not is_name(field.name):
        found.append(("name", f"not a field name: {NAME_RULE}"))
    if (field.pipl is PiplKind.SENSITIVE) != (field.sensitive_kind is not None):
        found.append(("pipl", "`sensitive` and `sensitive_kind` go together; give both or neither"))
    if field.pipl is PiplKind.SENSITIVE and not field.separate:
        found.append(("separate", "a sensitive field needs `separate: true` (PIPL 29)"))
    if not field.bases:
        found.append(("bases", "name at least one lawful basis (PIPL 13)"))
    return found + _form_problems(field)


def _form_problems(field: Field) -> list[tuple[str, str]]:
    found = []
    withheld = ReleaseForm.WITHHELD
    if field.jrt0171 is Jrt0171.C3 and (field.form, field.derived_form) != (withheld, withheld):
        found.append(("form", "class C3 is never released: `form` and `derived_form` are withheld"))
    if field.form is not withheld and field.derived_form.is_milder_than(field.form):
        found.append(("derived_form", f"may not be milder than `form`, which is {field.form}"))
    tokenless = field.identifier is None
    if field.form in {ReleaseForm.TOKEN, ReleaseForm.MASKED} and tokenless:
        found.append(("form", f"{field.form} needs `identifier`, the kind of identifier it is"))
    return found
