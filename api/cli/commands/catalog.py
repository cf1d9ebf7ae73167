"""``yumen catalog``: what data there is, how it is graded, and a tenant's views."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group

from api.cli.acting import BY
from api.cli.catalogs import field_document, shown_catalog, view_document
from api.cli.command import Needs, application, command
from api.cli.commands import review
from api.cli.faults import FAILED
from api.cli.language import both
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from api.usecases.catalogs import Authority, Catalogs, put_views
from catalog import CatalogFileError, CatalogValueError, load_views

APP = application()
File = Annotated[
    Path, typer.Argument(metavar="FILE", help=both("Views, YAML.", "视图文件，YAML。"), show_default=False)
]
Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
SomeTenant = Annotated[
    str | None, typer.Option("--tenant", help=both("Only this tenant's.", "仅该租户。"), show_default=False)
]
CheckTenant = Annotated[str, typer.Option("--tenant", help=both("Tenant they would belong to.", "所属租户。"))]
Grade = Annotated[
    int | None,
    typer.Option(min=1, max=5, help=both("Only of this grade or higher.", "仅该级别及以上。"), show_default=False),
]
Kind = Annotated[
    str | None,
    typer.Option(
        help=both("Only general, caution or sensitive.", "仅 general、caution 或 sensitive。"), show_default=False
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help=both("Check everything, store nothing.", "只检查，不保存。"))]


@command(
    APP,
    "show",
    text=both("Show the catalogue's revision and sizes.", "显示目录的修订与规模。"),
    example="yumen catalog show",
)
def run_show(term: Terminal) -> None:
    """Show the catalogue in force, or the shipped one."""
    catalog, source = run(shown_catalog(settings_of(term)))
    grades = [field.grade for field in catalog.fields.values()]
    document: dict[str, Any] = {
        "revision": catalog.revision,
        "source": source,
        "fields": len(catalog.fields),
        "views": len(catalog.views),
        "features": sum(len(view.features) for view in catalog.views),
        "grades": {str(grade): grades.count(grade) for grade in range(1, 6)},
    }
    names = (
        ("revision", both("revision", "修订")),
        ("source", both("source", "来源")),
        ("fields", both("fields", "字段")),
        ("views", both("views", "视图")),
        ("features", both("features", "特征")),
        ("grades", both("fields by grade", "各级字段数")),
    )
    shown = {**document, "grades": ", ".join(f"{grade}: {count}" for grade, count in document["grades"].items())}
    term.answer(document, lambda: term.facts((title, shown[key]) for key, title in names))


@command(
    APP,
    "fields",
    text=both("List the fields with their grades.", "列出字段及级别。"),
    example="yumen catalog fields --grade 4",
)
def run_fields(term: Terminal, *, grade: Grade = None, kind: Kind = None) -> None:
    """List fields."""
    catalog, _ = run(shown_catalog(settings_of(term)))
    fields = [
        field_document(field)
        for field in catalog.fields.values()
        if field.grade >= (grade or 1) and kind in {None, field.pipl.value}
    ]
    columns = {
        "name": both("name", "名称"),
        "zh": "中文",
        "grade": both("grade", "级别"),
        "pipl": "PIPL",
        "jrt0171": "JR/T 0171",
        "separate": both("separate", "单独同意"),
        "form": both("form", "形式"),
        "derived_form": both("derived", "汇总形式"),
    }
    term.answer(
        {"revision": catalog.revision, "fields": fields},
        lambda: term.table(list(columns.values()), [[field[key] for key in columns] for field in fields]),
    )


@command(
    APP,
    "views",
    text=both("List the views and their features.", "列出视图及特征。"),
    example="yumen catalog views --tenant xiaomi",
)
def run_views(term: Terminal, *, tenant: SomeTenant = None) -> None:
    """List views."""
    catalog, _ = run(shown_catalog(settings_of(term), tenant=tenant))
    views = [view for view in catalog.views if tenant in {None, view.tenant}]
    columns = (
        both("feature", "特征"),
        "中文",
        both("type", "类型"),
        both("grade", "级别"),
        both("form", "形式"),
        both("fields", "字段"),
    )
    term.answer(
        {"revision": catalog.revision, "views": [view_document(view) for view in views]},
        lambda: Group(
            *(
                term.table(
                    columns,
                    [(f.full_name, f.zh, f.type.value, f.grade, f.form.value, f.fields) for f in view.features],
                    title=f"{view.tenant} / {view.name}  {view.zh} ({view.handler})",
                )
                for view in views
            )
        ),
    )


@command(
    APP,
    "check",
    text=both(
        "Check a file of views against the shipped fields. Exit code 1 if it has faults.",
        "用随附字段核对视图文件。有错时退出码为 1。",
    ),
    example="yumen catalog check views.yaml",
    needs=Needs.NOTHING,
)
def run_check(term: Terminal, *, file: File, tenant: CheckTenant = "checked") -> int:
    """Check a file of views."""
    faults: list[dict[str, object]] = []
    count = 0
    try:
        count = len(load_views(file, tenant))
    except CatalogFileError as error:
        faults = [{"line": f.line, "column": f.column, "message": f.message} for f in error.faults]
    except CatalogValueError as error:
        faults = [{"line": None, "column": None, "message": problem} for problem in error.problems]
    document = {"file": file.name, "valid": not faults, "views": count, "faults": faults}
    good = term.say(f"{file.name}: {count} views, no faults.", f"{file.name}：{count} 个视图，没有错误。")
    columns = (both("line", "行"), both("column", "列"), both("fault", "错误"))
    term.answer(document, lambda: term.table(columns, [list(f.values()) for f in faults]) if faults else good)
    return FAILED if faults else 0


@command(
    APP,
    "load",
    text=both("Make these the tenant's views, all of them.", "以此文件为该租户的全部视图。"),
    example="yumen catalog load views.yaml --tenant xiaomi",
)
def run_load(term: Terminal, *, file: File, tenant: Tenant, dry_run: DryRun = False) -> None:
    """Put a tenant's views in force."""
    document = run(_load(settings_of(term), file, tenant, dry_run=dry_run))
    what = term.say("would be in force", "将生效") if dry_run else term.say("is in force", "已生效")
    term.answer(document, lambda: f"{document['revision']} {what}")


async def _load(settings: Settings, file: Path, tenant: str, *, dry_run: bool) -> dict[str, object]:
    async with opened_parts(settings, writing=not dry_run) as parts, parts.database.transaction() as tx:
        catalogs = Catalogs()
        before = await catalogs.current(tx.connection)
        views = load_views(file, tenant, catalog=before)
        after = before.with_views(tenant, views)
        changed = after.revision != before.revision
        if changed and not dry_run:
            await put_views(
                tx.connection, catalogs, tenant, views, Authority(BY, tx.now, parts.keys.mac, parts.keys.rows)
            )
        names = [view.name for view in views]
        return {"revision": after.revision, "changed": changed, "dry_run": dry_run, "views": names}


review.add_to(APP)
