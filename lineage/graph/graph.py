"""What derives from what, and the grades and consent duties that follow (design invariant I6).

Rules enforced here:
- a node is graded at least as high as each of its inputs, whatever its owner says;
- only an approved de-identification lowers, and only the node, inputs and grade it was approved for: a new input, or an
  input that rose above what was judged, and it no longer holds;
- consent duties (separate, written, sensitive) come from the fields at the bottom and pass through de-identification:
  only approved anonymisation ends them (PIPL 4, 73: 匿名化后的信息不属于个人信息, 去标识化的仍是);
- a removed node stays in the way: removing one in the middle lowers nothing behind it;
- what has no known origin has the highest grade, also where columns only derive from one another.

Nodes: `field/<name>` of the catalogue, `feature/<view>:<name>`, `co_…` for a column of a dataset outside.
Law: PIPL 51(2); JR/T 0197-2020 (an aggregate at least as high as its highest part).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import chain
from types import MappingProxyType

from catalog import UNKNOWN_GRADE, Catalog, WrittenRule
from catalog.canonical import canonical
from vault.encoding import opaque_name

FIELD, FEATURE, COLUMN = "field/", "feature/", "co_"
LOWEST = 1


class Method(StrEnum):
    """How a node was de-identified (GB/T 37964-2019, GB/T 42460-2023)."""

    AGGREGATION = "aggregation"
    GENERALISATION = "generalisation"
    MASKING = "masking"
    PSEUDONYMISATION = "pseudonymisation"
    K_ANONYMITY = "k_anonymity"
    DIFFERENTIAL_PRIVACY = "differential_privacy"
    ANONYMISATION = "anonymisation"


class Duty(StrEnum):
    """What consent a node asks for because of the fields it comes from."""

    SEPARATE = "separate"
    WRITTEN = "written"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Node:
    """A node.

    Attributes:
        label: what people call it.
        grade: what is known of it by itself; None if it is graded by its inputs alone.
        duties: its own.
        is_removed: whether it was removed; it still passes grades on.
    """

    name: str
    label: str
    grade: int | None = None
    duties: frozenset[Duty] = frozenset()
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class Lowering:
    """An approved de-identification: it holds while the inputs are `inputs` and grade at most `grade_from`."""

    node: str
    method: Method
    grade_from: int
    grade_to: int
    inputs: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows for a node: its grade, the grade without any lowering of its own, its duties, its fields."""

    grade: int
    grade_before: int
    duties: frozenset[Duty]
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and the inputs of each; a value."""

    nodes: Mapping[str, Node]
    inputs: Mapping[str, frozenset[str]]
    lowerings: Mapping[str, Lowering] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Give every name a node: one that is only mentioned has no known origin."""
        named = set(self.inputs) | set(chain.from_iterable(self.inputs.values()))
        strangers = {name: Node(name, name, UNKNOWN_GRADE) for name in named - self.nodes.keys()}
        if strangers:
            object.__setattr__(self, "nodes", {**self.nodes, **strangers})

    def outputs(self) -> dict[str, set[str]]:
        """What derives from each node directly."""
        found: dict[str, set[str]] = defaultdict(set)
        for target, sources in self.inputs.items():
            for source in sources:
                found[source].add(target)
        return found

    def judge(self) -> dict[str, Judged]:
        """Grade every node.

        Shape: the least grades that satisfy the rules; they exist since a node's grade never falls when an input's
        rises, and cost a pass over the edges for each of the five grades at most.
        """
        own = self._own_grades()
        outputs = self.outputs()
        raw, effective = dict(own), {name: self._lowered(name, grade) for name, grade in own.items()}
        pending = list(self.nodes)
        while pending:
            source = pending.pop()
            for target in outputs.get(source, ()):
                if effective[source] > raw[target]:
                    raw[target] = effective[source]
                    lowered = self._lowered(target, raw[target])
                    if lowered != effective[target]:
                        effective[target] = lowered
                        pending.append(target)
        duties, fields = self._origins(outputs, raw)
        return {name: Judged(effective[name], raw[name], duties[name], fields[name]) for name in self.nodes}

    def reached_from(self, sources: Iterable[str]) -> set[str]:
        """Everything that derives from some nodes, themselves included."""
        return _walk(sources, self.outputs())

    def origins_of(self, targets: Iterable[str]) -> set[str]:
        """Everything that some nodes derive from, themselves included."""
        return _walk(targets, self.inputs)

    def part(self, names: set[str]) -> "Graph":
        """The graph of some nodes only, for drawing; never grade a part."""
        inputs = {name: self.inputs.get(name, frozenset()) & names for name in names}
        return Graph({name: self.nodes[name] for name in names}, inputs, self.lowerings)

    def holds(self, name: str, grade_before: int) -> bool:
        """Whether an approved lowering of a node still holds at this grade."""
        lowering = self.lowerings.get(name)
        return (
            lowering is not None
            and grade_before <= lowering.grade_from
            and lowering.inputs == inputs_digest(self.inputs.get(name, frozenset()))
        )

    def _own_grades(self) -> dict[str, int]:
        """What each node is graded by itself; the highest grade where no origin is known."""
        known = {
            name: node.grade if node.grade is not None else (LOWEST if self.inputs.get(name) else UNKNOWN_GRADE)
            for name, node in self.nodes.items()
        }
        roots = [name for name, node in self.nodes.items() if node.grade is not None or not self.inputs.get(name)]
        grounded = _walk(roots, self.outputs())
        return {name: grade if name in grounded else UNKNOWN_GRADE for name, grade in known.items()}

    def _lowered(self, name: str, grade: int) -> int:
        return min(grade, self.lowerings[name].grade_to) if self.holds(name, grade) else grade

    def _origins(
        self, outputs: Mapping[str, set[str]], raw: Mapping[str, int]
    ) -> tuple[dict[str, frozenset[Duty]], dict[str, frozenset[str]]]:
        """Duties and fields of every node, carried along the edges."""
        ends = {
            name
            for name, lowering in self.lowerings.items()
            if lowering.method is Method.ANONYMISATION and name in raw and self.holds(name, raw[name])
        }
        duties = {name: set() if name in ends else set(node.duties) for name, node in self.nodes.items()}
        fields = {name: {name.removeprefix(FIELD)} if name.startswith(FIELD) else set() for name in self.nodes}
        pending = list(self.nodes)
        while pending:
            source = pending.pop()
            for target in outputs.get(source, ()):
                before = len(duties[target]) + len(fields[target])
                duties[target] |= set() if target in ends else duties[source]
                fields[target] |= fields[source]
                if len(duties[target]) + len(fields[target]) != before:
                    pending.append(target)
        return (
            {name: frozenset(found) for name, found in duties.items()},
            {name: frozenset(found) for name, found in fields.items()},
        )


def catalogue_graph(catalog: Catalog, tenant: str) -> Graph:
    """The part of a tenant's graph that the catalogue declares: fields and the features that derive from them."""
    nodes: dict[str, Node] = {}
    inputs: dict[str, frozenset[str]] = {}
    for view in catalog.views_of(tenant):
        for feature in view.features:
            name = FEATURE + feature.full_name
            nodes[name] = Node(name, feature.full_name, LOWEST)
            inputs[name] = frozenset(FIELD + each for each in feature.fields)
    for name in catalog.fields:
        nodes[FIELD + name] = field_node(catalog, name)
    return Graph(nodes, inputs)


def field_node(catalog: Catalog, name: str) -> Node:
    """The node of a catalogue field; an unknown one has the highest grade."""
    known = catalog.field(name)
    duties = {Duty.SEPARATE} if known.separate else set()
    if known.written_rule is not WrittenRule.NEVER:
        duties.add(Duty.WRITTEN)
    if known.sensitive_kind is not None:
        duties.add(Duty.SENSITIVE)
    return Node(FIELD + name, name, known.grade, frozenset(duties))


def column_name(namespace: str, dataset: str, column: str) -> str:
    """Name the node of a column: `co_` and 26 characters of the SHA-256 of the three, length-prefixed."""
    return opaque_name(COLUMN, sha256(canonical([namespace, dataset, column])).digest())


def inputs_digest(inputs: Iterable[str]) -> str:
    """A digest of a node's direct inputs, 64 hex digits."""
    return sha256(canonical(sorted(inputs))).hexdigest()


def _walk(starts: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    pending = list(starts)
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(edges.get(name, ()))
    return seen
