"""A picture as SVG: no scripts, no fonts or images from elsewhere, title and description for those who do not see it.

Rules: every text is escaped; grades show as a number besides a colour; a removed column is dashed; the drawing follows
the reader's light or dark scheme.
"""

from collections.abc import Iterator
from html import escape

from lineage.graph.picture import Picture, Sort, Spot

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN, HEAD = 188, 46, 72, 16, 24, 44
LONGEST = 22
SORTS = {
    Sort.COLUMN: ("外部列", "column"),
    Sort.FIELD: ("字段", "field"),
    Sort.FEATURE: ("特征", "feature"),
    Sort.RELEASE: ("提供", "release"),
    Sort.RECIPIENT: ("接收方", "recipient"),
    Sort.MODEL: ("模型", "model"),
    Sort.SCORE: ("评分", "score"),
    Sort.DECISION: ("决定", "decision"),
}
STYLE = """
text{font:13px system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;fill:#1b1f24}
.s{font-size:11px;fill:#57606a}
rect{fill:#fff;stroke:#8c959f;stroke-width:1.2}
path{fill:none;stroke:#8c959f;stroke-width:1.2}
.root rect{stroke:#0b57d0;stroke-width:2.4}
.gone rect{stroke-dasharray:5 4;fill:#f6f8fa}
.g1 .k{fill:#d7ebd9}.g2 .k{fill:#e3edc7}.g3 .k{fill:#fbeab0}.g4 .k{fill:#fbd0a8}.g5 .k{fill:#f6b5b0}
.k,.root .k{stroke:none}
.bg{fill:#fff;stroke:none}
@media(prefers-color-scheme:dark){
.bg{fill:#16191d}text{fill:#e6e9ed}.s{fill:#9aa4af}rect{fill:#22272d;stroke:#6b7681}path{stroke:#6b7681}
.gone rect{fill:#1b1f24}.root rect{stroke:#8ab4f8}
.g1 .k{fill:#2f5d36}.g2 .k{fill:#4c5d24}.g3 .k{fill:#6b571a}.g4 .k{fill:#7a4517}.g5 .k{fill:#7a2f2a}}
"""


def draw(picture: Picture, language: str) -> str:
    """Draw a picture with texts in "zh" or "en"."""
    layers = picture.layers()
    places = {
        name: (MARGIN + column * (WIDTH + GAP_X), HEAD + MARGIN + row * (HEIGHT + GAP_Y) + _centre(layers, column))
        for column, layer in enumerate(layers)
        for row, name in enumerate(layer)
    }
    width = 2 * MARGIN + len(layers) * (WIDTH + GAP_X) - GAP_X
    height = HEAD + 2 * MARGIN + max(len(layer) for layer in layers) * (HEIGHT + GAP_Y) - GAP_Y
    return "\n".join(_lines(picture, places, (width, height), language)) + "\n"


def _centre(layers: list[list[str]], column: int) -> int:
    tallest = max(len(layer) for layer in layers)
    return (tallest - len(layers[column])) * (HEIGHT + GAP_Y) // 2


def _lines(picture: Picture, places: dict[str, tuple[int, int]], size: tuple[int, int], language: str) -> Iterator[str]:
    root = picture.spots[picture.root]
    name = root.zh if language == "zh" else root.en
    title = f"数据血缘：{name}" if language == "zh" else f"Lineage of {name}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" '
        f'height="{size[1]}" role="img" aria-labelledby="t d" lang="{language}">'
    )
    yield f'<title id="t">{escape(title)}</title>'
    yield f'<desc id="d">{escape(_described(picture, language))}</desc>'
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="bg" width="{size[0]}" height="{size[1]}"/>'
    yield f'<text x="{MARGIN}" y="{MARGIN + 12}" font-weight="bold">{escape(_short(title, 90))}</text>'
    for source, target in picture.edges:
        yield _edge(places[source], places[target])
    for each, place in places.items():
        yield from _box(picture.spots[each], place, language, is_root=each == picture.root)
    yield "</svg>"


def _box(spot: Spot, place: tuple[int, int], language: str, *, is_root: bool) -> Iterator[str]:
    x, y = place
    kinds = [f"g{spot.grade}"] if spot.grade else []
    kinds += ["root"] if is_root else []
    kinds += ["gone"] if spot.is_removed else []
    sort = SORTS[spot.sort][language != "zh"]
    text = spot.zh if language == "zh" else spot.en
    grade = "" if spot.grade is None else (f" · {spot.grade} 级" if language == "zh" else f" · grade {spot.grade}")
    gone = "" if not spot.is_removed else (" · 已移除" if language == "zh" else " · removed")
    yield f'<g class="{" ".join(kinds)}"><title>{escape(f"{sort}: {text}{grade}{gone}")}</title>'
    yield f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7"/>'
    if spot.grade:
        yield f'<rect class="k" x="{x + 1}" y="{y + 7}" width="6" height="{HEIGHT - 14}" rx="2"/>'
    yield f'<text x="{x + 14}" y="{y + 20}">{escape(_short(text, LONGEST))}</text>'
    yield f'<text class="s" x="{x + 14}" y="{y + 37}">{escape(sort + grade + gone)}</text></g>'


def _edge(source: tuple[int, int], target: tuple[int, int]) -> str:
    x1, y1 = source[0] + WIDTH, source[1] + HEIGHT // 2
    x2, y2 = target[0], target[1] + HEIGHT // 2
    bend = max(24, abs(x2 - x1) // 2)
    return f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"/>'


def _described(picture: Picture, language: str) -> str:
    """Every edge in words."""
    texts = {name: spot.zh if language == "zh" else spot.en for name, spot in picture.spots.items()}
    joined = "；" if language == "zh" else "; "
    return joined.join(f"{texts[source]} → {texts[target]}" for source, target in picture.edges)


def _short(text: str, longest: int) -> str:
    """A text that fits: full-width characters count twice; the end of a long name says more than its beginning."""
    if _wide(text) <= longest:
        return text
    kept = ""
    for character in reversed(text):
        if _wide(kept) + _wide(character) > longest - 1:
            break
        kept = character + kept
    return "…" + kept


def _wide(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
