"""How long a field may be used, and how long it must be kept.

Two numbers, since they point in opposite directions:
- `days` is a ceiling: a value observed longer ago is not released (PIPL 19). Rounded down.
- `hold_days` is a floor: the record may not be destroyed earlier, even where it may no longer
  be released (PIPL 47(2)). Rounded up.

| code | ceiling | floor | rests on |
| --- | --- | --- | --- |
| AML10 | 3650 | 3653 | anti-money-laundering law 2024, art. 34: at least ten years |
| NEG5 | 1825 | - | credit reporting regulation, art. 16: five years from the end of the event |
| LOAN | - | - | the life of the loan |
| PUR | - | - | the purpose, or withdrawal (PIPL 47) |
| LOG | - | 184 | cybersecurity law: network logs at least six months |
| EVIDENCE | - | 1096 | PIPL 56; network data regulation, art. 12: at least three years |
| DAYS | as given | - | the deployment's own shortest necessary period (PIPL 19) |
| SESSION | 0 | - | gone when the session ends |
| NONE | 0 | - | never stored |

A ceiling of 0 days means that a stored value is never released. Consent, purpose and loan ends
are not ages of a value: the gate learns them from grants and purposes.
"""

from dataclasses import dataclass
from enum import StrEnum


class RetentionCode(StrEnum):
    """The rule a field's retention rests on."""

    AML10 = "AML10"
    NEG5 = "NEG5"
    LOAN = "LOAN"
    PUR = "PUR"
    LOG = "LOG"
    EVIDENCE = "EVIDENCE"
    DAYS = "DAYS"
    SESSION = "SESSION"
    NONE = "NONE"


CEILINGS: dict[RetentionCode, int] = {
    RetentionCode.AML10: 3650,
    RetentionCode.NEG5: 1825,
    RetentionCode.SESSION: 0,
    RetentionCode.NONE: 0,
}
FLOORS: dict[RetentionCode, int] = {
    RetentionCode.AML10: 3653,
    RetentionCode.LOG: 184,
    RetentionCode.EVIDENCE: 1096,
}


@dataclass(frozen=True, slots=True)
class Retention:
    """A field's retention; see the module for what the two numbers mean.

    Shape: days and hold_days are None where the rule sets no number.
    """

    code: RetentionCode
    days: int | None = None
    hold_days: int | None = None

    @classmethod
    def by(
        cls,
        code: RetentionCode,
        *,
        days: int | None = None,
        hold_days: int | None = None,
    ) -> "Retention":
        """Build a retention, filling in the numbers that the code itself sets."""
        return cls(
            code=code,
            days=CEILINGS.get(code) if days is None else days,
            hold_days=FLOORS.get(code) if hold_days is None else hold_days,
        )

    def problems(self) -> list[str]:
        """Say what contradicts the rule behind the code; an empty list if nothing does."""
        found = []
        ceiling, floor = CEILINGS.get(self.code), FLOORS.get(self.code)
        if self.code is RetentionCode.DAYS and self.days is None:
            found.append("DAYS needs `days`, the longest a value may be released after it was seen")
        if ceiling is not None and (self.days is None or self.days > ceiling):
            found.append(f"{self.code} allows at most {ceiling} days; give fewer or none")
        if floor is not None and (self.hold_days is None or self.hold_days < floor):
            found.append(f"{self.code} must be kept at least {floor} days; give more or none")
        return found
