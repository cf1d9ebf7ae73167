"""Lineage as trees in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from api.cli.language import both
from api.cli.terminal import Terminal
from lineage.graph import Picture

DEEPEST = 12
HIGH = 4

SCORE = {
    "score": both("score", "评分"),
    "at": both("at", "时间"),
    "model": both("model", "模型"),
    "version": both("version", "版本"),
    "client": both("client", "服务"),
    "party": both("party", "机构"),
    "purpose": both("purpose", "目的"),
    "product": both("product", "产品"),
    "automated": both("solely automated", "完全自动化"),
    "entry": both("entry", "条目"),
}


def score_shown(term: Terminal, document: dict[str, Any]) -> RenderableType:
    """A score as its facts and the tree of what fed it."""
    head = term.facts((title, document[name]) for name, title in SCORE.items())
    tree = Tree(Text(f"{document['score']}  {document['model']} {document['version']}"))
    for made in document["decisions"]:
        tree.add(Text(f"→ {made['decision']}  {made['outcome']}"))
    for read in document["reads"]:
        branch = tree.add(Text(f"{term.say('read', '读取')} {read['entry']}  {str(read['at'])[:19]}"))
        for grant in read["grants"]:
            branch.add(Text(f"{grant['id']} v{grant['version']}"))
        for name, use in read["features"].items():
            leaf = branch.add(Text(f"{name}  {use['form']}"))
            for field in use["fields"]:
                leaf.add(Text(field))
    return Group(head, tree)


def trees(term: Terminal, picture: Picture, language: str) -> RenderableType:
    """A picture as two trees: where its root comes from, and what comes of it."""
    into: dict[str, list[str]] = {}
    out: dict[str, list[str]] = {}
    for source, target in picture.edges:
        into.setdefault(target, []).append(source)
        out.setdefault(source, []).append(target)
    parts = [
        _tree(picture, language, term.say("comes from", "来源于"), into),
        _tree(picture, language, term.say("leads to", "用于"), out),
    ]
    return Group(*(tree for tree, size in parts if size)) if any(size for _, size in parts) else parts[0][0]


def _tree(picture: Picture, language: str, title: str, following: dict[str, list[str]]) -> tuple[Tree, int]:
    root = Tree(_spot(picture, picture.root, language, title))
    seen = {picture.root}
    pending = [(root, picture.root, 0)]
    while pending:
        branch, name, depth = pending.pop()
        for each in sorted(following.get(name, ())):
            again = each in seen or depth > DEEPEST
            leaf = branch.add(_spot(picture, each, language, "…" if again else ""))
            if not again:
                seen.add(each)
                pending.append((leaf, each, depth + 1))
    return root, len(seen) - 1


def _spot(picture: Picture, name: str, language: str, note: str) -> Text:
    spot = picture.spots[name]
    text = Text(spot.zh if language == "zh" else spot.en)
    text.append(f"  {spot.sort.value}", style="dim")
    if spot.grade is not None:
        text.append(f" {spot.grade}", style="bold red" if spot.grade >= HIGH else "bold")
    if note:
        text.append(f"  {note}", style="dim")
    return text
