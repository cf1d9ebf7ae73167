"""``yumen classify``: find and grade personal data in files and databases."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli.catalogs import shown_catalog
from api.cli.classifying import OWNER_ONLY, Outcome, Task, run_task
from api.cli.command import application, command
from api.cli.faults import FAILED, CommandError
from api.cli.judging import FailOn, failures
from api.cli.language import LANGUAGE, both, told
from api.cli.parts import run, settings_of
from api.cli.proposing import Comparison, compare, known_columns, write_proposals
from api.cli.terminal import Terminal
from catalog import is_name
from catalog.classify.drift import with_reviews
from catalog.classify.report import BASES, LEVELS, html_report
from catalog.classify.results import result_document
from catalog.classify.tags import tags_document

APP = application()
PRODUCER = "urn:yumen:classify"
Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE",
        help=both("CSV, JSON lines or Parquet files, or folders of them.", "CSV、JSON 行或 Parquet 文件，或其文件夹。"),
        show_default=False,
    ),
]
UrlEnv = Annotated[
    str | None,
    typer.Option(
        "--url-env",
        metavar="NAME",
        help=both(
            "Environment variable that holds the URL of a database to classify.", "存放待分类数据库 URL 的环境变量。"
        ),
        show_default=False,
    ),
]
Schemas = Annotated[
    list[str] | None,
    typer.Option(
        "--schema", help=both("Schema of the database; may be repeated.", "数据库模式，可重复。"), show_default=False
    ),
]
Sample = Annotated[
    int, typer.Option("--sample", min=10, max=100_000, help=both("Rows sampled per table.", "每表抽样行数。"))
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=64, help=both("Processes that classify.", "分类进程数。"))]
Html = Annotated[
    Path | None,
    typer.Option("--html", help=both("Write a report as a web page.", "写出网页报告。"), show_default=False),
]
Out = Annotated[
    Path | None, typer.Option("--out", help=both("Write the result as JSON.", "写出 JSON 结果。"), show_default=False)
]
Tags = Annotated[
    Path | None,
    typer.Option(
        "--tags",
        help=both("Write tags for other catalogues (OpenLineage facets).", "写出供其他目录使用的标签（OpenLineage）。"),
        show_default=False,
    ),
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help=both("Keep what is done here, and go on from it.", "在此保存进度，并据此继续。"),
        show_default=False,
    ),
]
Write = Annotated[
    bool,
    typer.Option(
        "--write",
        help=both(
            "Propose the columns for review (see yumen catalog review).", "提交各列待审核（见 yumen catalog review）。"
        ),
    ),
]
Compare = Annotated[
    bool, typer.Option("--compare", help=both("Compare with the reviewed columns.", "与已审核的列比较。"))
]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help=both("Tenant whose columns they are.", "所属租户。"), show_default=False)
]
Named = Annotated[
    str | None,
    typer.Option(
        "--source", help=both("Name of the source in the catalogue.", "来源在目录中的名称。"), show_default=False
    ),
]
Fail = Annotated[
    list[FailOn] | None,
    typer.Option(
        "--fail-on",
        help=both(
            "Exit code 1 if there is any; may be repeated (new, unreviewed, changed: beside the columns under review).",
            "出现即以退出码 1 结束，可重复（new、unreviewed、changed 与审核中的列比较）。",
        ),
        show_default=False,
    ),
]
COMPARED = frozenset({FailOn.NEW, FailOn.UNREVIEWED, FailOn.CHANGED})
COLUMNS = (
    both("column", "列"),
    both("kind", "种类"),
    "",
    both("grade", "级别"),
    both("likelihood", "把握"),
    both("by", "依据"),
    both("holds", "含有"),
)


@command(
    APP,
    "classify",
    text=both(
        "Find and grade personal data in files and databases. Counts are kept, never a value.",
        "在文件与数据库中发现并分级个人信息；只保留计数，不保留数值。",
    ),
    example="yumen classify loans.csv --html report.html --fail-on unknown",
)
def run_classify(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    files: Sources = None,
    url_env: UrlEnv = None,
    schema: Schemas = None,
    sample: Sample = 1000,
    jobs: Jobs = 1,
    html: Html = None,
    out: Out = None,
    tags: Tags = None,
    state: State = None,
    write: Write = False,
    compare_with: Compare = False,
    tenant: Tenant = None,
    source: Named = None,
    fail_on: Fail = None,
) -> int:
    """Classify files or a database."""
    now = datetime.now(UTC)
    task = Task(
        paths=tuple(files or ()),
        url=_url(url_env),
        schemas=tuple(schema or ()),
        size=sample,
        jobs=jobs,
        state=state,
        today=now.date(),
    )
    wants = set(fail_on or ())
    stored = write or compare_with or bool(wants & COMPARED)
    _check(task, tenant, source, stored=stored)
    _check_places(html, out, tags, state)
    found = run(_classify(term, task))
    at = now.isoformat(timespec="seconds")
    document = result_document(source or task.shown, at, list(found.tables.values()), found.unread)
    comparison = None
    if stored:
        comparison = run(_store(term, document, (str(tenant), str(source)), write=write, compare_with=compare_with))
        document = {**with_reviews(str(source), document, comparison.known), "comparison": comparison.document()}
    _write_files(document, html, out, tags)
    failed = failures(document, wants)
    term.answer({**document, "failures": failed}, lambda: _shown(term, document, failed, comparison))
    return FAILED if failed or found.unread else 0


def _url(name: str | None) -> str | None:
    if name is None:
        return None
    if not os.environ.get(name):
        raise CommandError(
            told(both("{name}: no such environment variable", "{name}：没有这个环境变量")).format(name=name)
        )
    return os.environ[name]


def _check(task: Task, tenant: str | None, source: str | None, *, stored: bool) -> None:
    if bool(task.paths) == (task.url is not None):
        raise CommandError(
            told(both("give files, or --url-env for a database", "请给出文件，或用 --url-env 指定数据库"))
        )
    if source is not None and not is_name(source):
        raise CommandError(told(both("--source: not a name", "--source：不是合法名称")))
    if stored and (tenant is None or source is None):
        raise CommandError(
            told(
                both(
                    "--write, --compare and --fail-on new, unreviewed or changed need --tenant and --source",
                    "--write、--compare 与 --fail-on new、unreviewed、changed 需要 --tenant 与 --source",
                )
            )
        )


def _check_places(*paths: Path | None) -> None:
    """See before the work whether its results can be written."""
    for path in paths:
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise CommandError(
                told(
                    both(
                        "{name}: its folder does not exist, or it is one", "{name}：所在文件夹不存在，或它本身是文件夹"
                    )
                ).format(name=path.name)
            )


async def _classify(term: Terminal, task: Task) -> Outcome:
    catalog, _ = await shown_catalog(settings_of(term))
    with term.progress() as bar:
        line = bar.add_task(told(both("tables", "表")), total=None)

        def advance(done: int, total: int | None) -> None:
            bar.update(line, completed=done, total=total)

        return await run_task(task, catalog.fields, advance)


async def _store(
    term: Terminal, document: dict[str, Any], where: tuple[str, str], *, write: bool, compare_with: bool
) -> Comparison:
    settings = settings_of(term)
    known = await known_columns(settings, *where)
    found = compare(document, known)
    if write or compare_with:
        await write_proposals(settings, document, where, found, propose=write)
    return found


def _write_files(document: dict[str, Any], html: Path | None, out: Path | None, tags: Path | None) -> None:
    if html is not None:
        _write(html, html_report(document, language=LANGUAGE.get().value))
    if out is not None:
        _write(out, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    if tags is not None:
        _write(tags, json.dumps(tags_document(document, producer=PRODUCER), ensure_ascii=False, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    path.touch(mode=OWNER_ONLY)
    path.write_text(text, encoding="utf-8")


def _table(term: Terminal, table: dict[str, Any]) -> RenderableType:
    place = 0 if LANGUAGE.get().value == "zh" else 1
    rows = [
        (
            each["name"],
            each["kind"],
            each["zh"] if place == 0 else each["en"],
            f"{each['grade']}{'' if each['known'] else ' ?'}",
            LEVELS[each["likelihood"]][place],
            BASES[each["basis"]][place],
            [f"{leak['kind']} {leak['cells']}/{leak['of']}" for leak in each["leaks"]],
        )
        for each in table["columns"]
    ]
    return term.table(COLUMNS, rows, title=f"{table['name']}  {told(both('grade', '级别'))} {table['grade']}")


def _shown(
    term: Terminal, document: dict[str, Any], found: list[dict[str, Any]], comparison: Comparison | None
) -> RenderableType:
    parts: list[RenderableType] = [_table(term, table) for table in document["tables"]]
    parts += [
        term.say(f"not read: {each['name']}: {each['en']}", f"未能读取：{each['name']}：{each['zh']}")
        for each in document["unread"]
    ]
    counts = document["summary"]
    parts.append(
        term.say(
            f"tables: {counts['tables']}, columns: {counts['columns']}, personal: {counts['personal']}, "
            f"to be confirmed: {counts['unknown']}",
            f"{counts['tables']} 张表，{counts['columns']} 列，{counts['personal']} 列个人信息，"
            f"{counts['unknown']} 列待确认",
        )
    )
    if comparison is not None:
        parts += comparison.lines(term)
    parts += [
        term.say(
            f"failed: {each['code']} {each['table']}.{each['column']}",
            f"未通过：{each['code']} {each['table']}.{each['column']}",
        )
        for each in found
    ]
    return Group(*parts)
