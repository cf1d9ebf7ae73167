"""Grades: one number from 1 to 5 for how dear a piece of personal information is.

Every regime that speaks about a field is mapped to the five steps of JR/T 0197-2020, and
the highest mapped step is the field's effective grade. A regime that is silent about a field
has no say; a field that nobody classified has the highest grade.

| regime | given | grade | source |
| --- | --- | --- | --- |
| PIPL | general, caution, sensitive | 2, 3, 3 | PIPL 28; GB/T 43697-2024 floor of personal data |
| PIPL | biometric or authentication data | 4 | JR/T 0197-2020 annex A level 4 |
| JR/T 0197 | level 1 to 5 | the same | JR/T 0197-2020 |
| JR/T 0171 | C1, C2, C3 | 2, 3, 4 | JR/T 0197-2020, rule for personal financial data |
| GB/T 45574 | any listed kind | 3 (BIO 4) | GB/T 45574-2025 |
| GB/T 43697 | general 1 to 4, important, core | 1 to 4, 5, 5 | GB/T 43697-2024; JR/T 0197 level 5 |
| NFRA | other, sensitive, important, core | 2, 3, 5, 5 | rule no. 24 of 2024, art. 18 |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

UNKNOWN_GRADE = 5
GRADES = range(1, 6)


class PiplKind(StrEnum):
    """What PIPL and the standards beside it make of a field.

    Caution 谨慎: not listed as sensitive by GB/T 45574-2025, but sensitive in GB/T 35273-2020
    or by aggregation; it is graded like sensitive data.
    """

    GENERAL = "general"
    CAUTION = "caution"
    SENSITIVE = "sensitive"


class SensitiveKind(StrEnum):
    """A kind of sensitive personal information 敏感个人信息 (PIPL 28, GB/T 45574-2025)."""

    BIOMETRIC = "BIO"
    FINANCIAL = "FIN"
    TRACK = "TRK"
    IDENTITY = "ID"
    OTHER = "OTH"


class Jrt0171(StrEnum):
    """A class of JR/T 0171-2020; C3 用户鉴别信息 is never shown, shared or entrusted."""

    NONE = "none"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"


class Gbt43697(StrEnum):
    """A class of GB/T 43697-2024: general data in four steps, important 重要, core 核心."""

    GENERAL_1 = "general_1"
    GENERAL_2 = "general_2"
    GENERAL_3 = "general_3"
    GENERAL_4 = "general_4"
    IMPORTANT = "important"
    CORE = "core"


class Nfra(StrEnum):
    """A class of the banking and insurance data security measures (NFRA no. 24 of 2024)."""

    OTHER = "other"
    SENSITIVE = "sensitive"
    IMPORTANT = "important"
    CORE = "core"


@dataclass(frozen=True, slots=True)
class Classification:
    """What each regime says about one field; None where a regime is silent."""

    pipl: PiplKind
    jrt0197: int
    jrt0171: Jrt0171
    sensitive_kind: SensitiveKind | None = None
    gbt45574: SensitiveKind | None = None
    gbt43697: Gbt43697 | None = None
    nfra: Nfra | None = None
    authentication: bool = False


@dataclass(frozen=True, slots=True)
class GradePart:
    """One regime's contribution to an effective grade, with the line it rests on."""

    regime: str
    given: str
    grade: int
    source: str


_PIPL: Mapping[PiplKind, tuple[int, str]] = {
    PiplKind.GENERAL: (2, "GB/T 43697-2024: general personal data is at least step 2"),
    PiplKind.CAUTION: (3, "GB/T 35273-2020 annex B, handled like PIPL 28"),
    PiplKind.SENSITIVE: (3, "PIPL 28"),
}
_JRT0171 = {Jrt0171.C1: 2, Jrt0171.C2: 3, Jrt0171.C3: 4}
_GBT43697 = {
    Gbt43697.GENERAL_1: 1,
    Gbt43697.GENERAL_2: 2,
    Gbt43697.GENERAL_3: 3,
    Gbt43697.GENERAL_4: 4,
    Gbt43697.IMPORTANT: 5,
    Gbt43697.CORE: 5,
}
_NFRA = {Nfra.OTHER: 2, Nfra.SENSITIVE: 3, Nfra.IMPORTANT: 5, Nfra.CORE: 5}
_LEVEL_4 = "JR/T 0197-2020 annex A level 4"


def grade_parts(given: Classification) -> tuple[GradePart, ...]:
    """Map what every regime says to the five steps.

    Shape: one part for each regime that speaks, in the order of the module's table.
    """
    step, source = _PIPL[given.pipl]
    parts = [
        GradePart("PIPL", given.pipl.value, step, source),
        GradePart("JR/T 0197", str(given.jrt0197), given.jrt0197, "JR/T 0197-2020 annex A"),
    ]
    if given.sensitive_kind is SensitiveKind.BIOMETRIC:
        parts.append(GradePart("PIPL", "biometric", 4, _LEVEL_4))
    if given.authentication:
        parts.append(GradePart("PIPL", "authentication", 4, _LEVEL_4))
    if given.jrt0171 is not Jrt0171.NONE:
        rule = "JR/T 0197-2020: C1 at least 2, C2 at least 3, C3 at least 4"
        parts.append(GradePart("JR/T 0171", given.jrt0171.value, _JRT0171[given.jrt0171], rule))
    if given.gbt45574 is not None:
        step = 4 if given.gbt45574 is SensitiveKind.BIOMETRIC else 3
        parts.append(GradePart("GB/T 45574", given.gbt45574.value, step, "GB/T 45574-2025"))
    if given.gbt43697 is not None:
        step = _GBT43697[given.gbt43697]
        parts.append(GradePart("GB/T 43697", given.gbt43697.value, step, "GB/T 43697-2024"))
    if given.nfra is not None:
        rule = "banking and insurance data security measures, art. 18"
        parts.append(GradePart("NFRA", given.nfra.value, _NFRA[given.nfra], rule))
    return tuple(parts)


def effective_grade(given: Classification) -> int:
    """Return the highest grade that any regime gives."""
    return max(part.grade for part in grade_parts(given))
