"""Pictures of the lineage graph: what is shown, in which layer and place, drawn as a tree or as SVG by others.

Rules: a picture shows names, titles and grades, never a value; layers run from what data comes from to what was decided
with it; the same picture is laid out the same way every time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog import Catalog
from lineage.graph.graph import FEATURE, FIELD, Graph, Judged
from lineage.graph.scores import KnownDecision, KnownScore
from lineage.graph.store_questions import FeedingRead, FieldReach

SWEEPS = 4


class Sort(StrEnum):
    """What a node of a picture stands for."""

    COLUMN = "column"
    FIELD = "field"
    FEATURE = "feature"
    RELEASE = "release"
    RECIPIENT = "recipient"
    MODEL = "model"
    SCORE = "score"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of a picture: its texts in both languages, its grade if it has one, whether it was removed."""

    id: str
    sort: Sort
    zh: str
    en: str
    grade: int | None = None
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Spots by id and the edges between them; `root` is what was asked about."""

    root: str
    spots: Mapping[str, Spot]
    edges: tuple[tuple[str, str], ...]

    def layers(self) -> list[list[str]]:
        """The spots in layers from left to right, placed so that edges cross little.

        A spot stands one layer right of the last that leads to it; edges that close a circle are passed over.
        """
        forward = self._without_circles()
        level = dict.fromkeys(self.spots, 0)
        for name in _in_order(self.spots, forward):
            for target in forward.get(name, ()):
                level[target] = max(level[target], level[name] + 1)
        layers: list[list[str]] = [[] for _ in range(max(level.values(), default=0) + 1)]
        for name in sorted(self.spots):
            layers[level[name]].append(name)
        return _untangled(layers, self.edges)

    def _without_circles(self) -> dict[str, list[str]]:
        following: dict[str, list[str]] = {}
        for source, target in sorted(set(self.edges)):
            following.setdefault(source, []).append(target)
        kept: dict[str, list[str]] = {}
        seen: set[str] = set()
        for start in sorted(self.spots):
            stack, path = [(start, iter(following.get(start, ())))], {start}
            if start in seen:
                continue
            seen.add(start)
            while stack:
                name, rest = stack[-1]
                target = next(rest, "")
                if not target:
                    stack.pop()
                    path.discard(name)
                elif target not in path:
                    kept.setdefault(name, []).append(target)
                    if target not in seen:
                        seen.add(target)
                        path.add(target)
                        stack.append((target, iter(following.get(target, ()))))
        return kept


def picture_of_node(graph: Graph, catalog: Catalog, tenant: str, node: str) -> Picture:
    """Where a node comes from and what derives from it."""
    names = graph.origins_of([node]) | graph.reached_from([node])
    return _picture(graph, catalog, (tenant, node), names, {})


def picture_of_field(graph: Graph, catalog: Catalog, tenant: str, reach: FieldReach) -> Picture:
    """What a field reaches: features, columns, recipients, models."""
    root = FIELD + reach.field
    names = graph.origins_of([root]) | graph.reached_from([root])
    more: dict[str, tuple[Spot, list[str]]] = {}
    given = [FEATURE + name for name in reach.released]
    for party, subjects in reach.recipients:
        spot = Spot(f"party/{party}", Sort.RECIPIENT, f"{party}（{subjects} 人）", f"{party} ({subjects} people)")
        more[spot.id] = spot, given
    for model, version in reach.models:
        spot = Spot(f"model/{model}/{version}", Sort.MODEL, f"{model} {version}", f"{model} {version}")
        more[spot.id] = spot, given
    return _picture(graph, catalog, (tenant, root), names | set(given), more)


@dataclass(frozen=True, slots=True)
class Story:
    """A score with what fed it and what was decided on it."""

    score: KnownScore
    reads: tuple[FeedingRead, ...]
    decisions: tuple[KnownDecision, ...]


def picture_of_score(graph: Graph, catalog: Catalog, tenant: str, story: Story) -> Picture:
    """Source column -> field -> feature -> release -> score -> decision."""
    score = story.score
    more: dict[str, tuple[Spot, list[str]]] = {}
    names: set[str] = set()
    for read in story.reads:
        features = [FEATURE + use.feature for use in read.features]
        names |= set(features) | {FIELD + name for use in read.features for name in use.fields}
        spot = Spot(f"entry/{read.entry.id}", Sort.RELEASE, f"读取 {read.entry.id}", f"read {read.entry.id}")
        more[spot.id] = spot, features
    title = f"{score.model} {score.version}"
    fed = [f"entry/{read.entry.id}" for read in story.reads]
    more[score.id] = Spot(score.id, Sort.SCORE, f"评分 {title}", f"score {title}"), fed
    for made in story.decisions:
        text = f"决定 {made.outcome.value}", f"decision {made.outcome.value}"
        more[made.id] = Spot(made.id, Sort.DECISION, *text), [score.id]
    return _picture(graph, catalog, (tenant, score.id), graph.origins_of(names), more)


def _picture(
    graph: Graph,
    catalog: Catalog,
    root: tuple[str, str],
    names: Iterable[str],
    more: Mapping[str, tuple[Spot, list[str]]],
) -> Picture:
    tenant, asked = root
    judged = graph.judge()
    spots = {name: _spot(graph, catalog, tenant, name, judged.get(name)) for name in sorted(names)}
    edges = [(source, target) for target in spots for source in graph.inputs.get(target, ()) if source in spots]
    for name, (spot, sources) in more.items():
        spots[name] = spot
        edges += [(source, name) for source in sources]
    return Picture(asked, spots, tuple(sorted(set(edges))))


def _spot(graph: Graph, catalog: Catalog, tenant: str, name: str, judged: Judged | None) -> Spot:
    grade = None if judged is None else judged.grade
    if name.startswith(FIELD):
        field = catalog.field(name.removeprefix(FIELD))
        return Spot(name, Sort.FIELD, field.zh, field.en, grade)
    if name.startswith(FEATURE):
        full = name.removeprefix(FEATURE)
        feature = catalog.feature(tenant, full)
        texts = (full, full) if feature is None else (feature.zh, feature.en)
        return Spot(name, Sort.FEATURE, *texts, grade)
    node = graph.nodes[name]
    return Spot(name, Sort.COLUMN, node.label, node.label, grade, node.is_removed)


def _in_order(names: Iterable[str], forward: Mapping[str, list[str]]) -> list[str]:
    """Every name after all that lead to it."""
    waiting = dict.fromkeys(sorted(names), 0)
    for targets in forward.values():
        for target in targets:
            waiting[target] += 1
    ready = [name for name, count in waiting.items() if not count]
    found: list[str] = []
    while ready:
        name = ready.pop()
        found.append(name)
        for target in forward.get(name, ()):
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return found


def _untangled(layers: list[list[str]], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Order each layer by the middle of its neighbours, back and forth a few times."""
    beside: dict[str, list[str]] = {}
    for source, target in edges:
        beside.setdefault(source, []).append(target)
        beside.setdefault(target, []).append(source)
    for turn in range(SWEEPS):
        place = {name: number / max(1, len(layer) - 1) for layer in layers for number, name in enumerate(layer)}
        for layer in layers if turn % 2 == 0 else reversed(layers):
            middles = {
                name: sum(place[each] for each in beside.get(name, [name])) / len(beside.get(name, [name]))
                for name in layer
            }
            layer.sort(key=lambda name: (middles[name], name))
            place |= {name: number / max(1, len(layer) - 1) for number, name in enumerate(layer)}
    return layers
