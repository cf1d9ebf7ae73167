"""Refusals of revealing tokens; see `vault.errors` for the rules."""

from typing import ClassVar

from vault.errors import VaultError


class RevealRefusedError(VaultError):
    """The purpose does not allow this field's tokens to be revealed, or bulk revealing is off."""

    code: ClassVar[str] = "vault/reveal_refused"


class RevealBudgetError(VaultError):
    """The client's budget of the day does not cover what is asked; nothing was revealed."""

    code: ClassVar[str] = "vault/reveal_budget"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} tokens a day")
        self.limit = limit


class RevealApprovalNeededError(VaultError):
    """So many tokens at once need a request that somebody else approved."""

    code: ClassVar[str] = "vault/reveal_approval_needed"

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} tokens at once need an approved request")
        self.limit = limit


class RevealRequestNotFoundError(VaultError):
    """No such request of this tenant and client that is still open, or it was about other tokens."""

    code: ClassVar[str] = "vault/reveal_request_not_found"


class RevealNotApprovedError(VaultError):
    """The request was not approved yet."""

    code: ClassVar[str] = "vault/reveal_not_approved"


class RevealSamePersonError(VaultError):
    """Who asked cannot approve."""

    code: ClassVar[str] = "vault/reveal_same_person"
