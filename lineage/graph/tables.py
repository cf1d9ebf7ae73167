"""The lineage graph's tables: scores and decisions, dataset columns, reach, deletion tasks.

Rules:
- the ledger is the evidence; what stands here is found from it by an index, or is the state of a task;
- a score's value stands here sealed under its subject's key, and nowhere else;
- edges and nodes are never deleted: removing a node marks it, so that whatever derived from it keeps its grade;
- ``lineage_reach`` and its counts are written by the follower only, each pair once, so that a count needs no scan;
- ``ref`` of a task is the only place that ties a subject's reference to their pseudonym outside the consent room; it is
  wiped when the recipient acknowledges. Of an erased subject it is NULL, ``sealed`` holds it under the task's own key
  in ``vault_subject_keys``, and ``subject`` is a name that stands nowhere else.

Times are microseconds since 1970-01-01 UTC; `entry` columns hold numbers of ledger entries.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

# Byte order instead of a language's: the same on every server.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_NO_ROWID: dict[str, object] = {"sqlite_with_rowid": False}
_OPEN = text("done_us IS NULL")


def _text(*, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(_TEXT, nullable=nullable, primary_key=primary_key)


def _big(*, nullable: bool = False, primary_key: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable, primary_key=primary_key, autoincrement=False)


def _flag() -> Column[bool]:
    return Column(Boolean, nullable=False)


class Score(SQLModel, table=True):
    """A score a client reported; ``reasons`` is canonical JSON, ``sealed`` the value."""

    __tablename__ = "lineage_scores"
    __table_args__ = (
        Index("lineage_scores_subject", "tenant", "subject", "at_us", "score"),
        Index("lineage_scores_model", "tenant", "model", "at_us", "score"),
        Index("lineage_scores_client", "tenant", "client", "at_us", "score"),
        Index("lineage_scores_at", "tenant", "at_us", "score"),
    )

    tenant: str = Field(sa_column=_text(primary_key=True))
    score: str = Field(sa_column=_text(primary_key=True))
    entry: int = Field(sa_column=_big())
    subject: str = Field(sa_column=_text())
    client: str = Field(sa_column=_text())
    party: str = Field(sa_column=_text())
    purpose: str = Field(sa_column=_text())
    product: str = Field(sa_column=_text())
    model: str = Field(sa_column=_text())
    version: str = Field(sa_column=_text())
    automated: bool = Field(sa_column=_flag())
    at_us: int = Field(sa_column=_big())
    reasons: str = Field(sa_column=_text())
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ScoreRead(SQLModel, table=True):
    """A read a score rests on."""

    __tablename__ = "lineage_score_reads"
    __table_args__ = (Index("lineage_score_reads_entry", "tenant", "entry", "score"), _NO_ROWID)

    tenant: str = Field(sa_column=_text(primary_key=True))
    score: str = Field(sa_column=_text(primary_key=True))
    entry: int = Field(sa_column=_big(primary_key=True))


class ModelShape(SQLModel, table=True):
    """A shape of answer that a model was fed with: few rows, however many scores."""

    __tablename__ = "lineage_model_shapes"
    __table_args__: ClassVar[dict[str, object]] = _NO_ROWID

    tenant: str = Field(sa_column=_text(primary_key=True))
    shape: str = Field(sa_column=_text(primary_key=True))
    model: str = Field(sa_column=_text(primary_key=True))
    version: str = Field(sa_column=_text(primary_key=True))


class Decision(SQLModel, table=True):
    """A credit decision that rests on a score."""

    __tablename__ = "lineage_decisions"
    __table_args__ = (Index("lineage_decisions_score", "tenant", "score", "at_us", "decision"),)

    tenant: str = Field(sa_column=_text(primary_key=True))
    decision: str = Field(sa_column=_text(primary_key=True))
    score: str = Field(sa_column=_text())
    entry: int = Field(sa_column=_big())
    outcome: str = Field(sa_column=_text())
    automated: bool = Field(sa_column=_flag())
    at_us: int = Field(sa_column=_big())


class Reach(SQLModel, table=True):
    """A field of a subject that was released to a party, once, with the first entry that says so."""

    __tablename__ = "lineage_reach"
    __table_args__: ClassVar[dict[str, object]] = _NO_ROWID

    tenant: str = Field(sa_column=_text(primary_key=True))
    subject: str = Field(sa_column=_text(primary_key=True))
    field: str = Field(sa_column=_text(primary_key=True))
    party: str = Field(sa_column=_text(primary_key=True))
    entry: int = Field(sa_column=_big())


class ReachCount(SQLModel, table=True):
    """How many distinct subjects a field of was released to a party; party '' counts each subject once over all."""

    __tablename__ = "lineage_reach_counts"
    __table_args__: ClassVar[dict[str, object]] = _NO_ROWID

    tenant: str = Field(sa_column=_text(primary_key=True))
    field: str = Field(sa_column=_text(primary_key=True))
    party: str = Field(sa_column=_text(primary_key=True))
    subjects: int = Field(sa_column=_big())


class Follower(SQLModel, table=True):
    """How far a follower of the ledger has come: every entry up to ``entry`` is folded, none after it."""

    __tablename__ = "lineage_followers"

    name: str = Field(sa_column=_text(primary_key=True))
    entry: int = Field(sa_column=_big())
    at_us: int = Field(sa_column=_big())


class Node(SQLModel, table=True):
    """A column of a dataset outside; ``field`` is what it holds of the catalogue, ``grade`` its least grade."""

    __tablename__ = "lineage_nodes"

    tenant: str = Field(sa_column=_text(primary_key=True))
    node: str = Field(sa_column=_text(primary_key=True))
    label: str = Field(sa_column=_text())
    field: str | None = Field(default=None, sa_column=_text(nullable=True))
    grade: int | None = Field(default=None, sa_column=Column(Integer, nullable=True))
    created_us: int = Field(sa_column=_big())
    removed_us: int | None = Field(default=None, sa_column=_big(nullable=True))


class Edge(SQLModel, table=True):
    """``target`` derives from ``source``; both name a node: ``column/…``, ``field/…`` or ``feature/…``."""

    __tablename__ = "lineage_edges"
    __table_args__ = (Index("lineage_edges_source", "tenant", "source", "target"),)

    tenant: str = Field(sa_column=_text(primary_key=True))
    target: str = Field(sa_column=_text(primary_key=True))
    source: str = Field(sa_column=_text(primary_key=True))
    masking: bool = Field(sa_column=_flag())
    created_us: int = Field(sa_column=_big())


class Deidentification(SQLModel, table=True):
    """A proposal to grade a node below its inputs, and what became of it; ``inputs`` are those it was judged on."""

    __tablename__ = "lineage_deidentifications"
    __table_args__ = (Index("lineage_deidentifications_node", "tenant", "node"),)

    tenant: str = Field(sa_column=_text(primary_key=True))
    proposal: str = Field(sa_column=_text(primary_key=True))
    node: str = Field(sa_column=_text())
    method: str = Field(sa_column=_text())
    grade_from: int = Field(sa_column=Column(Integer, nullable=False))
    grade_to: int = Field(sa_column=Column(Integer, nullable=False))
    inputs: str = Field(sa_column=_text())
    evidence: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    proposed_by: str = Field(sa_column=_text())
    proposed_us: int = Field(sa_column=_big())
    decided_by: str | None = Field(default=None, sa_column=_text(nullable=True))
    decided_us: int | None = Field(default=None, sa_column=_big(nullable=True))


class Task(SQLModel, table=True):
    """What a recipient has to delete of one subject, and whether they did; ``fields`` and ``targets`` are JSON."""

    __tablename__ = "lineage_tasks"
    __table_args__ = (
        Index("lineage_tasks_mine", "tenant", "party", "due_us", "task", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("lineage_tasks_due", "tenant", "due_us", "task", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("lineage_tasks_party", "tenant", "party", "raised_us", "task"),
        Index("lineage_tasks_raised", "tenant", "raised_us", "task"),
        Index("lineage_tasks_subject", "tenant", "subject", "raised_us", "task"),
    )

    tenant: str = Field(sa_column=_text(primary_key=True))
    task: str = Field(sa_column=_text(primary_key=True))
    party: str = Field(sa_column=_text())
    subject: str = Field(sa_column=_text())
    ref: str | None = Field(default=None, sa_column=_text(nullable=True))
    cause: str = Field(sa_column=_text())
    about: str | None = Field(default=None, sa_column=_text(nullable=True))
    fields: str = Field(sa_column=_text())
    targets: str = Field(sa_column=_text())
    entry: int = Field(sa_column=_big())
    raised_us: int = Field(sa_column=_big())
    due_us: int = Field(sa_column=_big())
    done_us: int | None = Field(default=None, sa_column=_big(nullable=True))
    done_by: str | None = Field(default=None, sa_column=_text(nullable=True))
    outcome: str | None = Field(default=None, sa_column=_text(nullable=True))
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
