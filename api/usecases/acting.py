"""Who acts, and on whom they may.

Rules:
- a data subject acts on themself: any other reference counts as absent, whether it exists or not;
- staff act for a subject only with evidence of the subject's will, and stand in the ledger under their own role;
- the role written down is the one that let the caller in.
"""

from __future__ import annotations

from api.identity import Principal, Role
from api.problems import ProblemError
from consent import Actor, SubjectId, SubjectNotFoundError
from lineage import Actor as LedgerActor
from lineage import Role as LedgerRole


def actor(caller: Principal, *roles: Role) -> Actor:
    """The caller as consent's journal names them, in the first of ``roles`` they hold."""
    role = caller.acting_as(*roles)
    if role is None:
        raise ValueError("the route let in a caller without any of its roles")
    return Actor(role.value, caller.id)


def ledger_actor(caller: Principal, *roles: Role) -> LedgerActor:
    """Staff as the ledger names them."""
    by = actor(caller, *roles)
    return LedgerActor(LedgerRole(by.role), by.id)


def whom(caller: Principal, named: str | None) -> SubjectId:
    """The subject a request is about: the caller, or whom staff named.

    Raises: SubjectNotFoundError: a subject named somebody else; ProblemError: request/subject_needed.
    """
    if caller.subject is not None:
        if named not in {None, caller.subject}:
            raise SubjectNotFoundError("")
        return SubjectId(caller.tenant, caller.subject)
    if named is None:
        raise ProblemError("request/subject_needed")
    return SubjectId(caller.tenant, named)


def check_evidence(caller: Principal, evidence: str | None) -> None:
    """Check that staff who act for a subject hold evidence. Raises: ProblemError: request/evidence_needed."""
    if caller.subject is None and evidence is None:
        raise ProblemError("request/evidence_needed")
