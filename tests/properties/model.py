"""What a lender's gate must answer, said a second time: no database, no policy engine, no facts.

Knows the views of ``tests.world``: four features of one field each, for the lender itself and for its partner.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

FIELD = {
    "orders": "ecom_order_count",
    "limit": "credit_limit",
    "score_band": "zhima_score",
    "worst_status": "repayment_record",
}
FORM = {"orders": "bucket", "limit": "plain", "score_band": "bucket", "worst_status": "bucket"}
LEAST = {
    "lender": {"orders": "separate", "limit": "general", "score_band": "separate", "worst_status": "separate"},
    "partner": {"orders": "separate", "limit": "separate", "score_band": "separate", "worst_status": "written"},
}
STRENGTH = {"general": 1, "separate": 2, "written": 3}
MILDNESS = {"bucket": 2, "plain": 5}


@dataclass
class Given:
    """A consent, or the refusal of one."""

    id: str
    subject: str
    recipient: str
    fields: set[str]
    form: str
    max_form: str
    material: object
    expires: datetime | None = None
    state: str = "live"

    def settled(self, now: datetime) -> Given:
        if self.is_open and self.expires is not None and self.expires <= now:
            self.state = "expired"
        return self

    @property
    def is_open(self) -> bool:
        return self.state in {"live", "paused"}


@dataclass
class Model:
    now: datetime
    pipia_until: datetime
    ceiling: set[str]
    material: object = None
    subjects: set[str] = field(default_factory=set)
    suspended: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    max_form: str = "plain"
    grants: list[Given] = field(default_factory=list)

    def current(self, subject: str, recipient: str | None = None) -> list[Given]:
        found = [g.settled(self.now) for g in self.grants if g.subject == subject]
        return [g for g in found if recipient in {None, g.recipient}]

    def born(self, new: Given) -> None:
        """What ended before is forgotten; an open consent that the new one covers gives way to it."""
        for old in self.current(new.subject, new.recipient):
            covered = old.fields <= new.fields and STRENGTH[old.form] <= STRENGTH[new.form]
            if not old.is_open or (new.is_open and covered):
                self.grants.remove(old)
        self.grants.append(new)

    def withdraw(self, hit: list[Given], name: str | None = None) -> None:
        for grant in hit:
            if name is None or grant.fields == {name}:
                grant.state = "withdrawn"
            else:
                grant.fields -= {name}

    def expect(self, subject: str, recipient: str, feature: str) -> str | set[str]:
        """The form of a release, or the codes of a denial."""
        codes = self._against_call(subject, recipient)
        if feature in self.hidden:
            return codes | {"UNCLASSIFIED"}
        name = FIELD[feature]
        if name not in self.ceiling:
            codes |= {"FIELD_OUTSIDE_CEILING"} | ({"NECESSITY_MISSING"} if name == "zhima_score" else set())
        if MILDNESS[self.max_form] < MILDNESS[FORM[feature]]:
            codes.add("FORM_UNAVAILABLE")
        if subject not in self.subjects:
            return codes
        found = self._consent(self.current(subject, recipient), name, LEAST[recipient][feature])
        if codes or isinstance(found, set):
            return codes | (found if isinstance(found, set) else set())
        return FORM[feature] if MILDNESS[found.max_form] >= MILDNESS[FORM[feature]] else {"FORM_UNAVAILABLE"}

    def _against_call(self, subject: str, recipient: str) -> set[str]:
        holds = {
            "CLIENT_SUSPENDED": recipient not in self.suspended,
            "NOTICE_MISSING": self.material is not None,
            "PIPIA_MISSING": self.now < self.pipia_until,
            "SUBJECT_UNKNOWN": subject in self.subjects,
        }
        return {code for code, held in holds.items() if not held}

    def _consent(self, grants: list[Given], name: str, least: str) -> Given | set[str]:
        lasting = [g for g in grants if g.state == "live" and g.material == self.material]
        covering = [g for g in lasting if name in g.fields]
        enough = [g for g in covering if STRENGTH[g.form] >= STRENGTH[least]]
        if enough:
            return min(enough, key=lambda g: (g.form, sorted(g.fields & set(FIELD.values())), g.max_form))
        if covering:
            return {"NEEDS_WRITTEN" if least == "written" else "NEEDS_SEPARATE"}
        naming = [g for g in grants if name in g.fields]
        lapsed = {
            "GRANT_STALE_NOTICE" if g.state == "live" else f"GRANT_{g.state.upper()}"
            for g in naming or grants
            if g not in lasting
        }
        if naming or not grants:
            return lapsed or {"NO_GRANT"}
        return {"FIELD_NOT_IN_GRANT"} | (set() if lasting else lapsed)
