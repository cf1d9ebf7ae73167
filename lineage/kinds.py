"""The closed choices of a ledger entry: what happened, how it ended, who acted.

Wire names are append-only: a name that was ever written keeps its meaning for ever.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What an entry records; docs/formats/ledger-entry.md gives the parts of each."""

    READ = "read"
    CONSENT_GIVEN = "consent.given"
    CONSENT_REFUSED = "consent.refused"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    CONSENT_FIELD_WITHDRAWN = "consent.field_withdrawn"
    CONSENT_PAUSED = "consent.paused"
    CONSENT_RESUMED = "consent.resumed"
    CONSENT_EXPIRED = "consent.expired"
    CONSENT_SUPERSEDED = "consent.superseded"
    SUBJECT_REGISTERED = "subject.registered"
    SUBJECT_AGE_BAND_SET = "subject.age_band_set"
    SUBJECT_LOOKED_UP = "subject.looked_up"
    SUBJECT_COPIED = "subject.copied"
    SUBJECT_REPRESENTED = "subject.represented"
    SUBJECT_RESTRICTED = "subject.restricted"
    SUBJECT_UNRESTRICTED = "subject.unrestricted"
    SUBJECT_ERASED = "subject.erased"
    HOLD_PLACED = "hold.placed"
    HOLD_RELEASED = "hold.released"
    ERASURE_REQUESTED = "erasure.requested"
    ERASURE_REFUSED = "erasure.refused"
    IDENTIFIERS_STORED = "identifiers.stored"
    IDENTIFIERS_REVEALED = "identifiers.revealed"
    TOKEN_RESOLVED = "token.resolved"  # noqa: S105 - the name of an event
    REVEAL_ASKED = "reveal.asked"
    REVEAL_APPROVED = "reveal.approved"
    REVEAL_THRESHOLD = "reveal.threshold"
    TOKENS_MADE = "tokens.made"
    TENANT_REGISTERED = "tenant.registered"
    TENANT_UPDATED = "tenant.updated"
    PARTY_REGISTERED = "party.registered"
    PARTY_UPDATED = "party.updated"
    CLIENT_REGISTERED = "client.registered"
    CLIENT_UPDATED = "client.updated"
    PURPOSE_REGISTERED = "purpose.registered"
    PURPOSE_UPDATED = "purpose.updated"
    NOTICE_PUBLISHED = "notice.published"
    VIEW_LOADED = "view.loaded"
    VALUES_LOADED = "values.loaded"
    VALUES_PURGED = "values.purged"
    STATE_RESTORED = "state.restored"
    LEDGER_QUERIED = "ledger.queried"
    LEDGER_CHECKED = "ledger.checked"
    SHAPE_RECORDED = "shape.recorded"
    CATALOGUE_LOADED = "catalogue.loaded"
    COLUMNS_SCANNED = "columns.scanned"
    COLUMN_REVIEWED = "column.reviewed"
    POLICY_ACTIVATED = "policy.activated"
    KEY_CREATED = "key.created"
    KEY_RETIRED = "key.retired"
    KEY_REWRAPPED = "key.rewrapped"
    KEY_MOVED = "key.moved"
    SCORE_REPORTED = "score.reported"
    SCORE_REVIEW_REQUESTED = "score.review_requested"
    CREDIT_DECIDED = "credit.decided"
    DELETION_RAISED = "deletion.raised"
    DELETION_ACKNOWLEDGED = "deletion.acknowledged"
    LINEAGE_RECEIVED = "lineage.received"
    LINEAGE_NODE_REMOVED = "lineage.node_removed"
    DEIDENTIFICATION_PROPOSED = "deidentification.proposed"
    DEIDENTIFICATION_APPROVED = "deidentification.approved"
    DEIDENTIFICATION_REJECTED = "deidentification.rejected"
    DATA_DEIDENTIFIED = "data.deidentified"
    DATA_AGGREGATED = "data.aggregated"
    PRIVACY_BUDGET_SET = "privacy_budget.set"
    LEDGER_EXPORTED = "ledger.exported"
    ALARM_RAISED = "alarm.raised"
    ROWS_SEALED = "rows.sealed"
    STATE_AUDITED = "state.audited"
    LEDGER_REPLAYED = "ledger.replayed"
    POLICY_PREVIEWED = "policy.previewed"

    @property
    def moves_consent(self) -> bool:
        """Whether it raises a subject's consent version."""
        return self.startswith("consent.") or self in _OF_SUBJECTS

    @property
    def configures(self) -> bool:
        """Whether it raises the configuration epoch."""
        return self in _CONFIGURING


class Outcome(StrEnum):
    """How it ended: reads end in the first four, everything else is done or denied."""

    RELEASED = "released"
    PARTIAL = "partial"
    DENIED = "denied"
    DRY_RUN = "dry_run"
    DONE = "done"


class Mode(StrEnum):
    """Whether a read released values or only explained its decision."""

    RELEASE = "release"
    DRY_RUN = "dry_run"


class Role(StrEnum):
    """In which role the actor acted (征信业管理条例 22 asks who)."""

    SCORER = "scorer"
    SUBJECT = "subject"
    GUARDIAN = "guardian"
    AUDITOR = "auditor"
    STEWARD = "steward"
    DPO = "dpo"
    OPERATOR = "operator"
    SYSTEM = "system"


_OF_SUBJECTS = frozenset(
    {Kind.SUBJECT_AGE_BAND_SET, Kind.SUBJECT_RESTRICTED, Kind.SUBJECT_UNRESTRICTED, Kind.SUBJECT_ERASED}
)
_CONFIGURING = frozenset(
    {
        Kind.KEY_CREATED,
        Kind.KEY_RETIRED,
        Kind.TENANT_REGISTERED,
        Kind.TENANT_UPDATED,
        Kind.PARTY_REGISTERED,
        Kind.PARTY_UPDATED,
        Kind.CLIENT_REGISTERED,
        Kind.CLIENT_UPDATED,
        Kind.PURPOSE_REGISTERED,
        Kind.PURPOSE_UPDATED,
        Kind.NOTICE_PUBLISHED,
        Kind.VIEW_LOADED,
        Kind.CATALOGUE_LOADED,
    }
)
