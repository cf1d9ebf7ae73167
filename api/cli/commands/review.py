"""``yumen catalog review``: the columns scans proposed, and a person's decision about one."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Group

from api.cli.command import command
from api.cli.faults import CommandError
from api.cli.language import LANGUAGE, both, told
from api.cli.parts import run, settings_of
from api.cli.reviewing import decided, listed, shown
from api.cli.terminal import Terminal
from catalog.classify.reviewing import State

Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
ColumnId = Annotated[
    str | None,
    typer.Argument(
        metavar="COLUMN",
        help=both("Id of one column; without it all are listed.", "某列的编号；不给则列出全部。"),
        show_default=False,
    ),
]
InState = Annotated[
    State | None, typer.Option("--state", help=both("Only of this state.", "仅该状态。"), show_default=False)
]
Confirm = Annotated[bool, typer.Option("--confirm", help=both("Confirm what was found.", "确认扫描结果。"))]
AsKind = Annotated[
    str | None, typer.Option("--kind", help=both("Override: it is of this kind.", "改为该种类。"), show_default=False)
]
AsGrade = Annotated[
    int | None,
    typer.Option(
        "--grade", min=1, max=5, help=both("Override: it has this grade.", "改为该级别。"), show_default=False
    ),
]
Reason = Annotated[
    str | None,
    typer.Option(
        "--reason", help=both("Why, 4 to 400 characters; kept.", "理由，4 至 400 字，将保存。"), show_default=False
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the group of catalogue commands."""
    command(
        app,
        "review",
        text=both(
            "List the columns that scans proposed, or decide about one. What lowers a grade waits for a second person.",
            "列出扫描提交的列，或对某列作出决定；降低级别须第二人批准。",
        ),
        example="yumen catalog review --tenant xiaomi --state proposed",
    )(run_review)


def run_review(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    tenant: Tenant,
    column: ColumnId = None,
    state: InState = None,
    confirm: Confirm = False,
    kind: AsKind = None,
    grade: AsGrade = None,
    reason: Reason = None,
) -> None:
    """List columns, show one, or decide about one."""
    settings = settings_of(term)
    if column is None:
        if confirm or kind or grade or reason:
            raise CommandError(told(both("name the column to decide about", "请指明要决定的列")))
        found = run(listed(settings, tenant, state))
        term.answer({"columns": found}, lambda: _table(term, found))
        return
    if not (confirm or kind or grade or reason):
        one = run(shown(settings, tenant, column))
        term.answer(one, lambda: _whole(term, one))
        return
    if confirm == bool(kind or grade) or not reason or not 4 <= len(reason) <= 400:
        raise CommandError(
            told(
                both(
                    "give --confirm, or --kind and --grade; and a --reason of 4 to 400 characters",
                    "请给出 --confirm，或 --kind 与 --grade；并给出 4 至 400 字的 --reason",
                )
            )
        )
    done = run(decided(settings, tenant, column, {"kind": kind, "grade": grade, "reason": reason}))
    waiting = done["action"] == "ask_lowering"
    said = both("waits for a second person", "等待第二人批准") if waiting else both("done", "已生效")
    term.answer(done, lambda: f"{column}: {done['action']}, {told(said)}")


def _table(term: Terminal, found: list[dict[str, Any]]) -> Any:
    place = LANGUAGE.get().value
    columns = (
        both("id", "编号"),
        both("table", "表"),
        both("column", "列"),
        both("kind", "种类"),
        "",
        both("state", "状态"),
        both("grade", "级别"),
    )
    rows = [
        (
            each["id"],
            f"{each['source']}/{each['table']}",
            each["column"],
            (each["confirmed"] or each["found"])["kind"],
            each[place],
            each["state"],
            each["grade"],
        )
        for each in found
    ]
    return term.table(columns, rows)


def _whole(term: Terminal, one: dict[str, Any]) -> Any:
    """One column with its history."""
    named = (
        ("found", both("found", "发现")),
        ("confirmed", both("confirmed", "已确认")),
        ("asked", both("asked", "申请")),
    )
    facts = term.facts(
        [
            (both("column", "列"), f"{one['source']}/{one['table']}: {one['column']}"),
            (both("state", "状态"), one["state"]),
            (both("handled as grade", "按级别处理"), one["grade"]),
            *((name, f"{one[key]['kind']} ({one[key]['grade']})") for key, name in named if one[key] is not None),
        ]
    )
    columns = (
        "",
        both("at", "时间"),
        both("decision", "决定"),
        both("kind", "种类"),
        both("grade", "级别"),
        both("by", "由"),
        both("reason", "理由"),
    )
    rows = [
        [each[key] for key in ("version", "at", "action", "kind", "grade", "by", "reason")] for each in one["history"]
    ]
    return Group(facts, term.table(columns, rows, title=both("history", "历史")))
