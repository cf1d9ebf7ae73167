"""The recognisers in presidio: the same findings, no stock recogniser, no network."""

import socket
from datetime import date

import pytest
from presidio_analyzer import AnalyzerEngine

from catalog.classify.recognisers.adapters import analyzer, entity, kind_recognizers
from catalog.classify.values.rules import recognisers
from catalog.classify.values.scanning import scan
from tests.evaluation.prose import DISTRACTORS, TEMPLATES, VALUES, Random, pieces

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def engine() -> AnalyzerEngine:
    return analyzer(lambda: TODAY)


def test_presidio_finds_what_the_rules_find(engine: AnalyzerEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a recogniser asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for piece in pieces(Random("presidio"), 60, TEMPLATES, VALUES, DISTRACTORS):
        own = {(entity(one.kind), one.start, one.end, one.likelihood.score) for one in scan(piece.text, TODAY).findings}
        theirs = {(one.entity_type, one.start, one.end, one.score) for one in engine.analyze(piece.text, "zh")}
        assert theirs == own


def test_a_finding_is_explained(engine: AnalyzerEngine) -> None:
    found = engine.analyze("身份证11010519491231002X", "zh", return_decision_process=True)
    assert "check digit" in found[0].analysis_explanation.textual_explanation


def test_only_our_recognisers_are_registered(engine: AnalyzerEngine) -> None:
    assert [one.name for one in engine.get_recognizers("zh")] == ["Yumen_all"]


def test_each_kind_can_be_had_alone() -> None:
    alone = kind_recognizers(lambda: TODAY)
    assert len(alone) == len(recognisers().kinds)
    mobile = next(one for one in alone if one.supported_entities == ["CN_MOBILE"])
    assert [one.entity_type for one in mobile.analyze("手机13800138000 邮箱a@b.cn", ["CN_MOBILE"])] == ["CN_MOBILE"]
