"""The compliance report as a page: Markdown or HTML, in both languages at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from api.usecases.compliance import Item, Standing

WORDS = {
    Standing.SHOWN: ("系统可证明", "shown by the system"),
    Standing.PARTLY: ("系统可证明一部分", "shown in part"),
    Standing.OUTSIDE: ("不在系统范围内", "outside what a system can show"),
    Standing.ATTENTION: ("需要关注", "needs attention"),
}
STYLE = """body{font:15px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC",sans-serif;max-width:60rem}
body{margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8884;padding:.3rem .6rem;text-align:left}
td:last-child{text-align:right}.attention{color:#b3261e}.outside{color:#777}
@media(prefers-color-scheme:dark){body{background:#16191d;color:#e6e9ed}.attention{color:#f2b8b5}}"""


def markdown(tenant: str, span: tuple[str, str], items: Sequence[Item]) -> str:
    """The report as Markdown."""
    return "\n".join(_markdown(tenant, span, items)) + "\n"


def _markdown(tenant: str, span: tuple[str, str], items: Sequence[Item]) -> Iterator[str]:
    yield f"# 合规审计报告 Compliance report: {tenant}"
    yield f"\n{span[0]} – {span[1]}\n"
    for item in items:
        zh, en = WORDS[item.standing]
        yield f"## {item.number}. {item.zh} / {item.en}\n\n{item.law} · {zh} / {en}\n"
        if item.lines:
            yield "| | |\n| --- | --- |"
            yield from (f"| {line.zh} / {line.en} | {line.value} |" for line in item.lines)
            yield ""


def html(tenant: str, span: tuple[str, str], items: Sequence[Item]) -> str:
    """The report as one page without scripts."""
    return "\n".join(_html(tenant, span, items)) + "\n"


def _html(tenant: str, span: tuple[str, str], items: Sequence[Item]) -> Iterator[str]:
    title = f"合规审计报告 Compliance report: {escape(tenant)}"
    yield f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    yield f"<h1>{title}</h1><p>{escape(span[0])} – {escape(span[1])}</p>"
    for item in items:
        zh, en = WORDS[item.standing]
        yield f"<h2>{item.number}. {escape(item.zh)} / {escape(item.en)}</h2>"
        yield f'<p class="{item.standing.value}">{escape(item.law)} · {zh} / {en}</p>'
        if item.lines:
            rows = (
                f"<tr><td>{escape(line.zh)}<br>{escape(line.en)}</td><td>{escape(str(line.value))}</td></tr>"
                for line in item.lines
            )
            yield f"<table>{''.join(rows)}</table>"
    yield "</html>"
