"""Tables of the vault.

Rules:
- no column holds an identifier or a key in clear: keys are wrapped, values sealed, index entries keyed;
- a token's row is authenticated: one edited, moved or without a code stands for nothing;
- everything that makes a subject readable or recognisable is found by (tenant, subject), so that it
  can be destroyed in one step: keys, identifiers, index entries, tokens.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class VaultKey(SQLModel, table=True):
    """A key of the deployment, wrapped by the root key."""

    __tablename__: ClassVar[str] = "vault_keys"

    purpose: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=LargeBinary)
    state: str = Field(sa_type=Text)
    created_us: int = Field(sa_type=BigInteger)


class VaultSubjectKey(SQLModel, table=True):
    """The keys of one subject, wrapped by a key-encryption key."""

    __tablename__: ClassVar[str] = "vault_subject_keys"
    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}  # read by key, on every read

    tenant: str = Field(primary_key=True, sa_type=Text)
    subject: str = Field(primary_key=True, sa_type=Text)
    kek_version: int = Field(index=True)
    wrapped: bytes = Field(sa_type=LargeBinary)
    created_us: int = Field(sa_type=BigInteger)


class VaultIdentifier(SQLModel, table=True):
    """One identifier of one subject, sealed under the subject's key."""

    __tablename__: ClassVar[str] = "vault_identifiers"
    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}  # read by key, on every read

    tenant: str = Field(primary_key=True, sa_type=Text)
    subject: str = Field(primary_key=True, sa_type=Text)
    field: str = Field(primary_key=True, sa_type=Text)
    sealed: bytes = Field(sa_type=LargeBinary)
    updated_us: int = Field(sa_type=BigInteger)


class VaultIndexEntry(SQLModel, table=True):
    """The blind index: which subjects have an identifier, without saying which identifier."""

    __tablename__: ClassVar[str] = "vault_index"
    __table_args__ = (
        Index(
            "vault_index_exclusive",
            "tenant",
            "field",
            "digest",
            unique=True,
            postgresql_where=text("is_exclusive"),
            sqlite_where=text("is_exclusive"),
        ),
        Index("vault_index_subject", "tenant", "subject", "field"),
    )

    tenant: str = Field(primary_key=True, sa_type=Text)
    field: str = Field(primary_key=True, sa_type=Text)
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    subject: str = Field(primary_key=True, sa_type=Text)
    is_exclusive: bool


class VaultToken(SQLModel, table=True):
    """A random token: what one recipient, for one purpose, gets instead of a value."""

    __tablename__: ClassVar[str] = "vault_tokens"
    __table_args__ = (
        UniqueConstraint("tenant", "subject", "field", "recipient", "purpose", name="vault_tokens_scope"),
    )

    token: str = Field(primary_key=True, sa_type=Text)
    tenant: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    field: str = Field(sa_type=Text)
    recipient: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    created_us: int = Field(sa_type=BigInteger)
    mac: bytes | None = Field(default=None, sa_type=LargeBinary)  # over every other column (`vault.rows`)
