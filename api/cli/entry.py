"""The ``yumen`` command: its table of commands and its start."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, NoReturn

import typer

from api.cli.language import Language, both
from api.cli.lazy import INTERRUPTED, LazyGroup, Place

RUN = both("Run", "运行")
DATA = both("Data", "数据")
WATCH = both("Look and check", "查看与核验")
COMMANDS = {
    "serve": Place("api.cli.commands.serve", both("Start the service.", "启动服务。"), RUN),
    "migrate": Place(
        "api.cli.commands.migrate", both("Bring the database's schema up to date.", "更新数据库结构。"), RUN
    ),
    "token": Place("api.cli.commands.token", both("Issue a token for development.", "签发开发用令牌。"), RUN),
    "demo": Place("api.demo.command", both("Play the example lenders' stories.", "演示示例机构的故事。"), RUN),
    "keys": Place(
        "api.cli.commands.keys",
        both("The deployment's keys: rotate, move, retire.", "部署密钥：轮换、迁移、停用。"),
        RUN,
    ),
    "config": Place("api.cli.commands.config", both("Show and check the settings.", "查看与检查设置。"), RUN),
    "setup": Place("api.cli.commands.setup", both("Set up an example lender.", "建立示例机构。"), DATA),
    "tenants": Place("api.cli.commands.tenants", both("List and add tenants.", "查看与新增租户。"), DATA),
    "subjects": Place("api.cli.commands.subjects", both("Register people from a file.", "从文件登记人员。"), DATA),
    "load": Place("api.cli.commands.load", both("Load feature values from a file.", "从文件加载特征值。"), DATA),
    "subject": Place(
        "api.cli.commands.subject",
        both("Erase, hold and export one person.", "删除、留存与导出单个人员。"),
        DATA,
    ),
    "erase": Place("api.cli.commands.erase", both("Erase people for good.", "彻底删除个人信息。"), DATA),
    "purge": Place(
        "api.cli.commands.purge", both("Remove values past their retention.", "清除超过保存期限的数值。"), DATA
    ),
    "restore": Place(
        "api.cli.commands.restore", both("After a backup: repeat what ended.", "恢复备份后重做撤回与删除。"), DATA
    ),
    "tokenise": Place(
        "api.cli.commands.tokenise", both("Turn identifiers of a file into tokens.", "把文件中的标识符变为令牌。"), DATA
    ),
    "deidentify": Place(
        "api.cli.commands.deidentify",
        both("Generalise a file of people, measure the risk.", "泛化人员文件并度量重标识风险。"),
        DATA,
    ),
    "aggregate": Place(
        "api.cli.commands.aggregate", both("Sums of a file with noise.", "对文件计算带噪声的聚合值。"), DATA
    ),
    "budget": Place("api.cli.commands.budget", both("Privacy budgets.", "隐私预算。"), DATA),
    "catalog": Place("api.cli.commands.catalog", both("Fields, features and views.", "字段、特征与视图。"), DATA),
    "classify": Place(
        "api.cli.commands.classify",
        both("Find personal data in files and databases.", "在文件与数据库中发现个人信息。"),
        DATA,
    ),
    "policy": Place(
        "api.cli.commands.policy", both("The policy, its reasons, a trial of it.", "规则、理由与试算。"), WATCH
    ),
    "grants": Place("api.cli.commands.grants", both("What a person consented to.", "查看一个人的同意。"), WATCH),
    "entries": Place("api.cli.commands.entries", both("Ask the ledger.", "查询账本。"), WATCH),
    "log": Place(
        "api.cli.commands.log", both("The transparency log: run, prove, verify.", "透明日志：运行、证明、验证。"), WATCH
    ),
    "check": Place("api.cli.commands.check", both("Check the whole ledger.", "核验整个账本。"), WATCH),
    "replay": Place("api.cli.commands.replay", both("Decide recorded reads again.", "重放已记录的决定。"), WATCH),
    "audit": Place("api.cli.commands.audit", both("Compare the state with the ledger.", "核对状态与账本。"), WATCH),
    "lineage": Place(
        "api.cli.commands.lineage", both("What fed a score, what a field reaches.", "评分的来源与字段的去向。"), WATCH
    ),
    "export": Place(
        "api.cli.commands.export",
        both("Query log, evidence packs, compliance report.", "查询记录、证据包与合规报告。"),
        WATCH,
    ),
    "status": Place("api.cli.commands.status", both("Whether everything is well.", "查看整体状态。"), WATCH),
}


class Commands(LazyGroup):
    """The commands of ``yumen``."""

    places = COMMANDS


def make_app() -> typer.Typer:
    """The application, without any command loaded."""
    app = typer.Typer(
        name="yumen",
        cls=Commands,
        help=both(
            "Yumen: the consent and policy gate for reads of personal data in credit scoring.",
            "玉门：信用评分读取个人信息的同意与规则之门。",
        ),
        epilog="Example:  yumen serve",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_root)
    return app


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command line and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        typer.main.get_command(make_app()).main(arguments, prog_name="yumen")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)


def _show_version(wanted: bool) -> None:  # noqa: FBT001  the shape of Typer's callbacks
    if wanted:
        typer.echo(f"yumen {installed_version()}")
        raise typer.Exit


def installed_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("yumen")
    except PackageNotFoundError:
        return str(import_module("api.app").VERSION)  # a checkout that was never installed


def _root(
    *,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help=both("Say the version.", "显示版本。")),
    ] = False,
    lang: Annotated[
        Language | None,
        typer.Option(help=both("Language of texts (else of the environment).", "文字的语言（默认取自环境）。")),
    ] = None,
) -> None:
    del show_version, lang
