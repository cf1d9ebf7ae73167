"""Tables of the catalogue.

Rules:
- every revision that was ever in force stays, found by its digest, so that a decision can be replayed
  under the catalogue it was made under;
- one row says which revision is in force;
- columns under review are found by place and by state; their history is only added to.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

# Byte order instead of a language's: the same on every server.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


class CatalogRevision(SQLModel, table=True):
    """A revision: its digest and the canonical JSON it is the digest of."""

    __tablename__: ClassVar[str] = "catalog_revisions"

    revision: str = Field(primary_key=True, sa_type=Text)
    document: str = Field(sa_type=Text)
    created_us: int = Field(sa_type=BigInteger)


class CatalogCurrent(SQLModel, table=True):
    """The revision in force, since when; one row."""

    __tablename__: ClassVar[str] = "catalog_current"
    __table_args__ = (CheckConstraint("id = 1", name="catalog_current_one_row"),)

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    revision: str = Field(sa_type=Text, foreign_key="catalog_revisions.revision")
    since_us: int = Field(sa_type=BigInteger)


class CatalogColumn(SQLModel, table=True):
    """A column under review: what a scan found, what a person confirmed; counts and names, never a value."""

    __tablename__: ClassVar[str] = "catalog_columns"
    __table_args__ = (
        UniqueConstraint("tenant", "source", "table_name", "column_name", name="catalog_columns_place"),
        Index("catalog_columns_state", "tenant", "state", "id"),
        CheckConstraint("grade BETWEEN 1 AND 5 AND found_grade BETWEEN 1 AND 5", name="catalog_columns_grades"),
    )

    tenant: str = Field(sa_column=Column(_TEXT, primary_key=True))
    id: str = Field(sa_column=Column(_TEXT, primary_key=True))
    source: str = Field(sa_column=Column(_TEXT, nullable=False))
    table_name: str = Field(sa_column=Column(_TEXT, nullable=False))
    column_name: str = Field(sa_column=Column(_TEXT, nullable=False))
    state: str = Field(sa_column=Column(_TEXT, nullable=False))
    grade: int = Field(sa_type=BigInteger)
    found_kind: str = Field(sa_column=Column(_TEXT, nullable=False))
    found_grade: int = Field(sa_type=BigInteger)
    found_known: bool
    kind: str | None = Field(default=None, sa_column=Column(_TEXT))
    confirmed_grade: int | None = Field(default=None, sa_type=BigInteger)
    asked_kind: str | None = Field(default=None, sa_column=Column(_TEXT))
    asked_grade: int | None = Field(default=None, sa_type=BigInteger)
    asked_by: str | None = Field(default=None, sa_column=Column(_TEXT))
    version: int = Field(sa_type=BigInteger)
    seen_us: int = Field(sa_type=BigInteger)


class CatalogColumnEvent(SQLModel, table=True):
    """One decision about a column: who, when, what, why."""

    __tablename__: ClassVar[str] = "catalog_column_events"
    __table_args__ = (ForeignKeyConstraint(["tenant", "id"], ["catalog_columns.tenant", "catalog_columns.id"]),)

    tenant: str = Field(sa_column=Column(_TEXT, primary_key=True))
    id: str = Field(sa_column=Column(_TEXT, primary_key=True))
    version: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at_us: int = Field(sa_type=BigInteger)
    action: str = Field(sa_column=Column(_TEXT, nullable=False))
    actor: str = Field(sa_column=Column(_TEXT, nullable=False))
    kind: str = Field(sa_column=Column(_TEXT, nullable=False))
    grade: int = Field(sa_type=BigInteger)
    reason: str = Field(sa_column=Column(_TEXT, nullable=False))
