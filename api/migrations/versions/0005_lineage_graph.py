"""The lineage graph: scores, decisions, dataset columns, reach, deletion tasks.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Compared byte by byte, the same on every server.
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TABLES = (
    "lineage_scores",
    "lineage_score_reads",
    "lineage_model_shapes",
    "lineage_decisions",
    "lineage_reach",
    "lineage_reach_counts",
    "lineage_followers",
    "lineage_nodes",
    "lineage_edges",
    "lineage_deidentifications",
    "lineage_tasks",
)


def upgrade() -> None:
    """Create every table and index."""
    _scores()
    _reach()
    _graph()
    _tasks()


def downgrade() -> None:
    """Drop them all, newest first."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, BYTEWISE, nullable=nullable)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _scores() -> None:
    op.create_table(
        "lineage_scores",
        _text("tenant"),
        _text("score"),
        _big("entry"),
        *(_text(name) for name in ("subject", "client", "party", "purpose", "product", "model", "version")),
        sa.Column("automated", sa.Boolean(), nullable=False),
        _big("at_us"),
        _text("reasons"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "score"),
    )
    for name in ("subject", "model", "client"):
        op.create_index(f"lineage_scores_{name}", "lineage_scores", ["tenant", name, "at_us", "score"])
    op.create_index("lineage_scores_at", "lineage_scores", ["tenant", "at_us", "score"])
    op.create_table(
        "lineage_score_reads",
        _text("tenant"),
        _text("score"),
        _big("entry"),
        sa.PrimaryKeyConstraint("tenant", "score", "entry"),
        sqlite_with_rowid=False,
    )
    op.create_index("lineage_score_reads_entry", "lineage_score_reads", ["tenant", "entry", "score"])
    op.create_table(
        "lineage_model_shapes",
        *(_text(name) for name in ("tenant", "shape", "model", "version")),
        sa.PrimaryKeyConstraint("tenant", "shape", "model", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lineage_decisions",
        *(_text(name) for name in ("tenant", "decision", "score")),
        _big("entry"),
        _text("outcome"),
        sa.Column("automated", sa.Boolean(), nullable=False),
        _big("at_us"),
        sa.PrimaryKeyConstraint("tenant", "decision"),
    )
    op.create_index("lineage_decisions_score", "lineage_decisions", ["tenant", "score", "at_us", "decision"])


def _reach() -> None:
    op.create_table(
        "lineage_reach",
        *(_text(name) for name in ("tenant", "subject", "field", "party")),
        _big("entry"),
        sa.PrimaryKeyConstraint("tenant", "subject", "field", "party"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lineage_reach_counts",
        *(_text(name) for name in ("tenant", "field", "party")),
        _big("subjects"),
        sa.PrimaryKeyConstraint("tenant", "field", "party"),
        sqlite_with_rowid=False,
    )
    op.create_table("lineage_followers", _text("name"), _big("entry"), _big("at_us"), sa.PrimaryKeyConstraint("name"))


def _graph() -> None:
    op.create_table(
        "lineage_nodes",
        *(_text(name) for name in ("tenant", "node", "label")),
        _text("field", nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        _big("created_us"),
        _big("removed_us", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "node"),
    )
    op.create_table(
        "lineage_edges",
        *(_text(name) for name in ("tenant", "target", "source")),
        sa.Column("masking", sa.Boolean(), nullable=False),
        _big("created_us"),
        sa.PrimaryKeyConstraint("tenant", "target", "source"),
    )
    op.create_index("lineage_edges_source", "lineage_edges", ["tenant", "source", "target"])
    op.create_table(
        "lineage_deidentifications",
        *(_text(name) for name in ("tenant", "proposal", "node", "method")),
        sa.Column("grade_from", sa.Integer(), nullable=False),
        sa.Column("grade_to", sa.Integer(), nullable=False),
        *(_text(name) for name in ("inputs", "evidence", "state", "proposed_by")),
        _big("proposed_us"),
        _text("decided_by", nullable=True),
        _big("decided_us", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "proposal"),
    )
    op.create_index("lineage_deidentifications_node", "lineage_deidentifications", ["tenant", "node"])


def _tasks() -> None:
    op.create_table(
        "lineage_tasks",
        *(_text(name) for name in ("tenant", "task", "party", "subject")),
        _text("ref", nullable=True),
        _text("cause"),
        _text("about", nullable=True),
        *(_text(name) for name in ("fields", "targets")),
        *(_big(name) for name in ("entry", "raised_us", "due_us")),
        _big("done_us", nullable=True),
        _text("done_by", nullable=True),
        _text("outcome", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "task"),
    )
    still_open = sa.text("done_us IS NULL")
    for name, columns in (("mine", ["tenant", "party", "due_us", "task"]), ("due", ["tenant", "due_us", "task"])):
        op.create_index(
            f"lineage_tasks_{name}", "lineage_tasks", columns, sqlite_where=still_open, postgresql_where=still_open
        )
    for name, columns in (
        ("party", ["tenant", "party", "raised_us", "task"]),
        ("raised", ["tenant", "raised_us", "task"]),
        ("subject", ["tenant", "subject", "raised_us", "task"]),
    ):
        op.create_index(f"lineage_tasks_{name}", "lineage_tasks", columns)
