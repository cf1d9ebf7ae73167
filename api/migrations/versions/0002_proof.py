"""Codes of rows, the indexes they are compared by, and what decisions are replayed from.

Revision: 0002

The new codes are empty: the keys are not at hand here. `yumen migrate` seals the rows afterwards; until then every read
is denied.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CONSENTS = (
    "kind IN ('consent.expired', 'consent.field_withdrawn', 'consent.given', 'consent.paused', 'consent.refused', "
    "'consent.resumed', 'consent.superseded', 'consent.withdrawn', 'subject.age_band_set', 'subject.erased', "
    "'subject.restricted', 'subject.unrestricted') AND outcome = 'done'"
)
CONFIGURATION = (
    "kind IN ('catalogue.loaded', 'client.registered', 'client.updated', 'key.created', 'key.retired', "
    "'notice.published', 'party.registered', "
    "'party.updated', 'purpose.registered', 'purpose.updated', 'tenant.registered', 'tenant.updated', 'view.loaded') "
    "AND outcome = 'done'"
)


def upgrade() -> None:
    """Add the columns, tables and indexes."""
    if op.get_bind().dialect.name == "postgresql":
        for table, added in ADDED.items():
            for column, default in added:
                op.add_column(table, sa.Column(column.name, column.type, nullable=True))
                if default is not None:
                    op.execute(sa.text(f"UPDATE {table} SET {column.name} = {default}"))
                    op.alter_column(table, column.name, nullable=False)
    else:
        for table in ADDED:
            _rebuild(table)
    op.create_index("ledger_entries_consents", "ledger_entries", ["stream", "id"], **_where(CONSENTS))
    op.create_index("ledger_entries_configuration", "ledger_entries", ["id"], **_where(CONFIGURATION))
    _create()


def downgrade() -> None:
    """Take them away again; codes, facts and policies are lost, the ledger is not."""
    for table in ("gate_policies", "gate_facts", "gate_calls", "consent_seals"):
        op.drop_table(table)
    op.drop_index("ledger_entries_configuration", "ledger_entries")
    op.drop_index("ledger_entries_consents", "ledger_entries")
    for table, added in ADDED.items():
        for column, _ in reversed(added):
            op.drop_column(table, column.name)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _create() -> None:
    op.create_table(
        "consent_seals",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "gate_calls",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("kept_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "gate_facts",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kept_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "gate_policies",
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("module", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("kept_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
    )


def _rebuild(table: str) -> None:
    """SQLite writes an added column into the middle of the table's text; so the table is made anew and filled."""
    before = sa.inspect(op.get_bind())
    names = ", ".join(column["name"] for column in before.get_columns(table))
    for index in before.get_indexes(table):
        if not str(index["name"]).startswith("sqlite_"):
            op.drop_index(str(index["name"]), table)
    op.rename_table(table, f"{table}_before")
    REBUILT[table]()
    filled = [(column.name, default) for column, default in ADDED[table] if default is not None]
    more = "".join(f", {name}" for name, _ in filled)
    values = "".join(f", {default}" for _, default in filled)
    op.execute(sa.text(f"INSERT INTO {table} ({names}{more}) SELECT {names}{values} FROM {table}_before"))
    op.drop_table(f"{table}_before")


def _tokens() -> None:
    op.create_table(
        "vault_tokens",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("token"),
        sa.UniqueConstraint("tenant", "subject", "field", "recipient", "purpose", name="vault_tokens_scope"),
    )


def _epoch() -> None:
    op.create_table(
        "consent_epoch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _grants() -> None:
    op.create_table(
        "consent_grants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("notice_hash", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("guardian", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("provision", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("max_form", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("given_us", sa.BigInteger(), nullable=False),
        sa.Column("starts_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=True),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    scope: Sequence[str] = ["tenant", "subject", "purpose", "recipient"]
    op.create_index("consent_grants_current", "consent_grants", scope, **_where("is_current"))
    op.create_index("consent_grants_due", "consent_grants", ["expires_us"], **_where("state IN ('live', 'paused')"))
    op.create_index("consent_grants_subject", "consent_grants", ["tenant", "subject", "id"])


def _subjects() -> None:
    op.create_table(
        "consent_subjects",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("age_band", sa.String(), nullable=False),
        sa.Column("oldest_observed_us", sa.BigInteger(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "ref"),
        sqlite_with_rowid=False,
    )
    op.create_index("consent_subjects_pseudonym", "consent_subjects", ["tenant", "pseudonym"], unique=True)


_MAC = (sa.Column("mac", sa.LargeBinary()), None)
_TOLD = (sa.Column("told", sa.BigInteger()), "0")
ADDED: dict[str, tuple[tuple[sa.Column[Any], str | None], ...]] = {
    "vault_tokens": (_MAC,),
    "consent_epoch": (_TOLD, _MAC),
    "consent_grants": (_MAC,),
    "consent_subjects": (_TOLD, (sa.Column("held", sa.Text()), "''"), _MAC),
}
REBUILT = {
    "vault_tokens": _tokens,
    "consent_epoch": _epoch,
    "consent_grants": _grants,
    "consent_subjects": _subjects,
}
