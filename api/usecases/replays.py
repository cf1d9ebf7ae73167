"""A replay as auditors see it: what was recorded, what comes out now, per feature, with reasons in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate.engines import Reason
from gate.replaying import Replayed, ReplayedFeature
from gate.replaying.recorded import Outcome


def shown(found: Replayed, reasons: Mapping[str, Reason]) -> dict[str, Any]:
    """A replay as a document."""
    read = found.read
    return {
        "entry": str(read.entry),
        "verdict": found.verdict.value,
        "policy": read.policy,
        "catalog": read.catalog,
        "facts": read.facts,
        "features": {each.name: _feature(each, reasons) for each in found.features},
    }


def _feature(each: ReplayedFeature, reasons: Mapping[str, Reason]) -> dict[str, Any]:
    return {
        "agrees": each.agrees,
        "withheld_by_service": each.by_host,
        "recorded": _outcome(each.before, reasons),
        "replayed": None if each.after is None else _outcome(each.after, reasons),
    }


def _outcome(outcome: Outcome, reasons: Mapping[str, Reason]) -> dict[str, Any]:
    if isinstance(outcome, str):
        return {"form": outcome, "reasons": []}
    told = [reasons.get(code) for code in outcome]
    return {
        "form": "withheld",
        "reasons": [
            {"code": code, "zh": reason.zh if reason else "", "en": reason.en if reason else ""}
            for code, reason in zip(outcome, told, strict=True)
        ],
    }
