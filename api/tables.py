"""Tables of the HTTP side: answers kept for Idempotency-Key, and the probe that shows the database can be written.

Rules: an idempotency row holds digests of the key and of the request made with the deployment's ledger key, so neither
can be guessed back from the table; the stored answers are those of routes that answer without personal data.
"""

from sqlalchemy import BigInteger, Column, LargeBinary, Text
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
