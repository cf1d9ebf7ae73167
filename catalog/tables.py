"""Tables of the catalogue.

Rules:
- every revision that was ever in force stays, found by its digest, so that a decision can be replayed
  under the catalogue it was made under;
- one row says which revision is in force.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Text
from sqlmodel import Field, SQLModel


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
