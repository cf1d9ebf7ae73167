"""What the routes of the register share.

Rules: a change names at least one part; staff and scoring services look things up, data subjects only what notices
tell them of.
"""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import Depends
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.access import Holds
from api.identity import Principal, Role
from api.routes.wire import Answer
from api.strictroute import Body
from consent import Registered

STAFF = (Role.STEWARD, Role.DPO, Role.AUDITOR, Role.OPERATOR)
Region = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Insider = Annotated[Principal, Depends(Holds(*STAFF, Role.SCORER))]
Anybody = Annotated[Principal, Depends(Holds(*STAFF, Role.SCORER, Role.SUBJECT))]


class Change(Body):
    """Base of changes: what is named is replaced, the rest stays as it is."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("too_few_members", "must hold at least one member")
        return self


class RegisteredAnswer(Answer):
    """A change of the register: the version it made, the configuration's epoch, the ledger entry."""

    name: str
    version: int
    epoch: int
    entry: str

    @classmethod
    def of(cls, registered: Registered) -> RegisteredAnswer:
        """Tell of a change."""
        return cls(
            name=registered.name,
            version=registered.version,
            epoch=registered.epoch,
            entry=str(registered.entries[-1]),
        )
