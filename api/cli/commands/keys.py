"""``yumen keys``: the deployment's keys and the root key that wraps them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli.acting import LEDGER_BY
from api.cli.command import Needs, application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.options import RootProvider, SuiteName
from api.roots import create_root_key, open_root_key
from api.settings import Settings, load_settings
from api.usecases.keys import KeyOffice, Moved, Pace, Rewrapped
from vault import KeyPurpose, KeyState, KeyVersion, RootKey, Suite
from vault.kms.either import EitherRootKey
from vault.store.deployment import WrappedKey
from vault.uses import USE_LIMIT

APP = application()
ROOT = "root"
REWRAPPED = {
    "subject_keys": both("subject keys", "主体密钥"),
    "index_entries": both("index entries", "索引条目"),
    "swept_entries": both("index entries of older versions removed", "已清除的旧版本索引条目"),
    "values": both("sealed values", "加密数值"),
    "unreadable": both("unreadable", "无法读取"),
    "dry_run": both("dry run", "试运行"),
}
Which = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help=both(
            "kek, index, ledger, names, row, certificate, token, or root.",
            "kek、index、ledger、names、row、certificate、token 或 root。",
        ),
        show_default=False,
    ),
]
Version = Annotated[int, typer.Argument(min=1, help=both("Version.", "版本。"), show_default=False)]
SuiteOption = Annotated[
    SuiteName | None,
    typer.Option(
        "--suite", help=both("Suite of the new version (else the settings').", "新版本的密码套件（默认取设置）。")
    ),
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", min=1, help=both("Rows a second at most.", "每秒行数上限。"), show_default=False),
]
Rows = Annotated[int, typer.Option("--rows", min=1, max=5000, help=both("Rows in one step.", "每步行数。"))]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help=both("Count all that is left, change nothing.", "统计全部剩余工作，不改动。"))
]
Target = Annotated[
    Path,
    typer.Option(
        "--to",
        help=both("Settings file that names the other root key.", "指定目标根密钥的设置文件。"),
        show_default=False,
    ),
]


@command(
    APP,
    "status",
    text=both(
        "Show the keys and whether the root key may be used. Exit code 1 if it may not.",
        "查看密钥以及根密钥是否可用。不可用时退出码为 1。",
    ),
    example="yumen keys status",
)
def run_status(term: Terminal) -> int:
    """Show every version of every key."""
    document = run(_status(settings_of(term)))
    term.answer(document, lambda: _shown(term, document))
    return 0 if document["usable"] else FAILED


@command(
    APP,
    "rotate",
    text=both(
        "Make a new version of a key; it writes from now on, older ones still read. Then run: yumen keys rewrap.",
        "创建密钥的新版本，从此由它写入，旧版本仍可读取。随后运行：yumen keys rewrap。",
    ),
    example="yumen keys rotate kek",
)
def run_rotate(term: Terminal, *, key: Which, suite: SuiteOption = None) -> None:
    """Rotate one key, or the root key."""
    settings = settings_of(term)
    made = run(_rotate(settings, key, Suite[(suite or settings.suite).name]))
    document = {"key": key, "version": made}
    term.answer(document, lambda: term.say(f"Rotated {key}.", f"已轮换 {key}。"))


@command(
    APP,
    "rewrap",
    text=both(
        "Bring everything older versions made under the newest, while the service runs. Can be stopped and run again.",
        "把旧版本产生的一切迁移到最新版本，服务照常运行。可随时中断并再次运行。",
    ),
    example="yumen keys rewrap --rate 2000",
)
def run_rewrap(term: Terminal, *, rate: Rate = None, rows: Rows = 500, dry_run: DryRun = False) -> int:
    """Rewrap subject keys, make index entries anew, seal values of another suite anew."""
    done = run(_rewrap(term, settings_of(term), Pace(rows, rate), dry_run=dry_run))
    term.answer(done, lambda: term.facts([(REWRAPPED.get(name, name), value) for name, value in done.items()]))
    return FAILED if done.get("unreadable") else 0


@command(
    APP,
    "retire",
    text=both(
        "Let a version go that nothing is left under; what it wrapped is refused from now on.",
        "停用不再被需要的版本；此后拒绝其所加密的一切。",
    ),
    example="yumen keys retire kek 1",
)
def run_retire(term: Terminal, *, key: Which, version: Version) -> None:
    """Retire a version."""
    place = KeyVersion(_purpose(key), version)
    run(_retire(settings_of(term), place))
    term.answer(
        {"key": key, "version": version}, lambda: term.say(f"Retired {key} {version}.", f"已停用 {key} {version}。")
    )


@command(
    APP,
    "create",
    text=both(
        "Make the root key in the key management system the settings name.", "在设置所指定的密钥管理系统中创建根密钥。"
    ),
    example="yumen keys create",
    needs=Needs.SETTINGS,
)
def run_create(term: Terminal) -> None:
    """Make the root key."""
    settings = settings_of(term)
    if settings.kms.provider is RootProvider.FILE and settings.root_key_file.exists():
        raise CommandError(told(both("the root key's file is there already", "根密钥文件已存在")))
    made = create_root_key(settings)
    term.answer({"root": made.name}, lambda: term.say(f"Made {made.name}.", f"已创建 {made.name}。"))


@command(
    APP,
    "move",
    text=both(
        "Wrap every key by the root key of other settings, each only if it comes back unchanged. Then run with those.",
        "改由另一设置中的根密钥加密全部密钥，逐一核验后写入。随后改用该设置运行。",
    ),
    example="yumen keys move --to production.toml",
)
def run_move(term: Terminal, *, to: Target) -> None:
    """Move the deployment's keys to another root key."""
    count, name = run(_move(term, settings_of(term), load_settings(to)))
    document = {"root": name, "moved": count}
    term.answer(
        document, lambda: term.say(f"{count} keys are now under {name}.", f"{count} 个密钥已改由 {name} 加密。")
    )


async def _status(settings: Settings) -> dict[str, Any]:
    async with _office(settings, writing=False) as office:
        rows, left = await office.rows(), await office.left()
        root = office.keys.root
        assert root is not None  # noqa: S101  what opened the ring, for the type checker
        await asyncio.to_thread(root.health)
        return {
            "root": root.name,
            "provider": settings.kms.provider.value,
            "usable": True,
            "suite": settings.suite.value,
            "writes": office.keys.suite.label,
            "keys": [_row(row, left, office) for row in rows],
        }


def _row(row: WrappedKey, left: dict[KeyVersion, int], office: KeyOffice) -> dict[str, Any]:
    newest = max(office.keys.versions(row.purpose)) == row.version
    return {
        "key": row.purpose.value,
        "version": row.version,
        "suite": row.suite.label,
        "state": "writes" if newest else "reads" if row.state is KeyState.ACTIVE else row.state.value,
        "subjects": left.get(row.place),
        "uses": row.uses if row.purpose is KeyPurpose.KEK else None,
        "uses_left": USE_LIMIT - row.uses if row.purpose is KeyPurpose.KEK else None,
    }


async def _rotate(settings: Settings, key: str, suite: Suite) -> int | None:
    async with _office(settings, writing=True) as office:
        if key != ROOT:
            return (await office.rotate(_purpose(key), suite)).version
        root = office.keys.root
        assert root is not None  # noqa: S101  what opened the ring, for the type checker
        await asyncio.to_thread(root.rotate)
        await office.move(root, lambda _what, _count: None)
        return None


async def _rewrap(term: Terminal, settings: Settings, pace: Pace, *, dry_run: bool) -> dict[str, Any]:
    async with _office(settings, writing=not dry_run) as office:
        waiting = asdict(await office.waiting())
        if dry_run:
            del waiting["unreadable"]  # only opening tells
            return {**waiting, "dry_run": True}
        with _watched(term, sum(waiting.values())) as moved:
            done: Rewrapped = await office.rewrap(pace, moved)
        return asdict(done)


async def _retire(settings: Settings, place: KeyVersion) -> None:
    async with _office(settings, writing=True) as office:
        await office.retire(place)


async def _move(term: Terminal, settings: Settings, there: Settings) -> tuple[int, str]:
    source = await asyncio.to_thread(open_root_key, settings)
    target = await asyncio.to_thread(open_root_key, there)
    async with _office(settings, writing=True, root=EitherRootKey(source, target)) as office:
        with _watched(term, len(await office.rows())) as moved:
            return await office.move(target, moved), target.name


@contextmanager
def _watched(term: Terminal, total: int) -> Iterator[Moved]:
    with term.progress() as bar:
        task = bar.add_task("", total=total or None)

        def advance(what: str, count: int) -> None:
            bar.update(task, advance=count, description=what)

        yield advance


@asynccontextmanager
async def _office(settings: Settings, *, writing: bool, root: RootKey | None = None) -> AsyncIterator[KeyOffice]:
    async with opened_parts(settings, writing=writing, root=root) as parts:
        yield KeyOffice(parts.database, parts.keys, LEDGER_BY)


def _purpose(key: str) -> KeyPurpose:
    try:
        return KeyPurpose(key)
    except ValueError:
        names = ", ".join(KeyPurpose)
        raise CommandError(told(both(f"KEY: must be one of {names}", f"KEY：须为 {names} 之一"))) from None


def _shown(term: Terminal, document: dict[str, Any]) -> RenderableType:
    facts = term.facts(
        (
            (both("root key", "根密钥"), document["root"]),
            (both("suite of new keys", "新密钥的套件"), document["suite"]),
            (both("suite that seals", "加密所用套件"), document["writes"]),
        )
    )
    columns = (
        both("key", "密钥"),
        both("version", "版本"),
        both("suite", "套件"),
        both("state", "状态"),
        both("subjects", "主体"),
        both("uses left", "剩余次数"),
    )
    rows = [
        (one["key"], one["version"], one["suite"], one["state"], one["subjects"], one["uses_left"])
        for one in document["keys"]
    ]
    return Group(facts, term.table(columns, rows))
