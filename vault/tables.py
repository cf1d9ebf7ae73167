"""Tables of the vault.

Rules:
- no column holds an identifier or a key in clear: keys are wrapped, values sealed, index entries keyed;
- a token's row is authenticated: one edited, moved or without a code stands for nothing;
- everything that makes a subject readable or recognisable is found by (tenant, subject), so that it
  can be destroyed in one step: keys, identifiers, index entries, tokens.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

MAX_DIGEST = b"\xff" * 32
"""The highest digest of an index version, behind its header."""


class VaultKey(SQLModel, table=True):
    """A version of a key of the deployment, wrapped by the root key.

    Attributes:
        suite: the suite its algorithms belong to (vault.header.Suite).
        uses: encryptions with it that were set aside so far, in blocks (vault.uses).
    """

    __tablename__: ClassVar[str] = "vault_keys"

    purpose: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=LargeBinary)
    state: str = Field(sa_type=Text)
    created_us: int = Field(sa_type=BigInteger)
    suite: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default=text("1")))
    uses: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))


class VaultSubjectKey(SQLModel, table=True):
    """The keys of one subject, wrapped by a key-encryption key.

    Attributes:
        seal_marks: one for each of about 2^16 sealings under the subject's key (vault.uses).
    """

    __tablename__: ClassVar[str] = "vault_subject_keys"
    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}  # read by key, on every read

    tenant: str = Field(primary_key=True, sa_type=Text)
    subject: str = Field(primary_key=True, sa_type=Text)
    kek_version: int = Field(index=True)
    wrapped: bytes = Field(sa_type=LargeBinary)
    created_us: int = Field(sa_type=BigInteger)
    seal_marks: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))


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


class VaultRevealDay(SQLModel, table=True):
    """How many tokens a client asked to have revealed on one day."""

    __tablename__: ClassVar[str] = "vault_reveal_days"
    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}

    tenant: str = Field(primary_key=True, sa_type=Text)
    client: str = Field(primary_key=True, sa_type=Text)
    day: int = Field(primary_key=True)
    used: int = Field(sa_type=BigInteger)


class VaultRevealTotal(SQLModel, table=True):
    """How many identifiers a client was ever shown, by the threshold of the law that counts them."""

    __tablename__: ClassVar[str] = "vault_reveal_totals"
    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}

    tenant: str = Field(primary_key=True, sa_type=Text)
    client: str = Field(primary_key=True, sa_type=Text)
    threshold: int = Field(primary_key=True)
    shown: int = Field(sa_type=BigInteger)


class VaultRevealRequest(SQLModel, table=True):
    """A request to reveal many tokens at once, which somebody else approves; the tokens as a keyed digest only."""

    __tablename__: ClassVar[str] = "vault_reveal_requests"

    id: str = Field(primary_key=True, sa_type=Text)
    tenant: str = Field(sa_type=Text)
    client: str = Field(sa_type=Text)
    digest: bytes = Field(sa_type=LargeBinary)
    tokens: int
    asked_by: str = Field(sa_type=Text)
    asked_us: int = Field(sa_type=BigInteger)
    expires_us: int = Field(sa_type=BigInteger)
    approved_by: str | None = Field(default=None, sa_type=Text)
    approved_us: int | None = Field(default=None, sa_type=BigInteger)
    used_us: int | None = Field(default=None, sa_type=BigInteger)


class VaultPrivacyBudget(SQLModel, table=True):
    """How much privacy the aggregates of a dataset may cost a recipient in all, and how much they did.

    Epsilon in millionths, delta in 10^-12 (`vault.aggregate_plans`).
    """

    __tablename__: ClassVar[str] = "vault_privacy_budgets"
    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}

    tenant: str = Field(primary_key=True, sa_type=Text)
    dataset: str = Field(primary_key=True, sa_type=Text)
    recipient: str = Field(primary_key=True, sa_type=Text)
    epsilon_limit: int = Field(sa_type=BigInteger)
    epsilon_spent: int = Field(sa_type=BigInteger)
    delta_limit: int = Field(sa_type=BigInteger)
    delta_spent: int = Field(sa_type=BigInteger)
    set_by: str = Field(sa_type=Text)
    set_us: int = Field(sa_type=BigInteger)
    mac: bytes = Field(sa_type=LargeBinary)  # over every other column (`vault.rows`)


class VaultPrivacyRelease(SQLModel, table=True):
    """Aggregates that were released: the noisy answer as it was given, kept for whoever asks for it again.

    Attributes:
        retry: keyed digest of who asked and the key they gave; None if they gave none.
        request: keyed digest of what was asked.
    """

    __tablename__: ClassVar[str] = "vault_privacy_releases"
    __table_args__ = (
        UniqueConstraint("tenant", "retry", name="vault_privacy_releases_retry"),
        Index("vault_privacy_releases_budget", "tenant", "dataset", "recipient"),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    tenant: str = Field(sa_type=Text)
    dataset: str = Field(sa_type=Text)
    recipient: str = Field(sa_type=Text)
    client: str | None = Field(default=None, sa_type=Text)
    retry: bytes | None = Field(default=None, sa_type=LargeBinary)
    request: bytes = Field(sa_type=LargeBinary)
    epsilon: int = Field(sa_type=BigInteger)
    delta: int = Field(sa_type=BigInteger)
    answer: str = Field(sa_type=Text)
    entry: int = Field(sa_type=BigInteger)
    made_us: int = Field(sa_type=BigInteger)
