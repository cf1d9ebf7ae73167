"""How de-identification refuses: plans, tables, aggregates and the budget they are paid from.

Rules: attributes say which column, query or how many cells are meant, never what stands in them.
"""

from collections.abc import Sequence
from typing import ClassVar

from vault.errors import VaultError


class DeidPlanError(VaultError):
    """A plan of de-identification does not fit the table or itself; `problems` name columns, never values."""

    code: ClassVar[str] = "vault/deid_plan"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class DeidDataError(VaultError):
    """Cells of a column cannot be used as the plan says; how many, never what stands in them."""

    code: ClassVar[str] = "vault/deid_data"

    def __init__(self, column: str, fault: str, cells: int) -> None:
        super().__init__(f"column `{column}`: {cells} cells are {fault}")
        self.column = column
        self.fault = fault
        self.cells = cells


class DeidImpossibleError(VaultError):
    """What is asked of a de-identified table cannot be reached; nothing comes out."""

    code: ClassVar[str] = "vault/deid_impossible"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class AggregatePlanError(VaultError):
    """Aggregates cannot be made as asked; `problems` name queries and members, never values."""

    code: ClassVar[str] = "vault/aggregate_plan"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)

    @property
    def problem(self) -> str:
        """The first one."""
        return self.problems[0] if self.problems else ""


class PrivacyBudgetNotSetError(VaultError):
    """Nobody set a privacy budget for this dataset and recipient, so nothing may be spent."""

    code: ClassVar[str] = "vault/privacy_budget_not_set"


class PrivacyBudgetSpentError(VaultError):
    """What is left of the privacy budget of this dataset and recipient is less than the aggregates cost."""

    code: ClassVar[str] = "vault/privacy_budget_spent"


class ReleaseNotFoundError(VaultError):
    """There is no such release of aggregates, or it is another recipient's."""

    code: ClassVar[str] = "vault/release_not_found"


class ReleaseKeyReusedError(VaultError):
    """The key of a retry belongs to a release of something else."""

    code: ClassVar[str] = "vault/release_key_reused"
