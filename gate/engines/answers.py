"""What an engine returned, checked before anything is released on it.

Rules, for each request; one that breaks any is ``None``, the others stand:
- there is a decision for exactly the features asked, neither more nor fewer;
- every form, reason code and obligation is one that the policy's data enumerates, reasons and obligations sorted;
- a feature is withheld if and only if it has reasons, and then carries neither grants nor obligations;
- grants are ascending positions within the subject's grants.
A list of the wrong length answers nobody: positions could have shifted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec

from gate.engines.bundle import Vocabulary
from gate.engines.protocol import WITHHELD, Answer, FeatureDecision
from gate.errors import EngineAnswerError

_answers = msgspec.json.Decoder(list[msgspec.Raw])
_answer = msgspec.json.Decoder(Answer)


def check_answers(
    body: bytes | msgspec.Raw,
    calls: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
    *,
    vocabulary: Vocabulary,
) -> list[Answer | None]:
    """Decode and check the array of answers to ``requests``.

    Raises: EngineAnswerError: it is not an array of as many items as there are requests.
    """
    try:
        items = _answers.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise EngineAnswerError("not an array") from fault
    if len(items) != len(requests):
        raise EngineAnswerError("not as many answers as requests")
    asked = [frozenset(call.get("features", ())) for call in calls]
    seen: dict[tuple[bytes, int, int], Answer | None] = {}
    checked: list[Answer | None] = []
    for item, request in zip(items, requests, strict=True):
        call, grants = request["call"], len(request["subject"].get("grants", ()))
        key = (bytes(item), call, grants)
        if key not in seen:
            seen[key] = _check(item, asked[call], grants, vocabulary)
        checked.append(seen[key])
    return checked


def _check(item: msgspec.Raw, asked: frozenset[str], grants: int, vocabulary: Vocabulary) -> Answer | None:
    try:
        answer = _answer.decode(item)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if answer.features.keys() != asked:
        return None
    for decision in answer.features.values():
        sound = _denies(decision, vocabulary) if decision.reasons else _releases(decision, grants, vocabulary)
        if not sound:
            return None
    return answer


def _denies(decision: FeatureDecision, vocabulary: Vocabulary) -> bool:
    return (
        decision.form == WITHHELD
        and not decision.grants
        and not decision.obligations
        and _is_sorted_part(decision.reasons, vocabulary.policy_codes)
    )


def _releases(decision: FeatureDecision, grants: int, vocabulary: Vocabulary) -> bool:
    return (
        decision.form != WITHHELD
        and (not decision.grants or _are_positions(decision.grants, grants))
        and (not decision.obligations or _is_sorted_part(decision.obligations, vocabulary.obligations))
    )


@lru_cache(maxsize=4096)
def _is_sorted_part(items: tuple[str, ...], known: frozenset[str]) -> bool:
    return known.issuperset(items) and _is_ascending(items)


@lru_cache(maxsize=4096)
def _are_positions(positions: tuple[int, ...], count: int) -> bool:
    return _is_ascending(positions) and positions[0] >= 0 and positions[-1] < count


def _is_ascending(items: tuple[Any, ...]) -> bool:
    return all(before < after for before, after in pairwise(items))
