"""I6: a derived value is graded like its inputs at least; only an approved de-identification lowers; removing never."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from catalog import UNKNOWN_GRADE, Catalog
from lineage.graph import FIELD, Duty, Graph, Lowering, Method, Node, inputs_digest

NAMES = [f"n{number}" for number in range(8)]
DUTIES = st.frozensets(st.sampled_from(list(Duty)))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph of few nodes: with circles, with nodes of no known origin, with lowerings that hold or do not."""
    nodes = {
        name: Node(name, name, draw(st.none() | st.integers(1, 5)), draw(DUTIES), draw(st.booleans()))
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    }
    ends = st.sampled_from(sorted(nodes))
    edges = draw(st.lists(st.tuples(ends, ends), max_size=20))
    inputs = {name: frozenset(source for source, target in edges if target == name) for name in nodes}
    lowered = draw(st.lists(ends, unique=True, max_size=3))
    lowerings = {name: draw(_lowering(name, inputs[name])) for name in lowered}
    return Graph(nodes, inputs, lowerings)


def _lowering(name: str, inputs: frozenset[str]) -> st.SearchStrategy[Lowering]:
    digests = st.sampled_from([inputs_digest(inputs), inputs_digest([*inputs, "other"])])
    return st.builds(
        Lowering, st.just(name), st.sampled_from(list(Method)), st.integers(1, 5), st.integers(1, 4), digests
    )


@given(graphs())
def test_a_grade_is_at_least_its_inputs_unless_lowered_with_approval(graph: Graph) -> None:
    found = graph.judge()
    for name, judged in found.items():
        highest = max((found[source].grade for source in graph.inputs.get(name, ())), default=0)
        own = graph.nodes[name].grade or 0
        assert judged.grade_before >= max(highest, own)
        if graph.holds(name, judged.grade_before):
            assert judged.grade == min(judged.grade_before, graph.lowerings[name].grade_to)
        else:
            assert judged.grade == judged.grade_before


@given(graphs(), st.sampled_from(NAMES))
def test_removing_a_node_lowers_nothing(graph: Graph, gone: str) -> None:
    if gone not in graph.nodes:
        return
    before = graph.judge()
    nodes = {**graph.nodes, gone: replace(graph.nodes[gone], is_removed=True)}
    assert replace(graph, nodes=nodes).judge() == before


@given(graphs(), st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_a_new_edge_never_lowers_a_grade_nor_takes_a_duty_away(graph: Graph, source: str, target: str) -> None:
    known = {name: graph.nodes.get(name) or Node(name, name, UNKNOWN_GRADE) for name in (source, target)}
    base = replace(graph, nodes={**graph.nodes, **known})
    before = base.judge()
    inputs = {**base.inputs, target: base.inputs.get(target, frozenset()) | {source}}
    after = replace(base, inputs=inputs).judge()
    rooted = base.nodes[target].grade is not None or bool(base.inputs.get(target))
    for name, judged in before.items():
        assert after[name].duties >= judged.duties
        if rooted or name not in replace(base, inputs=inputs).reached_from([target]):
            assert after[name].grade >= judged.grade


@given(graphs())
def test_without_approval_nothing_is_lower_than_any_of_its_origins(graph: Graph) -> None:
    plain = replace(graph, lowerings={})
    found = plain.judge()
    for name, judged in found.items():
        origins = plain.origins_of([name])
        assert judged.grade == max(found[origin].grade for origin in origins)
        assert judged.duties == frozenset().union(*(plain.nodes[origin].duties for origin in origins))


@given(graphs())
def test_columns_that_only_derive_from_one_another_have_the_highest_grade(graph: Graph) -> None:
    plain = replace(graph, lowerings={}, nodes={name: replace(node, grade=None) for name, node in graph.nodes.items()})
    assert {judged.grade for judged in plain.judge().values()} == {UNKNOWN_GRADE}


def _chain() -> Graph:
    """field -> a -> b -> c, graded by the catalogue's repayment record."""
    field = Catalog.builtin().field("repayment_record")
    nodes = {FIELD + field.name: Node(FIELD + field.name, field.name, field.grade, frozenset(Duty))}
    nodes |= {name: Node(name, name) for name in ("a", "b", "c")}
    inputs = {"a": frozenset({FIELD + field.name}), "b": frozenset({"a"}), "c": frozenset({"b"})}
    return Graph(nodes, inputs)


def test_an_approval_lowers_what_follows_and_ends_when_the_inputs_change() -> None:
    graph = _chain()
    grade = graph.judge()["b"].grade
    lowering = Lowering("b", Method.AGGREGATION, grade, 1, inputs_digest({"a"}))
    lowered = replace(graph, lowerings={"b": lowering})
    found = lowered.judge()
    assert [found[name].grade for name in ("a", "b", "c")] == [grade, 1, 1]
    assert found["c"].duties == frozenset(Duty)
    assert found["c"].fields == {"repayment_record"}
    more = replace(lowered, inputs={**lowered.inputs, "b": frozenset({"a", "stranger"})})
    more = replace(more, nodes={**more.nodes, "stranger": Node("stranger", "stranger", 2)})
    assert [more.judge()[name].grade for name in ("b", "c")] == [grade, grade]
    risen = replace(lowered, nodes={**lowered.nodes, "a": replace(lowered.nodes["a"], grade=5)})
    assert risen.judge()["c"].grade == 5


def test_only_approved_anonymisation_ends_the_duties() -> None:
    graph = _chain()
    grade = graph.judge()["b"].grade
    for method in Method:
        lowering = Lowering("b", method, grade, 1, inputs_digest({"a"}))
        found = replace(graph, lowerings={"b": lowering}).judge()
        ended = method is Method.ANONYMISATION
        assert (found["b"].duties, found["c"].duties) == ((frozenset(),) * 2 if ended else (frozenset(Duty),) * 2)


def test_a_node_that_is_only_mentioned_has_the_highest_grade() -> None:
    graph = Graph({"a": Node("a", "a")}, {"a": frozenset({"nowhere"})})
    assert graph.judge()["a"].grade == UNKNOWN_GRADE
