"""The gate's own tables: sealed feature values; what decisions were made from; loads; certificates of erasure.

Rules:
- a row holds one segment: all features of one view that derive from the same fields, under the subject's data key;
- so a field that was denied is never read from its source, and one opening serves every feature of a segment;
- no value, and no name of a value, stands in clear;
- facts and policies are kept by the digest of what they are, so that nobody can exchange one unnoticed; they hold no
  identity and are never deleted, and there are as many as there are situations (docs/formats/facts.md).
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, LargeBinary, String, Table, Text
from sqlmodel import Field, SQLModel


class GateValue(SQLModel, table=True):
    """One sealed segment of one subject."""

    __tablename__ = "gate_values"
    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}  # a subject's segments stand together

    tenant: str = Field(sa_type=String, primary_key=True)
    subject: str = Field(sa_type=String, primary_key=True)
    segment: str = Field(sa_type=String, primary_key=True)
    observed_us: int = Field(sa_type=BigInteger)
    sealed: bytes = Field(sa_type=LargeBinary)


class GateLoad(SQLModel, table=True):
    """How far a bulk load has come, so that a killed one goes on where it stopped."""

    __tablename__ = "gate_loads"

    tenant: str = Field(sa_type=String, primary_key=True)
    source: str = Field(sa_type=String, primary_key=True)
    view: str = Field(sa_type=String)
    rows_done: int = Field(sa_type=BigInteger)
    rows_rejected: int = Field(sa_type=BigInteger)
    finished: bool = False
    updated_us: int = Field(sa_type=BigInteger)


class GateCall(SQLModel, table=True):
    """The part of facts documents that all subjects of one call share, by its digest."""

    __tablename__ = "gate_calls"

    digest: str = Field(sa_type=String, primary_key=True)
    document: str = Field(sa_type=Text)
    kept_us: int = Field(sa_type=BigInteger)


class GateFacts(SQLModel, table=True):
    """A facts document: the digest of its call, and the situation of the subject."""

    __tablename__ = "gate_facts"

    digest: str = Field(sa_type=String, primary_key=True)
    call: str = Field(sa_type=String)
    subject: str = Field(sa_type=Text)
    kept_us: int = Field(sa_type=BigInteger)


class GatePolicy(SQLModel, table=True):
    """A policy that decided reads, whole, by its revision."""

    __tablename__ = "gate_policies"

    revision: str = Field(sa_type=String, primary_key=True)
    module: bytes = Field(sa_type=LargeBinary)
    data: bytes = Field(sa_type=LargeBinary)
    kept_us: int = Field(sa_type=BigInteger)


class GateCertificate(SQLModel, table=True):
    """One certificate of erasure, as it was signed (docs/formats/erasure-certificate.md)."""

    __tablename__ = "gate_certificates"

    id: str = Field(sa_type=String, primary_key=True)
    tenant: str = Field(sa_type=String)
    body: str = Field(sa_type=Text)
    signature: bytes = Field(sa_type=LargeBinary)


VALUES: Table = SQLModel.metadata.tables["gate_values"]
LOADS: Table = SQLModel.metadata.tables["gate_loads"]
CERTIFICATES: Table = SQLModel.metadata.tables["gate_certificates"]
CALLS: Table = SQLModel.metadata.tables["gate_calls"]
FACTS: Table = SQLModel.metadata.tables["gate_facts"]
POLICIES: Table = SQLModel.metadata.tables["gate_policies"]
