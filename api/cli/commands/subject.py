"""``yumen subject``: one person is erased, held, let go; certificates are shown, checked and tried on a backup."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.acting import BY
from api.cli.backups import Asked, tried_backup
from api.cli.command import Needs, application, command
from api.cli.commands.erase import Decided, DryRun, Tenant, answer, office_of
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from api.store_scrub import scrub
from api.usecases.ending import Erased, Job, erase_many
from api.usecases.noting import NotingJournal
from consent import HoldBasis, HoldRequest, Keeper, SubjectId
from gate.erasing import check_certificate, read_certificate

APP = application()
APP.callback(help=both("Erase, hold and let go one person.", "删除、留存或解除单个人员。"))(lambda: None)
Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help=both("Reference, sub_…", "引用，sub_…"), show_default=False)
]
HoldId = Annotated[str, typer.Argument(metavar="HOLD", help=both("Hold, hd_…", "留存，hd_…"), show_default=False)]
CertificateId = Annotated[
    str, typer.Argument(metavar="CERTIFICATE", help=both("Certificate, ec_…", "证明，ec_…"), show_default=False)
]
Basis = Annotated[HoldBasis, typer.Option("--basis", help=both("Which law asks for it.", "依据。"), show_default=False)]
Reference = Annotated[
    str,
    typer.Option(
        "--reference",
        help=both("Paper it rests on: ev_… or sha256:…", "所依文件：ev_… 或 sha256:…"),
        show_default=False,
    ),
]
Until = Annotated[
    datetime,
    typer.Option(
        "--until", formats=["%Y-%m-%d"], help=both("Its last day, UTC.", "最后一日，UTC。"), show_default=False
    ),
]
ThenErase = Annotated[
    bool,
    typer.Option(
        "--then-erase",
        help=both(
            "Restrict now, erase when it ends (PIPL 47).", "立即限制处理，期满删除（个人信息保护法第四十七条）。"
        ),
    ),
]
Backup = Annotated[
    Path | None,
    typer.Option(
        "--backup",
        help=both(
            "Try this backup: can the person be read from it? A SQLite file, or a dump by pg_dump: plain SQL, or "
            "custom or tar, for which pg_restore must be on PATH.",
            "试读该备份：能否读出此人？可为 SQLite 文件或 pg_dump 的转储：SQL 文本，"
            "或 custom、tar 格式（需要 PATH 上有 pg_restore）。",
        ),
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]
File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help=both("Certificate as handed out.", "所发的证明。"), exists=True, dir_okay=False,
        show_default=False,
    ),
]  # fmt: skip


@command(
    APP,
    "erase",
    text=both(
        "Erase one person. Exit code 1 if a hold or an officer's decision stands against it.",
        "删除一个人的个人信息。因留存或待决定而未删除时退出码为 1。",
    ),
    example="yumen subject erase sub_… --tenant xiaomi",
)
def run_erase(
    term: Terminal, *, subject: Subject, tenant: Tenant, decided: Decided = False, dry_run: DryRun = False
) -> int:
    """Erase a person."""
    who = SubjectId(tenant, subject)
    done, scrubbed = run(_erase(settings_of(term), who, Job(tenant, decided=decided, dry_run=dry_run)))
    return answer(term, done, scrubbed, dry_run=dry_run)


@command(
    APP,
    "hold",
    text=both(
        "Keep a person from being erased until a day (PIPL 47(2)).",
        "在某日之前不予删除（个人信息保护法第四十七条第二款）。",
    ),
    example="yumen subject hold sub_… --tenant xiaomi --basis aml --reference sha256:… --until 2036-11-30 --then-erase",
)
def run_hold(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    subject: Subject,
    tenant: Tenant,
    basis: Basis,
    reference: Reference,
    until: Until,
    then_erase: ThenErase = False,
) -> None:
    """Place a hold."""
    end = datetime.combine(until.date(), datetime.max.time(), tzinfo=UTC)
    asked = HoldRequest(
        subject=SubjectId(tenant, subject), basis=basis, reference=reference, until=end, then_erase=then_erase
    )
    document = run(_hold(settings_of(term), asked))
    term.answer(document, lambda: term.say(f"held: {document['hold']}", f"已留存：{document['hold']}"))


@command(
    APP,
    "release",
    text=both("Lift a hold before its end.", "提前解除留存。"),
    example="yumen subject release hd_… --tenant xiaomi",
)
def run_release(term: Terminal, *, hold: HoldId, tenant: Tenant) -> None:
    """Lift a hold."""
    run(_release(settings_of(term), tenant, hold))
    term.answer({"hold": hold, "released": True}, lambda: term.say("The hold is lifted.", "留存已解除。"))


@command(
    APP,
    "certificate",
    text=both(
        "Show a certificate of erasure as it is handed out; with --backup try a backup too. Exit code 1 if the person "
        "can be read from the backup.",
        "显示可交付的删除证明；用 --backup 试读备份。备份中仍可读出时退出码为 1。",
    ),
    example="yumen subject certificate ec_… --tenant xiaomi --backup last_night.dump",
)
def run_certificate(term: Terminal, *, certificate: CertificateId, tenant: Tenant, backup: Backup = None) -> int:
    """Show a certificate."""
    settings = settings_of(term)
    document = run(_certificate(settings, tenant, certificate))
    if backup is not None:
        document["backup"] = tried_backup(term, settings, Asked(tenant, certificate, backup))
    term.answer(document, lambda: json.dumps(document, ensure_ascii=False, indent=2))
    tried = document.get("backup")
    return FAILED if tried is not None and tried["trial"]["readable"] else 0


@command(
    APP,
    "check",
    text=both("Check a certificate's form and signature by the key in it.", "以所附公钥核验删除证明的格式与签名。"),
    example="yumen subject check certificate.json",
    needs=Needs.NOTHING,
)
def run_check(term: Terminal, *, file: File) -> None:
    """Check a certificate."""
    try:
        given = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        given = {}
    said = check_certificate(given if isinstance(given, dict) else {})
    said_ok = term.say(f"sound; signed by key {said['key']}", f"无误；签名密钥 {said['key']}")
    term.answer({"sound": True, "key": said["key"], "certificate": said}, lambda: said_ok)


async def _erase(settings: Settings, who: SubjectId, job: Job) -> tuple[Erased, Any]:
    async with opened_parts(settings, writing=not job.dry_run) as parts:
        office = await office_of(parts)
        done = await erase_many(office, job, [who.ref])
        is_changed = done.counts["erased"] > 0 and not job.dry_run
        return done, await scrub(parts.database) if is_changed else None


async def _hold(settings: Settings, asked: HoldRequest) -> dict[str, Any]:
    async with opened_parts(settings, writing=True) as parts:
        office, journal = await office_of(parts), NotingJournal(parts.keys.mac)
        async with parts.database.transaction() as tx:
            keeper = Keeper(journal, rows=parts.keys.rows, entropy=os.urandom)
            hold = await keeper.place(tx.connection, asked, by=BY, now=tx.now)
        await office.ends.note(parts.database, [entry for _, entry in journal.told])
    return {"hold": hold.id, "basis": hold.basis.value, "until": hold.until.isoformat(), "restricted": asked.then_erase}


async def _release(settings: Settings, tenant: str, hold: str) -> None:
    async with opened_parts(settings, writing=True) as parts:
        office, journal = await office_of(parts), NotingJournal(parts.keys.mac)
        async with parts.database.transaction() as tx:
            await Keeper(journal, rows=parts.keys.rows, entropy=os.urandom).release(
                tx.connection, tenant, hold, by=BY, now=tx.now
            )
        await office.ends.note(parts.database, [entry for _, entry in journal.told])


async def _certificate(settings: Settings, tenant: str, name: str) -> dict[str, Any]:
    async with opened_parts(settings, writing=False) as parts:
        async with parts.database.reading() as tx:
            signed = await read_certificate(tx.connection, tenant, name)
        public = parts.keys.certificate_keys.get(signed.document["key"])
        if public is None:
            raise CommandError(told(both("the key that signed it is not here", "签名密钥不在此处")))
        return dict(signed.file(public))
