"""The rules a second time, in plain Python, for tests only: one request, one feature, one field after the other.

Written from the meaning of the rules, not from the Rego: no plans, no sets of fields, no sharing between features.
It must agree with every engine on every input, however malformed.
"""

from __future__ import annotations

from typing import Any

RANKS = {"withheld": 0, "flag": 1, "bucket": 2, "token": 3, "masked": 4, "plain": 5}
NAMES = {rank: name for name, rank in RANKS.items()}
BASES = {"consent", "contract", "hr", "statutory_duty", "emergency", "news_supervision", "public_info", "other_law"}
ROLES = {"lender", "credit_bureau", "information_provider", "information_user", "processor", "joint_handler"}
LAPSED = {
    "withdrawn": "GRANT_WITHDRAWN",
    "paused": "GRANT_PAUSED",
    "expired": "GRANT_EXPIRED",
    "refused": "GRANT_REFUSED",
    "not_started": "GRANT_NOT_STARTED",
}
SEPARATE, WRITTEN, PROVISION, GUARDIAN = "NEEDS_SEPARATE", "NEEDS_WRITTEN", "NEEDS_SEPARATE_PROVISION", "NEEDS_GUARDIAN"

Json = Any


def decisions(document: Json) -> list[Json]:
    """What the policy answers to an input document."""
    calls, requests = part(document, "calls"), part(document, "requests")
    if not isinstance(calls, list) or not isinstance(requests, list):
        return []
    return [{"features": answer(calls, request)} for request in requests]


def answer(calls: list[Json], request: Json) -> dict[str, Json]:
    index = part(request, "call")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(calls):
        return {}
    call, subject = calls[index], part(request, "subject")
    return {name: decide(call, feature, subject) for name, feature in mapping(call, "features").items()}


def decide(call: Json, feature: Json, subject: Json) -> Json:
    reasons = unregistered(call)
    known_person = within(part(subject, "status"), {"known", "restricted"})
    if known_person and part(subject, "age") not in ("adult", "minor", "under_14"):
        reasons.add("AGE_UNKNOWN")
    reasons |= against_status(call, subject)
    if unregistered(call):
        return denial(reasons)
    reasons |= against_call(call)
    if not is_classified(call, feature):
        return denial(reasons | {"UNCLASSIFIED"})
    child = part(subject, "age") == "under_14"
    limit = min(rank(feature, "form"), rank(call, "purpose", "max_form"), rank(call, "client", "max_form"))
    if best_form(feature, limit) is None:
        reasons.add("FORM_WITHHELD" if limit == 0 else "FORM_UNAVAILABLE")
    used: set[int] = set()
    for name in feature["fields"]:
        reasons |= against_field(call, name, child=child)
        if known_person:
            reasons |= against_stored(subject, name)
            position, faults = justify(call, feature, name, subject)
            reasons |= faults
            used |= set() if position is None else {position}
    if reasons:
        return denial(reasons)
    limit = min([limit, *(rank(subject["grants"][position], "max_form") for position in used)])
    form = best_form(feature, limit)
    if form is None:
        return denial({"FORM_WITHHELD" if limit == 0 else "FORM_UNAVAILABLE"})
    return {
        "form": form,
        "reasons": [],
        "grants": sorted(used),
        "obligations": sorted(duties(call, feature, child=child)),
    }


def against_status(call: Json, subject: Json) -> set[str]:
    """What stands against the person as such: not known, erased, or kept only because the law says so."""
    status = part(subject, "status")
    if not within(status, {"known", "restricted"}):
        return {"SUBJECT_ERASED" if status == "erased" else "SUBJECT_UNKNOWN"}
    return {"RESTRICTED_HOLD"} if is_held_back(call, subject) else set()


def is_held_back(call: Json, subject: Json) -> bool:
    """Whether the subject is restricted, and the call does not rest on a cited statutory duty."""
    purpose = part(call, "purpose")
    duty = part(purpose, "basis") == "statutory_duty" and part(purpose, "basis_ref") is True
    return part(subject, "status") == "restricted" and not duty


def unregistered(call: Json) -> set[str]:
    found = set()
    if part(call, "client", "status") not in ("active", "suspended"):
        found.add("CLIENT_SUSPENDED")
    if part(call, "purpose", "status") not in ("active", "inactive"):
        found.add("PURPOSE_UNKNOWN")
    if part(call, "recipient", "status") not in ("active", "ended") or not within(
        part(call, "recipient", "role"), ROLES
    ):
        found.add("RECIPIENT_UNKNOWN")
    return found


def against_call(call: Json) -> set[str]:
    purpose, client = part(call, "purpose"), part(call, "client")
    basis = part(purpose, "basis")
    must_hold = {
        "CLIENT_SUSPENDED": part(client, "status") == "active",
        "PURPOSE_MISMATCH": part(client, "purpose") is True,
        "PRODUCT_UNKNOWN": part(client, "product") is True,
        "PROCESSOR_OUT_OF_SCOPE": part(call, "recipient", "status") == "active",
        "PURPOSE_INACTIVE": part(purpose, "status") == "active",
        "PIPIA_MISSING": part(purpose, "pipia") == "live",
        "NO_BASIS": within(basis, BASES),
        "BASIS_NOT_CITED": basis == "consent" or part(purpose, "basis_ref") is True,
        "NOTICE_MISSING": part(purpose, "notice") == "current",
        "EXPORT_BLOCKED": at_home(call)
        or within(part(call, "recipient", "transfer"), {"assessment", "certification", "standard_contract"}),
        "FOREIGN_AUTHORITY": part(purpose, "foreign_authority") is False,
    }
    return {code for code, holds in must_hold.items() if not holds}


def is_classified(call: Json, feature: Json) -> bool:
    names = listed(feature, "fields")
    fields = mapping(call, "fields")
    return (
        part(feature, "status") == "known"
        and len(names) > 0
        and all(isinstance(name, str) and part(fields.get(name), "status") == "known" for name in names)
    )


def against_field(call: Json, name: str, *, child: bool) -> set[str]:
    field, purpose = call["fields"][name], call["purpose"]
    basis = part(purpose, "basis")
    must_hold = {
        "C3_NEVER": part(field, "class") in ("C1", "C2", "none"),
        "FIELD_OUTSIDE_CEILING": name in listed(purpose, "fields"),
        "MINOR_BLOCKED": not child or part(field, "minors") == "guardian",
        "NECESSITY_MISSING": not is_sensitive(field, child=child) or name in listed(purpose, "necessity"),
        "NO_BASIS": basis == "consent" or (basis is not ABSENT and contains(listed(field, "bases"), basis)),
    }
    return {code for code, holds in must_hold.items() if not holds}


def against_stored(subject: Json, name: str) -> set[str]:
    expired = part(subject, "expired")
    return {"RETENTION_EXPIRED"} if not isinstance(expired, list) or name in expired else set()


def justify(call: Json, feature: Json, name: str, subject: Json) -> tuple[int | None, set[str]]:
    """The first grant that meets every need of a field, or the reasons why there is none."""
    child = part(subject, "age") == "under_14"
    needs = needs_of(call, feature, name, child=child)
    if needs is None:
        return None, set()
    grants = listed(subject, "grants")
    covering = [
        (place, grant) for place, grant in enumerate(grants) if counts(grant) and name in listed(grant, "fields")
    ]
    for place, grant in covering:
        if all(meets(grant, need) for need in needs):
            return place, set()
    if not covering and not rests_elsewhere(call):
        return None, why_uncovered(grants, name)
    unmet = {need for need in needs if not any(meets(grant, need) for _, grant in covering)}
    return None, unmet or needs


def needs_of(call: Json, feature: Json, name: str, *, child: bool) -> set[str] | None:
    """Special needs of a field's consent; None if no consent is needed."""
    field = call["fields"][name]
    needs = {GUARDIAN} if child else set()
    relaxed = is_relaxed(call)
    if part(field, "written") is not False:
        needs.add(WRITTEN)
    elif wants_separate(call, field, child=child) and not relaxed:
        needs.add(SEPARATE)
    if part(feature, "provision") is not False and not relaxed:
        needs.add(PROVISION)
    return needs if needs or not rests_elsewhere(call) else None


def meets(grant: Json, need: str) -> bool:
    form = grant["form"]
    return {
        GUARDIAN: part(grant, "guardian") is True,
        WRITTEN: form == "written",
        SEPARATE: form in ("separate", "written"),
        PROVISION: form in ("separate", "written") and part(grant, "provision") is True,
    }[need]


def counts(grant: Json) -> bool:
    return (
        part(grant, "state") == "live"
        and part(grant, "notice") == "current"
        and part(grant, "form") in ("general", "separate", "written")
    )


def why_uncovered(grants: list[Json], name: str) -> set[str]:
    listing = [grant for grant in grants if name in listed(grant, "fields")]
    if listing:
        return lapses(listing) or {"NO_GRANT"}
    if not grants:
        return {"NO_GRANT"}
    return {"FIELD_NOT_IN_GRANT"} | (set() if any(map(counts, grants)) else lapses(grants))


def lapses(grants: list[Json]) -> set[str]:
    found = set()
    for grant in grants:
        state = part(grant, "state")
        if isinstance(state, str) and state in LAPSED:
            found.add(LAPSED[state])
        if state == "live" and part(grant, "notice") != "current":
            found.add("GRANT_STALE_NOTICE")
    return found


def duties(call: Json, feature: Json, *, child: bool) -> set[str]:
    found = {"guardian_notice"} if child else set()
    freed = part(feature, "provision") is not False or any(
        wants_separate(call, call["fields"][name], child=child) for name in feature["fields"]
    )
    return found | ({"separate_override"} if is_relaxed(call) and freed else set())


def wants_separate(call: Json, field: Json, *, child: bool) -> bool:
    return is_sensitive(field, child=child) or part(field, "separate") is not False or not at_home(call)


def is_sensitive(field: Json, *, child: bool) -> bool:
    return child or part(field, "pipl") not in ("general", "caution")


def is_relaxed(call: Json) -> bool:
    return rests_elsewhere(call) and "separate_on_consent_only" in listed(call, "purpose", "overrides")


def rests_elsewhere(call: Json) -> bool:
    """Whether the call rests on a stated, cited basis other than consent."""
    basis = part(call, "purpose", "basis")
    return within(basis, BASES - {"consent"}) and part(call, "purpose", "basis_ref") is True


def at_home(call: Json) -> bool:
    return bool(part(call, "client", "region") == "CN")


def best_form(feature: Json, limit: int) -> str | None:
    ranks = [RANKS[form] for form in listed(feature, "forms") if within(form, set(RANKS))]
    fitting = [found for found in ranks if 0 < found <= limit]
    return NAMES[max(fitting)] if fitting else None


def rank(document: Json, *path: str) -> int:
    form = part(document, *path)
    return RANKS[form] if within(form, set(RANKS)) else 0


def denial(reasons: set[str]) -> Json:
    return {"form": "withheld", "reasons": sorted(reasons), "grants": [], "obligations": []}


ABSENT = object()


def part(document: Json, *path: str) -> Json:
    for step in path:
        document = document[step] if isinstance(document, dict) and step in document else ABSENT
    return document


def mapping(document: Json, key: str) -> dict[str, Json]:
    found = part(document, key)
    return found if isinstance(found, dict) else {}


def listed(document: Json, *path: str) -> list[Json]:
    found = part(document, *path)
    return found if isinstance(found, list) else []


def within(item: Json, known: set[str]) -> bool:
    return isinstance(item, str) and item in known


def contains(items: list[Json], item: Json) -> bool:
    return any(type(other) is type(item) and other == item for other in items)
