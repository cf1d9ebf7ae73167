"""The report a data steward reads: one HTML page, in Chinese and English, that loads nothing.

Rules enforced here:
- the page holds its own style and nothing else: no script, no image, no font, no link to elsewhere, and a policy that
  forbids them (Content-Security-Policy, with the style's digest);
- every text from outside is escaped; counts only, never a cell.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

import yaml

from catalog.classify.grading import rule_texts
from catalog.classify.values.rules import DATA, recognisers

STYLE: Final = Path(__file__).with_name("data") / "report.css"
LEVELS: Final = {
    "very_likely": ("极可能", "very likely"),
    "likely": ("很可能", "likely"),
    "possible": ("可能", "possible"),
    "unlikely": ("不大可能", "unlikely"),
    "very_unlikely": ("极不可能", "very unlikely"),
}
BASES: Final = {
    "name and values": ("列名与数值", "name and values"),
    "values": ("数值", "values"),
    "name": ("列名", "name"),
    "neighbours": ("相邻列", "neighbouring columns"),
    "nothing": ("无依据", "nothing"),
}


def html_report(document: Mapping[str, Any], *, language: str = "zh") -> str:
    """Write a result document as a page. Shape: language "zh" or "en" comes first; the other stands beside it."""
    style = STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    page = Page(language)
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">',
            f"<title>{page.say('个人信息分类分级报告', 'Classification of personal data')}</title>",
            f"<style>{style}</style></head><body>",
            page.head(document),
            page.unread(document["unread"]),
            *(page.table(each) for each in document["tables"]),
            page.legend(document["tables"]),
            "</body></html>\n",
        )
    )


class Page:
    """Texts of one page, in the reader's language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def say(self, zh: str, en: str) -> str:
        """The reader's language."""
        return escape(zh if self.language == "zh" else en)

    def head(self, document: Mapping[str, Any]) -> str:
        """Title, source and sums."""
        counts = document["summary"]
        facts = (
            ("表", "tables", counts["tables"]),
            ("列", "columns", counts["columns"]),
            ("个人信息列", "personal", counts["personal"]),
            ("待确认列", "to be confirmed", counts["unknown"]),
            ("含更高级别内容", "holding higher data", counts["leaks"]),
        )
        cards = "".join(f"<li><b>{number}</b><span>{self.say(zh, en)}</span></li>" for zh, en, number in facts)
        total = max(sum(counts["grades"].values()), 1)
        bars = "".join(
            f'<li class="g{grade}"><span>{self.say("级别", "grade")} {grade}</span><meter min="0" max="{total}" value="{count}"></meter> {count}</li>'
            for grade, count in counts["grades"].items()
        )
        return (
            f"<header><h1>{self.say('个人信息分类分级报告', 'Classification of personal data')}</h1>"
            f"<p>{self.say('来源', 'Source')}: {escape(document['source'])} · {escape(document['at'])}</p>"
            f'<ul class="cards">{cards}</ul><ul class="grades">{bars}</ul>'
            f'<p class="note">{self.say("未确认的列按最高级别（5）处理。报告只含计数，不含任何数据值。", "Columns nobody confirmed are handled as the highest grade (5). The report holds counts, never a value.")}</p></header>'
        )

    def unread(self, tables: Sequence[Mapping[str, str]]) -> str:
        """What could not be read, and why; nothing where all was."""
        if not tables:
            return ""
        items = "".join(
            f"<li><b>{escape(each['name'])}</b>: {self.say(each['zh'], each['en'])}</li>" for each in tables
        )
        return f'<section><h2>{self.say("未能读取", "Not read")}</h2><ul class="unread">{items}</ul></section>'

    def table(self, table: Mapping[str, Any]) -> str:
        """One table with its columns, highest grade first."""
        rules = rule_texts()
        rows = sorted(table["columns"], key=lambda column: (-column["grade"], column["name"]))
        said = "; ".join(rules[code][0 if self.language == "zh" else 1] for code in table["rules"])
        titles = (
            ("列", "column"),
            ("种类", "kind"),
            ("级别", "grade"),
            ("把握", "likelihood"),
            ("依据", "evidence"),
            ("各标准", "by each standard"),
        )
        head = "".join(f'<th scope="col">{self.say(zh, en)}</th>' for zh, en in titles)
        note = (
            self.say("首行像数据，列以位置命名", "the first row looked like data; columns are called by their place")
            if table["headless"]
            else ""
        )
        count = "" if table["rows"] is None else f" · {table['rows']} {self.say('行', 'rows')}"
        return (
            f'<section><h2>{escape(table["name"])} <span class="badge g{table["grade"]}">{table["grade"]}</span></h2>'
            f'<p class="note">{escape(said)}{count} {note}</p><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(map(self.row, rows))}</tbody></table></section>"
        )

    def row(self, column: Mapping[str, Any]) -> str:
        """One column."""
        kind = column["zh"] if self.language == "zh" else column["en"]
        grades = "<br>".join(
            f"{escape(part['regime'])} {escape(part['given'])} <small>{escape(part['source'])}</small>"
            for part in column["grades"]
        )
        confirm = "" if column["known"] else f'<br><small class="ask">{self.say("待确认", "to be confirmed")}</small>'
        if (given := column.get("confirmed")) is not None:
            confirm = f"<br><small>{self.say('已确认为', 'confirmed as')} <code>{escape(given['kind'])}</code> {given['grade']}</small>"
        group = "" if column["group"] == "-" else f"<br><small>GB/T 43697: {escape(column['group'])}</small>"
        level = self.say(*LEVELS[column["likelihood"]])
        return (
            f'<tr><th scope="row">{escape(column["name"])}</th><td>{escape(kind)}<br><code>{escape(column["kind"])}</code>{group}</td>'
            f'<td><span class="badge g{column["grade"]}">{column["grade"]}</span>{confirm}</td>'
            f"<td>{level}<br><small>{self.say(*BASES[column['basis']])}</small></td><td>{self.evidence(column)}</td><td>{grades}</td></tr>"
        )

    def evidence(self, column: Mapping[str, Any]) -> str:
        """The counts of one column, in words."""
        found = column["evidence"]
        lines = [
            self.say(
                f"{found['filled']} 个值，{found['distinct']} 个不同",
                f"{found['filled']} values, {found['distinct']} different",
            )
        ]
        for form in found["forms"][:2]:
            line = f"{escape(form['form'])}: {form['rate'] / 10:.1f}% <small>({form['low'] / 10:.0f}–{form['high'] / 10:.0f}%)</small>"
            if form["chance"] is not None and form["checked"]:
                line += self.say(
                    f"；校验通过 {form['passed']}/{form['checked']}，随机 {form['chance'] / 10:.0f}%",
                    f"; check digits {form['passed']}/{form['checked']}, by chance {form['chance'] / 10:.0f}%",
                )
            lines.append(line)
        conflicts = _conflicts()
        lines += [
            f'<span class="ask">{self.say(*conflicts[each["code"]])} <code>{escape(each["about"])}</code></span>'
            for each in found["conflicts"]
        ]
        lines += [f'<strong class="leak">{self._leak(leak)}</strong>' for leak in column["leaks"]]
        return "<br>".join(lines)

    def _leak(self, leak: Mapping[str, Any]) -> str:
        title = recognisers().kinds[leak["kind"]]
        return self.say(
            f"含有{title.zh}：{leak['cells']}/{leak['of']}", f"holds {title.en}: {leak['cells']}/{leak['of']}"
        )

    def legend(self, tables: Sequence[Mapping[str, Any]]) -> str:
        """The aggregation rules that applied, with their sources."""
        used = sorted({code for table in tables for code in table["rules"]})
        texts = rule_texts()
        items = "".join(
            f"<li>{self.say(texts[code][0], texts[code][1])} <small>{escape(texts[code][2])}</small></li>"
            for code in used
        )
        return f"<footer><h2>{self.say('分级规则', 'Rules of grading')}</h2><ul>{items}</ul></footer>"


@cache
def _conflicts() -> Mapping[str, tuple[str, str]]:
    document: dict[str, dict[str, str]] = yaml.safe_load((DATA / "conflicts.yaml").read_text(encoding="utf-8"))
    return {code: (texts["zh"], texts["en"]) for code, texts in document.items()}
