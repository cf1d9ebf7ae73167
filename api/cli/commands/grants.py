"""``yumen grants``: what a person consented to, in every state, refusals included."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Group

from api.cli.command import application, command
from api.cli.language import both
from api.cli.parts import opened_database, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from consent import Grant, SubjectId, all_grants, find_subject

APP = application()
Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help=both("Reference, sub_…", "引用，sub_…"), show_default=False)
]
Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
COLUMNS = {
    "id": both("grant", "同意"),
    "state": both("state", "状态"),
    "purpose": both("purpose", "目的"),
    "recipient": both("recipient", "接收方"),
    "form": both("form", "形式"),
    "notice": both("notice", "告知"),
    "given_at": both("given", "作出时间"),
    "expires_at": both("expires", "到期时间"),
    "fields": both("fields", "字段"),
}


@command(
    APP,
    "grants",
    text=both("List what a person consented to, or refused.", "列出一个人的同意与拒绝。"),
    example="yumen grants sub_… --tenant xiaomi",
)
def run_grants(term: Terminal, *, subject: Subject, tenant: Tenant) -> None:
    """List a person's grants."""
    who = SubjectId(tenant, subject)
    document = run(_grants(settings_of(term), who))
    title = term.say(
        f"{subject}: consent version {document['consent_version']}, {document['age_band']}",
        f"{subject}：同意版本 {document['consent_version']}，{document['age_band']}",
    )
    rows = [[grant[key] for key in COLUMNS] for grant in document["grants"]]
    none = term.say("No consent on record.", "没有同意记录。")
    term.answer(document, lambda: Group(title, term.table(list(COLUMNS.values()), rows) if rows else none))


async def _grants(settings: Settings, who: SubjectId) -> dict[str, Any]:
    async with opened_database(settings, writing=False) as database, database.reading() as tx:
        subject = await find_subject(tx.connection, who)
        grants = await all_grants(tx.connection, who)
        return {
            "subject": who.ref,
            "consent_version": subject.version,
            "age_band": subject.age_band.value,
            "grants": [_document(grant, tx.now) for grant in grants],
        }


def _document(grant: Grant, now: datetime) -> dict[str, Any]:
    state = grant.state
    return {
        "id": state.id,
        "state": state.state_at(now).value,
        "purpose": state.purpose,
        "recipient": state.recipient,
        "form": state.form.value,
        "notice": f"{state.notice} {state.notice_version}",
        "given_at": instant(state.given),
        "expires_at": None if state.expires is None else instant(state.expires),
        "fields": list(state.fields),
        "provision": state.provision,
        "guardian": state.guardian,
        "is_current": state.is_current,
        "version": state.version,
    }


def instant(at: datetime) -> str:
    """RFC 3339 with Z, to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
