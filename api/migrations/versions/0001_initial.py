"""The first schema: catalogue, vault, consent, ledger, values, and the API's own tables.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table, index and trigger."""
    _catalog()
    _vault()
    _consent()
    _lineage()
    _gate()
    _api()
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Drop them all, newest first."""
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for function in FUNCTIONS:
            op.execute(sa.text(f"DROP FUNCTION {function}()"))


# Compared byte by byte, the same on every server.
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _catalog() -> None:
    op.create_table(
        "catalog_revisions",
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
    )
    op.create_table(
        "catalog_current",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="catalog_current_one_row"),
        sa.ForeignKeyConstraint(["revision"], ["catalog_revisions.revision"]),
        sa.PrimaryKeyConstraint("id"),
    )


def _vault() -> None:
    op.create_table(
        "vault_identifiers",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject", "field"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vault_index",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("is_exclusive", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "field", "digest", "subject"),
    )
    op.create_index(
        "vault_index_exclusive",
        "vault_index",
        ["tenant", "field", "digest"],
        unique=True,
        postgresql_where=sa.text("is_exclusive"),
        sqlite_where=sa.text("is_exclusive"),
    )
    op.create_index("vault_index_subject", "vault_index", ["tenant", "subject", "field"])
    op.create_table(
        "vault_keys",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "version"),
    )
    op.create_table(
        "vault_subject_keys",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kek_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_vault_subject_keys_kek_version", "vault_subject_keys", ["kek_version"])
    op.create_table(
        "vault_tokens",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
        sa.UniqueConstraint("tenant", "subject", "field", "recipient", "purpose", name="vault_tokens_scope"),
    )


def _consent() -> None:
    op.create_table(
        "consent_epoch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "consent_events",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("consent_events_grant", "consent_events", ["tenant", "subject", "grant_id", "seq"])
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
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "consent_grants_current",
        "consent_grants",
        ["tenant", "subject", "purpose", "recipient"],
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_index(
        "consent_grants_due",
        "consent_grants",
        ["expires_us"],
        sqlite_where=sa.text("state IN ('live', 'paused')"),
        postgresql_where=sa.text("state IN ('live', 'paused')"),
    )
    op.create_index("consent_grants_subject", "consent_grants", ["tenant", "subject", "id"])
    op.create_table(
        "consent_registry",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "name", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consent_subjects",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("age_band", sa.String(), nullable=False),
        sa.Column("oldest_observed_us", sa.BigInteger(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ref"),
        sqlite_with_rowid=False,
    )
    op.create_index("consent_subjects_pseudonym", "consent_subjects", ["tenant", "pseudonym"], unique=True)


def _lineage() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=True), nullable=False),
        sa.Column("tenant", BYTEWISE, nullable=False),
        sa.Column("stream", BYTEWISE, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", BYTEWISE, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("client", BYTEWISE, nullable=True),
        sa.Column("party", BYTEWISE, nullable=True),
        sa.Column("purpose", BYTEWISE, nullable=True),
        sa.Column("subject", BYTEWISE, nullable=True),
        sa.Column("outcome", BYTEWISE, nullable=False),
        sa.Column("shape", BYTEWISE, nullable=True),
        sa.Column("about", BYTEWISE, nullable=True),
        sa.Column("body", BYTEWISE, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id > 0 AND seq > 0", name="ledger_entries_positive"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("stream", "seq", name="ledger_entries_stream_seq"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ledger_entries_about",
        "ledger_entries",
        ["tenant", "about", "at_us", "id"],
        sqlite_where=sa.text("about IS NOT NULL"),
        postgresql_where=sa.text("about IS NOT NULL"),
    )
    op.create_index("ledger_entries_at", "ledger_entries", ["tenant", "at_us", "id"])
    op.create_index(
        "ledger_entries_client",
        "ledger_entries",
        ["tenant", "client", "at_us", "id"],
        sqlite_where=sa.text("kind <> 'read'"),
        postgresql_where=sa.text("kind <> 'read'"),
    )
    op.create_index(
        "ledger_entries_kind",
        "ledger_entries",
        ["tenant", "kind", "at_us", "id"],
        sqlite_where=sa.text("kind <> 'read'"),
        postgresql_where=sa.text("kind <> 'read'"),
    )
    op.create_index(
        "ledger_entries_outcome",
        "ledger_entries",
        ["tenant", "outcome", "at_us", "id"],
        sqlite_where=sa.text("kind <> 'read'"),
        postgresql_where=sa.text("kind <> 'read'"),
    )
    op.create_index(
        "ledger_entries_purpose",
        "ledger_entries",
        ["tenant", "purpose", "at_us", "id"],
        sqlite_where=sa.text("kind <> 'read'"),
        postgresql_where=sa.text("kind <> 'read'"),
    )
    op.create_index("ledger_entries_shape", "ledger_entries", ["tenant", "shape", "at_us", "id"])
    op.create_table(
        "ledger_shape_fields",
        sa.Column("tenant", BYTEWISE, nullable=False),
        sa.Column("shape", BYTEWISE, nullable=False),
        sa.Column("feature", BYTEWISE, nullable=False),
        sa.Column("field", BYTEWISE, nullable=False),
        sa.Column("outcome", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "shape", "feature", "field"),
    )
    op.create_index("ledger_shape_fields_feature", "ledger_shape_fields", ["tenant", "feature", "shape", "outcome"])
    op.create_index("ledger_shape_fields_field", "ledger_shape_fields", ["tenant", "field", "shape", "outcome"])
    op.create_table(
        "ledger_shapes",
        sa.Column("tenant", BYTEWISE, nullable=False),
        sa.Column("shape", BYTEWISE, nullable=False),
        sa.Column("client", BYTEWISE, nullable=False),
        sa.Column("purpose", BYTEWISE, nullable=False),
        sa.Column("outcome", BYTEWISE, nullable=False),
        sa.Column("body", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "shape"),
    )
    op.create_index("ledger_shapes_client", "ledger_shapes", ["tenant", "client"])
    op.create_index("ledger_shapes_outcome", "ledger_shapes", ["tenant", "outcome"])
    op.create_index("ledger_shapes_purpose", "ledger_shapes", ["tenant", "purpose"])


def _gate() -> None:
    op.create_table(
        "gate_loads",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "source"),
    )
    op.create_table(
        "gate_values",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject", "segment"),
        sqlite_with_rowid=False,
    )


def _api() -> None:
    op.create_table(
        "api_idempotency",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key"),
    )
    op.create_index("ix_api_idempotency_expires_us", "api_idempotency", ["expires_us"])
    op.create_table(
        "api_probes",
        sa.Column("replica", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("replica"),
    )


TABLES = (
    "catalog_revisions",
    "catalog_current",
    "vault_identifiers",
    "vault_index",
    "vault_keys",
    "vault_subject_keys",
    "vault_tokens",
    "consent_epoch",
    "consent_events",
    "consent_grants",
    "consent_registry",
    "consent_subjects",
    "ledger_entries",
    "ledger_shape_fields",
    "ledger_shapes",
    "gate_loads",
    "gate_values",
    "api_idempotency",
    "api_probes",
)
FUNCTIONS = (
    "consent_append_only",
    "ledger_append_only",
)
TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER consent_events_no_update BEFORE UPDATE ON consent_events BEGIN SELECT RAISE(ABORT, "
        "'consent_events is append-only'); END",
        "CREATE TRIGGER consent_events_no_delete BEFORE DELETE ON consent_events BEGIN SELECT RAISE(ABORT, "
        "'consent_events is append-only'); END",
        "CREATE TRIGGER consent_events_no_replace BEFORE INSERT ON consent_events WHEN EXISTS (SELECT 1 FROM "
        "consent_events WHERE tenant = NEW.tenant AND subject = NEW.subject AND seq = NEW.seq) BEGIN SELECT "
        "RAISE(ABORT, 'consent_events is append-only'); END",
        "CREATE TRIGGER consent_registry_no_update BEFORE UPDATE ON consent_registry BEGIN SELECT RAISE(ABORT, "
        "'consent_registry is append-only'); END",
        "CREATE TRIGGER consent_registry_no_delete BEFORE DELETE ON consent_registry BEGIN SELECT RAISE(ABORT, "
        "'consent_registry is append-only'); END",
        "CREATE TRIGGER consent_registry_no_replace BEFORE INSERT ON consent_registry WHEN EXISTS (SELECT 1 FROM "
        "consent_registry WHERE tenant = NEW.tenant AND kind = NEW.kind AND name = NEW.name AND version = "
        "NEW.version) BEGIN SELECT RAISE(ABORT, 'consent_registry is append-only'); END",
        "INSERT INTO consent_epoch (id, epoch) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
        "CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries BEGIN SELECT RAISE(ABORT, "
        "'ledger_entries is append-only'); END",
        "CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries BEGIN SELECT RAISE(ABORT, "
        "'ledger_entries is append-only'); END",
        "CREATE TRIGGER ledger_shapes_no_update BEFORE UPDATE ON ledger_shapes BEGIN SELECT RAISE(ABORT, "
        "'ledger_shapes is append-only'); END",
        "CREATE TRIGGER ledger_shapes_no_delete BEFORE DELETE ON ledger_shapes BEGIN SELECT RAISE(ABORT, "
        "'ledger_shapes is append-only'); END",
        "CREATE TRIGGER ledger_shape_fields_no_update BEFORE UPDATE ON ledger_shape_fields BEGIN SELECT "
        "RAISE(ABORT, 'ledger_shape_fields is append-only'); END",
        "CREATE TRIGGER ledger_shape_fields_no_delete BEFORE DELETE ON ledger_shape_fields BEGIN SELECT "
        "RAISE(ABORT, 'ledger_shape_fields is append-only'); END",
        "CREATE TRIGGER ledger_entries_next BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(FAIL, "
        "'ledger_entries: not the next place of its stream') WHERE NEW.seq IS NOT 1 + coalesce((SELECT max(seq) "
        "FROM ledger_entries WHERE stream = NEW.stream), 0); SELECT RAISE(FAIL, 'ledger_entries: the id is "
        "taken') WHERE NEW.id <= (SELECT max(id) FROM ledger_entries) AND NEW.id IS NOT -1; END",
        "CREATE TRIGGER ledger_shapes_same BEFORE INSERT ON ledger_shapes BEGIN SELECT RAISE(ABORT, "
        "'ledger_shapes is append-only') WHERE EXISTS (SELECT 1 FROM ledger_shapes AS old WHERE old.tenant = "
        "NEW.tenant AND old.shape = NEW.shape AND old.body IS NOT NEW.body); END",
        "CREATE TRIGGER ledger_shape_fields_same BEFORE INSERT ON ledger_shape_fields BEGIN SELECT RAISE(ABORT, "
        "'ledger_shape_fields is append-only') WHERE EXISTS (SELECT 1 FROM ledger_shape_fields AS old WHERE "
        "old.tenant = NEW.tenant AND old.shape = NEW.shape AND old.feature = NEW.feature AND old.field = "
        "NEW.field AND old.outcome IS NOT NEW.outcome); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION consent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
        "EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'restrict_violation'; END $$",
        "CREATE TRIGGER consent_events_no_change BEFORE UPDATE OR DELETE ON consent_events FOR EACH ROW EXECUTE "
        "FUNCTION consent_append_only()",
        "CREATE TRIGGER consent_events_no_truncate BEFORE TRUNCATE ON consent_events FOR EACH STATEMENT EXECUTE "
        "FUNCTION consent_append_only()",
        "CREATE TRIGGER consent_registry_no_change BEFORE UPDATE OR DELETE ON consent_registry FOR EACH ROW "
        "EXECUTE FUNCTION consent_append_only()",
        "CREATE TRIGGER consent_registry_no_truncate BEFORE TRUNCATE ON consent_registry FOR EACH STATEMENT "
        "EXECUTE FUNCTION consent_append_only()",
        "INSERT INTO consent_epoch (id, epoch) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
        "CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is "
        "append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
        "CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries FOR "
        "EACH STATEMENT EXECUTE FUNCTION ledger_append_only()",
        "CREATE TRIGGER ledger_shapes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_shapes FOR EACH "
        "STATEMENT EXECUTE FUNCTION ledger_append_only()",
        "CREATE TRIGGER ledger_shape_fields_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
        "ledger_shape_fields FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()",
        "ALTER TABLE ledger_entries ENABLE ALWAYS TRIGGER ledger_entries_append_only",
        "ALTER TABLE ledger_shapes ENABLE ALWAYS TRIGGER ledger_shapes_append_only",
        "ALTER TABLE ledger_shape_fields ENABLE ALWAYS TRIGGER ledger_shape_fields_append_only",
    ),
}
