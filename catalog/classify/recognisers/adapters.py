"""Presidio recognisers for Chinese data: thin adapters around `catalog.classify.values`.

Rules enforced here:
- patterns, check digits, context and reasons are the values' own; presidio only carries them, so that both ways find
  the same;
- no stock recogniser is registered: the stock ones miss numbers beside Hanzi, and one of them asks the network;
- no model is loaded and nothing is downloaded: the language engine is presidio's own `no_op`.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from presidio_analyzer import (
    AnalysisExplanation,
    AnalyzerEngine,
    EntityRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.nlp_engine import NlpEngineProvider

from catalog.classify.values.finding import Finding
from catalog.classify.values.rules import recognisers
from catalog.classify.values.scanning import scan

LANGUAGE: Final = "zh"
REASONS_KEY: Final = "reasons"
_NLP: Final = {"nlp_engine_name": "no_op", "models": [{"lang_code": LANGUAGE, "model_name": "no_op"}]}


def entity(kind: str) -> str:
    """Return the presidio entity of a kind: `resident_id` is `CN_RESIDENT_ID`."""
    return f"CN_{kind.upper()}"


class KindRecognizer(EntityRecognizer):
    """Presidio's recogniser of one kind, or of all where `kind` is None; overlaps are settled within one recogniser."""

    def __init__(self, kind: str | None, today: Callable[[], date]) -> None:
        self._kinds = tuple(recognisers().kinds) if kind is None else (kind,)
        self._today = today
        entities = [entity(one) for one in self._kinds]
        self._called = f"Yumen_{kind or 'all'}"
        super().__init__(supported_entities=entities, supported_language=LANGUAGE, name=self._called)

    def load(self) -> None:
        """Load nothing: patterns are compiled once for the process."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Find this recogniser's kinds in a text. Raises: TextTooLongError."""
        del nlp_artifacts
        wanted = [kind for kind in self._kinds if entity(kind) in entities] if entities else self._kinds
        return [self._result(found) for found in scan(text, self._today(), kinds=wanted).findings]

    def _result(self, found: Finding) -> RecognizerResult:
        told = "; ".join(recognisers().reasons[code].en for code in found.reasons)
        why = AnalysisExplanation(
            recognizer=self._called, original_score=found.likelihood.score, textual_explanation=told
        )
        metadata = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self._called,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
            REASONS_KEY: found.reasons,
        }
        return RecognizerResult(
            entity(found.kind), found.start, found.end, found.likelihood.score, why, recognition_metadata=metadata
        )


def kind_recognizers(today: Callable[[], date]) -> list[KindRecognizer]:
    """Return one recogniser for each kind, to choose from."""
    return [KindRecognizer(kind, today) for kind in recognisers().kinds]


def analyzer(today: Callable[[], date]) -> AnalyzerEngine:
    """Return an analyzer with these recognisers only; `registry` on it takes a deployer's own."""
    registry = RecognizerRegistry(recognizers=[KindRecognizer(None, today)], supported_languages=[LANGUAGE])
    engine = NlpEngineProvider(nlp_configuration=_NLP).create_engine()
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[LANGUAGE])
