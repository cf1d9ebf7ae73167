"""Tables of the HTTP side: answers kept for Idempotency-Key, results of audits, the probe that shows a commit works.

Rules: an idempotency row holds digests of the key and of the request made with the deployment's ledger key, so neither
can be guessed back from the table; the stored answers are those of routes that answer without personal data.
"""

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, Text
from sqlmodel import Field, SQLModel


class IdempotencyRow(SQLModel, table=True):
    """One use of an Idempotency-Key; ``status`` and ``body`` are set in the transaction that made the row."""

    __tablename__ = "api_idempotency"

    tenant: str = Field(primary_key=True, max_length=63)
    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    request: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    status: int | None = None
    body: str | None = Field(default=None, sa_column=Column(Text))
    expires_us: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


class ProbeRow(SQLModel, table=True):
    """The last time each replica wrote; readiness writes here to show that a commit works."""

    __tablename__ = "api_probes"

    replica: str = Field(primary_key=True, max_length=64)
    at_us: int = Field(sa_column=Column(BigInteger, nullable=False))


class AuditRow(SQLModel, table=True):
    """What an audit found; ``entry`` is the ledger entry that says it was run, ``document`` canonical JSON."""

    __tablename__ = "api_audits"

    tenant: str = Field(primary_key=True, max_length=63)
    entry: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    agrees: bool = Field(sa_column=Column(Boolean, nullable=False))
    document: str = Field(sa_column=Column(Text, nullable=False))
